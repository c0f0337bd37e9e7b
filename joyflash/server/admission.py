"""How much work is let in: bounds on requests and prompt tokens in flight, and the door that closes while draining."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from joyflash.server.errors import ApiError


class Admission:
    """Counts the requests in flight. Lives on the server's event loop and is used from there only.

    Args:
        max_requests: requests, running and waiting together, beyond which callers get 429 at once.
        max_tokens: tokens of their prompts together, beyond which callers get 429; a request that is alone is let in
            whatever its length, which the context bounds.
    """

    def __init__(self, max_requests: int, max_tokens: int):
        self.max_requests = max_requests
        self.max_tokens = max_tokens
        self.in_flight = 0
        self.tokens = 0
        self.draining = False
        self._idle = asyncio.Event()
        self._idle.set()

    @contextmanager
    def admit(self, tokens: int = 0) -> Iterator[None]:
        """Hold one place, and room for ``tokens`` of prompts, for the length of a request.

        Raises:
            ApiError: 503 while draining, 429 when every place is taken; both with `Retry-After`.
        """
        self.check_open()
        if self.in_flight >= self.max_requests:
            raise _busy(f"{self.in_flight} requests are running or waiting, and more are not taken.", 429)
        if self.in_flight and self.tokens + tokens > self.max_tokens:
            raise _busy(f"Prompts of {self.tokens:,} tokens are running or waiting, and {tokens:,} more are not taken.")
        self.in_flight += 1
        self.tokens += tokens
        self._idle.clear()
        try:
            yield
        finally:
            self.in_flight -= 1
            self.tokens -= tokens
            if self.in_flight == 0:
                self._idle.set()

    def check_open(self) -> None:
        """Raise the 503 that callers get while the server shuts down."""
        if self.draining:
            message = "The server is shutting down and takes no new requests."
            raise ApiError(503, message, code="draining", headers={"Retry-After": "10"})

    def check_room(self) -> None:
        """Raise a 503 while a new request would be turned away: what a load balancer asks."""
        self.check_open()
        if self.in_flight >= self.max_requests or self.tokens >= self.max_tokens:
            raise _busy(f"{self.in_flight} requests are running or waiting, and more are not taken.", 503)

    async def drain(self, seconds: float) -> bool:
        """Close the door and wait for the requests inside; True when the last one left in time."""
        self.draining = True
        try:
            await asyncio.wait_for(self._idle.wait(), seconds)
        except TimeoutError:
            return False
        return True


def _busy(reason: str, status: int = 429) -> ApiError:
    """A refusal that says when to come again."""
    return ApiError(status, f"{reason} Try again shortly.", code="rate_limit_exceeded", headers={"Retry-After": "1"})
