"""A file of requests through the engine itself: as many at once as it takes, every line answered exactly once."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from joyflash.engine.async_engine import AsyncEngine
from joyflash.errors import RequestError
from joyflash.server.batch_lines import BatchLine, BatchOutput
from joyflash.server.models import ModelNames
from joyflash.server.openai_chat import OpenAIChat
from joyflash.server.settings import ServerSettings

OnProgress = Callable[[int, int], None]
"""Told how many lines are answered, and how many there are."""


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
        work = _Work(out, report, len(lines), on_progress)
        for line in todo:
            if line.body is None:
                work.refuse(line)
        good = [line for line in todo if line.body is not None]
        if good:
            engine = load()
            try:
                asyncio.run(work.answer_all(engine, good, concurrency))
            finally:
                engine.close(timeout=0)
    report.seconds = time.monotonic() - start
    return report


class _Work:
    """The lines of one run."""

    def __init__(self, out: BatchOutput, report: BatchReport, total: int, on_progress: OnProgress | None):
        self.out, self.report, self.total, self.on_progress = out, report, total, on_progress

    def refuse(self, line: BatchLine) -> None:
        """Write down a bad line."""
        self._fail(line, line.fault)
        self.out.write(line, None, {"code": "invalid_line", "message": f"line {line.number}: {line.fault}"})
        self._tell()

    async def answer_all(self, engine: AsyncEngine, lines: Sequence[BatchLine], concurrency: int) -> None:
        """Answer all lines, ``concurrency`` at a time, in the order in which they come."""
        settings = ServerSettings(any_model_name=True)
        chat = OpenAIChat(engine, ModelNames(engine.engine.model_name, settings), settings)
        left = iter(lines)

        async def worker() -> None:
            for line in left:
                await self._answer(chat, line)

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(concurrency, len(lines))):
                    group.create_task(worker())
        except BaseExceptionGroup as errors:  # the engine failed under all of them
            raise errors.exceptions[0] from errors

    async def _answer(self, chat: OpenAIChat, line: BatchLine) -> None:
        try:
            job = chat.prepare({"model": chat.engine.model_name, **(line.body or {})})
            body: dict[str, Any] = await chat.complete(job, chat.start(job))
            status = 200
            self.report.answered += 1
            self.report.tokens += body["usage"]["completion_tokens"]
        except RequestError as error:
            status = 400
            body = {
                "error": {
                    "message": str(error), "type": "invalid_request_error", "param": error.param, "code": error.code,
                }
            }  # fmt: skip
            self._fail(line, str(error))
        self.out.write(line, {"status_code": status, "request_id": f"req_{uuid.uuid4().hex}", "body": body}, None)
        self._tell()

    def _fail(self, line: BatchLine, reason: str) -> None:
        self.report.failed += 1
        self.report.faults.append((line.number, reason))

    def _tell(self) -> None:
        if self.on_progress is not None:
            done = self.report.skipped + self.report.answered + self.report.failed
            self.on_progress(done, self.total)
