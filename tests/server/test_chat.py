"""What a chat request answers: whole, streamed, with tools, with reasoning, through the official client."""

from __future__ import annotations

import json
from typing import Any

import httpx
import openai
import pydantic
import pytest

from joyflash.engine.request import Delta
from joyflash.server.choices import ChoiceReader
from joyflash.server.openai_request import read_chat_request
from joyflash.server.settings import ServerSettings
from joyflash.text.template import ChatTemplate
from tests.server.fakes import call, script
from tests.server.live import LiveServer, live_server

ADD: dict[str, Any] = {
    "type": "function",
    "function": {
        "name": "add",
        "description": "Adds.",
        "parameters": {
            "type": "object",
            "properties": {"a": {"type": "integer"}, "b": {"type": "string"}},
            "required": ["a", "b"],
        },
    },
}


ADD_INTEGERS: dict[str, Any] = {
    "type": "function",
    "function": {
        "name": "add",
        "parameters": {
            "type": "object",
            "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
            "required": ["a", "b"],
        },
    },
}


def gather(chunks: list[dict[str, Any]], index: int = 0) -> dict[str, Any]:
    """The choice that streamed chunks add up to, as a client would put it together."""
    message: dict[str, Any] = {}
    finish, logprobs = None, []
    for choice in (choice for chunk in chunks for choice in chunk["choices"] if choice["index"] == index):
        for name, value in choice["delta"].items():
            if name != "tool_calls":
                message[name] = value if name == "role" or value is None else (message.get(name) or "") + value
        for part in choice["delta"].get("tool_calls", []):
            calls = message.setdefault("tool_calls", [])
            if part["index"] == len(calls):
                calls.append({"type": part["type"], "function": dict(part["function"])})
            else:
                assert set(part) == {"index", "function"}
                calls[part["index"]]["function"]["arguments"] += part["function"]["arguments"]
        logprobs += (choice["logprobs"] or {}).get("content", [])
        assert finish is None, "a chunk came after the finish reason"
        finish = choice["finish_reason"]
    if not message["content"] and "tool_calls" in message:
        message["content"] = None
    return {"message": message, "finish_reason": finish, "logprobs": logprobs}


def events(text: str) -> list[dict[str, Any]]:
    """The payloads of a stream that must end with [DONE]."""
    blocks = [block for block in text.split("\n\n") if block and not block.startswith(":")]
    assert all(block.startswith("data: ") for block in blocks)
    assert blocks.pop() == "data: [DONE]"
    return [json.loads(block.removeprefix("data: ")) for block in blocks]


def test_a_plain_answer(server: LiveServer) -> None:
    body = server.chat("hello").json()
    assert body["object"] == "chat.completion"
    assert body["model"] == "nano"
    assert body["id"].startswith("chatcmpl-")
    (choice,) = body["choices"]
    assert choice["message"] == {"role": "assistant", "content": "Hello, world! 你好。", "refusal": None}
    assert choice["finish_reason"] == "stop"
    usage = body["usage"]
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]
    assert usage["completion_tokens"] == len(server.engine.engine.tokenizer.encode("Hello, world! 你好。")) + 1


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("hello", {}),
        ("dream", {"temperature": 1.0, "seed": 7, "max_tokens": 60}),
        ("dream", {"temperature": 1.0, "seed": 7, "n": 3, "max_tokens": 30, "logprobs": True, "top_logprobs": 2}),
        ("think", {"reasoning_effort": "high"}),
        ("call", {"tools": [ADD]}),
        ("two calls", {"tools": [ADD]}),
        ("call", {"tools": [ADD], "logprobs": True}),
        ("count", {"stop": "9 10", "max_tokens": 90}),
    ],
)
def test_streaming_equals_not_streaming(server: LiveServer, text: str, fields: dict[str, Any]) -> None:
    whole = server.chat(text, **fields).json()
    response = server.chat(text, stream=True, stream_options={"include_usage": True}, **fields)
    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
    chunks = events(response.text)
    assert chunks[-1]["choices"] == []
    # What the prefix cache held may differ: the first of the two filled it.
    for usage in (chunks[-1]["usage"], whole["usage"]):
        assert 0 <= usage.pop("prompt_tokens_details")["cached_tokens"] < usage["prompt_tokens"]
    assert chunks[-1]["usage"] == whole["usage"]
    assert all(chunk["usage"] is None and len(chunk["choices"]) == 1 for chunk in chunks[:-1])
    assert {chunk["id"] for chunk in chunks} == {chunks[0]["id"]}
    for choice in whole["choices"]:
        for made in choice["message"].get("tool_calls", []):
            del made["id"]
        streamed = gather(chunks, choice["index"])
        assert streamed["message"] == choice["message"]
        assert streamed["finish_reason"] == choice["finish_reason"]
        assert streamed["logprobs"] == (choice["logprobs"] or {}).get("content", [])


def test_every_chunk_can_carry_the_usage_so_far(server: LiveServer) -> None:
    options = {"include_usage": True, "continuous_usage_stats": True}
    chunks = events(server.chat("hello", stream=True, stream_options=options).text)
    counts = [chunk["usage"]["completion_tokens"] for chunk in chunks]
    assert counts == sorted(counts) and counts[0] == 0 and len(set(counts)) > 3
    assert counts[-1] == server.chat("hello").json()["usage"]["completion_tokens"]
    assert all(chunk["usage"]["joyflash"] == {"drafted_tokens": 0, "accepted_tokens": 0} for chunk in chunks)
    assert "joyflash" not in server.chat("hello").json()["usage"]
    plain = events(server.chat("hello", stream=True, stream_options={"continuous_usage_stats": True}).text)
    assert all(chunk["choices"] and chunk["usage"] for chunk in plain)
    with server.client().chat.completions.create(
        model="nano",
        messages=[{"role": "user", "content": "hello"}],
        stream=True,
        stream_options=options,  # type: ignore
    ) as stream:
        assert [chunk.usage.completion_tokens for chunk in stream if chunk.usage] == counts


def test_seeds_and_choices(server: LiveServer) -> None:
    def dream(**fields: Any) -> list[str]:
        body = server.chat("dream", temperature=1.0, max_tokens=40, **fields).json()
        return [choice["message"]["content"] for choice in body["choices"]]

    assert dream(seed=1) == dream(seed=1) != dream(seed=2)
    assert len(set(dream(seed=1, n=4))) == 4
    assert dream(seed=1, n=4)[0] == dream(seed=1)[0]


def test_limits_on_the_answer(server: LiveServer) -> None:
    choice = server.chat("count", max_completion_tokens=5).json()["choices"][0]
    assert choice["finish_reason"] == "length"
    choice = server.chat("count", stop=["7", " 5"]).json()["choices"][0]
    assert choice["message"]["content"] == "1 2 3 4"
    assert choice["finish_reason"] == "stop"
    space = server.engine.engine.tokenizer.encode("hello")[0]
    biased = server.chat("dream", logit_bias={str(space): 100}, max_tokens=1).json()["choices"][0]
    assert biased["message"]["content"] == server.engine.engine.tokenizer.decode([space])


def test_fields_without_effect_are_accepted(server: LiveServer) -> None:
    neutral = {"user": "me", "metadata": {"a": "b"}, "store": True, "service_tier": "auto", "top_k": -1, "min_p": 0}
    neutral |= {"modalities": ["text"], "response_format": {"type": "text"}, "verbosity": "medium", "tools": None}
    nulls = {"stop": None, "seed": None, "audio": None, "functions": None, "logit_bias": None, "temperature": None}
    response = server.chat("hello", **neutral, **nulls)
    assert response.json()["choices"][0]["message"]["content"] == "Hello, world! 你好。"


def test_content_as_parts_and_the_developer_role(server: LiveServer) -> None:
    parts = [{"type": "text", "text": "he"}, {"type": "text", "text": "llo"}]
    whole = server.chat(messages=[{"role": "system", "content": "Be brief."}, {"role": "user", "content": "hello"}])
    split = server.chat(messages=[{"role": "developer", "content": "Be brief."}, {"role": "user", "content": parts}])
    counts = [
        {k: v for k, v in each.json()["usage"].items() if k != "prompt_tokens_details"} for each in (split, whole)
    ]
    assert counts[0] == counts[1]
    assert split.json()["choices"] == whole.json()["choices"]


def test_control_tokens_in_user_text_stay_text(server: LiveServer) -> None:
    plain = server.chat("hello").json()["usage"]["prompt_tokens"]
    assert server.chat("hello<|User|>").json()["usage"]["prompt_tokens"] > plain + 1


def test_tool_round_trip_with_the_official_client(server: LiveServer) -> None:
    client = server.client()
    question: Any = {"role": "user", "content": "call"}
    first = client.chat.completions.create(model="nano", messages=[question], tools=[ADD], temperature=0)
    choice = first.choices[0]
    assert choice.finish_reason == "tool_calls"
    assert choice.message.content == "Let me see."
    (call,) = choice.message.tool_calls or []
    assert call.type == "function"
    assert call.id.startswith("call_")
    assert call.function.name == "add"
    assert json.loads(call.function.arguments) == {"a": 1, "b": "22"}
    history: list[Any] = [
        question,
        {"role": "assistant", "tool_calls": choice.message.tool_calls},
        {"role": "tool", "tool_call_id": call.id, "name": "add", "content": "23"},
    ]
    second = client.chat.completions.create(model="nano", messages=history, temperature=0)
    assert second.choices[0].message.content == "The result is 23."
    assert second.choices[0].finish_reason == "stop"
    history[1] = choice.message.model_dump()
    again = client.chat.completions.create(model="nano", messages=history, temperature=0)
    assert again.choices[0].message.content == "The result is 23."


def test_a_history_with_broken_arguments_does_not_stop_the_chat(server: LiveServer) -> None:
    call = {"id": "call_1", "type": "function", "function": {"name": "add", "arguments": '{"a": 1,'}}
    history = [
        {"role": "user", "content": "call"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_1", "content": [{"type": "text", "text": "bad arguments"}]},
    ]
    assert server.chat(messages=history).json()["choices"][0]["message"]["content"] == "The result is bad arguments."


def test_tool_choice(server: LiveServer) -> None:
    """Whatever the model would say, the choice decides whether there is a call."""
    body = server.chat("call", tools=[ADD], tool_choice="none").json()
    assert body["usage"]["prompt_tokens"] == server.chat("call").json()["usage"]["prompt_tokens"]
    refused = body["choices"][0]
    assert "tool_calls" not in refused["message"]
    assert refused["finish_reason"] == "stop"
    unlisted = server.chat("call").json()["choices"][0]
    assert "tool_calls" not in unlisted["message"]
    other = {"type": "function", "function": {"name": "other"}}
    for choice, allowed in (("required", {"add", "other"}), (other, {"other"})):
        body = server.chat("hello", tools=[ADD_INTEGERS, other], tool_choice=choice, max_tokens=200).json()
        calls = body["choices"][0]["message"]["tool_calls"]
        assert calls[0]["function"]["name"] in allowed


def test_names_are_held_to_the_listed_ones_unless_the_operator_frees_them() -> None:
    """The scripted model always calls `add`, which this request does not list."""
    other = {"type": "function", "function": {"name": "other"}}
    names = {}
    for hold in (True, False):
        with live_server(ServerSettings(hold_calls=hold)) as server:
            choice = server.chat("call", tools=[other], max_tokens=200).json()["choices"][0]
            names[hold] = choice["message"]["tool_calls"][0]["function"]["name"]
            none = server.chat("call", tools=[other], tool_choice="none").json()["choices"][0]
            assert "tool_calls" not in none["message"]
    assert names == {True: "other", False: "add"}


def test_one_call_only_when_parallel_calls_are_off(server: LiveServer) -> None:
    both = server.chat("two calls", tools=[ADD]).json()["choices"][0]["message"]["tool_calls"]
    one = server.chat("two calls", tools=[ADD], parallel_tool_calls=False).json()["choices"][0]
    assert len(both) == 2
    assert len(one["message"]["tool_calls"]) == 1
    assert one["finish_reason"] == "tool_calls"


@pytest.mark.parametrize(("question", "tokens", "complete"), [("call", 15, 0), ("two calls", 45, 1)])
def test_a_call_that_is_cut_off_is_not_reported(server: LiveServer, question: str, tokens: int, complete: int) -> None:
    fields = {"tools": [ADD], "max_tokens": tokens}
    choice = server.chat(question, **fields).json()["choices"][0]
    assert len(choice["message"].get("tool_calls", [])) == complete
    assert choice["finish_reason"] == "length"
    # A stream has begun the call before that was known, and says at its end that it is no whole answer.
    streamed = gather(events(server.chat(question, stream=True, **fields).text))
    calls = streamed["message"]["tool_calls"]
    assert len(calls) == complete + 1 and streamed["finish_reason"] == "length"
    with pytest.raises(ValueError):
        json.loads(calls[-1]["function"]["arguments"])


@pytest.mark.parametrize("stop", ["22", "\n", "<", "<parameter=b>", "add", "\n\n"])
@pytest.mark.parametrize("stream", [False, True])
def test_stop_strings_are_not_looked_for_in_calls(stop: str, stream: bool) -> None:
    one = call("add", a="1", b="22")
    with live_server(script=lambda prompt: f"{one}\n{one}") as own:
        response = own.chat(tools=[ADD_INTEGERS], tool_choice="required", stop=[stop], stream=stream)
    found = gather(events(response.text), 0) if stream else response.json()["choices"][0]
    assert [c["function"]["arguments"] for c in found["message"]["tool_calls"]] == ['{"a": 1, "b": 22}'] * 2
    assert not found["message"]["content"] and found["finish_reason"] == "tool_calls"


def test_stop_strings_are_looked_for_around_calls(server: LiveServer) -> None:
    cut = server.chat("two calls", tools=[ADD], stop=["once"]).json()["choices"][0]
    assert (cut["message"]["content"], cut["finish_reason"]) == ("Two at ", "stop")
    whole = server.chat("two calls", tools=[ADD], stop=["<"]).json()["choices"][0]
    assert whole["message"]["content"] == "Two at once." and len(whole["message"]["tool_calls"]) == 2


def test_stop_strings_are_not_looked_for_in_thoughts(server: LiveServer) -> None:
    choice = server.chat("think", reasoning_effort="high", stop=["this", "it"]).json()["choices"][0]
    assert choice["message"]["reasoning_content"] == "First this, then that."
    assert (choice["message"]["content"], choice["finish_reason"]) == ("So ", "stop")
    schema = {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "string"}}}
    assert server.chat("hello", response_format=schema, tools=[ADD], stop=['"']).json()["choices"][0]["message"] == {
        "role": "assistant", "content": "", "refusal": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("hello", {}),
        ("hello", {"stop": ["world"]}),
        ("think", {"reasoning_effort": "high"}),
        ("call", {"tools": [ADD]}),
        ("call", {"tools": [ADD], "tool_choice": "required"}),
        ("said between", {"tools": [ADD]}),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_log_probabilities_are_those_of_the_content(text: str, fields: dict[str, Any], stream: bool) -> None:
    def script_of(prompt: str) -> str:
        between = f"1, {call('add', a='1', b='2')}\n{call('add', a='1', b='2')}\n</1> 1 你{call('add', a='1', b='2')}"
        return between if "said between" in prompt else script(prompt)

    with live_server(script=script_of) as own:
        response = own.chat(text, logprobs=True, top_logprobs=1, stream=stream, **fields)
    if stream:
        found = gather(events(response.text), 0)
        content = found["logprobs"]
    else:
        found = response.json()["choices"][0]
        content = found["logprobs"]["content"]
    said = b"".join(bytes(entry["bytes"]) for entry in content)
    assert said.split() == (found["message"]["content"] or "").encode().split()
    assert all(len(entry["top_logprobs"]) == 1 for entry in content)


def test_what_the_official_client_parsed_can_be_sent_back(server: LiveServer) -> None:
    api = server.client().chat.completions
    user: Any = {"role": "user", "content": "call"}
    strict: Any = openai.pydantic_function_tool(Sum, name="add")
    parsed = api.parse(model="nano", messages=[user], tools=[strict], temperature=0).choices[0].message
    assert parsed.tool_calls and parsed.tool_calls[0].function.parsed_arguments == Sum(a=1, b=22)
    result: Any = {"role": "tool", "tool_call_id": parsed.tool_calls[0].id, "content": "23"}
    said: Any = [user, parsed, result]
    assert api.create(model="nano", messages=said, temperature=0).choices[0].message.content == "The result is 23."


class Sum(pydantic.BaseModel):
    a: int
    b: int


def test_values_that_the_official_client_knows(server: LiveServer) -> None:
    assert server.chat("think", reasoning_effort="max").json()["choices"][0]["message"]["reasoning_content"]
    part = {"type": "text", "text": "hello", "prompt_cache_breakpoint": {"type": "explicit"}}
    marked = server.chat(messages=[{"role": "user", "content": [part]}]).json()["usage"]["prompt_tokens"]
    assert marked == server.chat("hello").json()["usage"]["prompt_tokens"]


def test_allowed_tools(server: LiveServer) -> None:
    other = {"type": "function", "function": {**ADD_INTEGERS["function"], "name": "other"}}

    def asked(mode: str, name: str = "add") -> httpx.Response:
        allowed = {"mode": mode, "tools": [{"type": "function", "function": {"name": name}}]}
        choice = {"type": "allowed_tools", "allowed_tools": allowed}
        return server.chat("hello", tools=[ADD_INTEGERS, other], tool_choice=choice, max_tokens=200)

    (call_made,) = asked("required", "other").json()["choices"][0]["message"]["tool_calls"]
    assert call_made["function"]["name"] == "other"
    assert "tool_calls" not in asked("auto").json()["choices"][0]["message"]
    one = server.chat("hello", tools=[ADD_INTEGERS]).json()["usage"]["prompt_tokens"]
    assert asked("auto").json()["usage"]["prompt_tokens"] == one
    refused = asked("auto", "third")
    assert refused.status_code == 400 and "'third', which is not among 'tools'" in refused.text


def test_cached_tokens_are_reported(server: LiveServer) -> None:
    prompt = "this very question was never asked before, and then it is asked again at once"
    first, again = (server.chat(prompt).json()["usage"] for _ in range(2))
    assert first["prompt_tokens_details"]["cached_tokens"] < again["prompt_tokens_details"]["cached_tokens"]
    assert again["prompt_tokens_details"]["cached_tokens"] >= again["prompt_tokens"] - 17  # blocks of 16


def test_reasoning_tokens_do_not_depend_on_how_many_come_at_once(server: LiveServer) -> None:
    tokenizer = server.engine.engine.tokenizer
    ids = tuple(tokenizer.encode_with_control("First this.<|end_of_thought|>So it is."))
    job = read_chat_request(
        {"model": "nano", "messages": [{"role": "user", "content": "?"}], "reasoning_effort": "low"},
        server.engine.engine,
        ServerSettings(),
        str,
    )
    counts = set()
    for size in (1, 3, len(ids)):
        reader, decoder = ChoiceReader(job), tokenizer.stream_decoder()
        for at in range(0, len(ids), size):
            reader.push(Delta("r", 0, decoder.push(list(ids[at : at + size])), ids[at : at + size]))
        counts.add(reader.reasoning_token_count)
    assert counts == {ids.index(tokenizer.control_tokens["<|end_of_thought|>"]) + 1}


def test_reasoning_comes_apart_from_the_answer(server: LiveServer) -> None:
    for asked in ({"reasoning_effort": "low"}, {"chat_template_kwargs": {"enable_thinking": True}}):
        body = server.chat("think", **asked).json()
        message = body["choices"][0]["message"]
        assert message["reasoning_content"] == "First this, then that."
        assert message["content"] == "So it is."
        details = body["usage"]["completion_tokens_details"]
        assert 0 < details["reasoning_tokens"] < body["usage"]["completion_tokens"]


@pytest.mark.parametrize("opens", [True, False])
def test_a_template_decides_whether_a_reply_begins_with_a_thought(opens: bool) -> None:
    """The released model's own may read no switch: then its answers went to ``reasoning_content`` as a whole."""
    with live_server() as server:
        engine = server.engine.engine
        mark = "<|begin_of_thought|>" if opens else "<|end_of_thought|>"
        source = "{% for m in messages %}<|User|>{{ m.content }}{% endfor %}<|Assistant|>" + mark
        engine.template = ChatTemplate(source, engine.tokenizer)
        asked, plain = server.chat("think", reasoning_effort="low"), server.chat("think" if opens else "hello")
        message = plain.json()["choices"][0]["message"]
        if opens:
            assert asked.json()["choices"][0]["message"] == message
            assert (message["reasoning_content"], message["content"]) == ("First this, then that.", "So it is.")
        else:
            assert asked.status_code == 400 and "does not think" in asked.json()["error"]["message"]
            assert message["content"] == "Hello, world! 你好。" and not message.get("reasoning_content")


def test_streaming_and_errors_with_the_official_client(server: LiveServer) -> None:
    client = server.client()
    stream = client.chat.completions.create(model="nano", messages=[{"role": "user", "content": "hello"}], stream=True)
    text = "".join(chunk.choices[0].delta.content or "" for chunk in stream)
    assert text == "Hello, world! 你好。"
    with pytest.raises(openai.NotFoundError):
        client.chat.completions.create(model="other", messages=[{"role": "user", "content": "hello"}])
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(model="nano", messages=[{"role": "user", "content": "hello"}], top_p=7)
    assert caught.value.param == "top_p"


def test_models(server: LiveServer) -> None:
    client = server.client()
    assert [model.id for model in client.models.list()] == ["nano"]
    assert client.models.retrieve("nano").owned_by == "joyflash"
