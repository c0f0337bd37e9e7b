"""Calls and JSON held to schemas, and arguments streamed while they are written, through both vendors' clients."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import anthropic
import jsonschema
import openai
import pytest

from joyflash.engine.async_engine import AsyncEngine
from joyflash.engine.engine import Engine
from joyflash.engine.request import Delta
from joyflash.server.choices import ChoiceReader, TextPiece
from joyflash.server.openai_request import read_chat_request
from joyflash.server.settings import ServerSettings
from tests.server.fakes import call
from tests.server.live import LiveServer, live_server, served

PARAMETERS: dict[str, Any] = {
    "type": "object",
    "properties": {
        "city": {"type": "string", "enum": ["Berlin", "Rome"]},
        "days": {"type": "integer", "minimum": 1, "maximum": 9},
        "options": {
            "type": "object",
            "properties": {"unit": {"enum": ["C", "F"]}, "wind": {"type": "boolean"}},
            "required": ["unit"],
            "additionalProperties": False,
        },
    },
    "required": ["city", "days", "options"],
}
WEATHER: dict[str, Any] = {"type": "function", "function": {"name": "weather", "parameters": PARAMETERS}}
REPLY_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"bigger": {"enum": ["9.11", "9.9"]}, "sure": {"type": "boolean"}},
    "required": ["bigger", "sure"],
    "additionalProperties": False,
}
NOTE = {
    "name": "note",
    "input_schema": {
        "type": "object",
        "properties": {"text": {"type": "string"}, "tags": {"type": "array", "items": {"type": "string"}}},
        "required": ["text", "tags"],
    },
}
LONG = "Line one, “quoted”.\nZeile zwei: 你好 🎉 " + "and so on " * 10


@pytest.fixture(scope="module")
def nano() -> Iterator[str]:
    """The address of the bundled model, drafts included."""
    engine = AsyncEngine(Engine.from_pretrained("nano", max_batch=4, max_context=1024))
    with served(engine, ServerSettings()) as (url, _, _):
        yield url


def openai_client(url: str) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{url}/v1", api_key="EMPTY", max_retries=0)


def anthropic_client(url: str) -> anthropic.Anthropic:
    return anthropic.Anthropic(base_url=url, api_key="EMPTY", max_retries=0)


@pytest.mark.parametrize("strict", [None, True])
def test_arguments_follow_their_schema_at_any_temperature(nano: str, strict: bool | None) -> None:
    function = WEATHER["function"] | ({} if strict is None else {"strict": strict})
    completion = openai_client(nano).chat.completions.create(
        model="nano",
        messages=[{"role": "user", "content": "Say nothing of the weather."}],
        tools=[{"type": "function", "function": function}],  # type: ignore[list-item]
        tool_choice="required",
        parallel_tool_calls=False,
        temperature=2.0,
        n=4,
        seed=5,
        max_tokens=300,
    )
    assert len(completion.choices) == 4
    for choice in completion.choices:
        assert choice.finish_reason == "tool_calls"
        (made,) = choice.message.tool_calls or []
        assert made.type == "function" and not choice.message.content
        jsonschema.validate(json.loads(made.function.arguments), PARAMETERS)


def test_a_thought_is_free_and_then_the_call_is_held(nano: str) -> None:
    completion = openai_client(nano).chat.completions.create(
        model="nano",
        messages=[{"role": "user", "content": "Which is bigger, 9.11 or 9.9?"}],
        tools=[WEATHER],  # type: ignore[list-item]
        tool_choice={"type": "function", "function": {"name": "weather"}},
        parallel_tool_calls=False,
        reasoning_effort="low",
        temperature=0.6,
        seed=1,
        max_tokens=500,
    )
    (choice,) = completion.choices
    assert getattr(choice.message, "reasoning_content", "")
    (made,) = choice.message.tool_calls or []
    assert made.type == "function"
    jsonschema.validate(json.loads(made.function.arguments), PARAMETERS)


def test_json_replies_of_both_vendors(nano: str) -> None:
    question: Any = [{"role": "user", "content": "Which is bigger, 9.11 or 9.9?"}]
    chat = openai_client(nano).chat.completions.create(
        model="nano",
        messages=question,
        temperature=1.0,
        n=4,
        seed=2,
        max_tokens=60,
        response_format={
            "type": "json_schema",
            "json_schema": {"name": "answer", "schema": REPLY_SCHEMA, "strict": True},
        },
    )
    for choice in chat.choices:
        jsonschema.validate(json.loads(choice.message.content or ""), REPLY_SCHEMA)
        assert choice.finish_reason == "stop"
    message = anthropic_client(nano).messages.create(
        model="nano",
        messages=question,
        max_tokens=60,
        output_config={"format": {"type": "json_schema", "schema": REPLY_SCHEMA}},
    )
    assert message.content[0].type == "text"
    jsonschema.validate(json.loads(message.content[0].text), REPLY_SCHEMA)


def test_any_json_object(server: LiveServer) -> None:
    """The scripted model would say "Hello"; what it says under the constraint begins an object."""
    choice = server.chat("hello", response_format={"type": "json_object"}, max_tokens=3).json()["choices"][0]
    assert choice["message"]["content"].startswith("{")
    assert server.chat("hello", response_format={"type": "text"}).json()["choices"][0]["message"]["content"][0] == "H"


def test_json_or_a_call() -> None:
    reply = '{"said": "nothing", "a": 1}'
    values = {"city": "Rome", "days": "3", "options": '{"unit": "C"}'}
    with live_server(script=lambda prompt: call("weather", **values) if "call" in prompt else reply) as server:
        fields = {"tools": [WEATHER], "response_format": {"type": "json_object"}}
        said = server.chat("talk", **fields).json()["choices"][0]
        assert json.loads(said["message"]["content"]) == json.loads(reply)
        assert "tool_calls" not in said["message"] and said["finish_reason"] == "stop"
        called = server.chat("call", **fields).json()["choices"][0]
        assert called["message"]["content"] is None
        made = called["message"]["tool_calls"][0]["function"]
        assert json.loads(made["arguments"]) == {"city": "Rome", "days": 3, "options": {"unit": "C"}}


def test_json_that_speaks_of_a_call_is_json(server: LiveServer) -> None:
    """Characters are no control tokens, but a reader of text sees no difference: the first one says what this is."""
    text = '{"say": "<tool_call><function=weather><parameter=city>Rome</parameter></function></tool_call>"}'
    body = {
        "model": "nano",
        "messages": [{"role": "user", "content": "?"}],
        "tools": [WEATHER],
        "response_format": {"type": "json_object"},
    }
    for size in (1, 7, len(text)):
        reader = ChoiceReader(read_chat_request(body, server.engine.engine, ServerSettings(), str))
        parts = [text[at : at + size] for at in range(0, len(text), size)]
        deltas = [Delta("r", 0, part) for part in parts[:-1]] + [Delta("r", 0, parts[-1], finish_reason="stop")]
        pieces = [piece for delta in deltas for piece in reader.push(delta)]
        assert "".join(piece.text for piece in pieces if isinstance(piece, TextPiece)) == text
        assert reader.finish_reason == "stop" and all(isinstance(piece, TextPiece) for piece in pieces)


def test_values_are_free_where_the_operator_says_so_unless_a_request_asks() -> None:
    values = {"city": "Paris", "days": "12", "options": "{}"}
    with live_server(ServerSettings(hold_calls=False), script=lambda prompt: call("weather", **values)) as server:
        free = server.chat("call", tools=[WEATHER]).json()["choices"][0]["message"]["tool_calls"][0]["function"]
        assert json.loads(free["arguments"]) == {"city": "Paris", "days": 12, "options": {}}
        strict = {"type": "function", "function": {**WEATHER["function"], "strict": True}}
        held = server.chat("call", tools=[strict], max_tokens=200).json()["choices"][0]["message"]
        jsonschema.validate(json.loads(held["tool_calls"][0]["function"]["arguments"]), PARAMETERS)


@pytest.fixture(scope="module")
def notes() -> Iterator[LiveServer]:
    """A server whose model writes one long note."""
    reply = "Noted.\n" + call("note", text=LONG, tags='["a", "b"]')
    with live_server(script=lambda prompt: reply) as server:
        yield server


def test_openai_arguments_stream_while_they_are_written(notes: LiveServer) -> None:
    function = {"name": "note", "parameters": NOTE["input_schema"]}
    stream = notes.client().chat.completions.create(
        model="nano",
        messages=[{"role": "user", "content": "x"}],
        tools=[{"type": "function", "function": function}],  # type: ignore[list-item]
        stream=True,
        temperature=0,
    )
    pieces, names, finish = [], [], None
    for chunk in stream:
        for part in chunk.choices[0].delta.tool_calls or []:
            names += [part.function.name] if part.function and part.function.name else []
            pieces += [part.function.arguments] if part.function and part.function.arguments else []
        finish = chunk.choices[0].finish_reason or finish
    assert names == ["note"] and finish == "tool_calls"
    assert json.loads("".join(pieces)) == {"text": LONG, "tags": ["a", "b"]}
    assert len(pieces) > 20, "the text and the array both come in pieces"
    assert max(map(len, pieces)) < 30


def test_anthropic_arguments_stream_while_they_are_written(notes: LiveServer) -> None:
    body: Any = {"model": "nano", "max_tokens": 400, "messages": [{"role": "user", "content": "x"}], "tools": [NOTE]}
    with anthropic_client(notes.url).messages.stream(**body) as stream:
        kinds = [event.delta.type for event in stream if event.type == "content_block_delta"]
        message = stream.get_final_message()
    assert kinds.count("input_json_delta") > 20
    assert message.stop_reason == "tool_use"
    assert [block.type for block in message.content] == ["text", "tool_use"]
    assert message.content[1].input == {"text": LONG, "tags": ["a", "b"]}  # type: ignore[union-attr]
    whole = anthropic_client(notes.url).messages.create(**body)
    assert whole.content[1].input == message.content[1].input  # type: ignore[union-attr]


def test_an_anthropic_call_that_is_cut_off(notes: LiveServer) -> None:
    body: Any = {"model": "nano", "max_tokens": 40, "messages": [{"role": "user", "content": "x"}], "tools": [NOTE]}
    whole = anthropic_client(notes.url).messages.create(**body)
    assert [block.type for block in whole.content] == ["text"] and whole.stop_reason == "max_tokens"
    with anthropic_client(notes.url).messages.stream(**body) as stream:
        events = [event.type for event in stream]
        assert stream.get_final_message().stop_reason == "max_tokens"
    assert events.count("content_block_start") == events.count("content_block_stop") == 2


def test_a_schema_that_never_ends_fails_as_a_400(server: LiveServer) -> None:
    """What can only be seen while writing is the caller's fault too, and other requests go on."""
    endless = {"type": "object", "properties": {"x": {"$ref": "#/$defs/n"}}, "required": ["x"]}
    schema = {"$ref": "#/$defs/n", "$defs": {"n": endless}}
    form = {"type": "json_schema", "json_schema": {"name": "n", "schema": schema}}
    response = server.chat(response_format=form, max_tokens=40)
    assert response.status_code in (200, 400)
    if response.status_code == 200:
        assert response.json()["choices"][0]["finish_reason"] == "length"


@pytest.mark.parametrize(
    "properties",
    [
        {f"p{i}": {"type": "object", "properties": {f"q{j}": {} for j in range(300)}} for i in range(40)},
        {"a": {"type": "string", "pattern": "(a{1000}){1000}"}},
        {"a": {"enum": [f"number {i}" for i in range(100_000)]}},
        {f"p{i}": {} for i in range(3000)},
    ],
    ids=["objects", "pattern", "values", "parameters"],
)  # fmt: skip
def test_hostile_schemas_end_in_bounded_time(server: LiveServer, properties: dict[str, Any]) -> None:
    tool = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": properties}}}
    started = time.monotonic()
    response = server.chat("hello", tools=[tool], max_tokens=2)
    assert response.status_code in (200, 400), response.text[:200]
    assert time.monotonic() - started < 30


def test_ten_thousand_tools_are_refused_at_once(server: LiveServer) -> None:
    tools = [{"type": "function", "function": {"name": f"f{i}"}} for i in range(10_000)]
    response = server.chat(tools=tools)
    assert response.status_code == 400 and response.json()["error"]["param"] == "tools"


def test_responses_hold_their_text_to_a_schema(nano: str) -> None:
    schema = {"type": "object", "properties": {"bigger": {"enum": [9.9, 9.11]}}, "required": ["bigger"]}
    client = openai_client(nano)
    response = client.responses.create(
        model="nano",
        input="which one is bigger, 9.11 or 9.9?",
        temperature=0,
        text={"format": {"type": "json_schema", "name": "verdict", "schema": schema, "strict": True}},
    )
    assert json.loads(response.output_text)["bigger"] in (9.9, 9.11)
    assert response.text is not None and response.text.format is not None
    assert response.text.format.type == "json_schema"
    plain = client.responses.create(
        model="nano", input="hello", temperature=0, max_output_tokens=64, text={"format": {"type": "json_object"}}
    )
    assert plain.output_text.lstrip().startswith("{")
    if plain.status == "completed":  # nano may not end its object within 64 tokens
        assert isinstance(json.loads(plain.output_text), dict)
    else:
        assert plain.incomplete_details is not None and plain.incomplete_details.reason == "max_output_tokens"
