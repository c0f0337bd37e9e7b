"""Chinese conversations whose tools are described in English, as most people's tools are."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from importlib.resources import files

from joyflash.tasks import tool_phrases_en, tool_phrases_zh, tool_rules_en
from joyflash.tasks.grammar import Grammar
from joyflash.tasks.tool_use import Argument, Saying, ToolKind, ToolPhrases, load_phrases

_SHARE = 0.35
# A Chinese and an English tool that share so many names do the same.
_SAME_NAMES = 3
_HAN = re.compile("[一-鿿]")
_DESCRIPTIONS = (
    "noun_about", "verb_about", "vague_about", "argument_about", "vague_argument", "calc_about", "calc_argument_about",
    "usage",
)  # fmt: skip


def draw_phrases(rng: random.Random, language: str) -> ToolPhrases:
    """The phrases of ``language`` for one conversation; a third of the Chinese ones have tools described in English."""
    if language == "zh" and rng.random() < _SHARE:
        return english_tools()
    return load_phrases(language)


@cache
def english_tools() -> ToolPhrases:
    """The Chinese phrases with the tools that have an English description, and with English descriptions only.

    Requests, values and answers are those of the Chinese phrases; what an invented tool is about is an English word in
    requests too, as in "查一下 B7 的 invoice".
    """
    flags = [_described(flag, tool_phrases_en.PHRASES.flags) for flag in tool_phrases_zh.PHRASES.flags]
    topics = {key: tool_phrases_en.PHRASES.words[key] for key in ("noun", "verb", "thing")}
    english = {**tool_rules_en.TOOL_RULES, **tool_rules_en.ANSWER_RULES}
    return replace(
        tool_phrases_zh.PHRASES,
        grammar=Grammar({**tool_phrases_zh.RULES, **{rule: english[rule] for rule in _DESCRIPTIONS}}),
        tools=tuple(_in_english(tool_phrases_zh.PHRASES.tools, tool_phrases_en.PHRASES.tools)),
        flags=tuple(flag for flag in flags if flag.about),
        words={**tool_phrases_zh.PHRASES.words, **topics},
        invent=tool_phrases_en.PHRASES.invent,
    )


def _in_english(tools: Sequence[ToolKind], english: Sequence[ToolKind]) -> Iterator[ToolKind]:
    for tool in tools:
        names = set(tool.names)
        same = next((other for other in english if len(names.intersection(other.names)) >= _SAME_NAMES), None)
        about = tuple(text for text in tool.about if not _HAN.search(text))
        if same is not None:
            about += same.about
        if about:
            arguments = tuple(_described(argument, same.arguments if same else ()) for argument in tool.arguments)
            terms = {argument.slot: _options(argument.kind) for argument in arguments}
            arguments = tuple(
                replace(
                    argument, kind="enum:" + ",".join(f"{term}={word}" for word, term in terms[argument.slot].items())
                )
                if terms[argument.slot]
                else argument
                for argument in arguments
            )
            terms |= {f"{slot}2": words for slot, words in terms.items()}
            says, twice = ([_renamed(saying, terms) for saying in texts] for texts in (tool.says, tool.twice))
            yield replace(tool, about=about, arguments=arguments, says=tuple(says), twice=tuple(twice))


def _renamed(saying: Saying, terms: Mapping[str, Mapping[str, str]]) -> Saying:
    """``saying`` with the options that it gives called by their English names."""
    return replace(saying, given=tuple((slot, terms[slot].get(str(value), value)) for slot, value in saying.given))


def _options(kind: str) -> dict[str, str]:
    """The Chinese options of a kind and what they are called in English; empty where one has no such name."""
    words = kind.removeprefix("enum:").split(",") if kind.startswith("enum:") else []
    terms = {word: _enum_words()[word] for word in words if word in _enum_words()}
    return terms if len(set(terms.values())) == len(words) else {}


@cache
def _enum_words() -> dict[str, str]:
    text = (files("joyflash.tasks") / "enum_words.txt").read_text("utf-8").partition("\n")[2]
    return dict(pair.split("=") for pair in text.split())


def _described(argument: Argument, english: Sequence[Argument]) -> Argument:
    """``argument`` with the description of the English one that shares a name with it, or without any."""
    if not _HAN.search(argument.about):
        return argument
    texts = (other.about for other in english if not set(other.names).isdisjoint(argument.names))
    return replace(argument, about=next(texts, ""))
