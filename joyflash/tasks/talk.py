"""Short questions and small talk in English and Chinese: social turns, facts, word drills, honest "I don't know".

Facts are split by their text (a held-out word is never asked about in training in that relation); drills such
as "repeat after me" use invented words. Every answer is one or two short sentences.
"""

from __future__ import annotations

import random
from functools import cache
from typing import Any, Literal, NamedTuple

from joyflash.tasks import (
    talk_facts_en,
    talk_facts_words,
    talk_facts_world,
    talk_facts_zh,
    talk_phrases_en,
    talk_phrases_zh,
)
from joyflash.tasks.grammar import Grammar
from joyflash.tasks.talk_drills import DRILLS, invented_name, invented_word
from joyflash.tasks.talk_pairs import talk_pairs
from joyflash.tasks.words import Split, fits
from joyflash.tasks.written import roughen

Language = Literal["en", "zh"]

_PARTS = ("social", "fact", "drill", "two_turns", "pair")
_PART_WEIGHTS = (26, 36, 13, 6, 19)


class Fact(NamedTuple):
    """One thing to ask: the question rule, the value of its slots, and the answer."""

    rule: str
    x: str
    answer: str
    y: str = ""


def sample(rng: random.Random, language: Language, split: Split) -> dict[str, Any]:
    """A small-talk conversation of one or two rounds; the written pairs are all for training."""
    part = rng.choices(_PARTS, _PART_WEIGHTS)[0]
    if part == "pair" and split == "heldout":
        part = "fact"
    if part == "drill":
        turns = rng.choice(DRILLS[language])(rng, split)
    elif part == "two_turns":
        turns = _social(rng, language, split) + _fact(rng, language, split)
        if rng.random() < 0.4:
            turns = turns[2:] + turns[:2]
    elif part == "pair":
        turns = _written(rng, language)
    else:
        turns = _social(rng, language, split) if part == "social" else _fact(rng, language, split)
    roles = ("user", "assistant")
    messages = [{"role": roles[i % 2], "content": text} for i, text in enumerate(turns)]
    return {"messages": messages, "tools": [], "kind": "talk", "language": language}


@cache
def _grammar(language: Language) -> Grammar:
    return Grammar((talk_phrases_en if language == "en" else talk_phrases_zh).RULES)


def _social(rng: random.Random, language: Language, split: Split) -> list[str]:
    intent = (
        rng.choice(talk_phrases_en.SOCIAL)
        if rng.random() < 0.8
        else rng.choice(("stranger", "live", "personal", "future"))
    )
    names = {
        "w": invented_word(rng, language, split),
        "n": invented_name(rng, language, split),
        "m": invented_name(rng, language, split),
    }
    grammar = _grammar(language)
    return [roughen(rng, grammar.expand(intent, rng, **names), slips=0.04), grammar.expand(f"{intent}_a", rng)]


def _fact(rng: random.Random, language: Language, split: Split) -> list[str]:
    relations = facts(language, split)
    fact = rng.choice(relations[rng.choice(list(relations))])
    return [roughen(rng, _grammar(language).expand(fact.rule, rng, x=fact.x, y=fact.y), slips=0.03), fact.answer]


def _written(rng: random.Random, language: Language) -> list[str]:
    said, answered = (_grammar(language).fill(text, rng).strip() for text in rng.choice(talk_pairs(language)))
    return [roughen(rng, said, slips=0.03), answered]


@cache
def facts(language: Language, split: Split) -> dict[str, list[Fact]]:
    """All facts of one language and side of the split, by relation; the split hashes relation and asked word."""
    every = _facts_en() if language == "en" else _facts_zh()
    # Each relation splits on its own: what the capital is and whose capital it is are two facts.
    kept = {name: [fact for fact in items if fits(f"{fact.rule}|{fact.x}", split)] for name, items in every.items()}
    return {name: items for name, items in kept.items() if items}


def _cells(text: str, separator: str) -> list[list[str]]:
    return [cell.split(separator) for line in text.strip().splitlines() for cell in line.split(";")]


def _vocabulary() -> list[tuple[str, str, list[tuple[str, str]]]]:
    groups = []
    for line in talk_facts_words.VOCABULARY.strip().splitlines():
        names, _, words = line.partition(":")
        english, chinese = names.split("/")
        groups.append((english, chinese, [_pair(word) for word in words.split()]))
    return groups


def _pair(text: str) -> tuple[str, str]:
    english, _, chinese = text.partition("=")
    return english, chinese


def _more_words() -> list[tuple[str, str]]:
    text = talk_facts_words.MORE_WORDS.replace("thank you", "thank_you")
    return [_pair(word.replace("_", " ")) for word in text.split()]


def _questions(text: str) -> list[Fact]:
    rows = (line.rpartition("|") for line in text.strip().splitlines())
    return [Fact("free", question, answer) for questions, _, answer in rows for question in questions.split("#")]


_PLAIN = ("colour", "drink", "food", "sport", "season", "weather word", "family member")
_NO_ARTICLE = {"water", "tea", "coffee", "milk", "juice", "beer", "wine", "celery", "spinach", "garlic", "paper",
               "soap", "money", "hair", "bamboo", "wheat", "grass", "scissors", "trousers"}  # fmt: skip


def _article(word: str) -> str:
    return f"{'an' if word[0] in 'aeiou' and word != 'unit' else 'a'} {word}"


def _facts_en() -> dict[str, list[Fact]]:
    found: dict[str, list[Fact]] = {
        "capital": [],
        "continent": [],
        "word": [],
        "kind": [],
        "forms": [],
        "meaning": [],
        "use": [],
        "job": [],
        "free": [],
        "animal": [],
    }
    for en, capital, continent, *_ in _cells(talk_facts_world.COUNTRIES, "|"):
        start = en[0].upper() + en[1:]
        found["capital"] += [
            Fact("capital", en, f"The capital of {en} is {capital.rstrip('.')}."),
            Fact("capital_of", capital.rstrip("."), f"{capital} is the capital of {en}."),
        ]
        found["continent"].append(Fact("continent", en, f"{start} is in {continent}."))
    groups = _vocabulary()
    for index, (kind, _, words) in enumerate(groups):
        for en, zh in words:
            found["word"] += [
                Fact("to_zh", en, f"{en[0].upper()}{en[1:]} is {zh} in Chinese."),
                Fact("from_zh", zh, f"{zh} is {en} in English."),
            ]
            if kind in _PLAIN or en in _NO_ARTICLE or kind in ("thing in the sky", "body part"):
                continue
            other = groups[(index + 5 + len(en)) % len(groups)][0]
            one, start = _article(en), _article(en).capitalize()
            found["kind"] += [
                Fact("category", one, f"{start} is {_article(kind)}."),
                Fact("is_a", one, f"Yes, {one} is {_article(kind)}.", _article(kind)),
            ]
            if (
                other not in (kind, "food", "household thing", "tool")
                and not any({kind, other} <= alike for alike in ({"animal", "insect"}, {"fruit", "vegetable", "plant"}))
                and kind != "household thing"
            ):
                found["kind"].append(Fact("is_a", one, f"No, {one} is {_article(kind)}.", _article(other)))
        if kind not in ("thing in the sky", "weather word"):
            found["kind"] += [
                Fact("member", kind, f"{(en if kind in _PLAIN or en in _NO_ARTICLE else _article(en)).capitalize()}.")
                for en, _ in words[:6]
            ]
    found["word"] += [
        fact
        for en, zh in _more_words()
        for fact in (
            Fact("to_zh", en, f"{en[0].upper()}{en[1:]} is {zh} in Chinese."),
            Fact("from_zh", zh, f"{zh} is {en} in English."),
        )
    ]
    for a, b in _cells(talk_facts_words.OPPOSITES_EN, " "):
        found["forms"] += [
            Fact("opposite", a, f"The opposite of {a} is {b}."),
            Fact("opposite", b, f"The opposite of {b} is {a}."),
        ]
    found["forms"] += [
        Fact("plural", a, f"The plural of {a} is {b}.") for a, b in _cells(talk_facts_words.PLURALS, " ")
    ]
    found["forms"] += [
        Fact("past", a, f"The past tense of {a} is {b}.") for a, b in _cells(talk_facts_words.PAST_TENSES, " ")
    ]
    for name, sound, young, legs in _cells(talk_facts_words.ANIMALS_EN, "|"):
        number = {"0": "no legs", "2": "two legs", "4": "four legs"}[legs]
        found["animal"] += [Fact("sound", name, f"{_article(name).capitalize()} says {sound}."),
                            Fact("young", name, f"A baby {name} is called {_article(young)}."),
                            Fact("legs", name, f"{_article(name).capitalize()} has {number}.")]  # fmt: skip
    for name, text in _cells(talk_facts_en.DEFINITIONS, "|"):
        found["meaning"] += [
            Fact("define", name, f"{name[0].upper()}{name[1:]} is {text}."),
            Fact("which_is", text, f"It is {name}."),
        ]
    for name, text in _cells(talk_facts_en.USES, "|"):
        one = name if name in ("scissors", "soap", "glasses") else _article(name)
        found["use"] += [Fact("use", one, f"You use {one} to {text}."), Fact("tool_for", text, f"You need {one}.")]
    for name, text in _cells(talk_facts_en.JOBS, "|"):
        found["job"] += [
            Fact("job", _article(name), f"{_article(name).capitalize()} {text}."),
            Fact("who_does", text, f"{_article(name).capitalize()} {text}."),
        ]
    found["free"] = _questions(talk_facts_en.QUESTIONS)
    return found


def _facts_zh() -> dict[str, list[Fact]]:
    found: dict[str, list[Fact]] = {
        "capital": [],
        "continent": [],
        "word": [],
        "kind": [],
        "forms": [],
        "meaning": [],
        "use": [],
        "job": [],
        "free": [],
    }
    for *_, zh, capital, continent in _cells(talk_facts_world.COUNTRIES, "|"):
        found["capital"] += [
            Fact("capital", zh, f"{zh}的首都是{capital}。"),
            Fact("capital_of", capital, f"{capital}是{zh}的首都。"),
        ]
        found["continent"].append(Fact("continent", zh, f"{zh}在{continent}。"))
    groups = _vocabulary()
    for index, (_, kind, words) in enumerate(groups):
        for en, zh in words:
            found["word"] += [Fact("to_zh", en, f"{en}的中文是{zh}。"), Fact("from_zh", zh, f"{zh}的英语是{en}。")]
            if kind in ("身体部位", "天上的东西", "天气词", "日用品"):
                continue
            other = groups[(index + 5 + len(en)) % len(groups)][1]
            found["kind"] += [
                Fact("category", zh, f"{zh}是一种{kind}。" if kind not in ("家人", "地方") else f"{zh}是{kind}。"),
                Fact("is_a", zh, f"是的，{zh}是{kind}。", kind),
            ]
            alike = ({"动物", "昆虫"}, {"水果", "蔬菜", "植物"})
            if other not in (kind, "食物", "日用品", "工具") and not any({kind, other} <= both for both in alike):
                found["kind"].append(Fact("is_a", zh, f"不是，{zh}是{kind}。", other))
        if kind not in ("天上的东西", "天气词"):
            found["kind"] += [Fact("member", kind, f"{zh}。") for _, zh in words[:6]]
    found["word"] += [
        fact
        for en, zh in _more_words()
        for fact in (Fact("to_zh", en, f"{en}的中文是{zh}。"), Fact("from_zh", zh, f"{zh}的英语是{en}。"))
    ]
    for a, b in _cells(talk_facts_words.OPPOSITES_ZH, " "):
        found["forms"] += [Fact("opposite", a, f"{a}的反义词是{b}。"), Fact("opposite", b, f"{b}的反义词是{a}。")]
    for name, text in _cells(talk_facts_zh.DEFINITIONS, "|"):
        found["meaning"] += [Fact("define", name, f"{name}是{text}。"), Fact("which_is", text, f"是{name}。")]
    for name, text in _cells(talk_facts_zh.USES, "|"):
        found["use"] += [Fact("use", name, f"{name}用来{text}。"), Fact("tool_for", text, f"可以用{name}。")]
    for name, text in _cells(talk_facts_zh.JOBS, "|"):
        found["job"] += [Fact("job", name, f"{name}{text}。"), Fact("who_does", text, f"{name}{text}。")]
    found["free"] = _questions(talk_facts_zh.QUESTIONS)
    return found
