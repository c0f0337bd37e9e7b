# pyright: reportMissingImports=false
"""Experts of many rows: every expert's weights are read once, for all the rows that chose it.

``group`` lists the slots of each expert by counting; no sort, no padding. The two products then run one program for an
expert and a part of its outputs, over its slots tile by tile. The shared expert is one more expert that all rows chose.
Down projections are left per slot and added up at the end in a fixed order.

Letters: n rows, K chosen, X = K + 1 slots of a row, E experts, D hidden, I expert width.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

from joyflash.kernels.gpu.experts import ExpertWeights
from joyflash.kernels.gpu.group import GroupedBuffers, add_slots, group
from joyflash.kernels.gpu.launch import DOT_TYPES, launch, power_of_2, wait_for_input
from joyflash.kernels.gpu.matrix import load_tile


@triton.jit
def _up_tile(
    x, norm, weight, scales, up, up_scales, row_M, line, up_line, at, up_at, eps, valid,
    D: tl.constexpr, BM: tl.constexpr, BN: tl.constexpr, BD: tl.constexpr,
    KIND: tl.constexpr, GK: tl.constexpr, DOT: tl.constexpr,
):  # fmt: skip
    """silu(gate) * up, float32 [BM, BN], of rows ``row_M`` of x, normed."""
    squares = tl.zeros((BM,), tl.float32)
    gates = tl.zeros((BM, BN), tl.float32)
    ups = tl.zeros((BM, BN), tl.float32)
    for first in range(0, D, BD):
        d = first + tl.arange(0, BD)
        a = load_tile(weight, scales, line, at, first, D, BN, BD, KIND, GK)
        b = load_tile(up, up_scales, up_line, up_at, first, D, BN, BD, KIND, GK)
        v = tl.load(x + row_M[:, None] * D + d[None, :], mask=valid[:, None] & (d < D)[None, :], other=0.0)
        wide = v.to(tl.float32)
        squares += tl.sum(wide * wide, 1)
        v = (wide * tl.load(norm + d, mask=d < D, other=0.0).to(tl.float32)[None, :]).to(DOT)
        gates = tl.dot(v, tl.trans(a.to(DOT)), gates, input_precision="ieee")
        ups = tl.dot(v, tl.trans(b.to(DOT)), ups, input_precision="ieee")
    inverse = tl.rsqrt(squares / D + eps)[:, None]
    gates *= inverse
    return gates * tl.sigmoid(gates) * (ups * inverse)


@triton.jit
def _grouped_up_kernel(
    x,
    norm,
    weight,
    scales,
    gate,
    gate_scales,
    up,
    up_scales,
    starts,
    order,
    h,
    scale_rows,
    rows,
    eps,
    D: tl.constexpr,
    WIDTH: tl.constexpr,
    SHARED_WIDTH: tl.constexpr,
    K: tl.constexpr,
    E: tl.constexpr,
    BM: tl.constexpr,
    BN: tl.constexpr,
    BD: tl.constexpr,
    SHARED_BD: tl.constexpr,
    KIND: tl.constexpr,
    GN: tl.constexpr,
    GK: tl.constexpr,
    SHARED_KIND: tl.constexpr,
    SHARED_GN: tl.constexpr,
    SHARED_GK: tl.constexpr,
    DOT: tl.constexpr,
    PDL: tl.constexpr,
):
    """Programs: part of the width, expert; from E on tiles of rows of the shared expert, whose width is W >= I."""
    expert = tl.program_id(1)
    n = tl.program_id(0) * BN + tl.arange(0, BN)
    wait_for_input(PDL)
    kind = h.dtype.element_ty
    if expert >= E:
        m = (expert - E) * BM + tl.arange(0, BM)
        valid = m < rows
        line = tl.minimum(n, SHARED_WIDTH - 1).to(tl.int64)
        at = line // SHARED_GN
        out = _up_tile(
            x, norm, gate, gate_scales, up, up_scales, m.to(tl.int64), line, line, at, at, eps, valid, D, BM, BN,
            SHARED_BD, SHARED_KIND, SHARED_GK, DOT
        )  # fmt: skip
        place = h + m.to(tl.int64)[:, None] * (K * WIDTH + SHARED_WIDTH) + K * WIDTH + n[None, :]
        tl.store(place, out.to(kind), mask=valid[:, None] & (n < SHARED_WIDTH)[None, :])
    elif tl.program_id(0) * BN < WIDTH:
        first = tl.load(starts + expert)
        end = tl.load(starts + expert + 1)
        own = tl.minimum(n, WIDTH - 1).to(tl.int64)
        line = expert.to(tl.int64) * (2 * WIDTH) + own
        at = expert.to(tl.int64) * scale_rows
        for begin in range(first, end, BM):
            m = begin + tl.arange(0, BM)
            valid = m < end
            slot = tl.load(order + m, mask=valid, other=0).to(tl.int64)
            out = _up_tile(
                x, norm, weight, scales, weight, scales, slot // K, line, line + WIDTH, at + own // GN,
                at + (own + WIDTH) // GN, eps, valid, D, BM, BN, BD, KIND, GK, DOT
            )  # fmt: skip
            place = h + (slot // K)[:, None] * (K * WIDTH + SHARED_WIDTH) + (slot % K)[:, None] * WIDTH + n[None, :]
            tl.store(place, out.to(kind), mask=valid[:, None] & (n < WIDTH)[None, :])


@triton.jit
def _down_tile(
    source_M, weight, scales, line, at, valid,
    WIDTH: tl.constexpr, BM: tl.constexpr, BN: tl.constexpr, BI: tl.constexpr,
    KIND: tl.constexpr, GK: tl.constexpr, DOT: tl.constexpr,
):  # fmt: skip
    sums = tl.zeros((BM, BN), tl.float32)
    for first in range(0, WIDTH, BI):
        i = first + tl.arange(0, BI)
        tile = load_tile(weight, scales, line, at, first, WIDTH, BN, BI, KIND, GK)
        v = tl.load(source_M[:, None] + i[None, :], mask=valid[:, None] & (i < WIDTH)[None, :], other=0.0)
        sums = tl.dot(v.to(DOT), tl.trans(tile.to(DOT)), sums, input_precision="ieee")
    return sums


@triton.jit
def _grouped_down_kernel(
    h,
    weight,
    scales,
    shared,
    shared_scales,
    starts,
    order,
    weights,
    parts,
    scale_rows,
    rows,
    D: tl.constexpr,
    WIDTH: tl.constexpr,
    SHARED_WIDTH: tl.constexpr,
    K: tl.constexpr,
    E: tl.constexpr,
    BM: tl.constexpr,
    BN: tl.constexpr,
    BI: tl.constexpr,
    SHARED_BI: tl.constexpr,
    KIND: tl.constexpr,
    GN: tl.constexpr,
    GK: tl.constexpr,
    SHARED_KIND: tl.constexpr,
    SHARED_GN: tl.constexpr,
    SHARED_GK: tl.constexpr,
    DOT: tl.constexpr,
    PDL: tl.constexpr,
):
    """Programs: part of the outputs, expert; from E on tiles of rows of the shared expert."""
    expert = tl.program_id(1)
    n = tl.program_id(0) * BN + tl.arange(0, BN)
    own = tl.minimum(n, D - 1).to(tl.int64)
    wait_for_input(PDL)
    if expert >= E:
        m = (expert - E) * BM + tl.arange(0, BM)
        valid = m < rows
        wide = m.to(tl.int64)
        source = h + wide * (K * WIDTH + SHARED_WIDTH) + K * WIDTH
        out = _down_tile(
            source, shared, shared_scales, own, own // SHARED_GN, valid, SHARED_WIDTH, BM, BN, SHARED_BI, SHARED_KIND,
            SHARED_GK, DOT
        )  # fmt: skip
        place = parts + (wide * (K + 1) + K)[:, None] * D + n[None, :]
        tl.store(place, out, mask=valid[:, None] & (n < D)[None, :])
    else:
        first = tl.load(starts + expert)
        end = tl.load(starts + expert + 1)
        line = expert.to(tl.int64) * D + own
        at = expert.to(tl.int64) * scale_rows + own // GN
        for begin in range(first, end, BM):
            m = begin + tl.arange(0, BM)
            valid = m < end
            slot = tl.load(order + m, mask=valid, other=0).to(tl.int64)
            source = h + (slot // K) * (K * WIDTH + SHARED_WIDTH) + (slot % K) * WIDTH
            out = _down_tile(source, weight, scales, line, at, valid, WIDTH, BM, BN, BI, KIND, GK, DOT)
            out *= tl.load(weights + slot, mask=valid, other=0.0)[:, None]
            place = parts + (slot // K * (K + 1) + slot % K)[:, None] * D + n[None, :]
            tl.store(place, out, mask=valid[:, None] & (n < D)[None, :])


def grouped_experts(
    x_nD: Tensor,
    norm_D: Tensor,
    weights: ExpertWeights,
    chosen_nK: Tensor,
    weights_nK: Tensor,
    sequences_n: Tensor,
    h_nY: Tensor,
    buffers: GroupedBuffers,
    y_nD: Tensor,
    dtype: torch.dtype,
) -> None:
    """``y = x +`` the experts' weighted sum, as ``expert_up`` and ``expert_down``; padded rows keep ``x``.

    Args:
        x_nD: the residual stream; ``y_nD`` may be the same memory.
        norm_D: the norm before the experts.
        chosen_nK, weights_nK: as ``choose_experts`` writes them.
        sequences_n: negative for padding.
        h_nY: room for the slots' inner values, Y = (K + S) * I.
        buffers: more room.
        dtype: of products.
    """
    rows, hidden = x_nD.shape
    choices = chosen_nK.shape[1]
    experts, width, shared_width = weights.gate_up.shape[0], weights.width, weights.shared_down.shape[-1]
    group(chosen_nK, experts, buffers)
    tall = 16 if rows * choices <= 16 * experts else min(power_of_2(rows * choices // experts, 16), 64)
    wide = 32 if tall == 16 else 64
    tiles = triton.cdiv(rows, tall)
    shape = {
        "WIDTH": width,
        "SHARED_WIDTH": shared_width,
        "K": choices,
        "E": experts,
        "D": hidden,
        "BM": tall,
        "BN": wide,
    }
    launch(
        _grouped_up_kernel,
        (triton.cdiv(max(width, shared_width), wide), experts + tiles),
        x_nD,
        norm_D,
        *weights.gate_up.tensors,
        *weights.shared_gate.tensors,
        *weights.shared_up.tensors,
        buffers.starts,
        buffers.order,
        h_nY,
        weights.gate_up.scale_rows,
        rows,
        weights.eps,
        stages=3,
        **shape,
        BD=_depth(hidden, weights.gate_up.block[1]),
        SHARED_BD=_depth(hidden, weights.shared_gate.block[1]),
        **weights.gate_up.constants(),
        **weights.shared_gate.constants("SHARED_"),
        DOT=DOT_TYPES[dtype],
    )
    launch(
        _grouped_down_kernel,
        (triton.cdiv(hidden, wide), experts + tiles),
        h_nY,
        *weights.down.tensors,
        *weights.shared_down.tensors,
        buffers.starts,
        buffers.order,
        weights_nK,
        buffers.parts,
        weights.down.scale_rows,
        rows,
        stages=3,
        **shape,
        BI=_depth(width, weights.down.block[1]),
        SHARED_BI=_depth(shared_width, weights.shared_down.block[1]),
        **weights.down.constants(),
        **weights.shared_down.constants("SHARED_"),
        DOT=DOT_TYPES[dtype],
    )
    add_slots(buffers, sequences_n, x_nD, y_nD)


def _depth(columns: int, scale_width: int) -> int:
    return max(min(power_of_2(columns, 16), 128), scale_width)
