"""What is noted of one request while it runs: for metrics and the log, without any text of it."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from joyflash.engine.request import Delta


class Deltas(Protocol):
    """Deltas of one or more engine requests; closing cancels them."""

    def __aiter__(self) -> AsyncIterator[Delta]:
        """Return itself."""
        ...

    async def __anext__(self) -> Delta:
        """Return the next delta."""
        ...

    async def aclose(self) -> None:
        """Cancel what is not over."""
        ...


@dataclass
class ChoiceTimes:
    """When tokens of one choice came, in seconds of the monotonic clock, and how many."""

    first: float
    last: float
    tokens: int


@dataclass
class RequestRecord:
    """One request from its arrival to its end.

    Attributes:
        request_id, method, client: who asks, and what goes back as `x-request-id`.
        started: arrival, seconds of the monotonic clock.
        endpoint: the route's pattern, so that there are few of them; "other" where none matched.
        status: of the response; 499 when the caller hung up before it began.
        prompt_tokens: of all its prompts.
        taken: whether the engine took it, so that its prompts were to be read.
        cached: tokens of its prompts that the prefix cache had, by engine request.
        choices: by engine request and choice.
        model, stream: as asked.
        error: the code or kind of the refusal, if it was refused or failed in the middle.
        body: the request's body, where it is to be logged.
    """

    request_id: str
    method: str
    client: str
    started: float = field(default_factory=time.monotonic)
    endpoint: str = "other"
    status: int = 499
    prompt_tokens: int = 0
    taken: bool = False
    cached: dict[str, int] = field(default_factory=dict)
    choices: dict[tuple[str, int], ChoiceTimes] = field(default_factory=dict)
    model: str | None = None
    stream: bool | None = None
    error: str | None = None
    body: dict[str, Any] | None = None

    def note(self, delta: Delta) -> None:
        """Count what a step added."""
        if delta.index == 0:
            self.cached.setdefault(delta.request_id, delta.cached_token_count)
        if not delta.token_ids:
            return
        now, key = time.monotonic(), (delta.request_id, delta.index)
        times = self.choices.get(key)
        if times is None:
            self.choices[key] = ChoiceTimes(now, now, len(delta.token_ids))
        else:
            times.last = now
            times.tokens += len(delta.token_ids)

    @property
    def cached_tokens(self) -> int:
        """Tokens of all its prompts that the prefix cache had."""
        return sum(self.cached.values())

    @property
    def completion_tokens(self) -> int:
        """Tokens generated for all choices."""
        return sum(times.tokens for times in self.choices.values())

    @property
    def first_token_seconds(self) -> float | None:
        """From arrival to the first token of any choice; None where there was none."""
        if not self.choices:
            return None
        return min(times.first for times in self.choices.values()) - self.started


class NotedDeltas:
    """Deltas of a request that the engine has taken, which pass by and are noted."""

    def __init__(self, deltas: Deltas, record: RequestRecord):
        self._deltas = deltas
        self._record = record
        record.taken = True

    def __aiter__(self) -> NotedDeltas:
        return self

    async def __anext__(self) -> Delta:
        delta = await self._deltas.__anext__()
        self._record.note(delta)
        return delta

    async def aclose(self) -> None:
        """Close what lies behind."""
        await self._deltas.aclose()
