"""Tell a reply's reasoning from its content, also while it arrives in pieces."""

from __future__ import annotations

from typing import NamedTuple

from joyflash.text.marks import BEGIN_OF_THOUGHT, END_OF_THOUGHT


class Split(NamedTuple):
    """New text of a reply, told apart."""

    reasoning: str
    content: str


class ThinkingSplitter:
    """Splits a reply into reasoning and content; reasoning comes first or not at all.

    After the end of the thought, and from the first ordinary character of a reply without one, everything is content,
    also further thought markers. The joined result is the same however the text is cut into pieces.

    Args:
        thinking: the prompt already opened a thought, so the reply begins inside it.
    """

    def __init__(self, thinking: bool = False):
        self._state = "reasoning" if thinking else "start"
        self._held = ""

    @property
    def in_thought(self) -> bool:
        """Whether the reply so far ends inside the thought."""
        return self._state == "reasoning"

    def push(self, text: str) -> Split:
        """Take the next piece; what may be the start of a marker is held back."""
        self._held += text
        if self._state == "start" and not self._open():
            return Split("", "")
        reasoning = ""
        if self._state == "reasoning":
            reasoning, marker, rest = self._held.partition(END_OF_THOUGHT)
            if not marker:
                kept = held_back(self._held, END_OF_THOUGHT)
                reasoning, self._held = self._held[: len(self._held) - kept], self._held[len(self._held) - kept :]
                return Split(reasoning, "")
            self._state, self._held = "content", rest
        content, self._held = self._held, ""
        return Split(reasoning, content)

    def finish(self) -> Split:
        """The reply has ended: what was held back is text."""
        text, self._held = self._held, ""
        return Split(text, "") if self._state == "reasoning" else Split("", text)

    def _open(self) -> bool:
        """Decide how the reply begins; False while that is not certain."""
        for marker, state in ((BEGIN_OF_THOUGHT, "reasoning"), (END_OF_THOUGHT, "content")):
            if self._held.startswith(marker):
                self._state, self._held = state, self._held[len(marker) :]
                return True
        if BEGIN_OF_THOUGHT.startswith(self._held) or END_OF_THOUGHT.startswith(self._held):
            return False
        self._state = "content"
        return True


def split_thinking(text: str, thinking: bool = False) -> Split:
    """Split a whole reply; see :class:`ThinkingSplitter`."""
    splitter = ThinkingSplitter(thinking)
    first, last = splitter.push(text), splitter.finish()
    return Split(first.reasoning + last.reasoning, first.content + last.content)


def held_back(text: str, marker: str) -> int:
    """Length of the longest end of ``text`` that is a proper beginning of ``marker``."""
    longest = min(len(text), len(marker) - 1)
    return next((n for n in range(longest, 0, -1) if text.endswith(marker[:n])), 0)
