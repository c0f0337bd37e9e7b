"""What tools return, in many shapes, and the final answers that carry the returned value."""

from __future__ import annotations

import json
import random
from typing import NamedTuple

from joyflash.tasks.tool_requests import Clause
from joyflash.tasks.tool_use import ToolPhrases
from joyflash.tasks.tool_values import draw, join
from joyflash.tasks.tool_wording import ended
from joyflash.tasks.words import Split, identifier, number, pseudo_word

_RESULT_KINDS = ("number", "integer", "integer", "word", "word", "id", "person", "price", "text", "date")
STATUSES = ("ok", "done", "success", "completed", "created", "saved", "accepted", "sent", "true")
_OTHER_FIELDS = (("status", "ok"), ("ok", True), ("cached", False), ("code", 200), ("unit", "none"))
_RESULT_KEYS = ("result", "value", "output", "answer", "data", "response")


class Outcome(NamedTuple):
    """What the calls of a request have come to: the contents of their tool messages, and the final answer to all."""

    contents: list[str]
    answer: str
    failed: bool


def outcome(wanted: list[Clause], rng: random.Random, split: Split, phrases: ToolPhrases) -> Outcome:
    """What the calls of ``wanted`` return; now and then an error."""
    sums = all(item.tool.style == "calc" for item in wanted)
    pairs = sums or all(item.tool.style in ("noun", "name") for item in wanted)
    several = pairs and len(wanted) > 1
    found = [
        (*calculation_result(item.subject, rng, split, phrases, several=several), False)
        if sums
        else result_and_reply(item, rng, split, phrases, several=several)
        for item in wanted
    ]
    answer = join_replies([reply for _, reply, _ in found], rng, phrases, sentences=not pairs)
    return Outcome([content for content, *_ in found], answer, any(failed for *_, failed in found))


def result_and_reply(
    item: Clause, rng: random.Random, split: Split, phrases: ToolPhrases, *, several: bool = False
) -> tuple[str, str, bool]:
    """The content of the tool message, the sentence of the final answer, and whether it tells of an error.

    ``several`` asks for a short pair.
    """
    if rng.random() < 0.08:
        error = phrases.grammar.expand(
            "error",
            rng,
            word=item.subject if 0 < len(item.subject) < 24 else pseudo_word(rng, split),
            number=str(number(rng, split)),
        )
        content = json.dumps({"error": error}, ensure_ascii=False) if rng.random() < 0.4 else error
        return content, phrases.grammar.expand("reply_error", rng, error=error), True
    source = item.tool.source
    if source is not None and source.gives and source.replies:
        return (*_real_result(item, rng, split, phrases), False)
    kind = rng.choice(_RESULT_KINDS)
    value = draw(kind, rng, split, phrases).spoken
    if item.tool.style in ("verb", "action") and rng.random() < 0.35:
        value = rng.choice(STATUSES)
        reply = phrases.grammar.expand("reply_done", rng, value=value)
    elif several and item.subject:
        reply = phrases.grammar.expand("reply_pair", rng, of=item.subject, value=value)
    elif item.tool.style == "noun" and item.subject and rng.random() < 0.5:
        reply = phrases.grammar.expand("reply_noun", rng, noun=item.tool.topic, of=item.subject, value=value)
    else:
        reply = phrases.grammar.expand("reply_value", rng, value=value)
    return wrapped(value, rng, split, phrases), reply, False


def calculation_result(
    expression: str, rng: random.Random, split: Split, phrases: ToolPhrases, *, several: bool
) -> tuple[str, str]:
    """A calculator's result (any number: the answer must carry what the tool said) and the final answer."""
    value = str(number(rng, split, decimals=rng.random() < 0.3))
    rule = "calc_pair" if several else "calc_reply"
    content = wrapped(value, rng, split, phrases)
    if rng.random() < 0.15:
        content = f"{expression} = {value}" if rng.random() < 0.5 else f"{expression}={value}"
    return content, phrases.grammar.expand(rule, rng, expression=expression, value=value)


def _real_result(item: Clause, rng: random.Random, split: Split, phrases: ToolPhrases) -> tuple[str, str]:
    source = item.tool.source
    assert source is not None
    fields = {name: draw(kind, rng, split, phrases) for name, kind in source.gives}
    spoken = item.values | {name: value.spoken for name, value in fields.items()}
    reply = phrases.grammar.fill(rng.choice(source.replies), rng, **spoken)
    data = {name: value.data for name, value in fields.items()}
    roll = rng.random()
    if roll < 0.25:
        return phrases.grammar.fill(rng.choice(source.replies), rng, **spoken), reply
    if len(data) == 1 and roll < 0.6:
        return wrapped(next(iter(fields.values())).spoken, rng, split, phrases), reply
    if roll < 0.7:
        return "; ".join(f"{name}: {value.spoken}" for name, value in fields.items()), reply
    return _object(data, rng, split, phrases), reply


def wrapped(value: str, rng: random.Random, split: Split, phrases: ToolPhrases) -> str:
    """``value`` alone, as JSON, or in a sentence."""
    roll = rng.random()
    if roll < 0.4:
        return value
    if roll < 0.55:
        return phrases.grammar.expand("result_sentence", rng, value=value)
    key = rng.choice(_RESULT_KEYS) if rng.random() < 0.6 else identifier(rng, split, phrases.language)
    if roll < 0.6:
        return f"{key}: {value}"
    data = {key: _as_number(value)}
    if roll < 0.85:
        return json.dumps(data, ensure_ascii=False)
    return _object(data, rng, split, phrases)


def _object(data: dict, rng: random.Random, split: Split, phrases: ToolPhrases) -> str:
    """``data`` as a JSON object with up to two fields more that the answer does not need."""
    entries = list(data.items())
    for _ in range(int(rng.random() * 2.4)):
        key, value = rng.choice((*_OTHER_FIELDS, ("id", pseudo_word(rng, split)), ("ms", number(rng, split))))
        if key not in data:
            entries.insert(int(rng.random() * (len(entries) + 1)), (key, value))
    return json.dumps(dict(entries), ensure_ascii=False)


def _as_number(value: str) -> str | int | float:
    try:
        parsed = json.loads(value)
    except ValueError:
        return value
    return (
        parsed if isinstance(parsed, int | float) and not isinstance(parsed, bool) and str(parsed) == value else value
    )


def join_replies(replies: list[str], rng: random.Random, phrases: ToolPhrases, *, sentences: bool) -> str:
    """Several replies as one answer: sentences one after the other, pairs as a list."""
    if len(replies) == 1:
        return replies[0]
    if sentences:
        return ("" if phrases.language == "zh" else " ").join(ended(reply, phrases.language) for reply in replies)
    text = "\n".join(replies) if rng.random() < 0.2 else join(replies, rng, phrases)
    return text if text.endswith((".", "。")) or "\n" in text else text + ("。" if phrases.language == "zh" else ".")
