"""What the engine counts while it runs."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class CacheUse:
    """The paged cache at one moment, in tokens.

    Attributes:
        size: tokens that there is room for.
        held: of these, in blocks that running sequences hold.
        asked, found: prompt tokens looked up in the prefix cache since the start, and those it had.
    """

    size: int
    held: int
    asked: int
    found: int


@dataclass
class Statistics:
    """Counts since the engine was made; they only grow.

    Attributes:
        steps: passes of the model.
        tokens: sampled tokens.
        preemptions: sequences that lost their cache blocks and were computed again.
        drafted, accepted: tokens drafted, and drafts that proved right, at draft position 1, 2, …; a draft behind a
            wrong one counts as drafted.
    """

    steps: int = 0
    tokens: int = 0
    preemptions: int = 0
    drafted: list[int] = field(default_factory=list)
    accepted: list[int] = field(default_factory=list)

    def note_drafts(self, drafted: int, accepted: int) -> None:
        """Count a sequence's ``drafted`` tokens, of which the first ``accepted`` proved right."""
        missing = drafted - len(self.drafted)
        self.drafted += [0] * missing
        self.accepted += [0] * missing
        for position in range(drafted):
            self.drafted[position] += 1
            self.accepted[position] += position < accepted
