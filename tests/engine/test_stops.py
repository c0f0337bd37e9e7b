"""Stop strings at every boundary."""

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joyflash.engine.stops import HiddenText, StopStrings

CALLS = HiddenText(begin="<C>", end="</C>")


def run(stops, pieces, hidden=None):
    finder, out = StopStrings(stops, hidden), ""
    for piece in pieces:
        text, stop = finder.push(piece)
        out += text
        if stop is not None:
            return out, stop
    text, stop = finder.finish()
    return out + text, stop


def all_splits(text):
    for bits in range(1 << (len(text) - 1)):
        cuts = [0, *(i + 1 for i in range(len(text) - 1) if bits >> i & 1), len(text)]
        yield [text[a:b] for a, b in itertools.pairwise(cuts)]


def test_every_set_of_boundaries_gives_the_same_result():
    for pieces in all_splits("ab<END>cd"):
        assert run(["<END>"], pieces) == ("ab", "<END>")


def test_overlapping_stops_do_not_depend_on_the_cuts():
    for stops in (["abc", "b"], ["ab", "b"], ["aab", "ab"], ["bcd", "cd", "d"]):
        results = {run(stops, pieces) for pieces in all_splits("xaabcd")}
        assert len(results) == 1, (stops, results)


def test_the_longest_of_two_that_end_together_wins():
    assert run(["ab", "b"], ["x", "a", "b"]) == ("x", "ab")


def test_a_false_beginning_is_given_out():
    assert run(["<END>"], ["a<E", "N", "X"]) == ("a<ENX", None)


def test_only_what_may_begin_a_stop_is_held_back():
    finder = StopStrings(["STOP"])
    assert finder.push("abcST") == ("abc", None)
    assert finder.push("A") == ("STA", None)
    assert finder.push("S") == ("", None)
    assert finder.finish() == ("S", None)
    assert finder.finish() == ("", None)


def test_without_stops_nothing_is_held_back():
    assert StopStrings(()).push("abc") == ("abc", None)


@given(
    st.text("ab", max_size=14),
    st.lists(st.text("ab", min_size=1, max_size=4), max_size=3),
    st.lists(st.integers(0, 14)),
)
def test_any_cut_equals_the_whole(text, stops, cuts):
    places = sorted({0, len(text), *(cut for cut in cuts if cut < len(text))})
    pieces = [text[a:b] for a, b in itertools.pairwise(places)]
    whole = run(stops, [text])
    assert run(stops, pieces) == whole
    if whole[1] is not None:
        assert text.startswith(whole[0] + whole[1])
        assert not any(stop in whole[0] for stop in stops)


@pytest.mark.parametrize(
    ("text", "stops", "hidden", "expected"),
    [
        ("a<C>bb</C> b", ["b"], CALLS, ("a<C>bb</C> ", "b")),
        ("a<C>x</C>", ["<"], CALLS, ("a<C>x</C>", None)),
        ("a<Cx", ["<"], CALLS, ("a", "<")),
        ("a<C", ["a<", "<C"], CALLS, ("", "a<")),
        ("ab<C", ["b<C"], CALLS, ("a", "b<C")),
        ("a<C>x</C>\n<C>y</C>\n", ["\n"], CALLS, ("a<C>x</C>\n<C>y</C>\n", None)),
        ("a<C>x</C>\nb\n", ["\n"], CALLS, ("a<C>x</C>\nb", "\n")),
        ("a<C>x</C>b", ["ab", "a<C>x"], CALLS, ("a<C>x</C>b", None)),
        ("a<C>xb", ["b", "C>"], CALLS, ("a<C>xb", None)),
        ("ab</T>\nb", ["b", "\n"], HiddenText(opened="</T>"), ("ab</T>", "\n")),
        ("ab</", ["b", "/"], HiddenText(opened="</T>"), ("ab</", None)),
        ("ab</T>a<C>b</C>b", ["b"], HiddenText("</T>", "<C>", "</C>"), ("ab</T>a<C>b</C>", "b")),
        ("[<C>b", ["b"], HiddenText(begin="<C>", end="</C>", only_first=True), ("[<C>", "b")),
        (
            "<C>b</C>\n<C>b</C>",
            ["b"],
            HiddenText(begin="<C>", end="</C>", only_first=True),
            ("<C>b</C>\n<C>b</C>", None),
        ),
        ("<D>b", ["b"], HiddenText(begin="<C>", end="</C>", only_first=True), ("<D>", "b")),
    ],
)
def test_stops_are_looked_for_in_visible_text_only(text, stops, hidden, expected):
    assert {run(stops, pieces, hidden) for pieces in all_splits(text)} == {expected}


@given(st.text("ab<C>/", max_size=30), st.lists(st.text("ab<C", min_size=1, max_size=3), min_size=1, max_size=3))
def test_hidden_parts_are_as_if_another_letter_stood_there(text, stops):
    """What lies from mark to mark, white space behind it included, is replaced by a letter that no stop string has."""
    parts = re.findall(r"<C>.*?(?:</C>\s*|$)", text, flags=re.DOTALL)
    letters = [chr(0x100 + i) for i in range(len(parts))]
    plain = text
    for part, letter in zip(parts, letters, strict=True):
        plain = plain.replace(part, letter, 1)
    found, stop = run(stops, [plain])
    for part, letter in zip(parts, letters, strict=True):
        found = found.replace(letter, part)
    assert run(stops, list(text), CALLS) == run(stops, [text], CALLS) == (found, stop)


def test_what_may_begin_a_hidden_part_waits_only_where_there_are_stops():
    assert StopStrings([], CALLS).push("a<") == ("a<", None)
    assert StopStrings(["x"], CALLS).push("a<") == ("a", None)
