"""SIGTERM while many requests run: what was accepted is answered, what comes then is refused, exit 0."""

from __future__ import annotations

import json
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx

from tests.server.live import CHAT
from tests.server.test_lifecycle import LONG, process

CALLERS, KNOCKERS, TOKENS = 24, 3, 40


def test_sigterm_under_load() -> None:
    """24 callers on 4 slots, half of them streaming; others keep knocking."""
    many = httpx.Limits(max_connections=CALLERS + KNOCKERS + 1)
    with (
        process(drain_seconds=120) as (running, url),
        httpx.Client(base_url=url, timeout=120, limits=many) as http,
        ThreadPoolExecutor(CALLERS + KNOCKERS) as pool,
    ):
        over = threading.Event()

        def ask(index: int) -> str:
            body = {**LONG, "max_tokens": TOKENS, "stream": index % 2 == 0}
            response = http.post(CHAT, json=body)
            if response.status_code != 200:
                return f"{response.status_code} {response.headers.get('retry-after')}"
            if index % 2 == 0:
                events = response.text.strip().split("\n\n")
                return "whole" if events[-1] == "data: [DONE]" and "finish_reason" in events[-2] else "cut"
            return "whole" if response.json()["usage"]["completion_tokens"] == TOKENS else "cut"

        def knock(_: int) -> list[str]:
            met = []
            while not over.is_set():
                try:
                    met.append(ask(1))
                except httpx.ConnectError:
                    met.append("gone")  # the port is closed: the process has ended
                    break
                except httpx.TransportError as error:
                    met.append(type(error).__name__)
                time.sleep(0.1)
            return met

        accepted = [pool.submit(ask, index) for index in range(CALLERS)]
        while _in_flight(http) < CALLERS:
            assert not any(future.done() for future in accepted), "the machine is too fast for this test: raise TOKENS"
            time.sleep(0.02)
        running.send_signal(signal.SIGTERM)
        late = [pool.submit(knock, index) for index in range(KNOCKERS)]
        assert [future.result() for future in accepted] == ["whole"] * CALLERS
        assert running.wait(60) == 0
        over.set()
        answers = [answer for future in late for answer in future.result()]
        assert answers.count("503 10") >= KNOCKERS
        # Where the process ends between a knock and its answer, the connection is reset; nothing else may happen.
        assert set(answers) <= {"503 10", "gone", "ReadError", "RemoteProtocolError"}, json.dumps(answers)


def _in_flight(http: httpx.Client) -> int:
    page = http.get("/metrics").text
    return int(float(page.split("\njoyflash_requests_in_flight ")[1].split("\n")[0]))
