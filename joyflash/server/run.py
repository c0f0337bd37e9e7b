"""From settings to a listening process: take the port, load, serve, drain, leave."""

from __future__ import annotations

import asyncio
import errno
import socket
import sys
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING

from joyflash.errors import ConfigError
from joyflash.extras import require
from joyflash.server.admission import Admission
from joyflash.server.auth import check_exposure
from joyflash.server.settings import ServerSettings

if TYPE_CHECKING:
    import uvicorn
    from fastapi import FastAPI

    from joyflash.engine.async_engine import AsyncEngine


def serve(load: Callable[[], AsyncEngine], settings: ServerSettings) -> None:
    """Serve until SIGTERM or SIGINT, then let running requests end and return.

    The port is taken before the model is loaded, so that a taken one is reported at once.

    Args:
        load: makes the engine; called once.
        settings: see ServerSettings.

    Raises:
        ConfigError: the port is in use, the host unknown, or the server would be open to strangers.
        MissingExtraError: fastapi or uvicorn is not installed.
    """
    require("fastapi", extra="serve")
    uvicorn = require("uvicorn", extra="serve")
    for module in ("prometheus_client", "python_multipart"):
        require(module, extra="serve")
    check_exposure(settings)
    listener = bind(settings.host, settings.port)
    try:
        async_engine = load()
        try:
            admission = Admission(settings.max_requests, settings.max_prompt_tokens)
            from joyflash.server.app import create_app  # needs the extra that was just checked

            app = create_app(async_engine, settings, admission)
            server = uvicorn.Server(make_config(app, settings))
            # The server's own handler would close the port at once and end the process with the signal's status.
            server.handle_exit = Drain(server, admission, settings.drain_seconds)
            _announce(listener, async_engine.engine.model_name)
            server.run(sockets=[listener])
        finally:
            async_engine.close()
    finally:
        listener.close()


def make_config(app: FastAPI, settings: ServerSettings) -> uvicorn.Config:
    """How uvicorn serves an application."""
    import uvicorn  # an extra

    from joyflash.server.connections import patient_protocol

    return uvicorn.Config(
        app, log_level="warning", access_log=False, timeout_graceful_shutdown=2, http=patient_protocol(settings),
        ws="none",
    )  # fmt: skip


class Drain:
    """Signal handler: the first signal closes the door and waits for running requests, the second ends at once.

    Args:
        server: uvicorn's server; told to exit when the last request has left.
        admission: the door.
        seconds: how long running requests may go on.
    """

    def __init__(self, server: uvicorn.Server, admission: Admission, seconds: float):
        self.server = server
        self.admission = admission
        self.seconds = seconds
        self._waiting: asyncio.Task[None] | None = None

    def __call__(self, sig: int, frame: FrameType | None) -> None:
        """Handle one signal; runs in the main thread, between two steps of the event loop."""
        if self.admission.draining:
            self.server.should_exit = self.server.force_exit = True
            return
        self.admission.draining = True
        count = self.admission.in_flight
        if count:
            message = f"joyflash: finishing {count} running request(s), at most {self.seconds:g} s."
            print(message, file=sys.stderr, flush=True)
        loop = asyncio.get_running_loop()
        loop.call_soon_threadsafe(self._start, loop)

    def _start(self, loop: asyncio.AbstractEventLoop) -> None:
        self._waiting = loop.create_task(self._finish())

    async def _finish(self) -> None:
        await self.admission.drain(self.seconds)
        self.server.should_exit = True


def bind(host: str, port: int) -> socket.socket:
    """Take a port; 0 takes any free one.

    Raises:
        ConfigError: the port is in use or not allowed, or the host is not an address of this machine.
    """
    if not 0 <= port <= 65535:
        raise ConfigError(f"There is no port {port}; ports go from 0 to 65535. Choose another --port.")
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address[:2], family=family, backlog=2048)
    except socket.gaierror:
        raise ConfigError(f"The host '{host}' is unknown. Use --host 127.0.0.1 for this machine only.") from None
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            message = f"Port {port} on {host} is in use. Stop the other server or choose another with --port."
        elif error.errno == errno.EACCES:
            message = f"Port {port} needs rights that this user lacks. Choose one above 1023 with --port."
        else:
            message = f"Cannot listen on {host}, port {port}: {error.strerror}. Choose another --host or --port."
        raise ConfigError(message) from None


def _announce(listener: socket.socket, model: str) -> None:
    """Say on the terminal where the server can be reached."""
    host, port = listener.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    base = f"http://{shown}:{port}"
    print(f"joyflash serves {model}: chat at {base}/ , OpenAI API at {base}/v1 . Ctrl+C stops.", flush=True)
