"""A file of requests through the engine itself: as many at once as it takes, every line answered exactly once."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from joyflash.engine.async_engine import AsyncEngine
from joyflash.errors import ConstraintError, EngineBusyError, EngineClosedError, EngineError
from joyflash.server.batch_lines import BatchLine, BatchOutput
from joyflash.server.errors import as_api_error
from joyflash.server.models import ModelNames
from joyflash.server.openai_chat import OpenAIChat
from joyflash.server.record import Deltas
from joyflash.server.settings import ServerSettings

OnProgress = Callable[[int, int], None]
"""Told how many lines are answered, and how many there are."""
BUSY_SECONDS = 0.2


@dataclass
class BatchReport:
    """What a run did.

    Attributes:
        answered, failed: lines of this run with an answer, and with an error in its place.
        skipped, skipped_failed: lines that the output file held already, and how many of these are errors.
        faults: of every failed line of this run: number and reason.
        tokens: generated in this run.
        seconds: by the clock.
    """

    answered: int
    failed: int
    skipped: int
    skipped_failed: int
    faults: list[tuple[int, str]]
    tokens: int
    seconds: float


def run_batch(
    load: Callable[[], AsyncEngine],
    lines: Sequence[BatchLine],
    output: Path,
    *,
    concurrency: int,
    on_progress: OnProgress | None = None,
) -> BatchReport:
    """Answer the lines that ``output`` has no answer for yet. A run may be killed at any time and begun again.

    Args:
        load: makes the engine; not called when nothing is left to do.
        concurrency: requests handed to the engine at once; some more than it batches keep it busy.

    Raises:
        DataError: ``output`` belongs to another run or batch.
        EngineError: the engine failed; what is answered stays.
    """
    start = time.monotonic()
    with BatchOutput(output) as out:
        todo = out.remaining(lines)
        report = BatchReport(0, 0, len(lines) - len(todo), out.failed, [], 0, 0.0)
        work = BatchWork(out, report, len(lines), on_progress)
        good = work.refuse_bad(todo)
        if good:
            engine = load()
            settings = ServerSettings(any_model_name=True)
            chat = OpenAIChat(engine, ModelNames(engine.engine.model_name, settings), settings)
            try:
                asyncio.run(work.answer_all(chat, engine.engine.model_name, good, concurrency))
            finally:
                engine.close(timeout=0)
    report.seconds = time.monotonic() - start
    return report


class BatchService(Protocol):
    """What answers the lines: an endpoint of the server, without HTTP."""

    def prepare(self, body: dict[str, Any]) -> Any:
        """Check and translate a body."""
        ...

    def start(self, job: Any, priority: int = 0, whole: bool = False) -> Deltas:
        """Put it in line."""
        ...

    async def complete(self, job: Any, deltas: Deltas) -> dict[str, Any]:
        """The whole answer."""
        ...


class BatchWork:
    """The lines of one run.

    Args:
        out: where answers go.
        report: counts are kept there.
        total: lines of the whole file.
        on_progress: told after each line.
        priority: of the requests in the engine; below 0, other callers come first.
        forgiven: answers in a row that the engine may fail on before the run ends; the engine fails on single texts
            too, and a run that cannot be begun again should not end over one.
    """

    def __init__(
        self,
        out: BatchOutput,
        report: BatchReport,
        total: int,
        on_progress: OnProgress | None = None,
        priority: int = 0,
        forgiven: int = 0,
    ):
        self.out, self.report, self.total, self.on_progress = out, report, total, on_progress
        self.priority = priority
        self.forgiven, self._failures = forgiven, 0
        # One thread, so that lines with large schemas do not take those that other callers' requests need.
        self._preparing = ThreadPoolExecutor(1, "joyflash-batch")

    def refuse_bad(self, lines: Sequence[BatchLine]) -> list[BatchLine]:
        """Write down the bad lines; return the others."""
        for line in lines:
            if line.request is None:
                self._fail(line, line.fault)
                self.out.write(line, None, {"code": "invalid_line", "message": f"line {line.number}: {line.fault}"})
                self._tell()
        return [line for line in lines if line.request is not None]

    async def answer_all(self, service: BatchService, model: str, lines: Sequence[BatchLine], concurrency: int) -> None:
        """Answer good lines, ``concurrency`` at a time, in the order in which they come.

        Args:
            service: the endpoint.
            model: for lines that name none.

        Raises:
            EngineError: the engine failed under all of them.
        """
        left = iter(lines)

        async def worker() -> None:
            for line in left:
                await self._answer(service, model, line)

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(concurrency, len(lines))):
                    group.create_task(worker())
        except BaseExceptionGroup as errors:  # the engine failed under all of them
            raise errors.exceptions[0] from errors
        finally:
            self._preparing.shutdown(wait=False, cancel_futures=True)

    async def _answer(self, service: BatchService, model: str, line: BatchLine) -> None:
        request_id = f"req_{uuid.uuid4().hex}"
        try:
            asked = {"model": model, **line.body()}
            job = await asyncio.get_running_loop().run_in_executor(self._preparing, service.prepare, asked)
            body = await self._complete(service, job)
            status, self._failures = 200, 0
            self.report.answered += 1
            usage = body["usage"]
            self.report.tokens += usage["completion_tokens"] if "completion_tokens" in usage else usage["output_tokens"]
        except Exception as error:
            if isinstance(error, EngineError) and not isinstance(error, ConstraintError):
                self._failures += 1
                if self._failures > self.forgiven or isinstance(error, EngineClosedError):
                    raise
            refusal = as_api_error(error, request_id)
            status, body = refusal.status, refusal.body()
            self._fail(line, str(refusal))
        self.out.write(line, {"status_code": status, "request_id": request_id, "body": body}, None)
        self._tell()

    async def _complete(self, service: BatchService, job: Any) -> dict[str, Any]:
        """The answer; while the engine's line is full, wait for room."""
        while True:
            try:
                return await service.complete(job, service.start(job, self.priority, whole=True))
            except EngineBusyError:
                await asyncio.sleep(BUSY_SECONDS)

    def _fail(self, line: BatchLine, reason: str) -> None:
        self.report.failed += 1
        self.report.faults.append((line.number, reason))

    def _tell(self) -> None:
        if self.on_progress is not None:
            done = self.report.skipped + self.report.answered + self.report.failed
            self.on_progress(done, self.total)
