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


def targets(batch: PackedBatch, ahead: int, behind: int = 0) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Where a prediction ``ahead`` tokens forward counts: source indices, target ids and weights, each [N].

    A target counts if it has a weight and lies in the same document as its source and the ``behind`` tokens before it.
    """
    weights = batch.weights_T[ahead:] * (batch.positions_T[ahead:] >= ahead + behind)
    index_N = weights.nonzero().flatten()
    return index_N, batch.tokens_T[index_N + ahead], weights[index_N]


def target_weight(rows: Sequence[PackedBatch], ahead: int, behind: int = 0) -> float:
    """Summed weight of all targets of ``rows``, what their loss is divided by."""
    return float(sum(targets(row, ahead, behind)[2].sum() for row in rows))


def draft_weights(rows: Sequence[PackedBatch], depth: int) -> list[float]:
    """Summed weight of the targets of each of ``depth`` passes of the MTP layer."""
    return [target_weight(rows, 2, behind) for behind in range(depth)]


def in_conversations(batch: PackedBatch) -> torch.Tensor:
    """Which tokens lie in conversations, bool [T]: documents that are read in part, where all of a text is a target."""
    read_T = ((batch.weights_T == 0) & (batch.positions_T > 0)).int()
    return torch.zeros_like(read_T).index_add_(0, batch.document_T, read_T)[batch.document_T] > 0


class LanguageModelling:
    """Loss = main / main_weight + mtp_weight * the mean over the passes of mtp / its weight, over the whole step.

    The first pass of the MTP layer reads the trunk's hidden states. Every further one reads what the layer itself made
    one token before, as in drafting a second and third token; that it attends to keys of the same pass, where drafting
    has keys of the first, is an approximation.

    Args:
        main_weight: summed weight of the step's next-token targets.
        mtp_weight: factor on the MTP loss; 0 leaves the layer out.
        mtp_target_weights: summed weight of the step's targets of each pass (``draft_weights``), or of a single one.
        rectified: next-token losses in conversations are multiplied by the target's probability (``Recipe.loss``).
    """

    def __init__(
        self,
        main_weight: float,
        mtp_weight: float = 0.0,
        mtp_target_weights: float | Sequence[float] = 1.0,
        *,
        rectified: bool = False,
    ):
        self.main_weight = max(main_weight, 1.0)
        self.rectified = rectified
        self.mtp_weight = mtp_weight
        weights = [mtp_target_weights] if isinstance(mtp_target_weights, int | float) else mtp_target_weights
        self.mtp_target_weights = [max(weight, 1.0) for weight in weights]

    def __call__(self, model: JoyFlash, batch: PackedBatch) -> tuple[torch.Tensor, dict[str, float]]:
        """Differentiable scalar of one row, and its sums ``loss``, ``mtp_loss`` and, of further passes, ``mtp_loss_2``…

        They are shares of the step's means; ``loss`` is cross entropy even where the objective is rectified.
        """
        context = PackedContext.of(batch.positions_T, model.config)
        # Before the forward pass: on a GPU this waits for all work.
        main = targets(batch, 1)
        passes = [targets(batch, 2, behind) for behind in range(len(self.mtp_target_weights))]
        hidden_TD = model.hidden(batch.tokens_T, context)
        powers_N = in_conversations(batch)[main[0] + 1].float() if self.rectified else None
        loss, losses_N = _sum_of_losses(model, hidden_TD, main, powers_N)
        loss = loss / self.main_weight
        sums = {"loss": float(loss.detach() if powers_N is None else (losses_N * main[2]).sum() / self.main_weight)}
        if not self.mtp_weight:
            return loss, sums
        for number, (found, weight) in enumerate(zip(passes, self.mtp_target_weights, strict=True), start=1):
            if number > 1:  # before a document's first token there is none, and no target there counts
                first_T1 = (batch.positions_T == 0).unsqueeze(-1)
                hidden_TD = torch.where(first_T1, hidden_TD, hidden_TD.roll(1, dims=0))
            hidden_TD = model.mtp_hidden(hidden_TD, batch.tokens_T, batch.positions_T, context)
            mtp_loss = _sum_of_losses(model, hidden_TD, found)[0] / weight
            sums["mtp_loss" if number == 1 else f"mtp_loss_{number}"] = float(mtp_loss.detach())
            loss = loss + self.mtp_weight / len(passes) * mtp_loss
        return loss, sums

    def columns(self, sums: Sequence[dict[str, float]]) -> dict[str, float]:
        """Columns of the log from the sums of all rows of the step."""
        return {**{name: sum(row[name] for row in sums) for name in sums[0]}, "targets": self.main_weight}


def _sum_of_losses(
    model: JoyFlash,
    hidden_TD: torch.Tensor,
    found: tuple[torch.Tensor, torch.Tensor, torch.Tensor],
    powers_N: torch.Tensor | None = None,
) -> tuple[torch.Tensor, torch.Tensor]:
    index_N, target_N, weight_N = found
    hidden_ND = hidden_TD.index_select(0, index_N)
    return weighted_cross_entropy(hidden_ND, model.lm_head.weight, target_N, weight_N, powers_N)
