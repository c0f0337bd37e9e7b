"""Stop strings over a stream of text: what may be given out, and where the text ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class HiddenText:
    """Which parts of a reply its reader never sees as text, so that no stop string is found there.

    Attributes:
        opened: the mark that ends the part in which the reply begins; "" where it begins with text.
        begin, end: marks around every further such part; "" for none. White space behind ``end`` is hidden too.
        only_first: text that has begun stays text, whatever marks it holds.
    """

    opened: str = ""
    begin: str = ""
    end: str = ""
    only_first: bool = False


class StopStrings:
    """Finds stop strings in text that arrives in pieces; the result does not depend on how the text is cut.

    The string that is complete first wins; of several that end at the same character, the longest. Text that may be
    the beginning of a stop string is held back.

    Args:
        stops: the strings.
        hidden: where not to look; a stop string does not reach into such a part, nor across it.
    """

    def __init__(self, stops: Sequence[str], hidden: HiddenText | None = None) -> None:
        self._stops = tuple(sorted(set(stops), key=len, reverse=True))
        self._hidden = hidden if hidden is not None and stops else HiddenText()
        self._until = self._hidden.opened  # the mark that ends the hidden part that the text is in, or ""
        self._begin = self._hidden.begin
        self._behind = False  # directly behind a hidden part
        self._held = ""

    def push(self, text: str) -> tuple[str, str | None]:
        """Return the text that is now certain, and the stop string found, if any; push nothing after one is found."""
        return self._read(text, final=False)

    def finish(self, text: str = "") -> tuple[str, str | None]:
        """The same at the end of the stream: nothing is held back any more."""
        return self._read(text, final=True)

    def _read(self, text: str, *, final: bool) -> tuple[str, str | None]:
        buffer, given = self._held + text, ""
        while True:
            hidden, buffer = self._skip_hidden(buffer, final)
            given += hidden
            if self._until:
                self._held = buffer
                return given, None
            if buffer and self._hidden.only_first and not self._begin.startswith(buffer[: len(self._begin)]):
                self._begin = ""
            visible, mark, rest = buffer.partition(self._begin) if self._begin else (buffer, "", "")
            undecided = 0 if mark or final else _beginning(buffer, (self._begin,))
            found = self._first_stop(visible[: len(visible) - undecided])
            if found is not None:
                place, stop = found
                self._held = ""
                return given + visible[:place], stop
            if mark:
                given, buffer, self._until = given + visible + mark, rest, self._hidden.end
                continue
            kept = 0 if final else self._kept(visible, undecided)
            self._held = visible[len(visible) - kept :]
            return given + visible[: len(visible) - kept], None

    def _skip_hidden(self, buffer: str, final: bool) -> tuple[str, str]:
        """Split off what is hidden at the beginning of ``buffer``."""
        hidden = ""
        if self._until:
            before, mark, rest = buffer.partition(self._until)
            if not mark:
                kept = 0 if final else _beginning(buffer, (self._until,))
                return buffer[: len(buffer) - kept], buffer[len(buffer) - kept :]
            hidden, buffer, self._behind = before + mark, rest, self._until == self._hidden.end
            self._until = ""
        if self._behind:
            shown = buffer.lstrip()
            hidden, buffer, self._behind = hidden + buffer[: len(buffer) - len(shown)], shown, not shown
        return hidden, buffer

    def _first_stop(self, text: str) -> tuple[int, str] | None:
        """Where the stop string that is complete first begins, and which it is."""
        ends = [(place + len(stop), -len(stop), stop) for stop in self._stops if (place := text.find(stop)) >= 0]
        if not ends:
            return None
        end, _, stop = min(ends)
        return end - len(stop), stop

    def _kept(self, visible: str, undecided: int) -> int:
        """How many characters at the end may become a mark or a stop string, or are one if they are no mark."""
        kept = max(undecided, _beginning(visible, self._stops))
        if undecided and (found := self._first_stop(visible)) is not None:
            kept = max(kept, len(visible) - found[0])
        return kept


def _beginning(text: str, wanted: Sequence[str]) -> int:
    """Length of the longest end of ``text`` that is a proper beginning of one of ``wanted``."""
    longest = min(len(text), max((len(each) - 1 for each in wanted), default=0))
    for length in range(longest, 0, -1):
        if any(each.startswith(text[-length:]) for each in wanted):
            return length
    return 0
