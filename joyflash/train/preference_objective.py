"""The training objective of DPO: a loss on the log-ratios of both answers of each pair of a packed row.

Letters: D documents of a row, P its pairs, N targets.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from joyflash.batch import PackedBatch
from joyflash.data.pair_rows import PAIR, REFERENCE
from joyflash.model.attention import PackedContext
from joyflash.model.joyflash import JoyFlash
from joyflash.train.losses import token_log_probs
from joyflash.train.objective import targets
from joyflash.train.preference_losses import PreferenceLoss


def answer_log_probs(model: JoyFlash, row: PackedBatch) -> tuple[Tensor, Tensor]:
    """Log-probability and number of tokens of what has weight in each document, both float32 [D]."""
    index_N, target_N, weight_N = targets(row, 1)
    context = PackedContext.of(row.positions_T, model.config)
    hidden_TD = model.hidden(row.tokens_T, context)
    log_prob_N = token_log_probs(hidden_TD.index_select(0, index_N), model.lm_head.weight, target_N)
    document_N = row.document_T[index_N].long()
    zeros_D = log_prob_N.new_zeros(row.extras[PAIR].numel())
    weight_N = weight_N.to(zeros_D)
    return zeros_D.index_add(0, document_N, log_prob_N * weight_N), zeros_D.index_add(0, document_N, weight_N)


@dataclass(frozen=True)
class PreferenceObjective:
    """Loss = mean over the step's pairs of ``loss`` + ``nll_weight`` · negative log-likelihood of the better answers.

    Args:
        loss: of log-ratios, see ``joyflash.train.preference_losses``.
        pairs: of the whole step.
        per_token: log-ratios are means over tokens instead of sums.
        beta: what a log-ratio times this is called a reward.
        nll_weight: factor on the mean negative log-likelihood per token of the better answers of the step.
        chosen_tokens: number of these tokens.
    """

    loss: PreferenceLoss
    pairs: int
    per_token: bool
    beta: float
    nll_weight: float = 0.0
    chosen_tokens: float = 1.0

    def __call__(self, model: JoyFlash, row: PackedBatch) -> tuple[Tensor, dict[str, float]]:
        """Differentiable scalar of one row, and its shares of the step's means."""
        log_prob_D, tokens_D = answer_log_probs(model, row)
        ratio_D = log_prob_D - row.extras[REFERENCE]
        scored_D = ratio_D / tokens_D.clamp(min=1.0) if self.per_token else ratio_D
        loss = self.loss(scored_D[0::2], scored_D[1::2]).sum() / self.pairs
        ratio_P, worse_P = ratio_D.detach()[0::2], ratio_D.detach()[1::2]
        parts = {
            "loss": loss,
            "accuracy": right_share(ratio_P, worse_P).sum() / self.pairs,
            "chosen_reward": self.beta * ratio_P.sum() / self.pairs,
            "rejected_reward": self.beta * worse_P.sum() / self.pairs,
        }
        if self.nll_weight:
            nll = -log_prob_D[0::2].sum() / max(self.chosen_tokens, 1.0)
            parts["nll"] = nll
            loss = loss + self.nll_weight * nll
        return loss, {name: float(value.detach()) for name, value in parts.items()}

    def columns(self, sums: Sequence[dict[str, float]]) -> dict[str, float]:
        """Columns of the log from the sums of all rows of the step."""
        found = {name: sum(row[name] for row in sums) for name in sums[0]}
        margin = sum(row["chosen_reward"] - row["rejected_reward"] for row in sums)
        return {**found, "margin": margin, "pairs": self.pairs}


class AnswerScores:
    """An objective that only looks: the log-probabilities of both answers of every pair, by number, in its sums.

    It runs where training runs, with the same products, so that a policy that has not moved has log-ratios of 0 but
    for rounding. Its scalar has no gradient to speak of.
    """

    def __call__(self, model: JoyFlash, row: PackedBatch) -> tuple[Tensor, dict[str, float]]:
        """A scalar of gradient 0, and ``{"7/0": ..., "7/1": ...}`` for the better and the worse answer of pair 7."""
        with torch.no_grad():
            log_prob_D, _ = answer_log_probs(model, row)
        numbers = row.extras[PAIR].tolist()
        sums = {
            f"{number}/{place % 2}": value
            for place, (number, value) in enumerate(zip(numbers, log_prob_D.tolist(), strict=True))
        }
        head = model.lm_head.weight
        trained = head if head.requires_grad else next(p for p in model.parameters() if p.requires_grad)
        return trained.sum() * 0.0, sums


def right_share(chosen_P: Tensor, rejected_P: Tensor) -> Tensor:
    """1 where the better answer is ahead, 0 where it is behind, ½ where they are level."""
    return (torch.sign(chosen_P - rejected_P) + 1) / 2
