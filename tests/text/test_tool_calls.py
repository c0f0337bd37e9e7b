"""The tool-call parser: every listed case under every chunking."""

from __future__ import annotations

import json
import time
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from joyflash.text.messages import Message, ToolCall
from joyflash.text.thinking import ThinkingSplitter, split_thinking
from joyflash.text.tool_calls import (
    ArgumentsDelta,
    CallFinished,
    CallStarted,
    ContentDelta,
    ToolCallParser,
    parse_tool_calls,
)
from tests.text.call_cases import BOOK, CASES, HELD_CASES, call


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


ALL = [(False, name) for name in CASES] + [(True, name) for name in HELD_CASES]


def case_of(held, name):
    return (HELD_CASES if held else CASES)[name]


def read(booking, held, pieces):
    """The outcome of a reply in pieces, the same again as JSON text, and whether it was cut off."""
    parser = ToolCallParser([booking], held=held)
    events = [event for piece in pieces for event in parser.push(piece)] + parser.finish()
    written = "".join(event.json for event in events if isinstance(event, ArgumentsDelta))
    return outcome(events), written, parser.cut_off


def test_the_corpus_is_large():
    assert len(CASES) >= 100 and len(HELD_CASES) >= 80


@pytest.mark.parametrize(("held", "name"), ALL)
def test_every_case_as_one_piece(booking, held, name):
    text, content, calls = case_of(held, name)
    found_content, found_calls = parse_tool_calls(text, [booking], held=held)
    assert found_content == content
    assert [(found.name, found.arguments) for found in found_calls] == calls


@pytest.mark.parametrize(("held", "name"), ALL)
def test_every_case_character_by_character_and_split_at_every_place(booking, held, name):
    text, content, calls = case_of(held, name)
    whole = read(booking, held, [text])
    assert whole[0] == (content, calls)
    places = range(1, len(text)) if len(text) <= 600 else range(1, len(text), 97)
    for pieces in [list(text), *([text[:i], text[i:]] for i in places)]:
        assert read(booking, held, pieces) == whole


@given(st.sampled_from(ALL), st.data())
@settings(max_examples=400, deadline=None)
def test_every_case_under_any_cut(booking, one, data):
    """Several boundaries at once, with pieces of several tokens, as drafts that prove right give them."""
    text = case_of(*one)[0]
    cuts = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=12)))
    pieces = [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    assert read(booking, one[0], pieces) == read(booking, one[0], [text])


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_a_thought_before_a_call_under_any_cut(booking, data):
    """A call in a thought is none, whatever is in it; reasoning and content come apart before the parser."""
    names = st.sampled_from([name for name in CASES if "thought" not in name])
    thought, (text, content, calls) = CASES[data.draw(names)][0], CASES[data.draw(names)]
    reply = f"{thought}<|end_of_thought|>{text}"
    cuts = sorted(data.draw(st.sets(st.integers(0, len(reply)), max_size=10)))
    splitter, parser, events, reasoning = ThinkingSplitter(True), ToolCallParser([booking]), [], ""
    for start, end in zip([0, *cuts], [*cuts, len(reply)], strict=True):
        split = splitter.push(reply[start:end])
        reasoning += split.reasoning
        events += parser.push(split.content)
    events += parser.push(splitter.finish().content) + parser.finish()
    assert outcome(events) == (content, calls)
    assert reasoning == reply.partition("<|end_of_thought|>")[0]


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
    assert parser.push('\nx "y') == [ArgumentsDelta(0, ', "title": "x \\"y')]
    assert parser.push("\n") == []
    assert parser.push("\nz\n</para") == [ArgumentsDelta(0, "\\n\\nz")]
    assert parser.push("meter>\n</function>\n</tool_call>") == [
        ArgumentsDelta(0, '"}'),
        CallFinished(0, ToolCall("id0", BOOK, {"seats": 2, "title": 'x "y\n\nz'})),
    ]
    assert parser.finish() == [] and not parser.cut_off


@pytest.mark.parametrize("name", [name for name in CASES if name.startswith("cut off")])
def test_a_cut_off_call_is_noticed(booking, name):
    parser = ToolCallParser([booking])
    parser.push(CASES[name][0])
    parser.finish()
    assert parser.cut_off


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("piece", ["<tool_call> ", "</parameter> ", "</parameter></function> "])
def test_reading_takes_time_in_line_with_the_length(booking, piece, whole):
    """In one piece, as RL and imported data have it, every mark once copied all that followed."""

    def seconds(count: int) -> float:
        pieces = [piece] * count
        best = float("inf")
        for _ in range(3):
            parser = ToolCallParser([booking])
            parser.push(f"<tool_call>\n<function={BOOK}>\n<parameter=title>\n" if piece[1] == "/" else "")
            start = time.thread_time()
            for text in ["".join(pieces)] if whole else pieces:
                parser.push(text)
            parser.finish()
            best = min(best, time.thread_time() - start)
        return best

    assert seconds(40_000) < 20 * max(seconds(5_000), 1e-4)  # 8 times as long, where a quadratic reader takes 64


def test_a_long_value_arrives_whole(booking):
    parser = ToolCallParser([booking])
    parser.push(f"<tool_call>\n<function={BOOK}>\n<parameter=title>\n")
    events = [event for _ in range(20_000) for event in parser.push("</parameter> ")]
    events += parser.push("\n</parameter>\n</function>\n</tool_call>")
    assert sum(len(event.json) for event in events if isinstance(event, ArgumentsDelta)) > 200_000
    assert len(events[-1].call.arguments["title"]) == 20_000 * len("</parameter> ")
