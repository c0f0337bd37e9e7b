"""The outermost layer: every response gets a request id, `/v1` asks for the key, and no failure escapes unshaped."""

from __future__ import annotations

import uuid

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from joyflash.server.auth import check_key
from joyflash.server.error_shapes import error_response
from joyflash.server.errors import as_api_error

NOTHING_RUNS = "default-src 'none'; frame-ancestors 'none'"  # the web chat's files bring a policy of their own


class Gate:
    """ASGI middleware around the whole application.

    Args:
        app: what it guards.
        api_keys: keys that open `/v1`; empty opens it to everyone.
    """

    def __init__(self, app: ASGIApp, api_keys: tuple[str, ...]):
        self.app = app
        self.api_keys = api_keys

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection; part of the ASGI protocol."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = scope["request_id"] = f"req_{uuid.uuid4().hex}"
        started = False

        async def send_named(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(raw=message.setdefault("headers", []))
                headers["x-request-id"] = headers["request-id"] = request_id
                headers["X-Content-Type-Options"] = "nosniff"
                headers.setdefault("Content-Security-Policy", NOTHING_RUNS)
            await send(message)

        try:
            if scope["path"] == "/v1" or scope["path"].startswith("/v1/"):
                check_key(Headers(scope=scope), self.api_keys)
            await self.app(scope, receive, send_named)
        except ClientDisconnect:
            return
        except Exception as error:
            refusal = as_api_error(error, request_id)
            if not started:
                await error_response(refusal, scope)(scope, receive, send_named)
