"""Windows: one call of a dialogue, and the few turns before it that say everything the call needs."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from joyflash.data.dialogues.functions import MOST_PARAMETERS, Function
from joyflash.data.dialogues.replies import told
from joyflash.data.dialogues.spellings import written
from joyflash.data.dialogues.topics import is_known, names_group

LONGEST_USER_TURN = {"en": 260, "zh": 110}
"""Longest user turn of a window by language, in characters."""
_LONGEST_BETWEEN = {"en": 130, "zh": 60}
_MOST_TURNS = 3
_CONSENT = re.compile(r"\b(yes|yeah|yep|yup|sure|correct|right|confirm|perfect|ok|okay|good|great|fine)\b", re.I)
_LONGEST_CONSENT = 8  # words


@dataclass(frozen=True)
class Window:
    """One call and the turns before it that say its values.

    Attributes:
        turns: (role, text), from a user turn to a user turn.
        function: key of the called function.
        arguments: by the file's parameter names, each value as the user wrote it.
        dropped: parameters of the annotation that the user said in other words; they must not be listed.
        results: what the reply repeats of the result, as the reply has it; empty without a usable reply.
        reply: what the human assistant said next.
    """

    turns: tuple[tuple[str, str], ...]
    function: str
    arguments: dict[str, str]
    dropped: frozenset[str]
    results: tuple[dict[str, Any], ...] = ()
    reply: str = ""


def cut_window(
    messages: list[dict[str, Any]], at: int, functions: Mapping[str, Function], language: str
) -> Window | None:
    """The window of the single call in message ``at``; None where the user does not say what the call needs.

    Args:
        messages: of the dialogue, in OpenAI's form.
        at: index of the message with the call.
        functions: those that may be called, by key.
        language: "en" or "zh".
    """
    call = messages[at]["tool_calls"][0]["function"]
    function = functions[call["name"]]
    given = json.loads(call["arguments"]) if isinstance(call["arguments"], str) else call["arguments"]
    values = {key: str(value) for key, value in given.items()}
    turns = _needed_turns(_turns_before(messages, at, language), values)
    users = [text for role, text in turns if role == "user"]
    if not users or not values:
        return None
    arguments = _locate(values, users)
    if not _complete(arguments, function) or not (_locate(values, users[-1:]) or _consents(users[-1])):
        return None
    dropped = frozenset(values) - set(arguments)
    heard = [m["content"] for m in messages[:at] if m["role"] == "assistant" and m.get("content")]
    if any(written(values[key], text) for key in dropped for text in heard):
        return None  # the request points at something said before
    if is_known(function.group) and not any(names_group(text, function.group) for _, text in turns):
        return None  # it only goes on with what was asked before ("And in London?")
    results, reply = told(messages, at, " ".join(text for _, text in turns), language)
    return Window(tuple(turns), function.key, arguments, dropped, results, reply)


def _turns_before(messages: list[dict[str, Any]], at: int, language: str) -> list[tuple[str, str]]:
    """Up to three short user turns before message ``at`` and the assistant's short turns between them."""
    turns: list[tuple[str, str]] = []
    kept = 0
    for message in reversed(messages[:at]):
        role, text = message["role"], (message.get("content") or "").strip()
        wanted = "assistant" if len(turns) % 2 else "user"
        longest = (_LONGEST_BETWEEN if len(turns) % 2 else LONGEST_USER_TURN)[language]
        if role != wanted or message.get("tool_calls") or not 0 < len(text) <= longest:
            break
        turns.append((role, text))
        if role == "user":
            kept = len(turns)
            if kept == 2 * _MOST_TURNS - 1:
                break
    return turns[:kept][::-1]


def _needed_turns(turns: list[tuple[str, str]], values: dict[str, str]) -> list[tuple[str, str]]:
    """The fewest of the latest turns in which the user says as many of the values as in all of them."""
    users = [text for role, text in turns if role == "user"]
    if not users:
        return []
    most = len(_locate(values, users))
    count = next(k for k in range(1, len(users) + 1) if len(_locate(values, users[-k:])) == most)
    return turns[len(turns) - (2 * count - 1) :]


def _locate(values: dict[str, str], users: Sequence[str]) -> dict[str, str]:
    """The values that the user wrote, as written there; no two share a place. The latest turn counts first."""
    taken: list[list[tuple[int, int]]] = [[] for _ in users]
    places: dict[str, str] = {}
    for key in sorted(values, key=lambda key: -len(values[key])):
        for turn in reversed(range(len(users))):
            span = written(values[key], users[turn], taken[turn])
            if span:
                taken[turn].append(span)
                places[key] = users[turn][slice(*span)]
                break
    return {key: places[key] for key in values if key in places}


def _complete(arguments: dict[str, str], function: Function) -> bool:
    """Whether a listed function can take the arguments and needs no others."""
    known = {parameter.key for parameter in function.parameters}
    required = {parameter.key for parameter in function.parameters if parameter.required}
    return required <= set(arguments) <= known and 0 < len(arguments) <= MOST_PARAMETERS


def _consents(text: str) -> bool:
    """Whether a turn without values only agrees to what the assistant proposed."""
    return len(text.split()) <= _LONGEST_CONSENT and _CONSENT.search(text) is not None
