"""Messages, tool calls and tool definitions: the one form of a conversation inside joyflash.

On disk and at the edges they are OpenAI-shaped dicts; ``from_dict`` checks such a dict and names the field at fault.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from joyflash.errors import RequestError, ToolSchemaError
from joyflash.text.schemas import MAX_DEPTH, as_one_object, check_parameters, is_deeper, strict_json

ROLES = ("system", "user", "assistant", "tool")
_NAME = re.compile(r"[^\s<>\x00-\x1f]{1,128}")


@dataclass(frozen=True)
class ToolCall:
    """A call the model made.

    Args:
        id: the caller's handle for it, echoed by the tool message with the result.
        name: the function.
        arguments: by parameter name, typed.
        raw_arguments: the text a history message gave where that was no JSON object, or one of too many levels;
            ``arguments`` then holds it under the key ``arguments``, so that a template can still show it.
    """

    id: str
    name: str
    arguments: dict[str, Any]
    raw_arguments: str | None = None

    @classmethod
    def from_dict(cls, value: Any, where: str = "tool_calls[0]") -> ToolCall:
        """Check ``{"id", "type": "function", "function": {"name", "arguments": JSON text}}``."""
        function = _mapping(_mapping(value, where).get("function"), f"{where}.function")
        name = _string(function.get("name"), f"{where}.function.name")
        text = function.get("arguments")
        if text is None:
            text = "{}"
        text = _string(text, f"{where}.function.arguments")
        call_id = _string(value.get("id", ""), f"{where}.id")
        try:
            arguments = strict_json(text or "{}")
        except ValueError:
            arguments = None
        if isinstance(arguments, dict) and not is_deeper(arguments, MAX_DEPTH):
            return cls(call_id, name, arguments)
        return cls(call_id, name, {"arguments": text}, text)

    @property
    def arguments_json(self) -> str:
        """The arguments as JSON text, as OpenAI's API carries them."""
        return self.raw_arguments if self.raw_arguments is not None else to_json(self.arguments)

    def to_dict(self) -> dict[str, Any]:
        """The OpenAI shape."""
        return {"id": self.id, "type": "function", "function": {"name": self.name, "arguments": self.arguments_json}}


@dataclass(frozen=True)
class ToolDefinition:
    """A function the model may call; ``parameters`` is a JSON Schema of type object.

    ``strict`` asks for calls that keep every word of the schema, or for a refusal.
    """

    name: str
    description: str = ""
    parameters: dict[str, Any] = field(default_factory=lambda: {"type": "object", "properties": {}})
    strict: bool = False

    @classmethod
    def from_dict(cls, value: Any, where: str = "tools[0]") -> ToolDefinition:
        """Check ``{"type": "function", "function": {"name", "description"?, "parameters"?, "strict"?}}``.

        Raises:
            ToolSchemaError: it is not a named function, or its parameters are no object schema.
        """
        if not isinstance(value, Mapping) or value.get("type") != "function":
            raise ToolSchemaError(f"{where}.type must be 'function'.", f"{where}.type")
        function = value.get("function")
        if not isinstance(function, Mapping):
            raise ToolSchemaError(f"{where}.function must be an object.", f"{where}.function")
        name, description = function.get("name"), function.get("description")
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            reason = "must be 1 to 128 characters without spaces, '<' or '>'"
            raise ToolSchemaError(f"{where}.function.name {reason}.", f"{where}.function.name")
        if description is not None and not isinstance(description, str):
            raise ToolSchemaError(f"{where}.function.description must be text.", f"{where}.function.description")
        parameters, strict = function.get("parameters"), function.get("strict") or False
        if not isinstance(strict, bool):
            raise ToolSchemaError(f"{where}.function.strict must be true or false.", f"{where}.function.strict")
        if parameters is None:
            return cls(name, description or "", strict=strict)
        check_parameters(parameters, f"{where}.function.parameters")
        return cls(name, description or "", as_one_object(parameters, f"{where}.function.parameters"), strict)

    def to_dict(self) -> dict[str, Any]:
        """The OpenAI shape, as templates read it: ``strict`` is no concern of the model."""
        function = {"name": self.name, "description": self.description, "parameters": self.parameters}
        return {"type": "function", "function": function}


@dataclass(frozen=True)
class Message:
    """One turn, or one tool's result. ``content`` is always text, empty where a dict said null.

    ``weight`` is OpenAI's fine-tuning field: an assistant message of weight 0 is context that nobody learns to say.
    """

    role: str
    content: str = ""
    reasoning_content: str | None = None
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None
    name: str | None = None
    weight: float = 1.0

    @classmethod
    def from_dict(cls, value: Any, where: str = "messages[0]") -> Message:
        """Check an OpenAI-shaped message; ``content`` may be text, null, or a list of text parts.

        Raises:
            RequestError: ``param`` names the field at fault, e.g. ``messages[2].role``.
        """
        value = _mapping(value, where)
        role = value.get("role")
        role = "system" if role == "developer" else role
        if role not in ROLES:
            raise RequestError(f"{where}.role must be one of {', '.join(ROLES)}, not {role!r}.", f"{where}.role")
        calls = value.get("tool_calls") or []
        if not isinstance(calls, Sequence) or isinstance(calls, str):
            raise RequestError(f"{where}.tool_calls must be a list.", f"{where}.tool_calls")
        if calls and role != "assistant":
            raise RequestError(f"{where}.tool_calls belongs to an assistant message only.", f"{where}.tool_calls")
        if value.get("content") is None and role != "assistant":
            raise RequestError(f"{where}.content is missing; it must be text.", f"{where}.content")
        return cls(
            role=role,
            content=_content_text(value.get("content"), f"{where}.content"),
            reasoning_content=_optional_string(value.get("reasoning_content"), f"{where}.reasoning_content"),
            tool_calls=tuple(ToolCall.from_dict(call, f"{where}.tool_calls[{i}]") for i, call in enumerate(calls)),
            tool_call_id=_optional_string(value.get("tool_call_id"), f"{where}.tool_call_id"),
            name=_optional_string(value.get("name"), f"{where}.name"),
            weight=1.0 if value.get("weight") is None else _weight(value["weight"], f"{where}.weight"),
        )

    def to_dict(self) -> dict[str, Any]:
        """The OpenAI shape; fields that say nothing are left out."""
        result: dict[str, Any] = {"role": self.role, "content": self.content}
        if self.tool_calls:
            result["tool_calls"] = [call.to_dict() for call in self.tool_calls]
        for key in ("reasoning_content", "tool_call_id", "name"):
            if getattr(self, key) is not None:
                result[key] = getattr(self, key)
        return result


def first_stray_result(messages: Sequence[Message]) -> int | None:
    """Index of the first tool message that answers no call before it, None where each answers one."""
    called: set[str | None] = set()
    for index, message in enumerate(messages):
        called.update(call.id for call in message.tool_calls)
        if message.role == "tool" and message.tool_call_id not in called:
            return index
    return None


def to_json(value: Any) -> str:
    """JSON text as the template and the parser write it: readable characters, no line breaks."""
    text = json.dumps(value, ensure_ascii=False)
    return text if _is_utf8(text) else json.dumps(value)


def _is_utf8(text: str) -> bool:
    """False for lone surrogates, which JSON can spell but UTF-8 cannot carry."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _content_text(value: Any, where: str) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if not isinstance(value, Sequence):
        raise RequestError(f"{where} must be text or a list of text parts.", where)
    texts = []
    for i, part in enumerate(value):
        text = part.get("text") if isinstance(part, Mapping) and part.get("type") == "text" else None
        if not isinstance(text, str):
            raise RequestError(f"{where}[{i}] must be a text part; the model reads text only.", f"{where}[{i}]")
        texts.append(text)
    return "".join(texts)


def _mapping(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise RequestError(f"{where} must be an object.", where)
    return value


def _string(value: Any, where: str) -> str:
    if not isinstance(value, str):
        raise RequestError(f"{where} must be text.", where)
    return value


def _optional_string(value: Any, where: str) -> str | None:
    return None if value is None else _string(value, where)


def _weight(value: Any, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise RequestError(f"{where} must be a number from 0 to 1, not {value!r}.", where)
    return float(value)
