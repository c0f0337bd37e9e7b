"""Answers on disk, one JSON line each, so that a killed evaluation goes on where it stopped."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from joyflash.errors import DataError
from joyflash.evaluation.scoring import Answer


def request_key(request: Mapping[str, Any]) -> str:
    """A fingerprint of all that decides an answer: model, messages, tools, sampling and seed."""
    text = json.dumps(request, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:32]


class AnswerCache:
    """Append-only file of answers by request key; a half-written last line (a kill) is cut off on opening.

    Use it from one thread.

    Attributes:
        found: how often ``get`` had an answer.
    """

    def __init__(self, path: Path):
        self.path = path
        self._answers: dict[str, Answer] = {}
        self.found = 0
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            self._load()
        self._file = path.open("a", encoding="utf-8")

    def get(self, key: str) -> Answer | None:
        """The answer to the request of fingerprint ``key``, if it has been given before."""
        self.found += key in self._answers
        return self._answers.get(key)

    def put(self, key: str, answer: Answer) -> None:
        """Keep an answer and write it out at once."""
        self._answers[key] = answer
        self._file.write(json.dumps({"key": key, **asdict(answer)}, ensure_ascii=False) + "\n")
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _load(self) -> None:
        data = self.path.read_bytes()
        whole = data[: data.rfind(b"\n") + 1]
        if len(whole) < len(data):
            self.path.write_bytes(whole)
        for number, line in enumerate(whole.splitlines(), 1):
            try:
                row = json.loads(line)
                key = row.pop("key")
                self._answers[key] = Answer(**row)
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise DataError(
                    f"Line {number} of '{self.path}' is not a kept answer. Delete the file to evaluate afresh."
                ) from error
