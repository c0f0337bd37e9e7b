# ruff: noqa: E501 (wordings read best one idea a line)
"""Constraints on a text that a program can check, in the manner of IFEval, each with its wording in two languages."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

_WORD = re.compile(r"[A-Za-z0-9'’-]+|[\u4e00-\u9fff]")
_SENTENCE_END = re.compile(r"[.!?。！？]+(?:\s|$|(?<=[。！？]))")


@dataclass(frozen=True)
class Check:
    """A constraint.

    Attributes:
        draw: its numbers and words, JSON.
        say: language -> wording, with the drawn values as slots.
        holds: whether a text keeps it.
        clashes: kinds that cannot stand beside it.
    """

    draw: Callable[[random.Random, str], dict[str, Any]]
    say: dict[str, str]
    holds: Callable[[str, dict[str, Any]], bool]
    clashes: tuple[str, ...] = ()


def words_of(text: str) -> list[str]:
    """Words of a text; a Chinese character counts as one."""
    return _WORD.findall(text)


def _paragraphs(text: str) -> int:
    return len([part for part in re.split(r"\n[ \t]*\n", text.strip()) if part.strip()])


def _is_json(text: str, drawn: dict[str, Any]) -> bool:
    text = text.strip()
    if text.startswith("```"):
        text = text.strip("`").removeprefix("json")
    if len(text) > 20_000 or text.count("[") + text.count("{") > 200:
        return False
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) and drawn["key"] in value


def _none(rng: random.Random, language: str) -> dict[str, Any]:
    return {}


def _number(low: int, high: int) -> Callable[[random.Random, str], dict[str, Any]]:
    return lambda rng, language: {"n": rng.randint(low, high)}


_KEYWORDS = {
    "en": ["river", "music", "copper", "winter", "garden", "engine"],
    "zh": ["河流", "音乐", "花园", "冬天", "铜", "火车"],
}
_ENDINGS = {
    "en": ["Any questions?", "That is all.", "Hope this helps."],
    "zh": ["就是这样。", "还有问题吗？", "希望有用。"],
}
_BEGINNINGS = {"en": ["Well,", "In short:", "Dear reader,"], "zh": ["总之，", "你好，", "亲爱的读者，"]}


def _word(rng: random.Random, language: str) -> dict[str, Any]:
    return {"word": rng.choice(_KEYWORDS[language]), "n": rng.randint(1, 3)}


def _count(text: str, word: str) -> int:
    return text.lower().count(word.lower())


CHECKS: dict[str, Check] = {
    "at_least_words": Check(
        _number(5, 40),
        {"en": "Use at least {n} words.", "zh": "至少写{n}个字。"},
        lambda text, d: len(words_of(text)) >= d["n"],
        ("at_most_words", "json"),
    ),
    "at_most_words": Check(
        _number(5, 30),
        {"en": "Use at most {n} words.", "zh": "最多写{n}个字。"},
        lambda text, d: len(words_of(text)) <= d["n"],
        ("at_least_words", "paragraphs", "bullets"),
    ),
    "sentences": Check(
        _number(1, 4),
        {"en": "Write exactly {n} sentences.", "zh": "正好写{n}句话。"},
        lambda text, d: len(_SENTENCE_END.findall(text.strip())) == d["n"],
        ("paragraphs", "bullets", "json", "ends"),
    ),
    "keyword": Check(
        _word,
        {"en": "Use the word '{word}' at least {n} times.", "zh": "“{word}”至少出现{n}次。"},
        lambda text, d: _count(text, d["word"]) >= d["n"],
        ("forbidden",),
    ),
    "forbidden": Check(
        _word,
        {"en": "Do not use the word '{word}'.", "zh": "不要使用“{word}”。"},
        lambda text, d: _count(text, d["word"]) == 0,
        ("keyword",),
    ),
    "lowercase": Check(
        _none,
        {"en": "Write everything in lower case.", "zh": "英文字母全部小写。"},
        lambda text, d: text == text.lower(),
        ("uppercase", "begins", "ends"),
    ),
    "uppercase": Check(
        _none,
        {"en": "Write everything in capital letters.", "zh": "英文字母全部大写。"},
        lambda text, d: text == text.upper(),
        ("lowercase", "begins", "ends", "json"),
    ),
    "no_commas": Check(
        _none,
        {"en": "Use no commas.", "zh": "不要使用逗号。"},
        lambda text, d: not re.search("[,，]", text),
        ("json", "begins"),
    ),
    "paragraphs": Check(
        _number(2, 4),
        {"en": "Write {n} paragraphs with an empty line between them.", "zh": "写{n}段，段间空一行。"},
        lambda text, d: _paragraphs(text) == d["n"],
        ("at_most_words", "sentences", "bullets", "json"),
    ),
    "bullets": Check(
        _number(2, 5),
        {"en": "Answer with exactly {n} bullet points that start with '* '.", "zh": "用正好{n}个以“* ”开头的要点回答。"},
        lambda text, d: len(re.findall(r"(?m)^\* \S", text)) == d["n"],
        ("at_most_words", "sentences", "paragraphs", "json"),
    ),
    "begins": Check(
        lambda rng, language: {"text": rng.choice(_BEGINNINGS[language])},
        {"en": "Begin with '{text}'", "zh": "以“{text}”开头。"},
        lambda text, d: text.strip().startswith(d["text"]),
        ("lowercase", "uppercase", "no_commas", "json", "quoted"),
    ),
    "ends": Check(
        lambda rng, language: {"text": rng.choice(_ENDINGS[language])},
        {"en": "End with '{text}'", "zh": "以“{text}”结尾。"},
        lambda text, d: text.strip().endswith(d["text"]),
        ("lowercase", "uppercase", "sentences", "json", "quoted"),
    ),
    "title": Check(
        _none,
        {"en": "Include a title in double angle brackets, such as <<title>>.", "zh": "包含一个用双尖括号括起的标题，如 <<标题>>。"},
        lambda text, d: re.search(r"<<[^<>\n]{1,200}>>", text) is not None,
        ("json",),
    ),
    "quoted": Check(
        _none,
        {"en": "Put the whole answer in double quotation marks.", "zh": "整个回答放在双引号里。"},
        lambda text, d: len(text.strip()) > 2 and text.strip()[0] in '"“' and text.strip()[-1] in '"”',
        ("begins", "ends", "json"),
    ),
    "json": Check(
        lambda rng, language: {"key": rng.choice(("answer", "result", "summary"))},
        {"en": "Answer with a JSON object that has the key \"{key}\".", "zh": "用包含键 \"{key}\" 的 JSON 对象回答。"},
        _is_json,
        ("at_least_words", "sentences", "uppercase", "no_commas", "paragraphs", "bullets", "begins", "ends", "title",
         "quoted"),
    ),
}  # fmt: skip
"""Constraints by name."""
