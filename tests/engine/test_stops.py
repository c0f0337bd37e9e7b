"""Stop strings at every boundary."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from joyflash.engine.stops import StopStrings


def run(stops, pieces):
    finder, out = StopStrings(stops), ""
    for piece in pieces:
        text, stop = finder.push(piece)
        out += text
        if stop is not None:
            return out, stop
    return out + finder.flush(), None


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
    assert finder.flush() == "S"
    assert finder.flush() == ""


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
