"""Anthropic's messages and content blocks, turned into the plain conversation that `joyflash.text` knows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from joyflash.errors import RequestError
from joyflash.server import checks
from joyflash.server.anthropic_fields import (
    REDACTED_BLOCK,
    TEXT_BLOCK,
    THINKING_BLOCK,
    TOOL_RESULT_BLOCK,
    TOOL_USE_BLOCK,
)
from joyflash.server.signatures import ThoughtSigner
from joyflash.text.messages import Message, ToolCall

# Some clients put a line into the system prompt that differs from request to request; no two prompts would share it.
BILLING_LINE = re.compile(r"\Ax-anthropic-billing-header:[^\n]*\n*")
ROLE = checks.one_of("user", "assistant", "system")
ENVELOPE = checks.fields_of(
    {"role": ROLE, "content": checks.either("a string or an array of blocks", checks.STRING, checks.LIST)}
)


def read_system(value: str | list[Any] | None) -> list[Message]:
    """The `system` field as no message or one; blocks are joined by an empty line."""
    if value is None:
        return []
    blocks = [value] if isinstance(value, str) else _texts(value, "system")
    text = "\n\n".join(kept for block in blocks if (kept := BILLING_LINE.sub("", block)))
    return [Message("system", text)] if text else []


def read_conversation(values: Sequence[Any], limit: int, signer: ThoughtSigner) -> list[Message]:
    """Check and translate the `messages` of a request.

    Args:
        values: the array of the request.
        limit: most messages allowed.
        signer: checks the signatures of thoughts.

    Raises:
        RequestError: `param` names the place, e.g. `messages[2].content[0].type`.
    """
    if not 1 <= len(values) <= limit:
        raise RequestError(f"'messages' must have 1 to {limit} items, not {len(values)}.", "messages", "invalid_value")
    reader = _Reader(signer)
    for index, value in enumerate(values):
        reader.read(value, f"messages[{index}]")
    if reader.messages and reader.messages[-1].role == "assistant":
        message = "'messages' ends with an assistant message; continuing it is not offered. End with a user message."
        raise RequestError(message, "messages", "invalid_value")
    return reader.messages


@dataclass
class _Reader:
    """Collects messages; remembers which calls were made."""

    signer: ThoughtSigner
    messages: list[Message] = field(default_factory=list)
    call_ids: set[str] = field(default_factory=set)

    def read(self, value: Any, param: str) -> None:
        """Add one message of the request: one message, or several where results of tools stand beside text."""
        given = ENVELOPE(value, param)
        for name in ("role", "content"):
            if name not in given:
                code = "missing_required_parameter"
                raise RequestError(f"'{param}.{name}' is missing.", f"{param}.{name}", code)
        role, content, where = given["role"], given["content"], f"{param}.content"
        if isinstance(content, str):
            self.messages.append(Message(role, BILLING_LINE.sub("", content) if role == "system" else content))
        elif role == "assistant":
            self._read_assistant(content, where)
        elif role == "user":
            self._read_user(content, where)
        else:
            self.messages += read_system("".join(_texts(content, where)))

    def _read_assistant(self, blocks: list[Any], param: str) -> None:
        text, thoughts, calls = "", "", []
        for index, block in enumerate(blocks):
            where = f"{param}[{index}]"
            kind = _kind(block, where, ("text", "thinking", "redacted_thinking", "tool_use"))
            if kind == "text":
                text += TEXT_BLOCK(block, where)["text"]
            elif kind == "thinking":
                thoughts += self._thought(block, where)
            elif kind == "redacted_thinking":
                REDACTED_BLOCK(block, where)
            else:
                call = TOOL_USE_BLOCK(block, where)
                self.call_ids.add(call["id"])
                calls.append(ToolCall(call["id"], call["name"], call["input"]))
        self.messages.append(Message("assistant", text, thoughts or None, tuple(calls)))

    def _thought(self, block: Any, where: str) -> str:
        given = THINKING_BLOCK(block, where)
        if not self.signer.verify(given["thinking"], given["signature"]):
            message = f"'{where}.signature' is invalid: send thinking blocks back as this server gave them, or none."
            raise RequestError(message, f"{where}.signature", "invalid_value")
        return given["thinking"]

    def _read_user(self, blocks: list[Any], param: str) -> None:
        text: list[str] = []
        for index, block in enumerate(blocks):
            where = f"{param}[{index}]"
            if _kind(block, where, ("text", "tool_result")) == "text":
                text.append(TEXT_BLOCK(block, where)["text"])
                continue
            self._flush(text)
            self.messages.append(self._result(block, where))
        if not blocks:
            text.append("")
        self._flush(text)

    def _flush(self, text: list[str]) -> None:
        if text:
            self.messages.append(Message("user", "".join(text)))
            text.clear()

    def _result(self, block: Any, where: str) -> Message:
        given = TOOL_RESULT_BLOCK(block, where)
        call_id = given["tool_use_id"]
        if call_id not in self.call_ids:
            message = f"'{where}.tool_use_id' is '{call_id[:80]}', but no 'tool_use' block before it has that id."
            raise RequestError(message, f"{where}.tool_use_id", "invalid_value")
        content = given.get("content", "")
        text = content if isinstance(content, str) else "".join(_texts(content, f"{where}.content"))
        if given.get("is_error") and not text.startswith("Error"):
            text = f"Error: {text}"
        return Message("tool", text, tool_call_id=call_id)


def _texts(blocks: list[Any], param: str) -> list[str]:
    """The texts of an array that may hold text blocks only."""
    texts = []
    for index, block in enumerate(blocks):
        where = f"{param}[{index}]"
        _kind(block, where, ("text",))
        texts.append(TEXT_BLOCK(block, where)["text"])
    return texts


def _kind(block: Any, where: str, allowed: tuple[str, ...]) -> str:
    """The type of a block that is allowed at this place."""
    kind = checks.OBJECT(block, where).get("type")
    if kind is None:
        raise RequestError(f"'{where}.type' is missing.", f"{where}.type", "missing_required_parameter")
    why = "The model reads text only." if kind in ("image", "document") else ""
    return checks.one_of(*allowed, why=why)(kind, f"{where}.type")
