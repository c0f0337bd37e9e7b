# pyright: reportMissingImports=false
"""Slots by expert, before the grouped products; and the slots' results added up, after them.

Letters: n rows, K chosen, X = K + 1 slots of a row, E experts, D hidden.
"""

from __future__ import annotations

from dataclasses import dataclass

import triton
import triton.language as tl
from torch import Tensor

from joyflash.kernels.gpu.launch import launch, power_of_2, wait_for_input


@dataclass(frozen=True)
class GroupedBuffers:
    """Memory for up to n rows: starts int32 [E + 1], order int32 [n * K], parts float32 [n, X, D]."""

    starts: Tensor
    order: Tensor
    parts: Tensor


@triton.jit
def _group_kernel(chosen, starts, order, choices, E: tl.constexpr, BLOCK: tl.constexpr, PDL: tl.constexpr):
    """Program e: how many slots belong to experts before e, and which to e; program E: where the last one's end."""
    expert = tl.program_id(0)
    wait_for_input(PDL)
    before = 0
    for first in range(0, choices, BLOCK):
        i = first + tl.arange(0, BLOCK)
        own = tl.load(chosen + i, mask=i < choices, other=-1)
        before += tl.sum(((own >= 0) & (own < expert)).to(tl.int32), 0)
    tl.store(starts + expert, before)
    if expert < E:
        for first in range(0, choices, BLOCK):
            i = first + tl.arange(0, BLOCK)
            mine = (tl.load(chosen + i, mask=i < choices, other=-1) == expert).to(tl.int32)
            tl.store(order + before + tl.cumsum(mine, 0) - 1, i, mask=mine > 0)
            before += tl.sum(mine, 0)


@triton.jit
def _sum_kernel(parts, sequences, residual, y, D: tl.constexpr, X: tl.constexpr, BD: tl.constexpr, PDL: tl.constexpr):
    row = tl.program_id(0).to(tl.int64)
    d = tl.program_id(1) * BD + tl.arange(0, BD)
    real = tl.load(sequences + row) >= 0
    wait_for_input(PDL)
    total = tl.load(residual + row * D + d, mask=d < D, other=0.0).to(tl.float32)
    for slot in tl.static_range(X):
        total += tl.load(parts + (row * X + slot) * D + d, mask=(d < D) & real, other=0.0)
    tl.store(y + row * D + d, total.to(y.dtype.element_ty), mask=d < D)


def group(chosen_nK: Tensor, experts: int, buffers: GroupedBuffers) -> None:
    """List the slots of each expert, ascending, in ``order[starts[e] : starts[e + 1]]``; negative choices in none."""
    slots = chosen_nK.numel()
    block = min(power_of_2(slots, 16), 1024)
    launch(_group_kernel, (experts + 1,), chosen_nK, buffers.starts, buffers.order, slots, E=experts, BLOCK=block)


def add_slots(buffers: GroupedBuffers, sequences_n: Tensor, x_nD: Tensor, y_nD: Tensor) -> None:
    """``y = x +`` the sum of each row's slots, in their order; padding keeps ``x``."""
    rows, hidden = x_nD.shape
    block = min(power_of_2(hidden, 16), 512)
    grid, slots = (rows, triton.cdiv(hidden, block)), buffers.parts.shape[1]
    launch(_sum_kernel, grid, buffers.parts, sequences_n, x_nD, y_nD, D=hidden, X=slots, BD=block)
