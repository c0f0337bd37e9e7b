"""Preference files: a prompt with a better and a worse answer a line, checked and rendered to tokens.

Forms: ``prompt`` or ``question``, ``chosen`` and ``rejected`` as texts or lists of messages, or ``chosen`` and
``rejected`` as whole conversations (TRL); ``input``, ``preferred_output`` and ``non_preferred_output`` (OpenAI); a
ShareGPT or Alpaca row with ``chosen`` and ``rejected`` in place of its last answer (LLaMA-Factory). An answer may be
several turns, with tool calls and their results.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from joyflash.data.chat_formats import to_messages
from joyflash.data.conversations import BadRow, TrainingTemplate, check_answers, parse_messages, parse_tools
from joyflash.data.jsonl import parse_row, read_lines
from joyflash.data.samples import Sample
from joyflash.errors import DataError, RequestError, TemplateError
from joyflash.text.messages import Message, ToolDefinition


@dataclass(frozen=True)
class Preference:
    """What both answers share (``prompt``), and the answers, each beginning with an assistant's message."""

    prompt: tuple[Message, ...]
    tools: tuple[ToolDefinition, ...]
    chosen: tuple[Message, ...]
    rejected: tuple[Message, ...]
    domain: str = ""


@dataclass(frozen=True)
class Pair:
    """A rendered preference; only what the assistant writes in the answers has a weight."""

    chosen: Sample
    rejected: Sample
    domain: str
    line: int

    def __len__(self) -> int:
        return len(self.chosen) + len(self.rejected)


def read_preferences(path: Path, template: TrainingTemplate) -> tuple[list[Pair], list[BadRow]]:
    """Read a preference file; rows of a wrong form are left out and reported.

    Raises:
        DataError: the file cannot be read, or not one of its rows is right.
    """
    good: list[Pair] = []
    bad: list[BadRow] = []
    for number, line in read_lines(path):
        try:
            good.append(render_preference(parse_preference(parse_row(path, number, line)), template, number))
        except (DataError, RequestError, TemplateError) as error:
            bad.append(BadRow(number, str(error)))
    if not good:
        reason = f" Line {bad[0].line}: {bad[0].reason}" if bad else ""
        raise DataError(f"{path} holds no usable preference.{reason}")
    return good, bad


def is_preference(line: str) -> bool:
    """Whether a line looks like one of a preference file."""
    try:
        row = json.loads(line)
    except ValueError:
        return False
    return isinstance(row, dict) and ("rejected" in row or "non_preferred_output" in row)


def parse_preference(row: Mapping[str, Any]) -> Preference:
    """Turn one row into a checked Preference.

    The prompt is all that both conversations begin with, so that an answer begins where they part.

    Raises:
        RequestError, DataError: the row has none of the forms, or its answers are equal or answer different prompts.
    """
    chosen, rejected = (to_messages(whole) for whole in _two_conversations(row))
    good, worse = parse_messages(chosen["messages"]), parse_messages(rejected["messages"])
    shared = _shared(good, worse)
    check_answers(good[shared:])
    return Preference(
        good[:shared], parse_tools(chosen["tools"]), good[shared:], worse[shared:], str(row.get("domain", ""))
    )


def render_preference(preference: Preference, template: TrainingTemplate, line: int = 0) -> Pair:
    """Render both conversations; the assistant's turns in the prompt are context.

    Raises:
        DataError: an answer has nothing to learn from.
    """
    prompt = tuple(dataclasses.replace(message, weight=0.0) for message in preference.prompt)
    samples = []
    for name, answer in (("chosen", preference.chosen), ("rejected", preference.rejected)):
        ids, weights = template.render_training((*prompt, *answer), preference.tools)
        weights_n = np.array(weights, np.float32)
        weights_n[0] = 0.0
        if not weights_n.any():
            raise DataError(f"The answer '{name}' has no token to learn from.")
        samples.append(Sample(np.array(ids, np.int32), weights_n, name, splittable=False))
    return Pair(samples[0], samples[1], preference.domain, line)


def _two_conversations(row: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The conversations with the better and with the worse answer, each as a chat row."""
    if "preferred_output" in row or "non_preferred_output" in row:
        given = row.get("input")
        if not isinstance(given, Mapping):
            raise DataError("'input' must be an object with 'messages'.")
        row = {
            "prompt": given.get("messages"),
            "tools": given.get("tools"),
            "chosen": row.get("preferred_output"),
            "rejected": row.get("non_preferred_output"),
        }
    chosen, rejected = row.get("chosen"), row.get("rejected")
    if chosen is None or rejected is None:
        raise DataError("A preference needs both 'chosen' and 'rejected'.")
    return _conversation(row, chosen), _conversation(row, rejected)


def _conversation(row: Mapping[str, Any], answer: Any) -> dict[str, Any]:
    """A chat row: the row's prompt and one of its answers."""
    rest = {name: value for name, value in row.items() if name not in ("prompt", "chosen", "rejected", "messages")}
    if "conversations" in row:
        last = [{"from": "gpt", "value": answer}] if isinstance(answer, str) else _list(answer, "chosen")
        return {**rest, "conversations": [*_list(row["conversations"], "conversations"), *last]}
    if "instruction" in row:
        return {**rest, "output": answer}
    prompt = row.get("prompt", row.get("question", row.get("messages")))
    return {**rest, "messages": _whole(prompt, answer)}


def _whole(prompt: Any, answer: Any) -> list[Any]:
    """A conversation from a prompt and an answer; an answer that begins with a question brings its own prompt."""
    messages = [{"role": "assistant", "content": answer}] if isinstance(answer, str) else _list(answer, "chosen")
    if messages and isinstance(messages[0], Mapping) and messages[0].get("role") != "assistant":
        return messages
    if isinstance(prompt, str):
        prompt = [{"role": "user", "content": prompt}]
    return [*_list(prompt, "prompt"), *messages]


def _list(value: Any, name: str) -> list[Any]:
    if isinstance(value, Mapping):
        return [value]
    if not isinstance(value, list) or not value:
        raise DataError(f"'{name}' must be text, a message, or a list of messages.")
    return value


def _shared(chosen: tuple[Message, ...], rejected: tuple[Message, ...]) -> int:
    """How many messages both begin with; behind them each goes on with an assistant's message of its own."""
    shorter = min(len(chosen), len(rejected))
    count = next((n for n in range(shorter) if _said(chosen[n]) != _said(rejected[n])), shorter)
    if count == len(chosen) == len(rejected):
        raise DataError("'chosen' and 'rejected' are equal.")
    while count and not (count < shorter and chosen[count].role == rejected[count].role == "assistant"):
        count -= 1
    if not count:
        raise DataError("'chosen' and 'rejected' must begin with the same prompt and go on with the assistant.")
    return count


def _said(message: Message) -> tuple[Any, ...]:
    """A message without the ids of calls, which no model sees."""
    calls = [(call.name, call.arguments) for call in message.tool_calls]
    return message.role, message.content, message.reasoning_content, calls
