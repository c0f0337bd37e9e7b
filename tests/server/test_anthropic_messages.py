"""`/v1/messages` as the official Anthropic client sees it, on a live server."""

from __future__ import annotations

import json
from typing import Any

import anthropic
import openai
import pytest

from joyflash.engine.async_engine import AsyncEngine
from joyflash.engine.engine import Engine
from joyflash.server.anthropic_blocks import read_conversation
from joyflash.server.anthropic_request import read_message_request
from joyflash.server.settings import ServerSettings
from joyflash.server.signatures import ThoughtSigner
from joyflash.text.messages import Message, ToolCall
from tests.server.fakes import call
from tests.server.live import LiveServer, live_server, served

BLOCK_ENDS = ("content_block_start", "content_block_stop")

ADD = {
    "name": "add",
    "description": "Add two numbers.",
    "input_schema": {
        "type": "object",
        "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
        "required": ["a", "b"],
    },
}


def client(server: LiveServer, key: str = "EMPTY") -> anthropic.Anthropic:
    return anthropic.Anthropic(base_url=server.url, api_key=key, max_retries=0, timeout=60)


def sdk(text: str = "hello", **fields: Any) -> dict[str, Any]:
    """Arguments for the official client, which has no name for `temperature` any more."""
    asked = body(text, **fields)
    temperature = asked.pop("temperature")
    return {**asked, "extra_body": {"temperature": temperature}}


def body(text: str = "hello", **fields: Any) -> dict[str, Any]:
    messages = [{"role": "user", "content": text}]
    return {"model": "nano", "max_tokens": 200, "messages": messages, "temperature": 0, **fields}


def test_a_plain_answer_and_the_same_text_as_openai(server: LiveServer) -> None:
    message = client(server).messages.create(**sdk(system="Be brief."))
    assert [block.type for block in message.content] == ["text"]
    assert message.content[0].text == "Hello, world! 你好。"
    assert (message.type, message.role, message.stop_reason) == ("message", "assistant", "end_turn")
    other = server.client().chat.completions.create(
        model="nano",
        temperature=0,
        messages=[{"role": "system", "content": "Be brief."}, {"role": "user", "content": "hello"}],
    )
    assert other.choices[0].message.content == message.content[0].text
    assert other.usage is not None
    cached = message.usage.cache_read_input_tokens or 0
    assert message.usage.input_tokens + cached == other.usage.prompt_tokens
    assert message.usage.output_tokens == other.usage.completion_tokens
    raw = server.http.post("/v1/messages", json=body()).json()
    assert raw["stop_sequence"] is None
    assert raw["id"].startswith("msg_")


def test_tokens_are_counted_by_the_same_template(server: LiveServer) -> None:
    fields = body("call it", tools=[ADD], system=[{"type": "text", "text": "One."}, {"type": "text", "text": "Two."}])
    del fields["temperature"]
    usage = client(server).messages.create(**fields).usage
    del fields["max_tokens"]
    counted = client(server).messages.count_tokens(**fields).input_tokens
    assert counted == usage.input_tokens + (usage.cache_read_input_tokens or 0)
    again = client(server).messages.create(**{**fields, "max_tokens": 50}).usage
    assert again.cache_read_input_tokens
    assert counted == again.input_tokens + again.cache_read_input_tokens


def test_the_order_of_events(server: LiveServer) -> None:
    fields = body("two calls", tools=[ADD], stream=True)
    with server.http.stream("POST", "/v1/messages", json=fields) as response:
        names = [line[7:] for line in response.iter_lines() if line.startswith("event: ")]
    unrepeated = [name for i, name in enumerate(names) if i == 0 or names[i - 1] != name]
    block = ["content_block_start", "content_block_delta", "content_block_stop"]
    assert unrepeated == ["message_start", *block * 3, "message_delta", "message_stop"]


def test_a_stream_gives_the_same_message(server: LiveServer) -> None:
    for fields in (sdk("hello"), sdk("two calls", tools=[ADD]), sdk("think", thinking={"type": "adaptive"})):
        whole = client(server).messages.create(**fields)
        with client(server).messages.stream(**fields) as stream:
            streamed = stream.get_final_message()
        ours, theirs = whole.model_dump(), streamed.model_dump()
        for message in (ours, theirs):
            for block in message["content"]:
                block.pop("id", None)
                block.pop("parsed_output", None)
        assert ours["content"] == theirs["content"]
        assert whole.stop_reason == streamed.stop_reason
        assert whole.usage.output_tokens == streamed.usage.output_tokens


def test_tools_round_trip(server: LiveServer) -> None:
    first = client(server).messages.create(**sdk("call it", tools=[ADD]))
    assert first.stop_reason == "tool_use"
    assert [block.type for block in first.content] == ["text", "tool_use"]
    use = first.content[1]
    assert (use.name, use.input) == ("add", {"a": 1, "b": 22})
    messages = [
        {"role": "user", "content": "call it"},
        {"role": "assistant", "content": [block.model_dump(exclude_none=True) for block in first.content]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": use.id, "content": "23"}]},
    ]
    second = client(server).messages.create(**{**sdk(tools=[ADD]), "messages": messages})
    assert second.content[0].text == "The result is 23."


def test_the_official_tool_runner(server: LiveServer) -> None:
    """It asks for a conversation kept by the server first, is refused in words it knows, and goes on without."""
    added: list[tuple[int, int]] = []

    @anthropic.beta_tool
    def add(a: int, b: int) -> str:
        """Add two numbers."""
        added.append((a, b))
        return str(a + b)

    asked: Any = [{"role": "user", "content": "call it"}]
    runner = client(server).beta.messages.tool_runner(
        model="nano", max_tokens=200, messages=asked, tools=[add], extra_body={"temperature": 0}
    )
    final = runner.until_done()
    assert added == [(1, 22)] and final.content[0].text == "The result is 23."
    refused = server.http.post("/v1/messages", json=body(thread={"type": "create"}))
    assert refused.status_code == 400
    assert refused.json()["error"]["details"] == {"error_code": "thread_unsupported_request", "unsupported": ["thread"]}


def test_stop_sequences_are_not_looked_for_in_calls_and_thoughts(server: LiveServer) -> None:
    message = client(server).messages.create(**sdk("call", tools=[ADD], stop_sequences=["22", "<", "\n<"]))
    assert [block.type for block in message.content] == ["text", "tool_use"] and message.stop_reason == "tool_use"
    thinking = {"type": "enabled", "budget_tokens": 1024}
    thought = client(server).messages.create(**sdk("think", thinking=thinking, max_tokens=1500, stop_sequences=["t "]))
    assert [block.type for block in thought.content] == ["thinking", "text"]
    assert thought.content[0].thinking == "First this, then that."
    assert (thought.content[1].text, thought.stop_sequence) == ("So i", "t ")


@pytest.mark.parametrize(
    ("written", "kind", "hold"), [('{"x": "\\ud800"}', "object", False), ("[" * 1300 + "]" * 1300, "array", True)]
)
@pytest.mark.parametrize("stream", [False, True])
def test_arguments_that_no_body_can_carry_come_as_text(written: str, kind: str, hold: bool, stream: bool) -> None:
    tool = {"name": "f", "input_schema": {"type": "object", "properties": {"x": {"type": kind}}}}
    asked = body(tools=[tool], stream=stream, max_tokens=3000)
    settings = ServerSettings(hold_calls=hold)
    with live_server(settings, script=lambda prompt: call("f", x=written), context=4096) as own:
        response = own.http.post("/v1/messages", json=asked)
        assert response.status_code == 200, response.text
        assert '"error"' not in response.text
        if not stream:
            (block,) = response.json()["content"]
            assert block["type"] == "tool_use" and isinstance(block["input"], dict)


@pytest.mark.parametrize(
    ("choice", "calls"),
    [({"type": "auto"}, 2), ({"type": "auto", "disable_parallel_tool_use": True}, 1), ({"type": "none"}, 0)],
)
def test_tool_choice(server: LiveServer, choice: dict[str, Any], calls: int) -> None:
    message = client(server).messages.create(**sdk("two calls", tools=[ADD], tool_choice=choice, max_tokens=150))
    assert sum(block.type == "tool_use" for block in message.content) == calls


@pytest.mark.parametrize("choice", [{"type": "any"}, {"type": "tool", "name": "add"}])
def test_a_call_can_be_forced(server: LiveServer, choice: dict[str, Any]) -> None:
    fields = sdk("hello", tools=[ADD], tool_choice=choice, max_tokens=30)
    message = client(server).messages.create(**fields)
    # The model would say "Hello": what makes it a call, and that call complete, is the constraint.
    assert message.stop_reason == "tool_use"
    assert [block.type for block in message.content] == ["tool_use"]
    assert message.content[0].name == "add"


def test_thoughts_are_signed_and_come_back(server: LiveServer) -> None:
    fields = sdk("think", thinking={"type": "enabled", "budget_tokens": 100})
    message = client(server).messages.create(**fields)
    thought, text = message.content
    assert (thought.type, thought.thinking, text.text) == ("thinking", "First this, then that.", "So it is.")

    def replay(block: dict[str, Any]) -> anthropic.types.Message:
        history = [
            {"role": "user", "content": "think"},
            {"role": "assistant", "content": [block, {"type": "text", "text": text.text}]},
            {"role": "user", "content": "hello"},
        ]
        return client(server).messages.create(**{**sdk(), "messages": history})

    assert replay(thought.model_dump()).content
    assert replay({"type": "redacted_thinking", "data": "xyz"}).content
    for change in ({"thinking": "Something else."}, {"signature": "AAAA"}, {"signature": "ü"}):
        with pytest.raises(anthropic.BadRequestError, match=r"messages\[1\]\.content\[0\]\.signature"):
            replay({**thought.model_dump(), **change})


def test_the_thinking_budget_is_kept(server: LiveServer) -> None:
    message = client(server).messages.create(**sdk("think", thinking={"type": "enabled", "budget_tokens": 3}))
    tokenizer = server.engine.engine.tokenizer
    assert message.content[0].type == "thinking"
    whole = tokenizer.encode("First this, then that.")
    assert message.content[0].thinking == tokenizer.decode(whole[:3])


@pytest.mark.parametrize(("choice", "held"), [("auto", False), ("any", True)])
def test_a_thinking_budget_alone_holds_no_call(server: LiveServer, choice: str, held: bool) -> None:
    """Calls that nothing holds must be read as such: their JSON may be none."""
    asked = body(tools=[ADD], tool_choice={"type": choice}, thinking={"type": "enabled", "budget_tokens": 3})
    engine = server.engine.engine
    settings = ServerSettings(hold_calls=False)
    job = read_message_request(asked, engine, settings, lambda name: name, ThoughtSigner(()))
    assert job.held is held and job.request.constraint is not None


def test_stop_sequences(server: LiveServer) -> None:
    message = client(server).messages.create(**sdk("count", stop_sequences=[" 7"]))
    assert (message.stop_reason, message.stop_sequence) == ("stop_sequence", " 7")
    assert message.content[0].text == "1 2 3 4 5 6"
    cut = client(server).messages.create(**sdk("count", max_tokens=5))
    assert (cut.stop_reason, cut.stop_sequence) == ("max_tokens", None)
    empty = client(server).messages.create(**sdk("hello", stop_sequences=["Hello"]))
    assert [(block.type, block.text) for block in empty.content] == [("text", "")]


def test_system_in_messages_and_the_billing_line(server: LiveServer) -> None:
    def count(**fields: Any) -> int:
        return server.http.post("/v1/messages/count_tokens", json=body(**fields)).json()["input_tokens"]

    plain = count(system="Be brief.")
    billing = "x-anthropic-billing-header: cc_version=1.2; cch=abc;"
    assert count(system=f"{billing}\nBe brief.") == plain
    assert count(system=[{"type": "text", "text": billing}, {"type": "text", "text": "Be brief."}]) == plain
    user = {"role": "user", "content": [{"type": "text", "text": "hello"}]}
    assert count(messages=[{"role": "system", "content": "Be brief."}, user]) == plain
    assert count(messages=[{"role": "system", "content": [{"type": "text", "text": "Be brief."}]}, user]) == plain


def test_text_after_a_call_closes_its_block() -> None:
    reply = call("add", a="1", b="2") + "\nThat was it."
    with live_server(script=lambda prompt: reply) as server:
        message = client(server).messages.create(**sdk(tools=[ADD]))
        assert [block.type for block in message.content] == ["tool_use", "text"]
        events = server.http.post("/v1/messages", json=body(tools=[ADD], stream=True)).text
        payloads = [json.loads(line[6:]) for line in events.splitlines() if line.startswith("data: ")]
        marks = [(p["type"][14:], p["index"]) for p in payloads if p["type"] in BLOCK_ENDS]
        assert marks == [("start", 0), ("stop", 0), ("start", 1), ("stop", 1)]


def test_blocks_become_the_turns_that_the_template_knows() -> None:
    signer = ThoughtSigner(())
    use = {"type": "tool_use", "id": "a", "name": "add", "input": {"a": 1}}
    thought = {"type": "thinking", "thinking": "Hm.", "signature": signer.sign("Hm.")}
    result = {"type": "tool_result", "tool_use_id": "a"}
    turns = [
        {"role": "user", "content": [{"type": "text", "text": "x"}, {"type": "text", "text": "y"}]},
        {"role": "assistant", "content": [thought, {"type": "text", "text": "Let me see."}, use]},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "before"},
                {**result, "content": [{"type": "text", "text": "no such number"}], "is_error": True},
                {**result, "content": "Error: again", "is_error": True},
                result,
                {"type": "text", "text": "after"},
            ],
        },
    ]
    assert read_conversation(turns, 10, signer) == [
        Message("user", "xy"),
        Message("assistant", "Let me see.", "Hm.", (ToolCall("a", "add", {"a": 1}),)),
        Message("user", "before"),
        Message("tool", "Error: no such number", tool_call_id="a"),
        Message("tool", "Error: again", tool_call_id="a"),
        Message("tool", "", tool_call_id="a"),
        Message("user", "after"),
    ]


def test_signatures_outlive_a_restart_where_there_are_keys() -> None:
    assert ThoughtSigner(("key",)).verify("Hm.", ThoughtSigner(("key",)).sign("Hm."))
    for keys, others in ((("key",), ("other",)), (("key",), ()), ((), ())):
        assert not ThoughtSigner(keys).verify("Hm.", ThoughtSigner(others).sign("Hm."))


def test_nano_says_the_same_over_both_apis() -> None:
    question = "Which one is bigger, 9.11 or 9.9?"
    engine = AsyncEngine(Engine.from_pretrained("nano", max_batch=2, max_context=1024))
    with served(engine, ServerSettings()) as (url, _, _):
        ours = anthropic.Anthropic(base_url=url, api_key="EMPTY", max_retries=0)
        theirs = openai.OpenAI(base_url=f"{url}/v1", api_key="EMPTY", max_retries=0)
        for thinking in (False, True):
            mode: Any = {"type": "adaptive" if thinking else "disabled"}
            message = ours.messages.create(**sdk(question, max_tokens=64, thinking=mode))
            choice = theirs.chat.completions.create(
                model="nano",
                messages=[{"role": "user", "content": question}],
                temperature=0,
                max_tokens=64,
                reasoning_effort="high" if thinking else "none",
            ).choices[0]
            said = {block.type: getattr(block, block.type) for block in message.content}
            assert said.get("text", "") == choice.message.content
            assert said.get("thinking") == getattr(choice.message, "reasoning_content", None)
            assert said.get("text" if not thinking else "thinking")
        budget = ours.messages.create(**sdk(question, max_tokens=64, thinking={"type": "enabled", "budget_tokens": 2}))
        tokenizer = engine.engine.tokenizer
        assert len(tokenizer.encode(budget.content[0].thinking)) <= 2


def test_models_in_anthropic_shape(server: LiveServer) -> None:
    listed = client(server).models.list()
    assert [model.id for model in listed] == ["nano"]
    assert client(server).models.retrieve("nano").type == "model"
    with pytest.raises(anthropic.NotFoundError):
        client(server).models.retrieve("other")
    assert server.client().models.list().data[0].object == "model"
