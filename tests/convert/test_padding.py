"""The padded model equals the given one, here and in transformers; each of its scalings matters."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from joyflash.convert import padding
from joyflash.convert.padding import pad_model, pad_tensor
from joyflash.errors import ConfigError
from joyflash.model.attention import PackedContext
from joyflash.model.cache import PagedCache
from joyflash.model.checkpoint import read_model, save_model
from joyflash.model.config import ModelConfig
from joyflash.model.joyflash import JoyFlash
from tests.model.conftest import SHAPES, TINY, random_model

PADDABLE = {
    **SHAPES,
    "latent_128_rope_16": dataclasses.replace(TINY, kv_lora_rank=128, qk_nope_head_dim=48, qk_rope_head_dim=16),
    "odd_values": dataclasses.replace(TINY, kv_lora_rank=128, qk_nope_head_dim=40, v_head_dim=24),
    "latent_64_rope_16": dataclasses.replace(TINY, kv_lora_rank=64, qk_nope_head_dim=32, qk_rope_head_dim=16),
    "already_wide": dataclasses.replace(TINY, kv_lora_rank=512, qk_rope_head_dim=64),
}


@pytest.fixture(params=PADDABLE)
def shape(request) -> ModelConfig:
    return PADDABLE[request.param]


def tokens_of(config: ModelConfig) -> torch.Tensor:
    return torch.randint(config.vocab_size, (2, 61), generator=torch.Generator().manual_seed(2))


def largest_difference(ours: torch.Tensor, theirs: torch.Tensor) -> float:
    return float((ours - theirs).abs().max())


@torch.no_grad()
def test_logits_equal(shape):
    model = random_model(shape)
    padded = pad_model(model)
    assert (padded.config.kv_lora_rank, padded.config.qk_rope_head_dim) == (512, 64)
    for name in ("qk_nope_head_dim", "v_head_dim"):
        before, after = getattr(shape, name), getattr(padded.config, name)
        assert after % 32 == 0 and before <= after < before + 32
    assert largest_difference(padded(tokens_of(shape)), model(tokens_of(shape))) <= 1e-4


@torch.no_grad()
@pytest.mark.parametrize("form", ["absorbed", "expanded"])
def test_cached_forms_and_mtp_equal(shape, form):
    model = random_model(shape)
    padded = pad_model(model)
    tokens_T = tokens_of(shape)[0]
    positions_T = torch.arange(len(tokens_T))
    found = []
    for each in (model, padded):
        cache = PagedCache(each.config, blocks=4)
        cached = each.extend(tokens_T[None], cache, [[2, 0, 3, 1]], [0], form)
        context = PackedContext.of(positions_T, each.config)
        hidden = each.hidden(tokens_T, context)
        found.append((cached, each.mtp_hidden(hidden, tokens_T, positions_T, context)))
    for before, after in zip(*found, strict=True):
        assert largest_difference(before, after) <= 1e-4


@torch.no_grad()
def test_transformers_loads_the_padded_folder(shape, tmp_path):
    transformers = pytest.importorskip("transformers", reason="the peer of this test; installed by make setup")
    model = random_model(shape)
    save_model(pad_model(model), tmp_path, model_type="deepseek_v3")
    theirs = transformers.DeepseekV3ForCausalLM.from_pretrained(
        tmp_path, dtype=torch.float32, attn_implementation="eager"
    )
    assert largest_difference(theirs(tokens_of(shape)).logits, model(tokens_of(shape))) <= 1e-4
    back = read_model(tmp_path)
    assert torch.equal(back(tokens_of(shape)), pad_model(model)(tokens_of(shape)))


def small_latents(**changes) -> JoyFlash:
    """Latents of tiny norm, where eps decides what the norm makes of them."""
    model = random_model(dataclasses.replace(TINY, kv_lora_rank=128, **changes))
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.endswith("kv_a_proj_with_mqa.weight"):
                parameter.mul_(1e-3)
    return model


@torch.no_grad()
@pytest.mark.parametrize(
    ("part", "changes"),
    [
        (".q_b_proj.weight", {}),
        (".q_proj.weight", {"q_lora_rank": None}),
        (".kv_a_proj_with_mqa.weight", {}),
        (".kv_a_layernorm.weight", {}),
    ],
)
def test_every_scaling_is_needed(part, changes, monkeypatch):
    """The comparisons can fail: without one of the scalings, logits of up to 5 differ by 4.0 to 6.3."""
    model = small_latents(**changes)
    tokens = tokens_of(model.config)

    def without(config, name, tensor):
        padded = pad_tensor(config, name, tensor)
        if not name.endswith(part):
            return padded
        if "kv_a" in part:  # the rotated key behind the latent is not scaled
            latent, rotated = padded[: padding.LATENT], padded[padding.LATENT :]
            return torch.cat((unscaled(latent, tensor[: config.kv_lora_rank]), rotated))
        return unscaled(padded, tensor)

    monkeypatch.setattr(padding, "pad_tensor", without)
    assert largest_difference(pad_model(model)(tokens), model(tokens)) > 1


def unscaled(padded: torch.Tensor, before: torch.Tensor) -> torch.Tensor:
    """Undo a scaling, whatever it was: zeros add nothing to a norm."""
    return padded * (before.norm() / padded.norm())


@torch.no_grad()
def test_small_latents_keep_their_eps():
    """At most twice or half of it is felt, not 512 / C times; of 128 dimensions exactly once."""
    model = small_latents()
    tokens = tokens_of(model.config)
    assert largest_difference(pad_model(model)(tokens), model(tokens)) <= 1e-4


def test_what_cannot_be_padded_is_refused():
    for change in ({"kv_lora_rank": 513}, {"qk_rope_head_dim": 24}, {"qk_rope_head_dim": 128}):
        with pytest.raises(ConfigError, match="cannot be padded"):
            padding.padded_config(dataclasses.replace(TINY, **change))
