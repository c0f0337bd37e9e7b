# pyright: reportMissingImports=false
"""Causal attention of one sequence's new tokens over all of its tokens, in the expanded form, tile by tile.

Keys and values of every head are there already; the rotated part of the keys is one for all heads. Running maximum and
sum as in FlashAttention-2 (Dao, arXiv 2307.08691). Tiles in which every query sees every key need no mask.

Letters: q new tokens, t all tokens, N heads, H width of a head's first part, R rotated width, V value width.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

from joyflash.kernels.gpu.launch import DOT_TYPES, launch, power_of_2, wait_for_input

_QUERIES, _KEYS = 128, 64
_LOG2_E = 1.4426950408889634


@triton.jit
def _tile(
    top, total, out, query, query_rotated, keys_values, rotated, first, row, position, length, scale,
    MASKED: tl.constexpr, H: tl.constexpr, R: tl.constexpr, V: tl.constexpr,
    BT: tl.constexpr, BH: tl.constexpr, BR: tl.constexpr, BV: tl.constexpr, DOT: tl.constexpr,
):  # fmt: skip
    """One tile of keys into the running maximum, sum and output; ``scale`` is for powers of two."""
    t = first + tl.arange(0, BT)
    h = tl.arange(0, BH)
    r = tl.arange(0, BR)
    v = tl.arange(0, BV)
    line = t.to(tl.int64)
    known = t < length
    keys = tl.load(keys_values + line[None, :] * row + h[:, None], mask=known[None, :] & (h < H)[:, None], other=0.0)
    turned = tl.load(rotated + line[None, :] * R + r[:, None], mask=known[None, :] & (r < R)[:, None], other=0.0)
    scores = tl.dot(query, keys.to(DOT), input_precision="ieee")
    scores = tl.dot(query_rotated, turned.to(DOT), scores, input_precision="ieee") * scale
    if MASKED:
        scores = tl.where((t[None, :] <= position[:, None]) & known[None, :], scores, float("-inf"))
    new_top = tl.maximum(top, tl.max(scores, 1))
    shares = tl.exp2(scores - new_top[:, None])
    fade = tl.exp2(top - new_top)
    values = tl.load(
        keys_values + line[:, None] * row + H + v[None, :], mask=known[:, None] & (v < V)[None, :], other=0.0
    )
    out = tl.dot(shares.to(DOT), values.to(DOT), out * fade[:, None], input_precision="ieee")
    return new_top, total * fade + tl.sum(shares, 1), out


@triton.jit
def _prompt_kernel(
    queries,
    keys_values,
    rotated,
    out,
    count,
    length,
    scale,
    N: tl.constexpr,
    H: tl.constexpr,
    R: tl.constexpr,
    V: tl.constexpr,
    BM: tl.constexpr,
    BT: tl.constexpr,
    BH: tl.constexpr,
    BR: tl.constexpr,
    BV: tl.constexpr,
    DOT: tl.constexpr,
    PDL: tl.constexpr,
):
    """Programs: tile of queries, the last and longest first; head."""
    tile = tl.num_programs(0) - 1 - tl.program_id(0)
    head = tl.program_id(1)
    m = tile * BM + tl.arange(0, BM)
    h = tl.arange(0, BH)
    r = tl.arange(0, BR)
    v = tl.arange(0, BV)
    start = length - count
    position = start + m
    line = tl.minimum(m, count - 1).to(tl.int64) * N + head
    row: tl.constexpr = N * (H + V)
    own = keys_values + head * (H + V)
    wait_for_input(PDL)
    query = tl.load(queries + line[:, None] * (H + R) + h[None, :], mask=(h < H)[None, :], other=0.0).to(DOT)
    turned = tl.load(queries + line[:, None] * (H + R) + H + r[None, :], mask=(r < R)[None, :], other=0.0).to(DOT)
    top = tl.full((BM,), float("-inf"), tl.float32)
    total = tl.zeros((BM,), tl.float32)
    sums = tl.zeros((BM, BV), tl.float32)
    # Up to here the first query of the tile sees everything, and so do the others.
    plain = (start + tile * BM + 1) // BT * BT
    end = tl.minimum(start + tile * BM + BM, length)
    for first in range(0, plain, BT):
        top, total, sums = _tile(
            top, total, sums, query, turned, own, rotated, first, row, position, length, scale, False, H, R, V, BT, BH,
            BR, BV, DOT
        )  # fmt: skip
    for first in range(plain, end, BT):
        top, total, sums = _tile(
            top, total, sums, query, turned, own, rotated, first, row, position, length, scale, True, H, R, V, BT, BH,
            BR, BV, DOT
        )  # fmt: skip
    sums = sums / total[:, None]
    tl.store(
        out + line[:, None] * V + v[None, :],
        sums.to(out.dtype.element_ty),
        mask=(m < count)[:, None] & (v < V)[None, :],
    )


def prompt_attention(
    queries_qNX: Tensor, keys_values_tNY: Tensor, rotated_tR: Tensor, out_qNV: Tensor, scale: float
) -> None:
    """Attend from the last q of t tokens.

    Args:
        queries_qNX: X = H + R, the last R rotated; contiguous.
        keys_values_tNY: each head's keys (H) and values (V); contiguous.
        rotated_tR: the keys' rotated part; contiguous.
        out_qNV: result; contiguous.
        scale: of the scores.
    """
    count, heads, width = queries_qNX.shape
    rotated, value = rotated_tR.shape[1], out_qNV.shape[2]
    tall = min(_QUERIES, power_of_2(count, 16))
    launch(
        _prompt_kernel,
        (triton.cdiv(count, tall), heads),
        queries_qNX,
        keys_values_tNY,
        rotated_tR,
        out_qNV,
        count,
        rotated_tR.shape[0],
        scale * _LOG2_E,
        warps=8 if tall == _QUERIES else 4,
        stages=3,
        N=heads,
        H=width - rotated,
        R=rotated,
        V=value,
        BM=tall,
        BT=_KEYS,
        BH=power_of_2(width - rotated, 16),
        BR=power_of_2(rotated, 16),
        BV=power_of_2(value, 16),
        DOT=DOT_TYPES[queries_qNX.dtype],
    )


def plain_prompt_attention(
    queries_qNX: Tensor, keys_values_tNY: Tensor, rotated_tR: Tensor, value: int, scale: float
) -> Tensor:
    """The twin of ``prompt_attention``, in float32: [q, N, V]."""
    first = queries_qNX.shape[2] - rotated_tR.shape[1]
    keys_tNH, values_tNV = keys_values_tNY.float().split([first, value], dim=2)
    scores = torch.einsum("qnh,tnh->nqt", queries_qNX[..., :first].float(), keys_tNH)
    scores = (scores + torch.einsum("qnr,tr->nqt", queries_qNX[..., first:].float(), rotated_tR.float())) * scale
    count, length = queries_qNX.shape[0], rotated_tR.shape[0]
    hidden = torch.ones(count, length, dtype=torch.bool, device=scores.device).triu(length - count + 1)
    return torch.einsum("nqt,tnv->qnv", scores.masked_fill(hidden, -torch.inf).softmax(-1), values_tNV)
