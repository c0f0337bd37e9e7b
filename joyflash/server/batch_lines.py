"""Lines of a batch file, in and out: OpenAI's batch format, or plain prompts."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from joyflash.errors import DataError
from joyflash.server.body import MAX_BRACKETS
from joyflash.text.schemas import MAX_DEPTH, is_deeper, strict_json

ENDPOINT = "/v1/chat/completions"
_ENVELOPE = ("custom_id", "method", "url", "body")
_REQUEST = "batch_req_"
_BEGINNING = f'{{"id": "{_REQUEST}'.encode()


@dataclass(frozen=True)
class BatchLine:
    """One line of the input.

    Attributes:
        number: from 1, blank lines counted.
        custom_id: the caller's name for it, else ``line-N``.
        key: a digest of what is asked; a resumed run sees by it whether the question is still the same.
        request: the request as JSON text, which takes far less memory than what it says; None for a bad line.
        fault: why the line is bad; empty for a good one.
    """

    number: int
    custom_id: str
    key: str
    request: str | None
    fault: str = ""

    def body(self) -> dict[str, Any]:
        """The request of a good line."""
        return dict(json.loads(self.request or "{}"))


def read_batch(
    path: Path,
    defaults: Mapping[str, Any],
    *,
    endpoint: str = ENDPOINT,
    bare: bool = True,
    most_lines: int | None = None,
    longest: int | None = None,
) -> list[BatchLine]:
    """Read a batch file.

    A ``.jsonl`` file has on each line an object of OpenAI's batch format (``custom_id``, ``method``, ``url``,
    ``body``), or the fields of a chat request themselves, with ``prompt`` for a single user message; any other file
    has one prompt a line. Bad lines are marked, not raised.

    Args:
        defaults: fields for requests that do not give them.
        endpoint: what every line must ask for.
        bare: whether a line may be the fields of a request themselves, without ``custom_id`` and ``body``.
        most_lines: that the file may have.
        longest: characters that a line may have; its brackets are then bounded as those of any request are.

    Raises:
        DataError: the file is missing or not UTF-8, or has more lines.
    """
    plain = path.suffix != ".jsonl"
    lines: list[BatchLine] = []
    seen: dict[str, int] = {}
    for number, line in _lines(path):
        if len(lines) == most_lines:
            raise DataError(f"The file has more than {most_lines:,} lines; it may have 1 to {most_lines:,}.")
        if longest is not None and len(line) > longest:
            found = _bad(number, line, f"longer than {longest:,} characters")
        elif longest is not None and line.count("[") + line.count("{") > MAX_BRACKETS:
            found = _bad(number, line, f"more than {MAX_BRACKETS:,} opening brackets")
        else:
            found = _read(number, line, plain, defaults, endpoint, bare)
        if found.custom_id in seen:
            fault = f"its custom_id {found.custom_id!r} is line {seen[found.custom_id]}'s too"
            name = f"line-{number}"
            while name in seen:  # somebody's custom_id
                name += "-bad"
            found = _bad(number, line, fault, name)
        seen[found.custom_id] = number
        lines.append(found)
    return lines


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Lines that are not blank, without the blanks around them, and their numbers from 1."""
    try:
        # "\n" alone ends a line: U+2028 may stand inside a JSON text.
        with path.open(encoding="utf-8", newline="\n") as file:
            for number, line in enumerate(file, 1):
                if line := line.strip():
                    yield number, line
    except FileNotFoundError:
        raise DataError(f"The batch file {path} does not exist.") from None
    except UnicodeDecodeError as error:
        raise DataError(f"The batch file {path} is not UTF-8 text: {error}.") from error


def _read(number: int, line: str, plain: bool, defaults: Mapping[str, Any], endpoint: str, bare: bool) -> BatchLine:
    try:
        row: Any = {"prompt": line} if plain else strict_json(line)
    except ValueError as error:
        return _bad(number, line, f"not valid JSON: {error}")
    if not isinstance(row, dict):
        return _bad(number, line, f"must be a JSON object, not {type(row).__name__}")
    if is_deeper(row, MAX_DEPTH):
        return _bad(number, line, f"nested more than {MAX_DEPTH} levels deep")
    if not bare and not {"custom_id", "body"} <= row.keys():
        return _bad(number, line, "must have 'custom_id', 'method', 'url' and 'body'")
    custom_id = row.pop("custom_id", f"line-{number}")
    if not isinstance(custom_id, str) or not custom_id:
        return _bad(number, line, "custom_id must be a text that is not empty")
    if "body" in row:
        fault = _envelope_fault(row, endpoint)
        if fault:
            return _bad(number, line, fault, custom_id)
        row = dict(row["body"])
    if endpoint == ENDPOINT and "prompt" in row and "messages" not in row:
        row["messages"] = [{"role": "user", "content": row.pop("prompt")}]
    given = {*row, *(["max_tokens"] if row.get("max_completion_tokens") is not None else [])}  # two names of one thing
    body = {**{name: value for name, value in defaults.items() if name not in given}, **row}
    if body.get("stream"):
        return _bad(number, line, "a batch cannot stream; leave out 'stream'", custom_id)
    text = json.dumps(body, ensure_ascii=False)
    return BatchLine(number, custom_id, _digest(json.dumps(body, sort_keys=True)), text)


def _envelope_fault(row: Mapping[str, Any], endpoint: str) -> str:
    unknown = [name for name in row if name not in _ENVELOPE]
    if unknown:
        return f"unknown field {unknown[0]!r} beside 'body'"
    if row.get("method", "POST") != "POST" or row.get("url", endpoint) != endpoint:
        return f"only POST {endpoint} can be asked"
    return "" if isinstance(row["body"], dict) else "'body' must be a JSON object"


def _bad(number: int, line: str, fault: str, custom_id: str = "") -> BatchLine:
    """A bad line; without a usable custom_id it goes by its number."""
    return BatchLine(number, custom_id or f"line-{number}", _digest(line), None, fault)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:24]


class BatchOutput:
    """The output file: one line an answer, in the order in which answers come; use as a context manager.

    Args:
        path: gone on with if it exists; a last line that a kill cut off is removed.

    Raises:
        DataError: another process writes to the file, or it holds something else.
    """

    def __init__(self, path: Path):
        self.path = path
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._keys, self.failed = self._read()
        except BlockingIOError:
            os.close(self._file)
            raise DataError(f"Another run writes to {path}. Wait for it, or name another file.") from None
        except BaseException:
            os.close(self._file)
            raise

    def __enter__(self) -> BatchOutput:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._file)

    def remaining(self, lines: Sequence[BatchLine]) -> list[BatchLine]:
        """Lines without an answer.

        Raises:
            DataError: an answer belongs to a line that reads otherwise now.
        """
        for line in lines:
            if self._keys.get(line.custom_id, line.key) != line.key:
                raise DataError(
                    f"{self.path} answers another question for {line.custom_id!r} than line {line.number} asks now, or "
                    "with other options. Name another output file."
                )
        return [line for line in lines if line.custom_id not in self._keys]

    def write(self, line: BatchLine, response: Mapping[str, Any] | None, error: Mapping[str, Any] | None) -> None:
        """Add the answer to a line."""
        row = {"id": f"{_REQUEST}{line.key}", "custom_id": line.custom_id, "response": response, "error": error}
        data = json.dumps(row, ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n"
        while data:
            data = data[os.write(self._file, data) :]
        self._keys[line.custom_id] = line.key

    def _read(self) -> tuple[dict[str, str], int]:
        """Keys of the lines answered already, and how many of them failed."""
        keys: dict[str, str] = {}
        failed = end = 0
        with os.fdopen(os.dup(self._file), "rb") as file:
            for number, line in enumerate(file, 1):
                if not line.endswith(b"\n") and (line.startswith(_BEGINNING) or _BEGINNING.startswith(line)):
                    break  # an answer that a kill cut short
                try:
                    row = json.loads(line)
                    keys[row["custom_id"]] = str(row["id"]).removeprefix(_REQUEST)
                    failed += row["error"] is not None or row["response"]["status_code"] != 200
                    if not line.endswith(b"\n"):
                        raise ValueError
                except (ValueError, KeyError, TypeError):
                    raise DataError(
                        f"{self.path} line {number} is no answer of a batch. Name another output file."
                    ) from None
                end += len(line)
        os.ftruncate(self._file, end)
        return keys, failed
