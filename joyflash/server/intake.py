"""What comes in before a request is admitted: bodies, in bounded time and memory, and the threads that work on them."""

from __future__ import annotations

import asyncio
import ctypes
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from starlette.requests import Request

from joyflash.server.body import check_content_type, parse_json_object
from joyflash.server.errors import ApiError
from joyflash.server.settings import ServerSettings
from joyflash.server.streaming import until_disconnect

T = TypeVar("T")
LONG_BYTES = 64 * 1024
"""From here on a body is long: all long ones share one thread, so that short ones need not wait for them."""
SLOWEST_BYTES = 16 * 1024
"""A second: what a body's sender must manage, after a start of ``ServerSettings.body_seconds``."""
MOST_UPLOADS = 8
"""At once."""
DISCARD_BYTES = 64 * 1024 * 1024


async def pieces_in_time(request: Request, seconds: float) -> AsyncGenerator[bytes, None]:
    """The body in pieces.

    Raises:
        ApiError: 408 when they come too slowly.
    """
    clock = asyncio.get_running_loop().time
    stream, deadline = request.stream(), clock() + seconds
    while True:
        try:
            async with asyncio.timeout_at(deadline):
                piece = await anext(stream)
        except StopAsyncIteration:
            return
        except TimeoutError:
            message = "The body comes too slowly; send it again in one go."
            raise ApiError(408, message, code="request_timeout", headers={"Connection": "close"}) from None
        deadline += len(piece) / SLOWEST_BYTES
        yield piece


@dataclass(frozen=True)
class Given:
    """A body that was read.

    Attributes:
        value: the JSON object.
        run: call a function with the object in a thread, and give what it returns.
    """

    value: dict[str, Any]
    run: Callable[[Callable[[dict[str, Any]], Any]], Any]


class Intake:
    """Reads bodies. Lives on the server's event loop.

    Args:
        settings: ``max_body_bytes`` of one body, ``max_bodies_bytes`` of all that are read or worked on, and
            ``body_seconds``.
    """

    def __init__(self, settings: ServerSettings):
        self._settings = settings
        self._long = ThreadPoolExecutor(1, "joyflash-long-bodies")
        self.held = 0
        self._uploads = 0

    @asynccontextmanager
    async def json_object(self, request: Request) -> AsyncIterator[Given]:
        """The body as one JSON object; it counts against the bound on all bodies until the block ends.

        Raises:
            ApiError: 408 too slow, 415 for another content type, 413 for too long a body, 429 for too many long ones,
                400 for what is not a JSON object.
            ClientDisconnect: the caller has gone.
        """
        check_content_type(request)
        body = bytearray()
        held = 0
        try:
            async for piece in self._bounded(request):
                held += len(piece)
                body += piece
            length = len(body)

            async def run(work: Callable[[Any], T], argument: Any) -> T:
                if length < LONG_BYTES:
                    return await asyncio.to_thread(work, argument)
                return await until_disconnect(request, self._in_long_thread(work, argument))

            value = parse_json_object(bytes(body)) if length < LONG_BYTES else await run(parse_json_object, bytes(body))
            del body
            yield Given(value, lambda work: run(work, value))
        finally:
            self.held -= held
            if held >= LONG_BYTES:
                self._long.submit(give_memory_back)

    @contextmanager
    def upload(self) -> Iterator[None]:
        """A place for an upload, which is kept on disk while it comes; ApiError 429 when all are taken."""
        if self._uploads >= MOST_UPLOADS:
            message = f"{self._uploads} uploads are on their way, and more are not taken. Try again shortly."
            headers = {"Connection": "close", "Retry-After": "1"}
            raise ApiError(429, message, code="rate_limit_exceeded", headers=headers)
        self._uploads += 1
        try:
            yield
        finally:
            self._uploads -= 1

    async def _bounded(self, request: Request) -> AsyncGenerator[bytes, None]:
        """The body's pieces, counted in ``held``.

        What is too much is read on for a while and dropped: a caller who is still writing cannot read the refusal.
        """
        settings, length, refusal = self._settings, 0, None
        async for piece in pieces_in_time(request, settings.body_seconds):
            length += len(piece)
            if refusal is None and length > settings.max_body_bytes:
                message = f"The body is longer than the {settings.max_body_bytes:,} bytes that this server takes."
                refusal = ApiError(413, message, code="request_too_large", headers={"Connection": "close"})
            elif refusal is None and self.held + len(piece) > settings.max_bodies_bytes:
                message = "Too many long bodies are on their way. Try again shortly."
                headers = {"Connection": "close", "Retry-After": "1"}
                refusal = ApiError(429, message, code="rate_limit_exceeded", headers=headers)
            if refusal is None:
                self.held += len(piece)
                yield piece
            elif length > settings.max_body_bytes + DISCARD_BYTES:
                break
        if refusal is not None:
            raise refusal

    async def _in_long_thread(self, work: Callable[[Any], T], argument: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._long, work, argument)


def give_memory_back() -> None:
    """Have the C library return what is free to the system, where it is glibc: by itself it keeps what bodies took."""
    if sys.platform == "linux" and (trim := getattr(ctypes.CDLL(None), "malloc_trim", None)) is not None:
        trim(0)
