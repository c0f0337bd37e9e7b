"""What operators see and set: metrics, logs, bounds on tokens, readiness, tokenizing."""

from __future__ import annotations

import io
import json
import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from joyflash.server.admission import Admission
from joyflash.server.app import create_app
from joyflash.server.errors import ApiError
from joyflash.server.record import RequestRecord
from joyflash.server.request_log import RequestLog
from joyflash.server.settings import ServerSettings
from tests.server.live import LiveServer, live_server
from tests.server.test_lifecycle import wait_for


def metrics(server: LiveServer) -> dict[str, float]:
    """Every sample of the page by its name and labels."""
    response = server.http.get("/metrics")
    assert response.status_code == 200 and response.headers["content-type"].startswith("text/plain; version=0.0.4")
    samples = [line.rpartition(" ") for line in response.text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in samples}


def test_metrics_count_what_happened() -> None:
    with live_server() as server:
        before = metrics(server)
        whole = server.chat("hello").json()["usage"]
        streamed = server.chat("hello", stream=True, stream_options={"include_usage": True}).text
        assert "usage" in streamed
        server.chat(n=0)
        server.http.get("/v1/nothing/at/all")
        server.http.get("/v1/models/nano")
        # A request is counted when its connection is through with it, a moment after the caller has its answer.
        path = '{endpoint="/v1/chat/completions"'
        assert wait_for(lambda: metrics(server).get(f'joyflash_requests_total{path},status="200"}}') == 2)
        after = metrics(server)
    assert after[f'joyflash_requests_total{path},status="400"}}'] == 1
    assert after['joyflash_requests_total{endpoint="other",status="404"}'] == 1
    assert after['joyflash_requests_total{endpoint="/v1/models/{name:path}",status="200"}'] == 1
    assert after[f"joyflash_time_to_first_token_seconds_count{path}}}"] == 2
    assert after[f"joyflash_time_per_output_token_seconds_count{path}}}"] == 2
    assert after["joyflash_prompt_tokens_total"] == 2 * whole["prompt_tokens"]
    assert after["joyflash_generated_tokens_total"] == 2 * whole["completion_tokens"]
    assert after["joyflash_engine_tokens_total"] == 2 * whole["completion_tokens"]
    assert after["joyflash_engine_steps_total"] > before["joyflash_engine_steps_total"] == 0
    assert after["joyflash_prefix_cache_asked_tokens_total"] > 0
    assert after["joyflash_cache_size_tokens"] == 4 * 2048
    assert after["joyflash_requests_in_flight"] == after["joyflash_choices_running"] == 0
    assert after['joyflash_model_info{model="nano"}'] == 1


def test_prompts_count_where_nothing_was_sampled_too() -> None:
    """Two that were only read, one whose caller left before its first token; but none that was refused."""
    with live_server(max_waiting=3) as server:
        body = {"model": "nano", "prompt": "a prompt of several blocks, " * 9, "max_tokens": 0}
        usage = [server.http.post("/v1/completions", json=body).json()["usage"] for _ in range(2)]
        assert server.http.post("/v1/completions", json={**body, "n": 4, "max_tokens": 1}).status_code == 429
        server.model.gate.clear()
        with pytest.raises(httpx.ReadTimeout):
            server.http.post("/v1/completions", json={**body, "prompt": "wait " * 50}, timeout=1)
        assert wait_for(lambda: server.admission.in_flight == 0)
        server.model.gate.set()
        path = '{endpoint="/v1/completions",status='
        assert wait_for(lambda: metrics(server).get(f'joyflash_requests_total{path}"499"}}') == 1)
        after = metrics(server)
        gone = len(server.engine.engine.encode_prompt("wait " * 50))
    assert after["joyflash_prompt_tokens_total"] == sum(each["prompt_tokens"] for each in usage) + gone
    cached = sum(each["prompt_tokens_details"]["cached_tokens"] for each in usage)
    assert after["joyflash_prompt_tokens_cached_total"] == cached > 0
    assert after["joyflash_generated_tokens_total"] == 0
    assert after[f'joyflash_requests_total{path}"429"}}'] == 1


def test_metrics_show_who_runs_and_who_waits() -> None:
    with live_server(slots=2) as server, ThreadPoolExecutor(5) as pool:
        server.model.gate.clear()
        waiting = [pool.submit(server.chat) for _ in range(5)]
        assert wait_for(lambda: metrics(server)["joyflash_requests_in_flight"] == 5)
        now = metrics(server)
        # Held up in its first step, the engine may have taken in one request or two.
        assert 1 <= now["joyflash_choices_running"] <= 2
        assert now["joyflash_choices_running"] + now["joyflash_choices_waiting"] == 5
        assert now["joyflash_cache_held_tokens"] > 0
        assert now["joyflash_requests_prompt_tokens_in_flight"] > 5
        server.model.gate.set()
        assert [future.result().status_code for future in waiting] == [200] * 5


def test_drafts_are_counted_by_position() -> None:
    with live_server() as server:
        statistics = server.engine.engine.statistics
        statistics.note_drafts(3, 1)
        statistics.note_drafts(2, 2)
        statistics.preemptions += 4
        now = metrics(server)
    assert [now[f'joyflash_mtp_drafted_tokens_total{{position="{k}"}}'] for k in (1, 2, 3)] == [2, 2, 1]
    assert [now[f'joyflash_mtp_accepted_tokens_total{{position="{k}"}}'] for k in (1, 2, 3)] == [2, 1, 0]
    assert now["joyflash_preemptions_total"] == 4


def test_prompt_tokens_in_flight_are_bounded() -> None:
    door = Admission(max_requests=10, max_tokens=100)
    with door.admit(1000):  # alone, a request may be as long as the context
        with pytest.raises(ApiError) as caught, door.admit(1):
            pass
        assert caught.value.status == 429 and "Retry-After" in caught.value.headers
        with pytest.raises(ApiError) as full:
            door.check_room()
        assert full.value.status == 503
    with door.admit(60), door.admit(40):
        assert door.tokens == 100
    assert (door.tokens, door.in_flight) == (0, 0)
    door.check_room()


def test_a_full_server_is_not_ready_but_alive() -> None:
    with live_server(ServerSettings(max_requests=1)) as server, ThreadPoolExecutor(1) as pool:
        server.model.gate.clear()
        future = pool.submit(server.chat)
        assert wait_for(lambda: server.admission.in_flight == 1)
        response = server.http.get("/ready")
        assert response.status_code == 503 and response.headers["retry-after"] == "1"
        assert server.http.get("/health").status_code == 200
        server.model.gate.set()
        assert future.result().status_code == 200
        assert wait_for(lambda: server.http.get("/ready").status_code == 200)


def record(**fields: Any) -> RequestRecord:
    made = RequestRecord("req_1", "POST", "127.0.0.1")
    for name, value in fields.items():
        setattr(made, name, value)
    return made


def logged(made: RequestRecord, **settings: Any) -> str:
    out = io.StringIO()
    RequestLog(ServerSettings(**settings), out).write(made, 1.5)
    return out.getvalue()


def test_a_log_line_of_either_form_tells_everything_but_the_text() -> None:
    secret = record(
        status=200, endpoint="/v1/x", model="a b\nstatus=500", prompt_tokens=7, body={"messages": ["secret"]}
    )
    assert logged(secret) == ""
    line = logged(secret, log_format="json")
    entry = json.loads(line)
    assert entry["request_id"] == "req_1" and entry["status"] == 200 and entry["seconds"] == 1.5
    assert entry["model"] == "a b\nstatus=500" and entry["prompt_tokens"] == 7 and "secret" not in line
    text = logged(secret, log_format="text")
    assert text.count("\n") == 1 and "secret" not in text and re.search(r"\bstatus=200\b", text)
    for form in ("json", "text"):
        assert "secret" in logged(secret, log_format=form, log_bodies=True)


def test_requests_are_logged_with_the_id_that_the_caller_sees(capfd: pytest.CaptureFixture[str]) -> None:
    with live_server(ServerSettings(log_format="json")) as server:
        good = server.chat("hello there")
        bad = server.chat(max_token=1)
        server.wait_until_idle()
    lines = [json.loads(line) for line in capfd.readouterr().err.splitlines() if line.startswith("{")]
    entries = {line["request_id"]: line for line in lines}
    entry = entries[good.headers["x-request-id"]]
    usage = good.json()["usage"]
    assert entry["endpoint"] == "/v1/chat/completions" and entry["model"] == "nano" and entry["stream"] is False
    assert entry["completion_tokens"] == usage["completion_tokens"]
    assert 0 < entry["first_token_seconds"] <= entry["seconds"]
    assert entries[bad.headers["x-request-id"]]["error"] == "unknown_parameter"
    assert "hello there" not in json.dumps(lines)


def test_every_response_has_a_request_id(server: LiveServer) -> None:
    seen = set()
    for path in ("/", "/health", "/ready", "/metrics", "/v1/models", "/nothing"):
        headers = server.http.get(path).headers
        assert headers["x-request-id"] == headers["request-id"]
        seen.add(headers["x-request-id"])
    assert len(seen) == 6


def test_tokenize_and_back(server: LiveServer) -> None:
    tokenizer = server.engine.engine.tokenizer
    body = server.http.post("/tokenize", json={"prompt": "Hi 你好", "return_token_strs": True}).json()
    assert body["tokens"] == [tokenizer.bos_id, *tokenizer.encode("Hi 你好")] and body["count"] == len(body["tokens"])
    assert body["max_model_len"] == 2048 and body["token_strs"][0] == tokenizer.bos_token
    plain = server.http.post("/tokenize", json={"prompt": "Hi 你好", "add_special_tokens": False}).json()
    assert plain["tokens"] == body["tokens"][1:] and "token_strs" not in plain
    assert server.http.post("/detokenize", json={"tokens": plain["tokens"]}).json() == {"prompt": "Hi 你好"}


def test_tokenize_renders_the_prompt_that_chat_gets(server: LiveServer) -> None:
    tool = {"type": "function", "function": {"name": "add"}}
    for fields in ({}, {"tools": [tool]}, {"reasoning_effort": "high"}):
        chat = {"messages": [{"role": "user", "content": "hello"}], **fields}
        body = server.http.post("/tokenize", json={"model": "nano", **chat}).json()
        assert body["count"] == server.chat("hello", **fields).json()["usage"]["prompt_tokens"]
    long = {"messages": [{"role": "user", "content": "word " * 3000}]}
    assert server.http.post("/tokenize", json=long).json()["count"] > 2048


@pytest.mark.parametrize(
    ("path", "body", "param"),
    [
        ("/tokenize", {}, "prompt"),
        ("/tokenize", {"prompt": "a", "messages": []}, "prompt"),
        ("/tokenize", {"prompt": ["a"]}, "prompt"),
        ("/tokenize", {"prompt": "a", "tools": []}, "tools"),
        (
            "/tokenize",
            {"messages": [{"role": "user", "content": "a"}], "add_special_tokens": True},
            "add_special_tokens",
        ),
        ("/tokenize", {"messages": [{"role": "robot", "content": "a"}]}, "messages[0].role"),
        ("/tokenize", {"promt": "a"}, "promt"),
        ("/detokenize", {}, "tokens"),
        ("/detokenize", {"tokens": ["a"]}, "tokens[0]"),
        ("/detokenize", {"tokens": [1, 99_999_999]}, "tokens[1]"),
        ("/detokenize", {"tokens": [1], "skip": True}, "skip"),
    ],
)
def test_what_cannot_be_tokenized_is_a_400(server: LiveServer, path: str, body: dict[str, Any], param: str) -> None:
    response = server.http.post(path, json=body)
    assert response.status_code == 400 and response.json()["error"]["param"] == param, response.text


def test_another_model_is_a_404(server: LiveServer) -> None:
    for path, body in (("/tokenize", {"prompt": "a"}), ("/detokenize", {"tokens": [1]})):
        assert server.http.post(path, json={"model": "gpt-5", **body}).status_code == 404


def test_tokenizing_wants_the_key() -> None:
    with live_server(ServerSettings(api_keys=("key",))) as server:
        for path, body in (("/tokenize", {"prompt": "a"}), ("/detokenize", {"tokens": [1]})):
            assert server.http.post(path, json=body).status_code == 401
            assert server.http.post(path, json=body, headers={"x-api-key": "key"}).status_code == 200
        assert server.http.get("/metrics").status_code == 200


def test_the_openapi_document_lists_every_route_and_no_other(server: LiveServer) -> None:
    document = server.http.get("/openapi.json").json()
    described = {(path, method) for path, entry in document["paths"].items() for method in entry}
    for path, method in described:
        target = re.sub(r"\{\w+\}", "none", path)
        response = server.http.request(method, target)
        assert response.status_code != 405, (method, path)
        if response.status_code == 404:
            assert response.json()["error"]["code"] != "unknown_url", (method, path)
        assert str(response.status_code) in document["paths"][path][method]["responses"]
    routes = {
        (re.sub(r":path\}", "}", route.path), method.lower())
        for route in create_app(server.engine, ServerSettings()).routes
        for method in getattr(route, "methods", None) or ()
        if method != "HEAD"
    }
    assert routes - described == {("/", "get"), ("/openapi.json", "get")}
