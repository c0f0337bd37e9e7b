"""What people say without a need for a tool, and short answers: written by hand, one pair a line."""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def talk_pairs(language: str) -> tuple[tuple[str, str], ...]:
    """(said, answered) as rule texts of a ``Grammar``, from ``talk_LANGUAGE.txt``; the first pair is a greeting."""
    lines = (files("joyflash.tasks") / f"talk_{language}.txt").read_text("utf-8").splitlines()
    pairs = [line.partition(" => ") for line in lines]
    return tuple((said, answered) for said, _, answered in pairs)
