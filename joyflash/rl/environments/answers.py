"""Finds the final answer in a reply and tells whether it is the expected one: by symbols, not by spelling."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from joyflash.extras import require
from joyflash.rl.environments.expressions import FUNCTIONS, Tree, rational, read_expression, small_enough

_TAIL = 4000
_BOXED = r"\boxed"
_STATED = re.compile(
    r"(?:####|\b(?:final\s+)?answer\s*(?:is|:|=)|(?:最终)?答案\s*(?:是|为|：|:)|答\s*[：:])\s*([^\n。；;]{1,200})",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"-?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:/\d+)?%?")
_POINTS = ((2, 7), (5, 3), (11, 13), (17, 5), (23, 19), (1, 31))


def final_answer(text: str) -> str | None:
    r"""The answer that a reply ends with: the last ``\boxed{…}``, else what follows the last ``####`` or "answer is",
    else the last number. None where there is nothing of the kind.
    """
    text = text[-_TAIL:]
    boxed = _last_boxed(text)
    if boxed is not None:
        return boxed
    stated = _STATED.findall(text)
    if stated:
        return stated[-1].strip()
    numbers = _NUMBER.findall(text)
    return numbers[-1] if numbers else None


def is_answer(text: str, expected: str) -> bool:
    """Whether the final answer of a reply equals ``expected``."""
    found = final_answer(text)
    if found is None:
        return False
    if equal_answers(found, expected):
        return True
    # "answer is 42 apples": the number of a sentence, if there is just one, and if a number is wanted.
    wanted = read_expression(expected)
    numbers = _NUMBER.findall(found)
    plain = _BOXED not in text and wanted is not None and rational(wanted) is not None
    return plain and len(numbers) == 1 and equal_answers(numbers[0], expected)


def equal_answers(found: str, expected: str) -> bool:
    r"""Whether two answers are the same number, expression, or tuple or set of them; or else the same text.

    A name with "=" in front is left out; units and currency signs in ``\text`` or around numbers do not count. Where a
    rational number is wanted, the answer must be one: a sum that nobody has worked out is no answer.
    """
    if _plain(found) == _plain(expected):
        return bool(_plain(expected))
    found, expected = _right_side(found), _right_side(expected)
    members, wanted = _members(found), _members(expected)
    if len(wanted) > 1 or len(members) > 1:
        return _brackets(found) == _brackets(expected) and _same_members(members, wanted, _brackets(expected))
    return _same_value(found, expected)


def _same_value(found: str, expected: str) -> bool:
    tree, wanted = read_expression(found), read_expression(expected)
    if tree is None or wanted is None:
        return False
    value, target = rational(tree), rational(wanted)
    if value is not None and target is not None:
        return value == target and is_literal(tree)
    if not (small_enough(tree) and small_enough(wanted)):
        return False
    return _same_symbolically(tree, wanted)


def _same_symbolically(tree: Tree, wanted: Tree) -> bool:
    """Whether the difference of two expressions vanishes, to thirty digits, wherever it is looked at.

    Expressions of the size read here that agree at six odd points are the same; looking is bounded, simplifying is not.
    """
    sympy = require("sympy", extra="rl")
    left, right = _to_sympy(tree, sympy), _to_sympy(wanted, sympy)
    if left.free_symbols != right.free_symbols:
        return False
    names = sorted(left.free_symbols, key=str)
    for point in _POINTS if names else _POINTS[:1]:
        values = {name: sympy.Rational(*point) + place for place, name in enumerate(names)}
        first, second = (each.evalf(30, subs=values, maxn=120) for each in (left, right))
        if not (first.is_Float or first.is_Rational) or not (second.is_Float or second.is_Rational):
            return False
        if abs(first - second) > sympy.Float("1e-20") * max(1, abs(second)):
            return False
    return True


def is_literal(tree: Tree) -> bool:
    """Whether a tree is a number as people write one: whole or decimal, a fraction, mixed, in per cent, or negative."""
    kind = tree[0]
    if kind == "number":
        return True
    if kind == "/":
        return tree[1][0] == "number" and (_is_whole(tree[1]) or tree[2][1] == 100) and _is_whole(tree[2])
    if kind == "*":
        return tree[1] == ("number", Fraction(-1)) and is_literal(tree[2])
    if kind != "+" or not _is_whole(tree[1]) or tree[2][0] != "/" or not is_literal(tree[2]):
        return False
    return tree[2][1][1] < tree[2][2][1]  # a mixed number: its fraction is less than one


def _is_whole(tree: Tree) -> bool:
    return tree[0] == "number" and tree[1].denominator == 1


def is_expanded(text: str) -> bool:
    """Whether no product, quotient or power in an answer holds a sum."""
    tree = _tree(text)
    return tree is not None and not any(
        node[0] in ("*", "/", "^") and any(inner[0] == "+" for inner in _nodes(node)) for node in _nodes(tree)
    )


def same_roots(found: str, expected: str) -> bool:
    """Whether two answers have the same numbers under their roots, and no powers."""
    one, other = _tree(found), _tree(expected)
    if one is None or other is None:  # a number in a sentence, if anything
        return re.search(r"sqrt|√|\^", found) is None
    return _roots(one) == _roots(other) and not any(node[0] == "^" for node in _nodes(one))


def _roots(tree: Tree) -> list[Tree]:
    return [node[2] for node in _nodes(tree) if node[:2] == ("call", "sqrt")]


def _tree(text: str) -> Tree | None:
    return read_expression(_right_side(text))


def _nodes(tree: Tree) -> Iterator[Tree]:
    """A tree and all trees in it."""
    yield tree
    for inner in tree[1:]:
        if isinstance(inner, tuple):
            yield from _nodes(inner)


def _to_sympy(tree: Tree, sympy: Any) -> Any:
    kind = tree[0]
    if kind == "number":
        return sympy.Rational(tree[1].numerator, tree[1].denominator)
    if kind == "name":
        return sympy.pi if tree[1] == "pi" else sympy.Symbol(tree[1], positive=True)
    if kind == "call":
        functions = dict(zip(FUNCTIONS, ["sqrt", "log", "log", "sin", "cos", "tan", "exp", "Abs"], strict=True))
        return getattr(sympy, functions[tree[1]])(_to_sympy(tree[2], sympy))
    left, right = _to_sympy(tree[1], sympy), _to_sympy(tree[2], sympy)
    if kind == "+":
        return left + right
    if kind == "*":
        return left * right
    return left / right if kind == "/" else left**right


def _last_boxed(text: str) -> str | None:
    start = text.rfind(_BOXED)
    if start < 0:
        return None
    at = text.find("{", start)
    if at < 0:
        return None
    depth = 0
    for end in range(at, len(text)):
        depth += (text[end] == "{") - (text[end] == "}")
        if depth == 0:
            return text[at + 1 : end].strip()
    return None


def _plain(text: str) -> str:
    text = re.sub(r"(?<=\d)\s+(?=\d)", "_", text.strip())
    return re.sub(r"[\s$。]|\.$|\\[,;!]|\\left|\\right", "", text).lower()


def _right_side(text: str) -> str:
    left, sign, right = text.strip().strip("$").partition("=")
    return right.strip() if sign and re.fullmatch(r"\s*[a-zA-Z]\w{0,3}(?:\([a-z]\))?\s*", left) else text.strip()


def _brackets(text: str) -> str:
    text = text.strip().strip("$").strip().replace(r"\{", "{").replace(r"\}", "}").replace(r"\left", "")
    return text[:1] + text[-1:] if text[:1] in "([{" and text[-1:] in ")]}" else ""


def _members(text: str) -> list[str]:
    """Parts between commas of no bracket; a thousands separator is none."""
    text = text.strip().strip("$").strip()
    if _brackets(text):
        text = re.sub(r"^(?:\\left)?\\?[(\[{]|(?:\\right)?\\?[)\]}]$", "", text)
    if re.fullmatch(r"-?\d{1,3}(?:,\d{3})+(?:\.\d+)?", text):
        return [text]
    parts, depth, start = [], 0, 0
    for at, character in enumerate(text):
        depth += (character in "([{") - (character in ")]}")
        if character in ",，" and depth == 0:
            parts.append(text[start:at])
            start = at + 1
    return [*parts, text[start:]]


def _same_members(found: list[str], wanted: list[str], brackets: str) -> bool:
    if len(found) != len(wanted) or len(wanted) > 20:
        return False
    if brackets in ("()", "[]", "(]", "[)"):
        return all(_same_value(a, b) for a, b in zip(found, wanted, strict=True))
    left = list(found)
    for each in wanted:
        match = next((other for other in left if _same_value(other, each)), None)
        if match is None:
            return False
        left.remove(match)
    return True


def number_text(value: Fraction) -> str:
    """A number as an answer key writes it: whole, decimal where that is short, else a fraction."""
    if value.denominator == 1:
        return str(value.numerator)
    for digits in range(1, 5):
        scaled = value * 10**digits
        if scaled.denominator == 1:
            return f"{float(value):.{digits}f}"
    return f"{value.numerator}/{value.denominator}"
