"""The trainer's side of the policy: log-probabilities of sampled tokens, and gradients that pull on them.

A step works in two passes. The first only looks: log-probabilities of all sampled tokens of the step, from which the
loss and its derivative by each of them follow, whatever the loss ties together (trajectories, groups, domains). The
second runs the model once more, row by row, and passes each token its derivative. Sums of micro-batches are therefore
exact for every loss, and no more than one row's activations exist at a time.

Letters: T tokens of a row, N sampled tokens, D hidden, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from joyflash.batch import PackedBatch
from joyflash.engine.engine import Engine
from joyflash.engine.scoring import Scores
from joyflash.errors import TrainingError
from joyflash.model.attention import PackedContext
from joyflash.model.joyflash import JoyFlash
from joyflash.rl.rows import PLACE, PULL, ROUTES, pack_rows
from joyflash.rl.trajectory import Trajectory
from joyflash.train.losses import weighted_cross_entropy

_CHUNK = 512
"""Targets whose logits exist at one time."""


class PolicyPull:
    """An objective for ``RowWorkers``: the sum of weight times cross entropy over the tokens that pull.

    Its gradient is that of a loss with the derivative minus the weight by each token's log-probability.

    Args:
        vocabulary: entries of the tokenizer; the model's further ones are never sampled and count for nothing.
    """

    def __init__(self, vocabulary: int) -> None:
        self._vocabulary = vocabulary

    def __call__(self, model: JoyFlash, row: PackedBatch) -> tuple[Tensor, dict[str, float]]:
        """Differentiable scalar of one row; there is nothing to report."""
        target_N = row.extras[PULL].nonzero().flatten()
        hidden_TD = model.hidden(row.tokens_T, _context(model, row))
        loss, _ = weighted_cross_entropy(
            hidden_TD.index_select(0, target_N - 1),
            model.lm_head.weight[: self._vocabulary],
            row.tokens_T[target_N],
            row.extras[PULL][target_N],
        )
        return loss, {}


def _context(model: JoyFlash, row: PackedBatch) -> PackedContext:
    return PackedContext.of(row.positions_T, model.config, row.extras.get(ROUTES))


@torch.no_grad()
def trainer_scores(
    model: JoyFlash, trajectories: Sequence[Trajectory], vocabulary: int, row_tokens: int, *, replay: bool = False
) -> Scores:
    """Log-probabilities and entropies of all sampled tokens by the trainer's own forward pass.

    Args:
        replay: choose the experts that the rollout recorded; their weights follow from the model as it is now.
    """
    training = model.training
    model.eval()
    count = sum(len(trajectory.log_probs) for trajectory in trajectories)
    scores = Scores(torch.empty(count), torch.empty(count))
    for row in pack_rows(trajectories, None, row_tokens, replay=replay):
        target_N = (row.extras[PLACE] >= 0).nonzero().flatten()
        hidden_ND = model.hidden(row.tokens_T, _context(model, row))[target_N - 1]
        for chunk, part_ND in zip(target_N.split(_CHUNK), hidden_ND.split(_CHUNK), strict=True):
            logprobs_NV = torch.log_softmax(model.logits(part_ND)[:, :vocabulary], dim=-1)
            place = row.extras[PLACE][chunk]
            scores.log_prob_N[place] = logprobs_NV.gather(1, row.tokens_T[chunk, None]).squeeze(1)
            scores.entropy_N[place] = -(logprobs_NV.exp() * logprobs_NV).sum(dim=-1)
    model.train(training)
    return scores


def engine_scores(engine: Engine, trajectories: Sequence[Trajectory]) -> Scores:
    """The same by the engine's step. At equal weights a batch-invariant step gives the rollout's numbers, bit for bit.

    Raises:
        EngineError: the engine has open requests, or a number is not finite.
    """
    parts = engine.score([(trajectory.ids, trajectory.prompt_length) for trajectory in trajectories])
    log_probs, entropies = [], []
    for trajectory, part in zip(trajectories, parts, strict=True):
        sampled = torch.tensor(trajectory.sampled_indices(), dtype=torch.int64) - trajectory.prompt_length
        log_probs.append(part.log_prob_N[sampled])
        entropies.append(part.entropy_N[sampled])
    return Scores(torch.cat(log_probs), torch.cat(entropies))


def sampled_scores(trajectories: Sequence[Trajectory]) -> Scores:
    """What the rollouts noted: under the weights that sampled it is what a batch-invariant engine would say again.

    A token's entropy is not noted; minus its log-probability stands for it, which on the mean is an unbiased estimate.
    """
    log_prob_N = torch.tensor([value for trajectory in trajectories for value in trajectory.log_probs])
    return Scores(log_prob_N, -log_prob_N)


def mismatch(scores: Scores, trajectories: Sequence[Trajectory]) -> float:
    """Largest |log π_train − log π_rollout| over the sampled tokens; at equal weights it should vanish.

    Raises:
        TrainingError: there is no sampled token.
    """
    rollout_N = torch.tensor([value for trajectory in trajectories for value in trajectory.log_probs])
    if rollout_N.numel() == 0:
        raise TrainingError("No token was sampled; there is nothing to compare.")
    return float((scores.log_prob_N - rollout_N.to(scores.log_prob_N)).abs().max())
