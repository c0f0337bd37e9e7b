# ruff: noqa: E501 (wordings read best one idea a line)
r"""Word problems in the manner of GSM8K and exercises in the manner of MATH, in English and Chinese, made from patterns.

Stories end in a number; exercises also in fractions, roots, pairs and expressions, which are compared by symbols.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from fractions import Fraction
from math import gcd, isqrt

from joyflash.rl.environments.answers import final_answer, is_answer, is_expanded, number_text, same_roots
from joyflash.rl.environments.protocol import SingleTurn, Task
from joyflash.tasks.words import Split

Made = tuple[str, str]
"""A question and its answer."""
_NAMES = {
    "en": ["Mia", "Tom", "Ana", "Ben", "Lily", "Omar", "Ivy", "Noah"],
    "zh": ["小明", "小红", "小华", "小丽", "阿强", "小刚", "小芳", "阿梅"],
}
_THINGS = {
    "en": ["apples", "pens", "stickers", "cards", "shells", "coins"],
    "zh": ["苹果", "铅笔", "贴纸", "卡片", "贝壳", "硬币"],
}
_ASK = {
    "en": r" Put the final answer in \boxed{}.",
    "zh": r"把最终答案写在 \boxed{} 里。",
}


class WordProblems:
    r"""Stories and exercises.

    Args:
        kinds: names of patterns, a subset of ``PATTERNS``; all by default.
        largest: size of the numbers.
        boxed: ask for ``\boxed{}``; without it any clear final answer counts just the same.
    """

    def __init__(self, kinds: list[str] | None = None, largest: int = 30, boxed: bool = False) -> None:
        unknown = sorted(set(kinds or ()) - set(PATTERNS))
        if unknown:
            raise TypeError(f"there is no pattern {', '.join(unknown)}; there are {', '.join(PATTERNS)}")
        self._kinds = kinds or list(PATTERNS)
        self._largest = max(largest, 4)
        self._boxed = boxed

    def propose(self, rng: random.Random, language: str, split: Split) -> Task:
        """See Environment."""
        kind = rng.choice(self._kinds)
        question, answer = PATTERNS[kind](rng, language, self._largest)
        content = question + (_ASK[language] if self._boxed else "")
        return Task(question, ({"role": "user", "content": content},), facts={"answer": answer, "kind": kind})

    def start(self, task: Task) -> SingleTurn:
        """See Environment."""

        def verify(text: str) -> float:
            return float(not _copied(task, text) and is_answer(text, task.facts["answer"]))

        return SingleTurn(verify)


def _copied(task: Task, text: str) -> bool:
    """Whether an answer is the question again, or not worked out, which is equal to the answer by symbols."""
    found = final_answer(text) or ""
    if task.facts["kind"] == "expand":
        return not is_expanded(found)
    return task.facts["kind"] == "roots" and not same_roots(found, task.facts["answer"])


def _left_over(rng: random.Random, language: str, largest: int) -> Made:
    name, thing = rng.choice(_NAMES[language]), rng.choice(_THINGS[language])
    boxes, each = rng.randint(2, 9), rng.randint(2, largest)
    given = rng.randint(1, boxes * each - 1)
    question = (
        f"{name} has {boxes} boxes with {each} {thing} each and gives away {given}. How many {thing} are left?"
        if language == "en"
        else f"{name}有{boxes}盒{thing}，每盒{each}个，送出{given}个。还剩多少个{thing}？"
    )
    return question, str(boxes * each - given)


def _change(rng: random.Random, language: str, largest: int) -> Made:
    name, thing = rng.choice(_NAMES[language]), rng.choice(_THINGS[language])
    count, cents = rng.randint(2, 9), rng.randint(5, 20 * largest)
    price = Fraction(cents, 20)
    paid = -(-int(count * price + 1) // 10) * 10
    shown = number_text(price)
    question = (
        f"{name} buys {count} {thing} at {shown} dollars each and pays with {paid} dollars. How many dollars of change?"
        if language == "en"
        else f"{name}买了{count}个{thing}，每个{shown}元，付了{paid}元。应找回多少元？"
    )
    return question, number_text(paid - count * price)


def _travel(rng: random.Random, language: str, largest: int) -> Made:
    hours, speed = Fraction(rng.randint(1, 12), 2), rng.randint(3, largest) * 4
    more = rng.randint(1, largest)
    question = (
        f"A train runs at {speed} km an hour for {number_text(hours)} hours and then {more} km further. "
        "How many kilometres is that in all?"
        if language == "en"
        else f"一列火车以每小时{speed}公里行驶{number_text(hours)}小时，然后又走了{more}公里。一共走了多少公里？"
    )
    return question, number_text(speed * hours + more)


def _percent(rng: random.Random, language: str, largest: int) -> Made:
    share, whole = rng.choice((5, 10, 15, 20, 25, 30, 40, 60, 75)), rng.randint(2, largest) * 20
    down = rng.random() < 0.5
    result = Fraction(whole * (100 - share if down else share), 100)
    if language == "en":
        question = (
            f"A coat costs {whole} dollars. It is reduced by {share} %. What does it cost now?"
            if down
            else f"What is {share} % of {whole}?"
        )
    else:
        question = f"一件外套{whole}元，降价{share}%，现在多少元？" if down else f"{whole}的{share}%是多少？"
    return question, number_text(result)


def _ages(rng: random.Random, language: str, largest: int) -> Made:
    first, second = rng.sample(_NAMES[language], 2)
    older, difference = rng.randint(8, largest + 8), rng.randint(1, 6)
    years = rng.randint(2, 9)
    question = (
        f"{first} is {older} years old, {difference} years older than {second}. How old will {second} be in "
        f"{years} years?"
        if language == "en"
        else f"{first}今年{older}岁，比{second}大{difference}岁。{years}年后{second}多少岁？"
    )
    return question, str(older - difference + years)


def _fractions(rng: random.Random, language: str, largest: int) -> Made:
    a, b = (Fraction(rng.randint(1, 9), rng.randint(2, 9)) for _ in range(2))
    sign = rng.choice("+-*")
    shown = [rf"\frac{{{each.numerator}}}{{{each.denominator}}}" for each in (a, b)]
    value = a + b if sign == "+" else a - b if sign == "-" else a * b
    shown_sign = r"\cdot" if sign == "*" else sign
    expression = f"${shown[0]} {shown_sign} {shown[1]}$"
    question = f"Compute {expression}." if language == "en" else f"计算 {expression}。"
    return question, rf"\frac{{{value.numerator}}}{{{value.denominator}}}"


def _linear(rng: random.Random, language: str, largest: int) -> Made:
    a, b, c = rng.randint(2, 9), rng.randint(-largest, largest), rng.randint(-largest, largest)
    left = f"{a}x {'+' if b >= 0 else '-'} {abs(b)} = {c}"
    value = Fraction(c - b, a)
    question = f"Solve ${left}$ for $x$." if language == "en" else f"解方程 ${left}$，求 $x$。"
    return question, rf"\frac{{{value.numerator}}}{{{value.denominator}}}"


def _roots(rng: random.Random, language: str, largest: int) -> Made:
    while True:
        inside = rng.randint(8, 40 * largest)
        outer = max(k for k in range(1, isqrt(inside) + 1) if inside % (k * k) == 0)
        if outer > 1:
            break
    rest = inside // (outer * outer)
    question = rf"Simplify $\sqrt{{{inside}}}$." if language == "en" else rf"化简 $\sqrt{{{inside}}}$。"
    return question, str(outer) if rest == 1 else rf"{outer}\sqrt{{{rest}}}"


def _expand(rng: random.Random, language: str, largest: int) -> Made:
    a, b = rng.randint(1, 9), rng.choice([n for n in range(-9, 10) if n])
    shown = f"(x + {a})(x {'+' if b >= 0 else '-'} {abs(b)})"
    question = f"Expand ${shown}$." if language == "en" else f"展开 ${shown}$。"
    middle = f" {'+' if a + b > 0 else '-'} {abs(a + b)}x" if a + b else ""
    return question, f"x^2{middle} {'+' if a * b > 0 else '-'} {abs(a * b)}"


def _system(rng: random.Random, language: str, largest: int) -> Made:
    x, y = rng.randint(-largest, largest), rng.randint(-largest, largest)
    shown = f"x + y = {x + y}, \\; x - y = {x - y}"
    question = (
        f"Solve ${shown}$. Give the pair $(x, y)$." if language == "en" else f"解方程组 ${shown}$，给出 $(x, y)$。"
    )
    return question, f"({x}, {y})"


def _divisor(rng: random.Random, language: str, largest: int) -> Made:
    a, b = rng.randint(4, 6 * largest), rng.randint(4, 6 * largest)
    question = (
        f"What is the greatest common divisor of {a} and {b}?" if language == "en" else f"{a}和{b}的最大公约数是多少？"
    )
    return question, str(gcd(a, b))


PATTERNS: dict[str, Callable[[random.Random, str, int], Made]] = {
    "left_over": _left_over,
    "change": _change,
    "travel": _travel,
    "percent": _percent,
    "ages": _ages,
    "fractions": _fractions,
    "linear": _linear,
    "roots": _roots,
    "expand": _expand,
    "system": _system,
    "divisor": _divisor,
}
