"""Connections that must keep up: a client that sends or reads too slowly loses its place, and too many get none.

uvicorn waits for ever for a request's first line, and for a client that does not read. Both cost an open file, and the
second one a place at the door too.
"""

from __future__ import annotations

import asyncio
import json
import resource
import uuid
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

from joyflash.server.errors import ApiError
from joyflash.server.settings import ServerSettings

FILES_BESIDE = 256
"""Open files kept for all that is no connection."""
REASONS = {400: "Bad Request", 503: "Service Unavailable"}


def patient_protocol(settings: ServerSettings) -> type[H11Protocol]:
    """The protocol of every connection, with these settings' bounds; for ``uvicorn.Config(http=…)``.

    h11 and not httptools: that one has no bound on the length of a head.
    """
    most = min(settings.max_connections, raise_file_limit() - FILES_BESIDE)

    class PatientProtocol(H11Protocol):
        """One connection."""

        _head_timer: asyncio.TimerHandle | None = None
        _read_timer: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            """Take the connection, or say that there are too many."""
            super().connection_made(transport)
            if len(self.connections) > most:
                message = f"{most} connections are open, and more are not taken. Try again shortly."
                self._refuse(ApiError(503, message, code="too_many_connections", headers={"Retry-After": "1"}))
                return
            self._await_head()

        def data_received(self, data: bytes) -> None:
            """Take bytes; from the first one of a request on, its head must come in time."""
            if self.transport.is_closing():
                return
            self._await_head()
            super().data_received(data)
            if not self._between_requests():
                self._stop_timer("_head_timer")

        def connection_lost(self, exc: Exception | None) -> None:
            """Forget the timers."""
            self._stop_timer("_head_timer")
            self._stop_timer("_read_timer")
            super().connection_lost(exc)

        def pause_writing(self) -> None:
            """The client does not read; it has some time to."""
            super().pause_writing()
            self._await_reader()

        def resume_writing(self) -> None:
            """The client reads again."""
            super().resume_writing()
            if not self.transport.is_closing():
                self._stop_timer("_read_timer")

        def on_response_complete(self) -> None:
            """Where this was the last answer, the client has some time to read it."""
            super().on_response_complete()
            self._end_if_closing()

        def timeout_keep_alive_handler(self) -> None:
            """Close a connection that is not used; what the client has not read by then it must read now."""
            super().timeout_keep_alive_handler()
            self._end_if_closing()

        def send_400_response(self, msg: str) -> None:
            """Answer what is no HTTP."""
            self._refuse(ApiError(400, msg, code="invalid_http"))

        def _between_requests(self) -> bool:
            return self.cycle is None or self.cycle.response_complete

        def _await_head(self) -> None:
            if self._head_timer is None and self._between_requests():
                self._head_timer = self.loop.call_later(settings.head_seconds, self.transport.abort)

        def _await_reader(self) -> None:
            if self._read_timer is None:
                self._read_timer = self.loop.call_later(settings.read_seconds, self.transport.abort)

        def _end_if_closing(self) -> None:
            if self.transport.is_closing():
                self._await_reader()

        def _stop_timer(self, name: str) -> None:
            timer: asyncio.TimerHandle | None = getattr(self, name)
            if timer is not None:
                timer.cancel()
                setattr(self, name, None)

        def _refuse(self, error: ApiError) -> None:
            self.transport.write(_whole_answer(error))
            self.transport.close()
            self._await_reader()

    return PatientProtocol


def _whole_answer(error: ApiError) -> bytes:
    """An answer outside of any application, as bytes."""
    body = json.dumps(error.body()).encode()
    headers: dict[str, Any] = {
        "Content-Type": "application/json", "Content-Length": len(body), "Connection": "close",
        "x-request-id": (request_id := f"req_{uuid.uuid4().hex}"), "request-id": request_id, **error.headers,
    }  # fmt: skip
    lines = [f"HTTP/1.1 {error.status} {REASONS[error.status]}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


def raise_file_limit() -> int:
    """Let this process open as many files as the system allows it; how many these are."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard == resource.RLIM_INFINITY:
        hard = max(soft, 1 << 16)
    if soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard
