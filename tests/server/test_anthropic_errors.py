"""Every bad request to `/v1/messages` gets its own clear error in Anthropic's shape."""

from __future__ import annotations

from typing import Any

import anthropic
import httpx
import pytest

from joyflash.server.anthropic_fields import MESSAGE_FIELDS
from joyflash.server.settings import ServerSettings
from tests.server.live import LiveServer, live_server
from tests.server.test_anthropic_messages import ADD, body, client, sdk

PATH = "/v1/messages"
USER = {"role": "user", "content": "hello"}
IMAGE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": ""}}


def check_error(response: httpx.Response, status: int, kind: str) -> str:
    """The error's message, after checking its shape."""
    assert response.status_code == status, response.text
    content = response.json()
    assert set(content) == {"type", "error", "request_id"}
    assert (content["type"], content["error"]["type"]) == ("error", kind)
    assert content["request_id"] == response.headers["request-id"] != ""
    return content["error"]["message"]


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"max_tokens": None}, "max_tokens"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_tokens": 100_000}, "max_tokens"),
        ({"max_token": 5}, "max_token"),
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "robot", "content": "x"}]}, "messages[0].role"),
        ({"messages": [{"role": "user"}]}, "messages[0].content"),
        ({"messages": [{"content": "x"}]}, "messages[0].role"),
        ({"messages": [USER, {"role": "assistant", "content": "x"}]}, "messages"),
        ({"messages": [{"role": "user", "content": [IMAGE]}]}, "messages[0].content[0].type"),
        ({"messages": [{"role": "user", "content": [{"text": "x"}]}]}, "messages[0].content[0].type"),
        ({"messages": [{"role": "user", "content": [{"type": "text"}]}]}, "messages[0].content[0].text"),
        (
            {"messages": [{"role": "user", "content": [{"type": "tool_result", "tool_use_id": "no"}]}]},
            "messages[0].content[0].tool_use_id",
        ),
        ({"system": [IMAGE]}, "system[0].type"),
        ({"temperature": 1.5}, "temperature"),
        ({"top_k": -1}, "top_k"),
        ({"stop_sequences": [""]}, "stop_sequences"),
        ({"stop_sequences": ["x"] * 100}, "stop_sequences"),
        ({"thinking": {"type": "enabled"}}, "thinking.budget_tokens"),
        ({"thinking": {"type": "enabled", "budget_tokens": 200}}, "thinking.budget_tokens"),
        ({"thinking": {"type": "adaptive", "budget_tokens": 20}}, "thinking.budget_tokens"),
        ({"thinking": {"type": "adaptive", "display": "omitted"}}, "thinking.display"),
        ({"tools": [{"name": "f"}]}, "tools[0].input_schema"),
        ({"tools": [{"name": "f g", "input_schema": {"type": "object"}}]}, "tools[0].name"),
        ({"tools": [{"name": "f", "input_schema": {"type": "string"}}]}, "tools[0].input_schema"),
        ({"tools": [ADD, ADD]}, "tools[1].name"),
        ({"tools": [{"type": "bash_20250124", "name": "bash", "input_schema": {}}]}, "tools[0].type"),
        ({"tools": [ADD], "tool_choice": {"type": "tool"}}, "tool_choice.name"),
        ({"tools": [ADD], "tool_choice": {"type": "tool", "name": "no"}}, "tool_choice.name"),
        ({"tool_choice": {"type": "any"}}, "tool_choice"),
        ({"container": "x"}, "container"),
        ({"mcp_servers": []}, "mcp_servers"),
        ({"output_config": {"format": {"type": "json_schema"}}}, "output_config.format"),
        ({"metadata": {"seed": 5}}, "metadata.seed"),
    ],
)
def test_a_wrong_field_is_named(server: LiveServer, fields: dict[str, Any], place: str) -> None:
    message = check_error(server.http.post(PATH, json={**body(), **fields}), 400, "invalid_request_error")
    assert place in message
    assert ".function" not in message


def test_each_status_in_anthropic_shape(server: LiveServer) -> None:
    check_error(server.http.post(PATH, json=body(model="other")), 404, "not_found_error")
    check_error(server.http.post(f"{PATH}/nothing", json={}), 404, "not_found_error")
    check_error(server.http.post(PATH, json=body(), headers={"host": "elsewhere.example"}), 403, "permission_error")
    check_error(server.http.get(PATH), 405, "invalid_request_error")
    check_error(server.http.post(PATH, content=b"{}"), 415, "invalid_request_error")
    check_error(server.http.post(PATH, json=body("x" * 9_000_000)), 413, "request_too_large")


def test_keys_and_the_typed_exceptions_of_the_client() -> None:
    with live_server(ServerSettings(api_keys=("first",), max_requests=1)) as server:
        check_error(server.http.post(PATH, json=body()), 401, "authentication_error")
        with pytest.raises(anthropic.AuthenticationError):
            client(server, "wrong").messages.create(**sdk())
        good = client(server, "first")
        assert good.messages.create(**sdk()).content
        with pytest.raises(anthropic.NotFoundError):
            good.messages.create(**sdk(model="other"))
        with pytest.raises(anthropic.BadRequestError) as caught:
            good.messages.create(**sdk(messages=[{"role": "user", "content": [IMAGE]}]))
        assert caught.value.request_id
        server.model.gate.clear()
        with good.messages.stream(**sdk("count")) as stream:
            next(iter(stream))
            with pytest.raises(anthropic.RateLimitError):
                good.messages.create(**sdk())
            server.model.gate.set()
        server.admission.draining = True
        response = server.http.post(PATH, json=body(), headers={"x-api-key": "first"})
        check_error(response, 529, "overloaded_error")
        assert response.headers["retry-after"]


def test_pings_come_while_nothing_else_does() -> None:
    with live_server(ServerSettings(keep_alive_seconds=0.05)) as server:
        server.model.gate.clear()
        names = []
        with server.http.stream("POST", PATH, json=body(stream=True)) as response:
            for line in response.iter_lines():
                if line.startswith("event: "):
                    names.append(line[7:])
                if names.count("ping") == 2:
                    server.model.gate.set()
        assert names[0] == "message_start"
        assert names[1:3] == ["ping", "ping"]
        assert names[-1] == "message_stop"


def test_a_failure_in_the_middle_closes_the_block_and_says_so() -> None:
    with live_server() as server:
        calls = server.model.predict

        def fail(tokens: list[int]) -> Any:
            if server.model.steps > 5:
                raise RuntimeError("secret")
            return calls(tokens)

        server.engine.engine._runner.model._predict = fail  # type: ignore[attr-defined]
        with server.http.stream("POST", PATH, json=body("count", stream=True)) as response:
            text = response.read().decode()
        names = [line[7:] for line in text.splitlines() if line.startswith("event: ")]
        assert names[-2:] == ["content_block_stop", "error"], names
        assert "api_error" in text
        assert "secret" not in text


def test_every_field_of_the_official_client_is_known() -> None:
    from anthropic.types import message_create_params
    from anthropic.types.beta import message_create_params as beta_params

    known = {field.name for field in MESSAGE_FIELDS}
    for module in (message_create_params, beta_params):
        theirs = set(module.MessageCreateParamsBase.__annotations__) | {"stream"}
        assert theirs - {"user_profile_id", "workspace_id", "betas"} <= known  # these travel as headers
