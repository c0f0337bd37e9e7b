"""A real server on a free loopback port, in a thread of the test's process."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import openai
import uvicorn

from joyflash.engine.async_engine import AsyncEngine
from joyflash.server.admission import Admission
from joyflash.server.app import create_app
from joyflash.server.run import bind, make_config
from joyflash.server.settings import ServerSettings
from tests.server.fakes import Script, ScriptedModel, script, scripted_engine

CHAT = "/v1/chat/completions"


@dataclass
class LiveServer:
    """A running server and what tests look at."""

    url: str
    engine: AsyncEngine
    model: ScriptedModel
    admission: Admission
    http: httpx.Client

    def client(self, api_key: str = "EMPTY") -> openai.OpenAI:
        return openai.OpenAI(base_url=f"{self.url}/v1", api_key=api_key, max_retries=0, timeout=60)

    def chat(self, text: str = "hello", **fields: Any) -> httpx.Response:
        """One chat request; `fields` are added to the body, or replace its own."""
        body = {"model": "nano", "messages": [{"role": "user", "content": text}], "temperature": 0, **fields}
        return self.http.post(CHAT, json=body)

    def wait_until_idle(self, seconds: float = 60) -> bool:
        """Whether engine and door were empty within some seconds."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if not self.engine.engine.has_work and self.admission.in_flight == 0:
                return True
            time.sleep(0.02)
        return False


@contextmanager
def served(async_engine: AsyncEngine, settings: ServerSettings) -> Iterator[tuple[str, Admission, httpx.Client]]:
    """Serve an engine until the block ends, then close it; gives the address, the door and a client."""
    admission = Admission(settings.max_requests, settings.max_prompt_tokens)
    listener = bind("127.0.0.1", 0)
    server = uvicorn.Server(make_config(create_app(async_engine, settings, admission), settings))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    with httpx.Client(base_url=url, timeout=60) as http:
        try:
            while not server.started:
                time.sleep(0.01)
            yield url, admission, http
        finally:
            server.should_exit = True
            thread.join(10)
            async_engine.close(timeout=0)
            listener.close()


@contextmanager
def live_server(
    settings: ServerSettings | None = None,
    script: Script = script,
    slots: int = 4,
    max_waiting: int = 256,
    context: int = 2048,
) -> Iterator[LiveServer]:
    """Serve a scripted model until the block ends."""
    async_engine, model = scripted_engine(script, slots, max_waiting, context)
    with served(async_engine, settings or ServerSettings()) as (url, admission, http):
        try:
            yield LiveServer(url, async_engine, model, admission, http)
        finally:
            model.gate.set()
