"""The policy losses that FiberPO is compared with, all called like `joyflash.rl.fiberpo.loss`.

Every function takes one entry per token (``log_prob``, ``old_log_prob``, ``advantage``, ``trajectory``, ``mask``; see
`joyflash.rl.columns.read_columns`, which also says what it raises) and the number of non-empty trajectories of the
**whole** optimiser step, and returns a scalar to descend on. Micro-batches cut between trajectories add up.
"""

from __future__ import annotations

import torch
from torch import Tensor

from joyflash.errors import TrainingError
from joyflash.rl.columns import Columns, read_columns


def reinforce(
    log_prob: Tensor,
    old_log_prob: Tensor,
    advantage: Tensor,
    trajectory: Tensor,
    mask: Tensor,
    *,
    num_trajectories: int,
) -> Tensor:
    """Policy gradient without correction for a stale policy: mean over trajectories of the mean of log π·A.

    ``old_log_prob`` is taken so that all losses are called alike, and does not enter.

    Source: Williams, "Simple statistical gradient-following algorithms", 1992.
    """
    columns = read_columns(log_prob, old_log_prob, advantage, trajectory, mask, num_trajectories)
    return -columns.mean_trajectories(columns.log_prob_N * columns.advantage_N).sum() / num_trajectories


def grpo(
    log_prob: Tensor,
    old_log_prob: Tensor,
    advantage: Tensor,
    trajectory: Tensor,
    mask: Tensor,
    *,
    num_trajectories: int,
    clip_low: float = 0.2,
    clip_high: float = 0.2,
) -> Tensor:
    """Clipped ratios token by token, averaged over each trajectory, then over trajectories; no KL term.

    Source: DeepSeekMath, arXiv 2402.03300, equation 3. ``clip_high`` above ``clip_low`` is DAPO's clip-higher.
    """
    columns = read_columns(log_prob, old_log_prob, advantage, trajectory, mask, num_trajectories)
    surrogate_N = _clipped(columns.log_ratio_N.exp(), columns.advantage_N, clip_low, clip_high)
    return -columns.mean_trajectories(surrogate_N).sum() / num_trajectories


def dapo(
    log_prob: Tensor,
    old_log_prob: Tensor,
    advantage: Tensor,
    trajectory: Tensor,
    mask: Tensor,
    *,
    num_trajectories: int,
    num_tokens: int,
    clip_low: float = 0.2,
    clip_high: float = 0.28,
) -> Tensor:
    """GRPO's clipped ratios averaged over all tokens of the step alike, so that long trajectories count for more.

    Source: DAPO, arXiv 2503.14476, equation 8.

    Args:
        num_tokens: tokens that count in the whole optimiser step; at least as many as are here.
    """
    columns = read_columns(log_prob, old_log_prob, advantage, trajectory, mask, num_trajectories)
    if num_tokens < max(columns.log_prob_N.numel(), 1):
        here = columns.log_prob_N.numel()
        raise TrainingError(f"num_tokens is {num_tokens}, but {here} tokens are here; give the whole step's count.")
    surrogate_N = _clipped(columns.log_ratio_N.exp(), columns.advantage_N, clip_low, clip_high)
    return -columns.sum_trajectories(surrogate_N).sum() / num_tokens


def gspo(
    log_prob: Tensor,
    old_log_prob: Tensor,
    advantage: Tensor,
    trajectory: Tensor,
    mask: Tensor,
    *,
    num_trajectories: int,
    clip_low: float = 3e-4,
    clip_high: float = 4e-4,
) -> Tensor:
    """One clipped ratio per trajectory, the geometric mean of its tokens' ratios.

    Source: GSPO, arXiv 2507.18071, equations 5 to 7; the bounds are section 5.1's.

    Raises:
        TrainingError: also where the tokens of a trajectory have different advantages.
    """
    columns = read_columns(log_prob, old_log_prob, advantage, trajectory, mask, num_trajectories)
    advantage_S = _one_advantage(columns)
    ratio_S = columns.mean_trajectories(columns.log_ratio_N).exp()
    return -_clipped(ratio_S, advantage_S, clip_low, clip_high).sum() / num_trajectories


def _clipped(ratio: Tensor, advantage: Tensor, clip_low: float, clip_high: float) -> Tensor:
    """PPO's pessimistic surrogate: the smaller of r·A and clip(r)·A."""
    if not (0 <= clip_low < 1 and clip_high >= 0):
        raise TrainingError(
            f"clip_low is {clip_low!r}, clip_high {clip_high!r}; ratios are held in 1 - low … 1 + high."
        )
    return torch.minimum(ratio * advantage, ratio.clamp(1 - clip_low, 1 + clip_high) * advantage)


def _one_advantage(columns: Columns) -> Tensor:
    """The advantage of each trajectory, [S]."""
    first_S = columns.advantage_N.new_zeros(columns.length_S.shape)
    first_S = first_S.scatter(0, columns.trajectory_N, columns.advantage_N)
    if not torch.equal(first_S[columns.trajectory_N], columns.advantage_N):
        raise TrainingError("GSPO weighs whole trajectories: give all tokens of a trajectory the same advantage.")
    return first_S
