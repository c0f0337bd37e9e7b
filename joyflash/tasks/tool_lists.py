"""Which tools a conversation lists: drawn so that each request has one right tool, or none."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Sequence
from functools import cache

from joyflash.tasks.tool_build import Tool, invented_tool, real_tool
from joyflash.tasks.tool_use import ToolKind, ToolPhrases, load_phrases
from joyflash.tasks.words import Split

_DONE = {"ok", "done", "success", "set", "sent", "saved", "secured", "locked", "deleted", "removed", "cancelled"}
_DONE |= {"closed", "resolved", "copied", "restarted", "changed", "started", "added", "created"}
_WORDS = {"en": re.compile("[a-z]{4,}"), "zh": re.compile("(?=([一-鿿]{2}))")}
# Words in the texts of more than one tool in so many say nothing about what a tool is for.
_COMMON = 9
_TRIES = 12


def draw_tool(
    rng: random.Random, split: Split, phrases: ToolPhrases, *, real: float, closed: bool = False,
    light: bool = False, near: Sequence[Tool] = (),
) -> Tool:  # fmt: skip
    """A tool to list or to ask for.

    Args:
        rng: source of randomness.
        split: side of the word split.
        phrases: the language.
        real: share of real tools.
        closed: leave out tools that could answer almost anything (web search).
        light: mostly tools of at most one required parameter, with few optional ones.
        near: where one of these is of the same sort (real or invented), the new tool is close to it.
    """
    if rng.random() >= real:
        alike = [tool for tool in near if tool.source is None and tool.style != "calc"]
        return invented_tool(rng, split, phrases, like=rng.choice(alike) if alike else None)
    sources = [tool.source for tool in near if tool.source is not None]
    domain = rng.choice(sources).domain if sources else None
    few = light and rng.random() < 0.85
    kinds = [
        kind
        for kind in phrases.tools
        if domain in (None, kind.domain)
        and not (closed and kind.wide)
        and not (few and sum(argument.required for argument in kind.arguments) > 1)
    ]
    if not kinds:
        return draw_tool(rng, split, phrases, real=1.0, closed=closed, light=light)
    return real_tool(rng.choice(kinds), rng, split, phrases, optional=0.12 if light else 0.7)


def other_tools(
    target: Tool, count: int, rng: random.Random, split: Split, phrases: ToolPhrases, *, closed: bool = False
) -> list[Tool]:
    """``count`` tools that cannot do what ``target`` does, half of them close to it.

    ``closed``: none that could answer almost anything.
    """
    tools: list[Tool] = []
    while len(tools) < count:
        near = [target] if rng.random() < 0.5 else []
        other = draw_tool(rng, split, phrases, real=0.2 if target.source is None else 0.8, closed=closed, near=near)
        if distinct(other, [target, *tools]):
            tools.append(other)
    return tools


def distinct(tool: Tool, others: Sequence[Tool]) -> bool:
    """Whether no request for ``tool`` could mean one of ``others`` as well."""
    return not any(_confusable(tool, other) for other in others)


def _confusable(first: Tool, second: Tool) -> bool:
    if first.name.lower() == second.name.lower():
        return True
    if first.source is not None and second.source is not None:
        return not set(first.source.names).isdisjoint(second.source.names)
    if first.action is not None and second.action is not None:
        return first.topic == second.topic and first.action is second.action
    if first.topic and first.topic == second.topic:
        return True
    return any(
        one.style in ("noun", "verb", "action") and one.topic.lower() in what_it_does(two)
        for one, two in ((first, second), (second, first))
    )


def what_it_does(tool: Tool) -> str:
    """Every text by which a tool is known, in lower case."""
    texts = [tool.name, tool.about]
    if tool.source is not None:
        source = tool.source
        texts += [*source.names, *source.about, *source.orders, *source.questions, *source.notes]
    if tool.action is not None:
        texts += [*tool.action.names, *tool.action.about, *tool.action.orders]
    return " ".join(texts).lower()


def talk_beside(tools: Sequence[Tool], rng: random.Random, phrases: ToolPhrases) -> tuple[str, str]:
    """Small talk or an easy question (rule texts of what is said and of the answer) that needs none of ``tools``.

    It has no telling word in common with a tool that finds something out; one that only does something may be close:
    "what is an invoice" asks for no invoice. Nearly half of the time such a close text is looked for.
    """
    only = {tool.name: tool.source is not None and only_does(tool.source) for tool in tools}
    answers = " ".join(what_it_does(tool) for tool in tools if not only[tool.name])
    acts = " ".join(what_it_does(tool) for tool in tools if only[tool.name])
    close = _TRIES if acts and rng.random() < 0.5 else 0
    for attempt in range(5 * _TRIES):
        talk = rng.choice(phrases.talk)
        words = _telling_words(talk[0], phrases.language)
        near = attempt >= close or any(word in acts for word in words)
        if near and not any(word in answers for word in words):
            return talk
    return phrases.talk[0]


@cache
def _telling_words(text: str, language: str) -> frozenset[str]:
    """The longer words of ``text`` (in Chinese: every two characters in a row) that are not common among tools."""
    return frozenset(_WORDS[language].findall(text.lower())) - _common_words(language)


@cache
def _common_words(language: str) -> frozenset[str]:
    kinds = load_phrases(language).tools
    counts: Counter[str] = Counter()
    for kind in kinds:
        texts = (*kind.about, *kind.orders, *kind.questions, *kind.notes)
        counts.update(set(_WORDS[language].findall(" ".join(texts).lower())))
    return frozenset(word for word, count in counts.items() if count * _COMMON > len(kinds))


def only_does(source: ToolKind) -> bool:
    """Whether a tool does something and returns no more than that it did."""
    if len(source.gives) != 1:
        return False
    name, kind = source.gives[0]
    return name.endswith("_id") or (kind.startswith("enum:") and not _DONE.isdisjoint(kind[5:].split(",")))
