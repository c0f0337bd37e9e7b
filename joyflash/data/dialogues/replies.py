"""Replies: what the answer after a call takes from its result, so that nothing in it comes from nowhere."""

from __future__ import annotations

import json
import re
from typing import Any

from joyflash.data.dialogues.spellings import COUNTS, written

LONGEST_REPLY = {"en": 240, "zh": 110}
"""Longest usable reply by language, in characters."""
_MOST_RESULTS = 2

Told = tuple[tuple[dict[str, Any], ...], str]
"""What a reply repeats of a result, as the reply has it, and the reply; empty without a usable reply."""


def told(messages: list[dict[str, Any]], at: int, asked: str, language: str) -> Told:
    """What the reply after message ``at`` repeats of the result; nothing where it says more, or nothing new.

    Args:
        messages: of the dialogue, in OpenAI's form.
        at: index of the message with the call.
        asked: what was said before the call.
        language: "en" or "zh".
    """
    nothing: Told = ((), "")
    after = messages[at + 1 : at + 3]
    if [message["role"] for message in after] != ["tool", "assistant"] or after[1].get("tool_calls"):
        return nothing
    reply = (after[1].get("content") or "").strip()
    try:
        results = json.loads(after[0]["content"])
    except ValueError:
        return nothing
    if not isinstance(results, list) or not 0 < len(reply) <= LONGEST_REPLY[language]:
        return nothing
    taken: list[tuple[int, int]] = []
    items = [item for item in results if isinstance(item, dict)][:_MOST_RESULTS]
    found = [_fields(item, reply, taken) for item in items]
    new = any(
        str(item[key]) not in ("True", "False") and written(str(value), asked) is None
        for item, fields in zip(items, found, strict=True)
        for key, value in fields.items()
    )
    if not new or not _supported(reply, taken, asked, language):
        return nothing
    return tuple(fields for fields in found if fields), reply


def _fields(result: dict[str, Any], reply: str, taken: list[tuple[int, int]]) -> dict[str, Any]:
    """The fields that ``reply`` repeats, as it has them; ``taken`` gets their places."""
    fields: dict[str, Any] = {}
    # The longest first, so that a short value is not found inside of a long one.
    for key, value in sorted(result.items(), key=lambda item: -len(str(item[1]))):
        repeated = _repeated(key, value, reply, taken)
        if repeated is not None:
            fields[key] = repeated
    return {key: fields[key] for key in result if key in fields}


def _repeated(key: str, value: Any, reply: str, taken: list[tuple[int, int]]) -> Any:
    """``value`` as the reply has it (of a list, the items there), or None; ``taken`` gets the places."""
    if isinstance(value, list):
        items = [_repeated(key, item, reply, taken) for item in value]
        return [item for item in items if item is not None] or None
    text = str(value)
    if text in ("True", "False"):
        words = [word for word in key.split("_") if word not in ("has", "is", "good", "for", "offers", "serves")]
        return text if all(word in reply.lower() for word in words) else None
    text = text.removesuffix(".0") if isinstance(value, float) else text
    span = written(text, reply, taken)
    if not span:
        return None
    taken.append(span)
    found = reply[slice(*span)]
    return value if isinstance(value, int | float) else found


def _supported(reply: str, taken: list[tuple[int, int]], asked: str, language: str) -> bool:
    """Whether every number and name of the reply comes from the result or from the user."""
    rest = list(reply)
    for start, end in taken:
        rest[start:end] = " " * (end - start)
    left = "".join(rest)
    if language == "zh":
        claims = re.findall(r"[\dA-Za-z]+(?:\.\d+)?", left)
        sorry = re.search("抱歉|不好意思|对不起|没有", left)
        return not sorry and all(claim in asked for claim in claims)
    counts = "|".join(COUNTS[2:])  # "one" is rarely a number
    claims = re.findall(rf"\b(?:{counts})\b|\w*\d[\w.:,]*|(?<![.?!:] )(?<!^)(?<!\w)(?!I\b)[A-Z][\w']*", left)
    return all(claim.strip(".,:").lower() in asked.lower() for claim in claims)
