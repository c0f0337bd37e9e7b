"""Router, experts of few and of many rows, and the sampler against their twins."""

from __future__ import annotations

import pytest
import torch

from joyflash.kernels.gpu.experts import ExpertWeights, expert_down, expert_up, plain_experts
from joyflash.kernels.gpu.group import GroupedBuffers
from joyflash.kernels.gpu.grouped import grouped_experts
from joyflash.kernels.gpu.matrix import Matrix
from joyflash.kernels.gpu.router import choose_experts, plain_choose_experts
from joyflash.kernels.gpu.sampling import draw, sampling_parts
from joyflash.kernels.gumbel import NOT_FINITE, Draw, gumbel_argmax
from joyflash.model.gpu_weights import matrix_of
from joyflash.quantization.formats import FORMATS, quantize

EXPERTS = 6


def randn(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def expert_weights(hidden: int, width: int, name: str, shared_name: str, shared: int = 1) -> ExpertWeights:
    def made(kind: str, *shape: int, seed: int) -> Matrix:
        weight = randn(*shape, seed=seed) * shape[-1] ** -0.5
        return matrix_of(weight if kind == "fp32" else quantize(weight, FORMATS[kind]))

    return ExpertWeights(
        made(name, EXPERTS, 2 * width, hidden, seed=1),
        made(name, EXPERTS, hidden, width, seed=2),
        made(shared_name, shared * width, hidden, seed=3),
        made(shared_name, shared * width, hidden, seed=4),
        made(shared_name, hidden, shared * width, seed=5),
        1e-6,
    )


def routing(rows: int, choices: int, padding: bool) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(6)
    chosen = torch.stack([torch.randperm(EXPERTS, generator=generator)[:choices] for _ in range(rows)]).to(torch.int32)
    weights = torch.rand(rows, choices, generator=generator)
    sequences = torch.arange(rows, dtype=torch.int32)
    if padding:
        chosen[-1], weights[-1], sequences[-1] = -1, 0.0, -1
    return chosen, weights, sequences


@pytest.mark.parametrize("experts,choices", [(6, 3), (16, 1), (19, 8), (8, 8)])
@pytest.mark.parametrize("normalise", [True, False])
def test_the_best_experts_and_their_weights(experts, choices, normalise):
    scores, bias = randn(5, experts).sigmoid(), randn(experts, seed=1)
    scores[1] = 0.5
    bias[:4] = bias[0]  # equals go by their number
    sequences = torch.tensor([0, 1, 1, -1, 2], dtype=torch.int32)
    chosen, weights = torch.full((5, choices), 99, dtype=torch.int32), torch.full((5, choices), torch.nan)
    choose_experts(scores, bias, sequences, chosen, weights, 2.5, normalise=normalise)
    expected = plain_choose_experts(scores, bias, sequences, choices, 2.5, normalise=normalise)
    assert torch.equal(chosen, expected[0])
    torch.testing.assert_close(weights, expected[1])


@pytest.mark.parametrize("shape", [(20, 12, 3), (24, 17, 2)])
@pytest.mark.parametrize("names", [("fp32", "fp32"), ("fp8", "fp8"), ("int4", "fp32"), ("int4", "int8")])
@pytest.mark.parametrize("rows", [1, 3])
def test_experts_of_few_rows(shape, names, rows):
    hidden, width, choices = shape
    weights = expert_weights(hidden, width, *names)
    chosen, shares, _ = routing(rows, choices, padding=rows > 1)
    x, norm = randn(rows, hidden), randn(hidden, seed=7)
    h, y = torch.zeros(rows, choices + 1, width), torch.empty(rows, hidden)
    expert_up(x, norm, weights, chosen, h)
    expert_down(h, weights, chosen, shares, x, y)
    torch.testing.assert_close(y, plain_experts(x, norm, weights, chosen, shares), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("names", [("fp32", "fp32"), ("fp8", "fp32")])
def test_a_shared_expert_of_twice_the_width(names):
    weights = expert_weights(20, 12, *names, shared=2)
    chosen, shares, sequences = routing(5, 3, padding=False)
    x, norm = randn(5, 20), randn(20, seed=7)
    expected = plain_experts(x, norm, weights, chosen, shares)
    h, y = torch.zeros(5, 5, 12), torch.empty(5, 20)
    expert_up(x, norm, weights, chosen, h)
    expert_down(h, weights, chosen, shares, x, y)
    torch.testing.assert_close(y, expected, rtol=1e-4, atol=1e-4)
    grouped_experts(x, norm, weights, chosen, shares, sequences, h.flatten(1), buffers(5, 3, 20), y, torch.float32)
    torch.testing.assert_close(y, expected, rtol=1e-4, atol=1e-4)


def buffers(rows: int, choices: int, hidden: int) -> GroupedBuffers:
    order = torch.full((rows * choices,), -9, dtype=torch.int32)
    starts = torch.full((EXPERTS + 1,), -9, dtype=torch.int32)
    return GroupedBuffers(starts, order, torch.full((rows, choices + 1, hidden), torch.nan))


@pytest.mark.parametrize("names", [("fp32", "fp32"), ("fp8", "fp8"), ("int4", "fp32"), ("int8", "int8")])
@pytest.mark.parametrize("rows", [2, 17, 64])
def test_experts_of_many_rows(names, rows):
    weights = expert_weights(40, 20, *names)
    chosen, shares, sequences = routing(rows, 3, padding=True)
    if rows == 64:
        chosen[:40, 0], chosen[:40, 1:] = 2, torch.tensor([0, 4])  # one expert of many rows, one of none
        chosen[40:-1] = torch.tensor([0, 1, 2])
    x, norm = randn(rows, 40), randn(40, seed=7)
    expected = plain_experts(x, norm, weights, chosen, shares)
    h, y = torch.full((rows, 4 * 20), torch.nan), torch.empty(rows, 40)
    grouped_experts(x, norm, weights, chosen, shares, sequences, h, buffers(rows, 3, 40), y, torch.float32)
    torch.testing.assert_close(y[:-1], expected[:-1], rtol=1e-4, atol=1e-4)
    assert torch.equal(y[-1], x[-1])


@pytest.mark.parametrize("entries,columns", [(97, 97), (90, 97), (2100, 2200)])
def test_drawn_tokens_are_those_of_gumbel_argmax(entries, columns):
    logits, parts = randn(12, columns), sampling_parts(columns)
    logits[:, entries:] = 1e9
    logits[3, 5] = logits[3, 9] = 1e8  # equals: the first wins
    logits[4, entries - 1], logits[5, 2] = torch.nan, -torch.inf
    draws = [
        Draw(row * 0x1234567890ABCDE - (1 << 62), temperature) for row, temperature in enumerate([0.0, 0.7, 1.5] * 4)
    ]
    keys, temperatures = (torch.tensor(each) for each in zip(*draws, strict=True))
    tokens, best = torch.empty(12, dtype=torch.int32), torch.empty(12, parts, dtype=torch.float64)
    count, best_at = torch.tensor([entries], dtype=torch.int32), torch.empty(12, parts, dtype=torch.int32)
    draw(logits, None, count, keys, temperatures.double(), best, best_at, tokens)
    expected = [gumbel_argmax(row[:entries], each) for row, each in zip(logits, draws, strict=True)]
    expected[4] = expected[5] = NOT_FINITE
    assert tokens.tolist() == expected
    ids = torch.arange(0, 3 * columns, 3, dtype=torch.int32)
    draw(logits, ids, count, keys, temperatures.double(), best, best_at, tokens)
    for row in (0, 1, 2, 3, 7, 11):
        assert tokens[row] == ids[gumbel_argmax(logits[row, :entries], draws[row], ids[:entries])]
