"""A line for every request: who asked for what, how it ended and how long it took; never the text, unless asked to."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from typing import Any, TextIO

from joyflash.server.record import RequestRecord
from joyflash.server.settings import ServerSettings


class RequestLog:
    """Writes the lines.

    Args:
        settings: ``log_format`` and ``log_bodies``.
        stream: where to; None = the standard error stream.
    """

    def __init__(self, settings: ServerSettings, stream: TextIO | None = None):
        self._format = settings.log_format
        self._bodies = settings.log_bodies
        self._stream = stream or sys.stderr

    def write(self, record: RequestRecord, seconds: float) -> None:
        """Write the line of a request that ended after ``seconds``."""
        if self._format == "off":
            return
        entry = self._entry(record, seconds)
        if self._format == "json":
            line = json.dumps(entry, ensure_ascii=False)
        else:
            parts = (f"{name}={_plain(value)}" for name, value in entry.items() if name not in ("time", "body"))
            line = " ".join([entry["time"], *parts])
            if "body" in entry:
                line += " body=" + json.dumps(entry["body"], ensure_ascii=False)
        print(line, file=self._stream, flush=True)

    def _entry(self, record: RequestRecord, seconds: float) -> dict[str, Any]:
        """What is known; absent is what does not apply."""
        first = record.first_token_seconds
        entry = {
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "request_id": record.request_id,
            "client": record.client,
            "method": record.method,
            "endpoint": record.endpoint,
            "status": record.status,
            "seconds": round(seconds, 4),
            "model": record.model,
            "stream": record.stream,
            "prompt_tokens": record.prompt_tokens or None,
            "cached_tokens": record.cached_tokens or None,
            "completion_tokens": record.completion_tokens or None,
            "first_token_seconds": None if first is None else round(first, 4),
            "error": record.error,
            "body": record.body if self._bodies else None,
        }
        return {name: value for name, value in entry.items() if value is not None}


def _plain(value: Any) -> str:
    """A value that cannot be mistaken for two, or for the next line."""
    text = str(value)
    return text if text.isprintable() and " " not in text else json.dumps(text)
