"""Right and wrong answers; spread of a mean; bits per byte."""

import json
import math

import pytest

from joyflash.evaluation.item import EvalItem
from joyflash.evaluation.scoring import (
    Answer,
    calls_equal,
    carries,
    expression_of,
    mean_and_error,
    normalize_expression,
    score,
    wilson_interval,
)
from joyflash.tasks.compare_reading import bigger_side, chosen_side, verdict

NUMBERS = {"a": ["9.11"], "b": ["9.9"]}
PEOPLE = {"a": ["14.9", "Omar"], "b": ["14.761", "Lachlan"]}
CITIES = {"a": ["3.5", "大连"], "b": ["3.42", "高雄"]}


@pytest.mark.parametrize(
    "text",
    [
        "9.9",
        "9.9 is bigger.",
        "9.9 is bigger than 9.11.",
        "**9.9** is the larger number.",
        "The bigger number is 9.9.",
        "The larger of 9.11 and 9.9 is 9.9.",
        "Between 9.11 and 9.9, the greater one is 9.9.",
        "9.11 is smaller than 9.9.",
        "9.11 < 9.9",
        "9.9 > 9.11, so the answer is 9.9.",
        "9.11 = 9.11 and 9.9 = 9.90. 90 is more than 11. So 9.9 is bigger.",
        "9.11 has more digits, but 9.9 is larger.",
        "9.11 is not bigger than 9.9.",
        "Compared with 9.11, 9.9 is higher.",
        "9.90 > 9.11",
        "9.9更大。",
        "9.9比9.11大。",
        "9.11比9.9小",
        "较大的数是9.9。",
        "9.11和9.9中，更大的是9.9。",
        "整数部分都是9，小数部分90大于11，所以9.9大于9.11。",
        "9.11小于9.9",
        "9.11没有9.9大",
        "9.11不比9.9大。",
    ],
)
def test_reads_that_9_9_is_the_bigger_one(text):
    assert chosen_side(text, NUMBERS, ask="bigger") == "b"
    assert (
        chosen_side(text.replace("9.9", "X").replace("9.11", "9.9").replace("X", "9.11"), NUMBERS, ask="bigger") == "a"
    )


def test_reads_the_smaller_one():
    assert chosen_side("9.11 is smaller.", NUMBERS, ask="smaller") == "a"
    assert chosen_side("9.9 is larger, so 9.11 is the smaller one.", NUMBERS, ask="smaller") == "a"
    assert chosen_side("Lachlan was faster than Omar.", PEOPLE, ask="smaller") == "b"
    assert chosen_side("Lachlan", PEOPLE, ask="smaller") == "b"
    assert chosen_side("14.761 < 14.9, Lachlan was quicker.", PEOPLE, ask="smaller") == "b"


def test_names_may_hold_comparing_characters():
    assert chosen_side("大连更大。", CITIES, ask="bigger") == "a"
    assert chosen_side("高雄", CITIES, ask="bigger") == "b"
    assert bigger_side("高雄比大连少", CITIES) == "a"


def test_silence_and_later_corrections():
    assert chosen_side("I cannot tell.", NUMBERS, ask="bigger") is None
    assert chosen_side("9.11 and 9.9 are numbers.", NUMBERS, ask="bigger") is None
    assert chosen_side("9.9 is bigger than 9.11. The answer is 9.11.", NUMBERS, ask="bigger") == "a"
    assert chosen_side("119.9 is bigger", NUMBERS, ask="bigger") is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Yes, it is.", True),
        ("No.", False),
        ("True", True),
        ("False: 9.11 < 9.9", False),
        ("That statement is correct.", True),
        ("That is not true.", False),
        ("是的。", True),
        ("不是，9.9更大。", False),
        ("对", True),
        ("不对", False),
        ("9.11小于9.9，所以这句话错误。", False),
        ("9.9 it is", None),
    ],
)
def test_verdict(text, said):
    assert verdict(text) is said


def call(name, **arguments):
    return {"name": name, "arguments": arguments}


def as_text(name, arguments):
    return {"name": name, "arguments": arguments if isinstance(arguments, str) else json.dumps(arguments)}


@pytest.mark.parametrize("arguments", ["9" * 5000, "[" * 5000, '{"a": ' * 3000])
def test_arguments_of_a_looping_model_are_wrong_and_no_failure(arguments):
    assert not calls_equal([call("f", a="x")], [{"name": "f", "arguments": arguments}])
    assert expression_of({"name": "f", "arguments": arguments}, "f") is None


def test_calls_equal():
    expected = [call("f", a="x", n=3), call("g", on=True)]
    assert calls_equal(expected, [as_text("g", {"on": True}), as_text("f", {"n": 3.0, "a": "x"})])
    for wrong in (
        [],
        [as_text("f", {"a": "x", "n": 3})],
        [as_text("f", {"a": "x", "n": "3"}), as_text("g", {"on": True})],
        [as_text("f", {"a": "X", "n": 3}), as_text("g", {"on": True})],
        [as_text("f", {"a": "x", "n": 3}), as_text("g", {"on": 1})],
        [as_text("f", {"a": "x", "n": 3, "more": 1}), as_text("g", {"on": True})],
        [as_text("f", '{"a": "x", "n": 3'), as_text("g", {"on": True})],
        [as_text("h", {"a": "x", "n": 3}), as_text("g", {"on": True})],
    ):
        assert not calls_equal(expected, wrong)


def test_markup_that_no_parser_took_for_a_call_is_no_decision_against_one():
    item = EvalItem("x", "call_or_not", "en", [{"role": "user", "content": "x"}], {"type": "decision", "call": False})
    assert score(item, Answer("No tool helps here.", [])) == 1.0
    assert score(item, Answer("<tool_call><function=weather>", [])) == 0.0
    assert score(item, Answer("", [])) == 0.0


def test_carries():
    assert carries("It costs 1,234.5 dollars.", "1234.5")
    assert carries("It is 7.", "7") and carries("7度", "7") and carries("arrives in oslo", "Oslo")
    assert not carries("17", "7") and not carries("7.5", "7") and not carries("70", "7") and not carries("3.7", "7")


def test_normalize_expression():
    assert normalize_expression(" 6 + 1 = ") == "6+1" and normalize_expression("6×7") == "6*7"


def test_mean_and_error():
    assert mean_and_error([[1.0, 1.0], [0.0, 0.0]]) == (0.5, pytest.approx(0.5))
    assert mean_and_error([[1.0]]) == (1.0, 0.0)
    mean, error = mean_and_error([[1.0]] * 90 + [[0.0]] * 10)
    assert (mean, error) == (0.9, pytest.approx(math.sqrt(0.9 * 0.1 / 99)))


def test_wilson_interval():
    low, high = wilson_interval(0.9, 100)
    assert (low, high) == (pytest.approx(0.8256, abs=1e-3), pytest.approx(0.9448, abs=1e-3))
    assert wilson_interval(1.0, 10)[1] == 1.0 and wilson_interval(0.0, 10)[0] == pytest.approx(0.0)
