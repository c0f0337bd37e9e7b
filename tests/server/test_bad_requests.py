"""Every bad request gets its own clear 4xx in OpenAI's shape, and the server goes on (see the `server` fixture)."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.server.live import CHAT, LiveServer

USER = {"role": "user", "content": "hello"}


A_PATTERN = "tools[0].function.parameters.properties.a.pattern"


def tool(**function: Any) -> dict[str, Any]:
    return {"type": "function", "function": {"name": "add", **function}}


def check_error(response: httpx.Response, status: int, param: str | None, code: str | None = None) -> dict[str, Any]:
    """The error's body, after checking its shape."""
    assert response.status_code == status, response.text
    assert set(response.json()) == {"error"}
    error = response.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert error["param"] == param, error
    assert len(error["message"]) > 10
    assert "Traceback" not in error["message"]
    if code is not None:
        assert error["code"] == code
    assert response.headers["x-request-id"] == response.headers["request-id"] != ""
    return error


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"messages": "hello"}, "messages"),
        ({"messages": []}, "messages"),
        ({"messages": None}, "messages"),
        ({"messages": ["hello"]}, "messages[0]"),
        ({"messages": [USER, {"content": "x"}]}, "messages[1].role"),
        ({"messages": [USER, USER, {"role": "robot", "content": "x"}]}, "messages[2].role"),
        ({"messages": [{"role": ["user"], "content": "x"}]}, "messages[0].role"),
        ({"messages": [{"role": "user"}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": 5}]}, "messages[0].content"),
        ({"messages": [{"role": "assistant", "content": None}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, "messages[0].content[0].type"),
        ({"messages": [{"role": "user", "content": [{"type": "text", "text": 1}]}]}, "messages[0].content[0].text"),
        ({"messages": [{**USER, "contnet": "x"}]}, "messages[0].contnet"),
        ({"messages": [{**USER, "tool_calls": []}]}, "messages[0].tool_calls"),
        ({"messages": [USER, {"role": "tool", "content": "7"}]}, "messages[1].tool_call_id"),
        ({"messages": [USER, {"role": "tool", "content": "7", "tool_call_id": "a"}]}, "messages[1].tool_call_id"),
        (
            {"messages": [{"role": "assistant", "tool_calls": [{"id": "a", "function": {"name": "f"}}]}]},
            "messages[0].tool_calls[0].function.arguments",
        ),
        ({"model": 5}, "model"),
        ({"temperature": "hot"}, "temperature"),
        ({"temperature": 2.5}, "temperature"),
        ({"temperature": True}, "temperature"),
        ({"top_p": -0.1}, "top_p"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_tokens": 1.5}, "max_tokens"),
        ({"max_tokens": 5, "max_completion_tokens": 6}, "max_completion_tokens"),
        ({"n": 0}, "n"),
        ({"n": 10_000}, "n"),
        ({"seed": "one"}, "seed"),
        ({"stop": 5}, "stop"),
        ({"stop": [""]}, "stop"),
        ({"stop": ["a", 5]}, "stop[1]"),
        ({"stop": ["x"] * 100}, "stop"),
        ({"presence_penalty": 3}, "presence_penalty"),
        ({"frequency_penalty": []}, "frequency_penalty"),
        ({"logit_bias": {"word": 1}}, "logit_bias"),
        ({"logit_bias": {"5": 1000}}, "logit_bias.5"),
        ({"logit_bias": {"99999999": 1}}, "logit_bias"),
        ({"logprobs": 3}, "logprobs"),
        ({"top_logprobs": 3}, "top_logprobs"),
        ({"logprobs": True, "top_logprobs": 21}, "top_logprobs"),
        ({"stream": "yes"}, "stream"),
        ({"stream_options": {"include_usage": True}}, "stream_options"),
        ({"stream": True, "stream_options": {"usage": True}}, "stream_options.usage"),
        ({"response_format": {"type": "xml"}}, "response_format.type"),
        ({"response_format": {"type": "json_schema"}}, "response_format.json_schema"),
        ({"response_format": {"type": "json_object", "json_schema": {"name": "x"}}}, "response_format.json_schema"),
        ({"response_format": {"type": "json_schema", "json_schema": {}}}, "response_format.json_schema.name"),
        (
            {"response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "text"}}}},
            "response_format.json_schema.schema.type",
        ),
        (
            {"response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": {"$ref": "#/$defs/x"}}}},
            "response_format.json_schema.schema",
        ),
        (
            {
                "response_format": {
                    "type": "json_schema",
                    "json_schema": {"name": "x", "strict": True, "schema": {"type": "array", "uniqueItems": True}},
                }
            },
            "response_format.json_schema.schema",
        ),
        ({"response_format": {}}, "response_format.type"),
        ({"reasoning_effort": "huge"}, "reasoning_effort"),
        ({"reasoning_effort": "high", "chat_template_kwargs": {"enable_thinking": False}}, "reasoning_effort"),
        ({"chat_template_kwargs": {"thinking": True}}, "chat_template_kwargs.thinking"),
        ({"modalities": ["audio"]}, "modalities[0]"),
        ({"audio": {"voice": "x"}}, "audio"),
        ({"functions": []}, "functions"),
        ({"tools": {}}, "tools"),
        ({"tools": ["add"]}, "tools[0].type"),
        ({"tools": [{"type": "custom"}]}, "tools[0].type"),
        ({"tools": [tool(), tool(name="a b")]}, "tools[1].function.name"),
        ({"tools": [tool(), tool()]}, "tools[1].function.name"),
        ({"tools": [tool(description=5)]}, "tools[0].function.description"),
        ({"tools": [tool(strict="yes")]}, "tools[0].function.strict"),
        ({"tools": [tool(strict=True, parameters={"properties": {"a": {"not": {"type": "null"}}}})]}, "tools[0]"),
        ({"tools": [tool(parameters={"properties": {"a": {"type": "string", "pattern": 5}}})]}, A_PATTERN),
        ({"tools": [tool(parameters={"properties": {"a": {"enum": []}}})]}, "tools[0]"),
        ({"tools": [tool(parameters={"properties": {"x" * 300: {}}})]}, "tools[0].function.parameters"),
        ({"tools": [tool(params={})]}, "tools[0].function.params"),
        ({"tools": [tool(parameters={"type": "array"})]}, "tools[0].function.parameters.type"),
        ({"tools": [tool(parameters={"properties": []})]}, "tools[0].function.parameters.properties"),
        ({"tools": [tool(name=f"f{i}") for i in range(200)]}, "tools"),
        ({"tool_choice": "required"}, "tool_choice"),
        ({"tool_choice": "always", "tools": [tool()]}, "tool_choice"),
        ({"tool_choice": {"type": "function", "function": {"name": "sub"}}, "tools": [tool()]}, "tool_choice"),
        ({"tool_choice": {"type": "function"}, "tools": [tool()]}, "tool_choice.function"),
    ],
)
def test_a_wrong_value_is_a_400_that_names_the_field(server: LiveServer, fields: dict[str, Any], param: str) -> None:
    error = check_error(server.chat(**fields), 400, param)
    assert error["type"] == "invalid_request_error"


@pytest.mark.parametrize(("typo", "meant"), [("max_token", "max_tokens"), ("temprature", "temperature")])
def test_a_typo_is_refused_with_the_right_name(server: LiveServer, typo: str, meant: str) -> None:
    error = check_error(server.chat(**{typo: 1}), 400, typo, "unknown_parameter")
    assert f"did you mean '{meant}'?" in error["message"]


@pytest.mark.parametrize(
    "body",
    [
        *(
            b"",
            b"{",
            b'{"model": "nano",}',
            b"[]",
            b"null",
            b'"text"',
            b'{"n": NaN}',
            b'{"n": 1e999}',
            b"\xff\xfe",
            b"[" * 100_000,
        ),
        b'{"user": "\\ud800"}',
        b'{"user": ' + b"[" * 80 + b"]" * 80 + b"}",
        b'{"n": ' + b"9" * 5000 + b"}",
    ],
)
def test_a_body_that_is_no_json_object_is_a_400(server: LiveServer, body: bytes) -> None:
    response = server.http.post(CHAT, content=body, headers={"content-type": "application/json"})
    check_error(response, 400, None, "invalid_json")


def test_a_number_beyond_all_bounds_is_a_400(server: LiveServer) -> None:
    body = b'{"model": "nano", "messages": [{"role": "user", "content": "x"}], "temperature": 1e999}'
    response = server.http.post(CHAT, content=body, headers={"content-type": "application/json"})
    assert "the number 1e999 is too large" in check_error(response, 400, None, "invalid_json")["message"]


@pytest.mark.parametrize("field", ["max_tokens", "n", "seed"])
def test_an_integer_longer_than_any_float_is_a_400(server: LiveServer, field: str) -> None:
    check_error(server.chat(**{field: 10**400}), 400, field)


def test_another_content_type_is_a_415(server: LiveServer) -> None:
    for headers in ({"content-type": "text/plain"}, {}):
        check_error(server.http.post(CHAT, content=b"{}", headers=headers), 415, None, "unsupported_media_type")


def test_too_long_a_body_is_a_413(server: LiveServer) -> None:
    content = b" " * (8 * 1024 * 1024 + 1)
    response = httpx.post(server.url + CHAT, content=content, headers={"content-type": "application/json"})
    check_error(response, 413, None, "request_too_large")


def test_an_unknown_model_is_a_404(server: LiveServer) -> None:
    error = check_error(server.chat(model="gpt-5"), 404, "model", "model_not_found")
    assert "'nano'" in error["message"]
    check_error(server.http.get("/v1/models/gpt-5"), 404, "model", "model_not_found")


def test_unknown_paths_and_methods(server: LiveServer) -> None:
    check_error(server.http.get("/v1/nothing"), 404, None, "unknown_url")
    check_error(server.http.get("/static/../app.py"), 404, None)
    check_error(server.http.get("/static/%2e%2e/app.py"), 404, None)
    response = server.http.get(CHAT)
    check_error(response, 405, None, "method_not_allowed")
    assert response.headers["allow"] == "POST"


@pytest.mark.parametrize("stream", [False, True])
def test_too_long_a_prompt_is_a_400_before_any_work(server: LiveServer, stream: bool) -> None:
    steps = server.model.steps
    check_error(server.chat("word " * 5000, stream=stream), 400, "messages", "context_length_exceeded")
    check_error(server.chat(max_tokens=5000, stream=stream), 400, "max_tokens", "context_length_exceeded")
    response = server.chat(max_completion_tokens=5000, stream=stream)
    check_error(response, 400, "max_completion_tokens", "context_length_exceeded")
    assert server.model.steps == steps
