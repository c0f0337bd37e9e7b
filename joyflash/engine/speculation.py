"""How many tokens to draft: from what a step of n rows costs here and now, and how often drafts prove right.

A step with drafts yields 1 + a_1 + a_1 a_2 + … tokens, where a_i is how likely draft i is right if those before it are;
it costs the step over more rows, and the drafts. Drafts are added one by one where they raise tokens per second.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

MOST_DRAFTS = 4
_PROBE_EVERY = 64
_LONGEST_PAUSE = 1024
_CLOSE_WATCH = 12
"""Steps after which drafts for more than ``_SMALL`` sequences give way to a plain step, which tells what it costs."""
_DECIDE_EVERY = 8
_SMALL = 4
_FRESH = 512
_MEMORY = 0.9
_LONG_MEMORY = 0.98
_TRUSTED = 0.2
"""Deviation from the average, as a share of it, beyond which a time counts no more."""
_OPTIMISM = 0.85
_HOPELESS = 0.02
_CHEAP_TRIAL = 128
"""Most tokens that the MTP layer may have to read first for the sake of a trial."""
_HORIZON = 64
"""Steps over which what has to be read first is spread."""
_LEAD, _LEAD_OF_MANY, _STAY = 1.15, 1.25, 1.05
"""Gain that drafts must promise before they begin, for up to ``_SMALL`` sequences and for more, and while they go on.
Costs and acceptance are estimates, and what looks best among noisy estimates is on average less than it looks. To find
that out costs more the more prompts the MTP layer has to read first."""


@dataclass(frozen=True)
class StepCosts:
    """Seconds of one step by its number of rows, of one draft (for any number of sequences up to a few), and of a token
    that the MTP layer reads without drafting.
    """

    rows: Mapping[int, float]
    draft: Mapping[int, float]
    reading: float = 0.0

    def step(self, rows: int) -> float:
        """Seconds of a step of ``rows`` rows; on the line through the nearest measured numbers."""
        return _interpolate(self.rows, self._known_rows, rows)

    def drafting(self, sequences: int) -> float:
        """Seconds of drafting one token for each of ``sequences``."""
        return _interpolate(self.draft, self._known_drafts, sequences) if sequences else 0.0

    @cached_property
    def _known_rows(self) -> list[int]:
        return sorted(self.rows)

    @cached_property
    def _known_drafts(self) -> list[int]:
        return sorted(self.draft)


def _interpolate(points: Mapping[int, float], known: Sequence[int], at: int) -> float:
    if at in points:
        return points[at]
    if at <= known[0] or len(known) == 1:
        return points[known[0]]
    right = min(bisect_left(known, at), len(known) - 1)
    low, high = known[right - 1], known[right]
    return points[low] + (points[high] - points[low]) * (at - low) / (high - low)


@dataclass
class Acceptance:
    """How often a sequence's drafts were right lately, by position; a moving average that begins optimistic."""

    rates: list[float] = field(default_factory=lambda: [_OPTIMISM] * MOST_DRAFTS)
    memory: float = _MEMORY

    def note(self, drafted: int, accepted: int) -> None:
        """Learn from one verification: positions up to the first wrong draft were tested."""
        for position in range(min(drafted, accepted + 1)):
            self.rates[position] += (1 - self.memory) * ((position < accepted) - self.rates[position])


class LiveCosts:
    """What steps cost while they serve: measured costs at first, corrected by every step that is timed.

    At the start nothing stands between two steps; in service other work does, and pushes weights out of the processor's
    caches. By how much differs with the number of rows, so each number has its own correction, and one that was not
    seen lately takes that of its nearest neighbour.
    """

    def __init__(self, measured: StepCosts) -> None:
        self._measured = measured
        self._factors: dict[int, tuple[float, int]] = {}  # by rows: factor, and when it was last seen
        self._draft_factor = 1.0
        self._now = 0
        self._fresh: list[int] = []
        self._fresh_at = -1

    def step(self, rows: int) -> float:
        """Seconds of a step of ``rows`` rows, the sampling included."""
        return self._measured.step(rows) * self._factor(rows)

    def drafting(self, sequences: int) -> float:
        """Seconds of drafting one token for each of ``sequences``."""
        return self._measured.drafting(sequences) * self._draft_factor

    def reading(self, tokens: int) -> float:
        """Seconds in which the MTP layer reads ``tokens``."""
        return tokens * self._measured.reading * self._draft_factor

    def note_step(self, rows: int, seconds: float) -> None:
        """Learn from a step without prompts."""
        believed, seen = self._factors.get(rows) or (self._factor(rows), self._now)
        self._now += 1
        ratio = seconds / self._measured.step(rows)
        self._factors[rows] = (_moved(believed, ratio, self._now - seen), self._now)

    def note_drafting(self, counts: Sequence[int], read: int, seconds: float) -> None:
        """Learn from drafting ``counts`` tokens for the sequences of a step, and reading ``read`` tokens for it."""
        depths = [sum(count > depth for count in counts) for depth in range(max(counts))]
        expected = sum(self._measured.drafting(depth) for depth in depths) + read * self._measured.reading
        self._draft_factor = _moved(self._draft_factor, seconds / expected)

    def _factor(self, rows: int) -> float:
        if self._fresh_at != self._now:  # a decision asks many times
            self._fresh = sorted(known for known, (_, seen) in self._factors.items() if self._now - seen < _FRESH)
            self._fresh_at = self._now
        if not self._fresh:
            return 1.0
        right = bisect_left(self._fresh, rows)
        neighbours = self._fresh[max(right - 1, 0) : right + 1]
        return self._factors[min(neighbours, key=lambda known: abs(known - rows))][0]


def _moved(average: float, value: float, age: int = 1) -> float:
    """A moving average, last moved ``age`` steps ago, that hardly heeds by how much a step was slow or fast.

    Now and then a step takes much longer, because a prompt or a neighbour emptied the caches. Were that believed, plain
    steps would look dear, drafts would begin, and no plain step would come to correct it.
    """
    most = _TRUSTED * average
    return average + (1 - _MEMORY**age) * min(max(value - average, -most), most)


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
        self.costs = LiveCosts(costs) if fixed is None and costs is not None else None
        self._usual = Acceptance(memory=_LONG_MEMORY)
        self._chosen: list[int] = []
        self._age = _DECIDE_EVERY  # the first decision is due
        self._until_probe = self._pause = _PROBE_EVERY

    def newcomer(self) -> Acceptance:
        """What to expect of a sequence of which nothing is known: what was usual lately."""
        return Acceptance(list(self._usual.rates))

    def note(self, sequence: Acceptance, drafted: int, accepted: int) -> None:
        """Learn from one verification, for the sequence and for those to come."""
        sequence.note(drafted, accepted)
        self._usual.note(drafted, accepted)

    def choose(self, sequences: Sequence[Acceptance], unread: Sequence[int], others: int = 0) -> list[int]:
        """Drafts for each of ``sequences``, which all decode in the coming step.

        Args:
            unread: tokens of each that the MTP layer has to read before it can draft.
            others: sequences that still read their prompts; they will soon decode beside these.
        """
        if self.costs is None:
            return [self._fixed or 0] * len(sequences)
        self._age += 1
        before = any(self._chosen)
        if not sequences:
            return []
        if not before and len(sequences) > _SMALL:
            self._chosen = [0] * len(sequences)  # whoever comes or goes, until the next decision: they cost time
        if len(sequences) != len(self._chosen) or self._age >= _DECIDE_EVERY:
            self._chosen = self._best(sequences, unread, others, self.costs, self._lead(len(sequences) + others))
            self._age = 0
            if before != any(self._chosen):
                self._pause = _PROBE_EVERY
                self._until_probe = self._steps_to_probe()
        self._until_probe -= 1
        if self._until_probe > 0:
            return self._chosen
        # Now and then the other way, to notice when text or costs have changed; less often while nothing has.
        self._pause = min(2 * self._pause, _LONGEST_PAUSE)
        self._until_probe = self._steps_to_probe()
        if any(self._chosen):
            return [0] * len(sequences)
        cheapest = min(range(len(sequences)), key=unread.__getitem__)
        return [int(place == cheapest and unread[place] <= _CHEAP_TRIAL) for place in range(len(sequences))]

    def _steps_to_probe(self) -> int:
        return _CLOSE_WATCH if any(self._chosen) and len(self._chosen) > _SMALL else self._pause

    def _lead(self, batch: int) -> float:
        if any(self._chosen):
            return _STAY
        return _LEAD if batch <= _SMALL else _LEAD_OF_MANY

    @staticmethod
    def _best(
        sequences: Sequence[Acceptance], unread: Sequence[int], others: int, costs: LiveCosts, lead: float
    ) -> list[int]:
        """The numbers with the most tokens per second; none unless that is ``lead`` times the speed without."""
        batch = len(sequences) + others
        drafts = [0] * len(sequences)
        plain_speed = batch / costs.step(batch) if batch else 0.0
        best_drafts, best_speed = list(drafts), plain_speed
        # How likely the next draft of each sequence is to be reached and right; and how many draft at each depth.
        gains = [each.rates[0] for each in sequences]
        depths = [0] * MOST_DRAFTS
        tokens, drafting = float(batch), 0.0
        # The likeliest draft first, to the end: the first of a depth pays for a pass that the others then share, so
        # the best point may lie behind worse ones.
        for added in range(1, len(sequences) * MOST_DRAFTS + 1):
            best = max(range(len(sequences)), key=gains.__getitem__)
            if gains[best] < _HOPELESS:
                break
            depth = drafts[best]
            drafts[best] += 1
            drafting += costs.drafting(depths[depth] + 1) - costs.drafting(depths[depth])
            if depth == 0:
                drafting += costs.reading(unread[best]) / _HORIZON
            depths[depth] += 1
            tokens += gains[best]
            gains[best] = gains[best] * sequences[best].rates[depth + 1] if depth + 1 < MOST_DRAFTS else 0.0
            speed = tokens / (costs.step(batch + added) + drafting)
            if speed > best_speed:
                best_drafts, best_speed = list(drafts), speed
        return best_drafts if best_speed >= lead * plain_speed else [0] * len(sequences)
