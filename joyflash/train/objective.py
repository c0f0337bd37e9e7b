"""The training objective of pretraining and SFT: next-token loss, and the MTP layer's own when it is on.

Letters: T tokens of a row, N targets, D hidden.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from joyflash.batch import PackedBatch
from joyflash.model.attention import PackedContext
from joyflash.model.joyflash import JoyFlash
from joyflash.train.losses import weighted_cross_entropy


def targets(batch: PackedBatch, ahead: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Where a prediction ``ahead`` tokens forward counts: source indices, target ids and weights, each [N].

    A target counts if it has a weight and lies in the same document as its source.
    """
    weights = batch.weights_T[ahead:] * (batch.positions_T[ahead:] >= ahead)
    index_N = weights.nonzero().flatten()
    return index_N, batch.tokens_T[index_N + ahead], weights[index_N]


def target_weight(rows: Sequence[PackedBatch], ahead: int) -> float:
    """Summed weight of all targets of ``rows``, what their loss is divided by."""
    return float(sum(targets(row, ahead)[2].sum() for row in rows))


class LanguageModelling:
    """Loss = main / main_weight + mtp_weight * mtp / mtp_target_weight, both over the whole step's targets.

    Args:
        main_weight: summed weight of the step's next-token targets.
        mtp_weight: factor on the MTP loss; 0 leaves the layer out.
        mtp_target_weight: summed weight of the step's targets two tokens ahead.
    """

    def __init__(self, main_weight: float, mtp_weight: float = 0.0, mtp_target_weight: float = 1.0):
        self.main_weight = max(main_weight, 1.0)
        self.mtp_weight = mtp_weight
        self.mtp_target_weight = max(mtp_target_weight, 1.0)

    def __call__(self, model: JoyFlash, batch: PackedBatch) -> tuple[torch.Tensor, dict[str, float]]:
        """Differentiable scalar of one row, and its sums ``loss`` and ``mtp_loss`` (shares of the step's means)."""
        context = PackedContext.of(batch.positions_T, model.config)
        main, ahead = targets(batch, 1), targets(batch, 2)  # before the forward pass: on a GPU this waits for all work
        hidden_TD = model.hidden(batch.tokens_T, context)
        loss = _sum_of_losses(model, hidden_TD, main) / self.main_weight
        sums = {"loss": float(loss.detach())}
        if self.mtp_weight:
            mtp_TD = model.mtp_hidden(hidden_TD, batch.tokens_T, batch.positions_T, context)
            mtp_loss = _sum_of_losses(model, mtp_TD, ahead) / self.mtp_target_weight
            sums["mtp_loss"] = float(mtp_loss.detach())
            loss = loss + self.mtp_weight * mtp_loss
        return loss, sums

    def columns(self, sums: Sequence[dict[str, float]]) -> dict[str, float]:
        """Columns of the log from the sums of all rows of the step."""
        return {**{name: sum(row[name] for row in sums) for name in sums[0]}, "targets": self.main_weight}


def _sum_of_losses(
    model: JoyFlash, hidden_TD: torch.Tensor, found: tuple[torch.Tensor, torch.Tensor, torch.Tensor]
) -> torch.Tensor:
    index_N, target_N, weight_N = found
    return weighted_cross_entropy(hidden_TD.index_select(0, index_N), model.lm_head.weight, target_N, weight_N)[0]
