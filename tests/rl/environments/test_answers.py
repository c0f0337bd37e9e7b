"""Final answers: found where they stand, compared by value, and bounded whatever they are."""

from __future__ import annotations

import time

import pytest
import sympy

from joyflash.rl.environments.answers import equal_answers, final_answer, is_answer, is_expanded, same_roots
from joyflash.rl.environments.expressions import read_expression


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (r"so \boxed{3} and then \boxed{\frac{1}{2}}", r"\frac{1}{2}"),
        ("It takes 3 and 4.\n#### 1,234", "1,234"),
        ("Adding 7 gives 12. The answer is 12 apples.", "12 apples."),
        ("先算 3，再算 4，答案是 7。", "7"),
        ("20 + 7 = 27", "27"),
        ("nothing here", None),
        (r"\boxed{unclosed", None),
        ("", None),
    ],
)
def test_the_final_answer_is_the_last_of_the_clearest_kind(text, answer):
    assert final_answer(text) == answer


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ("42", "42.0"),
        ("1,000", "1000"),
        ("50%", "1/2"),
        (r"\dfrac{3}{6}", "0.5"),
        (r"3\frac{1}{2}", "7/2"),
        (r"-3\frac{1}{2}", "-7/2"),
        ("12.5%", "1/8"),
        ("x^2 + 2x + 1", "(x+1)^2"),
        (r"2\sqrt{3}", r"\sqrt{12}"),
        ("x = 5", "5"),
        ("(1, 2)", r"\left(1,2\right)"),
        (r"\{3, 1\}", r"\{1,3\}"),
        (r"\frac{\pi}{2}", "0.5pi"),
        ("-4", "−4"),
        ("$12", "12"),
    ],
)
def test_equal_answers(found, expected):
    assert equal_answers(found, expected)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ("42", "43"),
        ("6*7", "42"),  # not worked out
        ("84/2 + 0", "42"),
        ("17 + 25/1", "42"),
        ("40 + 200/100", "42"),
        ("37/0.02", "1850"),
        ("1.5/0.5", "3"),
        ("0.5 + 1/4", "3/4"),
        ("0.333", "1/3"),
        ("3.14159", r"\pi"),
        ("(2, 1)", "(1, 2)"),
        ("(1, 2)", "[1, 2]"),
        ("x", "y"),
        ("x", "2"),
        ("1, 2", "1"),
        ("", ""),
        ("1 2", "12"),
    ],
)
def test_unequal_answers(found, expected):
    assert not equal_answers(found, expected)


def test_agrees_with_sympy_on_expressions_it_reads():
    x = sympy.Symbol("x")
    for text, value in {
        "3x^2-x/2": 3 * x**2 - x / 2,
        "-(x+2)(x-1)": -(x + 2) * (x - 1),
        r"2^{3}\cdot x": 8 * x,
    }.items():
        assert equal_answers(text, str(sympy.expand(value)).replace("**", "^"))
        assert not equal_answers(text, str(sympy.expand(value + 1)).replace("**", "^"))


def test_one_number_in_a_sentence_counts_and_a_list_of_guesses_does_not():
    assert is_answer("The answer is 12 apples.", "12")
    assert not is_answer("The answer is 11 or 12 or 13.", "12")
    assert not is_answer(r"\boxed{12 or 13}", "12")


def test_forms_of_an_answer():
    assert is_expanded("x^2 - 3x + 2") and is_expanded("x = -4") and not is_expanded("(x - 1)(x - 2)")
    assert not is_expanded("x(x - 3) + 2") and not is_expanded("(x + 1)^2") and not is_expanded("no expression")
    assert same_roots(r"6\sqrt{2}", r"6\sqrt{2}") and same_roots("6 metres", "6")
    assert not same_roots(r"\sqrt{72}", r"6\sqrt{2}") and not same_roots("√36 metres", "6")


HOSTILE = [
    "9^{9^{9^{9}}}",
    "9" * 100_000,
    "(" * 5000 + "1" + ")" * 5000,
    r"\frac" * 3000,
    r"\boxed{" * 3000,
    "1/0",
    "0^{-1}",
    "(x+1)^{200}(y+2)^{200}",
    "((((x+1)^{12}+1)^{12}+1)^{12}+1)^{12}",
    "sqrt(" * 30 + "2" + ")" * 30,
    "-" * 10_000 + "1",
    "1" + "+1" * 10_000,
    "\x00\ud800 \u202e1",
    "1,"*2000,
    "exp(exp(exp(exp(9))))",
    "log(0)",
    "tan(1)^{199}",
    "__import__('os').system('true')",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("expected", ["7", r"2\sqrt{3}", "x^2 + 1", "(1, 2)"])
def test_hostile_answers_are_wrong_and_quick(text, expected):
    start = time.perf_counter()
    assert not is_answer(text, expected)
    assert not is_answer(rf"\boxed{{{text}}}", expected)
    assert time.perf_counter() - start < 2


def test_reading_is_bounded():
    assert read_expression("1" * 301) is None
    assert read_expression("(" * 60 + "1" + ")" * 60) is None
    assert read_expression("2x+1") is not None
