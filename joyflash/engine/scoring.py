"""Log-probabilities of given tokens by the step that generates: what a trainer compares its own with.

Letters: n rows, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from joyflash.engine.block_pool import BlockPool
from joyflash.errors import EngineError
from joyflash.model.step import Rows, StepModel


@dataclass(frozen=True)
class Scores:
    """Of the tokens of one sequence from some place on.

    Attributes:
        log_prob_N: natural log-probability of each, float32.
        entropy_N: entropy of the distribution that each was drawn from, in nats.
    """

    log_prob_N: Tensor
    entropy_N: Tensor


@torch.inference_mode()
def score(
    model: StepModel, pool: BlockPool, sequences: Sequence[tuple[Sequence[int], int]], vocabulary: int
) -> list[Scores]:
    """Run ready sequences through the step, a chunk of one at a time.

    With a batch-invariant step the numbers are those that generation reported, bit for bit, at the same weights.

    Args:
        model, pool: of an idle engine; cached prefixes are not used, and may have to make room.
        sequences: token ids, and the index (at least 1) of the first token to score.
        vocabulary: entries of the tokenizer; those beyond are never sampled and count for nothing.

    Raises:
        EngineError: a sequence is longer than the cache, or a logit is not finite.
    """
    return [_score_one(model, pool, ids, first, vocabulary) for ids, first in sequences]


def _score_one(model: StepModel, pool: BlockPool, ids: Sequence[int], first: int, vocabulary: int) -> Scores:
    needed = -(-len(ids) // pool.block_size)
    if needed > pool.free_blocks or len(ids) > model.context_length:
        raise EngineError(
            f"A sequence of {len(ids)} tokens does not fit the engine's cache; give it more cache_tokens."
        )
    blocks = [pool.allocate() for _ in range(needed)]
    log_probs, entropies = [], []
    try:
        for start in range(0, len(ids) - 1, model.max_rows):
            chunk = ids[start : min(start + model.max_rows, len(ids) - 1)]
            places = range(start, start + len(chunk))
            hidden_nD = model.trunk(Rows(chunk, places, [0] * len(chunk), [blocks]))
            skipped = max(0, first - 1 - start)
            if skipped >= len(chunk):
                continue
            targets = ids[start + skipped + 1 : start + len(chunk) + 1]
            for logits_V, target in zip(model.logits(hidden_nD[skipped:]), targets, strict=True):
                # Row by row, as the sampler does it: the same operation on the same numbers.
                logprobs_V = torch.log_softmax(logits_V[:vocabulary].float(), dim=-1)
                log_probs.append(logprobs_V[target])
                entropies.append(-(logprobs_V.exp() * logprobs_V).sum())
    finally:
        pool.release(blocks)
    found = Scores(torch.stack(log_probs), torch.stack(entropies)) if log_probs else Scores(*torch.zeros(2, 0))
    if not bool(found.log_prob_N.isfinite().all()):
        raise EngineError("The model gives log-probabilities that are not finite; its weights are damaged.")
    return found
