"""English tool-use phrases: the constant ``PHRASES``."""

from __future__ import annotations

import random

from joyflash.tasks.grammar import Grammar
from joyflash.tasks.talk_pairs import talk_pairs
from joyflash.tasks.tool_actions_en import ACTIONS
from joyflash.tasks.tool_names_en import NAME_RULES
from joyflash.tasks.tool_rules_en import ANSWER_RULES, REQUEST_RULES, TOOL_RULES, VALUE_RULES
from joyflash.tasks.tool_turns_en import TURN_RULES
from joyflash.tasks.tool_use import ToolPhrases, read_flags, read_tools
from joyflash.tasks.tool_words_en import WORDS
from joyflash.tasks.words import any_word, pseudo_word


def finish(rng: random.Random, text: str) -> str:
    """A request as a person types it: usually with capitals, sometimes lower case, unpunctuated or mistyped."""
    roll = rng.random()
    if roll < 0.2:
        text = text.lower() if roll < 0.14 else text
    elif roll < 0.215:
        text = text.upper()
    else:
        text = _sentences(text)
    if rng.random() < 0.12:
        text = text.rstrip(".?! ")
    if rng.random() < 0.03:
        text = text.replace(",", "").replace("'", "")
    if rng.random() < 0.06:
        text = _mistype(rng, text)
    return text


def _sentences(text: str) -> str:
    """``text`` with capital letters where its sentences begin."""
    letters = list(text)
    start = True
    for at, letter in enumerate(letters):
        if start and letter.isalpha() and letter.isascii():
            letters[at] = letter.upper()
            start = False
        elif letter >= "\ue000":
            start = False
        elif letter in ".?!" and at + 1 < len(letters) and letters[at + 1] == " ":
            start = True
    return "".join(letters)


def _mistype(rng: random.Random, text: str) -> str:
    """Swap, drop or double one letter inside a word."""
    places = [
        at for at in range(1, len(text) - 2) if text[at - 1 : at + 2].isascii() and text[at - 1 : at + 2].isalpha()
    ]
    if not places:
        return text
    at = rng.choice(places)
    roll = rng.random()
    if roll < 0.4:
        return text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    return text[:at] + (text[at] * 2 if roll < 0.7 else "") + text[at + 1 :]


# fmt: off
_TOPICS = (
    "world", "home", "daily", "people", "work", "office", "science", "numbers", "life", "services",
    "devices", "messages", "places", "facts", "community",
)
# fmt: on

PHRASES = ToolPhrases(
    language="en",
    grammar=Grammar({**REQUEST_RULES, **TURN_RULES, **TOOL_RULES, **ANSWER_RULES, **VALUE_RULES, **NAME_RULES}),
    tools=read_tools("en", _TOPICS),
    words=WORDS,
    talk=talk_pairs("en"),
    invent=pseudo_word,
    finish=finish,
    flags=read_flags("en"),
    word=any_word,
    actions=ACTIONS,
    proper=frozenset({"person", "city", "country", "street", "company", "artist", "title", "restaurant"}),
)
