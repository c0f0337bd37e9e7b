"""Whole messages of a user: the frames around what is asked for, and what is said beside it."""

from __future__ import annotations

import random
import re

from joyflash.tasks.tool_build import Tool
from joyflash.tasks.tool_requests import Clause
from joyflash.tasks.tool_use import ToolPhrases
from joyflash.tasks.tool_values import draw
from joyflash.tasks.tool_wording import Slots, ended
from joyflash.tasks.words import Split

_COUNTED_SHARE = 0.2
_ASIDE_SHARE = 0.08
_NUMERIC = ("integer", "number", "price", "expression", "time", "date")
# Frames that clash with "tell me" and its like: "I need to tell me".
_CLUMSY = re.compile(
    r"(?<!you )\bto (?:give|tell|show|get|bring|read|send) me\b|"
    r"\b(?:let's|let us|help me|help us|we should) (?:give|tell|show|get|bring|read|send) me\b|"
    r"(?:我们?(?:想|要|得|来|打算|准备|必须|需要|一直想|刚想|还要|正想|急着)|本人想|咱们|让我们|[让叫要请催]我|希望我|吩咐我|通知我)"
    r"(?:告诉我|给我|问问)|(?:帮我们?|帮忙|给我|替我|告诉我){2}"
)


def request(clauses: list[Clause], rng: random.Random, split: Split, phrases: ToolPhrases, slots: Slots) -> str:
    """The user's message that asks for all ``clauses`` in their order."""
    tools = [item.tool for item in clauses]
    texts = [item.text for item in clauses if item.text]
    if clauses[0].form == "say" or (
        len(texts) > 1 and any(item.form != "order" or ". " in item.text for item in clauses)
    ):
        text = _beside(_join_says(clauses, rng, phrases), tools, rng, split, phrases, slots)
        return slots.restore(phrases.finish(rng, text))
    text, form = texts[0], clauses[0].form
    for following in texts[1:]:
        text = phrases.grammar.expand(_joint("orders", len(texts), rng), rng, first=text, second=following)
    asked = _asked(form, text, rng, phrases)
    if form != "note" or rng.random() < 0.3:
        asked = phrases.grammar.expand("whole", rng, ask=asked)
    asked = _beside(asked, tools, rng, split, phrases, slots)
    return slots.restore(phrases.finish(rng, asked))


def small_talk(asked: str, tools: list[Tool], rng: random.Random, split: Split, phrases: ToolPhrases) -> str:
    """Small talk or an easy question as a whole message, half of the time in the frames of requests for ``tools``."""
    text = phrases.grammar.fill(asked, rng)
    slots = Slots()
    if rng.random() < 0.5:
        text = phrases.grammar.expand("whole", rng, ask=ended(text, phrases.language))
        text = _beside(text, tools, rng, split, phrases, slots)
    return slots.restore(phrases.finish(rng, text))


def _beside(text: str, tools: list[Tool], rng: random.Random, split: Split, phrases: ToolPhrases, slots: Slots) -> str:
    """``text``, at times after a sentence with a number or a name that no parameter of ``tools`` could take."""
    roll = rng.random() / _ASIDE_SHARE
    kinds = {p.kind.partition(":")[0] for tool in tools for p in tool.parameters}
    if roll < 0.5 and kinds.isdisjoint(_NUMERIC):
        return phrases.grammar.expand("aside_number", rng, number=str(2 + int(rng.random() * 40)), ask=text)
    if 0.5 <= roll < 1 and kinds <= {*_NUMERIC, "flag", "enum", "email", "url", "file", "id", "phone", "color"}:
        name = slots.hold(draw("person", rng, split, phrases).spoken)
        return phrases.grammar.expand("aside_person", rng, person=name, ask=text)
    return text


def _join_says(clauses: list[Clause], rng: random.Random, phrases: ToolPhrases) -> str:
    """Whole messages, and other requests made whole, one after the other."""
    whole = [
        item.text if item.form == "say" else _asked(item.form, item.text, rng, phrases) for item in clauses if item.text
    ]
    text = whole[0]
    for following in whole[1:]:
        joint = _joint("says", len(whole), rng)
        text = phrases.grammar.expand(joint, rng, first=ended(text, phrases.language), second=following)
    return text


def _joint(what: str, count: int, rng: random.Random) -> str:
    """The rule that joins two of ``count`` requests; words that count ("two things") only where there are two."""
    return f"join_two_{what}" if count == 2 and rng.random() < _COUNTED_SHARE else f"join_{what}"


def _asked(form: str, text: str, rng: random.Random, phrases: ToolPhrases) -> str:
    """A clause as a whole request, in a frame that goes with it."""
    for _ in range(8):
        asked = phrases.grammar.expand(f"ask_{form}", rng, **{form: text})
        if not _CLUMSY.search(asked):
            break
    return asked
