"""Files that callers upload and batches write: in one folder, bounded, there again after a restart."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from joyflash.errors import ConfigError
from joyflash.server.errors import ApiError


def write_json(path: Path, value: dict[str, Any]) -> None:
    """Write a file that is whole or not there, whenever the process is killed."""
    beside = path.with_suffix(".new")
    beside.write_text(json.dumps(value), encoding="utf-8")
    beside.replace(path)


class FileStore:
    """Files and what is known of them. Lives on the server's event loop.

    Args:
        folder: made if it is not there; only this server writes to it.
        max_file_bytes: of one upload.
        max_files, max_bytes: of all files together; what batches write may go beyond.

    Raises:
        ConfigError: the folder cannot be made or read.
    """

    def __init__(self, folder: Path, max_file_bytes: int, max_files: int, max_bytes: int):
        self._folder = folder
        self._max_file_bytes = max_file_bytes
        self._max_files = max_files
        self._max_bytes = max_bytes
        self._files: dict[str, dict[str, Any]] = {}
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for path in folder.glob("*.part"):
                path.unlink()  # an upload that a kill cut off
            found = [json.loads(path.read_text(encoding="utf-8")) for path in folder.glob("file-*.json")]
        except (OSError, ValueError) as error:
            raise ConfigError(f"The files in {folder} cannot be read: {error}. Name another --files folder.") from None
        for entry in sorted(found, key=lambda entry: (entry["created_at"], entry["id"])):
            self._files[entry["id"]] = entry

    async def upload(self, name: str, purpose: str, data: AsyncIterator[bytes], seconds: int | None) -> dict[str, Any]:
        """Keep an upload.

        Args:
            name: as the caller calls it; nothing on disk is called so.
            purpose: as the caller says.
            data: the content, in pieces.
            seconds: after which it expires; None = never.

        Raises:
            ApiError: 413, it or all files together are too long; nothing of it is kept.
        """
        self._expire()
        if len(self._files) >= self._max_files:
            raise _full(f"{len(self._files)} files are kept")
        room = self._max_bytes - sum(entry["bytes"] for entry in self._files.values())
        file_id = _new_id()
        part, size = self._folder / f"{file_id}.part", 0
        try:
            with part.open("wb") as file:
                async for piece in data:
                    size += len(piece)
                    if size > self._max_file_bytes:
                        message = f"The file is longer than the {self._max_file_bytes:,} bytes that this server takes."
                        raise ApiError(413, message, "file", "request_too_large", {"Connection": "close"})
                    if size > room:
                        raise _full(f"all files together may have {self._max_bytes:,} bytes")
                    file.write(piece)
            part.replace(self.content(file_id))
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        return self._enter(file_id, name, purpose, size, seconds)

    def adopt(self, path: Path, name: str, purpose: str) -> dict[str, Any]:
        """Take over a file of this server's own, such as a batch's output."""
        file_id = _new_id()
        size = path.stat().st_size
        path.replace(self.content(file_id))
        return self._enter(file_id, name, purpose, size, None)

    def get(self, file_id: str, param: str | None = None) -> dict[str, Any]:
        """What is known of a file, in OpenAI's shape; ApiError 404 when there is none of that id."""
        self._expire()
        if file_id not in self._files:
            message = f"There is no file '{file_id[:80]}'. GET /v1/files lists those that there are."
            raise ApiError(404, message, param, "file_not_found")
        return self._files[file_id]

    def content(self, file_id: str) -> Path:
        """Where the bytes of a file are."""
        return self._folder / f"{file_id}.jsonl"

    def delete(self, file_id: str) -> None:
        """Forget a file; ApiError 404 when there is none of that id."""
        self.get(file_id)
        del self._files[file_id]
        (self._folder / f"{file_id}.json").unlink(missing_ok=True)
        self.content(file_id).unlink(missing_ok=True)

    def listing(self, purpose: str | None = None) -> list[dict[str, Any]]:
        """All files, or those of one purpose, the oldest first."""
        self._expire()
        return [entry for entry in self._files.values() if purpose in (None, entry["purpose"])]

    def _enter(self, file_id: str, name: str, purpose: str, size: int, seconds: int | None) -> dict[str, Any]:
        now = int(time.time())
        entry = {
            "id": file_id,
            "object": "file",
            "bytes": size,
            "created_at": now,
            "expires_at": None if seconds is None else now + seconds,
            "filename": name,
            "purpose": purpose,
            "status": "processed",
        }
        write_json(self._folder / f"{file_id}.json", entry)
        self._files[file_id] = entry
        return entry

    def _expire(self) -> None:
        now = time.time()
        old = [name for name, entry in self._files.items() if (entry["expires_at"] or now + 1) <= now]
        for name in old:
            del self._files[name]
            (self._folder / f"{name}.json").unlink(missing_ok=True)
            self.content(name).unlink(missing_ok=True)


def _new_id() -> str:
    return f"file-{uuid.uuid4().hex}"


def _full(reason: str) -> ApiError:
    return ApiError(413, f"There is no room for this file: {reason}. Delete some.", "file", "storage_full")
