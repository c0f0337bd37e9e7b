"""Which tools a conversation lists: drawn so that each request has one right tool, or none."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import cache

from joyflash.tasks.tool_build import Tool, invented_tool, real_tool
from joyflash.tasks.tool_use import ToolKind, ToolPhrases, load_phrases
from joyflash.tasks.tool_wording import ended
from joyflash.tasks.words import Split

_DONE = {"ok", "done", "success", "set", "sent", "saved", "secured", "locked", "deleted", "removed", "cancelled"}
_DONE |= {"closed", "resolved", "copied", "restarted", "changed", "started", "added", "created"}
_WORDS = {"en": re.compile("[a-z]{4,}"), "zh": re.compile("(?=([一-鿿]{2}))")}
# Words in the texts of more than one tool in so many say nothing about what a tool is for.
_COMMON = 9
_TRIES = 12
_CANDIDATES = 5
_DOCUMENTED = 0.15
_ON_SUBJECT = 0.6
# Where several texts of a request go is the hardest part of a call.
_SEVERAL_TEXTS = 2.5
_NO_TEXT = ("integer", "number", "price", "flag", "enum", "list", "object", "expression")


def draw_tool(
    rng: random.Random, split: Split, phrases: ToolPhrases, *, real: float, closed: bool = False,
    light: bool = False, near: Sequence[Tool] | None = None,
) -> Tool:  # fmt: skip
    """A tool to list or to ask for.

    One in seven has a longer description, as most people's tools have.

    Args:
        rng: source of randomness.
        split: side of the word split.
        phrases: the language.
        real: share of real tools; those that take several texts are drawn more often.
        closed: leave out tools that could answer almost anything (web search).
        light: more tools of at most one required parameter, with few optional ones.
        near: half of the time the new tool is close to one of these, where one is of the same sort (real or invented).
    """
    near = near if near is not None and rng.random() < 0.5 else ()
    tool = _bare_tool(rng, split, phrases, real=real, closed=closed, light=light, near=near)
    if tool.about and rng.random() < _DOCUMENTED:
        gap = " " if tool.about.isascii() else ""
        texts = [ended(tool.about, "en" if tool.about.isascii() else "zh")]
        texts += [phrases.grammar.expand("usage", rng) for _ in range(1 + int(rng.random() * 3))]
        return replace(tool, about=gap.join(dict.fromkeys(texts)))
    return tool


def _bare_tool(
    rng: random.Random, split: Split, phrases: ToolPhrases, *, real: float, closed: bool, light: bool,
    near: Sequence[Tool],
) -> Tool:  # fmt: skip
    if rng.random() >= real:
        alike = [tool for tool in near if tool.source is None and tool.style != "calc"]
        return invented_tool(rng, split, phrases, like=rng.choice(alike) if alike else None)
    sources = [tool.source for tool in near if tool.source is not None]
    domain = rng.choice(sources).domain if sources else None
    few = light and rng.random() < 0.5
    kinds = [
        kind
        for kind in phrases.tools
        if domain in (None, kind.domain)
        and not (closed and kind.wide)
        and not (few and sum(argument.required for argument in kind.arguments) > 1)
    ]
    if not kinds:
        return _bare_tool(rng, split, phrases, real=1.0, closed=closed, light=light, near=())
    weights = [_SEVERAL_TEXTS if _texts(kind) > 1 else 1.0 for kind in kinds]
    return real_tool(rng.choices(kinds, weights)[0], rng, split, phrases, optional=0.12 if light else 0.7)


def _texts(kind: ToolKind) -> int:
    """How many required parameters of a tool are given words of the request."""
    return sum(argument.required and not argument.kind.startswith(_NO_TEXT) for argument in kind.arguments)


def extra_count(rng: random.Random) -> int:
    """How many tools a list has beyond one, the same for requests that get a call and for those that do not."""
    count = rng.choices((0, 1, 2, 3, 4, 5), weights=(30, 22, 22, 15, 8, 3))[0]
    return count + int(rng.random() * 5) if count == 5 else count


def other_tools(
    target: Tool, count: int, rng: random.Random, split: Split, phrases: ToolPhrases, *, closed: bool = False,
    asked: str = "",
) -> list[Tool]:  # fmt: skip
    """``count`` tools that cannot do what ``target`` does, half of them close to it.

    Args:
        target: what the others cannot do.
        count: how many.
        rng: source of randomness.
        split: side of the word split.
        phrases: the language.
        closed: none that could answer almost anything.
        asked: the request; a quarter of the tools are those of a few with most words in common with it.
    """
    tools: list[Tool] = []
    while len(tools) < count:
        found: list[Tool] = []
        wanted = _CANDIDATES if asked and rng.random() < 0.25 else 1
        while len(found) < wanted:
            real = 0.2 if target.source is None else 0.8
            other = draw_tool(rng, split, phrases, real=real, closed=closed, near=[target])
            if distinct(other, [target, *tools]):
                found.append(other)
        tools.append(max(found, key=lambda tool: common_words(asked, f"{tool.name} {tool.about}")))
    return tools


def common_words(first: str, second: str) -> int:
    """How many longer words, in Chinese pairs of characters, two texts have in common."""
    return sum(len({*words.findall(first.lower())} & {*words.findall(second.lower())}) for words in _WORDS.values())


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

    Often it is on the very subject of one of ``tools``. Else it has no telling word in common with a tool that finds
    something out; one that only does something may be close: "what is an invoice" asks for no invoice. Nearly half of
    the time such a close text is looked for.
    """
    if rng.random() < _ON_SUBJECT and (found := _talk_on_subject(tools, rng, phrases)):
        return found
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


def _talk_on_subject(tools: Sequence[Tool], rng: random.Random, phrases: ToolPhrases) -> tuple[str, str] | None:
    """Talk written for one of ``tools`` that has no telling word in common with any other of them."""
    tool = rng.choice(tools)
    if tool.source is None or not tool.source.talk:
        return None
    talk = rng.choice(tool.source.talk)
    others = " ".join(what_it_does(other) for other in tools if other is not tool)
    return None if any(word in others for word in _telling_words(talk[0], phrases.language)) else talk


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
