"""Chat rows: bad ones reported with their line, gaps of public sets filled, loss on the assistant only."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from joyflash.data.conversations import parse_conversation, read_conversations, render_conversation
from joyflash.errors import DataError, JoyflashError
from tests.data.helpers import ByteTokenizer, PlainTemplate

USER = {"role": "user", "content": "hi"}
ANSWER = {"role": "assistant", "content": "hello"}


def _call(arguments: Any, **more: Any) -> dict[str, Any]:
    call = {"type": "function", "function": {"name": "f", "arguments": arguments}, **more}
    return {"role": "assistant", "content": "", "tool_calls": [call]}


def test_bad_rows_are_left_out_and_named(tmp_path: Path):
    rows: list[Any] = [
        {"messages": [USER, ANSWER]},
        "not json",
        {"messages": "hi"},
        {"messages": [USER]},
        {"messages": [{"role": "robot", "content": "x"}, ANSWER]},
        {"messages": [USER, {"role": "assistant", "content": " "}]},
        {"messages": [USER, _call("{broken")]},
        {"messages": [USER, _call("[1]")]},
        {"messages": [USER, {"role": "tool", "content": "3"}, ANSWER]},
        {"messages": [USER, ANSWER], "tools": [{"type": "function", "function": {"name": "two words"}}]},
        {"messages": [USER, ANSWER], "kind": "talk", "language": "en"},
    ]
    path = tmp_path / "chat_demo.jsonl"
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    path.write_text("\n".join(lines) + "\n\n", "utf-8")
    good, bad = read_conversations(path)
    assert [conversation.kind for conversation in good] == ["chat_demo", "talk"]
    assert [row.line for row in bad] == list(range(2, 11))
    assert "messages[0].role" in bad[3].reason


def test_a_file_without_a_usable_row_is_an_error(tmp_path: Path):
    path = tmp_path / "bad.jsonl"
    path.write_text('{"messages": []}\n', "utf-8")
    with pytest.raises(DataError, match=r"no usable conversation\. Line 1"):
        read_conversations(path)
    path.write_text("", "utf-8")
    with pytest.raises(DataError, match="no usable conversation"):
        read_conversations(path)


def test_missing_ids_and_object_arguments_are_filled_in():
    result = {"role": "tool", "content": "3"}
    row = {"messages": [USER, _call({"城": "北京"}), result, _call('{"n": 1}', id="mine"), result, ANSWER]}
    messages = parse_conversation(row).messages
    assert messages[1].tool_calls[0].arguments == {"城": "北京"}
    assert messages[2].tool_call_id == messages[1].tool_calls[0].id != ""
    assert messages[4].tool_call_id == messages[3].tool_calls[0].id == "mine"


def test_null_is_as_good_as_absent():
    """Arrow writes every field that any row has."""
    call = {**_call('{"n": 1}'), "weight": None, "name": None}
    call["tool_calls"] = [{**each, "id": None} for each in call["tool_calls"]]
    result = {"role": "tool", "content": "3", "tool_call_id": None, "tool_calls": None, "weight": None}
    messages = parse_conversation(
        {"messages": [{**USER, "weight": None}, call, result, {**ANSWER, "weight": 0}]}
    ).messages
    assert messages[2].tool_call_id == messages[1].tool_calls[0].id != ""
    assert [message.weight for message in messages] == [1, 1, 1, 0]


def test_only_the_assistant_carries_loss():
    sample = render_conversation(parse_conversation({"messages": [USER, ANSWER]}), PlainTemplate())
    scored = sample.ids_n[sample.weights_n > 0].tolist()
    assert scored == [*ByteTokenizer().encode("hello"), ByteTokenizer.eos_id]
    assert sample.weights_n[0] == 0
    assert not sample.splittable


def test_emphasis_weighs_the_token_after_a_token_where_the_assistant_writes():
    template = PlainTemplate()
    conversation = parse_conversation({"messages": [{"role": "user", "content": "hello"}, ANSWER]})
    plain = render_conversation(conversation, template)
    after = int(plain.ids_n[-3])  # both messages hold it, only the answer counts
    sample = render_conversation(conversation, template, {after: 6.0})
    changed = (sample.weights_n != plain.weights_n).nonzero()[0]
    assert len(changed) and (sample.weights_n[changed] == 6 * plain.weights_n[changed]).all()
    assert (sample.ids_n[changed - 1] == after).all() and (plain.weights_n[changed] > 0).all()


def test_emphasis_weighs_what_lies_between_two_tokens_and_the_second():
    template = PlainTemplate()
    conversation = parse_conversation({"messages": [USER, {"role": "assistant", "content": "a > <b> c <de> f"}]})
    plain = render_conversation(conversation, template)
    first, last = (int(token) for token in ByteTokenizer().encode("<>"))
    sample = render_conversation(conversation, template, {(first, last): 3.0})
    changed = (sample.weights_n != plain.weights_n).nonzero()[0]
    assert ByteTokenizer().decode(sample.ids_n[changed].tolist()) == "b>de>"
    assert (sample.weights_n[changed] == 3 * plain.weights_n[changed]).all()
    assert (sample.ids_n == plain.ids_n).all()


@pytest.mark.parametrize("row", [{}, {"messages": [3]}, {"messages": [USER, ANSWER], "tools": {"a": 1}}])
def test_wrong_shapes_are_typed_errors(row: dict[str, Any]):
    with pytest.raises(JoyflashError):
        parse_conversation(row)
