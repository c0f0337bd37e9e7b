"""Rows of JSON Lines files, plain or compressed, with the line number in every error."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from joyflash.errors import DataError
from joyflash.extras import require

SUFFIXES = (".jsonl", ".jsonl.gz", ".jsonl.zst")
_CHUNK = 1 << 16


def open_text(path: Path) -> io.TextIOWrapper:
    """Open a ``.jsonl``, ``.jsonl.gz`` or ``.jsonl.zst`` file as UTF-8 text (the last needs the extra ``train``)."""
    if not path.is_file():
        raise DataError(f"The data file {path} does not exist.")
    if path.suffix == ".gz":
        return io.TextIOWrapper(gzip.open(path, "rb"), encoding="utf-8")
    if path.suffix == ".zst":
        return io.TextIOWrapper(io.BufferedReader(_Zstd(path)), encoding="utf-8")
    return path.open(encoding="utf-8")


class _Zstd(io.RawIOBase):
    """The bytes of a ``.zst`` file, frame after frame; the package's own reader takes a cut-off frame for the end."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")
        self._start = require("zstandard", extra="train").ZstdDecompressor().decompressobj
        self._frame, self._begun = self._start(), False
        self._ready = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._ready:
            given = self._frame.unused_data if self._frame.eof else b""
            if self._frame.eof:
                self._frame, self._begun = self._start(), False
            given = given or self._file.read(_CHUNK)
            if not given:
                if self._begun:
                    raise EOFError("it ends in the middle of a frame")
                return 0
            self._begun = True
            self._ready = memoryview(self._frame.decompress(given))
        count = min(len(buffer), len(self._ready))
        buffer[:count], self._ready = self._ready[:count], self._ready[count:]
        return count

    def close(self) -> None:
        self._file.close()
        super().close()


def read_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield ``(line number from 1, text)`` of each line that is not blank.

    Raises:
        DataError: the file is missing, cut off, not compressed as its suffix says, or not UTF-8.
    """
    number = 0
    with open_text(path) as file:
        lines = iter(file)
        while True:
            try:
                line = next(lines)
            except StopIteration:
                return
            except Exception as error:  # each decompressor has its own error class
                raise DataError(f"{path} cannot be read after line {number}: {error}. Fetch the file again.") from error
            number += 1
            if line.strip():
                yield number, line


def parse_row(path: Path, number: int, line: str) -> dict[str, Any]:
    """Parse one line into an object; raise DataError naming the file and the line."""
    try:
        row = json.loads(line)
    except ValueError as error:
        raise DataError(f"{path} line {number} is not valid JSON: {error}.") from error
    if not isinstance(row, dict):
        raise DataError(f"{path} line {number} must be a JSON object, not {type(row).__name__}.")
    return row


def read_rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield ``(line number from 1, object)`` for each line; any bad line raises DataError."""
    for number, line in read_lines(path):
        yield number, parse_row(path, number, line)
