"""A small context-free phrase grammar: rules are written as text, parsed once, expanded many times.

Inside a rule ``<name>`` expands another rule, ``{slot}`` inserts a value as it is (values are never expanded again),
``[a|b|]`` picks one alternative (they may nest), and a backslash takes the next character literally.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

# A parsed piece is literal text, ("rule", name), ("slot", name) or ("pick", alternatives).
Piece = str | tuple[str, str] | tuple[str, "list[list[Piece]]"]


class Grammar:
    """Rules by name; every rule is a list of equally likely texts (repeat a text to make it likelier).

    Args:
        rules: name -> texts in the syntax of this module.

    Raises:
        ValueError: a rule is empty, badly bracketed, or names a rule that does not exist.
    """

    def __init__(self, rules: Mapping[str, Sequence[str]]):
        self._rules: dict[str, list[list[Piece]]] = {
            name: [parse(text) for text in texts] for name, texts in rules.items()
        }
        self._parsed: dict[str, list[Piece]] = {}
        for name, choices in self._rules.items():
            if not choices:
                raise ValueError(f"grammar rule <{name}> has no text: give it at least one")
            for pieces in choices:
                self._check(pieces, f"rule <{name}>")

    def __contains__(self, symbol: str) -> bool:
        return symbol in self._rules

    def expand(self, symbol: str, rng: random.Random, /, **slots: str) -> str:
        """One random text of rule ``symbol``; raises ValueError on a missing rule or slot."""
        choices = self._rules.get(symbol)
        if choices is None:
            raise ValueError(f"the grammar has no rule <{symbol}>")
        out: list[str] = []
        self._write(choices[int(rng.random() * len(choices))], rng, slots, out)
        return "".join(out)

    def fill(self, text: str, rng: random.Random, /, **slots: str) -> str:
        """One random expansion of ``text``, which is written like the text of a rule and may use the rules."""
        pieces = self._parsed.get(text)
        if pieces is None:
            pieces = parse(text)
            self._check(pieces, f"text {text!r}")
            self._parsed[text] = pieces
        out: list[str] = []
        self._write(pieces, rng, slots, out)
        return "".join(out)

    def _write(self, pieces: list[Piece], rng: random.Random, slots: Mapping[str, str], out: list[str]) -> None:
        for piece in pieces:
            if isinstance(piece, str):
                out.append(piece)
                continue
            kind, content = piece
            if kind == "slot":
                if content not in slots:
                    raise ValueError(f"no value was given for the slot {{{content}}}")
                out.append(slots[content])  # type: ignore[index]
                continue
            choices = self._rules[content] if kind == "rule" else content  # type: ignore[index]
            self._write(choices[int(rng.random() * len(choices))], rng, slots, out)  # type: ignore[arg-type]

    def _check(self, pieces: list[Piece], place: str) -> None:
        for piece in pieces:
            if isinstance(piece, str):
                continue
            kind, content = piece
            if kind == "rule" and content not in self._rules:
                raise ValueError(f"{place} uses <{content}>, which the grammar does not have")
            if kind == "pick":
                for alternative in content:
                    self._check(alternative, place)  # type: ignore[arg-type]


def parse(text: str) -> list[Piece]:
    """The pieces of one rule text; raises ValueError where a bracket is not closed or not opened."""
    alternatives, end = _parse_alternatives(text, 0, inside=False)
    if end != len(text):
        raise ValueError(f"unexpected ']' at character {end} of the rule text {text!r}")
    return alternatives[0]


def slots_of(text: str) -> set[str]:
    """Names of all slots in a rule text, those inside alternatives included."""
    found: set[str] = set()

    def visit(pieces: list[Piece]) -> None:
        for piece in pieces:
            if isinstance(piece, str):
                continue
            kind, content = piece
            if kind == "slot":
                found.add(str(content))
            elif kind == "pick":
                for alternative in content:
                    visit(alternative)  # type: ignore[arg-type]

    visit(parse(text))
    return found


def _parse_alternatives(text: str, start: int, *, inside: bool) -> tuple[list[list[Piece]], int]:
    alternatives: list[list[Piece]] = [[]]
    literal: list[str] = []

    def flush() -> None:
        if literal:
            alternatives[-1].append("".join(literal))
            literal.clear()

    at = start
    while at < len(text):
        char = text[at]
        if char == "\\" and at + 1 < len(text):
            literal.append(text[at + 1])
            at += 2
        elif char in "<{":
            close = text.find(">" if char == "<" else "}", at)
            if close < 0:
                raise ValueError(f"{char!r} at character {at} is not closed in the rule text {text!r}")
            flush()
            alternatives[-1].append(("rule" if char == "<" else "slot", text[at + 1 : close]))
            at = close + 1
        elif char == "[":
            flush()
            nested, close = _parse_alternatives(text, at + 1, inside=True)
            if close >= len(text):
                raise ValueError(f"'[' at character {at} is not closed in the rule text {text!r}")
            alternatives[-1].append(("pick", nested))
            at = close + 1
        elif char == "]":
            break
        elif char == "|" and inside:
            flush()
            alternatives.append([])
            at += 1
        else:
            literal.append(char)
            at += 1
    flush()
    return alternatives, at
