"""FiberPO on padded rows, one trajectory a row: the shape in which other trainers hold a batch.

Letters: B rows, T tokens.
"""

from __future__ import annotations

import torch
from torch import Tensor

from joyflash.errors import TrainingError
from joyflash.rl import fiberpo


def padded_loss(
    log_prob_BT: Tensor,
    old_log_prob_BT: Tensor,
    advantage: Tensor,
    mask_BT: Tensor,
    *,
    num_trajectories: float | None = None,
    epsilon: float,
    c_plus: float,
    c_minus: float,
) -> Tensor:
    """The two-level loss; see ``joyflash.rl.fiberpo.loss``. What padding holds does not matter.

    Args:
        log_prob_BT, old_log_prob_BT: float [B, T].
        advantage: float [B], or [B, T].
        mask_BT: bool, or 0 and 1; rows without a token count nowhere.
        num_trajectories: what the sum over trajectories is divided by; None = the rows here that have a token.

    Raises:
        TrainingError: the shapes do not fit together.
    """
    if log_prob_BT.dim() != 2 or mask_BT.shape != log_prob_BT.shape or old_log_prob_BT.shape != log_prob_BT.shape:
        raise TrainingError("Log-probabilities and mask must be equal in shape, rows by tokens.")
    rows = log_prob_BT.shape[0]
    keep_BT = mask_BT.bool()
    advantage_BT = (advantage.unsqueeze(1) if advantage.dim() == 1 else advantage).expand_as(log_prob_BT)
    trajectory_BT = torch.arange(rows, device=log_prob_BT.device).unsqueeze(1).expand_as(log_prob_BT)
    here = max(int(keep_BT.any(dim=1).sum()), 1)
    loss = fiberpo.loss(
        log_prob_BT[keep_BT],
        old_log_prob_BT[keep_BT],
        advantage_BT[keep_BT],
        trajectory_BT[keep_BT],
        torch.ones_like(log_prob_BT[keep_BT], dtype=torch.bool),
        num_trajectories=here,
        epsilon=epsilon,
        c_plus=c_plus,
        c_minus=c_minus,
    )
    return loss if num_trajectories is None else loss * (here / num_trajectories)
