"""Telling reasoning from content."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joyflash.text.thinking import ThinkingSplitter, split_thinking

BEGIN, END = "<|begin_of_thought|>", "<|end_of_thought|>"
CASES = [
    ("plain answer", False, ("", "plain answer")),
    (f"{END}answer", False, ("", "answer")),
    (f"{BEGIN}why{END}answer", False, ("why", "answer")),
    (f"why{END}answer", True, ("why", "answer")),
    ("cut off in thought", True, ("cut off in thought", "")),
    (f"why{END}the marker {END} and {BEGIN} are text", True, ("why", f"the marker {END} and {BEGIN} are text")),
    (f"text first {BEGIN}", False, ("", f"text first {BEGIN}")),
    ("<|end_of_", False, ("", "<|end_of_")),
    ("a <|end_of_", True, ("a <|end_of_", "")),
    (f"<<|end<{END}<", True, ("<<|end<", "<")),
    ("", False, ("", "")),
    (f"why{END}<tool_call>", True, ("why", "<tool_call>")),
]


@pytest.mark.parametrize(("text", "thinking", "expected"), CASES)
def test_a_reply_is_told_apart(text, thinking, expected):
    assert split_thinking(text, thinking) == expected


@given(st.sampled_from(CASES), st.data())
def test_the_result_does_not_depend_on_the_pieces(case, data):
    text, thinking, expected = case
    splitter, reasoning, content = ThinkingSplitter(thinking), "", ""
    while text:
        size = data.draw(st.integers(1, 9))
        split = splitter.push(text[:size])
        reasoning, content, text = reasoning + split.reasoning, content + split.content, text[size:]
    last = splitter.finish()
    assert (reasoning + last.reasoning, content + last.content) == expected


def test_text_is_passed_on_as_soon_as_it_is_certain():
    splitter = ThinkingSplitter(thinking=True)
    assert splitter.push("think <|") == ("think ", "")
    assert splitter.in_thought
    assert splitter.push("x") == ("<|x", "")
    assert splitter.push(f"{END}a") == ("", "a")
    assert not splitter.in_thought
