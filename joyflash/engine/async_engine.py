"""AsyncEngine: many asyncio callers, one thread that steps the engine."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Sequence

from joyflash.engine.engine import Engine
from joyflash.engine.request import Delta, Request, join_deltas
from joyflash.errors import EngineBusyError, EngineClosedError, EngineError, JoyflashError, RequestError

_log = logging.getLogger(__name__)

Item = Delta | JoyflashError
_HOPELESS = 8
"""Failed steps in a row after which the engine is not expected to work again by itself."""


class DeltaStream:
    """Deltas of one request, for ``async for``; ends after the last delta of every choice.

    The request is cancelled when the consumer goes away: its task is cancelled while it waits, it calls ``aclose``,
    leaves an ``async with`` block, or drops the stream. Iteration raises JoyflashError when the request failed or the
    engine was closed.
    """

    def __init__(self, owner: AsyncEngine, request: Request, queue: asyncio.Queue[Item]) -> None:
        self.request = request
        self._owner = owner
        self._queue = queue
        self._open_choices = request.params.n

    def __aiter__(self) -> DeltaStream:
        return self

    async def __anext__(self) -> Delta:
        if self._open_choices == 0:
            raise StopAsyncIteration
        try:
            item = await self._queue.get()
        except asyncio.CancelledError:
            self._cancel()
            raise
        if isinstance(item, Delta) and item.error is None:
            self._open_choices -= item.finish_reason is not None
            return item
        self._cancel()
        error = item.error if isinstance(item, Delta) else item
        raise error or EngineError("The request failed.")

    async def __aenter__(self) -> DeltaStream:
        return self

    async def __aexit__(self, *exception: object) -> None:
        self._cancel()

    async def aclose(self) -> None:
        """Cancel the request unless it is over."""
        self._cancel()

    def __del__(self) -> None:
        self._cancel()

    def _cancel(self) -> None:
        if self._open_choices:
            self._open_choices = 0
            self._owner._cancel_stream(self.request.request_id, self._queue)


class _Mailbox:
    """The engine thread's end of a stream. It does not refer to the stream, so that a dropped one can end."""

    def __init__(self, queue: asyncio.Queue[Item], choices: int, whole: bool) -> None:
        self.loop = asyncio.get_running_loop()
        self.queue = queue
        self.open_choices = choices
        self._held: dict[int, list[Delta]] | None = {} if whole else None

    def put(self, item: Item) -> None:
        """Hand an item to the consumer."""
        _hand_over([(self, item)])

    def ready(self, delta: Delta) -> Delta | None:
        """What the consumer gets of a delta now: it, nothing yet, or at the end of a choice all of it."""
        if self._held is None:
            return delta
        held = self._held.setdefault(delta.index, [])
        held.append(delta)
        return None if delta.finish_reason is None else join_deltas(self._held.pop(delta.index))


def _hand_over(items: Sequence[tuple[_Mailbox, Item]]) -> None:
    """Hand items to their consumers' event loops, each of which is woken once; a closed loop has no consumer."""
    by_loop: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Queue[Item], Item]]] = {}
    for mailbox, item in items:
        by_loop.setdefault(mailbox.loop, []).append((mailbox.queue, item))
    for loop, pairs in by_loop.items():
        try:
            loop.call_soon_threadsafe(_put_all, pairs)
        except RuntimeError:
            _log.debug("the event loop of a consumer is closed; what it waited for is dropped")


def _put_all(pairs: Sequence[tuple[asyncio.Queue[Item], Item]]) -> None:
    for queue, item in pairs:
        queue.put_nowait(item)


class AsyncEngine:
    """Runs an engine on a thread of its own, which sleeps while there is nothing to do.

    Args:
        engine: used by nobody else from now on, but for reading its constants.
        max_waiting: choices that may wait to be admitted; more are refused. Those of lower priority do not count.
    """

    def __init__(self, engine: Engine, *, max_waiting: int = 256) -> None:
        self.engine = engine
        self._max_waiting = max_waiting
        self._wake = threading.Condition()
        self._arrivals: deque[Request] = deque()
        self._mailboxes: dict[str, _Mailbox] = {}
        # Filled by finalizers too, which may run while this thread holds the lock; hence a deque and no lock.
        self._cancelled: deque[tuple[str, asyncio.Queue[Item] | None]] = deque()
        self._deadline: float | None = None
        self._failed_steps = 0  # in a row
        self._thread = threading.Thread(target=self._work, name="joyflash-engine", daemon=True)
        self._thread.start()

    @property
    def waiting_count(self) -> int:
        """Choices in line, those included that the engine has not seen yet; safe to read from any thread."""
        return self.engine.waiting_count + sum(arrival.params.n for arrival in tuple(self._arrivals))

    @property
    def trouble(self) -> str | None:
        """Why no request can be expected to succeed, in words for operators; None while all is well.

        Safe to read from any thread. Requests are still tried: a step that works ends the trouble.
        """
        if not self._thread.is_alive():
            return "The engine has ended."
        if self._failed_steps >= _HOPELESS:
            return f"The last {self._failed_steps} steps of the engine failed; see its log, and restart the server."
        return None

    def stream(self, request: Request, *, whole: bool = False) -> DeltaStream:
        """Put a request in line and return its deltas; call it in a coroutine.

        Args:
            request: what to generate.
            whole: one delta a choice, at its end: nothing wakes the consumer before.

        Raises:
            RequestError: the request is wrong (ContextLengthError: too long), or its id is in use.
            EngineBusyError: too many requests of this priority or higher wait.
            EngineClosedError: ``close`` was called.
        """
        self.engine.check(request)
        with self._wake:
            if self._deadline is not None:
                raise EngineClosedError("The engine is shutting down and takes no new requests.")
            if not self._thread.is_alive():
                raise EngineClosedError("The engine has ended and takes no new requests; restart the server.")
            waiting = self._waiting_before(request.priority)
            if waiting + request.params.n > self._max_waiting:
                raise EngineBusyError(f"{waiting} choices wait already, of {self._max_waiting} that may; try later.")
            if request.request_id in self._mailboxes:
                raise RequestError(f"A request with id {request.request_id!r} is open; choose another.", "request_id")
            queue: asyncio.Queue[Item] = asyncio.Queue()
            self._mailboxes[request.request_id] = _Mailbox(queue, request.params.n, whole)
            self._arrivals.append(request)
            self._wake.notify()
        return DeltaStream(self, request, queue)

    def _waiting_before(self, priority: int) -> int:
        arrivals = sum(arrival.params.n for arrival in self._arrivals if arrival.priority >= priority)
        return self.engine.waiting_before(priority) + arrivals

    def cancel(self, request_id: str) -> None:
        """End a request at the next step; from any thread."""
        self._cancelled.append((request_id, None))

    def _cancel_stream(self, request_id: str, queue: asyncio.Queue[Item]) -> None:
        """End the request behind one stream, and no later one that has taken over its id."""
        self._cancelled.append((request_id, queue))

    def close(self, timeout: float = 30.0) -> None:
        """Refuse new requests, let the open ones finish for ``timeout`` seconds, fail the rest, end the thread.

        Blocks; in a coroutine call it through ``asyncio.to_thread``.
        """
        with self._wake:
            if self._deadline is None:
                self._deadline = time.monotonic() + timeout
            self._wake.notify()
        self._thread.join()

    def _work(self) -> None:
        while self._take_in():
            passes = self.engine.statistics.steps
            try:
                deltas = self.engine.step()
            except Exception:
                _log.exception("a step of the engine failed; all open requests are dropped")
                self._failed_steps += 1
                self._drop_all(EngineError("The engine failed; the cause is in its log."))
                continue
            # Where the model ran for anybody, a failure was that of a request.
            if self.engine.statistics.steps > passes:
                self._failed_steps = 0
            elif any(delta.error is not None for delta in deltas):
                self._failed_steps += 1
            _hand_over([item for delta in deltas if (item := self._sort(delta)) is not None])
        self._drop_all(EngineClosedError("The engine was shut down before this text was complete."))

    def _take_in(self) -> bool:
        """Wait for work and hand it to the engine; False when it is time to end."""
        with self._wake:
            while not (self._arrivals or self.engine.has_work or self._deadline is not None):
                self._wake.wait()
            # Cancellations before arrivals: each of these concerns a request that has arrived by now.
            cancelled = [self._cancelled.popleft() for _ in range(len(self._cancelled))]
            while self._arrivals:
                request = self._arrivals.popleft()
                try:
                    self.engine.submit(request)
                except Exception as error:
                    failure = error if isinstance(error, JoyflashError) else EngineError("The request failed.")
                    _log.debug("a request was refused", exc_info=error)
                    self._mailboxes.pop(request.request_id).put(failure)
        for request_id, queue in cancelled:
            mailbox = self._mailboxes.get(request_id)
            if mailbox is not None and queue in (None, mailbox.queue):
                self.engine.cancel(request_id)
        if self._deadline is None:
            return True
        return self.engine.has_work and time.monotonic() < self._deadline

    def _sort(self, delta: Delta) -> tuple[_Mailbox, Delta] | None:
        """Whose a delta is, and what is to be handed over of it; None where it is nobody's, or nothing yet."""
        mailbox = self._mailboxes.get(delta.request_id)
        if mailbox is None:
            return None
        mailbox.open_choices -= delta.finish_reason is not None
        if mailbox.open_choices == 0:
            # Before the consumer can see the end, so that it may use the id again.
            with self._wake:
                del self._mailboxes[delta.request_id]
        ready = mailbox.ready(delta)
        return None if ready is None else (mailbox, ready)

    def _drop_all(self, error: EngineError) -> None:
        self.engine.reset()
        with self._wake:
            mailboxes = list(self._mailboxes.values())
            self._mailboxes.clear()
            self._arrivals.clear()
        for mailbox in mailboxes:
            mailbox.put(error)
