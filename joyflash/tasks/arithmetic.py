# ruff: noqa: E501 (tables of phrases read best one idea a line)
"""Small sums in words: one- and two-digit addition, subtraction and multiplication, exact, with a short line of working."""

from __future__ import annotations

import random
from functools import cache
from typing import Any, Literal

from joyflash.tasks.grammar import Grammar
from joyflash.tasks.words import Split, fits
from joyflash.tasks.written import roughen

Language = Literal["en", "zh"]

_EN = {
    "sum": ["<plain>", "<plain>", "<lead> <plain>", "<plain> <tail>"],
    "plain": [
        "{a} {op} {b}[?|=|= ?| = ?||.| equals?|, please]",
        "[what is|what's|what does|how much is|calculate|compute|work out|solve|tell me|give me|find|do you know] {a} {op} {b}[?||.]",
        "{a} {word} {b}[?|=|| is?| is what?| makes?| equals what?]",
        "[what is|what's|how much is|tell me|calculate|work out|add up|can you do|what do you get for|do you know] {a} {word} {b}[?||.]",
        "[the result of|answer of|result:|sum:|please solve:|quickly:] {a} {op} {b}[?||.]",
        "[can you|could you|please] [add it up|work it out|calculate|tell me]: {a} {op} {b}[?||.]",
        "if I [calculate|compute|write] {a} {op} {b}, what do I get?",
    ],
    "lead": [
        "Hi,",
        "Quick:",
        "Maths:",
        "Question:",
        "Please,",
        "My son asks:",
        "Homework:",
        "Next:",
        "Hello!",
        "One more:",
        "OK,",
        "Help:",
    ],
    "tail": ["Thanks!", "Please.", "Be quick.", "Only the answer.", "I forgot.", "It is for school."],
}
_ZH = {
    "sum": ["<plain>", "<plain>", "<lead><plain>", "<plain><tail>"],
    "plain": ["{a}{op}{b}[=？|=|等于多少|等于几|是多少|得多少|？|的结果是什么|得几|=?|等于几？|等于多少？]", "[计算|算一下|请算|帮我算|求|请计算|算算|帮忙算一下|口算]{a}{op}{b}[。||？]", "{a}{word}{b}[等于多少|是多少|等于几|得几|得多少][？|]", "[请问|你知道|告诉我|我想知道]{a}{word}{b}[等于多少|是多少|等于几][？||吗？]",
              "{a} {op} {b}[ = ?|等于？|？|]"],
    "lead": ["你好，", "数学题：", "请问，", "下一题：", "作业：", "再来：", "快问快答：", "孩子问："],
    "tail": ["谢谢。", "快点。", "只要答案。", "我忘了。", "麻烦了。"],
}  # fmt: skip
_WORDS = {
    "en": {"+": ("plus", "added to", "and"), "-": ("minus",), "*": ("times", "multiplied by")},
    "zh": {"+": ("加", "加上"), "-": ("减", "减去"), "*": ("乘", "乘以")},
}


@cache
def _grammar(language: Language) -> Grammar:
    return Grammar(_EN if language == "en" else _ZH)


def sample(rng: random.Random, language: Language, split: Split) -> dict[str, Any]:
    """A question for one sum and its answer; pairs with a two-digit number belong to one side of the split each."""
    kind = rng.choice("++-*")
    while True:
        a, b = (
            rng.randrange(10) if rng.random() < (0.6 if kind == "*" else 0.4) else rng.randrange(10, 100)
            for _ in range(2)
        )
        if kind == "-" and a < b and rng.random() < 0.9:
            a, b = b, a
        if (max(a, b) < 10 and split == "train") or (fits(f"{a}{kind}{b}", split) and max(a, b) >= 10):
            break
    symbol = rng.choice(("*", "x", "×", "·") if kind == "*" else (kind,))
    question = _grammar(language).expand(
        "sum", rng, a=str(a), b=str(b), op=symbol, word=rng.choice(_WORDS[language][kind])
    )
    shown = "×" if kind == "*" else kind
    steps = working(a, b, kind)
    answer = (f"{steps}; so " if language == "en" else f"{steps}；所以") if steps else ""
    answer += f"{a} {shown} {b} = {result(a, b, kind)}" + ("." if language == "en" else "。")
    messages = [
        {"role": "user", "content": roughen(rng, question, slips=0.03)},
        {"role": "assistant", "content": answer},
    ]
    return {"messages": messages, "tools": [], "kind": "arithmetic", "language": language}


def result(a: int, b: int, kind: str) -> int:
    """``a kind b`` for "+", "-" and "*"."""
    return a + b if kind == "+" else a - b if kind == "-" else a * b


def working(a: int, b: int, kind: str) -> str:
    """The steps: tens and ones apart; empty where both numbers have one digit or nothing needs splitting."""
    if max(a, b) < 10 or (kind == "-" and a < b):
        return ""
    ones_a, ones_b, tens_a, tens_b = a % 10, b % 10, a - a % 10, b - b % 10
    if kind == "+":
        return f"{tens_a} + {tens_b} = {tens_a + tens_b}, {ones_a} + {ones_b} = {ones_a + ones_b}"
    if kind == "-":
        middle = a - tens_b
        return f"{a} - {tens_b} = {middle}, {middle} - {ones_b} = {middle - ones_b}"
    if min(a, b) < 10:
        big, small = max(a, b), min(a, b)
        return f"{big - big % 10} × {small} = {(big - big % 10) * small}, {big % 10} × {small} = {big % 10 * small}"
    return f"{a} × {tens_b} = {a * tens_b}, {a} × {ones_b} = {a * ones_b}"
