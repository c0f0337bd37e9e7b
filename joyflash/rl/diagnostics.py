"""Where a step stands in FiberPO's regimes, measured alike for every objective.

Names as in arXiv 2603.08239. Global, of a trajectory's two channels: G-I both within their budgets, G-III both zeroed,
G-II whatever lies between. Local, of a trajectory's tokens: L-I no residual clipped, L-III all clipped (u and v of
every token), L-II in between. The paper describes the outer regimes; that the middle ones take the rest is our reading.

Letters: N tokens, S trajectories.
"""

from __future__ import annotations

import torch
from torch import Tensor

from joyflash.rl.rows import TokenColumns
from joyflash.rl.segments import number_segments, segment_sum

REGIMES = ("G-I", "G-II", "G-III", "L-I", "L-II", "L-III")


@torch.no_grad()
def diagnose(
    log_prob_N: Tensor, columns: TokenColumns, *, epsilon: float, c_plus: float, c_minus: float
) -> dict[str, float]:
    """Shares of the regimes, of clipped residuals and of zeroed channels; drifts and ratios.

    Args:
        epsilon, c_plus, c_minus: budgets of the trajectory level.

    Returns:
        The six regimes (shares of trajectories), ``clip_u`` and ``clip_v`` (shares of tokens), ``drift_plus`` and
        ``drift_minus`` (means of log s⁺ and log s⁻), ``drift`` (their difference, an estimate of a KL divergence),
        ``ratio`` and ``ratio_max`` (importance ratios of tokens).
    """
    log_ratio_N = (log_prob_N - columns.old_log_prob_N).float()
    trajectory_N, count = number_segments(columns.trajectory_N)
    length_S = torch.bincount(trajectory_N, minlength=count).float()
    up_N = log_ratio_N >= 0
    zero_N = torch.zeros_like(log_ratio_N)
    plus_S = segment_sum(torch.where(up_N, log_ratio_N, zero_N), trajectory_N, count) / length_S
    minus_S = segment_sum(torch.where(up_N, zero_N, -log_ratio_N), trajectory_N, count) / length_S
    passes_S = (plus_S <= c_plus) & (minus_S <= c_minus)
    zeroed_S = _zeroed(plus_S, c_plus, length_S) & _zeroed(minus_S, c_minus, length_S)

    own_N = log_ratio_N.abs() - torch.where(up_N, plus_S[trajectory_N], minus_S[trajectory_N])
    other_N = torch.where(up_N, minus_S[trajectory_N], plus_S[trajectory_N])
    clip_u_N, clip_v_N = own_N.abs() > epsilon, other_N.abs() > epsilon
    clipped_S = segment_sum((clip_u_N.float() + clip_v_N.float()) / 2, trajectory_N, count) / length_S
    free_S, held_S = clipped_S == 0, clipped_S == 1
    shares = [passes_S, ~(passes_S | zeroed_S), zeroed_S, free_S, ~(free_S | held_S), held_S]
    ratio_N = log_ratio_N.exp()
    return {
        **{name: float(share_S.float().mean()) for name, share_S in zip(REGIMES, shares, strict=True)},
        "clip_u": float(clip_u_N.float().mean()),
        "clip_v": float(clip_v_N.float().mean()),
        "drift_plus": float(plus_S.mean()),
        "drift_minus": float(minus_S.mean()),
        "drift": float((minus_S - plus_S).mean()),
        "ratio": float(ratio_N.mean()),
        "ratio_max": float(ratio_N.max()),
    }


def _zeroed(drift_S: Tensor, budget: float, length_S: Tensor) -> Tensor:
    """Whether the aggregate gate gives 0: beyond (1 + 1/T)C."""
    return (drift_S > budget) & ((drift_S - budget) * length_S >= budget)
