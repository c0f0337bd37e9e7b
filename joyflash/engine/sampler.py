"""From logits to tokens: the Gumbel-max trick with noise that depends on nothing but the request.

The noise of a token is a hash of (request seed, choice index, absolute position, token id). So a seed gives the same
text whatever else runs in the batch, and anything that samples the same position again draws the same token.

Letters: B sequences of the step, V rows of the model's vocabulary.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from joyflash.engine.request import SamplingParams, TokenLogprob
from joyflash.errors import EngineError
from joyflash.kernels.cpu.draw import all_finite, can_draw, gumbel_argmax

# SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014).
_MASK64 = (1 << 64) - 1
_GOLDEN = 0x9E3779B97F4A7C15
_MIX_1 = 0xBF58476D1CE4E5B9
_MIX_2 = 0x94D049BB133111EB


@dataclass(frozen=True)
class SamplingRow:
    """All that sampling needs to know of one sequence.

    ``position`` is the absolute position that the sampled token will have; ``counts`` how often each token was
    generated; ``mask`` bool over the tokenizer's entries, True where allowed.
    """

    params: SamplingParams
    seed: int
    index: int
    position: int
    counts: Mapping[int, int]
    mask: Tensor | None = None


@dataclass(frozen=True)
class DraftRow:
    """What drawing a draft needs to know: the noise of its place, and the temperature."""

    key: int
    temperature: float


def _mix(value: int) -> int:
    value = ((value ^ (value >> 30)) * _MIX_1) & _MASK64
    value = ((value ^ (value >> 27)) * _MIX_2) & _MASK64
    return value ^ (value >> 31)


def _signed(value: int) -> int:
    """The int64 with the same 64 bits."""
    return value - (1 << 64) if value >> 63 else value


def _shift_right(value: Tensor, bits: int) -> Tensor:
    """Logical right shift of int64."""
    return (value >> bits) & ((1 << (64 - bits)) - 1)


def noise_key(seed: int, index: int, position: int) -> int:
    """Return the 64-bit hash, as int64, of everything but the token id."""
    key = _mix((seed + _GOLDEN) & _MASK64)
    for part in (index, position):
        key = _mix((key + _GOLDEN * (part + 1)) & _MASK64)
    return _signed(key)


def gumbel_noise(keys_B: Tensor, ids_V: Tensor) -> Tensor:
    """Return standard Gumbel noise, float64 [B, V]; row b, column v is a function of ``keys_B[b]`` and ``ids_V[v]``."""
    bits_BV = keys_B[:, None] + (ids_V.to(torch.int64) + 1) * _signed(_GOLDEN)
    bits_BV = (bits_BV ^ _shift_right(bits_BV, 30)) * _signed(_MIX_1)
    bits_BV = (bits_BV ^ _shift_right(bits_BV, 27)) * _signed(_MIX_2)
    bits_BV = bits_BV ^ _shift_right(bits_BV, 31)
    # 52 bits at the middle of their cell: neither 0 nor 1 can occur, so both logarithms are finite.
    uniform_BV = (_shift_right(bits_BV, 12).to(torch.float64) + 0.5) * 2.0**-52
    return -torch.log(-torch.log(uniform_BV))


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


def _logprobs(logits_V: Tensor, token_id: int, count: int) -> TokenLogprob:
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
    noise = [DraftRow(noise_key(row.seed, row.index, row.position), row.params.temperature) for row in rows]
    tokens = [_draw(scores_V, own) for scores_V, own in zip(scores, noise, strict=True)]
    if -1 in tokens:
        raise EngineError("The constraint of a request allows no token at all.")
    logprobs = [
        _logprobs(each[b], tokens[b], row.params.logprobs) if row.params.logprobs is not None else None
        for b, row in enumerate(rows)
    ]
    return tokens, logprobs


def draw(logits_Bv: Tensor, rows: Sequence[DraftRow], ids_v: Tensor) -> list[int]:
    """Draw a draft for every row from the entries ``ids_v`` (int32, on the CPU).

    The noise is what ``sample`` will use at that place. Penalties, masks and truncation are left to it: a draft that
    they would change is merely rejected.
    """
    drawn = [_draw(logits_v, row, ids_v) for logits_v, row in zip(logits_Bv.float(), rows, strict=True)]
    return [int(ids_v[i]) for i in drawn]


def _scores(logits_V: Tensor, row: SamplingRow) -> Tensor:
    """Logits after penalties, bias and mask, and after truncation if anything is drawn."""
    params = row.params
    changed = row.mask is not None or params.logit_bias or params.presence_penalty or params.frequency_penalty
    if changed:
        logits_V = logits_V.clone()
        _adjust(logits_V, row)
    return truncate(logits_V, params) if params.temperature > 0 else logits_V


def _draw(scores_V: Tensor, row: DraftRow, ids_V: Tensor | None = None) -> int:
    """Index of the largest score plus noise times temperature; -1 where all are -inf."""
    # argmax(logits / T + noise) = argmax(logits + T noise), without a division that can overflow.
    if can_draw(scores_V):
        return gumbel_argmax(scores_V.contiguous(), row.key, row.temperature, ids_V)
    noisy_V = scores_V.to(torch.float64)
    if row.temperature > 0:
        keys_1 = torch.tensor([row.key], dtype=torch.int64, device=scores_V.device)
        ids_V = torch.arange(scores_V.numel(), device=scores_V.device) if ids_V is None else ids_V
        noisy_V = noisy_V + row.temperature * gumbel_noise(keys_1, ids_V.to(scores_V.device))[0]
    best, index = noisy_V.max(dim=-1)
    return -1 if float(best) == -torch.inf else int(index)
