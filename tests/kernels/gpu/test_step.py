"""The whole GPU step against the plain PyTorch step, kernels in the interpreter, graphs replaced by calls."""

from __future__ import annotations

import dataclasses
import random
from array import array

import pytest
import torch

from joyflash.errors import EngineError, KernelError
from joyflash.kernels.gumbel import Draw
from joyflash.model.cache import PagedCache
from joyflash.model.config import ModelConfig
from joyflash.model.gpu import GpuStep
from joyflash.model.quantized import put_back, quantize_model
from joyflash.model.step import Rows, TorchStep
from joyflash.quantization.formats import FORMATS
from joyflash.quantization.policy import EXPERTS, HEAD, PROJECTIONS, Policy
from tests.model.conftest import TINY, random_model

SHAPES = {
    "tiny": dataclasses.replace(TINY, num_hidden_layers=2),
    "odd": dataclasses.replace(
        TINY, num_hidden_layers=2, hidden_size=44, intermediate_size=52, kv_lora_rank=20, qk_nope_head_dim=10,
        v_head_dim=14, moe_intermediate_size=18, num_attention_heads=3, vocab_size=203,
    ),
    "no_q_lora": dataclasses.replace(TINY, num_hidden_layers=2, q_lora_rank=None),
    "two_shared": dataclasses.replace(
        TINY, num_hidden_layers=2, n_shared_experts=2, num_experts_per_tok=1, norm_topk_prob=False
    ),
}  # fmt: skip
POLICIES = {
    "fp8": Policy("fp8", ((EXPERTS, FORMATS["fp8"]), (PROJECTIONS, FORMATS["fp8"]))),
    "int4": Policy("int4", ((EXPERTS, FORMATS["int4"]),)),
    "int4 all": Policy(
        "int4 all", ((EXPERTS, FORMATS["int4"]), (PROJECTIONS, FORMATS["int4"]), (HEAD, FORMATS["int8"]))
    ),
}


def pair(config: ModelConfig, policy: str | None = None, recorded_rows: int = 512) -> tuple[GpuStep, TorchStep]:
    """The GPU step and the plain one over equal weights, each behind a cache of its own."""
    model = random_model(config)
    quantized = quantize_model(model, POLICIES[policy]) if policy else {}
    step = GpuStep(model, PagedCache(config, 40, 4), 128, 64, quantized, recorded_rows)
    other = random_model(config)
    put_back(other, quantized)
    return step, TorchStep(other, PagedCache(config, 40, 4), 128)


def batch(config: ModelConfig, spans: list[tuple[int, int]], seed: int = 0) -> Rows:
    """(first position, rows) of each sequence; a sequence's blocks are its own in every call."""
    rng = random.Random(seed)
    tables = [[(7 * (9 * number + block)) % 40 for block in range(9)] for number in range(len(spans))]
    return Rows(
        [rng.randrange(config.vocab_size) for _, count in spans for _ in range(count)],
        [first + i for first, count in spans for i in range(count)],
        [number for number, (_, count) in enumerate(spans) for _ in range(count)],
        tables,
    )


@torch.inference_mode()
@pytest.mark.parametrize("shape", SHAPES)
def test_prompts_decoding_and_verifying_equal_the_plain_step(shape):
    config = SHAPES[shape]
    step, plain = pair(config)
    # Prompts, then one token each, then drafts of different number to verify
    for seed, spans in enumerate([[(0, 19), (0, 3), (0, 1)], [(19, 1), (3, 1), (1, 1)], [(20, 3), (4, 1), (2, 4)]]):
        rows = batch(config, spans, seed)
        hidden, expected = step.trunk(rows), plain.trunk(rows)
        torch.testing.assert_close(hidden, expected, rtol=1e-4, atol=1e-4)
        torch.testing.assert_close(step.logits(hidden), plain.logits(expected), rtol=1e-4, atol=1e-4)
        lines = range(len(rows.tokens))
        kept = lines if seed == 1 else [len(lines) - 1, 0]
        shifted = dataclasses.replace(rows, tokens=[*rows.tokens[1:], 5])
        drafts, wanted = step.mtp(shifted, hidden, lines, kept), plain.mtp(shifted, expected, lines, kept)
        torch.testing.assert_close(drafts, wanted, rtol=1e-4, atol=1e-4)
    again = step.mtp(shifted, hidden, list(reversed(lines)), [1])
    assert not torch.equal(again, step.mtp(shifted, hidden, lines, [1]))


@torch.inference_mode()
@pytest.mark.parametrize("name", POLICIES)
@pytest.mark.parametrize("rows", [2, 18])
def test_quantised_weights(name, rows):
    config = SHAPES["tiny"]
    step, plain = pair(config, name)
    given = batch(config, [(0, rows - 1), (0, 1)])
    hidden, expected = step.trunk(given), plain.trunk(given)
    torch.testing.assert_close(hidden, expected, rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(step.logits(hidden), plain.logits(expected), rtol=1e-3, atol=2e-3)
    lines = range(rows)
    drafts, wanted = step.mtp(given, hidden, lines, [0]), plain.mtp(given, expected, lines, [0])
    torch.testing.assert_close(drafts, wanted, rtol=1e-3, atol=1e-3)


@torch.inference_mode()
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("policy", [None, "fp8"])
def test_many_rows_run_without_graphs_and_equal_the_plain_step(shape, policy):
    config = SHAPES[shape]
    step, plain = pair(config, policy, recorded_rows=2)
    for spans in ([(0, 21), (0, 6)], [(21, 10), (6, 1), (0, 9)], [(31, 3)]):
        rows = batch(config, spans)
        hidden, expected = step.trunk(rows), plain.trunk(rows)
        torch.testing.assert_close(hidden, expected, rtol=1e-3, atol=1e-3)
        lines = list(reversed(range(len(rows.tokens))))
        drafts, wanted = step.mtp(rows, hidden, lines, [2, 1]), plain.mtp(rows, expected, lines, [2, 1])
        torch.testing.assert_close(drafts, wanted, rtol=1e-3, atol=1e-3)


@torch.inference_mode()
def test_draws_are_those_of_the_plain_step():
    config = SHAPES["tiny"]
    step, plain = pair(config)
    rows = batch(config, [(0, 1)] * 3)
    draws = [Draw(91, 0.0), Draw(-5, 0.9), Draw(1 << 61, 2.0)]
    hidden = step.trunk(rows)
    for lines, ids in ((range(3), 97), ([2, 0, 1], 60), ([2, 0, 1], array("i", range(1, 97, 2)))):
        assert step.draw(hidden, lines, draws, ids) == plain.draw(hidden, lines, draws, ids)
    narrow = GpuStep(random_model(config), PagedCache(config, 40, 4), 128, 64, recorded_rows=2)
    assert narrow.draw(hidden, [2, 0, 1], draws, 97) == plain.draw(hidden, [2, 0, 1], draws, 97)
    assert step.step_and_draw(rows, draws, 90) == step.draw(hidden, range(3), draws, 90)


@torch.inference_mode()
def test_what_does_not_fit_is_refused():
    step, _ = pair(SHAPES["tiny"])
    with pytest.raises(EngineError, match="do not hold"):
        step.trunk(Rows([1], [40], [0], [[0, 1]]))
    with pytest.raises(KernelError, match="64 at once"):
        step.trunk(Rows([1] * 65, list(range(65)), [0] * 65, [list(range(20))]))
    with pytest.raises(KernelError, match="129 tokens; this step takes 128"):
        step.trunk(Rows([1], [128], [0], [list(range(40))]))
