"""Who runs next: a waiting line, and the sequences that hold a cache slot."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from joyflash.engine.sequence import SequenceState


class Scheduler:
    """First come, first admitted; admitted prompts take turns, one chunk each.

    Taking turns keeps a short prompt from waiting until a long one is through, and one chunk a step keeps any prompt
    from holding up the sequences that already generate.
    """

    def __init__(self) -> None:
        self._waiting: deque[SequenceState] = deque()
        self._prefilling: deque[SequenceState] = deque()
        self._decoding: list[SequenceState] = []

    @property
    def has_work(self) -> bool:
        """Whether any sequence waits or runs."""
        return bool(self._waiting or self._prefilling or self._decoding)

    @property
    def waiting_count(self) -> int:
        """Sequences without a slot."""
        return len(self._waiting)

    def add(self, sequence: SequenceState) -> None:
        """Put a new sequence at the end of the line."""
        self._waiting.append(sequence)

    def admit(self, free_slots: int, allocate: Callable[[], int]) -> None:
        """Give slots to the first in line, as many as are free."""
        for _ in range(min(free_slots, len(self._waiting))):
            sequence = self._waiting.popleft()
            sequence.slot = allocate()
            self._prefilling.append(sequence)

    def decoding(self) -> list[SequenceState]:
        """Return the sequences whose prompts are cached, in the order in which they began to generate."""
        return list(self._decoding)

    def next_prefill(self) -> SequenceState | None:
        """Return the sequence whose turn it is to have a chunk of its prompt cached."""
        return self._prefilling[0] if self._prefilling else None

    def prefilled(self, sequence: SequenceState) -> None:
        """Note that the turn of ``sequence`` is over: it generates from now on, or goes to the end of the turns."""
        self._prefilling.remove(sequence)
        if sequence.needs_prefill:
            self._prefilling.append(sequence)
        else:
            self._decoding.append(sequence)

    def remove(self, sequence: SequenceState) -> None:
        """Forget a sequence that ended, wherever it is."""
        for group in (self._waiting, self._prefilling, self._decoding):
            if sequence in group:
                group.remove(sequence)

    def of_request(self, request_id: str) -> list[SequenceState]:
        """Return the open sequences of a request, in the order of their choices."""
        own = [sequence for sequence in self.all() if sequence.request.request_id == request_id]
        return sorted(own, key=lambda sequence: sequence.index)

    def all(self) -> list[SequenceState]:
        """Return every open sequence."""
        return [*self._waiting, *self._prefilling, *self._decoding]
