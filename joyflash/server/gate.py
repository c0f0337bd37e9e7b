"""The outermost layer: every response gets a request id, `/v1` asks for the key, and no failure escapes unshaped."""

from __future__ import annotations

import time
import uuid

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from joyflash.server.auth import check_key, check_origin
from joyflash.server.error_shapes import error_response
from joyflash.server.errors import as_api_error
from joyflash.server.metrics import Metrics
from joyflash.server.record import RequestRecord
from joyflash.server.request_log import RequestLog
from joyflash.server.settings import ServerSettings

NOTHING_RUNS = "default-src 'none'; frame-ancestors 'none'"  # the web chat's files bring a policy of their own
LOCKED = ("/v1", "/tokenize", "/detokenize")
"""Paths, and all below them, that ask for a key."""


class Gate:
    """ASGI middleware around the whole application.

    Args:
        app: what it guards.
        settings: `api_keys` open `/v1`, and whether anyone but this machine's programs may come.
        metrics, log: told about every request when it has ended.
    """

    def __init__(self, app: ASGIApp, settings: ServerSettings, metrics: Metrics, log: RequestLog):
        self.app = app
        self.settings = settings
        self.metrics = metrics
        self.log = log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection; part of the ASGI protocol."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = scope["request_id"] = f"req_{uuid.uuid4().hex}"
        client = scope.get("client")
        record = scope["record"] = RequestRecord(request_id, scope["method"], client[0] if client else "unknown")
        started = False

        async def send_named(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                record.status = message["status"]
                headers = MutableHeaders(raw=message.setdefault("headers", []))
                headers["x-request-id"] = headers["request-id"] = request_id
                headers["X-Content-Type-Options"] = "nosniff"
                headers.setdefault("Content-Security-Policy", NOTHING_RUNS)
            await send(message)

        try:
            headers = Headers(scope=scope)
            if self.settings.only_local:
                check_origin(scope["method"], headers)
            if _is_locked(scope["path"]):
                check_key(headers, self.settings.api_keys)
            await self.app(scope, receive, send_named)
        except ClientDisconnect:
            return
        except Exception as error:
            refusal = as_api_error(error, request_id)
            record.error = refusal.code or type(error).__name__
            if not started:
                await error_response(refusal, scope)(scope, receive, send_named)
        finally:
            # The pattern and not the path: of paths there may be any number.
            record.endpoint = getattr(scope.get("route"), "path", "other")
            seconds = time.monotonic() - record.started
            self.metrics.note(record, seconds)
            self.log.write(record, seconds)


def _is_locked(path: str) -> bool:
    return any(path == locked or path.startswith(f"{locked}/") for locked in LOCKED)
