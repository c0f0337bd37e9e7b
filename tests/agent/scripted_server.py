"""A server that speaks the wire format of chat completions, whole and streamed, and says what a script tells it."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Say:
    """One answer: a text, calls as (name, arguments), or an HTTP status; ``wait`` seconds before every piece."""

    text: str = ""
    calls: Sequence[tuple[str, Any]] = ()
    status: int = 200
    reasoning: str = ""
    finish: str = ""
    wait: float = 0.0
    tokens: int = 10


Script = Callable[[dict[str, Any]], Say]


@dataclass
class ScriptedServer:
    """A running server: its address, and the bodies it was sent."""

    url: str
    bodies: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)


def call_json(place: int, name: str, arguments: Any) -> dict[str, Any]:
    text = arguments if isinstance(arguments, str) else json.dumps(arguments)
    return {"id": f"call_{name}_{place}", "type": "function", "function": {"name": name, "arguments": text}}


def whole(say: Say) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": say.text or None}
    if say.calls:
        message["tool_calls"] = [call_json(place, *call) for place, call in enumerate(say.calls)]
    finish = say.finish or ("tool_calls" if say.calls else "stop")
    return {
        "id": "x", "object": "chat.completion", "created": 1, "model": "toy",
        "choices": [{"index": 0, "message": message, "finish_reason": finish, "logprobs": None}],
        "usage": {"prompt_tokens": say.tokens, "completion_tokens": 5, "total_tokens": say.tokens + 5},
    }  # fmt: skip


def chunks(say: Say) -> Iterator[dict[str, Any]]:
    head = {"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "toy"}

    def chunk(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
        return {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}

    yield chunk({"role": "assistant", "content": ""})
    for letter in say.reasoning:
        yield chunk({"reasoning_content": letter})
    for letter in say.text:
        yield chunk({"content": letter})
    for place, call in enumerate(say.calls):
        full = call_json(place, *call)
        arguments, full["function"]["arguments"] = full["function"]["arguments"], ""
        yield chunk({"tool_calls": [{"index": place, **full}]})
        for letter in arguments:
            yield chunk({"tool_calls": [{"index": place, "function": {"arguments": letter}}]})
    yield chunk({}, say.finish or ("tool_calls" if say.calls else "stop"))
    usage = {"prompt_tokens": say.tokens, "completion_tokens": 5, "total_tokens": say.tokens + 5}
    yield {**head, "choices": [], "usage": usage}


@contextmanager
def scripted_server(script: Script | Sequence[Say]) -> Iterator[ScriptedServer]:
    """Serve until the block ends; a sequence is said in order, its last answer for ever."""
    server = ScriptedServer("")

    def answer(body: dict[str, Any]) -> Say:
        return script(body) if callable(script) else script[min(len(server.bodies), len(script)) - 1]

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send(
                200, {"object": "list", "data": [{"id": "toy", "object": "model", "created": 1, "owned_by": "x"}]}
            )

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            server.bodies.append(body)
            server.keys.append(self.headers["Authorization"])
            say = answer(body)
            if say.status != 200:
                self.send(say.status, {"error": {"message": say.text, "type": "x", "code": None, "param": None}})
            elif body.get("stream"):
                self.stream(say)
            else:
                time.sleep(say.wait)
                self.send(200, whole(say))

        def stream(self, say: Say) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.end_headers()
            try:
                for chunk in chunks(say):
                    time.sleep(say.wait)
                    self.wfile.write(f"data: {json.dumps(chunk)}\n\n".encode())
                    self.wfile.flush()
                self.wfile.write(b"data: [DONE]\n\n")
            except (BrokenPipeError, ConnectionResetError):
                pass

        def send(self, status: int, body: dict[str, Any]) -> None:
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.url = f"http://127.0.0.1:{http.server_port}/v1"
    thread = threading.Thread(target=http.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        http.shutdown()
        http.server_close()
        thread.join()
