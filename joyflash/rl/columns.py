"""The tokens that count in a policy loss: checked, masked, and with their trajectories numbered.

Letters: N tokens that count, S trajectories.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

from joyflash.errors import TrainingError
from joyflash.rl.segments import number_segments, segment_sum


@dataclass(frozen=True)
class Columns:
    """What every policy loss works on.

    Attributes:
        log_prob_N: float32 (float64 for float64 input) log-probabilities under the policy in training.
        log_ratio_N: these minus the ones of the policy that sampled, which carry no gradient.
        advantage_N: no gradient either.
        trajectory_N: int64, trajectories numbered from 0.
        length_S: tokens of each trajectory, as a float.
        ids: further id columns, masked alike.
    """

    log_prob_N: Tensor
    log_ratio_N: Tensor
    advantage_N: Tensor
    trajectory_N: Tensor
    length_S: Tensor
    ids: dict[str, Tensor] = field(default_factory=dict)

    def sum_trajectories(self, values_N: Tensor) -> Tensor:
        """Sum over each trajectory, [S]; see `segment_sum`."""
        return segment_sum(values_N, self.trajectory_N, self.length_S.numel())

    def mean_trajectories(self, values_N: Tensor) -> Tensor:
        """Mean over each trajectory's tokens, [S]."""
        return self.sum_trajectories(values_N) / self.length_S


def read_columns(
    log_prob: Tensor,
    old_log_prob: Tensor,
    advantage: Tensor,
    trajectory: Tensor,
    mask: Tensor,
    num_trajectories: int,
    ids: Mapping[str, Tensor | None] | None = None,
) -> Columns:
    """Check the arguments of a policy loss and drop the masked tokens.

    Args:
        log_prob, old_log_prob, advantage, trajectory, mask: one entry per token, equal shapes; the mask is bool, or 0
            and 1.
        num_trajectories: non-empty trajectories of the whole optimiser step; at least as many as are here.
        ids: further id columns by name; those that are None are left out.

    Raises:
        TrainingError: shapes, mask or the number of trajectories do not fit together.
    """
    ids = {name: column for name, column in (ids or {}).items() if column is not None}
    columns = {"old_log_prob": old_log_prob, "advantage": advantage, "trajectory": trajectory, "mask": mask, **ids}
    for name, column in columns.items():
        if column.shape != log_prob.shape:
            shapes = f"{list(column.shape)}, log_prob has {list(log_prob.shape)}"
            raise TrainingError(f"{name} has shape {shapes}; give one entry per token.")
    keep_N = mask.bool()
    if not torch.equal(keep_N.to(mask.dtype), mask):
        raise TrainingError("mask may hold only 0 and 1 (or False and True); put weights into the advantage.")
    trajectory_N, count = number_segments(trajectory[keep_N])
    if num_trajectories < max(count, 1):
        raise TrainingError(
            f"num_trajectories is {num_trajectories}, but {count} trajectories are here; give the whole step's count, "
            "at least 1."
        )
    wide = torch.float64 if log_prob.dtype == torch.float64 else torch.float32
    log_prob_N = log_prob[keep_N].to(wide)
    return Columns(
        log_prob_N,
        log_prob_N - old_log_prob[keep_N].detach().to(wide),
        advantage[keep_N].detach().to(wide),
        trajectory_N,
        torch.bincount(trajectory_N, minlength=count).to(wide),
        {name: column[keep_N] for name, column in ids.items()},
    )
