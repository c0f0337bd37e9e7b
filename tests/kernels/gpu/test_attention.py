"""Queries, cache rows and attention against their twins: verify steps, ragged lengths, padding, odd widths."""

from __future__ import annotations

import pytest
import torch

from joyflash.kernels.gpu.absorb import absorb, plain_absorb
from joyflash.kernels.gpu.attention import attend, plain_attention
from joyflash.kernels.gpu.combine import combine_value
from joyflash.kernels.gpu.matrix import Matrix
from joyflash.kernels.gpu.norm_linear import plain_norm_linear
from joyflash.kernels.gpu.prompt_attention import plain_prompt_attention, prompt_attention
from joyflash.kernels.gpu.query import plain_write_cache, query_and_cache, write_cache
from joyflash.model.gpu_weights import matrix_of
from joyflash.quantization.formats import FORMATS, quantize
from tests.kernels.gpu.cases import cache_places, step_rows

STEPS = {
    "one": ([(70, 1)], 0),
    "first token": ([(0, 1), (5, 1)], 1),
    "verify": ([(40, 4)], 0),
    "ragged verify": ([(3, 2), (0, 8), (90, 1)], 2),
    "eight": ([(33, 1), (0, 1), (64, 1), (7, 1), (31, 1), (1, 1)], 2),
}
# heads, first part of a head, rotated, latent, values
WIDTHS = [(4, 8, 4, 16, 8), (3, 10, 6, 20, 14)]


@pytest.fixture(params=STEPS, name="rows")
def _rows(request):
    return step_rows(*STEPS[request.param])


def randn(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def kv_weight(name: str, heads: int, width: int, latent: int) -> Matrix:
    weight = randn(heads * width, latent, seed=9)
    return matrix_of(weight if name == "fp32" else quantize(weight, FORMATS[name]))


@pytest.mark.parametrize("widths", WIDTHS)
@pytest.mark.parametrize("splits", [1, 3, 11])
def test_attention_over_the_paged_cache(rows, widths, splits):
    heads, first, rotated, latent, value = widths
    queries, cache = randn(rows.rows, heads, latent + rotated), randn(cache_places(rows), latent + rotated, seed=1)
    weight = kv_weight("fp32", heads, first + value, latent)
    expected = plain_attention(queries, cache, weight, value, rows, 0.3)
    beyond = torch.ones(len(cache), dtype=torch.bool)
    for sequence in range(len(rows.count_s)):
        beyond[rows.places(sequence)] = False
    cache[beyond] = torch.nan  # nothing but the sequences' own tokens is read
    sums, best = (
        torch.full((splits, rows.rows, heads, latent), torch.nan),
        torch.full((splits, rows.rows, heads), torch.nan),
    )
    weights, out = best.clone(), torch.full((rows.rows, heads, value), torch.nan)
    attend(queries, cache, latent, sums, best, weights, rows, 0.3, torch.float32)
    combine_value(sums, best, weights, weight, out, rows, torch.float32)
    torch.testing.assert_close(out, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["fp8", "int4"])
@pytest.mark.parametrize("count", [2, 5])
def test_quantised_key_and_value_matrices(name, count):
    heads, first, rotated, latent, value = WIDTHS[1]
    rows = step_rows([(9, 1)] * count)
    weight = kv_weight(name, heads, first + value, latent)
    frequencies = 100.0 ** -torch.arange(0, 1, 2 / rotated)
    q, queries = randn(count, heads, first + rotated), torch.empty(count, heads, latent + rotated)
    absorb(q, weight, queries, frequencies, rows, torch.float32)
    torch.testing.assert_close(queries, plain_absorb(q, weight, frequencies, rows), rtol=1e-4, atol=1e-4)
    cache = randn(cache_places(rows), latent + rotated, seed=1)
    sums, best, weights = (
        torch.empty(2, count, heads, latent),
        torch.empty(2, count, heads),
        torch.empty(2, count, heads),
    )
    out = torch.empty(count, heads, value)
    attend(queries, cache, latent, sums, best, weights, rows, 0.3, torch.float32)
    combine_value(sums, best, weights, weight, out, rows, torch.float32)
    torch.testing.assert_close(out, plain_attention(queries, cache, weight, value, rows, 0.3), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("widths", WIDTHS)
def test_absorbed_queries(rows, widths):
    heads, first, rotated, latent, value = widths
    weight = kv_weight("fp32", heads, first + value, latent)
    frequencies = 100.0 ** -torch.arange(0, 1, 2 / rotated)
    q, out = randn(rows.rows, heads, first + rotated), torch.empty(rows.rows, heads, latent + rotated)
    absorb(q, weight, out, frequencies, rows, torch.float32)
    torch.testing.assert_close(out, plain_absorb(q, weight, frequencies, rows), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("widths", WIDTHS)
def test_queries_and_cache_rows(rows, widths):
    heads, first, rotated, latent, _ = widths
    down, frequencies = randn(rows.rows, 24 + latent + rotated), 100.0 ** -torch.arange(0, 1, 2 / rotated)
    query_norm, norm = randn(24, seed=2), randn(latent, seed=3)
    weight = matrix_of(randn(heads * (first + rotated), 24, seed=4))
    cache = randn(cache_places(rows), latent + rotated, seed=5)
    expected, q = cache.clone(), torch.empty(rows.rows, heads * (first + rotated))
    plain_write_cache(down[:, 24:], norm, expected, frequencies, rows, 1e-6)
    assert not torch.equal(cache, expected)
    query_and_cache(down, query_norm, weight, q, norm, cache, frequencies, rows, 1e-6, torch.float32)
    torch.testing.assert_close(
        q, plain_norm_linear(down[:, :24], weight, 1e-6, norm_K=query_norm), rtol=1e-4, atol=1e-5
    )
    torch.testing.assert_close(cache, expected, rtol=1e-5, atol=1e-5)


def test_cache_rows_alone():
    rows = step_rows([(3, 1), (9, 2)])
    latents, norm, frequencies = randn(3, 20), randn(16, seed=1), torch.tensor([1.0, 0.1])
    cache = torch.zeros(cache_places(rows), 20)
    expected = cache.clone()
    plain_write_cache(latents, norm, expected, frequencies, rows, 1e-6)
    write_cache(latents, norm, cache, frequencies, rows, 1e-6)
    torch.testing.assert_close(cache, expected)


@pytest.mark.parametrize("widths", WIDTHS)
@pytest.mark.parametrize("count,length", [(1, 1), (9, 9), (70, 70), (70, 150), (5, 130), (140, 141)])
def test_prompts(widths, count, length):
    heads, first, rotated, _, value = widths
    queries, keys_values = randn(count, heads, first + rotated), randn(length, heads, first + value, seed=1)
    keys, out = randn(length, rotated, seed=2), torch.full((count, heads, value), torch.nan)
    prompt_attention(queries, keys_values, keys, out, 0.4)
    expected = plain_prompt_attention(queries, keys_values, keys, value, 0.4)
    torch.testing.assert_close(out, expected, rtol=1e-4, atol=1e-5)
