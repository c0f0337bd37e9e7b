"""The tool-call parser: every listed case under every chunking."""

from __future__ import annotations

import json
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from joyflash.text.messages import Message, ToolCall
from joyflash.text.thinking import split_thinking
from joyflash.text.tool_calls import (
    ArgumentsDelta,
    CallFinished,
    CallStarted,
    ContentDelta,
    ToolCallParser,
    parse_tool_calls,
)


def function(name: str, **values: str) -> str:
    parameters = "".join(f"<parameter={key}>\n{value}\n</parameter>\n" for key, value in values.items())
    return f"<function={name}>\n{parameters}</function>"


def call(name: str, **values: str) -> str:
    return f"<tool_call>\n{function(name, **values)}\n</tool_call>"


BOOK = "book_table"
LITERAL = "a</parameter>b\n</parameter>\nc</function> </tool_call> <parameter= <tool_call>"
# (reply, content, [(name, arguments)])
CASES = {
    "no call": ("just text \n", "just text \n", []),
    "content before": ("Sure.\n" + call(BOOK, title="x"), "Sure.", [(BOOK, {"title": "x"})]),
    "several blocks": (
        call(BOOK, title="x") + "\n" + call(BOOK, seats="2"),
        "",
        [(BOOK, {"title": "x"}), (BOOK, {"seats": 2})],
    ),
    "several functions in one block": (
        f"<tool_call>\n{function(BOOK, title='x')}\n{function(BOOK, seats='2')}\n</tool_call>",
        "",
        [(BOOK, {"title": "x"}), (BOOK, {"seats": 2})],
    ),
    "string null": (call(BOOK, title="null"), "", [(BOOK, {"title": "null"})]),
    "string keeps its quotes": (call(BOOK, title='"x"'), "", [(BOOK, {"title": '"x"'})]),
    "infinity inside": (call(BOOK, extras="[1e999]"), "", [(BOOK, {"extras": "[1e999]"})]),
    "string number": (call(BOOK, title="12"), "", [(BOOK, {"title": "12"})]),
    "types": (
        call(BOOK, seats="3", price="2.5", window="true", extras='["a", 1]', guest='{"name": "Li"}'),
        "",
        [(BOOK, {"seats": 3, "price": 2.5, "window": True, "extras": ["a", 1], "guest": {"name": "Li"}})],
    ),
    "whole float is an integer": (call(BOOK, seats="3.0"), "", [(BOOK, {"seats": 3})]),
    "whole number stays whole": (call(BOOK, price="3"), "", [(BOOK, {"price": 3})]),
    "not of its type": (
        call(BOOK, seats="three", price="NaN", window="maybe", extras="{", guest="[]"),
        "",
        [(BOOK, {"seats": "three", "price": "NaN", "window": "maybe", "extras": "{", "guest": "[]"})],
    ),
    "too large": (call(BOOK, price="1e999", extras="[" * 5000), "", [(BOOK, {"price": "1e999", "extras": "[" * 5000})]),
    "unknown parameter": (call(BOOK, colour="12"), "", [(BOOK, {"colour": "12"})]),
    "unknown function": (call("other", a="12"), "", [("other", {"a": "12"})]),
    "anyOf number": (call(BOOK, limit="4"), "", [(BOOK, {"limit": 4})]),
    "anyOf null": (call(BOOK, limit="null"), "", [(BOOK, {"limit": None})]),
    "anyOf neither": (call(BOOK, limit="many"), "", [(BOOK, {"limit": "many"})]),
    "string or null": (call(BOOK, note="null", title="12"), "", [(BOOK, {"note": None, "title": "12"})]),
    "enumeration without type": (call(BOOK, level="2"), "", [(BOOK, {"level": 2})]),
    "enumeration's text": (call(BOOK, level="top"), "", [(BOOK, {"level": "top"})]),
    "not in the enumeration": (call(BOOK, level="3"), "", [(BOOK, {"level": "3"})]),
    "no parameters": (call(BOOK), "", [(BOOK, {})]),
    "empty value": (call(BOOK, title=""), "", [(BOOK, {"title": ""})]),
    "line breaks in a value": (call(BOOK, title="\n a\n\n"), "", [(BOOK, {"title": "\n a\n\n"})]),
    "value on the tag's line": (
        f"<tool_call><function={BOOK}><parameter=title>x</parameter></function></tool_call>",
        "",
        [(BOOK, {"title": "x"})],
    ),
    "literal markup in a value": (call(BOOK, title=LITERAL, seats="1"), "", [(BOOK, {"title": LITERAL, "seats": 1})]),
    "literal end of a function": (
        call(BOOK, title="a</parameter></function> b"),
        "",
        [(BOOK, {"title": "a</parameter></function> b"})],
    ),
    "nested JSON": (
        call(BOOK, guest='{"a": {"b": ["</parameter>", {"c": null}]}}'),
        "",
        [(BOOK, {"guest": {"a": {"b": ["</parameter>", {"c": None}]}}})],
    ),
    "a parameter said twice": (
        f"<tool_call>\n<function={BOOK}>\n<parameter=seats>\n1\n</parameter>\n<parameter=seats>\n2\n</parameter>\n"
        "</function>\n</tool_call>",
        "",
        [(BOOK, {"seats": 1})],
    ),
    "spaces in a parameter's name": (
        f"<tool_call>\n<function={BOOK}>\n<parameter=first name>\nLi\n</parameter>\n</function>\n</tool_call>",
        "",
        [(BOOK, {"first name": "Li"})],
    ),
    "text after": (call(BOOK, seats="1") + "\nDone. ", "Done. ", [(BOOK, {"seats": 1})]),
    "only the end of the block is missing": (
        call(BOOK, seats="1")[: -len("\n</tool_call>")],
        "",
        [(BOOK, {"seats": 1})],
    ),
    "half of the block's end": (call(BOOK, seats="1")[:-4], "", [(BOOK, {"seats": 1})]),
    "cut off before the end of the function": (call(BOOK, seats="1")[: -len("</function>\n</tool_call>")], "", []),
    "cut off in a value": (f"Hm.\n<tool_call>\n<function={BOOK}>\n<parameter=title>\nab", "Hm.", []),
    "cut off in a name": ("Hm.\n<tool_call>\n<function=book_", "Hm.", []),
    "cut off second call": (
        call(BOOK, seats="1") + f"\n<tool_call>\n<function={BOOK}>\n<par",
        "",
        [(BOOK, {"seats": 1})],
    ),
    "cut off second function": (
        f"<tool_call>\n{function(BOOK, seats='1')}\n<function=boo",
        "",
        [(BOOK, {"seats": 1})],
    ),
    "no call after all": ("Write <tool_call> first.", "Write <tool_call> first.", []),
    "no name after all": ("<tool_call>\n<function=a b> x", "<tool_call>\n<function=a b> x", []),
    "half a tag at the end": ("a <tool_ca", "a <tool_ca", []),
    "a function outside a block": (function("f", a="1"), function("f", a="1"), []),
    "garbage between parameters": (
        f"<tool_call>\n<function={BOOK}>\nso <parameter=<parameter=seats>\n1\n</parameter>\n</function>\n</tool_call>",
        "",
        [(BOOK, {"seats": 1})],
    ),
}


def outcome(events):
    """Content, calls, and the calls again as the streamed pieces spell them."""
    content = "".join(event.text for event in events if isinstance(event, ContentDelta))
    finished = [event for event in events if isinstance(event, CallFinished)]
    pieces = {event.index: "" for event in events if isinstance(event, CallStarted)}
    for event in events:
        if isinstance(event, ArgumentsDelta):
            pieces[event.index] += event.json
    for event in finished:
        assert json.loads(pieces[event.index]) == event.call.arguments
    return content, [(event.call.name, event.call.arguments) for event in finished]


@pytest.mark.parametrize("name", CASES)
def test_every_case_as_one_piece(booking, name):
    text, content, calls = CASES[name]
    found_content, found_calls = parse_tool_calls(text, [booking])
    assert found_content == content
    assert [(found.name, found.arguments) for found in found_calls] == calls


@pytest.mark.parametrize("name", CASES)
def test_every_case_character_by_character_and_split_at_every_place(booking, name):
    text, content, calls = CASES[name]
    splits = [list(text)] if len(text) > 1000 else [list(text), *([text[:i], text[i:]] for i in range(1, len(text)))]
    for pieces in splits:
        parser = ToolCallParser([booking])
        events = [event for piece in pieces for event in parser.push(piece)] + parser.finish()
        assert outcome(events) == (content, calls)


MARKUP = st.sampled_from(
    [
        *("<tool_call>", "</tool_call>", "<function=", "<function=book_table>", "</function>"),
        *("<parameter=seats>", "<parameter=title>", "</parameter>", "\n", ">", "<", "x", "12", "null", " "),
    ]
)


@given(st.lists(MARKUP, max_size=25).map("".join), st.data())
@settings(max_examples=600, deadline=None)
def test_any_mixture_of_markup_gives_the_same_under_any_cut(booking, text, data):
    whole = ToolCallParser([booking])
    expected = outcome(whole.push(text) + whole.finish())
    parser, events, rest = ToolCallParser([booking]), [], text
    while rest:
        size = data.draw(st.integers(1, 12))
        events += parser.push(rest[:size])
        rest = rest[size:]
    assert outcome(events + parser.finish()) == expected
    assert parser.cut_off == whole.cut_off


VALUES = st.one_of(st.text(max_size=12), st.sampled_from(["null", "12", "</parameter>", "<tool_call>", "\n", " x "]))


@given(
    st.lists(
        st.fixed_dictionaries(
            {},
            optional={
                "title": VALUES,
                "seats": st.integers(),
                "price": st.floats(allow_nan=False, allow_infinity=False),
                "window": st.booleans(),
                "extras": st.lists(VALUES | st.none(), max_size=3),
                "guest": st.dictionaries(VALUES, VALUES, max_size=2),
                "limit": st.none() | st.integers(),
            },
        ),
        min_size=1,
        max_size=3,
    )
)
@settings(max_examples=200, deadline=None)
def test_what_the_template_writes_is_what_the_parser_reads(template, booking, arguments):
    calls = tuple(ToolCall(f"c{i}", BOOK, values) for i, values in enumerate(arguments))
    prompt = template.render_text([Message("user", "q"), Message("assistant", "Well.", tool_calls=calls)], [booking])
    reply = prompt.split("<|User|>q<|Assistant|><|end_of_thought|>")[1].split("<|end_of_sentence|>")[0]
    content, found = parse_tool_calls(reply, [booking])
    assert content == "Well."
    assert [one.arguments for one in found] == arguments


def test_a_call_inside_a_thought_is_no_call(booking):
    reply = f"I could {call(BOOK, seats='1')}<|end_of_thought|>No."
    split = split_thinking(reply, thinking=True)
    assert parse_tool_calls(split.content, [booking]) == ("No.", [])
    assert "<tool_call>" in split.reasoning


def test_pieces_come_as_soon_as_they_are_certain(booking):
    numbers = count()
    parser = ToolCallParser([booking], new_id=lambda: f"id{next(numbers)}")
    assert parser.push("Hi ") == [ContentDelta("Hi")]
    assert parser.push("you") == [ContentDelta(" you")]
    assert parser.push(f"<tool_call>\n<function={BOOK}>") == [CallStarted(0, "id0", BOOK)]
    assert parser.push("\n<parameter=seats>\n2\n</parameter>\n<parameter=title>") == [ArgumentsDelta(0, '{"seats": 2')]
    assert parser.push("\nx\n</parameter>\n</function>\n</tool_call>") == [
        ArgumentsDelta(0, ', "title": "x"'),
        ArgumentsDelta(0, "}"),
        CallFinished(0, ToolCall("id0", BOOK, {"seats": 2, "title": "x"})),
    ]
    assert parser.finish() == [] and not parser.cut_off


@pytest.mark.parametrize("name", [name for name in CASES if name.startswith("cut off")])
def test_a_cut_off_call_is_noticed(booking, name):
    parser = ToolCallParser([booking])
    parser.push(CASES[name][0])
    parser.finish()
    assert parser.cut_off


def test_a_long_value_is_read_in_linear_time(booking):
    parser = ToolCallParser([booking])
    parser.push(f"<tool_call>\n<function={BOOK}>\n<parameter=title>\n")
    for _ in range(20_000):
        parser.push("</parameter> ")
    events = parser.push("\n</parameter>\n</function>\n</tool_call>")
    assert len(events[0].json) > 200_000
