"""The output items of a response in the making, and the events that tell of them."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

from joyflash.server.choices import ArgumentsPiece, CallPiece, Piece, ReasoningPiece, TextPiece

Event = dict[str, Any]


class OutputItems:
    """Items grow one after the other; every change is an event. Each event's place in the sequence is set later.

    Attributes:
        items: the items so far, the last of which may be open.
    """

    def __init__(self) -> None:
        self.items: list[dict[str, Any]] = []
        self._open: str | None = None

    def add(self, piece: Piece, logprobs: list[dict[str, Any]]) -> Iterator[Event]:
        """The events that one piece makes; a piece of another kind closes the open item first.

        Args:
            piece: what the model wrote.
            logprobs: of the tokens of a TextPiece, in OpenAI's shape.
        """
        match piece:
            case TextPiece(text):
                yield from self._ensure("message")
                self._part["text"] += text
                self._part["logprobs"] += logprobs
                yield self._of_part("response.output_text.delta", delta=text, logprobs=logprobs)
            case ReasoningPiece(text):
                yield from self._ensure("reasoning")
                self._part["text"] += text
                yield self._of_part("response.reasoning_text.delta", delta=text)
            case CallPiece(_, call_id, name):
                yield from self.close()
                yield from self._ensure("function_call", call_id=call_id, name=name, arguments="")
            case ArgumentsPiece(_, text):
                self._item["arguments"] += text
                yield self._of_item("response.function_call_arguments.delta", delta=text)

    def close(self, status: str = "completed") -> Iterator[Event]:
        """End the open item, if there is one."""
        kind, self._open = self._open, None
        if kind is None:
            return
        if kind == "message":
            part = self._part
            yield self._of_part("response.output_text.done", text=part["text"], logprobs=part["logprobs"])
            yield self._of_part("response.content_part.done", part=dict(part))
        elif kind == "reasoning":
            yield self._of_part("response.reasoning_text.done", text=self._part["text"])
            yield self._of_part("response.content_part.done", part=dict(self._part))
        else:
            done = {"name": self._item["name"], "arguments": self._item["arguments"]}
            yield self._of_item("response.function_call_arguments.done", **done)
        self._item["status"] = status
        yield self._about_item("response.output_item.done")

    def finish(self, status: str) -> Iterator[Event]:
        """End the output; an empty one is one empty message."""
        if not self.items:
            yield from self._ensure("message")
        yield from self.close(status)

    @property
    def _item(self) -> dict[str, Any]:
        return self.items[-1]

    @property
    def _part(self) -> dict[str, Any]:
        return self._item["content"][-1]

    def _ensure(self, kind: str, **more: Any) -> Iterator[Event]:
        """Open an item of a kind unless that is open already."""
        if self._open == kind:
            return
        yield from self.close()
        self._open = kind
        prefix = {"message": "msg", "reasoning": "rs", "function_call": "fc"}[kind]
        item: dict[str, Any] = {"id": f"{prefix}_{uuid.uuid4().hex}", "type": kind, "status": "in_progress", **more}
        if kind == "message":
            item |= {"role": "assistant", "content": []}
        elif kind == "reasoning":
            item |= {"summary": [], "content": []}
        self.items.append(item)
        yield self._about_item("response.output_item.added")
        if kind != "function_call":
            text = {"type": "output_text", "text": "", "annotations": [], "logprobs": []}
            item["content"].append(text if kind == "message" else {"type": "reasoning_text", "text": ""})
            yield self._of_part("response.content_part.added", part=_copy(self._part))

    def _about_item(self, kind: str) -> Event:
        return {"type": kind, "output_index": len(self.items) - 1, "item": _copy(self._item)}

    def _of_item(self, kind: str, **more: Any) -> Event:
        return {"type": kind, "item_id": self._item["id"], "output_index": len(self.items) - 1, **more}

    def _of_part(self, kind: str, **more: Any) -> Event:
        return self._of_item(kind, content_index=0, **more)


def _copy(value: dict[str, Any]) -> dict[str, Any]:
    """A copy that later growth does not reach, down to the parts of the content."""
    return {
        key: [dict(part) for part in item] if key == "content" else list(item) if isinstance(item, list) else item
        for key, item in value.items()
    }
