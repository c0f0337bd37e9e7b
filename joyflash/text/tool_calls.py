"""Read tool calls out of a reply, also while it arrives in pieces.

The form (spec of the released model's parser, ``qwen3_coder``)::

    content <tool_call> <function=NAME> <parameter=ARG> VALUE </parameter> … </function> … </tool_call>

A state machine over text. Every step decides only when later text cannot change the decision, so the result does not
depend on how the text is cut into pieces. Arguments are given out while they are written; see ``argument_text``.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from joyflash.text.argument_text import ArgumentText
from joyflash.text.marks import CALL, CALL_END, FUNCTION, FUNCTION_END, PARAMETER
from joyflash.text.messages import ToolCall, ToolDefinition, to_json
from joyflash.text.schemas import LONGEST_NAME
from joyflash.text.thinking import held_back

_NO_WHITE = re.compile(r"\S")


@dataclass(frozen=True)
class ContentDelta:
    """New text for the reader."""

    text: str


@dataclass(frozen=True)
class CallStarted:
    """A call has begun and its function is known. Its arguments follow; it may still be cut off."""

    index: int
    id: str
    name: str


@dataclass(frozen=True)
class ArgumentsDelta:
    """The next piece of the call's arguments as JSON text; the pieces of a finished call join to one object."""

    index: int
    json: str


@dataclass(frozen=True)
class CallFinished:
    """The call is complete."""

    index: int
    call: ToolCall


Event = ContentDelta | CallStarted | ArgumentsDelta | CallFinished


def _new_call_id() -> str:
    return f"call_{uuid.uuid4().hex[:24]}"


class ToolCallParser:
    """Incremental parser of one reply's content (its reasoning taken off before: a call in a thought is no call).

    White space around calls is not content. A value ends at a ``</parameter>`` that the next parameter or the end of
    the call follows, so a literal one inside a value survives. What is no call after all stays content.

    Args:
        tools: give the types of arguments; a call of a function not listed is reported with text arguments.
        new_id: makes the id of a call.
        held: the writer is held to the tools' schemas, and writes ``</parameter>`` inside the strings of JSON only.
            Then a value ends at the first one elsewhere, and JSON is given out as it comes.

    Attributes:
        cut_off: after ``finish``: the reply ended inside a call, which is neither reported nor content.
    """

    def __init__(
        self, tools: Iterable[ToolDefinition] = (), new_id: Callable[[], str] = _new_call_id, *, held: bool = False
    ):
        self._tools = {tool.name: tool for tool in tools}
        self._new_id = new_id
        self._held = held
        self._buffer = ""
        self._step: Callable[[bool], bool] = self._content
        self._events: list[Event] = []
        self._white = ""  # white space that is content only if more content follows
        self._index = -1
        self._after_call = False
        self.cut_off = False
        self._id = self._name = self._parameter = ""
        self._arguments: dict[str, Any] = {}
        self._argument = ArgumentText({}, "", held)

    def push(self, text: str) -> list[Event]:
        """Take the next piece; return what it completes."""
        self._buffer += text
        return self._run(final=False)

    def finish(self) -> list[Event]:
        """The reply has ended: report what was held back. A call that lacks its end is not reported as finished."""
        events = self._run(final=True)
        if self._step in (self._function_body, self._value):
            self.cut_off = True
        else:
            self._emit_content(self._buffer)
            if self._white:
                self._events.append(ContentDelta(self._white))
        self._buffer = self._white = ""
        events += self._events
        self._events = []
        return events

    def _run(self, final: bool) -> list[Event]:
        while self._step(final):
            pass
        events, self._events = self._events, []
        return events

    def _content(self, final: bool) -> bool:
        """Text up to ``<tool_call> <function=NAME>``; True if another step can follow."""
        text, name = self._buffer, ""
        start = text.find(CALL)
        while start >= 0 and (name := _function_name(text, start + len(CALL))) == "":
            start = text.find(CALL, start + len(CALL))
        if start < 0:
            start = len(text) - held_back(text, CALL)
        self._emit_content(text[:start])
        self._buffer = text[start:]
        if name:
            self._white, self._buffer = "", self._buffer[len(CALL) :].lstrip()
            self._start_call(name)
        elif name is None and final and self._buffer != CALL:  # the reply ended after a call's beginning
            self._white, self._buffer, self.cut_off = "", "", True
        return bool(name)

    def _start_call(self, name: str) -> None:
        """Begin a call; the buffer begins with ``<function=NAME>``."""
        self._buffer = self._buffer[len(FUNCTION) + len(name) + 1 :]
        self._index, self._id, self._name, self._arguments = self._index + 1, self._new_id(), name, {}
        self._events.append(CallStarted(self._index, self._id, name))
        self._step = self._function_body

    def _function_body(self, final: bool) -> bool:
        """Between parameters: the next one, or the end of the function. Anything else there is skipped."""
        start = _first(self._buffer, (PARAMETER, FUNCTION_END))
        if start is None:
            kept = max(held_back(self._buffer, PARAMETER), held_back(self._buffer, FUNCTION_END))
            self._buffer = self._buffer[len(self._buffer) - kept :]
            return False
        self._buffer = self._buffer[start:]
        if self._buffer.startswith(FUNCTION_END):
            self._buffer = self._buffer[len(FUNCTION_END) :]
            self._end_call()
            return True
        name = _tag_name(self._buffer, PARAMETER)
        if name == "":
            self._buffer = self._buffer[len(PARAMETER) :]
            return True
        rest = self._buffer[len(PARAMETER) + len(name) + 1 :] if name else ""
        if not rest:  # the name, or whether a line break follows it (which is not part of the value), is not known yet
            return False
        self._parameter, self._buffer = name or "", rest.removeprefix("\n")
        self._begin_argument()
        return True

    def _end_call(self) -> None:
        self._emit_arguments("}" if self._arguments else "{}")
        self._events.append(CallFinished(self._index, ToolCall(self._id, self._name, self._arguments)))
        self._step, self._after_call = self._after_function, True

    def _begin_argument(self) -> None:
        tool = self._tools.get(self._name)
        self._argument = ArgumentText(tool.parameters if tool else {}, self._parameter, self._held)
        if self._parameter not in self._arguments:
            self._emit_arguments(f"{', ' if self._arguments else '{'}{to_json(self._parameter)}: ")
        self._step = self._value

    def _value(self, final: bool) -> bool:
        """A parameter's value up to the ``</parameter>`` that ends it. Said twice: the first stands."""
        json, rest = self._argument.push(self._buffer, self._end_of_value, final)
        self._buffer = rest or ""
        if self._parameter not in self._arguments:
            self._emit_arguments(json)
        if rest is None:
            return False
        self._arguments.setdefault(self._parameter, self._argument.value)
        self._step = self._function_body
        return True

    def _end_of_value(self, text: str, after: int, final: bool) -> bool | None:
        return True if self._held else _ends_value(text, after, final)

    def _emit_arguments(self, json: str) -> None:
        """Report more of the arguments, in one piece with what is reported at the same time."""
        last = self._events[-1] if self._events else None
        if isinstance(last, ArgumentsDelta):
            self._events[-1] = ArgumentsDelta(self._index, last.json + json)
        elif json:
            self._events.append(ArgumentsDelta(self._index, json))

    def _after_function(self, final: bool) -> bool:
        """After ``</function>``: another function, the end of the block, or (no end written) content."""
        text = self._buffer.lstrip()
        name = _function_name(text)
        if name:
            self._buffer = text
            self._start_call(name)
            return True
        if text.startswith(CALL_END):
            self._buffer = text[len(CALL_END) :]
        elif name is None or CALL_END.startswith(text):
            if final:
                self._buffer, self.cut_off = "", text.startswith(FUNCTION[:2])
            return False
        self._step = self._content
        return True

    def _emit_content(self, text: str) -> None:
        """Report content. White space waits until more content follows; directly after a call it is dropped."""
        text = self._white + text
        if self._after_call:
            text = text.lstrip()
        shown = text.rstrip()
        self._white = text[len(shown) :]
        if shown:
            self._after_call = False
            self._events.append(ContentDelta(shown))


def parse_tool_calls(
    text: str, tools: Iterable[ToolDefinition] = (), *, held: bool = False
) -> tuple[str, list[ToolCall]]:
    """The content of a whole reply (its reasoning taken off before) and its finished calls."""
    parser = ToolCallParser(tools, held=held)
    events = parser.push(text) + parser.finish()
    content = "".join(event.text for event in events if isinstance(event, ContentDelta))
    return content, [event.call for event in events if isinstance(event, CallFinished)]


def _function_name(text: str, start: int = 0) -> str | None:
    """Name of the ``<function=NAME>`` that is at ``start`` after white space; see :func:`_tag_name`."""
    name = _tag_name(text, FUNCTION, _after_white(text, start))
    return "" if name and any(character.isspace() for character in name) else name


def _after_white(text: str, start: int) -> int:
    """Where what follows the white space at ``start`` begins."""
    found = _NO_WHITE.search(text, start)
    return found.start() if found else len(text)


def _tag_name(text: str, opening: str, start: int = 0) -> str | None:
    """NAME of the ``<opening=NAME>`` at ``start``; "" if there is none, None if the text is too short to say."""
    text = text[start : start + len(opening) + LONGEST_NAME + 2]
    if not text.startswith(opening):
        return None if opening.startswith(text) else ""
    end = _first(text[len(opening) :], ("<", ">", "\n"))
    if end is None:
        return None if len(text) <= len(opening) + LONGEST_NAME else ""
    name = text[len(opening) : len(opening) + end]
    return name if text[len(opening) + end] == ">" and len(name) <= LONGEST_NAME else ""


def _ends_value(text: str, after: int, final: bool) -> bool | None:
    """Whether a ``</parameter>`` that ends before ``after`` ends its value; None if the text is too short to say."""
    after = _after_white(text, after)
    if text.startswith(FUNCTION_END, after):
        after = _after_white(text, after + len(FUNCTION_END))
        if text.startswith((CALL_END, FUNCTION), after):
            return True
        rest = text[after : after + len(CALL_END)]
        undecided = CALL_END.startswith(rest) or FUNCTION.startswith(rest)
        return (True if final else None) if undecided else False
    name = _tag_name(text, PARAMETER, after)
    if name or FUNCTION_END.startswith(text[after : after + len(FUNCTION_END)]):
        return True if name else None
    return None if name is None else False


def _first(text: str, needles: Iterable[str]) -> int | None:
    """Where the first of the needles begins, or None."""
    return min((at for needle in needles if (at := text.find(needle)) >= 0), default=None)
