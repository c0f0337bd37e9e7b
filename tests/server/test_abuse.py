"""Hostile and clumsy clients; the long and dear part is `benchmarks/abuse.py`."""

from __future__ import annotations

import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from joyflash.server import intake
from joyflash.server.batch_lines import read_batch
from joyflash.server.body import MAX_BRACKETS
from joyflash.server.run import bind
from joyflash.server.settings import ServerSettings
from joyflash.text.schemas import MAX_DEPTH, is_deeper
from joyflash.text.tokenizer import Tokenizer
from tests.server.live import CHAT, LiveServer, live_server

HEAD = f"POST {CHAT} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n".encode()
QUESTION = {"model": "nano", "messages": [{"role": "user", "content": "hello"}]}
STREAM = {**QUESTION, "messages": [{"role": "user", "content": "dream"}], "stream": True, "ignore_eos": True}


@contextmanager
def connection(server: LiveServer, receive_buffer: int = 0) -> Iterator[socket.socket]:
    """A bare connection, which is cut at the end."""
    url = httpx.URL(server.url)
    with socket.socket() as plain:
        if receive_buffer:
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        plain.settimeout(30)
        plain.connect((url.host, url.port))
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        yield plain


def said(plain: socket.socket) -> bytes:
    """All that comes until the server closes the connection."""
    parts = []
    try:
        while part := plain.recv(1 << 16):
            parts.append(part)
    except ConnectionError:
        pass
    return b"".join(parts)


def exchange(server: LiveServer, data: bytes) -> bytes:
    with connection(server) as plain:
        plain.sendall(data)
        return said(plain)


def soon(condition: Callable[[], bool], seconds: float = 30) -> bool:
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    return condition()


def test_a_head_that_does_not_come_ends_the_connection() -> None:
    with live_server(ServerSettings(head_seconds=0.4)) as server:
        for begun in (b"", b"PO", HEAD + b"X-Slow: "):
            start = time.monotonic()
            assert exchange(server, begun) == b""
            assert time.monotonic() - start > 0.3
        # Also behind a first answer, and only where a head is awaited: a long answer is none of its concern.
        body = json.dumps(QUESTION).encode()
        with connection(server) as plain:
            plain.sendall(HEAD + f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
            assert plain.recv(1 << 16).startswith(b"HTTP/1.1 200")
            plain.sendall(b"GET /hea")
            said(plain)
        server.model.gate.clear()
        with ThreadPoolExecutor(1) as pool:
            answer = pool.submit(server.chat)
            time.sleep(0.8)
            server.model.gate.set()
            assert answer.result().status_code == 200


def test_a_body_that_trickles_is_a_408() -> None:
    with live_server(ServerSettings(body_seconds=0.4)) as server:
        for path, kind in ((CHAT, "application/json"), ("/v1/files", "multipart/form-data; boundary=x")):
            head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}\r\nContent-Length: 1000\r\n\r\n"
            answer = exchange(server, head.encode() + (b"{" if path == CHAT else b"--x\r\n"))
            assert answer.startswith(b"HTTP/1.1 408 ") and b"connection: close" in answer.lower()
            assert b'"code":"request_timeout"' in answer
        # A pace of 16 KiB a second is enough, however long the whole takes.
        body = json.dumps(QUESTION).encode().ljust(60_000)
        with connection(server) as plain:
            plain.sendall(HEAD + f"Connection: close\r\nContent-Length: {len(body)}\r\n\r\n".encode())
            for begin in range(0, len(body), 10_000):
                plain.sendall(body[begin : begin + 10_000])
                time.sleep(0.15)
            assert said(plain).startswith(b"HTTP/1.1 200 ")


def test_a_client_that_does_not_read_loses_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    def bind_with_little_room(host: str, port: int) -> socket.socket:
        listener = bind(host, port)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        return listener

    monkeypatch.setattr("tests.server.live.bind", bind_with_little_room)
    with live_server(ServerSettings(read_seconds=0.5), slots=2) as server:
        body = json.dumps({**STREAM, "max_tokens": 200, "logprobs": True, "top_logprobs": 20}).encode()
        with connection(server, receive_buffer=2048) as plain:
            plain.sendall(HEAD + f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
            assert soon(lambda: server.admission.in_flight == 1)
            assert soon(lambda: server.admission.in_flight == 0)  # only the server can have ended it
            assert server.chat().status_code == 200
            assert b"[DONE]" not in said(plain)


def test_too_many_connections_are_a_503() -> None:
    with live_server(ServerSettings(max_connections=4)) as server, ExitStack() as stack:
        assert server.chat().status_code == 200
        server.http.close()
        for _ in range(4):
            stack.enter_context(connection(server))
        time.sleep(0.2)
        answer = exchange(server, b"")
        assert answer.startswith(b"HTTP/1.1 503 ") and b"Retry-After: 1\r\n" in answer
        assert b"x-request-id: req_" in answer and b'"too_many_connections"' in answer
        stack.close()
        assert soon(lambda: httpx.get(server.url + "/health").status_code == 200)


def test_all_bodies_together_are_bounded() -> None:
    with live_server(ServerSettings(max_bodies_bytes=100_000)) as server, ExitStack() as stack:
        for _ in range(2):
            plain = stack.enter_context(connection(server))
            plain.sendall(HEAD + b"Content-Length: 50000\r\n\r\n" + b" " * 45_000)
        time.sleep(0.3)
        long = httpx.post(server.url + CHAT, json={**QUESTION, "user": "x" * 20_000})
        assert long.status_code == 429 and int(long.headers["retry-after"]) >= 1
        assert server.chat().status_code == 200
        stack.close()
        assert soon(lambda: httpx.post(server.url + CHAT, json={**QUESTION, "user": "x" * 20_000}).status_code == 200)


def test_uploads_at_once_are_bounded() -> None:
    head = b"POST /v1/files HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=x\r\n"
    with live_server() as server, ExitStack() as stack:
        for _ in range(8):
            stack.enter_context(connection(server)).sendall(head + b"Content-Length: 50000\r\n\r\n--x")
        time.sleep(0.3)
        answer = exchange(server, head + b"Content-Length: 3\r\n\r\n--x")
        assert answer.startswith(b"HTTP/1.1 429 ") and b"retry-after: 1" in answer.lower()
        stack.close()
        form = {"files": {"file": ("a.jsonl", b"{}")}, "data": {"purpose": "batch"}}
        assert soon(lambda: httpx.post(server.url + "/v1/files", **form).status_code == 200)


@pytest.mark.parametrize(
    ("path", "body", "param"),
    [
        (CHAT, {**QUESTION, "messages": [{"role": "user", "content": "word " * 100_000}]}, "messages"),
        ("/v1/completions", {"model": "nano", "prompt": ["x", "word " * 100_000]}, "prompt[1]"),
        ("/v1/completions", {"model": "nano", "prompt": [1] * 200_000}, "prompt"),
        ("/v1/responses", {"model": "nano", "input": "word " * 100_000}, "input"),
        ("/v1/responses/input_tokens", {"model": "nano", "input": "word " * 600_000}, "input"),
        ("/v1/messages", {**QUESTION, "max_tokens": 5, "system": "word " * 100_000}, "messages"),
        ("/v1/messages/count_tokens", {**QUESTION, "system": "word " * 600_000}, "messages"),
        ("/tokenize", {"model": "nano", "prompt": "word " * 600_000}, "prompt"),
    ],
)
def test_far_too_long_a_text_is_refused_without_reading_it(
    server: LiveServer, monkeypatch: pytest.MonkeyPatch, path: str, body: dict[str, Any], param: str
) -> None:
    monkeypatch.setattr("joyflash.text.tokenizer.Tokenizer.encode", lambda self, text: [1] if len(text) < 9 else 1 / 0)
    response = server.http.post(path, json=body)
    assert response.status_code == 400, response.text
    assert f"'{param}'" in response.text or response.json()["error"]["param"] == param
    monkeypatch.undo()


def test_a_text_as_long_as_the_context_allows_is_read(server: LiveServer) -> None:
    """The bound is on what no tokenizer could fit, and not a token tighter."""
    tokenizer = server.engine.engine.tokenizer
    spellings = [tokenizer.token_bytes(token_id) for token_id in range(tokenizer.vocab_size)]
    longest = max(spellings, key=len).decode()
    tokenizer.check_length(longest * 50, 50, "prompt")
    with pytest.raises(Exception, match="at least 51 tokens"):
        tokenizer.check_length(longest * 50 + "x", 50, "prompt")


def test_freed_memory_is_given_back_behind_long_bodies(server: LiveServer, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[int] = []
    monkeypatch.setattr(intake, "give_memory_back", lambda: given.append(1))
    for length, times in ((1000, 0), (intake.LONG_BYTES, 1)):
        assert httpx.post(server.url + CHAT, json={**QUESTION, "user": "x" * length}).status_code in (200, 400)
        assert soon(lambda times=times: len(given) == times, 10) and len(given) == times


def test_long_bodies_do_not_hold_up_short_ones(server: LiveServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """However long the long ones take: here they wait until the short ones have been answered."""
    encode, reading, answered = Tokenizer.encode, threading.Semaphore(0), threading.Event()

    def slow(self: Tokenizer, text: str) -> list[int]:
        if len(text) > intake.LONG_BYTES:
            reading.release()
            assert answered.wait(60)
        return encode(self, text)

    monkeypatch.setattr(Tokenizer, "encode", slow)
    body = {"model": "nano", "prompt": "word " * 20_000}
    with ThreadPoolExecutor(12) as pool:
        try:
            long = [pool.submit(httpx.post, f"{server.url}/tokenize", json=body, timeout=120) for _ in range(12)]
            assert reading.acquire(timeout=60)
            assert httpx.get(f"{server.url}/health", timeout=30).status_code == 200
            assert httpx.post(f"{server.url}/tokenize", json={**body, "prompt": "hi"}, timeout=30).status_code == 200
            assert not any(future.done() for future in long)
        finally:
            answered.set()
        assert [future.result().status_code for future in long] == [200] * 12


@pytest.mark.parametrize("body", [b'{"user": [' + b"[]," * MAX_BRACKETS + b"[]]}", b"{" * (MAX_BRACKETS + 1)])
def test_too_many_brackets_are_a_400(server: LiveServer, body: bytes) -> None:
    response = server.http.post(CHAT, content=body, headers={"content-type": "application/json"})
    assert response.status_code == 400
    assert "brackets" in response.json()["error"]["message"]


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(100),
        b"GET /\xff\xfe HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: localhost\r\n" + b"X-Many: 1\r\n" * 100_000 + b"\r\n",
        b"GET /health HTTP/1.1\r\nHost: localhost\r\nX-Long: " + b"a" * 1_000_000 + b"\r\n\r\n",
        HEAD + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n",
        HEAD + b"Content-Length: -1\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
    ],
)
def test_what_is_no_http_is_a_400_with_an_id(server: LiveServer, request_bytes: bytes) -> None:
    answer = exchange(server, request_bytes)
    assert answer == b"" or answer.startswith(b"HTTP/1.1 400 "), answer[:200]  # cut where the rest was not read
    if answer:
        head, _, body = answer.partition(b"\r\n\r\n")
        assert b"request-id: req_" in head
        assert json.loads(body)["error"]["type"] == "invalid_request_error"


@pytest.mark.parametrize("header", [b"Authorization: Bearer \xff\xfe", b"x-api-key: \xe4\xbd\xa0", b"X: \x80"])
def test_headers_that_are_no_text_do_no_harm(header: bytes) -> None:
    with live_server(ServerSettings(api_keys=("key",))) as server:
        answer = exchange(server, b"GET /v1/models HTTP/1.1\r\nHost: t\r\nConnection: close\r\n" + header + b"\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 401 ")


def test_ten_thousand_tools_are_a_400(server: LiveServer) -> None:
    names = [f"tool_{index}" for index in range(10_000)]
    chat = [{"type": "function", "function": {"name": name}} for name in names]
    flat = [{"name": name, "input_schema": {"type": "object"}} for name in names]
    responses = [{"type": "function", "name": name, "parameters": {}, "strict": False} for name in names]
    for path, body in (
        (CHAT, {**QUESTION, "tools": chat}),
        ("/v1/messages", {**QUESTION, "max_tokens": 5, "tools": flat}),
        ("/v1/responses", {"model": "nano", "input": "x", "tools": responses}),
        ("/tokenize", {"messages": QUESTION["messages"], "tools": chat}),
    ):
        response = server.http.post(path, json=body)
        assert response.status_code == 400 and "10000" in response.text, (path, response.text[:200])


def test_a_storm_of_cut_connections_leaves_nothing_behind(server: LiveServer) -> None:
    bodies = [json.dumps({**STREAM, "stream": stream, "max_tokens": 1000}).encode() for stream in (True, False)]

    def storm(index: int) -> None:
        body = bodies[index % 2]
        request = HEAD + f"Content-Length: {len(body)}\r\n\r\n".encode() + body
        with connection(server) as plain:
            plain.sendall(request[: len(request) - (index % 3) * 20])
            time.sleep(0.01 * (index % 5))

    with ThreadPoolExecutor(20) as pool:
        list(pool.map(storm, range(100)))
    assert server.wait_until_idle()
    assert server.engine.engine.cache_use.held == 0


def test_many_more_requests_than_places_are_answered_or_refused() -> None:
    with live_server(ServerSettings(max_requests=8), slots=4) as server, ThreadPoolExecutor(64) as pool:
        limits = httpx.Limits(max_connections=64)
        with httpx.Client(base_url=server.url, timeout=120, limits=limits) as http:
            answers = list(pool.map(lambda _: http.post(CHAT, json={**QUESTION, "max_tokens": 3}), range(200)))
        assert {answer.status_code for answer in answers} <= {200, 429}
        assert all("retry-after" in answer.headers for answer in answers if answer.status_code == 429)
        assert sum(answer.status_code == 200 for answer in answers) >= 8
        assert server.wait_until_idle()


def test_lines_of_a_batch_are_bounded(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    deep = '{"prompt": "x", "tools": ' + "[" * 80 + "]" * 80 + "}"
    file.write_text("\n".join(['{"prompt": "a"}', '{"prompt": "' + "b" * 200 + '"}', deep]))
    faults = [line.fault for line in read_batch(file, {}, longest=190)]
    assert faults[0] == "" and "longer than 190" in faults[1] and "64 levels" in faults[2]
    assert len(read_batch(file, {}, most_lines=3)) == 3
    with pytest.raises(Exception, match="more than 2 lines"):
        read_batch(file, {}, most_lines=2)


def test_depth() -> None:
    value: Any = 1
    for _ in range(63):
        value = [value]
    assert not is_deeper({"a": value}, MAX_DEPTH)
    assert is_deeper({"a": [value]}, MAX_DEPTH)
