"""Stop strings over a stream of text: what may be given out, and where the text ends."""

from __future__ import annotations

from collections.abc import Sequence


class StopStrings:
    """Finds stop strings in text that arrives in pieces; the result does not depend on how the text is cut.

    The string that is complete first wins; of several that end at the same character, the longest. Text that may be
    the beginning of a stop string is held back.
    """

    def __init__(self, stops: Sequence[str]) -> None:
        self._stops = tuple(sorted(set(stops), key=len, reverse=True))
        self._held = ""

    def push(self, text: str) -> tuple[str, str | None]:
        """Return the text that is now certain, and the stop string found, if any; push nothing after one is found."""
        buffer = self._held + text
        ends = [(place + len(stop), -len(stop), stop) for stop in self._stops if (place := buffer.find(stop)) >= 0]
        if ends:
            end, _, stop = min(ends)
            self._held = ""
            return buffer[: end - len(stop)], stop
        held = self._possible_beginning(buffer)
        self._held = buffer[len(buffer) - held :]
        return buffer[: len(buffer) - held], None

    def flush(self) -> str:
        """Return the text held back, at the end of the stream."""
        held, self._held = self._held, ""
        return held

    def _possible_beginning(self, buffer: str) -> int:
        """Length of the longest end of ``buffer`` that begins a stop string."""
        longest = min(len(buffer), max((len(stop) - 1 for stop in self._stops), default=0))
        for length in range(longest, 0, -1):
            if any(stop.startswith(buffer[-length:]) for stop in self._stops):
                return length
        return 0
