"""One choice as it comes out of the engine, read into pieces: reasoning, text, calls and their arguments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from joyflash.engine.request import Delta
from joyflash.text.thinking import Split, ThinkingSplitter
from joyflash.text.tool_calls import ArgumentsDelta, CallFinished, CallStarted, ContentDelta, Event, ToolCallParser

if TYPE_CHECKING:
    from joyflash.server.chat_job import ChatJob


@dataclass(frozen=True)
class ReasoningPiece:
    """More of what the model thought before answering."""

    text: str


@dataclass(frozen=True)
class TextPiece:
    """More of the answer."""

    text: str


@dataclass(frozen=True)
class CallPiece:
    """A call: its place among this choice's calls, its id and its function."""

    index: int
    call_id: str
    name: str


@dataclass(frozen=True)
class ArgumentsPiece:
    """More of a call's arguments as JSON text."""

    index: int
    text: str


Piece = ReasoningPiece | TextPiece | CallPiece | ArgumentsPiece


class ChoiceReader:
    """Turns the deltas of one choice into pieces, and knows how the choice ended.

    In a stream the pieces of a call are given out as they come; a whole answer holds complete calls only, for one that
    was cut off cannot be run. Either way an answer that ends inside a call does not end with "tool_calls".

    Attributes:
        finish_reason: "stop", "length" or "tool_calls" after the last delta, None before.
        stop_string: the stop string that ended the choice, or None.
        token_count, reasoning_token_count: tokens generated so far, the end token included.
        cached_token_count: tokens of the prompt that the prefix cache held.
        drafted_count, accepted_count: tokens that the MTP layer drafted, and those of them that proved right.
    """

    def __init__(self, job: ChatJob):
        self._thinking = ThinkingSplitter(job.thinking)
        self._parser = ToolCallParser(job.tools, held=job.held) if job.tools else None
        self._may_be_json = job.json
        self._end_of_thought_id = job.end_of_thought_id
        self._stream = job.stream
        self._open_call: list[Piece] = []
        self._call_count = 0
        self.finish_reason: str | None = None
        self.stop_string: str | None = None
        self.token_count = 0
        self.reasoning_token_count = 0
        self.cached_token_count = 0
        self.drafted_count = 0
        self.accepted_count = 0

    def push(self, delta: Delta) -> list[Piece]:
        """Take the next delta; return what it completes."""
        self.token_count += len(delta.token_ids)
        self.cached_token_count = delta.cached_token_count
        self.drafted_count += delta.drafted_count
        self.accepted_count += delta.accepted_count
        if self._thinking.in_thought:
            # A step may add several tokens at once; those behind the marker are content.
            ids = delta.token_ids
            ends = self._end_of_thought_id in ids
            self.reasoning_token_count += ids.index(self._end_of_thought_id) + 1 if ends else len(ids)
        pieces = self._read(self._thinking.push(delta.text))
        if delta.finish_reason is not None:
            pieces += self._read(self._thinking.finish())
            if self._parser is not None:
                pieces += self._read_events(self._parser.finish())
            self.stop_string = delta.stop_reason if isinstance(delta.stop_reason, str) else None
            cut_off = self._parser is not None and self._parser.cut_off
            called = self._call_count > 0 and delta.finish_reason == "stop" and not cut_off
            self.finish_reason = "tool_calls" if called else delta.finish_reason
        return pieces

    def _read(self, split: Split) -> list[Piece]:
        pieces: list[Piece] = [ReasoningPiece(split.reasoning)] if split.reasoning else []
        if not split.content:
            return pieces
        if self._may_be_json:
            # JSON or a call, as the first character says; in a text of JSON a call is only spoken of.
            self._may_be_json = False
            self._parser = self._parser if split.content.startswith("<") else None
        if self._parser is None:
            return [*pieces, TextPiece(split.content)]
        return pieces + self._read_events(self._parser.push(split.content))

    def _read_events(self, events: list[Event]) -> list[Piece]:
        pieces: list[Piece] = []
        for event in events:
            match event:
                case ContentDelta(text):
                    pieces.append(TextPiece(text))
                case CallStarted(index, call_id, name):
                    self._open_call = [CallPiece(index, call_id, name)]
                case ArgumentsDelta(index, text):
                    self._open_call.append(ArgumentsPiece(index, text))
                case CallFinished():
                    self._call_count += 1
            if self._stream or isinstance(event, CallFinished):
                pieces += self._open_call
                self._open_call = []
        return pieces
