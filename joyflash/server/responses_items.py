"""Items of `/v1/responses`, turned into the plain conversation that `joyflash.text` knows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from joyflash.errors import RequestError
from joyflash.server import checks
from joyflash.server.checks import STRING
from joyflash.server.responses_fields import (
    FUNCTION_CALL,
    FUNCTION_CALL_OUTPUT,
    INPUT_TEXT,
    MESSAGE,
    OUTPUT_TEXT,
    REASONING,
    REFUSAL,
)
from joyflash.text.messages import Message

KINDS = ("message", "function_call", "function_call_output", "reasoning")
_PARTS = {"input_text": INPUT_TEXT, "output_text": OUTPUT_TEXT, "refusal": REFUSAL}


def read_input(value: str | list[Any] | None, limit: int) -> list[Message]:
    """Check and translate `input`.

    Items of one assistant's turn (reasoning, text, calls) become one message, as the chat API has it.

    Args:
        value: the checked field: text, an array, or None.
        limit: most items allowed.

    Raises:
        RequestError: `param` names the item and the field, e.g. `input[2].role`.
    """
    if value is None:
        return []
    if isinstance(value, str):
        return [Message("user", value)]
    if len(value) > limit:
        raise RequestError(f"'input' has {len(value)} items; at most {limit} are allowed.", "input", "invalid_value")
    turns = _Turns()
    for index, item in enumerate(value):
        turns.add(item, f"input[{index}]")
    return turns.messages()


class _Turns:
    """Chat messages in the making."""

    def __init__(self) -> None:
        self._done: list[tuple[dict[str, Any], str]] = []
        self._assistant: dict[str, Any] | None = None  # the last of them, while it may still grow

    def add(self, item: Any, where: str) -> None:
        """Take one item."""
        given = checks.OBJECT(item, where)
        kind = given.get("type", "message")
        if kind not in KINDS:
            shown = kind[:40] if isinstance(kind, str) else checks.json_name(kind)
            message = f"'{where}.type' is '{shown}'; only {', '.join(KINDS)} are taken."
            raise RequestError(message, f"{where}.type", "invalid_value")
        if kind == "function_call":
            call = FUNCTION_CALL(given, where)
            function = {"name": call["name"], "arguments": call["arguments"]}
            turn = self._turn(where)
            turn.setdefault("tool_calls", []).append({"id": call["call_id"], "type": "function", "function": function})
        elif kind == "function_call_output":
            self._end()
            result = FUNCTION_CALL_OUTPUT(given, where)
            output = result["output"]
            text = output if isinstance(output, str) else "".join(part["text"] for part in output)
            self._done.append(({"role": "tool", "tool_call_id": result["call_id"], "content": text}, where))
        elif kind == "reasoning":
            thought = "".join(part["text"] for part in REASONING(given, where).get("content", []))
            turn = self._turn(
                where, fresh="content" in (self._assistant or {}) or "tool_calls" in (self._assistant or {})
            )
            if thought:
                turn["reasoning_content"] = turn.get("reasoning_content", "") + thought
        else:
            self._add_message(given, where)

    def messages(self) -> list[Message]:
        """The conversation."""
        return [Message.from_dict(turn, where) for turn, where in self._done if len(turn) > 1]

    def _add_message(self, given: dict[str, Any], where: str) -> None:
        role = given.get("role")
        if role is None:
            raise RequestError(f"'{where}.role' is missing.", f"{where}.role", "missing_required_parameter")
        checks.fields_of({**MESSAGE, "content": _ANY}, ["content"])(given, where)
        text = _text(given["content"], f"{where}.content")
        if role != "assistant":
            self._end()
            self._done.append(({"role": role, "content": text}, where))
            return
        before = self._assistant or {}
        turn = self._turn(where, fresh="content" in before or "tool_calls" in before)
        turn["content"] = text

    def _turn(self, where: str, fresh: bool = False) -> dict[str, Any]:
        """The assistant's turn to add to; another one if it must be ``fresh``."""
        if fresh or self._assistant is None:
            self._assistant = {"role": "assistant"}
            self._done.append((self._assistant, where))
        return self._assistant

    def _end(self) -> None:
        self._assistant = None


_ANY = checks.Check("a string or an array of parts", lambda value, param: value)


def _text(content: Any, where: str) -> str:
    """The text of a message's content."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        raise checks.wrong_type(content, where, _ANY.words)
    return "".join(_part(part, f"{where}[{index}]") for index, part in enumerate(content))


def _part(part: Any, where: str) -> str:
    kind = checks.OBJECT(part, where).get("type")
    if not isinstance(kind, str) or kind not in _PARTS:
        why = "images, audio and files are not: the model reads text only"
        names = ", ".join(f'"{name}"' for name in _PARTS)
        raise RequestError(f"'{where}.type' must be one of {names}; {why}.", f"{where}.type", "invalid_value")
    found = _PARTS[kind](part, where)
    return STRING(found.get("text", found.get("refusal")), where)


def listed(value: str | list[Any] | None, ids: Sequence[str]) -> list[dict[str, Any]]:
    """The input as `GET /v1/responses/{id}/input_items` shows it: every item with an id, text as a message."""
    items: list[Any] = [{"role": "user", "content": value}] if isinstance(value, str) else list(value or [])
    shown = []
    for item, item_id in zip(items, ids, strict=True):
        entry = {"id": item_id, "type": "message", **item}
        if entry["type"] == "message" and isinstance(entry["content"], str):
            kind = "output_text" if entry["role"] == "assistant" else "input_text"
            extra = {"annotations": []} if kind == "output_text" else {}
            entry["content"] = [{"type": kind, "text": entry["content"], **extra}]
        shown.append({"status": "completed", **entry})
    return shown
