# pyright: reportMissingImports=false
"""The splits of attention weighed and added up, and each head's value matrix multiplied in.

The twin is ``attention.plain_attention``, which does not split.

Letters: n rows, p splits, N heads, C latent, V value width.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

from joyflash.kernels.gpu.attention import TILE_TOKENS
from joyflash.kernels.gpu.launch import DOT_TYPES, launch, power_of_2, wait_for_input
from joyflash.kernels.gpu.matrix import Matrix, load_tile
from joyflash.kernels.gpu.norm_linear import VECTOR_ROWS
from joyflash.kernels.gpu.rows import DeviceRows

_AT_ONCE = 8
"""Splits that are added up at once."""


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
        for p in range(most):
            top = tl.maximum(top, tl.load(best + p * stride + line, mask=p < used, other=float("-inf")))
        top = tl.where(used > 0, top, 0.0)
        total = tl.zeros((BM,), tl.float32)
        mixed = tl.zeros((BM, BC), tl.float32)
        for p in range(most):
            at = p * stride + line
            factor = tl.exp(tl.load(best + at, mask=p < used, other=float("-inf")) - top)
            total += factor * tl.load(weights + at, mask=p < used, other=0.0)
            mask = (p < used)[:, None] & (c < C)[None, :]
            mixed += factor[:, None] * tl.load(sums + at[:, None] * C + c[None, :], mask=mask, other=0.0)
        mixed = mixed / tl.where(total > 0, total, 1.0)[:, None]
        result = tl.dot(mixed.to(DOT), tl.trans(tile.to(DOT)), input_precision="ieee")
        place = out + line[:, None] * V + v[None, :]
        tl.store(place, result.to(out.dtype.element_ty), mask=(m < rows)[:, None] & (v < V)[None, :])


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
        BT=TILE_TOKENS,
        BC=power_of_2(latent, 16),
        BV=part,
        AT_ONCE=_AT_ONCE,
        **weight.constants(),
        DOT=DOT_TYPES[dtype],
    )
