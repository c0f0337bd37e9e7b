# pyright: reportMissingImports=false
"""Choose experts: the best K of the sigmoid scores plus bias, and their weights, one program a row.

Ranks instead of a sort: an expert's rank is how many others are better, and those with ranks below K are chosen; equals
go by their number. The scores come from ``norm_linear`` with its sigmoid.

Letters: n rows, E experts, K chosen.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

from joyflash.kernels.gpu.launch import launch, power_of_2, wait_for_input


@triton.jit
def _choose_kernel(
    scores,
    bias,
    sequences,
    chosen,
    weights,
    scale,
    E: tl.constexpr,
    K: tl.constexpr,
    BE: tl.constexpr,
    NORMALISE: tl.constexpr,
    PDL: tl.constexpr,
):
    row = tl.program_id(0).to(tl.int64)
    e = tl.arange(0, BE)
    steer = tl.load(bias + e, mask=e < E, other=0.0)
    real = tl.load(sequences + row) >= 0
    wait_for_input(PDL)
    score = tl.load(scores + row * E + e, mask=e < E, other=0.0)
    steered = tl.where(e < E, score + steer, float("-inf"))
    # The same numbers laid out along the other dimension, read again because that is cheaper than a transpose.
    others = tl.load(scores + row * E + e, mask=e < E, other=0.0) + steer
    others = tl.where(e < E, others, float("-inf"))
    better = (others[None, :] > steered[:, None]) | ((others[None, :] == steered[:, None]) & (e[None, :] < e[:, None]))
    rank = tl.sum(better.to(tl.int32), 1)
    taken = (rank < K) & (e < E)
    weight = score * scale
    if NORMALISE:
        weight = weight / (tl.sum(tl.where(taken, score, 0.0), 0) + 1e-20)
    tl.store(chosen + row * K + rank, tl.where(real, e, -1), mask=taken)
    tl.store(weights + row * K + rank, tl.where(real, weight, 0.0), mask=taken)


def choose_experts(
    scores_nE: Tensor,
    bias_E: Tensor,
    sequences_n: Tensor,
    chosen_nK: Tensor,
    weights_nK: Tensor,
    scale: float,
    *,
    normalise: bool,
) -> None:
    """Write each row's experts (int32, the best first) and float32 weights; -1 and 0 for padding.

    Args:
        scores_nE: float32, after the sigmoid.
        bias_E: float32; steers the choice alone.
        sequences_n: int32; negative for padding.
        chosen_nK, weights_nK: results.
        scale: of the weights.
        normalise: whether they are first divided by their sum.
    """
    rows, experts = scores_nE.shape
    launch(
        _choose_kernel,
        (rows,),
        scores_nE,
        bias_E,
        sequences_n,
        chosen_nK,
        weights_nK,
        scale,
        warps=8,
        E=experts,
        K=chosen_nK.shape[1],
        BE=power_of_2(experts),
        NORMALISE=normalise,
    )


def plain_choose_experts(
    scores_nE: Tensor, bias_E: Tensor, sequences_n: Tensor, chosen: int, scale: float, *, normalise: bool
) -> tuple[Tensor, Tensor]:
    """The twin of ``choose_experts``: int32 and float32 [n, K]."""
    order_nE = torch.sort(scores_nE + bias_E, dim=1, descending=True, stable=True).indices
    chosen_nK = order_nE[:, :chosen]
    weights_nK = scores_nE.gather(1, chosen_nK)
    if normalise:
        weights_nK = weights_nK / (weights_nK.sum(1, keepdim=True) + 1e-20)
    padding = (sequences_n < 0)[:, None]
    return chosen_nK.to(torch.int32).masked_fill(padding, -1), (weights_nK * scale).masked_fill(padding, 0.0)
