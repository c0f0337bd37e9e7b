"""The bundled model on the compiled step: one text and one set of log-probabilities, however it is computed."""

from __future__ import annotations

import random
from typing import Any

import pytest
import torch

import joyflash
from joyflash.engine.engine import Engine
from joyflash.engine.request import RequestOutput, SamplingParams
from joyflash.kernels.cpu.build import compiler

pytestmark = pytest.mark.skipif(compiler() is None, reason="the compiled step needs a C compiler")

QUESTIONS = (
    "which is larger, 7.31 or 7.4?",
    "你好，请问今天几号？",
    "Name three colours and say which of them you like best, and why.",
    "2.5和2.45哪个大？",
    "repeat after me: blue river, green stone, red river, blue stone",
    "tell me a story",
)
SETTINGS: dict[str, dict[str, Any]] = {
    "one draft": {"mtp": 1},
    "three drafts": {"mtp": 3},
    "chosen drafts": {"mtp": None},
    "small chunks": {"mtp": 2, "prefill_chunk": 5},
    "too little memory": {"mtp": 2, "cache_tokens": 256, "max_context": 200},
}


def params(number: int) -> SamplingParams:
    rng = random.Random(number)
    extra = {"top_p": 0.9, "frequency_penalty": 0.5, "logit_bias": {30: 1.0}} if number % 3 == 0 else {}
    return SamplingParams(
        temperature=(0.0, 0.6, 1.0)[number % 3], seed=rng.getrandbits(32), max_tokens=24, logprobs=2, n=2, **extra
    )


def conversations() -> list[list[dict[str, str]]]:
    return [[{"role": "user", "content": text}] for text in QUESTIONS]


def bits(outputs: list[RequestOutput]) -> list[Any]:
    return [(output.token_ids, output.text, output.finish_reason, output.logprobs) for output in outputs]


def build(**options: Any) -> Engine:
    return Engine.from_pretrained("nano", **{"max_context": 256, "compiled": True, **options})


@pytest.fixture(scope="module", name="alone")
def _alone() -> list[Any]:
    engine = build(mtp=0, prefix_cache=False)
    each = [engine.generate([prompt], params(i)) for i, prompt in enumerate(conversations())]
    return [entry for outputs in each for entry in bits(outputs)]


@pytest.mark.parametrize("name", SETTINGS)
def test_the_setting_changes_no_bit(name, alone):
    engine = build(**SETTINGS[name])
    own = [params(i) for i in range(len(QUESTIONS))]
    assert bits(engine.generate(conversations(), own)) == alone
    again = engine.generate(conversations(), own)
    assert bits(again) == alone and all(output.cached_token_count for output in again[:2])
    if name == "too little memory":
        assert engine.statistics.preemptions > 0
    if name == "three drafts":
        assert engine.statistics.accepted[0] > 0.3 * engine.statistics.drafted[0]


def test_log_probabilities_are_those_of_the_full_pass(alone):
    model, _ = joyflash.load_model("nano")
    engine = build(mtp=2)
    prompt = engine.encode_prompt(conversations()[0])
    token_ids, _, _, logprobs = alone[0]
    with torch.inference_mode():
        expected = model(torch.tensor([[*prompt, *token_ids]]))[0].log_softmax(-1)[len(prompt) - 1 : -1]
    for entry, row in zip(logprobs, expected, strict=True):
        for token_id, logprob in ((entry.token_id, entry.logprob), *entry.top):
            assert logprob == pytest.approx(float(row[token_id]), rel=1e-5, abs=5e-5)
