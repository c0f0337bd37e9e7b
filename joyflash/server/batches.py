"""`/v1/files` and `/v1/batches` of one server: where they are kept, who works on them, and when."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI

from joyflash.server.admission import Admission
from joyflash.server.batch import BatchService
from joyflash.server.batch_routes import add_batch_routes, add_file_routes
from joyflash.server.batch_runner import BatchRunner
from joyflash.server.batch_store import BatchStore
from joyflash.server.file_store import FileStore
from joyflash.server.intake import Intake
from joyflash.server.settings import ServerSettings


class Batches:
    """Files, batches and the worker.

    Args:
        services: what a batch may ask, by endpoint.
        model: for lines that name none.
        settings: folder and bounds.

    Raises:
        ConfigError: the folder cannot be used.
    """

    def __init__(self, services: Mapping[str, BatchService], model: str, settings: ServerSettings):
        self._settings = settings
        self._temporary = None if settings.files_folder else tempfile.TemporaryDirectory(prefix="joyflash-files-")
        folder = Path(self._temporary.name if self._temporary else settings.files_folder or "")
        self._files = FileStore(folder / "files", settings.max_file_bytes, settings.max_files, settings.max_files_bytes)
        self._batches = BatchStore(folder / "batches", settings.max_batches)
        self._runner = BatchRunner(
            self._batches, self._files, services, model, settings.batch_concurrency, settings.max_batch_lines
        )

    def add_routes(self, app: FastAPI, door: Admission, intake: Intake) -> None:
        """Put the routes into an application."""
        add_file_routes(app, door, self._files, self._settings, intake)
        add_batch_routes(app, door, self._batches, self._files, self._runner, intake)

    @asynccontextmanager
    async def lifespan(self, app: FastAPI) -> AsyncIterator[None]:
        """Work while the application runs; part of the ASGI protocol."""
        self._runner.start()
        try:
            yield
        finally:
            await self._runner.stop()
            if self._temporary is not None:
                self._temporary.cleanup()
