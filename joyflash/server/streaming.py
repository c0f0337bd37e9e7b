"""Server-sent events, and noticing that the caller has gone."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, TypeVar

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from joyflash.server.error_shapes import error_body
from joyflash.server.errors import as_api_error

T = TypeVar("T")


def event(payload: dict[str, Any]) -> bytes:
    """One `data:` event; JSON has no line breaks of its own, so one line is enough."""
    return b"data: " + json.dumps(payload, ensure_ascii=False, allow_nan=False).encode() + b"\n\n"


def named_event(payload: dict[str, Any]) -> bytes:
    """One event whose name is the payload's `type`."""
    return b"event: " + payload["type"].encode() + b"\n" + event(payload)


@dataclass(frozen=True)
class Frames:
    """How one vendor's stream looks on the wire.

    Attributes:
        frame: one payload as an event.
        keep_alive: sent during a silence.
        done: sent after the last payload of a stream that did not fail.
        failed: what is sent of an error's body in the middle of a stream, after so many payloads.
    """

    frame: Callable[[dict[str, Any]], bytes]
    keep_alive: bytes
    done: bytes
    failed: Callable[[dict[str, Any], int], dict[str, Any]] = lambda body, sent: body


def _responses_error(body: dict[str, Any], sent: int) -> dict[str, Any]:
    """`/v1/responses` has an event of its own for errors, flat and numbered like all."""
    error = body["error"]
    return {"type": "error", **{name: error[name] for name in ("code", "message", "param")}, "sequence_number": sent}


OPENAI_FRAMES = Frames(event, b": still working\n\n", b"data: [DONE]\n\n")
RESPONSE_FRAMES = Frames(named_event, OPENAI_FRAMES.keep_alive, b"", _responses_error)
ANTHROPIC_FRAMES = Frames(named_event, named_event({"type": "ping"}), b"")


async def wait_for_disconnect(receive: Receive) -> None:
    """Return when the client closes the connection. Call only after the whole body was read."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def cancel(task: asyncio.Task[Any]) -> None:
    """Cancel a task and wait until its clean-up has run, whatever it ends with."""
    task.cancel()
    await asyncio.wait({task})


async def until_disconnect(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """Run `work`, but cancel it when the caller hangs up.

    Raises:
        ClientDisconnect: the caller has gone; nobody is left to answer.
    """
    task = asyncio.create_task(work)
    watcher = asyncio.create_task(wait_for_disconnect(request.receive))
    try:
        await asyncio.wait({task, watcher}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise ClientDisconnect()
        return task.result()
    finally:
        await cancel(watcher)
        await cancel(task)


class EventStream(Response):
    """A stream of events in one vendor's frames.

    A failure in the middle sends an `error` event and ends the stream without the vendor's end mark.
    When the caller hangs up, `chunks` is closed, which cancels the generation behind it.

    Args:
        chunks: payloads in order; closed in every case.
        frames: how payloads look on the wire.
        keep_alive_seconds: silence after which `frames.keep_alive` is sent.
        on_close: called once at the end, in every case.
    """

    media_type = "text/event-stream"
    charset = "utf-8"

    def __init__(
        self,
        chunks: AsyncGenerator[dict[str, Any], None],
        frames: Frames,
        keep_alive_seconds: float,
        on_close: Callable[[], None],
    ):
        super().__init__(headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self.chunks = chunks
        self.frames = frames
        self.keep_alive_seconds = keep_alive_seconds
        self.on_close = on_close

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the stream; part of the ASGI protocol."""
        writer = asyncio.create_task(self._write(send, scope))
        watcher = asyncio.create_task(wait_for_disconnect(receive))
        try:
            await asyncio.wait({writer, watcher}, return_when=asyncio.FIRST_COMPLETED)
            if writer.done():
                writer.result()
        finally:
            await cancel(watcher)
            await cancel(writer)
            self.on_close()

    async def _write(self, send: Send, scope: Scope) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})

        async def send_bytes(data: bytes, more: bool = True) -> None:
            await send({"type": "http.response.body", "body": data, "more_body": more})

        sent = 0
        try:
            async with aclosing(with_pauses(self.chunks, self.keep_alive_seconds)) as payloads:
                async for payload in payloads:
                    await send_bytes(self.frames.keep_alive if payload is None else self.frames.frame(payload))
                    sent += payload is not None
            await send_bytes(self.frames.done)
        except OSError:
            raise  # the connection itself failed: nothing more can be sent
        except Exception as error:
            refusal = as_api_error(error, scope.get("request_id", "unknown"))
            await send_bytes(self.frames.frame(self.frames.failed(error_body(refusal, scope), sent)))
        await send_bytes(b"", more=False)


async def with_pauses(items: AsyncGenerator[T, None], seconds: float) -> AsyncGenerator[T | None, None]:
    """Yield the items, and None each time nothing has come for `seconds`. Closes `items` at the end."""
    async with aclosing(items):
        pending: asyncio.Task[T] | None = None
        try:
            while True:
                pending = pending or asyncio.create_task(_next(items))
                done, _ = await asyncio.wait({pending}, timeout=seconds)
                if not done:
                    yield None
                    continue
                try:
                    item = pending.result()
                except StopAsyncIteration:
                    return
                pending = None
                yield item
        finally:
            if pending is not None:
                await cancel(pending)


async def _next(items: AsyncGenerator[T, None]) -> T:
    """`anext` as a coroutine, which a task needs."""
    return await anext(items)
