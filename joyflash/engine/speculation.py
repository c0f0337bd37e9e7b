"""How many tokens to draft: from what a step of n rows costs on this machine, and how often drafts prove right.

A step with drafts yields 1 + a_1 + a_1 a_2 + … tokens, where a_i is how likely draft i is right if those before it are;
it costs the step over more rows, and the drafts. Drafts are added one by one where they raise tokens per second.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

MOST_DRAFTS = 4
_PROBE_EVERY = 64
_MEMORY = 0.9
_OPTIMISM = 0.7
_HOPELESS = 0.02


@dataclass(frozen=True)
class StepCosts:
    """Seconds of one step by its number of rows, and of one draft (for any number of sequences up to a few)."""

    rows: Mapping[int, float]
    draft: Mapping[int, float]

    def step(self, rows: int) -> float:
        """Seconds of a step of ``rows`` rows; on the line through the nearest measured numbers."""
        return _interpolate(self.rows, rows)

    def drafting(self, sequences: int) -> float:
        """Seconds of drafting one token for each of ``sequences``."""
        return _interpolate(self.draft, sequences) if sequences else 0.0


def _interpolate(points: Mapping[int, float], at: int) -> float:
    if at in points:
        return points[at]
    known = sorted(points)
    if at <= known[0] or len(known) == 1:
        return points[known[0]]
    right = min(bisect_left(known, at), len(known) - 1)
    low, high = known[right - 1], known[right]
    return points[low] + (points[high] - points[low]) * (at - low) / (high - low)


@dataclass
class Acceptance:
    """How often a sequence's drafts were right lately, by position; a moving average that begins optimistic."""

    rates: list[float] = field(default_factory=lambda: [_OPTIMISM] * MOST_DRAFTS)
    tokens_since_draft: int = 0

    def note(self, drafted: int, accepted: int) -> None:
        """Learn from one verification: positions up to the first wrong draft were tested."""
        for position in range(min(drafted, accepted + 1)):
            self.rates[position] += (1 - _MEMORY) * ((position < accepted) - self.rates[position])
        self.tokens_since_draft = 0


class DraftPolicy:
    """Chooses the number of drafts of each sequence of a batch.

    Args:
        fixed: this many for each; None chooses by ``costs``.
        costs: measured on this model and machine; only needed to choose.
    """

    def __init__(self, fixed: int | None, costs: StepCosts | None = None) -> None:
        if fixed is None and costs is None:
            raise ValueError("choosing the number of drafts needs measured costs")
        self._fixed = fixed
        self._costs = costs

    def choose(self, sequences: Sequence[Acceptance]) -> list[int]:
        """Drafts for each of ``sequences``, which all decode in the coming step."""
        if self._fixed is not None or self._costs is None:
            return [self._fixed or 0] * len(sequences)
        costs = self._costs
        drafts = [0] * len(sequences)
        best_drafts, best_speed = list(drafts), len(sequences) / costs.step(len(sequences)) if sequences else 0.0
        # How likely the next draft of each sequence is to be reached and right; and how many draft at each depth.
        gains = [each.rates[0] for each in sequences]
        depths = [0] * MOST_DRAFTS
        tokens, drafting = float(len(sequences)), 0.0
        # The likeliest draft first, to the end: the first of a depth pays for a pass that the others then share, so
        # the best point may lie behind worse ones.
        for added in range(1, len(sequences) * MOST_DRAFTS + 1):
            best = max(range(len(sequences)), key=gains.__getitem__)
            if gains[best] < _HOPELESS:
                break
            depth = drafts[best]
            drafts[best] += 1
            drafting += costs.drafting(depths[depth] + 1) - costs.drafting(depths[depth])
            depths[depth] += 1
            tokens += gains[best]
            gains[best] = gains[best] * sequences[best].rates[depth + 1] if depth + 1 < MOST_DRAFTS else 0.0
            speed = tokens / (costs.step(len(sequences) + added) + drafting)
            if speed > best_speed:
                best_drafts, best_speed = list(drafts), speed
        return [self._probe(count, each) for count, each in zip(best_drafts, sequences, strict=True)]

    @staticmethod
    def _probe(count: int, each: Acceptance) -> int:
        """One draft now and then where none pays, to notice when the text has changed."""
        each.tokens_since_draft += 1
        return 1 if count == 0 and each.tokens_since_draft >= _PROBE_EVERY else count
