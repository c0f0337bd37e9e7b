"""Chinese tool-use phrases: the constant ``PHRASES``."""

from __future__ import annotations

import random

from joyflash.tasks.grammar import Grammar
from joyflash.tasks.talk_drills import invented_word
from joyflash.tasks.talk_pairs import talk_pairs
from joyflash.tasks.tool_names_zh import NAME_RULES
from joyflash.tasks.tool_rules_zh import ANSWER_RULES, REQUEST_RULES, TOOL_RULES, VALUE_RULES
from joyflash.tasks.tool_turns_zh import TURN_RULES
from joyflash.tasks.tool_use import ToolPhrases, read_flags, read_tools
from joyflash.tasks.tool_words_zh import WORDS
from joyflash.tasks.words import Split, any_word


def finish(rng: random.Random, text: str) -> str:
    """A request as a person might type it: at times without last stop or with ASCII punctuation."""
    roll = rng.random()
    if roll < 0.12:
        text = text.rstrip("。？！?!")
    elif roll < 0.17:
        text = text.translate({ord("，"): ",", ord("？"): "?", ord("！"): "!", ord("："): ":"})
    elif roll < 0.2:
        text = text.replace("，", " ").rstrip("。")
    return text.replace("吗？吗", "吗").replace("，，", "，").replace("。。", "。")


def invent(rng: random.Random, split: Split) -> str:
    """Two to four random characters; a quarter are invented Latin words."""
    return invented_word(rng, "zh", split)


def value_word(rng: random.Random, split: Split) -> str:
    """A word to copy: nearly half of them invented, the others frequent words or characters from all the vocabulary."""
    return invent(rng, split) if rng.random() < 0.45 else any_word(rng, split, invented=0, language="zh")


# fmt: off
_TOPICS = (
    "home", "daily", "people", "office", "science", "work", "numbers", "services", "life", "devices",
    "messages", "places", "facts", "community",
)
# fmt: on

RULES = {**REQUEST_RULES, **TURN_RULES, **TOOL_RULES, **ANSWER_RULES, **VALUE_RULES, **NAME_RULES}
PHRASES = ToolPhrases(
    language="zh",
    grammar=Grammar(RULES),
    tools=read_tools("zh", _TOPICS),
    words=WORDS,
    talk=talk_pairs("zh"),
    invent=invent,
    finish=finish,
    flags=read_flags("zh"),
    word=value_word,
    proper=frozenset({"person", "city", "company", "artist", "title", "restaurant"}),
)
