"""Pairs of decimals worth comparing, and the line of reasoning that compares them digit by digit."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Literal, NamedTuple

from joyflash.tasks.words import Split, is_heldout

NEVER_USED = frozenset({Decimal("9.11"), Decimal("9.9")})
"""The pair of the famous question: it must stay unseen, so no sample of either split holds both numbers."""

Sign = Literal["<", ">", "="]


class _Wording(NamedTuple):
    compare: str
    whole: str
    decimals: str
    digits: str
    both_negative: str
    so: str
    comma: str
    end: str


_WORDING = {
    "en": _Wording(
        "Compare {a} and {b}: ", "whole parts ", "; decimals ", "{m} {sm} {sign} {n} {sn}",
        "both negative, so without the signs ", "; so ", ", ", ".",
    ),
    "zh": _Wording(
        "比较{a}和{b}：", "整数部分", "；小数部分", "{m}位 {sign} {n}位", "都是负数，先不看负号：", "；所以", "，", "。"
    ),
}  # fmt: skip


def relation(a: str, b: str) -> Sign:
    """The exact relation of two written decimals."""
    x, y = Decimal(a), Decimal(b)
    return "<" if x < y else ">" if x > y else "="


def compare_steps(a: str, b: str, language: Literal["en", "zh"], *, as_asked: bool = False) -> str:
    """The reasoning for one pair, from the copied numbers to "so b > a." with its final stop.

    The larger number comes first there, so that what follows names the first or the second and need not weigh the
    sign and the wording of the question against each other; ``as_asked`` keeps the order of the question ("so a < b.").
    """
    w = _WORDING[language]
    head = w.compare.format(a=a, b=b)
    if a.startswith("-") != b.startswith("-"):
        # "negative < positive" also holds for -0 style texts because the sampler never writes a negative zero.
        signs = ("negative", "positive") if language == "en" else ("负数", "正数")
        left, right = signs if a.startswith("-") else signs[::-1]
        body = f"{left} {relation(a, b)} {right}"
    elif a.startswith("-"):
        body = f"{w.both_negative}{_digits(a[1:], b[1:], language)}{w.comma}{a[1:]} {relation(a[1:], b[1:])} {b[1:]}"
    else:
        body = _digits(a, b, language)
    if not as_asked and relation(a, b) == "<":
        a, b = b, a
    return f"{head}{body}{w.so}{a} {relation(a, b)} {b}{w.end}"


def _digits(a: str, b: str, language: Literal["en", "zh"]) -> str:
    """Lengths of the whole parts, then their digits, then the decimals, up to the first difference."""
    w = _WORDING[language]
    whole_a, _, part_a = a.partition(".")
    whole_b, _, part_b = b.partition(".")
    if len(whole_a) != len(whole_b):
        plural = ["digit" if len(whole) == 1 else "digits" for whole in (whole_a, whole_b)]
        sign = ">" if len(whole_a) > len(whole_b) else "<"
        return w.whole + w.digits.format(m=len(whole_a), sm=plural[0], n=len(whole_b), sn=plural[1], sign=sign)
    places = max(len(part_a), len(part_b))
    line, equal = _walk(whole_a, whole_b, w.comma)
    if not equal or not places:
        return w.whole + line
    return w.whole + line + w.decimals + _walk(part_a.ljust(places, "0"), part_b.ljust(places, "0"), w.comma)[0]


def _walk(a: str, b: str, comma: str) -> tuple[str, bool]:
    pairs: list[str] = []
    for x, y in zip(a, b, strict=True):
        pairs.append(f"{x} {'=' if x == y else '<' if x < y else '>'} {y}")
        if x != y:
            return comma.join(pairs), False
    return comma.join(pairs), True


def pair_key(numbers: tuple[str, ...]) -> str:
    """What the split hashes: the written numbers in sorted order, joined by a bar."""
    return "|".join(sorted(numbers))


def allowed(numbers: tuple[str, ...], split: Split) -> bool:
    """Whether these numbers may be asked about together in ``split``.

    The hash of all numbers decides; training also avoids every held-out pair inside a triple.
    """
    values = {abs(Decimal(number)) for number in numbers}
    if values >= NEVER_USED:
        return False
    if split == "heldout":
        return is_heldout(pair_key(numbers))
    pairs = [(a, b) for i, a in enumerate(numbers) for b in numbers[i + 1 :]]
    return not is_heldout(pair_key(numbers)) and not any(is_heldout(pair_key(pair)) for pair in pairs)


def sample_numbers(rng: random.Random, split: Split, count: int) -> tuple[str, ...]:
    """Two or three written decimals, mostly tricky neighbours (same whole part, other lengths), in random order."""
    while True:
        numbers = list(_pair(rng))
        if count == 3:
            numbers.append(_neighbour(rng, rng.choice(numbers)))
            if len({Decimal(number) for number in numbers}) < 3:
                continue
        if rng.random() < 0.04 and all(Decimal(number) for number in numbers):
            numbers = ["-" + number if rng.random() < 0.75 else number for number in numbers]
        rng.shuffle(numbers)
        if allowed(tuple(numbers), split):
            return tuple(numbers)


def _whole(rng: random.Random, length: int | None = None) -> str:
    length = length or rng.choices((1, 2, 3, 4), (56, 24, 12, 8))[0]
    return str(rng.randrange(10)) if length == 1 else str(rng.randrange(10 ** (length - 1), 10**length))


def _decimals(rng: random.Random, length: int | None = None) -> str:
    length = length or rng.choices((1, 2, 3, 4), (40, 38, 15, 7))[0]
    return "".join(rng.choices("0123456789", k=length))


def _pair(rng: random.Random) -> tuple[str, str]:
    whole, kind = _whole(rng), rng.random()
    if kind < 0.34:  # longer but smaller: 3.14 and 3.9, sometimes longer and bigger
        short, long = _decimals(rng, 1 if rng.random() < 0.75 else 2), _decimals(rng, rng.choice((2, 2, 3, 3, 4)))
        if len(long) <= len(short):
            long += rng.choice("0123456789")
        if rng.random() < 0.75 and long[0] > short[0]:
            long = rng.choice("0123456789"[: int(short[0]) + 1]) + long[1:]
        return f"{whole}.{short}", f"{whole}.{long}"
    if kind < 0.5:
        return f"{whole}.{_decimals(rng)}", f"{whole}.{_decimals(rng)}"
    if kind < 0.68:  # a shared beginning, the difference comes late or by length alone
        prefix = _decimals(rng, rng.choice((1, 1, 2, 3)))
        ends = [prefix + _decimals(rng, rng.choice((1, 1, 2))) if rng.random() < 0.7 else prefix for _ in range(2)]
        return f"{whole}.{ends[0][:4]}", f"{whole}.{ends[1][:4]}"
    if kind < 0.74:  # the same value, written with trailing zeros (or exactly the same)
        base = _decimals(rng, rng.choice((1, 1, 2)))
        return f"{whole}.{base}", f"{whole}.{base}{'0' * rng.choice((0, 1, 1, 1, 2))}"
    if kind < 0.79:  # a whole number beside a decimal
        return whole, f"{whole if rng.random() < 0.6 else _whole(rng, len(whole))}.{_decimals(rng)}"
    if kind < 0.91:  # different whole parts of one length, often by their last digit only
        other = (
            whole[:-1] + rng.choice("0123456789") if rng.random() < 0.5 and len(whole) > 1 else _whole(rng, len(whole))
        )
        return f"{whole}.{_decimals(rng)}", f"{other}.{_decimals(rng)}"
    return (
        f"{whole}.{_decimals(rng)}",
        f"{_whole(rng, rng.choice([n for n in (1, 2, 3, 4) if n != len(whole)]))}.{_decimals(rng)}",
    )


def _neighbour(rng: random.Random, number: str) -> str:
    whole, _, decimals = number.partition(".")
    if rng.random() < 0.25:
        return f"{_whole(rng)}.{_decimals(rng)}"
    if decimals and rng.random() < 0.5:
        return f"{whole}.{decimals[0]}{_decimals(rng, rng.choice((1, 2)))}"
    return f"{whole}.{_decimals(rng)}"
