"""A server in a thread of this process, on a free loopback port, for commands that bring their own model."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from joyflash.errors import EngineError
from joyflash.extras import require
from joyflash.server.run import bind
from joyflash.server.settings import ServerSettings

if TYPE_CHECKING:
    from joyflash.engine.async_engine import AsyncEngine


@contextmanager
def background_server(load: Callable[[], AsyncEngine]) -> Iterator[tuple[str, str]]:
    """Serve until the block ends; gives the base URL and the key, which nobody else knows.

    Args:
        load: makes the engine.

    Raises:
        MissingExtraError: fastapi or uvicorn is not installed.
        EngineError: the server does not start.
    """
    require("fastapi", extra="serve")
    uvicorn = require("uvicorn", extra="serve")
    for module in ("prometheus_client", "python_multipart"):
        require(module, extra="serve")
    from joyflash.server.app import create_app  # needs the extra that was just checked

    key = secrets.token_urlsafe(24)
    listener = bind("127.0.0.1", 0)
    try:
        async_engine = load()
        try:
            app = create_app(async_engine, ServerSettings(api_keys=(key,), any_model_name=True))
            server = uvicorn.Server(
                uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=1)
            )
            thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
            thread.start()
            while not server.started:
                if not thread.is_alive():
                    raise EngineError("The server inside this command did not start; its log says why.")
                time.sleep(0.01)
            try:
                yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1", key
            finally:
                server.should_exit = True
                thread.join(10)
        finally:
            async_engine.close(timeout=0)
    finally:
        listener.close()
