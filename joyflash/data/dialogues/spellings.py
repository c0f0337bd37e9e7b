"""Spellings: where a text says a value, given that a person may write dates, times and counts in other words."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from functools import lru_cache

_TODAY = date(2019, 3, 1)
"""The day on which the schema-guided dialogues take place."""
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
COUNTS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
"""Numbers as words, from 0."""

# Nouns before which "one" is a count.
_ONES = r"(?= (?:tickets?|persons?|people|rooms?|bed|bath|seats?|passenger|days?|nights?|adults?|riders?))"
_PART_OF_DAY = {"a": "in the morning", "p": "in the (?:afternoon|evening)|at night"}


def written(value: str, text: str, taken: Iterable[tuple[int, int]] = ()) -> tuple[int, int] | None:
    """Where ``text`` says ``value``, outside of ``taken``: verbatim but for case, or as a date, time or count is said.

    >>> text = "A table for 2 on the 8th at 7 pm"
    >>> [text[slice(*written(value, text))] for value in ("2", "2019-03-08", "19:00")]
    ['2', '8th', '7 pm']
    """
    taken = list(taken)
    for first, last in _places(value, text):
        if all(last <= start or first >= end for start, end in taken):
            return first, last
    return None


@lru_cache(maxsize=4_096)
def _places(value: str, text: str) -> tuple[tuple[int, int], ...]:
    return tuple(match.span() for pattern in _spellings(value) for match in pattern.finditer(text))


@lru_cache(maxsize=50_000)
def _spellings(value: str) -> tuple[re.Pattern[str], ...]:
    """Patterns of the ways in which a person writes ``value``, the fullest first."""
    day, clock = re.fullmatch(r"(\d{4})-(\d\d)-(\d\d)", value), re.fullmatch(r"(\d\d):(\d\d)", value)
    if day:
        patterns = _day_patterns(date(*map(int, day.groups())))
    elif clock:
        patterns = _time_patterns(int(clock[1]), clock[2])
    elif value.isascii() and value.isdigit():
        patterns = _count_patterns(value)
    else:
        patterns = _text_patterns(value)
    return tuple(re.compile(pattern, re.IGNORECASE) for pattern in patterns)


def _day_patterns(day: date) -> list[str]:
    month = _MONTHS[day.month - 1]
    month = rf"{month[:3]}(?:{month[3:]})?\.?" if len(month) > 3 else month
    number, nth = str(day.day), r"(?:st|nd|rd|th)"
    weekday = _WEEKDAYS[day.weekday()]
    near = {0: ["later today", "today", "tonight"], 1: ["tomorrow"], 2: ["(?:the )?day after tomorrow"]}
    words = near.get((day - _TODAY).days, [])
    return [
        rf"\b{re.escape(day.isoformat())}\b",
        rf"\b{month} (?:the )?{number}{nth}?\b(?!:|\s?[ap]\.?m)",
        rf"\b{number}{nth}? (?:of )?{month}(?!\w)",
        rf"\b{number}{nth} of this month\b",
        rf"\b{number}{nth}\b(?! (?:of|{'|'.join(_MONTHS)}|street|st|avenue|ave|floor)\b)",
        rf"\b(?:(?:this|next|coming|upcoming) )?{weekday}(?: (?:of )?(?:this|next) week)?\b",
        *[rf"(?<!after )\b{word}\b" for word in words],
    ]


def _time_patterns(hour: int, minute: str) -> list[str]:
    half, short = ("a" if hour < 12 else "p"), hour % 12 or 12
    part = rf"\s?(?:{half}\.?m\b\.?|(?:o'clock )?(?:{_PART_OF_DAY[half]})\b)"
    said = rf"(?:{short}|{COUNTS[short]})"
    patterns = [rf"(?<![\d:]){short}:{minute}{part}", rf"(?<![\d:])0?{hour}:{minute}(?!\d|\s?[ap]\.?m)"]
    if minute == "00":
        patterns += [rf"(?<![\d:])\b{said}{part}", rf"\b{said} o'clock\b", *([r"\bnoon\b"] if hour == 12 else [])]
    if minute == "30":
        patterns += [rf"\bhalf past {said}(?:{part})?(?!\w)"]
    if minute in ("15", "45"):
        other = said if minute == "15" else rf"(?:{short % 12 + 1}|{COUNTS[short % 12 + 1]})"
        patterns += [rf"\bquarter {'past' if minute == '15' else 'to'} {other}(?:{part})?(?!\w)"]
    return [*patterns, rf"(?<![\d:]){short}:{minute}(?!\d|\s?[ap]\.?m)"]


def _count_patterns(value: str) -> list[str]:
    number = int(value)
    before = r"(?<![\w.,:/#$-])" if number < 10 else r"(?<![\w.,:/#-])"
    digits = value if number < 1000 else f"{value[:-3]},?{value[-3:]}"
    after = r"(?![\w/-]|[.,:]\d|\s?[ap]\.?m\b|\s?o'clock| in the | (?:street|st|avenue|ave|road)\b|\s?stars?\b)"
    patterns = [rf"{before}{digits}{after}"]
    if 1 <= number < len(COUNTS):
        after = _ONES if number == 1 else r"(?![\w-]| [ap]\.?m\b| o'clock| in the )"
        patterns.append(rf"\b{COUNTS[number]}{after}")
    return patterns


def _text_patterns(value: str) -> list[str]:
    """``value`` verbatim; in Chinese also ranges with another dash, and items with a word between them."""
    value = value.strip()
    if not value:
        return []
    before = r"(?<![A-Za-z0-9])" if value[0].isascii() and value[0].isalnum() else ""
    after = r"(?![A-Za-z0-9])" if value[-1].isascii() and value[-1].isalnum() else ""
    before = r"(?<![\w.\-])" if value[0].isdigit() and value.isascii() else before
    before = r"(?<![\d.~\-])" if value[0].isdigit() and not value.isascii() else before
    dash = r"\s*[-~－—～到至]\s*"
    bounds = re.fullmatch(r"([\d.]+)(\D*?) ?- ?([\d.]+)(\D+)", value)
    if bounds and not value.isascii():
        low, unit, high, end = map(re.escape, bounds.groups())
        return [rf"{before}{low}(?:{unit or end})?{dash}{high}{end}"]
    parts = [re.escape(part) for part in value.split()]
    return [before + (r"\s+" if value.isascii() else r".{0,3}?").join(parts) + after]
