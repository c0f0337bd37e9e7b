# pyright: reportMissingImports=false
"""Absorbed latent attention over the paged cache, split along the cached tokens; then the parts combined.

All query tokens of a sequence and all heads read the same latents, so (token, head) pairs are the rows of one tile.
Each split of a sequence leaves an unnormalised sum, its largest score and its sum of weights. ``combine_value`` weighs
the splits and multiplies each head's value matrix in.

Letters: n rows, s sequences, p splits, N heads, C latent, R rotated, W = C + R, V value width, S places of the cache.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

from joyflash.kernels.gpu.launch import DOT_TYPES, launch, power_of_2, wait_for_input
from joyflash.kernels.gpu.matrix import Matrix, load_tile
from joyflash.kernels.gpu.norm_linear import VECTOR_ROWS
from joyflash.kernels.gpu.rows import DeviceRows

_TOKENS = 32
"""Cached tokens of a tile."""
_AT_ONCE = 8
"""Splits that are added up at once."""


@triton.jit
def _load_tokens(cache, table, first, length, BLOCK: tl.constexpr, C: tl.constexpr, R: tl.constexpr, BT: tl.constexpr, BC: tl.constexpr, BR: tl.constexpr):
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


@triton.jit
def _combined(sums, best, weights, line, used, split_stride, C: tl.constexpr, BC: tl.constexpr, AT_ONCE: tl.constexpr):
    """The attention output [BC] of one (row, head) line from its ``used`` splits; zeros for padding (used = 0)."""
    c = tl.arange(0, BC)
    top = float("-inf")
    for first in range(0, used, AT_ONCE):
        p = first + tl.arange(0, AT_ONCE)
        top = tl.maximum(top, tl.max(tl.load(best + p * split_stride + line, mask=p < used, other=float("-inf")), 0))
    total = 0.0
    out = tl.zeros((BC,), tl.float32)
    for first in range(0, used, AT_ONCE):
        p = first + tl.arange(0, AT_ONCE)
        at = p * split_stride + line
        factor = tl.exp(tl.load(best + at, mask=p < used, other=float("-inf")) - top)
        total += tl.sum(factor * tl.load(weights + at, mask=p < used, other=0.0), 0)
        part = tl.load(sums + at[:, None] * C + c[None, :], mask=(p < used)[:, None] & (c < C)[None, :], other=0.0)
        out += tl.sum(factor[:, None] * part, 0)
    return out / tl.where(total > 0, total, 1.0)


@triton.jit
def _used_splits(sequences, lengths, row, mask, splits, BT: tl.constexpr):
    """Splits that have tokens of the row's sequence; 0 for padding."""
    sequence = tl.load(sequences + row, mask=mask, other=-1)
    length = tl.load(lengths + sequence, mask=mask & (sequence >= 0), other=0)
    own = tl.cdiv(tl.cdiv(length, splits), BT) * BT
    return tl.cdiv(length, tl.maximum(own, 1))


@triton.jit
def _combine_kernel(
    sums,
    best,
    weights,
    value,
    scales,
    out,
    sequences,
    lengths,
    rows,
    splits,
    head_rows,
    value_row,
    N: tl.constexpr,
    C: tl.constexpr,
    V: tl.constexpr,
    M: tl.constexpr,
    BM: tl.constexpr,
    BT: tl.constexpr,
    BC: tl.constexpr,
    BV: tl.constexpr,
    AT_ONCE: tl.constexpr,
    KIND: tl.constexpr,
    GN: tl.constexpr,
    GK: tl.constexpr,
    DOT: tl.constexpr,
    PDL: tl.constexpr,
):
    """Programs: head, part of the values, and with M = 0 a tile of rows."""
    head = tl.program_id(0)
    v = tl.program_id(1) * BV + tl.arange(0, BV)
    c = tl.arange(0, BC)
    weight_row = (head * head_rows + value_row + tl.minimum(v, V - 1)).to(tl.int64)
    tile = load_tile(value, scales, weight_row, weight_row // GN, 0, C, BV, BC, KIND, GK)
    stride = rows.to(tl.int64) * N
    wait_for_input(PDL)
    if M > 0:
        for m in tl.static_range(M):
            used = _used_splits(sequences, lengths, m, True, splits, BT)
            mixed = _combined(sums, best, weights, m * N + head, used, stride, C, BC, AT_ONCE)
            result = tl.sum(tile.to(tl.float32) * mixed[None, :], 1)
            tl.store(out + (m * N + head) * V + v, result.to(out.dtype.element_ty), mask=v < V)
    else:
        m = tl.program_id(2) * BM + tl.arange(0, BM)
        used = _used_splits(sequences, lengths, m, m < rows, splits, BT)
        line = (m * N + head).to(tl.int64)
        top = tl.full((BM,), float("-inf"), tl.float32)
        most = tl.max(used, 0)
        for p in range(0, most):
            top = tl.maximum(top, tl.load(best + p * stride + line, mask=p < used, other=float("-inf")))
        top = tl.where(used > 0, top, 0.0)
        total = tl.zeros((BM,), tl.float32)
        mixed = tl.zeros((BM, BC), tl.float32)
        for p in range(0, most):
            at = p * stride + line
            factor = tl.exp(tl.load(best + at, mask=p < used, other=float("-inf")) - top)
            total += factor * tl.load(weights + at, mask=p < used, other=0.0)
            mask = (p < used)[:, None] & (c < C)[None, :]
            mixed += factor[:, None] * tl.load(sums + at[:, None] * C + c[None, :], mask=mask, other=0.0)
        mixed = mixed / tl.where(total > 0, total, 1.0)[:, None]
        result = tl.dot(mixed.to(DOT), tl.trans(tile.to(DOT)), input_precision="ieee")
        place = out + line[:, None] * V + v[None, :]
        tl.store(place, result.to(out.dtype.element_ty), mask=(m < rows)[:, None] & (v < V)[None, :])


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
        BT=_TOKENS,
        BC=power_of_2(latent, 16),
        BR=power_of_2(width - latent, 16),
        BLOCK=rows.block_size,
        DOT=DOT_TYPES[dtype],
    )


def combine_value(
    sums_pnNC: Tensor,
    best_pnN: Tensor,
    weights_pnN: Tensor,
    weight: Matrix,
    out_nNV: Tensor,
    rows: DeviceRows,
    dtype: torch.dtype,
) -> None:
    """Combine the splits and multiply each head's value matrix in; zeros for padding.

    ``weight`` is ``kv_b_proj``, [N * (H + V), C]; each head's last V rows are its value matrix.
    """
    splits, count, heads, latent = sums_pnNC.shape
    width = out_nNV.shape[2]
    vector = count <= VECTOR_ROWS
    part = min(power_of_2(width, 16), 32 if vector else 128)
    launch(
        _combine_kernel,
        (heads, triton.cdiv(width, part), 1 if vector else triton.cdiv(count, 16)),
        sums_pnNC,
        best_pnN,
        weights_pnN,
        *weight.tensors,
        out_nNV,
        rows.sequences_n,
        rows.length_s,
        count,
        splits,
        weight.shape[0] // heads,
        weight.shape[0] // heads - width,
        warps=4 if vector else 8,
        N=heads,
        C=latent,
        V=width,
        M=count if vector else 0,
        BM=16,
        BT=_TOKENS,
        BC=power_of_2(latent, 16),
        BV=part,
        AT_ONCE=_AT_ONCE,
        **weight.constants(),
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
