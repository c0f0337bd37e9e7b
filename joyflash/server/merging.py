"""Several engine requests behind one HTTP request: their deltas as one stream."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from joyflash.engine.async_engine import AsyncEngine, DeltaStream
from joyflash.engine.request import Delta, Request


class MergedDeltas:
    """Deltas of some streams as they come; ``Delta.request_id`` says whose. The first failure ends and cancels all.

    Args:
        streams: of different requests.
    """

    def __init__(self, streams: Sequence[DeltaStream]):
        self._streams = streams
        self._queue: asyncio.Queue[Delta | Exception | None] = asyncio.Queue()
        self._pumps: list[asyncio.Task[None]] = []
        self._open = len(streams)

    def __aiter__(self) -> MergedDeltas:
        return self

    async def __anext__(self) -> Delta:
        if not self._pumps:
            self._pumps = [asyncio.create_task(self._pump(stream)) for stream in self._streams]
        while self._open:
            try:
                item = await self._queue.get()
            except asyncio.CancelledError:
                await self.aclose()
                raise
            if isinstance(item, Delta):
                return item
            self._open -= 1
            if item is not None:
                await self.aclose()
                raise item
        raise StopAsyncIteration

    async def aclose(self) -> None:
        """Cancel the requests that are not over."""
        self._open = 0
        for pump in self._pumps:
            pump.cancel()
        for stream in self._streams:
            await stream.aclose()

    async def _pump(self, stream: DeltaStream) -> None:
        try:
            async for delta in stream:
                self._queue.put_nowait(delta)
        except Exception as error:
            self._queue.put_nowait(error)
        else:
            self._queue.put_nowait(None)


def start_all(engine: AsyncEngine, requests: Sequence[Request], *, whole: bool = False) -> MergedDeltas:
    """Put requests in line together; if the line has no room for all of them, none stays in it.

    Raises:
        EngineBusyError, EngineClosedError: as ``AsyncEngine.stream``.
    """
    streams: list[DeltaStream] = []
    try:
        for request in requests:
            streams.append(engine.stream(request, whole=whole))
    except BaseException:
        for stream in streams:
            engine.cancel(stream.request.request_id)
        raise
    return MergedDeltas(streams)
