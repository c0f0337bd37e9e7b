"""Spellings: dates, times, counts and ranges are found as people write them, and nothing else is."""

from __future__ import annotations

import pytest

from joyflash.data.dialogues.spellings import written


@pytest.mark.parametrize(
    "value, text, expected",
    [
        ("2", "on March 2 for 2 people", "2"),
        ("2", "at 2 pm", None),
        ("1", "is there another one?", None),
        ("1", "one ticket", "one"),
        ("13:30", "at 1:30 in the afternoon", "1:30 in the afternoon"),
        ("13:00", "1:30 pm", None),
        ("2019-03-11", "on the 11th of March", "11th of March"),
        ("2019-03-11", "on the 11th of April", None),
        ("2019-03-02", "the day after tomorrow", None),
        ("Art", "a Party", None),
        ("3小时 - 4小时", "玩3-4小时吧", "3-4小时"),
        ("4分以上", "4.4分以上", None),
    ],
)
def test_spellings(value: str, text: str, expected: str | None):
    span = written(value, text)
    assert (text[slice(*span)] if span else None) == expected
