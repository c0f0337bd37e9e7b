"""A small random model that speaks nano's tokenizer and template, and domains to try it on."""

from __future__ import annotations

import dataclasses

import pytest

from joyflash.engine.engine import Engine
from joyflash.model.joyflash import JoyFlash
from joyflash.model.loading import model_folder
from joyflash.rl.environments.host import Domain, EnvironmentHost
from joyflash.text.template import ChatTemplate
from joyflash.text.tokenizer import Tokenizer
from tests.model.conftest import TINY, random_model

CONFIG = dataclasses.replace(TINY, vocab_size=8200, max_position_embeddings=1024, num_nextn_predict_layers=1)
"""A few entries more than the tokenizer has: they must never count."""
DOMAINS = [
    Domain("sums", "arithmetic", options={"largest": 20}, prompts=8),
    Domain("shop", "retail", options={"calls": 3}, prompts=4),
    Domain("numbers", "comparison", language="zh", prompts=4),
]


def small_model(seed: int = 0) -> JoyFlash:
    return random_model(CONFIG, seed)


@pytest.fixture(scope="session", name="tokenizer")
def _tokenizer() -> Tokenizer:
    return Tokenizer.from_pretrained(model_folder("nano"))


@pytest.fixture(scope="session", name="template")
def _template(tokenizer) -> ChatTemplate:
    return ChatTemplate.from_pretrained(model_folder("nano"), tokenizer)


@pytest.fixture(scope="session", name="host")
def _host():
    with EnvironmentHost(DOMAINS) as host:
        yield host


@pytest.fixture(name="engine_of")
def _engine_of(tokenizer, template):
    def make(model: JoyFlash, **options) -> Engine:
        return Engine.sharing(model, tokenizer, template, **{"max_context": 1024, "compiled": False, **options})

    return make
