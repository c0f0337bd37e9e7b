"""Batches on disk: one JSON file each, in OpenAI's shape, and beside it the answers as they come."""

from __future__ import annotations

import json
import time
import uuid
from pathlib import Path
from typing import Any

from joyflash.errors import ConfigError
from joyflash.server.errors import ApiError
from joyflash.server.file_store import write_json

OPEN = ("validating", "in_progress", "finalizing", "cancelling")
"""States from which a batch goes on after a restart."""
MOMENTS = ("in_progress", "finalizing", "completed", "failed", "expired", "cancelling", "cancelled")
DAY = 24 * 3600


class BatchStore:
    """The batches of one server. Lives on its event loop.

    Args:
        folder: made if it is not there.
        max_batches: kept at once; the oldest that are over make room.

    Raises:
        ConfigError: the folder cannot be made or read.
    """

    def __init__(self, folder: Path, max_batches: int):
        self._folder = folder
        self._max_batches = max_batches
        try:
            folder.mkdir(parents=True, exist_ok=True)
            found = [json.loads(path.read_text(encoding="utf-8")) for path in folder.glob("batch_*.json")]
        except (OSError, ValueError) as error:
            raise ConfigError(f"The batches in {folder} cannot be read: {error}. Name another folder.") from None
        self._batches = {batch["id"]: batch for batch in sorted(found, key=lambda each: each["created_at"])}

    def create(self, endpoint: str, input_file_id: str, metadata: dict[str, Any] | None) -> dict[str, Any]:
        """A new batch, still to be read; ApiError 429 when too many are open."""
        over = [name for name, batch in self._batches.items() if batch["status"] not in OPEN]
        if len(self._batches) - len(over) >= self._max_batches:
            message = f"{self._max_batches} batches are open already. Wait for one to end, or cancel one."
            raise ApiError(429, message, code="rate_limit_exceeded", headers={"Retry-After": "60"})
        for name in over[: max(0, len(self._batches) + 1 - self._max_batches)]:
            del self._batches[name]
            (self._folder / f"{name}.json").unlink(missing_ok=True)
        now = int(time.time())
        batch = {
            "id": f"batch_{uuid.uuid4().hex}",
            "object": "batch",
            "endpoint": endpoint,
            "errors": None,
            "input_file_id": input_file_id,
            "completion_window": "24h",
            "status": "validating",
            "output_file_id": None,
            "error_file_id": None,
            "created_at": now,
            "expires_at": now + DAY,
            **{f"{moment}_at": None for moment in MOMENTS},
            "request_counts": {"total": 0, "completed": 0, "failed": 0},
            "metadata": metadata,
        }
        self.save(batch)
        self._batches[batch["id"]] = batch
        return batch

    def get(self, batch_id: str) -> dict[str, Any]:
        """A batch; ApiError 404 when there is none of that id."""
        if batch_id not in self._batches:
            raise ApiError(404, f"There is no batch '{batch_id[:80]}'.", code="batch_not_found")
        return self._batches[batch_id]

    def listing(self) -> list[dict[str, Any]]:
        """All batches, the oldest first."""
        return list(self._batches.values())

    def open(self) -> list[dict[str, Any]]:
        """Those that are not over, the oldest first."""
        return [batch for batch in self._batches.values() if batch["status"] in OPEN]

    def enter(self, batch: dict[str, Any], status: str, **changes: Any) -> None:
        """Change a batch's state, now."""
        batch.update({"status": status, **changes})
        if batch.get(f"{status}_at") is None:
            batch[f"{status}_at"] = int(time.time())
        self.save(batch)

    def save(self, batch: dict[str, Any]) -> None:
        """Write a batch down."""
        write_json(self._folder / f"{batch['id']}.json", batch)

    def answers(self, batch: dict[str, Any]) -> Path:
        """Where the answers of a batch go while it runs."""
        return self._folder / f"{batch['id']}.answers"
