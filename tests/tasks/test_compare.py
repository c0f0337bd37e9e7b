"""The comparison task: every answer exact, the famous pair absent, splits apart, questions varied."""

from __future__ import annotations

import random
import re
from decimal import Decimal

import pytest

from joyflash.tasks import SKILLS
from joyflash.tasks.compare import Comparison, check_compare, comparison, sample
from joyflash.tasks.compare_reasoning import NEVER_USED, compare_steps, pair_key, sample_numbers

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_RELATION = re.compile(r"(-?\d+(?:\.\d+)?) ([<>=]) (-?\d+(?:\.\d+)?)")


def test_steps_read_digit_by_digit() -> None:
    assert (
        compare_steps("3.14", "3.9", "en") == "Compare 3.14 and 3.9: whole parts 3 = 3; decimals 1 < 9; so 3.9 > 3.14."
    )
    assert compare_steps("3.14", "3.9", "en", as_asked=True).endswith("decimals 1 < 9; so 3.14 < 3.9.")
    assert compare_steps("120.5", "99", "en") == "Compare 120.5 and 99: whole parts 3 digits > 2 digits; so 120.5 > 99."
    assert compare_steps("2.5", "2.50", "zh") == "比较2.5和2.50：整数部分2 = 2；小数部分5 = 5，0 = 0；所以2.5 = 2.50。"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_answer_is_exact(language: str) -> None:
    rng = random.Random(1)
    for _ in range(5000):
        item = comparison(rng, language, "train")
        for a, sign, b in _RELATION.findall(item.steps):
            x, y = Decimal(a), Decimal(b)
            assert (x < y, x > y, x == y)["<>=".index(sign)], item
        assert check_compare(f"{item.steps} {item.conclusion}", item.expected), item
        if not item.story:
            assert check_compare(f"{item.steps} {item.conclusion}", item.expected, item.numbers), item
        _check_verdict(item)


def _check_verdict(item: Comparison) -> None:
    values = [Decimal(number) for number in item.numbers]
    if item.expected == "equal":
        assert values[0] == values[1], item
    elif item.expected in ("<", ">", "="):
        assert {"<": values[0] < values[1], ">": values[0] > values[1], "=": values[0] == values[1]}[item.expected], (
            item
        )
    elif ", " in item.expected:
        ranked = [Decimal(number) for number in item.expected.split(", ")]
        assert ranked in (sorted(values), sorted(values, reverse=True)), item
    elif item.expected not in ("yes", "no"):
        assert Decimal(item.expected) in (min(values), max(values)), item
        assert len(set(values)) > 1, item


@pytest.mark.parametrize("split", ["train", "heldout"])
def test_the_famous_pair_never_occurs(split: str) -> None:
    rng = random.Random(2)
    if split == "train":  # every number of a question comes from this sampler
        for index in range(50_000):
            assert not {abs(Decimal(number)) for number in sample_numbers(rng, split, 2 + index % 2)} >= NEVER_USED
    for index in range(6000 if split == "train" else 1000):
        messages = sample(rng, ("en", "zh")[index % 2], split)["messages"]
        numbers = {abs(Decimal(number)) for number in _NUMBER.findall(messages[0]["content"])}
        assert not numbers >= NEVER_USED, messages


@pytest.mark.parametrize("language", ["en", "zh"])
def test_given_relations_leave_only_the_verdict(language: str) -> None:
    rng = random.Random(5)
    verdicts = set()
    for _ in range(300):
        messages = SKILLS["compare_given"](rng, language, "train")["messages"]
        assert 16 <= len(messages) <= 30
        for question, answer in zip(messages[::2], messages[1::2], strict=True):
            relations = [(Decimal(a), sign, Decimal(b)) for a, sign, b in _RELATION.findall(question["content"])]
            assert any((sign == ">" and a > b) or (sign == "=" and a == b) for a, sign, b in relations), question
            assert "whole parts" not in answer["content"] and "整数部分" not in answer["content"]
            larger, smaller = max(relations)[0], min(min(a, b) for a, _, b in relations)
            if check_compare(answer["content"], str(larger)) and larger != smaller:
                verdicts.add("larger")
            elif check_compare(answer["content"], str(smaller)) and larger != smaller:
                verdicts.add("smaller")
    assert verdicts == {"larger", "smaller"}


def test_splits_share_no_pair() -> None:
    pairs = []
    for split in ("train", "heldout"):
        rng = random.Random(3)
        pairs.append({pair_key(item.numbers) for item in (comparison(rng, "en", split) for _ in range(4000))})
    assert not pairs[0] & pairs[1]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_questions_are_varied_and_the_same_seed_gives_the_same_samples(language: str) -> None:
    rng, again = random.Random(4), random.Random(4)
    samples = [sample(rng, language, "train") for _ in range(3000)]
    assert samples[:300] == [sample(again, language, "train") for _ in range(300)]
    skeletons = {_NUMBER.sub("#", item["messages"][0]["content"]) for item in samples}
    assert len(skeletons) >= 2700
    thinking = sum("reasoning_content" in item["messages"][1] for item in samples) / 3000
    assert 0.05 < thinking < 0.11


@pytest.mark.parametrize(
    ("text", "expected", "right"),
    [
        ("4.5 is bigger than 4.32.", "4.5", True),
        ("The bigger one is 4.50.", "4.5", True),
        ("4.32 is bigger.", "4.5", False),
        ("They are equal.", "4.5", False),
        ("They are equal.", "equal", True),
        ("4.32 < 4.5, so the larger number is 4.5.", "4.5", True),
        ("Yes, 4.5 is greater than 4.32.", "yes", True),
        ("No, 4.32 is not greater than 4.5.", "yes", False),
        ("不对，4.32不比4.5大。", "no", True),
        ("4.5更大。", "4.5", True),
        ("", "4.5", False),
        ("That is not correct.", "yes", False),
        ("That is not correct.", "no", True),
    ],
)
def test_verifier(text: str, expected: str, right: bool) -> None:
    assert check_compare(text, expected) is right


@pytest.mark.parametrize(
    "text",
    [
        "4.5比4.32大。", "4.32比4.5小。", "4.32不比4.5大。", "较大的是4.5，不是4.32。", "4.32 is smaller than 4.5.",
        "The bigger one is 4.5, not 4.32.", "4.5 is the bigger of 4.32 and 4.5.", "4.32 is not bigger than 4.5.",
        "It is 4.50.", "-4.5 < 4.32",
    ],
)  # fmt: skip
def test_the_verifier_reads_what_is_said_of_either_number(text: str) -> None:
    first, second = ("4.32", "4.5") if "-" not in text else ("-4.5", "4.32")
    assert check_compare(text, second, [first, second])
    swapped = text.replace("4.50", "4.5").replace(first, "#").replace(second, first).replace("#", second)
    assert not check_compare(swapped, second, [first, second])
