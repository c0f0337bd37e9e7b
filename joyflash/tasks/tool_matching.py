"""Which of the listed tools is meant: the choice alone, in its densest form.

In a conversation of tool use one token in thirty says which tool was chosen, and a small model learns everything
around it first: the form of a call, the copying of names and values. Here a call is nothing but the choice: the tools
take no parameters, and requests follow each other without results. In ``match_words`` a request repeats words of one
description, from which the comparison of a request with every description is learned first (docs/LOG.md); in
``match`` the tools are real, and half of the requests are what a user would say.
"""

from __future__ import annotations

import dataclasses
import random
import re

from joyflash.tasks.chars_zh import random_characters
from joyflash.tasks.tool_build import Tool
from joyflash.tasks.tool_english import draw_phrases
from joyflash.tasks.tool_framing import request
from joyflash.tasks.tool_lists import distinct, draw_tool, what_it_does
from joyflash.tasks.tool_messages import calls, says, to_sample, user
from joyflash.tasks.tool_requests import Clause, clause
from joyflash.tasks.tool_use import ToolPhrases
from joyflash.tasks.tool_wording import Slots
from joyflash.tasks.words import ADJECTIVES, NOUNS, VERBS, Split, identifier

_COUNTS, _COUNT_WEIGHTS = (2, 3, 4, 5, 6), (15, 25, 25, 20, 15)
_REAL_SHARE = 0.85
_LONGEST_NAME = 14
_CARRIERS = {
    "en": ("{}", "{}", "{}", "{}, please", "Please: {}", "I need this: {}", "something for {}", "now {}", "do {}"),
    "zh": ("{}", "{}", "{}", "请{}", "帮我{}", "我要{}", "现在{}", "想{}", "有没有{}"),
}
_PLAIN = (
    "a an the of in on at to for from by with and or is are be was it its this that as into which what who how many "
    "long much some any one no not can could again"
)
_PLAIN_WORDS = frozenset(_PLAIN.split())
_WORDS_EN, _WORDS_ZH = re.compile(r"[A-Za-z][A-Za-z'-]+|\d+"), re.compile("[一-鿿]{2,4}")


def sample_match(rng: random.Random, language: str, split: Split) -> dict:
    """Six to fourteen requests, each answered by the bare call of one of two to six tools, or by a refusal."""
    phrases = draw_phrases(rng, language)
    tools = _list(rng, split, phrases)
    bare = {tool.name: dataclasses.replace(tool, parameters=()) for tool in tools}
    messages: list[dict] = []
    for _ in range(6 + int(rng.random() * 9)):
        if rng.random() < 0.1:
            messages += _refused(tools, rng, split, phrases)
            continue
        tool = rng.choice(tools)
        text, wanted = _asked(tool, [other for other in tools if other is not tool], rng, split, phrases)
        call = dataclasses.replace(wanted, tool=bare[tool.name], arguments={})
        messages += [user(text), calls([call], rng)]
    return to_sample(messages, list(bare.values()), "match", language)


def sample_match_words(rng: random.Random, language: str, split: Split) -> dict:
    """Ten to nineteen requests for one of two to five invented tools, in words of its description."""
    gap = " " if language == "en" else ""
    abouts: dict[str, list[str]] = {}
    for _ in range(rng.choice((2, 2, 3, 3, 4, 5))):
        taken = {word for words in abouts.values() for word in words}
        drawn = {_word(rng, language): None for _ in range(rng.choice((1, 2, 2, 3)))}
        name = identifier(rng, split, language)
        while name in abouts or len(name) > _LONGEST_NAME:
            name = identifier(rng, split, language)
        abouts[name] = [word for word in drawn if word not in taken] or [name]
    tools = {name: Tool(name, gap.join(words), (), "noun", words[0]) for name, words in abouts.items()}
    messages: list[dict] = []
    for _ in range(10 + int(rng.random() * 10)):
        name, words = rng.choice(list(abouts.items()))
        asked = gap.join(rng.sample(words, rng.randint(1, len(words))))
        text = rng.choice(_CARRIERS[language]).format(asked)
        messages += [user(text), calls([Clause(text, "order", tools[name], {}, "", {})], rng)]
    return to_sample(messages, list(tools.values()), "match_words", language)


def _word(rng: random.Random, language: str) -> str:
    if language == "zh":
        return random_characters(rng, 2)
    return rng.choice(rng.choice((NOUNS, VERBS, ADJECTIVES)))


def _list(rng: random.Random, split: Split, phrases: ToolPhrases) -> list[Tool]:
    """Tools with a description each, half of them close to another, none of which can stand for another."""
    count = rng.choices(_COUNTS, weights=_COUNT_WEIGHTS)[0]
    tools: list[Tool] = []
    while len(tools) < count:
        tool = draw_tool(rng, split, phrases, real=_REAL_SHARE, closed=True, light=True, near=tools)
        if tool.style != "name" and tool.about and distinct(tool, tools):
            tools.append(tool)
    rng.shuffle(tools)
    return tools


def _asked(
    tool: Tool, others: list[Tool], rng: random.Random, split: Split, phrases: ToolPhrases
) -> tuple[str, Clause]:
    """A request for ``tool`` and not for one of ``others``: as a user would say it, or in words of a description."""
    slots = Slots()
    wanted = clause(tool, rng, split, phrases, slots)
    if rng.random() < 0.55:
        return request([wanted], rng, split, phrases, slots), wanted
    about = tool.about
    if tool.source is not None and rng.random() < 0.6:
        about = phrases.grammar.fill(rng.choice(tool.source.about), rng)
    if rng.random() < 0.6:
        about = _some_words(about, " ".join(what_it_does(other) for other in others), rng, phrases.language)
    text = rng.choice(_CARRIERS[phrases.language]).format(about.strip(" .。"))
    return phrases.finish(rng, text), wanted


def _some_words(about: str, elsewhere: str, rng: random.Random, language: str) -> str:
    """One to three of the words that say something, in any order; the whole where all of them occur ``elsewhere``."""
    if language == "zh" and not about.isascii():
        words = _WORDS_ZH.findall(about)
    else:
        words = [word for word in _WORDS_EN.findall(about) if word.lower() not in _PLAIN_WORDS]
    own = [word for word in words if word.lower() not in elsewhere]
    if not own:
        return about
    kept = [rng.choice(own)]
    kept += rng.sample([word for word in words if word not in kept], min(len(set(words)) - 1, rng.choice((0, 1, 1, 2))))
    rng.shuffle(kept)
    return ("" if language == "zh" and not about.isascii() else " ").join(kept)


def _refused(tools: list[Tool], rng: random.Random, split: Split, phrases: ToolPhrases) -> list[dict]:
    """A request for a tool that is not listed, and the refusal."""
    while True:
        absent = draw_tool(rng, split, phrases, real=_REAL_SHARE, closed=True, light=True)
        if absent.style != "name" and absent.about and distinct(absent, tools):
            break
    text, _ = _asked(absent, tools, rng, split, phrases)
    return [user(text), says(phrases.grammar.expand("decline", rng))]
