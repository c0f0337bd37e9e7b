"""Who runs next: a waiting line by priority, and the sequences that hold cache blocks."""

from __future__ import annotations

from collections.abc import Iterable

from joyflash.engine.sequence import SequenceState


class Scheduler:
    """Higher priority first, then first come, first admitted; admitted prompts take turns, a chunk each.

    Taking turns keeps a short prompt from waiting until a long one is through, and one chunk a step keeps any prompt
    from holding up the sequences that already generate.
    """

    def __init__(self) -> None:
        self._waiting: list[SequenceState] = []
        self._running: list[SequenceState] = []
        self._arrivals = 0

    @property
    def has_work(self) -> bool:
        """Whether any sequence waits or runs."""
        return bool(self._waiting or self._running)

    @property
    def waiting_count(self) -> int:
        """Sequences that are not admitted."""
        return len(self._waiting)

    @property
    def running_count(self) -> int:
        """Sequences that are admitted."""
        return len(self._running)

    @property
    def running(self) -> list[SequenceState]:
        """The admitted sequences, those with the oldest claim first."""
        return sorted(self._running, key=_claim)

    def add(self, sequence: SequenceState) -> None:
        """Put a new sequence in line, behind all of its priority."""
        sequence.arrival = self._arrivals
        self._arrivals += 1
        self._wait(sequence)

    def first_waiting(self) -> SequenceState | None:
        """Return the sequence that is to be admitted next."""
        return self._waiting[0] if self._waiting else None

    def admit(self, sequence: SequenceState) -> None:
        """Let a waiting sequence run."""
        self._waiting.remove(sequence)
        self._running.append(sequence)

    def put_back(self, sequence: SequenceState) -> None:
        """Make a running sequence wait again, at the place in line that its arrival gives it."""
        self._running.remove(sequence)
        self._wait(sequence)

    def decoding(self) -> list[SequenceState]:
        """Return the running sequences that only lack their last token in the cache, the oldest claim first."""
        return [sequence for sequence in self.running if sequence.pending == 1]

    def prefilling(self) -> list[SequenceState]:
        """Return the other running sequences in the order of their turns."""
        return [sequence for sequence in self._running if sequence.pending > 1]

    def end_turn(self, sequence: SequenceState) -> None:
        """Send a sequence whose prompt got a chunk behind the other prompts."""
        self._running.remove(sequence)
        self._running.append(sequence)

    def remove(self, sequence: SequenceState) -> None:
        """Forget a sequence that ended, wherever it is."""
        for group in (self._waiting, self._running):
            if sequence in group:
                group.remove(sequence)

    def of_request(self, request_id: str) -> list[SequenceState]:
        """Return the open sequences of a request, in the order of their choices."""
        own = [sequence for sequence in self.all() if sequence.request.request_id == request_id]
        return sorted(own, key=lambda sequence: sequence.index)

    def all(self) -> list[SequenceState]:
        """Return every open sequence."""
        return [*self._waiting, *self._running]

    def _wait(self, sequence: SequenceState) -> None:
        self._waiting.append(sequence)
        self._waiting.sort(key=_claim)


def _claim(sequence: SequenceState) -> tuple[int, int]:
    return (-sequence.request.priority, sequence.arrival)


def weakest(sequences: Iterable[SequenceState]) -> SequenceState:
    """The sequence that has to go first when memory is short: of the lowest priority the last that came."""
    return max(sequences, key=_claim)
