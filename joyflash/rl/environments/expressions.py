"""Reads a mathematical answer, plain or LaTeX, into a tree of bounded size; nothing is evaluated while reading.

The tree is nested tuples: ("number", Fraction), ("name", "x"), ("+", a, b), ("*", a, b), ("/", a, b), ("^", a, b),
("call", "sqrt", a). An answer that is no such expression, or would be too large to work with, reads as None.
"""

from __future__ import annotations

import re
from fractions import Fraction

LONGEST = 300
_DEEPEST = 40
_MOST_DIGITS = 60
_LARGEST_EXPONENT = 200
_LARGEST_BITS = 4000
_LARGEST_DEGREE = 60
_MOST_NODES = 80
FUNCTIONS = ("sqrt", "log", "ln", "sin", "cos", "tan", "exp", "abs")

Tree = tuple
_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)|(?P<command>\\[a-zA-Z]+)|(?P<word>[a-zA-Z]+)"
    r"|(?P<sign>\*\*|[-+*/^(){}\[\]!%|]))"
)
_SPELLINGS = (
    (r"\$|\\\$|\\!|\\,|\\;|\\:|\\ |~|\\left|\\right|\\displaystyle|¥|￥|€|£", ""),
    (r"\\(?:text|mathrm|textbf|mbox|operatorname)\s*\{[^{}]{0,80}\}", ""),
    (r"\\[dt]frac", r"\\frac"),
    (r"\\cdot|\\times|×|·", "*"),
    (r"÷|\\div", "/"),
    (r"−|–|－", "-"),
    (r"，(?=\d{3}(?!\d))", ","),
    (r"（", "("),
    (r"）", ")"),
    (r"π", r"\\pi"),
    (r"√", r"\\sqrt"),
    (r"\^\s*\\circ|\^\s*\{\s*\\circ\s*\}|°", ""),
    (r"\\%|％", "%"),
)


class _Unreadable(Exception):
    """The text is no expression of the kind read here."""


def read_expression(text: str) -> Tree | None:
    """The tree of an expression; None where the text is none, or one too large."""
    if len(text) > LONGEST:
        return None
    for pattern, written in _SPELLINGS:
        text = re.sub(pattern, written, text)
    try:
        reader = _Reader(_tokens(text.strip().rstrip(".")))
        tree = reader.sum(0)
        return tree if reader.at_end else None
    except (_Unreadable, RecursionError):
        return None


def rational(tree: Tree) -> Fraction | None:
    """The value of a tree of rational numbers; None where it has another value, none, or one too large to hold."""
    kind = tree[0]
    if kind == "number":
        return tree[1]
    if kind not in ("+", "*", "/", "^"):
        return None
    left, right = rational(tree[1]), rational(tree[2])
    if left is None or right is None:
        return None
    if kind == "+":
        return _bounded(left + right)
    if kind == "*":
        return _bounded(left * right)
    if kind == "/":
        return _bounded(left / right) if right else None
    if right.denominator != 1 or abs(right) > _LARGEST_EXPONENT or (left == 0 and right < 0):
        return None
    if max(left.numerator.bit_length(), left.denominator.bit_length()) * abs(right.numerator) > _LARGEST_BITS:
        return None
    return Fraction(left ** int(right))


def small_enough(tree: Tree) -> bool:
    """Whether a tree is quick to work with: few nodes, no power or nest of functions that grows."""
    return _nodes(tree) <= _MOST_NODES and _grows_little(tree, calls=2, degree=_LARGEST_DEGREE)


def _nodes(tree: Tree) -> int:
    return 1 + sum(_nodes(part) for part in tree[1:] if isinstance(part, tuple))


def _grows_little(tree: Tree, calls: int, degree: int) -> bool:
    """Whether functions are nested at most ``calls`` deep, and nested powers multiply to ``degree`` at most."""
    if tree[0] in ("number", "name"):
        return True
    if tree[0] == "call":
        inner = rational(tree[2])
        bounded = inner is None or abs(inner) < _LARGEST_EXPONENT or tree[1] == "sqrt"
        return calls > 0 and bounded and _grows_little(tree[2], calls - 1, degree)
    if tree[0] == "^":
        exponent = rational(tree[2])
        if exponent is None or abs(exponent) > degree or exponent.denominator > degree:
            return False
        return _grows_little(tree[1], calls, degree // max(1, -(-abs(exponent.numerator) // exponent.denominator)))
    return _grows_little(tree[1], calls, degree) and _grows_little(tree[2], calls, degree)


def _bounded(value: Fraction) -> Fraction | None:
    return value if max(value.numerator.bit_length(), value.denominator.bit_length()) <= _LARGEST_BITS else None


def _tokens(text: str) -> list[tuple[str, str]]:
    found, at = [], 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise _Unreadable(text)
        found.append((match.lastgroup or "", match.group(match.lastgroup or 0)))
        at = match.end()
    return found


class _Reader:
    """Recursive descent: sums of products of powers of atoms; products may lack their sign."""

    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self._tokens = tokens
        self._at = 0

    @property
    def at_end(self) -> bool:
        return self._at == len(self._tokens)

    def sum(self, depth: int) -> Tree:
        if depth > _DEEPEST:
            raise _Unreadable
        negative = self._take("-")
        if not negative:
            self._take("+")
        tree = self._product(depth + 1)
        tree = ("*", ("number", Fraction(-1)), tree) if negative else tree
        while (sign := self._peek()) in ("+", "-"):
            self._at += 1
            right = self._product(depth + 1)
            tree = ("+", tree, right if sign == "+" else ("*", ("number", Fraction(-1)), right))
        return tree

    def _product(self, depth: int) -> Tree:
        tree = self._power(depth)
        while True:
            if self._take("*") or self._take("**"):
                tree = ("*", tree, self._power(depth))
            elif self._take("/"):
                tree = ("/", tree, self._power(depth))
            elif self._begins_atom():
                mixed = self._mixed_number(tree, depth)
                tree = mixed or ("*", tree, self._power(depth))
            else:
                return tree

    def _mixed_number(self, tree: Tree, depth: int) -> Tree | None:
        r"""``2\frac{1}{3}`` is two and a third, not two thirds."""
        whole = tree[0] == "number" and tree[1].denominator == 1
        if whole and self._tokens[self._at] == ("command", r"\frac"):
            return ("+", tree, self._power(depth))
        return None

    def _power(self, depth: int) -> Tree:
        if depth > _DEEPEST:
            raise _Unreadable
        if self._take("-"):
            return ("*", ("number", Fraction(-1)), self._power(depth + 1))
        tree = self._atom(depth + 1)
        if self._take("%"):
            tree = ("/", tree, ("number", Fraction(100)))
        if self._take("^") or self._take("**"):
            return ("^", tree, self._power(depth + 1))
        return tree

    def _atom(self, depth: int) -> Tree:
        if self.at_end or depth > _DEEPEST:
            raise _Unreadable
        kind, text = self._tokens[self._at]
        self._at += 1
        if kind == "number":
            digits = text.replace(",", "")
            if len(digits) > _MOST_DIGITS:
                raise _Unreadable
            return ("number", Fraction(digits))
        if text in ("(", "{", "["):
            tree = self.sum(depth + 1)
            self._need({"(": ")", "{": "}", "[": "]"}[text])
            return tree
        if kind == "command":
            return self._command(text[1:], depth)
        if kind == "word":
            if text in FUNCTIONS:
                return ("call", text, self._atom(depth + 1))
            if text == "pi" or len(text) == 1:
                return ("name", text)
        raise _Unreadable

    def _command(self, name: str, depth: int) -> Tree:
        if name == "frac":
            return ("/", self._atom(depth + 1), self._atom(depth + 1))
        if name == "sqrt" and self._take("["):
            root = self.sum(depth + 1)
            self._need("]")
            return ("^", self._atom(depth + 1), ("/", ("number", Fraction(1)), root))
        if name in FUNCTIONS:
            return ("call", name, self._atom(depth + 1))
        if name == "pi":
            return ("name", "pi")
        raise _Unreadable

    def _begins_atom(self) -> bool:
        """Whether a factor without a sign follows; a number behind a factor is a list of numbers, not a product."""
        if self.at_end or self._tokens[self._at][0] == "number":
            return False
        return self._tokens[self._at][0] != "sign" or self._peek() in ("(", "{")

    def _peek(self) -> str | None:
        return None if self.at_end else self._tokens[self._at][1]

    def _take(self, text: str) -> bool:
        found = self._peek() == text
        self._at += found
        return found

    def _need(self, text: str) -> None:
        if not self._take(text):
            raise _Unreadable
