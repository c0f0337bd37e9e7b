# pyright: reportMissingImports=false
"""Experts of a few rows: a program for every (row, chosen expert), without sorting or aligning anything.

``expert_up`` norms the input and leaves silu(gate) * up of each slot. ``expert_down`` multiplies all slots of a row
at once, weighs them, and adds the residual. Slots behind the K chosen ones are the shared expert: S of them, each with
I of its width. Experts that several rows choose are read from memory once and from the cache after that; for many
rows ``grouped_experts`` reads them once.

Letters: n rows, K chosen, S shared, D hidden, I expert width, E experts.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import triton
import triton.language as tl
from torch import Tensor
from torch.nn import functional as F

from joyflash.kernels.gpu.launch import launch, power_of_2, wait_for_input
from joyflash.kernels.gpu.matrix import Matrix, load_tile


@dataclass(frozen=True)
class ExpertWeights:
    """The feed-forward matrices of one layer.

    Attributes:
        gate_up, down: of the routed experts, [E, 2 * I, D] with gate above up, and [E, D, I].
        shared_gate, shared_up, shared_down: [S * I, D], the same, and [D, S * I].
        eps: of the norm before them.
    """

    gate_up: Matrix
    down: Matrix
    shared_gate: Matrix
    shared_up: Matrix
    shared_down: Matrix
    eps: float

    @property
    def width(self) -> int:
        """I."""
        return self.down.shape[-1]

    @property
    def shared(self) -> int:
        """S."""
        return self.shared_down.shape[-1] // self.width


@triton.jit
def _up_kernel(
    x,
    norm,
    weight,
    scales,
    gate,
    gate_scales,
    up,
    up_scales,
    chosen,
    h,
    scale_rows,
    eps,
    D: tl.constexpr,
    WIDTH: tl.constexpr,
    K: tl.constexpr,
    S: tl.constexpr,
    BN: tl.constexpr,
    BD: tl.constexpr,
    KIND: tl.constexpr,
    GN: tl.constexpr,
    GK: tl.constexpr,
    SHARED_KIND: tl.constexpr,
    SHARED_GN: tl.constexpr,
    SHARED_GK: tl.constexpr,
    PDL: tl.constexpr,
):
    """Programs: part of the width, slot, row."""
    n = tl.program_id(0) * BN + tl.arange(0, BN)
    slot = tl.program_id(1)
    row = tl.program_id(2).to(tl.int64)
    own = tl.minimum(n, WIDTH - 1).to(tl.int64)
    d = tl.arange(0, BD)
    factor = tl.load(norm + d, mask=d < D, other=0.0).to(tl.float32)
    out = h + (row * (K + S) + slot) * WIDTH + n
    # The residual was written by the kernel before the router: it is there before the wait.
    v = tl.load(x + row * D + d, mask=d < D, other=0.0).to(tl.float32)
    v = v * tl.rsqrt(tl.sum(v * v, 0) / D + eps) * factor
    if slot >= K:
        line = (slot - K) * WIDTH + own
        shared_gate = load_tile(gate, gate_scales, line, line // SHARED_GN, 0, D, BN, BD, SHARED_KIND, SHARED_GK)
        shared_up = load_tile(up, up_scales, line, line // SHARED_GN, 0, D, BN, BD, SHARED_KIND, SHARED_GK)
        wait_for_input(PDL)
        g = tl.sum(shared_gate.to(tl.float32) * v[None, :], 1)
        u = tl.sum(shared_up.to(tl.float32) * v[None, :], 1)
        tl.store(out, (g * tl.sigmoid(g) * u).to(h.dtype.element_ty), mask=n < WIDTH)
    else:
        wait_for_input(PDL)
        expert = tl.load(chosen + row * K + slot).to(tl.int64)
        if expert >= 0:
            at = expert * scale_rows
            line = expert * (2 * WIDTH) + own
            routed_gate = load_tile(weight, scales, line, at + own // GN, 0, D, BN, BD, KIND, GK)
            routed_up = load_tile(weight, scales, line + WIDTH, at + (own + WIDTH) // GN, 0, D, BN, BD, KIND, GK)
            g = tl.sum(routed_gate.to(tl.float32) * v[None, :], 1)
            u = tl.sum(routed_up.to(tl.float32) * v[None, :], 1)
            tl.store(out, (g * tl.sigmoid(g) * u).to(h.dtype.element_ty), mask=n < WIDTH)


@triton.jit
def _down_kernel(
    h,
    weight,
    scales,
    shared,
    shared_scales,
    chosen,
    weights,
    residual,
    y,
    scale_rows,
    D: tl.constexpr,
    WIDTH: tl.constexpr,
    K: tl.constexpr,
    S: tl.constexpr,
    BS: tl.constexpr,
    BI: tl.constexpr,
    KIND: tl.constexpr,
    GN: tl.constexpr,
    GK: tl.constexpr,
    SHARED_KIND: tl.constexpr,
    SHARED_GN: tl.constexpr,
    SHARED_GK: tl.constexpr,
    PDL: tl.constexpr,
):
    """Programs: output, row. A tile's rows are the same output of each of the row's experts."""
    output = tl.program_id(0)
    row = tl.program_id(1).to(tl.int64)
    slot = tl.arange(0, BS)
    i = tl.arange(0, BI)
    # The choice was written by the kernel before the last one.
    expert = tl.load(chosen + row * K + slot, mask=slot < K, other=0)
    share = tl.load(weights + row * K + slot, mask=slot < K, other=0.0)
    real = expert >= 0
    expert = tl.maximum(expert, 0).to(tl.int64)
    line = expert * D + output
    tile = load_tile(weight, scales, line, expert * scale_rows + output // GN, 0, WIDTH, BS, BI, KIND, GK)
    one = output + tl.zeros((1,), tl.int64)
    if S == 1:  # else a part of a row does not begin where a tile may
        own = load_tile(shared, shared_scales, one, one // SHARED_GN, 0, WIDTH, 1, BI, SHARED_KIND, SHARED_GK)
    wait_for_input(PDL)
    source = h + (row * (K + S) + slot)[:, None] * WIDTH + i[None, :]
    mask = (real & (slot < K))[:, None] & (i < WIDTH)[None, :]
    v = tl.load(source, mask=mask, other=0.0).to(tl.float32) * share[:, None]
    total = tl.sum(tl.sum(tile.to(tl.float32) * v, 1), 0)
    shared_at = h + (row * (K + S) + K) * WIDTH
    if S == 1:
        v = tl.load(shared_at + i, mask=i < WIDTH, other=0.0).to(tl.float32)
        total += tl.sum(tl.sum(own.to(tl.float32) * v[None, :], 1), 0)
    else:
        for part in tl.static_range(S):
            v = tl.load(shared_at + part * WIDTH + i, mask=i < WIDTH, other=0.0).to(tl.float32)
            own = tl.load(shared + output * (S * WIDTH) + part * WIDTH + i, mask=i < WIDTH, other=0.0)
            total += tl.sum(own.to(tl.float32) * v, 0)
    total += tl.load(residual + row * D + output).to(tl.float32)
    tl.store(y + row * D + output, total.to(y.dtype.element_ty))


def expert_up(x_nD: Tensor, norm_D: Tensor, weights: ExpertWeights, chosen_nK: Tensor, h_nXI: Tensor) -> None:
    """silu(gate) * up of every slot of every row into ``h_nXI``, X = K + S slots; a padded row's are left alone."""
    rows, hidden = x_nD.shape
    slots = h_nXI.shape[1]
    block = power_of_2(hidden, 16)
    height = max(1, min(2, 4096 // block))
    launch(
        _up_kernel,
        (triton.cdiv(weights.width, height), slots, rows),
        x_nD,
        norm_D,
        *weights.gate_up.tensors,
        *weights.shared_gate.tensors,
        *weights.shared_up.tensors,
        chosen_nK,
        h_nXI,
        weights.gate_up.scale_rows,
        weights.eps,
        D=hidden,
        WIDTH=weights.width,
        K=chosen_nK.shape[1],
        S=slots - chosen_nK.shape[1],
        BN=height,
        BD=block,
        **weights.gate_up.constants(),
        **weights.shared_gate.constants("SHARED_"),
    )


def expert_down(
    h_nXI: Tensor, weights: ExpertWeights, chosen_nK: Tensor, weights_nK: Tensor, residual_nD: Tensor, y_nD: Tensor
) -> None:
    """``y = residual +`` the weighted sum of the slots' down projections."""
    rows, hidden = y_nD.shape
    choices = chosen_nK.shape[1]
    launch(
        _down_kernel,
        (hidden, rows),
        h_nXI,
        *weights.down.tensors,
        *weights.shared_down.tensors,
        chosen_nK,
        weights_nK,
        residual_nD,
        y_nD,
        weights.down.scale_rows,
        D=hidden,
        WIDTH=weights.width,
        K=choices,
        S=h_nXI.shape[1] - choices,
        BS=power_of_2(choices),
        BI=power_of_2(weights.width, 16),
        **weights.down.constants(),
        **weights.shared_down.constants("SHARED_"),
    )


def plain_experts(
    x_nD: Tensor, norm_D: Tensor, weights: ExpertWeights, chosen_nK: Tensor, weights_nK: Tensor
) -> Tensor:
    """The twin of ``expert_up`` and ``expert_down`` together, and of ``grouped_experts``: float32 [n, D]."""
    normed_nD = F.rms_norm(x_nD.float(), (x_nD.shape[1],), norm_D.float(), weights.eps)
    gate_up, down = weights.gate_up.dense(torch.float32), weights.down.dense(torch.float32)
    shared = [each.dense(torch.float32) for each in (weights.shared_gate, weights.shared_up, weights.shared_down)]
    out_nD = x_nD.float().clone()
    for row, (chosen, shares) in enumerate(zip(chosen_nK.tolist(), weights_nK.tolist(), strict=True)):
        x_D = normed_nD[row]
        out_nD[row] += shared[2] @ (F.silu(shared[0] @ x_D) * (shared[1] @ x_D))
        for expert, share in zip(chosen, shares, strict=True):
            if expert >= 0:
                gate_I, up_I = (gate_up[expert] @ x_D).chunk(2)
                out_nD[row] += share * (down[expert] @ (F.silu(gate_I) * up_I))
    return out_nD
