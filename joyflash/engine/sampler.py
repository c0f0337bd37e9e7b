"""From logits to tokens: penalties, bias, constraints and truncation, then the Gumbel-max trick.

Whatever asks for none of these gets the same tokens from ``StepModel.draw``, which is faster.

Letters: B sequences of the step, V rows of the model's vocabulary.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from joyflash.engine.request import SamplingParams, TokenLogprob
from joyflash.errors import EngineError
from joyflash.kernels.cpu.draw import all_finite, can_draw
from joyflash.kernels.gumbel import Draw, gumbel_argmax


@dataclass(frozen=True)
class SamplingRow:
    """All that sampling needs to know of one sequence.

    ``draw`` is the noise of its next place; ``counts`` how often each token was generated; ``mask`` bool over the
    tokenizer's entries, True where allowed.
    """

    params: SamplingParams
    draw: Draw
    counts: Mapping[int, int]
    mask: Tensor | None = None


def truncate(scores_V: Tensor, params: SamplingParams) -> Tensor:
    """Set to -inf the tokens that top_k cuts off, then top_p of what is left, and min_p; before temperature."""
    if params.top_k <= 0 and params.top_p == 1.0 and params.min_p == 0.0:
        return scores_V
    # Subtracting the best first keeps a tiny temperature from overflowing.
    wide_V = scores_V.to(torch.float64)
    probs_V = torch.softmax((wide_V - wide_V.max()) / params.temperature, dim=-1)
    sorted_V, order_V = torch.sort(probs_V, descending=True, stable=True)
    if params.top_k > 0:
        sorted_V[params.top_k :] = 0.0
    keep_V = (sorted_V > 0.0) & (sorted_V >= params.min_p * sorted_V[0])
    if params.top_p < 1.0:
        keep_V &= sorted_V.cumsum(0) - sorted_V < params.top_p * sorted_V.sum()
    keep_V[0] = True
    return scores_V.index_fill(0, order_V[~keep_V], -torch.inf)


def _adjust(scores_V: Tensor, row: SamplingRow) -> None:
    """Apply penalties, bias and the constraint's mask in place."""
    params = row.params
    if row.counts and (params.presence_penalty or params.frequency_penalty):
        ids = torch.tensor(list(row.counts), device=scores_V.device)
        counts = torch.tensor(list(row.counts.values()), dtype=scores_V.dtype, device=scores_V.device)
        scores_V[ids] -= params.presence_penalty + params.frequency_penalty * counts
    for token_id, bias in (params.logit_bias or {}).items():
        scores_V[token_id] += bias
    if row.mask is not None:
        scores_V[: row.mask.shape[0]].masked_fill_(~row.mask.to(scores_V.device), -torch.inf)


def token_logprob(logits_V: Tensor, token_id: int, count: int) -> TokenLogprob:
    """The log-probability of a token and of the ``count`` likeliest; logits float32 [V], the tokenizer's entries."""
    logprobs_V = torch.log_softmax(logits_V, dim=-1)
    best = torch.topk(logprobs_V, min(count, logprobs_V.shape[0])) if count else None
    top = tuple(zip(best.indices.tolist(), best.values.tolist(), strict=True)) if best else ()
    return TokenLogprob(token_id, float(logprobs_V[token_id]), top)


def sample(
    logits_BV: Tensor | Sequence[Tensor], rows: Sequence[SamplingRow], vocabulary: int
) -> tuple[list[int], list[TokenLogprob | None]]:
    """Choose one token for every row.

    Args:
        logits_BV: the model's logits, float32, as one tensor or row by row; columns from ``vocabulary`` on are padding
            and never chosen.
        rows: one entry a row of ``logits_BV``.
        vocabulary: entries of the tokenizer.

    Returns:
        Token ids, and their log-probabilities where a row asks for them.

    Raises:
        EngineError: a logit is not finite, or a row's constraint allows no token at all.
    """
    each = [logits_V[:vocabulary].float().contiguous() for logits_V in logits_BV]
    # Row by row and not in one operation: a large one would wake torch's own threads, which then keep a core busy that
    # the next step needs.
    if not all(all_finite(logits_V) if can_draw(logits_V) else bool(logits_V.isfinite().all()) for logits_V in each):
        raise EngineError("The model returned logits that are not finite; check the checkpoint's weights and dtype.")
    scores = [_scores(logits_V, row) for logits_V, row in zip(each, rows, strict=True)]
    tokens = [gumbel_argmax(scores_V, row.draw) for scores_V, row in zip(scores, rows, strict=True)]
    if -1 in tokens:
        raise EngineError("The constraint of a request allows no token at all.")
    logprobs = [
        token_logprob(each[b], tokens[b], row.params.logprobs) if row.params.logprobs is not None else None
        for b, row in enumerate(rows)
    ]
    return tokens, logprobs


def _scores(logits_V: Tensor, row: SamplingRow) -> Tensor:
    """Logits after penalties, bias and mask, and after truncation if anything is drawn."""
    params = row.params
    changed = row.mask is not None or params.logit_bias or params.presence_penalty or params.frequency_penalty
    if changed:
        logits_V = logits_V.clone()
        _adjust(logits_V, row)
    return truncate(logits_V, params) if params.temperature > 0 else logits_V
