"""Runs the batches of a server, one after the other, behind all other callers, and goes on after a restart."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from joyflash.errors import DataError, EngineClosedError, EngineError
from joyflash.server.batch import BatchReport, BatchService, BatchWork
from joyflash.server.batch_lines import BatchLine, BatchOutput, read_batch
from joyflash.server.batch_store import BatchStore
from joyflash.server.errors import ApiError
from joyflash.server.file_store import FileStore

LOG = logging.getLogger(__name__)
BEHIND_OTHERS = -1
FORGIVEN = 3
MOST_LINE_CHARACTERS = 1 << 20
FAILED = "The server failed on this batch; its log says why. What was answered is kept."


class BatchRunner:
    """Works through batches.

    Args:
        batches, files: what there is.
        services: by endpoint.
        model: for lines that name none.
        concurrency: requests of a batch handed to the engine at once.
        max_lines: of one batch.
    """

    def __init__(
        self,
        batches: BatchStore,
        files: FileStore,
        services: Mapping[str, BatchService],
        model: str,
        concurrency: int,
        max_lines: int,
    ):
        self._batches = batches
        self._files = files
        self._services = services
        self._model = model
        self._concurrency = concurrency
        self._max_lines = max_lines
        self._queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._worker: asyncio.Task[None] | None = None
        self._current: tuple[str, asyncio.Task[None]] | None = None

    def start(self) -> None:
        """Begin to work, with what an earlier process left open."""
        for batch in self._batches.open():
            self._queue.put_nowait(batch)
        self._worker = asyncio.create_task(self._work())

    async def stop(self) -> None:
        """Stop where it is; what is answered stays, and a later process goes on."""
        for task in filter(None, (self._worker, self._current and self._current[1])):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    def add(self, batch: dict[str, Any]) -> None:
        """Put a new batch in line."""
        self._queue.put_nowait(batch)

    def cancel(self, batch: dict[str, Any]) -> None:
        """End a batch; its answers so far are kept. ApiError 409 when it is over."""
        if batch["status"] == "cancelling":
            return
        if batch["status"] not in ("validating", "in_progress"):
            message = f"The batch is {batch['status']}; only one that runs or waits can be cancelled."
            raise ApiError(409, message, code="batch_over")
        self._batches.enter(batch, "cancelling")
        if self._current is not None and self._current[0] == batch["id"]:
            self._current[1].cancel()

    async def _work(self) -> None:
        while True:
            batch = await self._queue.get()
            task = asyncio.create_task(self._run(batch))
            self._current = batch["id"], task
            try:
                await asyncio.wait({task})
                if not task.cancelled() and task.exception() is not None:
                    LOG.error("batch %s failed", batch["id"], exc_info=task.exception())
                    await self._end(batch, "failed", errors=_errors("server_error", FAILED))
                elif task.cancelled() and batch["status"] == "cancelling":
                    await self._end(batch, "cancelled")
            finally:
                self._current = None

    async def _end(self, batch: dict[str, Any], status: str, **changes: Any) -> None:
        """End a batch whatever the disk says: where its answers cannot be kept they wait for the next process."""
        try:
            await self._finish(batch, status, **changes)
        except Exception:
            LOG.exception("the answers of batch %s could not be sorted", batch["id"])
            with suppress(OSError):  # it has the status in memory then
                self._batches.enter(batch, status, **changes)

    async def _run(self, batch: dict[str, Any]) -> None:
        """One batch from the state it is in to its end."""
        if batch["status"] == "cancelling":
            await self._finish(batch, "cancelled")
            return
        lines = await self._read(batch)
        if lines is None:
            return
        batch["request_counts"]["total"] = len(lines)
        if batch["status"] == "validating":
            self._batches.enter(batch, "in_progress")
        try:
            async with asyncio.timeout(batch["expires_at"] - time.time()):
                await self._answer(batch, lines)
        except EngineClosedError:
            return  # the server shuts down; the next one goes on
        except EngineError:
            await self._finish(batch, "failed", errors=_errors("server_error", FAILED))
            return
        except TimeoutError:
            await self._finish(batch, "expired")
            return
        await self._finish(batch, "completed")

    async def _read(self, batch: dict[str, Any]) -> list[BatchLine] | None:
        """The lines of the input; None when the batch failed over them."""
        try:
            path = self._files.content(self._files.get(batch["input_file_id"])["id"])
            lines = await asyncio.to_thread(
                read_batch, path, {}, endpoint=batch["endpoint"], bare=False, most_lines=self._max_lines,
                longest=MOST_LINE_CHARACTERS,
            )  # fmt: skip
        except (ApiError, DataError) as error:
            await self._refuse(batch, str(error))
            return None
        if not lines:
            await self._refuse(batch, f"The file has no lines; it must have 1 to {self._max_lines:,}.")
            return None
        return lines

    async def _answer(self, batch: dict[str, Any], lines: list[BatchLine]) -> None:
        counts = batch["request_counts"]
        with BatchOutput(self._batches.answers(batch)) as out:
            todo = out.remaining(lines)
            report = BatchReport(0, 0, len(lines) - len(todo), out.failed, [], 0, 0.0)

            def count(done: int, total: int) -> None:
                counts["failed"] = report.skipped_failed + report.failed
                counts["completed"] = done - counts["failed"]

            count(report.skipped, len(lines))
            work = BatchWork(out, report, len(lines), count, BEHIND_OTHERS, FORGIVEN)
            good = work.refuse_bad(todo)
            if good:
                await work.answer_all(self._services[batch["endpoint"]], self._model, good, self._concurrency)

    async def _finish(self, batch: dict[str, Any], status: str, **changes: Any) -> None:
        """Sort the answers into the output file and the error file, and end the batch."""
        if batch["status"] == "in_progress":
            self._batches.enter(batch, "finalizing")
        answers = self._batches.answers(batch)
        parts = {True: answers.with_suffix(".good"), False: answers.with_suffix(".bad")}
        counts = await asyncio.to_thread(_sort, answers, parts)
        for fine, name in ((True, "output"), (False, "error")):
            if counts[fine]:
                kept = self._files.adopt(parts[fine], f"{batch['id']}_{name}.jsonl", "batch_output")
                changes[f"{name}_file_id"] = kept["id"]
            else:
                parts[fine].unlink(missing_ok=True)
        batch["request_counts"].update({"completed": counts[True], "failed": counts[False]})
        self._batches.enter(batch, status, **changes)
        answers.unlink(missing_ok=True)

    async def _refuse(self, batch: dict[str, Any], message: str) -> None:
        """End a batch whose input is no use (any more); answers of an earlier process are kept."""
        await self._finish(batch, "failed", errors=_errors("invalid_file", message))


def _errors(code: str, message: str) -> dict[str, Any]:
    return {"object": "list", "data": [{"code": code, "message": message, "param": None, "line": None}]}


def _sort(answers: Path, parts: Mapping[bool, Path]) -> dict[bool, int]:
    """Copy good answers to one file and the others to another; how many there are of each."""
    counts = {True: 0, False: 0}
    if answers.exists():
        with answers.open("rb") as source, parts[True].open("wb") as good, parts[False].open("wb") as bad:
            for line in source:
                if not line.endswith(b"\n"):  # the disk was full
                    break
                fine = _is_good(line)
                (good if fine else bad).write(line)
                counts[fine] += 1
    return counts


def _is_good(line: bytes) -> bool:
    response = json.loads(line)["response"]
    return response is not None and response["status_code"] == 200
