# pyright: reportMissingImports=false
"""Absorbed latent attention over the paged cache, split along the cached tokens; ``combine`` joins the splits.

All query tokens of a sequence and all heads read the same latents, so (token, head) pairs are the rows of one tile.
Each split of a sequence leaves an unnormalised sum, its largest score and its sum of weights.

Letters: n rows, s sequences, p splits, N heads, C latent, R rotated, W = C + R, V value width, S places of the cache.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

from joyflash.kernels.gpu.launch import DOT_TYPES, launch, power_of_2, wait_for_input
from joyflash.kernels.gpu.matrix import Matrix
from joyflash.kernels.gpu.rows import DeviceRows

TILE_TOKENS = 32
"""Cached tokens of a tile."""


@triton.jit
def _load_tokens(
    cache,
    table,
    first,
    length,
    BLOCK: tl.constexpr,
    C: tl.constexpr,
    R: tl.constexpr,
    BT: tl.constexpr,
    BC: tl.constexpr,
    BR: tl.constexpr,
):
    """Latents [BT, BC] and keys [BT, BR] of tokens from ``first`` on; zeros from ``length`` on."""
    t = first + tl.arange(0, BT)
    c = tl.arange(0, BC)
    r = tl.arange(0, BR)
    block = tl.load(table + t // BLOCK, mask=t < length, other=0).to(tl.int64)
    place = cache + (block * BLOCK + t % BLOCK)[:, None] * (C + R)
    latents = tl.load(place + c[None, :], mask=(t < length)[:, None] & (c < C)[None, :], other=0.0)
    keys = tl.load(place + C + r[None, :], mask=(t < length)[:, None] & (r < R)[None, :], other=0.0)
    return latents, keys


@triton.jit
def _split_kernel(
    queries,
    cache,
    positions,
    firsts,
    counts,
    lengths,
    tables,
    sums,
    best,
    weights,
    table_stride,
    all_rows,
    splits,
    scale,
    N: tl.constexpr,
    C: tl.constexpr,
    R: tl.constexpr,
    BM: tl.constexpr,
    BT: tl.constexpr,
    BC: tl.constexpr,
    BR: tl.constexpr,
    BLOCK: tl.constexpr,
    DOT: tl.constexpr,
    PDL: tl.constexpr,
):
    split = tl.program_id(0)
    sequence = tl.program_id(1)
    # Written before the step's first kernel
    count = tl.load(counts + sequence) * N
    length = tl.load(lengths + sequence)
    first_row = tl.load(firsts + sequence)
    table = tables + sequence.to(tl.int64) * table_stride
    own = tl.cdiv(tl.cdiv(length, splits), BT) * BT
    begin = split * own
    end = tl.minimum(begin + own, length)
    m = tl.program_id(2) * BM + tl.arange(0, BM)
    # The rows' own cache entries are there: they were written before the kernel before this one began to wait.
    if (begin < end) & (tl.program_id(2) * BM < count):
        latents, keys = _load_tokens(cache, table, begin, length, BLOCK, C, R, BT, BC, BR)
        c = tl.arange(0, BC)
        r = tl.arange(0, BR)
        inside = m < count
        line = (first_row * N + m).to(tl.int64)
        position = tl.load(positions + first_row + m // N, mask=inside, other=0)
        wait_for_input(PDL)
        query = queries + line[:, None] * (C + R)
        q = tl.load(query + c[None, :], mask=inside[:, None] & (c < C)[None, :], other=0.0).to(DOT)
        q_rotated = tl.load(query + C + r[None, :], mask=inside[:, None] & (r < R)[None, :], other=0.0).to(DOT)
        top = tl.full((BM,), float("-inf"), tl.float32)
        total = tl.zeros((BM,), tl.float32)
        out = tl.zeros((BM, BC), tl.float32)
        for first in range(begin, end, BT):
            values = latents.to(DOT)
            scores = tl.dot(q, tl.trans(values), input_precision="ieee")
            scores = tl.dot(q_rotated, tl.trans(keys.to(DOT)), scores, input_precision="ieee") * scale
            # The next tile is on its way while this one is worked on; behind the end nothing is read.
            latents, keys = _load_tokens(cache, table, first + BT, end, BLOCK, C, R, BT, BC, BR)
            t = first + tl.arange(0, BT)
            scores = tl.where((t[None, :] <= position[:, None]) & (t < end)[None, :], scores, float("-inf"))
            new_top = tl.maximum(top, tl.max(scores, 1))
            # A row that sees none of the tokens so far has no largest score to subtract.
            shift = tl.where(new_top == float("-inf"), 0.0, new_top)
            shares = tl.exp(scores - shift[:, None])
            fade = tl.exp(top - shift)
            total = total * fade + tl.sum(shares, 1)
            out = out * fade[:, None] + tl.dot(shares.to(DOT), values, input_precision="ieee")
            top = new_top
        place = split.to(tl.int64) * all_rows * N + line
        tl.store(best + place, top, mask=inside)
        tl.store(weights + place, total, mask=inside)
        tl.store(sums + place[:, None] * C + c[None, :], out, mask=inside[:, None] & (c < C)[None, :])
    else:
        wait_for_input(PDL)


def attend(
    queries_nNW: Tensor,
    cache_SW: Tensor,
    latent: int,
    sums_pnNC: Tensor,
    best_pnN: Tensor,
    weights_pnN: Tensor,
    rows: DeviceRows,
    scale: float,
    dtype: torch.dtype,
) -> None:
    """Attend to the cache in as many splits as ``best_pnN`` has; what has no tokens is not written.

    Args:
        queries_nNW: absorbed queries.
        cache_SW: of this layer; the rows' own tokens are in it.
        latent: C.
        sums_pnNC, best_pnN, weights_pnN: float32 results, unnormalised.
        rows: of the step.
        scale: of the scores.
        dtype: of products.
    """
    count, heads, width = queries_nNW.shape
    most = rows.longest * heads
    # Few sequences: more programs, each with fewer heads. Many: a program for all heads reads the cache once.
    tall = 16 if count <= 8 and rows.longest == 1 else min(power_of_2(most, 16), 64)
    splits = best_pnN.shape[0]
    launch(
        _split_kernel,
        (splits, rows.count_s.shape[0], triton.cdiv(most, tall)),
        queries_nNW,
        cache_SW,
        rows.positions_n,
        rows.first_s,
        rows.count_s,
        rows.length_s,
        rows.tables_sB,
        sums_pnNC,
        best_pnN,
        weights_pnN,
        rows.tables_sB.stride(0),
        count,
        splits,
        scale,
        warps=8 if tall == 64 else 4,
        N=heads,
        C=latent,
        R=width - latent,
        BM=tall,
        BT=TILE_TOKENS,
        BC=power_of_2(latent, 16),
        BR=power_of_2(width - latent, 16),
        BLOCK=rows.block_size,
        DOT=DOT_TYPES[dtype],
    )


def plain_attention(
    queries_nNW: Tensor, cache_SW: Tensor, weight: Matrix, value_width: int, rows: DeviceRows, scale: float
) -> Tensor:
    """The twin of ``attend`` and ``combine_value`` together, in float32: [n, N, V]."""
    _, heads, _ = queries_nNW.shape
    latent = weight.shape[1]
    value_NVC = weight.dense(torch.float32).unflatten(0, (heads, -1))[:, -value_width:]
    out = torch.zeros(len(queries_nNW), heads, value_width, device=queries_nNW.device)
    for sequence in range(rows.count_s.shape[0]):
        first, count = int(rows.first_s[sequence]), int(rows.count_s[sequence])
        own = slice(first, first + count)
        cached_TW = cache_SW[rows.places(sequence)].float()
        scores = torch.einsum("qhw,tw->qht", queries_nNW[own].float(), cached_TW) * scale
        tokens = torch.arange(len(cached_TW), device=scores.device)
        unseen = tokens > rows.positions_n[own].long()[:, None]
        shares = scores.masked_fill(unseen[:, None], -torch.inf).softmax(-1)
        out[own] = torch.einsum("qht,tc,hvc->qhv", shares, cached_TW[:, :latent], value_NVC)
    return out
