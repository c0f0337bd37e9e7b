"""Who runs next: a waiting line by priority, and the sequences that hold cache blocks."""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable

from joyflash.engine.sequence import SequenceState


class Scheduler:
    """Higher priority first, then first come; admitted prompts of one priority take turns, a chunk each.

    Taking turns keeps a short prompt from waiting until a long one is through, and one chunk a step keeps any prompt
    from holding up the sequences that already generate.
    """

    def __init__(self) -> None:
        self._waiting: list[SequenceState] = []  # the first to be admitted first
        self._running: dict[SequenceState, None] = {}  # in the order of their turns
        self._arrivals = 0
        self._departures = 0

    @property
    def has_work(self) -> bool:
        """Whether any sequence waits or runs."""
        return bool(self._waiting or self._running)

    @property
    def waiting_count(self) -> int:
        """Sequences that are not admitted."""
        return len(self._waiting)

    def waiting_before(self, priority: int) -> int:
        """Count the sequences in line before which a new one of this priority would not be admitted."""
        return sum(sequence.request.priority >= priority for sequence in self.waiting)

    @property
    def running_count(self) -> int:
        """Sequences that are admitted."""
        return len(self._running)

    @property
    def waiting(self) -> list[SequenceState]:
        """The sequences in line, the first first."""
        return list(self._waiting)

    @property
    def running(self) -> list[SequenceState]:
        """The admitted sequences, in the order of their turns."""
        return list(self._running)

    @property
    def departures(self) -> int:
        """How often a sequence has stopped running since the start, for good or to wait again."""
        return self._departures

    def runs(self, sequence: SequenceState) -> bool:
        """Whether a sequence is admitted."""
        return sequence in self._running

    def add(self, sequence: SequenceState) -> None:
        """Put a new sequence in line, behind all of its priority."""
        sequence.arrival = self._arrivals
        self._arrivals += 1
        self._wait(sequence)

    def admit(self, sequence: SequenceState) -> None:
        """Let a waiting sequence run."""
        self._waiting.remove(sequence)
        self._running[sequence] = None

    def put_back(self, sequence: SequenceState) -> None:
        """Make a running sequence wait again, at the place in line that its arrival gives it."""
        self._depart(sequence)
        self._wait(sequence)

    def decoding(self) -> list[SequenceState]:
        """Return the running sequences that only lack their last token in the cache, the oldest claim first."""
        return sorted((sequence for sequence in self._running if sequence.pending == 1), key=_claim)

    def prefilling(self) -> list[SequenceState]:
        """Return the other running sequences, those of the highest priority first, in the order of their turns."""
        prompts = (sequence for sequence in self._running if sequence.pending > 1)
        return sorted(prompts, key=lambda sequence: -sequence.request.priority)

    def end_turn(self, sequence: SequenceState) -> None:
        """Send a sequence whose prompt got a chunk behind the other prompts of its priority."""
        del self._running[sequence]
        self._running[sequence] = None

    def remove(self, sequence: SequenceState) -> None:
        """Forget a sequence that ended, wherever it is."""
        if sequence in self._running:
            self._depart(sequence)
        elif sequence in self._waiting:
            self._waiting.remove(sequence)

    def of_request(self, request_id: str) -> list[SequenceState]:
        """Return the open sequences of a request, in the order of their choices."""
        own = [sequence for sequence in self.all() if sequence.request.request_id == request_id]
        return sorted(own, key=lambda sequence: sequence.index)

    def all(self) -> list[SequenceState]:
        """Return every open sequence."""
        return [*self._waiting, *self._running]

    def _depart(self, sequence: SequenceState) -> None:
        del self._running[sequence]
        self._departures += 1

    def _wait(self, sequence: SequenceState) -> None:
        insort(self._waiting, sequence, key=_claim)


def _claim(sequence: SequenceState) -> tuple[int, int]:
    return (-sequence.request.priority, sequence.arrival)


def weakest(sequences: Iterable[SequenceState]) -> SequenceState:
    """The sequence that has to go first when memory is short: of the lowest priority the last that came."""
    return max(sequences, key=_claim)
