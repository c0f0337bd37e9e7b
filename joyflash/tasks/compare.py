"""Which decimal is bigger: questions of many forms, answered by one line of digit-by-digit reasoning.

The answer copies both numbers, compares the lengths of their whole parts, then digit with digit until two differ (a
missing decimal counts as 0), and ends with a sentence that names the winner, for example
``Compare 3.14 and 3.9: whole parts 3 = 3; decimals 1 < 9; so 3.9 > 3.14. The bigger one is 3.9.``
The word of the question comes before the number it decides: a small model copies the word with ease, and then needs
only what stands next to it to name the first or the second (docs/LOG.md).
A pair of numbers belongs to one side of the split for good; the famous pair belongs to neither (see `NEVER_USED`).
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from decimal import Decimal
from functools import cache
from typing import Any, Literal, NamedTuple

from joyflash.tasks import compare_phrases_en, compare_phrases_zh, compare_stories
from joyflash.tasks.compare_reading import chosen_side, verdict
from joyflash.tasks.compare_reasoning import compare_steps, relation, sample_numbers
from joyflash.tasks.grammar import Grammar
from joyflash.tasks.words import Split, pseudo_word
from joyflash.tasks.written import roughen

Language = Literal["en", "zh"]

_FORMS = ("pick", "yesno", "compare", "symbol", "three", "order", "story")
_FORM_WEIGHTS = (50, 19, 4, 2, 4, 3, 18)
_THINKING_SHARE = 0.08
_TURN_FORMS, _TURN_WEIGHTS = ("pick", "yesno", "story"), (60, 15, 25)


class Comparison(NamedTuple):
    """One question with its worked answer.

    ``expected`` is what `check_compare` seeks: the winning number as written, "equal", "yes", "no", one of "<", ">",
    "=", or, for an ordering, the numbers joined by ", ". In a ``story`` the numbers belong to things with names.
    """

    question: str
    numbers: tuple[str, ...]
    steps: str
    conclusion: str
    expected: str
    story: bool = False


def sample_given(rng: random.Random, language: Language, split: Split) -> dict[str, Any]:
    """Eight to fifteen questions whose relation is given ("3.9 > 3.14."), so that only the verdict is left to find.

    In a full comparison one token in fifty depends on "bigger" or "smaller"; here it is one in ten.
    """
    gap = " " if language == "en" else ""
    stop = "." if language == "en" else "。"
    messages: list[dict[str, Any]] = []
    for _ in range(8 + int(rng.random() * 8)):
        item = comparison(rng, language, split, form=rng.choices(_TURN_FORMS, _TURN_WEIGHTS)[0])
        larger, smaller = sorted(item.numbers, key=Decimal, reverse=True)
        given = f"{larger} {relation(larger, smaller)} {smaller}{stop}"
        parts = [given, item.question] if rng.random() < 0.5 else [item.question, given]
        joint = gap or rng.choice(("", " "))
        messages += [
            {"role": "user", "content": (joint or "，" if parts[0][-1].isdigit() else joint).join(parts)},
            {"role": "assistant", "content": item.conclusion},
        ]
    return {"messages": messages, "tools": [], "kind": "compare_given", "language": language}


def sample(rng: random.Random, language: Language, split: Split) -> dict[str, Any]:
    """A comparison conversation; a share of them keeps the steps in ``reasoning_content``."""
    item = comparison(rng, language, split)
    answer: dict[str, Any] = {"role": "assistant"}
    if rng.random() < _THINKING_SHARE:
        answer |= {"content": item.conclusion, "reasoning_content": item.steps}
    else:
        answer["content"] = item.steps + (" " if language == "en" else "") + item.conclusion
    return {
        "messages": [{"role": "user", "content": item.question}, answer],
        "tools": [],
        "kind": "compare",
        "language": language,
    }


def comparison(rng: random.Random, language: Language, split: Split, *, form: str | None = None) -> Comparison:
    """A question about two or three numbers with its steps, conclusion and expected verdict; any form if None."""
    form = form or rng.choices(_FORMS, _FORM_WEIGHTS)[0]
    three = form == "three" or (form == "order" and rng.random() < 0.7)
    numbers = sample_numbers(rng, split, 3 if three else 2)
    if form == "story" and not any(number.startswith("-") for number in numbers):
        return _story(rng, language, split, numbers)
    form = "pick" if form == "story" else form
    phrases = compare_phrases_en if language == "en" else compare_phrases_zh
    up = form in ("compare", "symbol") or rng.random() < 0.62
    words = rng.choice(phrases.UP if up else phrases.DOWN)
    before, after = rng.choice(phrases.UNITS).split("|") if form in ("pick", "three") else ("", "")
    shown = tuple(before + number + after for number in numbers)
    slots = dict(zip("abc", shown, strict=False)) | {
        "comp": words[0],
        "sup": words[1],
        "adj": words[-1],
        "sign": ">" if up else "<",
    }
    if form == "order":
        slots |= {
            "order": rng.choice(phrases.ORDER_UP if up else phrases.ORDER_DOWN),
            "list": _listed(rng, language, shown),
        }
    question = roughen(rng, _questions(language).expand(form, rng, **slots))
    steps = _steps(numbers, language, form, up)
    conclusion, expected = _conclude(form, language, numbers, shown, up, words)
    return Comparison(question, numbers, steps, conclusion, expected)


@cache
def _questions(language: Language) -> Grammar:
    return Grammar((compare_phrases_en if language == "en" else compare_phrases_zh).RULES)


@cache
def _stories(language: Language) -> Grammar:
    return Grammar(compare_stories.RULES_EN if language == "en" else compare_stories.RULES_ZH)


@cache
def _scales(language: Language) -> tuple[tuple[str, ...], ...]:
    rows = compare_stories.SCALES_EN if language == "en" else compare_stories.SCALES_ZH
    return tuple(tuple(row.split("|")) for row in rows.strip().splitlines())


def _listed(rng: random.Random, language: Language, shown: tuple[str, ...]) -> str:
    if language == "zh":
        return rng.choice(("、", "，", "、")).join(shown)
    return ", ".join(shown[:-1]) + rng.choice((" and ", " and ", ", ")) + shown[-1]


def _steps(numbers: tuple[str, ...], language: Language, form: str, up: bool) -> str:
    gap = " " if language == "en" else ""
    if len(numbers) == 2:
        return compare_steps(numbers[0], numbers[1], language, as_asked=form == "symbol")
    a, b, c = numbers
    if form == "order":
        return gap.join(compare_steps(x, y, language) for x, y in ((a, b), (a, c), (b, c)))
    winner = a if relation(a, b) == (">" if up else "<") else b
    return compare_steps(a, b, language) + gap + compare_steps(winner, c, language)


def _conclude(
    form: str, language: Language, numbers: tuple[str, ...], shown: tuple[str, ...], up: bool, words: tuple[str, ...]
) -> tuple[str, str]:
    """The last sentence and the expected verdict."""
    english, a, b = language == "en", shown[0], shown[1]
    sign = relation(numbers[0], numbers[1])
    if form == "order":
        ranked = sorted(numbers, key=Decimal, reverse=not up)
        ends = ("From smallest to largest", "从小到大") if up else ("From largest to smallest", "从大到小")
        return (
            (f"{ends[0]}: {', '.join(ranked)}.", ", ".join(ranked))
            if english
            else (f"{ends[1]}：{'、'.join(ranked)}。", ", ".join(ranked))
        )
    if form == "three":
        best = (max if up else min)(range(3), key=lambda i: Decimal(numbers[i]))
        return (f"The {words[1]} is {shown[best]}." if english else f"{words[1]}的是{shown[best]}。"), numbers[best]
    if form == "symbol":
        return (f"The sign is {sign}." if english else f"符号是{sign}。"), sign
    won = 0 if sign == (">" if up else "<") else 1
    one = "" if words[0] == "less" else " one"
    verdict = f"The {words[0]}{one} is {shown[won]}." if english else f"{words[0]}的是{shown[won]}。"
    if form == "yesno":
        if sign == "=":
            return ("No, they are equal." if english else "不对，它们相等。"), "no"
        if won == 0:
            claim = f" Yes, {a} is {words[0]} than {b}." if english else f"是的，{a}比{b}{words[-1]}。"
            return verdict + claim, "yes"
        claim = f" No, {a} is not {words[0]} than {b}." if english else f"不对，{a}不比{b}{words[-1]}。"
        return verdict + claim, "no"
    if sign == "=":
        return ("They are equal." if english else "它们相等。"), "equal"
    return verdict, numbers[won]


def _story(rng: random.Random, language: Language, split: Split, numbers: tuple[str, ...]) -> Comparison:
    kind, verb, before, after, high, low = rng.choice(_scales(language))
    english, up = language == "en", rng.random() < 0.55
    comparative = rng.choice((high if up else low).split("/"))
    names = _names(rng, language, split, kind)
    gap = " " if after and english else ""
    shown = [f"{before}{number}{gap}{after}" for number in numbers]
    slots = {"x": names[0], "y": names[1], "m": shown[0], "n": shown[1], "verb": verb, "comp": comparative}
    question = _stories(language).expand("story", rng, **slots)
    question = question[:1].upper() + question[1:] if rng.random() < 0.85 else question
    steps = compare_steps(numbers[0], numbers[1], language)
    sign = relation(numbers[0], numbers[1])
    if sign == "=":
        return Comparison(question, numbers, steps, "They are equal." if english else "它们相等。", "equal", True)
    won = 0 if sign == (">" if up else "<") else 1
    name = names[won][:1].upper() + names[won][1:]
    size = ("bigger" if up else "smaller") if english else ("大" if up else "小")
    conclusion = (
        f"{comparative[:1].upper()}{comparative[1:]} means the {size} number, {numbers[won]}: "
        f"{name} ({shown[won]}) is {comparative}."
        if english
        else f"{comparative}的数更{size}，是{numbers[won]}：{name}（{shown[won]}）{comparative}。"
    )
    return Comparison(question, numbers, steps, conclusion, numbers[won], True)


def _names(rng: random.Random, language: Language, split: Split, kind: str) -> tuple[str, str]:
    """Two different things, places or persons; a third carry an adjective or an invented name."""
    s = compare_stories
    english = language == "en"
    if kind == "person":
        first, second = rng.sample(s.PERSONS_EN if english else s.PERSONS_ZH, 2)
        return first, second
    pools = {
        "place": (s.PLACES_EN, s.PLACES_ZH),
        "water": (s.WATERS_EN, s.WATERS_ZH),
        "thing": (s.THINGS_EN, s.THINGS_ZH),
    }
    pool = pools[kind][0 if english else 1]
    article = "the " if english else ""
    style = rng.random()
    if style < 0.2:
        noun, marks = rng.choice(pool), rng.sample(s.ADJECTIVES_EN if english else s.ADJECTIVES_ZH, 2)
        joined = [f"{article}{mark}{' ' if english else ''}{noun}" for mark in marks]
        return joined[0], joined[1]
    if style < 0.3:
        letters = rng.sample("ABCDXYZ", 2)
        noun = rng.choice(pool)
        return (
            (f"{noun} {letters[0]}", f"{noun} {letters[1]}")
            if english
            else (f"{letters[0]}{noun}", f"{letters[1]}{noun}")
        )
    if style < 0.4 and english:
        return f"the {pseudo_word(rng, split)}", f"the {pseudo_word(rng, split)}"
    first, second = rng.sample(pool, 2)
    return article + first, article + second


_NUMBER = re.compile(r"(?<![\d.])-?\d+(?:\.\d+)?")


def check_compare(text: str, expected: str, numbers: Sequence[str] = ()) -> bool:
    """Whether an answer states the expected verdict (see `Comparison.expected`); its last clear statement counts.

    Lenient about wording: "9.9 is bigger than 9.11", "9.11 is smaller", "the bigger one is 9.9, not 9.11" and "9.9更大"
    all count for "9.9"; trailing zeros of the number do not matter.

    Args:
        text: the answer.
        expected: the verdict.
        numbers: of a question for the bigger or smaller one of two, which lets the answer be read for what it says of
            either; none where the question's words may mean both ("the faster one" of two times, or of two speeds).
    """
    last = _last_sentence(text)
    lowered = last.lower()
    same = any(word in lowered for word in ("equal", "the same", "identical", "相等", "一样", "相同"))
    if expected == "equal":
        return same and "not equal" not in lowered and "不相等" not in lowered
    if expected in ("yes", "no"):
        said = verdict(last)
        return (verdict(text) if said is None else said) == (expected == "yes")
    if expected in ("<", ">", "="):
        signs = re.findall("[<>=]", last)
        return bool(signs) and signs[-1] == expected
    ranked = [Decimal(number) for number in expected.split(", ")]
    if len(numbers) == 2 and len(ranked) == 1:
        first, second = (Decimal(number) for number in numbers)
        ask = "bigger" if ranked[0] == max(first, second) else "smaller"
        side = chosen_side(text, {"a": numbers[:1], "b": numbers[1:]}, ask=ask)
        return not same and side == ("a" if ranked[0] == first else "b")
    last = re.sub(r"-?\d+(?:\.\d+)? [<>=] -?\d+(?:\.\d+)?", "", last)  # a relation alone names no winner
    found = [Decimal(number) for number in _NUMBER.findall(last)]
    if len(ranked) > 1:
        return found == ranked
    if not found or same:
        return False
    # A number right before the comparative is its subject; otherwise "the bigger one is N" puts the subject last.
    subject = re.search(r"(-?\d+(?:\.\d+)?)[^\d,，;；]*?(?:\bis\b|\bcosts\b|更|最|较|大|小)", last)
    if len(set(found)) == 1 or subject is None:
        return found[-1] == ranked[0]
    return Decimal(subject.group(1)) == ranked[0]


def _last_sentence(text: str) -> str:
    parts = [part for part in re.split(r"(?<!\d)[.!?](?=\s|$)|(?<=\d)\.(?=\s|$)|[。！？\n]", text) if part.strip(" *_")]
    return parts[-1].strip() if parts else ""
