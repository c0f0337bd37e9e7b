"""Held-out values for the slots of a scenario: names, numbers, codes, and pseudo-words.

Every value is of the held-out tenth (`joyflash.tasks.words.is_heldout` of its text), so no generator has trained on it.
Two kinds are exempt, because too few values exist: a single letter and a severity from 1 to 5.
"""

from __future__ import annotations

import datetime
import random
import re
from collections.abc import Callable, Mapping
from typing import Any

from joyflash.errors import DataError
from joyflash.tasks.words import is_heldout

SLOT = re.compile(r"\{([a-z_]+)(\d*)\}")
_REFERENCE = re.compile(r"<([a-z0-9_]+)>")
_ATTEMPTS = 20_000

Value = str | int | float


def pseudo_word(rng: random.Random, syllables: int = 2) -> str:
    """A pronounceable lower-case word that means nothing."""
    onsets = ("b", "d", "f", "g", "gr", "h", "j", "k", "l", "m", "n", "p", "pl", "r", "s", "st", "t", "tr", "v", "z")
    codas = ("", "", "", "l", "m", "n", "r", "s", "x", "nd", "rt")
    return "".join(rng.choice(onsets) + rng.choice("aeiou") + rng.choice(codas) for _ in range(syllables))


def draw_heldout(draw: Callable[[], Value], what: str) -> Value:
    """Repeat ``draw`` until its text is of the held-out tenth."""
    for _ in range(_ATTEMPTS):
        value = draw()
        if is_heldout(str(value)):
            return value
    raise DataError(f"No held-out value for '{what}' in {_ATTEMPTS} attempts: add entries to its word list.")


def decimal(rng: random.Random, low: float, high: float, places: int) -> float:
    """A number with at most ``places`` digits after the point, written as Python writes it and never as ``3.0``."""
    while True:
        value = round(rng.uniform(low, high), places)
        if value != int(value):
            return value


class SlotFiller:
    """Draws the slot values of one item.

    A slot ``{city}`` or ``{city2}`` names a kind and, for a second value of the kind, a number; equal slots get equal
    values, different slots different ones.

    Args:
        grammar: kind -> alternatives, in which ``<kind>`` stands for an alternative of another kind.
        rng: source of randomness.
        language: ``en`` or ``zh``; decides the form of phone numbers.
    """

    def __init__(self, grammar: Mapping[str, list[str]], rng: random.Random, language: str):
        self.grammar, self.rng, self.language = grammar, rng, language
        self.values: dict[str, Value] = {}

    def fill_text(self, template: str) -> str:
        """``template`` with each slot replaced by its value's text."""
        return SLOT.sub(lambda match: str(self[match.group(0)[1:-1]]), template)

    def fill(self, template: Any) -> Any:
        """A JSON-like template filled: a string that is one slot keeps the value's type."""
        if isinstance(template, str):
            return self[template[1:-1]] if SLOT.fullmatch(template) else self.fill_text(template)
        if isinstance(template, list):
            return [self.fill(entry) for entry in template]
        if isinstance(template, dict):
            return {key: self.fill(entry) for key, entry in template.items()}
        return template

    def put_dates_in_order(self) -> None:
        """Let ``{date}`` be earlier than ``{date2}``; call it before the first fill."""
        dates = sorted(str(self[name]) for name in ("date", "date2"))
        self.values.update(zip(("date", "date2"), dates, strict=True))

    def __getitem__(self, slot: str) -> Value:
        if slot not in self.values:
            kind = slot.rstrip("0123456789")
            taken = {str(value).lower() for value in self.values.values()}
            for _ in range(_ATTEMPTS):
                value = self._draw(kind)
                if str(value).lower() not in taken:
                    break
            else:
                raise DataError(f"No further value for the slot '{slot}': add entries to the list of '{kind}'.")
            self.values[slot] = value
        return self.values[slot]

    def _draw(self, kind: str) -> Value:
        exempt: dict[str, Callable[[], Value]] = {
            "letter": lambda: self.rng.choice("aceilnorst"),
            "sev": lambda: self.rng.randint(1, 5),
        }
        if kind in exempt:
            return exempt[kind]()
        made = getattr(self, f"_make_{kind}", None)
        if made is None and kind not in self.grammar:
            raise DataError(f"The slot '{{{kind}}}' has neither a word list nor a rule.")
        return draw_heldout(made or (lambda: self._expand(kind)), kind)

    def _expand(self, kind: str) -> str:
        choice = self.rng.choice(self.grammar[kind])
        return _REFERENCE.sub(lambda match: self._expand(match.group(1)), choice)

    def _make_n(self) -> int:
        return self.rng.randint(2, 99)

    def _make_pct(self) -> int:
        return self.rng.randint(1, 99)

    def _make_big(self) -> int:
        return self.rng.randint(100, 9999)

    def _make_warm(self) -> int:
        return self.rng.randint(120, 480)

    def _make_mild(self) -> float:
        return decimal(self.rng, 14, 28, 1)

    def _make_rate(self) -> float:
        return decimal(self.rng, 0.5, 13, self.rng.choice((1, 2)))

    def _make_dec(self) -> float:
        return decimal(self.rng, 1, 100, self.rng.choice((1, 2)))

    def _make_money(self) -> float:
        return decimal(self.rng, 3, 900, 2)

    def _make_hcm(self) -> int:
        return self.rng.randint(140, 205)

    def _make_wkg(self) -> float:
        return decimal(self.rng, 42, 120, 1)

    def _make_date(self) -> str:
        return str(datetime.date(2026, 1, 1) + datetime.timedelta(days=self.rng.randrange(6000)))

    def _make_time(self) -> str:
        return f"{self.rng.randrange(24):02d}:{self.rng.randrange(60):02d}"

    def _make_expr(self) -> str:
        a, b, c = (self.rng.randint(2, 900) for _ in range(3))
        first, second = self.rng.choice("+-*/"), self.rng.choice("+-*")
        return self.rng.choice(
            (f"{a}{first}{b}", f"{a} {first} {b}", f"{a}{first}({b}{second}{c})", f"({a}{second}{b})*{c}")
        )

    def _make_symbol(self) -> str:
        return "".join(self.rng.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZ") for _ in range(self.rng.choice((3, 4))))

    def _make_code(self) -> str:
        letters = "".join(self.rng.choice("ABCDEFGHJKLMNPQRSTUVWXYZ") for _ in range(2))
        number = self.rng.randrange(1000, 9_999_999)
        return self.rng.choice((f"{letters}{number}", f"{letters}-{number}", str(number), f"{number}-{letters}"))

    def _make_phone(self) -> str:
        if self.language == "zh":
            return f"1{self.rng.choice('35789')}{self.rng.randrange(10**9):09d}"
        tail = self.rng.randrange(10_000)
        return self.rng.choice(
            (f"555-{tail:04d}", f"0{self.rng.randrange(100, 999)} 55{tail:04d}", f"+1 555 {tail:04d}")
        )

    def _make_email(self) -> str:
        return f"{pseudo_word(self.rng)}@{pseudo_word(self.rng)}.{self.rng.choice(('com', 'org', 'net', 'io'))}"

    def _make_path(self) -> str:
        folder = self.rng.choice(("", "docs/", "/tmp/", "src/", f"{pseudo_word(self.rng)}/"))
        return f"{folder}{pseudo_word(self.rng)}.{self.rng.choice(('txt', 'md', 'csv', 'json', 'log', 'py'))}"

    def _make_image(self) -> str:
        return f"{pseudo_word(self.rng)}.{self.rng.choice(('png', 'jpg', 'webp', 'gif'))}"

    def _make_host(self) -> str:
        if self.rng.random() < 0.5:
            return f"10.{self.rng.randrange(256)}.{self.rng.randrange(256)}.{self.rng.randrange(1, 255)}"
        return f"{pseudo_word(self.rng)}.example.{self.rng.choice(('com', 'org', 'net'))}"

    def _make_ident(self) -> str:
        return f"{pseudo_word(self.rng)}_{pseudo_word(self.rng)}"

    def _make_pseudo(self) -> str:
        return " ".join(pseudo_word(self.rng) for _ in range(self.rng.choice((2, 3))))
