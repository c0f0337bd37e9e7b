# ruff: noqa: E501 (wordings read best one idea a line)
"""Small functions to write: wording, arguments to test with, and a solution to compare with."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Problem:
    """A function to write.

    Attributes:
        name: of the function.
        text: language -> what it does, with slots for ``numbers``.
        arguments: draws the arguments of one test; JSON.
        solve: the right result for arguments and numbers; JSON.
        numbers: slot -> bounds of a whole number that makes one wording many tasks.
    """

    name: str
    text: Mapping[str, str]
    arguments: Callable[[random.Random], list[Any]]
    solve: Callable[..., Any]
    numbers: Mapping[str, tuple[int, int]] = field(default_factory=dict)


def _numbers(rng: random.Random) -> list[Any]:
    return [[rng.randint(-30, 30) for _ in range(rng.randint(0, 9))]]


def _words(rng: random.Random) -> list[Any]:
    words = ["".join(rng.choices("abcde", k=rng.randint(1, 6))) for _ in range(rng.randint(0, 6))]
    return [words]


def _text(rng: random.Random) -> list[Any]:
    return ["".join(rng.choices("abcdeABC ", k=rng.randint(0, 14)))]


def _whole(rng: random.Random) -> list[Any]:
    return [rng.randint(0, 400)]


def _collapse(text: str, k: int) -> str:
    out: list[str] = []
    for letter in text:
        if len(out) < k or any(other != letter for other in out[-k:]):
            out.append(letter)
    return "".join(out)


_LIST = [
    Problem(
        "sum_multiples",
        {"en": "returns the sum of those numbers of a list that are divisible by {k}", "zh": "返回列表中能被{k}整除的数之和"},
        _numbers,
        lambda numbers, k: sum(n for n in numbers if n % k == 0),
        {"k": (2, 12)},
    ),
    Problem(
        "count_above",
        {"en": "returns how many numbers of a list are greater than {k}", "zh": "返回列表中大于{k}的数的个数"},
        _numbers,
        lambda numbers, k: sum(n > k for n in numbers),
        {"k": (-10, 10)},
    ),
    Problem(
        "shifted",
        {"en": "returns a list with {k} added to every number", "zh": "返回把每个数加上{k}后的列表"},
        _numbers,
        lambda numbers, k: [n + k for n in numbers],
        {"k": (-20, 20)},
    ),
    Problem(
        "every_nth",
        {
            "en": "returns a list of every element whose index is a multiple of {k}, beginning with index 0",
            "zh": "返回下标是{k}的倍数（从0开始）的元素组成的列表",
        },
        _numbers,
        lambda numbers, k: numbers[::k],
        {"k": (2, 6)},
    ),
    Problem(
        "long_words",
        {"en": "returns a list of the words with at least {k} letters, in order", "zh": "按原顺序返回至少有{k}个字母的单词列表"},
        _words,
        lambda words, k: [word for word in words if len(word) >= k],
        {"k": (2, 6)},
    ),
    Problem(
        "rotate",
        {
            "en": "returns the list rotated to the left by {k} places (an empty list stays empty)",
            "zh": "返回向左旋转{k}位后的列表（空列表不变）",
        },
        _numbers,
        lambda numbers, k: numbers[k % len(numbers) :] + numbers[: k % len(numbers)] if numbers else [],
        {"k": (1, 9)},
    ),
    Problem(
        "digit_sum",
        {"en": "returns the sum of the digits of a whole number of at least 0, written in base {k}",
         "zh": "返回非负整数在{k}进制下各位数字之和"},
        _whole,
        lambda n, k: _digit_sum(n, k),
        {"k": (2, 10)},
    ),
    Problem(
        "clamp_all",
        {"en": "returns a list with every number limited to the range from {low} to {high}",
         "zh": "返回把每个数限制在{low}到{high}之间的列表"},
        _numbers,
        lambda numbers, low, high: [min(max(n, low), high) for n in numbers],
        {"low": (-15, -1), "high": (1, 15)},
    ),
    Problem(
        "caesar",
        {"en": "shifts every lower-case letter of a text by {k} places in the alphabet (after z comes a) and leaves "
               "everything else", "zh": "把文本中每个小写字母在字母表中后移{k}位（z之后是a），其他字符不变"},
        _text,
        lambda text, k: "".join(chr((ord(c) - 97 + k) % 26 + 97) if "a" <= c <= "z" else c for c in text),
        {"k": (1, 25)},
    ),
    Problem(
        "repeat_limit",
        {"en": "returns the text without any letter that already stands {k} times directly before it",
         "zh": "去掉文本中前面已紧接着出现{k}次的相同字符，返回结果"},
        _text,
        _collapse,
        {"k": (1, 3)},
    ),
]  # fmt: skip
PROBLEMS: dict[str, Problem] = {problem.name: problem for problem in _LIST}
"""Problems by name."""


def _digit_sum(n: int, k: int) -> int:
    total = 0
    while n:
        n, digit = divmod(n, k)
        total += digit
    return total
