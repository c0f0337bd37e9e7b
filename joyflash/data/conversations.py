"""Chat files: rows of messages in the common forms, checked, and rendered to tokens with loss weights."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol

import numpy as np

from joyflash.data.chat_formats import to_messages
from joyflash.data.jsonl import parse_row, read_lines
from joyflash.data.samples import Sample
from joyflash.errors import DataError, RequestError, TemplateError
from joyflash.text.messages import Message, ToolDefinition

NO_EMPHASIS: Mapping[int | tuple[int, int], float] = MappingProxyType({})


@dataclass(frozen=True)
class Conversation:
    """A chat and the tools that were offered in it.

    Attributes:
        kind, language, domain: the row's fields of these names, for shares and reports.
        line: where the row stands in its file, from 1; 0 without a file.
    """

    messages: tuple[Message, ...]
    tools: tuple[ToolDefinition, ...]
    kind: str
    language: str
    domain: str = ""
    line: int = 0

    @property
    def thinking(self) -> bool:
        """Whether the assistant thinks somewhere before it answers."""
        return any(message.reasoning_content for message in self.messages)


@dataclass(frozen=True)
class BadRow:
    """A row that was left out: its line number from 1, and why."""

    line: int
    reason: str


class TrainingTemplate(Protocol):
    """What rendering needs of a chat template."""

    def render_training(
        self, messages: Sequence[Message], tools: Sequence[ToolDefinition] = ..., /
    ) -> tuple[list[int], list[float]]: ...


def read_conversations(
    path: Path, form: str = "auto", template: TrainingTemplate | None = None
) -> tuple[list[Conversation], list[BadRow]]:
    """Read a chat file; rows of a wrong form are left out and reported.

    Args:
        path: JSON Lines, plain or compressed.
        form: of the rows, one of ``chat_formats.FORMATS``; "auto" goes by the fields of each.
        template: with it, rows that it cannot render are left out too.

    Raises:
        DataError: the file cannot be read, or not one of its rows is right.
    """
    good: list[Conversation] = []
    bad: list[BadRow] = []
    kind = path.name.split(".")[0]
    for number, line in read_lines(path):
        try:
            conversation = parse_conversation(parse_row(path, number, line), kind, form)
            if template is not None:
                template.render_training(conversation.messages, conversation.tools)
        except (DataError, RequestError, TemplateError) as error:
            bad.append(BadRow(number, str(error)))
        else:
            good.append(dataclasses.replace(conversation, line=number))
    if not good:
        reason = f" Line {bad[0].line}: {bad[0].reason}" if bad else ""
        raise DataError(f"{path} holds no usable conversation.{reason}")
    return good, bad


def parse_conversation(row: Mapping[str, Any], kind: str = "chat", form: str = "auto") -> Conversation:
    """Turn one row into a checked Conversation; ``kind`` is used where the row names none.

    Raises:
        RequestError, DataError: the row is not of the form, a message or tool has a wrong one, a result answers no
            call, or nobody answers.
    """
    row = to_messages(row, form)
    typed = parse_messages(row["messages"])
    check_answers(typed)
    return Conversation(
        typed,
        parse_tools(row["tools"]),
        str(row.get("kind", kind)),
        str(row.get("language", row.get("lang", ""))),
        str(row.get("domain", "")),
    )


def parse_messages(messages: Sequence[dict[str, Any]]) -> tuple[Message, ...]:
    """Checked messages from OpenAI-shaped ones; call ids that are missing are filled in.

    Raises:
        RequestError, DataError: a message has a wrong form, or a result answers no call.
    """
    return tuple(
        Message.from_dict(message, f"messages[{index}]") for index, message in enumerate(_with_call_ids(messages))
    )


def parse_tools(tools: Sequence[Any]) -> tuple[ToolDefinition, ...]:
    """Checked tool definitions."""
    return tuple(ToolDefinition.from_dict(tool, f"tools[{index}]") for index, tool in enumerate(tools))


def render_conversation(
    conversation: Conversation,
    template: TrainingTemplate,
    emphasis: Mapping[int | tuple[int, int], float] = NO_EMPHASIS,
) -> Sample:
    """Render a conversation to a Sample that must stay whole; only what the assistant wrote carries loss.

    ``emphasis`` multiplies loss weights: its key is a token id and means the token after it, or two ids and means all
    tokens after the first up to and with the second.
    """
    ids, weights = template.render_training(conversation.messages, conversation.tools)
    ids_n, weights_n = np.array(ids, np.int32), np.array(weights, np.float32)
    for key, factor in emphasis.items():
        if isinstance(key, tuple):
            weights_n[_between(ids_n, *key)] *= factor
        else:
            weights_n[1:][ids_n[:-1] == key] *= factor
    weights_n[0] = 0.0
    return Sample(ids_n, weights_n, conversation.kind, splittable=False)


def _between(ids_n: np.ndarray, first: int, last: int) -> np.ndarray:
    """Where a token comes after a ``first`` that is not yet closed by a ``last``, whose own place is included."""
    place_n = np.arange(1, len(ids_n) + 1)
    opened_n, closed_n = (np.maximum.accumulate(place_n * (ids_n == token)) for token in (first, last))
    return np.concatenate(([False], (opened_n > closed_n)[:-1]))


def check_answers(messages: tuple[Message, ...]) -> None:
    """Raise DataError where the assistant says nothing, or what it says is not to be learned."""
    answers = [message for message in messages if message.role == "assistant"]
    if not answers:
        raise DataError("The conversation has no assistant message to learn from.")
    for message in answers:
        if not message.content.strip() and not message.tool_calls:
            raise DataError("An assistant message is empty.")
        for call in message.tool_calls:
            if call.raw_arguments is not None:
                raise DataError(f"The arguments of the call to '{call.name}' are not a JSON object.")


def _with_call_ids(messages: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Fill in what public chat sets leave out: call ids, and arguments given as an object instead of JSON text.

    Results without an id answer the calls before them in order.
    """
    complete: list[dict[str, Any]] = []
    waiting: list[str] = []
    number = 0
    for message in messages:
        message = dict(message)
        calls = message.get("tool_calls")
        if isinstance(calls, list) and calls:
            filled = []
            for call in calls:
                if not isinstance(call, dict) or not isinstance(call.get("function"), dict):
                    raise DataError("Each entry of 'tool_calls' must be an object with a 'function' object.")
                function = dict(call["function"])
                if isinstance(function.get("arguments"), dict):
                    function["arguments"] = json.dumps(function["arguments"], ensure_ascii=False)
                name = call.get("id") or f"call_{number}"  # Arrow writes null for what other rows have
                filled.append({"type": "function", **call, "id": name, "function": function})
                number += 1
            message["tool_calls"] = filled
            waiting = [call["id"] for call in filled]
        elif message.get("role") == "tool":
            if message.get("tool_call_id") is None:
                if not waiting:
                    raise DataError("A tool message answers no call.")
                message["tool_call_id"] = waiting[0]
            waiting = [name for name in waiting if name != message["tool_call_id"]]
        if not calls:
            message.pop("tool_calls", None)
        complete.append(message)
    return complete
