"""A server that speaks OpenAI's wire form from a script and serves the real page: what it sends is known exactly."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from joyflash.server.run import bind
from joyflash.server.web_chat import add_web_chat


@dataclass(frozen=True)
class Refusal:
    """The whole answer is an error."""

    status: int
    message: str
    code: str | None = None
    headers: dict[str, str] = field(default_factory=dict)


HOLD = "hold"
"""Wait until `gate` is set."""
CUT = "cut"
"""Break the connection off."""
END = "end"
"""End the stream as if it were complete, but without the end mark."""
Step = dict[str, Any] | str
"""A delta of the message, text as its content, HOLD, CUT or END; `{"usage": …}` goes into the chunk itself."""
Script = Callable[[dict[str, Any]], list[Step] | Refusal]


@dataclass
class Upstream:
    """A running fake; `bodies` are the requests it got, `gate` lets held answers go on."""

    url: str
    script: Script
    bodies: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)
    key: str | None = None
    models: list[str] = field(default_factory=lambda: ["nano", "other/model"])
    gate: threading.Event = field(default_factory=threading.Event)
    hung_up: int = 0

    def wait_for_hang_up(self, seconds: float = 10) -> bool:
        end = time.monotonic() + seconds
        while not self.hung_up and time.monotonic() < end:
            time.sleep(0.02)
        return self.hung_up > 0


def call(index: int, name: str, arguments: str, call_id: str | None = None) -> Step:
    """A whole call in one delta."""
    function = {"name": name, "arguments": arguments}
    return {
        "tool_calls": [{"index": index, "id": call_id or f"call_{index}", "type": "function", "function": function}]
    }


def usage(tokens: int, prompt: int = 10, thought: int = 0, drafted: int = 0, accepted: int = 0) -> Step:
    """A chunk's usage so far."""
    details = {"reasoning_tokens": thought}
    drafts = {"drafted_tokens": drafted, "accepted_tokens": accepted}
    return {
        "usage": {
            "prompt_tokens": prompt,
            "completion_tokens": tokens,
            "completion_tokens_details": details,
            "joyflash": drafts,
        }
    }


def _app(upstream: Upstream) -> FastAPI:
    app = FastAPI()
    add_web_chat(app)

    def refused(request: Request) -> Response | None:
        upstream.keys.append(request.headers.get("authorization"))
        if upstream.key and upstream.keys[-1] != f"Bearer {upstream.key}":
            return JSONResponse({"error": {"message": "no such key", "code": "invalid_api_key"}}, 401)
        return None

    @app.get("/v1/models")
    async def models(request: Request) -> Response:
        data = [{"id": name, "object": "model"} for name in upstream.models]
        return refused(request) or JSONResponse({"object": "list", "data": data})

    @app.post("/v1/chat/completions")
    async def chat(request: Request) -> Response:
        if refusal := refused(request):
            return refusal
        body = await request.json()
        upstream.bodies.append(body)
        steps = upstream.script(body)
        if isinstance(steps, Refusal):
            error = {"message": steps.message, "code": steps.code, "type": "invalid_request_error"}
            return JSONResponse({"error": error}, steps.status, headers=steps.headers)
        return StreamingResponse(_stream(upstream, steps), media_type="text/event-stream")

    return app


async def _stream(upstream: Upstream, steps: list[Step]) -> AsyncGenerator[bytes, None]:
    finish = "stop"
    try:
        yield b": a comment, as proxies like it\n\n"
        for step in steps:
            if step == HOLD:
                while not upstream.gate.is_set():
                    await asyncio.sleep(0.01)
                continue
            if step == CUT:
                await asyncio.sleep(0.2)
                raise RuntimeError("cut")  # uvicorn breaks the connection off
            if step == END:
                return
            if isinstance(step, dict) and "finish" in step:
                finish = step["finish"]
                continue
            if isinstance(step, dict) and "tool_calls" in step:
                finish = "tool_calls"
            yield _chunk(step)
            await asyncio.sleep(0.005)
        yield _event({"choices": [{"index": 0, "delta": {}, "finish_reason": finish}]})
        yield b"data: [DONE]\n\n"
    except asyncio.CancelledError:
        upstream.hung_up += 1
        raise


def _chunk(step: Step) -> bytes:
    delta = {"content": step} if isinstance(step, str) else step
    extra = {"usage": delta["usage"]} if "usage" in delta else {}
    delta = {} if "usage" in delta else delta
    return _event({"choices": [{"index": 0, "delta": delta, "finish_reason": None}], **extra})


def _event(payload: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(payload).encode() + b"\n\n"


@contextmanager
def upstream(script: Script) -> Iterator[tuple[Upstream, Callable[[], None]]]:
    """Serve a script until the block ends; gives the upstream and a function that stops it at once."""
    listener = bind("127.0.0.1", 0)
    running = Upstream(f"http://127.0.0.1:{listener.getsockname()[1]}", script)
    config = uvicorn.Config(_app(running), log_level="critical", timeout_graceful_shutdown=0)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()

    def stop() -> None:
        server.should_exit = server.force_exit = True
        thread.join(10)
        listener.close()

    try:
        while not server.started:
            time.sleep(0.01)
        yield running, stop
    finally:
        running.gate.set()
        stop()
