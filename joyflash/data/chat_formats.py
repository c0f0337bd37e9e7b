"""Rows of public chat sets in one form: OpenAI messages as they are, ShareGPT and Alpaca turned into them.

Sources of the forms: OpenAI's fine-tuning files (``messages``, ``tools``, and the older ``functions``); ShareGPT as
FastChat and LLaMA-Factory write it (``conversations`` of ``from`` and ``value``, with ``function_call`` and
``observation`` turns), and with calls inside of texts as the Hermes sets write it; Stanford Alpaca (``instruction``,
``input``, ``output``, and LLaMA-Factory's ``system`` and ``history``).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from joyflash.errors import DataError
from joyflash.text.marks import CALL, FUNCTION
from joyflash.text.messages import ToolDefinition
from joyflash.text.tool_calls import parse_tool_calls

FORMATS = ("auto", "messages", "sharegpt", "alpaca")
_CALL = "call"
_ROLES: Mapping[str, str] = MappingProxyType(
    {
        "system": "system",
        "human": "user",
        "user": "user",
        "gpt": "assistant",
        "chatgpt": "assistant",
        "assistant": "assistant",
        "model": "assistant",
        "function_call": _CALL,
        "tool_call": _CALL,
        "observation": "tool",
        "tool": "tool",
        "tool_response": "tool",
        "function_response": "tool",
    }
)
"""Speakers of ShareGPT rows."""
_TAGGED_CALL = re.compile(r"<tool_call>\s*(.*?)\s*</tool_call>", re.DOTALL)
_TAGGED_RESULT = re.compile(r"<tool_response>\n?(.*?)\n?</tool_response>", re.DOTALL)
_THOUGHT = re.compile(r"\s*<think>(.*?)</think>\s*", re.DOTALL)


def to_messages(row: Mapping[str, Any], form: str = "auto") -> dict[str, Any]:
    """The row with ``messages`` and ``tools`` in OpenAI's form; other fields stay.

    A thought becomes ``reasoning_content``, whether it stands in that field, in ``reasoning`` or ``thinking``, or
    between ``<think>`` and ``</think>`` before the answer. What is wrong inside of a message is found later, by
    ``Message.from_dict``.

    Args:
        row: one line of a file.
        form: one of FORMATS; "auto" goes by the fields.

    Raises:
        DataError: there is no such form, or the row is not of it.
    """
    if form not in FORMATS:
        raise DataError(f"There is no chat format {form!r}; there are {', '.join(FORMATS)}.")
    found = _recognise(row) if form == "auto" else form
    tools = _tools(row)
    messages = _CONVERTERS[found](row, tools)
    kept = {name: value for name, value in row.items() if name not in _CONSUMED}
    return {**kept, "messages": [_with_thought(message) for message in messages], "tools": tools}


def _recognise(row: Mapping[str, Any]) -> str:
    if "messages" in row:
        return "messages"
    if "conversations" in row or "conversation" in row:
        return "sharegpt"
    return "alpaca" if "instruction" in row else "messages"


def _from_openai(row: Mapping[str, Any], tools: list[Any]) -> list[dict[str, Any]]:
    messages = row.get("messages")
    if not isinstance(messages, list) or not all(isinstance(message, dict) for message in messages):
        raise DataError(
            "'messages' must be a list of objects. Rows of another form have 'conversations' (ShareGPT) or "
            "'instruction' and 'output' (Alpaca)."
        )
    found = [_without_functions(message) for message in messages]
    system = _system_message(row)
    if system and found and found[0].get("role") == "system":
        raise DataError("The row has a 'system' field and a system message.")
    return [*system, *found]


def _without_functions(message: dict[str, Any]) -> dict[str, Any]:
    """``function_call`` and the role "function", which OpenAI gave up, as a call and its result."""
    message = dict(message)
    call = message.pop("function_call", None)
    if call is not None:
        message["tool_calls"] = [{"type": "function", "function": call}]
    if message.get("role") == "function":
        message["role"] = "tool"
    return message


def _from_sharegpt(row: Mapping[str, Any], tools: list[Any]) -> list[dict[str, Any]]:
    turns = row.get("conversations", row.get("conversation"))
    if not isinstance(turns, list) or not all(isinstance(turn, dict) for turn in turns):
        raise DataError("'conversations' must be a list of objects with 'from' and 'value'.")
    messages = _system_message(row)
    for index, turn in enumerate(turns):
        where = f"conversations[{index}]"
        speaker, text = turn.get("from", turn.get("role")), turn.get("value", turn.get("content"))
        if speaker not in _ROLES:
            raise DataError(f"{where}.from is {speaker!r}; it must be one of {', '.join(_ROLES)}.")
        if not isinstance(text, str):
            raise DataError(f"{where}.value must be text.")
        if messages and speaker == "system" and row.get("system"):
            raise DataError(f"{where}: the row has a 'system' field and a system turn.")
        messages += _sharegpt_turn(_ROLES[speaker], text, turn, tools, where)
    return _joined_calls(messages)


def _sharegpt_turn(role: str, text: str, turn: Mapping[str, Any], tools: list[Any], where: str) -> list[dict[str, Any]]:
    weight = {"weight": turn["weight"]} if turn.get("weight") is not None else {}
    if role == _CALL:
        return [{"role": "assistant", "content": "", "tool_calls": _calls_of(text, where), **weight}]
    if role == "tool":
        results = _TAGGED_RESULT.findall(text) or [text]
        return [{"role": "tool", "content": result} for result in results]
    if role == "assistant" and CALL in text:
        return [{"role": "assistant", **_calls_in_text(text, tools, where), **weight}]
    return [{"role": role, "content": text, **weight}]


def _calls_in_text(text: str, tools: list[Any], where: str) -> dict[str, Any]:
    """Content and calls of a text with ``<tool_call>`` in it, as JSON (Hermes) or in our template's own form."""
    thought = _THOUGHT.match(text)
    before, rest = (text[: thought.end()], text[thought.end() :]) if thought else ("", text)
    if FUNCTION in rest:
        offered = [ToolDefinition.from_dict(tool, f"tools[{index}]") for index, tool in enumerate(tools)]
        content, calls = parse_tool_calls(rest, offered)
        return {"content": before + content, "tool_calls": [call.to_dict() for call in calls]}
    found = [call for text in _TAGGED_CALL.findall(rest) for call in _calls_of(text, where)]
    if not found:
        raise DataError(f"{where}: a <tool_call> is not closed.")
    return {"content": before + _TAGGED_CALL.sub("", rest).strip(), "tool_calls": found}


def _calls_of(text: str, where: str) -> list[dict[str, Any]]:
    """Calls from JSON text: ``{"name", "arguments"}``, or a list of these."""
    value = _json(text, where, "a function call")
    calls = value if isinstance(value, list) else [value]
    if not calls or not all(isinstance(call, dict) and isinstance(call.get("name"), str) for call in calls):
        raise DataError(f"{where}: a function call must be an object with 'name' and 'arguments', or a list of these.")
    return [
        {"type": "function", "function": {"name": call["name"], "arguments": call.get("arguments") or {}}}
        for call in calls
    ]


def _joined_calls(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Text and calls that follow each other are one turn of the assistant."""
    joined: list[dict[str, Any]] = []
    for message in messages:
        last = joined[-1] if joined else {}
        if message.get("tool_calls") and not message["content"] and last.get("role") == "assistant":
            if last.get("weight", 1) != message.get("weight", 1):
                raise DataError("A text and the call after it are one turn, but their weights differ.")
            last["tool_calls"] = [*last.get("tool_calls", ()), *message["tool_calls"]]
        else:
            joined.append(message)
    return joined


def _from_alpaca(row: Mapping[str, Any], tools: list[Any]) -> list[dict[str, Any]]:
    fields = {name: row.get(name) or "" for name in ("instruction", "input", "output")}
    if wrong := [name for name, value in fields.items() if not isinstance(value, str)]:
        raise DataError(f"{' and '.join(map(repr, wrong))} must be text.")
    question = "\n".join(text for text in (fields["instruction"], fields["input"]) if text.strip())
    if not question:
        raise DataError("'instruction' is missing or empty.")
    messages = _system_message(row)
    history = row.get("history") or []
    if not isinstance(history, list) or not all(_is_exchange(entry) for entry in history):
        raise DataError("'history' must be a list of [question, answer].")
    for asked, answered in [*history, (question, fields["output"])]:
        messages += [{"role": "user", "content": asked}, {"role": "assistant", "content": answered}]
    return messages


def _is_exchange(entry: Any) -> bool:
    return isinstance(entry, list) and len(entry) == 2 and all(isinstance(text, str) for text in entry)


def _system_message(row: Mapping[str, Any]) -> list[dict[str, Any]]:
    text = row.get("system")
    if text is not None and not isinstance(text, str):
        raise DataError("'system' must be text.")
    return [{"role": "system", "content": text}] if text else []


def _tools(row: Mapping[str, Any]) -> list[Any]:
    """Tool definitions, which may be JSON text, bare functions, or in OpenAI's former field ``functions``."""
    tools = row.get("tools") or row.get("functions") or []
    if isinstance(tools, str):
        tools = _json(tools, "tools", "the list") if tools.strip() else []
    if not isinstance(tools, list):
        raise DataError("'tools' must be a list.")
    bare = [isinstance(tool, dict) and "function" not in tool and isinstance(tool.get("name"), str) for tool in tools]
    return [
        {"type": "function", "function": tool} if is_bare else tool for tool, is_bare in zip(tools, bare, strict=True)
    ]


def _with_thought(message: dict[str, Any]) -> dict[str, Any]:
    """An assistant's message with its thought in ``reasoning_content``."""
    if message.get("role") != "assistant":
        return message
    message = dict(message)
    for name in ("reasoning", "thinking"):
        thought = message.pop(name, None)
        if isinstance(thought, str) and not message.get("reasoning_content"):
            message["reasoning_content"] = thought
    content = message.get("content")
    if isinstance(content, str) and content.lstrip().startswith("<think>"):
        found = _THOUGHT.match(content)
        if found is None:
            raise DataError("An assistant message opens a <think> that it does not close.")
        if found[1].strip() and message.get("reasoning_content"):
            raise DataError("An assistant message has two thoughts: a field and a <think>.")
        message["content"] = content[found.end() :]
        message["reasoning_content"] = found[1].strip() or message.get("reasoning_content")
    return message


def _json(text: str, where: str, what: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise DataError(f"{where}: {what} is not valid JSON: {error}.") from error


_CONSUMED = frozenset({"messages", "tools", "functions", "conversations", "conversation"})
_CONVERTERS: Mapping[str, Callable[[Mapping[str, Any], list[Any]], list[dict[str, Any]]]] = MappingProxyType(
    {"messages": _from_openai, "sharegpt": _from_sharegpt, "alpaca": _from_alpaca}
)
