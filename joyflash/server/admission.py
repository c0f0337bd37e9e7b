"""How much work is let in: a bound on requests in flight, and the closing of the door while draining."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from joyflash.server.errors import ApiError


class Admission:
    """Counts the requests in flight. Lives on the server's event loop and is used from there only.

    Args:
        max_requests: requests, running and waiting together, beyond which callers get 429 at once.
    """

    def __init__(self, max_requests: int):
        self.max_requests = max_requests
        self.in_flight = 0
        self.draining = False
        self._idle = asyncio.Event()
        self._idle.set()

    @contextmanager
    def admit(self) -> Iterator[None]:
        """Hold one place for the length of a request.

        Raises:
            ApiError: 503 while draining, 429 when every place is taken; both with `Retry-After`.
        """
        self.check_open()
        if self.in_flight >= self.max_requests:
            message = f"{self.in_flight} requests are running or waiting, and more are not taken. Try again shortly."
            raise ApiError(429, message, code="rate_limit_exceeded", headers={"Retry-After": "1"})
        self.in_flight += 1
        self._idle.clear()
        try:
            yield
        finally:
            self.in_flight -= 1
            if self.in_flight == 0:
                self._idle.set()

    def check_open(self) -> None:
        """Raise the 503 that callers get while the server shuts down."""
        if self.draining:
            message = "The server is shutting down and takes no new requests."
            raise ApiError(503, message, code="draining", headers={"Retry-After": "10"})

    async def drain(self, seconds: float) -> bool:
        """Close the door and wait for the requests inside; True when the last one left in time."""
        self.draining = True
        try:
            await asyncio.wait_for(self._idle.wait(), seconds)
        except TimeoutError:
            return False
        return True
