"""Cancellation, overload, failures and shutting down."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from joyflash.server.admission import Admission
from joyflash.server.errors import ApiError
from joyflash.server.settings import ServerSettings
from tests.server.live import CHAT, LiveServer, live_server

ROOT = Path(__file__).parents[2]
LONG = {"model": "nano", "messages": [{"role": "user", "content": "dream"}], "ignore_eos": True, "max_tokens": 1900}


def wait_for(condition: Callable[[], bool], seconds: float = 60) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.01)
    return False


def test_a_caller_who_hangs_up_during_a_stream_frees_the_slot(server: LiveServer) -> None:
    with server.http.stream("POST", CHAT, json={**LONG, "stream": True}) as response:
        lines = response.iter_lines()
        for _ in range(6):
            next(lines)
        assert server.engine.engine.has_work
        steps = server.model.steps
    assert server.wait_until_idle()
    assert server.model.steps < steps + 1800


def test_a_caller_who_hangs_up_while_waiting_frees_the_slot(server: LiveServer) -> None:
    steps = server.model.steps
    address = httpx.URL(server.url)
    body = json.dumps(LONG)
    head = f"POST {CHAT} HTTP/1.1\r\nHost: {address.host}\r\nContent-Type: application/json\r\n"
    with socket.create_connection((address.host, address.port)) as connection:
        connection.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode())
        assert wait_for(lambda: server.model.steps > steps + 20)
    assert server.wait_until_idle()
    assert server.model.steps < steps + 1800


def test_too_many_requests_get_a_429_at_once() -> None:
    with live_server(ServerSettings(max_requests=2)) as server, ThreadPoolExecutor(2) as pool:
        server.model.gate.clear()
        waiting = [pool.submit(server.chat, stream=stream) for stream in (False, True)]
        assert wait_for(lambda: server.admission.in_flight == 2)
        for stream in (False, True):
            response = server.chat(stream=stream)
            assert response.status_code == 429
            assert response.json()["error"]["type"] == "rate_limit_error"
            assert int(response.headers["retry-after"]) >= 1
        server.model.gate.set()
        assert [future.result().status_code for future in waiting] == [200, 200]
        assert server.wait_until_idle()
        assert server.chat().status_code == 200


def test_a_full_line_in_the_engine_is_a_429_also_for_streams() -> None:
    with live_server(slots=1, max_waiting=3) as server:
        for stream in (False, True):
            response = server.chat(n=4, stream=stream)
            assert response.status_code == 429, response.text
            assert "retry-after" in response.headers
        assert server.chat().status_code == 200
        assert server.wait_until_idle()


def test_an_internal_failure_is_a_500_that_tells_nothing() -> None:
    def script(prompt: str) -> str:
        if "fail" in prompt:
            raise RuntimeError("secret detail")
        return "fine"

    with live_server(script=script) as server:
        response = server.chat("fail")
        assert response.status_code == 500
        error = response.json()["error"]
        assert error["type"] == "server_error"
        assert "secret" not in response.text
        assert response.headers["x-request-id"] in error["message"]
        streamed = server.chat("fail", stream=True).text
        assert "secret" not in streamed
        assert "[DONE]" not in streamed
        last = json.loads(streamed.strip().split("\n\n")[-1].removeprefix("data: "))
        assert last["error"]["type"] == "server_error"
        assert server.wait_until_idle()
        assert server.chat("hello").json()["choices"][0]["message"]["content"] == "fine"


def test_a_failure_before_the_engine_is_a_500_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def explode(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError("secret detail")

    with live_server() as server:
        monkeypatch.setattr("joyflash.server.openai_chat.read_chat_request", explode)
        response = server.chat()
        assert response.status_code == 500
        assert "secret" not in response.text
        assert "x-request-id" in response.headers


def test_silence_on_a_stream_is_filled_with_comments() -> None:
    with live_server(ServerSettings(keep_alive_seconds=0.05)) as server, ThreadPoolExecutor(1) as pool:
        server.model.gate.clear()
        future = pool.submit(server.chat, stream=True)
        time.sleep(0.4)
        server.model.gate.set()
        assert future.result().text.count(": still working") >= 3


def test_while_draining_new_requests_get_a_503() -> None:
    with live_server() as server:
        assert server.http.get("/ready").json() == {"status": "ready"}
        server.admission.draining = True
        for response in (server.chat(), server.http.get("/ready")):
            assert response.status_code == 503
            assert response.json()["error"]["code"] == "draining"
            assert "retry-after" in response.headers
        assert server.http.get("/health").json() == {"status": "ok"}


def test_draining_closes_the_door_and_waits_for_those_inside() -> None:
    async def scenario() -> None:
        admission = Admission(max_requests=2, max_tokens=100)
        with admission.admit():
            assert not await admission.drain(0.01)
            with pytest.raises(ApiError):
                admission.check_open()
        assert await admission.drain(0.01)

    asyncio.run(scenario())


def test_a_server_whose_engine_fails_at_every_step_says_so() -> None:
    lost: list[bool] = []

    def script(prompt: str) -> str:
        if lost:
            raise RuntimeError("secret detail")
        return "fine"

    with live_server(script=script) as server:
        lost.append(True)
        for _ in range(8):
            assert server.http.get("/health").status_code == 200
            assert server.chat().status_code == 500
        for path in ("/health", "/ready"):
            response = server.http.get(path)
            assert response.status_code == 503 and response.json()["error"]["code"] == "engine_failed"
            assert "steps of the engine failed" in response.text and "secret" not in response.text
        lost.clear()
        assert server.chat().status_code == 200
        assert server.http.get("/health").status_code == server.http.get("/ready").status_code == 200
        server.engine.close(timeout=0)
        assert server.http.get("/health").status_code == server.http.get("/ready").status_code == 503


def test_a_closed_engine_is_a_503() -> None:
    with live_server() as server:
        server.engine.close(timeout=0)
        assert server.chat().status_code == 503


PROGRAM = """
import sys
from joyflash.errors import JoyflashError
from joyflash.server.run import serve
from joyflash.server.admission import Admission
from joyflash.server.errors import ApiError
from joyflash.server.settings import ServerSettings
from tests.server.fakes import script, scripted_engine
try:
    serve(lambda: scripted_engine(script)[0], ServerSettings(port=int(sys.argv[1]), drain_seconds=float(sys.argv[2])))
except JoyflashError as error:
    sys.exit(f"joyflash: {error}")
"""


@contextmanager
def process(port: int = 0, drain_seconds: float = 20) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A server process and its URL."""
    command = [sys.executable, "-c", PROGRAM, str(port), str(drain_seconds)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    pipe = subprocess.PIPE
    running = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=pipe, stderr=pipe, text=True)
    assert running.stdout is not None
    try:
        line = running.stdout.readline()
        assert "chat at http://127.0.0.1:" in line, line
        yield running, line.split("chat at ")[1].split("/ ")[0]
    finally:
        running.kill()
        running.communicate()


@pytest.mark.parametrize("sig", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_running_requests_end_and_exits_with_0(sig: signal.Signals) -> None:
    with process() as (running, url), ThreadPoolExecutor(1) as pool:
        assert httpx.get(f"{url}/ready", timeout=60).status_code == 200
        lines: list[str] = []
        begun = threading.Event()

        def read() -> None:
            with httpx.stream(
                "POST", url + CHAT, json={**LONG, "max_tokens": 700, "stream": True}, timeout=30
            ) as response:
                for line in response.iter_lines():
                    lines.append(line)
                    begun.set()

        future = pool.submit(read)
        assert begun.wait(60)
        running.send_signal(sig)
        assert wait_for(lambda: httpx.get(f"{url}/ready", timeout=60).status_code == 503)
        assert httpx.post(url + CHAT, json=LONG, timeout=60).status_code == 503
        future.result()
        assert "data: [DONE]" in lines
        assert running.wait(200) == 0


def test_requests_that_outlast_the_drain_are_ended() -> None:
    body = {**LONG, "stream": True, "n": 4}
    with (
        process(drain_seconds=0.3) as (running, url),
        httpx.stream("POST", url + CHAT, json=body, timeout=60) as response,
    ):
        lines = response.iter_lines()
        next(lines)
        running.send_signal(signal.SIGTERM)
        assert running.wait(200) == 0
        with pytest.raises(httpx.HTTPError):
            list(lines)


def test_a_port_in_use_is_one_clear_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        command = [sys.executable, "-c", PROGRAM, str(port), "1"]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False
        )
    assert done.returncode == 1
    assert done.stderr.strip() == (
        f"joyflash: Port {port} on 127.0.0.1 is in use. Stop the other server or choose another with --port."
    )
