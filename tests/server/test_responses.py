"""`/v1/responses`: whole and as events, items in and out, what is stored, and refusals."""

from __future__ import annotations

import json
from typing import Any

import httpx
import openai
import pytest

from joyflash.engine.async_engine import DeltaStream
from joyflash.errors import EngineError, RequestError
from joyflash.server.paging import read_page
from joyflash.server.responses_fields import RESPONSE_FIELDS
from joyflash.server.responses_items import read_input
from joyflash.server.responses_store import ResponseStore, StoredResponse
from joyflash.server.settings import ServerSettings
from joyflash.text.messages import Message, ToolCall
from tests.server.live import LiveServer, live_server

PATH = "/v1/responses"
ADD: dict[str, Any] = {
    "type": "function",
    "name": "add",
    "description": "Adds.",
    "parameters": {
        "type": "object",
        "properties": {"a": {"type": "integer"}, "b": {"type": "string"}},
        "required": ["a", "b"],
    },
}
OTHER = {"type": "function", "name": "other"}


def ask(server: LiveServer, said: Any = "hello", **fields: Any) -> httpx.Response:
    return server.http.post(PATH, json={"model": "nano", "input": said, "temperature": 0, **fields})


def stream(server: LiveServer, said: Any = "hello", **fields: Any) -> list[dict[str, Any]]:
    """The events of a stream, whose names and numbers must be right."""
    events = []
    for block in ask(server, said, stream=True, **fields).text.strip().split("\n\n"):
        name, data = block.split("\n")
        events.append(json.loads(data.removeprefix("data: ")))
        assert name == f"event: {events[-1]['type']}"
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    return events


def told(response: dict[str, Any]) -> Any:
    """A response without what differs between two equal ones."""
    gone = {"id", "created_at", "completed_at", "call_id"}
    if isinstance(response, list):
        return [told(item) for item in response]
    return {key: told(value) if isinstance(value, dict | list) and value and not isinstance(value[0] if isinstance(
        value, list) else {}, str | int) else value for key, value in response.items() if key not in gone}  # fmt: skip


def rebuild(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The output that the deltas add up to, as a client would put it together."""
    output: list[dict[str, Any]] = []
    for event in events:
        kind = event["type"].removeprefix("response.")
        if kind == "output_item.added":
            assert event["output_index"] == len(output) and event["item"]["status"] == "in_progress"
            output.append(json.loads(json.dumps(event["item"])))
        elif kind == "output_item.done":
            output[event["output_index"]]["status"] = event["item"]["status"]
            assert output[event["output_index"]] == event["item"]
        elif "item_id" in event:
            item = output[event["output_index"]]
            assert item["id"] == event["item_id"]
            if kind == "content_part.added":
                assert event["content_index"] == len(item["content"])
                item["content"].append(dict(event["part"]))
            elif kind in ("output_text.delta", "reasoning_text.delta"):
                part = item["content"][event["content_index"]]
                part["text"] += event["delta"]
                if "logprobs" in part:
                    part["logprobs"] = part["logprobs"] + event["logprobs"]
            elif kind in ("output_text.done", "reasoning_text.done"):
                assert item["content"][event["content_index"]]["text"] == event["text"]
            elif kind == "content_part.done":
                assert item["content"][event["content_index"]] == event["part"]
            elif kind == "function_call_arguments.delta":
                item["arguments"] += event["delta"]
            else:
                assert kind == "function_call_arguments.done" and item["arguments"] == event["arguments"]
        else:
            assert kind in ("created", "in_progress", "completed", "incomplete")
    return output


def test_a_plain_answer(server: LiveServer) -> None:
    body = ask(server, instructions="Be brief.", metadata={"a": "b"}).json()
    assert body["object"] == "response" and body["id"].startswith("resp_") and body["status"] == "completed"
    (item,) = body["output"]
    assert item["type"] == "message" and item["role"] == "assistant" and item["status"] == "completed"
    assert item["content"] == [
        {"type": "output_text", "text": "Hello, world! 你好。", "annotations": [], "logprobs": []}
    ]
    assert body["instructions"] == "Be brief." and body["metadata"] == {"a": "b"} and body["error"] is None
    usage = body["usage"]
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]
    chat = server.chat(
        messages=[{"role": "system", "content": "Be brief."}, {"role": "user", "content": "hello"}]
    ).json()
    assert usage["input_tokens"] == chat["usage"]["prompt_tokens"]


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("hello", {}),
        ("hello", {"max_output_tokens": 3}),
        ("call", {"tools": [ADD]}),
        ("two calls", {"tools": [ADD]}),
        ("two calls", {"tools": [ADD], "parallel_tool_calls": False}),
        ("think", {"reasoning": {"effort": "high"}}),
        ("think", {"reasoning": {"effort": "low"}, "include": ["message.output_text.logprobs"], "top_logprobs": 2}),
        ("hello", {"include": ["message.output_text.logprobs"]}),
    ],
    ids=str,
)
def test_events_add_up_to_the_whole_response(server: LiveServer, text: str, fields: dict[str, Any]) -> None:
    whole = ask(server, text, **fields).json()
    events = stream(server, text, **fields)
    assert [event["type"] for event in events[:2]] == ["response.created", "response.in_progress"]
    last = events[-1]
    assert last["type"] == f"response.{whole['status']}"
    assert events[0]["response"]["output"] == [] and events[0]["response"]["status"] == "in_progress"
    assert rebuild(events) == last["response"]["output"]
    usage = ("usage",)
    assert {k: v for k, v in told(last["response"]).items() if k not in usage} == {
        k: v for k, v in told(whole).items() if k not in usage
    }
    if "include" in fields:
        part = next(item for item in whole["output"] if item["type"] == "message")["content"][0]
        assert "".join(entry["token"] for entry in part["logprobs"]) == part["text"]
        assert all(len(entry["top_logprobs"]) == fields.get("top_logprobs", 0) for entry in part["logprobs"])


def test_calls_and_reasoning_are_items_of_their_own(server: LiveServer) -> None:
    output = ask(server, "two calls", tools=[ADD]).json()["output"]
    assert [item["type"] for item in output] == ["message", "function_call", "function_call"]
    assert json.loads(output[2]["arguments"]) == {"a": 3, "b": "4"} and output[2]["name"] == "add"
    assert output[1]["call_id"] != output[2]["call_id"]
    body = ask(server, "think", reasoning={"effort": "high"}).json()
    thought, said = body["output"]
    assert thought["content"] == [{"type": "reasoning_text", "text": "First this, then that."}]
    assert said["content"][0]["text"] == "So it is."
    assert body["usage"]["output_tokens_details"]["reasoning_tokens"] > 0


def test_a_cut_answer_is_incomplete(server: LiveServer) -> None:
    body = ask(server, "count", max_output_tokens=4).json()
    assert body["status"] == "incomplete" and body["incomplete_details"] == {"reason": "max_output_tokens"}
    assert body["output"][0]["status"] == "incomplete"


def test_a_conversation_goes_on_from_a_stored_response(server: LiveServer) -> None:
    first = ask(server, "call", tools=[ADD], instructions="Use tools.").json()
    call = first["output"][-1]
    result = {"type": "function_call_output", "call_id": call["call_id"], "output": "23"}
    second = ask(server, [result], tools=[ADD], previous_response_id=first["id"]).json()
    assert second["output"][0]["content"][0]["text"] == "The result is 23."
    assert second["previous_response_id"] == first["id"]
    # The same conversation, sent whole, is the same prompt: instructions are not carried over.
    whole = [{"role": "user", "content": "call"}, *first["output"], result]
    again = ask(server, whole, tools=[ADD]).json()
    assert again["usage"]["input_tokens"] == second["usage"]["input_tokens"]
    assert told(again["output"]) == told(second["output"])
    third = ask(server, None, previous_response_id=second["id"]).json()
    assert third["usage"]["input_tokens"] > second["usage"]["output_tokens"]


def test_stored_responses_are_shown_and_deleted(server: LiveServer) -> None:
    items = [
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": "yes"},
        {"role": "user", "content": "x"},
    ]
    body = ask(server, items).json()
    path = f"{PATH}/{body['id']}"
    assert server.http.get(path).json() == body
    listed = server.http.get(f"{path}/input_items", params={"order": "asc"}).json()
    texts = [item["content"][0] for item in listed["data"]]
    assert [text["text"] for text in texts] == ["hi", "yes", "x"]
    assert [text["type"] for text in texts] == ["input_text", "output_text", "input_text"]
    assert server.http.get(f"{path}/input_items").json()["data"] == listed["data"][::-1]
    assert server.http.get(path, params={"stream": "true"}).status_code == 400
    assert server.http.get(path, params={"nothing": "1"}).status_code == 400
    assert server.http.delete(path).json() == {"id": body["id"], "object": "response", "deleted": True}
    for response in (server.http.get(path), server.http.delete(path), server.http.get(f"{path}/input_items")):
        assert response.status_code == 404 and response.json()["error"]["code"] == "response_not_found"
    response = ask(server, previous_response_id=body["id"])
    assert response.status_code == 404 and response.json()["error"]["param"] == "previous_response_id"


@pytest.mark.parametrize("streamed", [False, True])
def test_what_is_not_to_be_stored_is_not(server: LiveServer, streamed: bool) -> None:
    for store, status in ((False, 404), (True, 200)):
        if streamed:
            response_id = stream(server, store=store)[-1]["response"]["id"]
        else:
            response_id = ask(server, store=store).json()["id"]
        assert server.http.get(f"{PATH}/{response_id}").status_code == status


def stored(name: str, text: str = "") -> StoredResponse:
    return StoredResponse({"id": name, "text": text}, (Message("user", text),), ())


def test_the_store_keeps_the_newest_within_its_bounds() -> None:
    store = ResponseStore(max_responses=2, max_bytes=10_000)
    for name in "abc":
        store.put(stored(name))
    with pytest.raises(Exception, match="no response 'a'"):
        store.get("a")
    store.get("b")
    store.put(stored("d"))
    assert store.get("b") and store.get("d")
    store.put(stored("huge", "x" * 20_000))
    assert store.get("b") and store.get("d")
    store.put(stored("large", "x" * 4_500))
    store.delete("large")
    store.put(stored("e"))
    assert store.get("e")
    many = ResponseStore(max_responses=100, max_bytes=2_000)
    for name in "abcdef":
        many.put(stored(name, "x" * 300))
    assert many.get("f")
    with pytest.raises(Exception, match="no response 'a'"):
        many.get("a")


def test_items_of_one_turn_become_one_message() -> None:
    call = {"type": "function_call", "call_id": "c1", "name": "f", "arguments": '{"x": 1}'}
    thought = {"type": "reasoning", "id": "r", "summary": [], "content": [{"type": "reasoning_text", "text": "hm"}]}
    items = [
        {"role": "developer", "content": [{"type": "input_text", "text": "a"}, {"type": "input_text", "text": "b"}]},
        {"type": "message", "role": "user", "content": "q"},
        thought,
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "let me"}], "id": "m"},
        call,
        {**call, "call_id": "c2"},
        {"type": "function_call_output", "call_id": "c1", "output": [{"type": "input_text", "text": "1"}]},
        {"type": "function_call_output", "call_id": "c2", "output": "2"},
        {"role": "assistant", "content": "first"},
        {"role": "assistant", "content": "second"},
        thought,
    ]
    calls = (ToolCall("c1", "f", {"x": 1}), ToolCall("c2", "f", {"x": 1}))
    assert read_input(items, 100) == [
        Message("system", "ab"),
        Message("user", "q"),
        Message("assistant", "let me", "hm", calls),
        Message("tool", "1", tool_call_id="c1"),
        Message("tool", "2", tool_call_id="c2"),
        Message("assistant", "first"),
        Message("assistant", "second"),
        Message("assistant", "", "hm"),
    ]
    assert read_input("x", 1) == [Message("user", "x")] and read_input(None, 1) == []


def test_tool_choice_acts(server: LiveServer) -> None:
    def calls(**fields: Any) -> list[str]:
        output = ask(server, "hello", max_output_tokens=60, **fields).json()["output"]
        return [item["name"] for item in output if item["type"] == "function_call"]

    assert calls(tools=[ADD, OTHER]) == []
    none = ask(server, "call", tools=[ADD], tool_choice="none").json()["output"]
    assert [item["type"] for item in none] == ["message"]
    body = ask(server, "call", tools=[ADD, OTHER], tool_choice={"type": "function", "name": "add"}).json()
    assert body["tool_choice"] == {"type": "function", "name": "add"}
    allowed = {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "function", "name": "other"}]}
    fewer = ask(server, "hello", tools=[ADD, OTHER], tool_choice=allowed).json()["usage"]["input_tokens"]
    assert fewer == ask(server, "hello", tools=[OTHER]).json()["usage"]["input_tokens"]


def test_the_official_client(server: LiveServer) -> None:
    client = server.client()
    body = client.responses.create(model="nano", input="call", tools=[ADD], temperature=0)  # type: ignore[list-item]
    call = body.output[-1]
    assert call.type == "function_call"
    with client.responses.stream(
        model="nano",
        input=[{"type": "function_call_output", "call_id": call.call_id, "output": "23"}],
        previous_response_id=body.id,
    ) as events:
        for _ in events:
            pass
        final = events.get_final_response()
    assert final.output_text == "The result is 23." and final.status == "completed"
    asked: Any = ["message.output_text.logprobs"]
    assert client.responses.retrieve(final.id, include=asked).output_text == final.output_text
    assert [item.type for item in client.responses.input_items.list(final.id, include=asked)] == [
        "function_call_output"
    ]
    count = client.responses.input_tokens.count(model="nano", input="call", tools=[ADD])  # type: ignore[list-item]
    assert count.input_tokens == body.usage.input_tokens  # type: ignore[union-attr]
    client.responses.delete(final.id)
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(final.id)


def test_a_failure_in_the_middle_is_an_event(monkeypatch: pytest.MonkeyPatch) -> None:
    with live_server() as server:

        async def fail(self: DeltaStream) -> None:
            raise EngineError("secret reason")

        monkeypatch.setattr(DeltaStream, "__anext__", fail)
        events = stream(server)
        assert [event["type"] for event in events] == ["response.created", "response.in_progress", "response.failed"]
        failed = events[-1]["response"]
        assert failed["status"] == "failed" and failed["error"]["code"] == "server_error"
        assert "secret" not in json.dumps(events)
        assert ask(server).status_code == 500


def test_an_event_that_cannot_be_written_ends_the_stream_with_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("joyflash.server.responses._usage", lambda job, reader: {"total_tokens": float("inf")})
    with live_server() as server:
        events = stream(server)
    assert events[-1]["type"] == "error" and set(events[-1]) == {"type", "code", "message", "param", "sequence_number"}


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"input": 5}, "input"),
        ({"input": [5]}, "input[0]"),
        ({"input": [{"content": "x"}]}, "input[0].role"),
        ({"input": [{"role": "robot", "content": "x"}]}, "input[0].role"),
        ({"input": [{"role": "user"}]}, "input[0].content"),
        ({"input": [{"role": "user", "content": 5}]}, "input[0].content"),
        ({"input": [{"role": "user", "content": [{"type": "input_image"}]}]}, "input[0].content[0].type"),
        ({"input": [{"role": "user", "content": "x", "nme": "y"}]}, "input[0].nme"),
        ({"input": [{"type": "item_reference", "id": "x"}]}, "input[0].type"),
        ({"input": [{"type": "function_call", "name": "f", "arguments": ""}]}, "input[0].call_id"),
        ({"input": [{"type": "function_call_output", "output": "f"}]}, "input[0].call_id"),
        ({"input": [{"type": "function_call_output", "call_id": "a", "output": "f"}]}, "input"),
        ({"input": [{"type": "reasoning", "content": [{"type": "x", "text": ""}]}]}, "input[0].content[0].type"),
        ({"input": [{"role": "user", "content": "x"}] * 2049}, "input"),
        ({"input": "word " * 3000}, "input"),
        ({"instructions": 5}, "instructions"),
        ({"previous_response_id": 5}, "previous_response_id"),
        ({"store": "yes"}, "store"),
        ({"max_output_tokens": 0}, "max_output_tokens"),
        ({"max_output_tokens": 5000}, "max_output_tokens"),
        ({"temperature": 3}, "temperature"),
        ({"top_p": 3}, "top_p"),
        ({"top_logprobs": 2}, "top_logprobs"),
        ({"stream": 1}, "stream"),
        ({"stream_options": {}}, "stream_options"),
        ({"tools": [{"type": "web_search"}]}, "tools[0].type"),
        ({"tools": [{"type": "function"}]}, "tools[0].name"),
        ({"tools": [{"type": "function", "name": "a b"}]}, "tools[0].name"),
        ({"tools": [ADD, ADD]}, "tools[1].name"),
        ({"tools": [{**ADD, "parameters": {"type": "array"}}]}, "tools[0].parameters.type"),
        ({"tools": [{**ADD, "name": f"f{i}"} for i in range(129)]}, "tools"),
        (
            {"tools": [{**ADD, "strict": True, "parameters": {"properties": {"a": {"not": {"type": "null"}}}}}]},
            "tools[0]",
        ),
        ({"tool_choice": "required"}, "tool_choice"),
        ({"tool_choice": "always"}, "tool_choice"),
        ({"tool_choice": {"type": "function", "name": "x"}, "tools": [ADD]}, "tool_choice.name"),
        ({"tool_choice": {"type": "allowed_tools", "mode": "auto", "tools": []}, "tools": [ADD]}, "tool_choice.tools"),
        ({"parallel_tool_calls": 1}, "parallel_tool_calls"),
        ({"reasoning": {"effort": "huge"}}, "reasoning.effort"),
        ({"text": {"format": {"type": "grammar"}}}, "text.format.type"),
        ({"text": {"format": {"type": "json_schema", "name": "x"}}}, "text.format.schema"),
        ({"text": {"format": {"type": "json_schema", "schema": {}}}}, "text.format.name"),
        ({"text": {"format": {"type": "json_object", "strict": True}}}, "text.format.strict"),
        ({"text": {"verbosity": "low"}}, "text.verbosity"),
        ({"include": ["file_search_call.results"]}, "include[0]"),
        ({"truncation": "auto"}, "truncation"),
        ({"metadata": 5}, "metadata"),
        ({"service_tier": "flex"}, "service_tier"),
        ({"max_tool_calls": 0}, "max_tool_calls"),
        ({"background": True}, "background"),
        ({"inputs": "x"}, "inputs"),
        *(
            ({name: {}}, name)
            for name in ("background_options", "conversation", "prompt", "context_management", "moderation", "image")
        ),
    ],
)
def test_a_wrong_value_is_a_400_that_names_the_field(server: LiveServer, fields: dict[str, Any], param: str) -> None:
    response = ask(server, **fields)
    assert response.status_code == 400, response.text
    assert response.json()["error"]["param"] == param, response.json()


def test_model_and_input_may_be_absent() -> None:
    with live_server(ServerSettings(served_model_names=("one", "two"))) as server:
        assert server.http.post(PATH, json={}).json()["model"] == "one"
        assert ask(server, model="three").status_code == 404


def test_every_field_of_the_official_client_is_known() -> None:
    from openai.types.responses import response_create_params

    theirs = set(response_create_params.ResponseCreateParamsBase.__annotations__) | {"stream"}
    assert theirs <= {field.name for field in RESPONSE_FIELDS}


def test_pages() -> None:
    items = [{"id": str(i)} for i in range(5)]

    def ids(**query: str) -> list[str]:
        return [item["id"] for item in read_page(items, query)["data"]]

    assert ids() == ["4", "3", "2", "1", "0"] and ids(order="asc", limit="2") == ["0", "1"]
    assert ids(after="3") == ["2", "1", "0"] and ids(after="0") == []
    assert read_page(items, {"limit": "2"})["has_more"] and not read_page(items, {"limit": "5"})["has_more"]
    assert read_page([], {}) == {"object": "list", "data": [], "first_id": None, "last_id": None, "has_more": False}
    for wrong in (
        {"limit": "0"},
        {"limit": "101"},
        {"limit": "x"},
        {"limit": "000000001" + "9" * 4300},
        {"limit": "00000001099999"},
        {"limit": "²"},
        {"order": "up"},
        {"after": "9"},
        {"a": ""},
    ):
        with pytest.raises(RequestError):
            read_page(items, wrong)
