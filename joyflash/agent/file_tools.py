"""Looking into one folder: list, search, read a document part by part. Nothing outside it can be reached."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from joyflash.agent.tools import Tool, ToolError, object_schema
from joyflash.errors import AgentError

PART, MAX_BYTES, MAX_LISTED, MAX_FOUND, MAX_LINE = 6000, 20 << 20, 500, 40, 200


class Folder:
    """A folder for the model to look into.

    Args:
        path: the folder; links that lead out of it are not followed.

    Raises:
        AgentError: it is no folder.
    """

    def __init__(self, path: Path):
        if not path.is_dir():
            raise AgentError(f"The folder {path} does not exist. Name one with --folder.")
        self.root = path.resolve()

    def tools(self) -> list[Tool]:
        """The three tools."""
        text = {"type": "string"}
        part = {"type": "integer", "minimum": 1, "description": f"Parts have {PART} characters; the first is 1."}
        return [
            Tool("list_files", "List the files of the folder.", object_schema({}, []), lambda _: self.listing()),
            Tool(
                "search_files",
                "Find lines that contain a text, upper or lower case, in all files of the folder.",
                object_schema({"text": text}, ["text"]),
                lambda arguments: self.search(arguments["text"]),
            ),
            Tool(
                "read_file",
                "Read one part of a file of the folder.",
                object_schema({"path": text, "part": part}, ["path"]),
                self._read,
            ),
        ]

    def listing(self) -> str:
        """Paths and sizes, one a line."""
        lines = [f"{path.relative_to(self.root)} ({path.stat().st_size} bytes)" for path in self._files()]
        more = f"\n[{len(lines) - MAX_LISTED} more]" if len(lines) > MAX_LISTED else ""
        return "\n".join(lines[:MAX_LISTED]) + more or "The folder is empty."

    def search(self, text: str) -> str:
        """Lines with ``text``: path, line number, line."""
        if not text.strip():
            raise ToolError("the text to search for is empty")
        wanted, found = text.casefold(), []
        for path in self._files():
            document = _document(path)
            for number, line in enumerate(document.splitlines() if document else (), 1):
                if wanted not in line.casefold():
                    continue
                if len(found) == MAX_FOUND:
                    return "\n".join([*found, f"[more than {MAX_FOUND} lines; search for something rarer]"])
                start = max(0, line.casefold().find(wanted) - MAX_LINE // 2)
                found.append(f"{path.relative_to(self.root)}:{number}: {line[start : start + MAX_LINE].strip()}")
        return "\n".join(found) or f"No line contains '{text}'."

    def read(self, name: str, part: int = 1) -> str:
        """One part of a document, with a head that says which.

        Raises:
            ToolError: outside the folder, missing, not text, or no such part.
        """
        path = self._inside(name)
        if path is None or not path.is_file():
            raise ToolError(f"there is no file '{name}'; list_files shows what there is")
        document = _document(path)
        if document is None:
            raise ToolError(f"'{name}' is not a text, or longer than {MAX_BYTES >> 20} MiB")
        parts = max(1, -(-len(document) // PART))
        if part > parts:
            raise ToolError(f"'{name}' has {parts} parts, not {part}")
        return f"[{name}, part {part} of {parts}]\n{document[(part - 1) * PART : part * PART]}"

    def _read(self, arguments: dict[str, Any]) -> str:
        return self.read(arguments["path"], arguments.get("part", 1))

    def _inside(self, name: str) -> Path | None:
        """The file behind a name, all links followed, if it lies in the folder."""
        try:
            path = (self.root / name).resolve()
        except (OSError, ValueError, RuntimeError):  # a loop of links, a zero byte
            return None
        return path if path.is_relative_to(self.root) else None

    def _files(self) -> Iterator[Path]:
        for folder, folders, names in os.walk(self.root):
            folders.sort()
            for name in sorted(names):
                path = Path(folder) / name
                if self._inside(str(path)) is not None and path.is_file():
                    yield path


def _document(path: Path) -> str | None:
    """The text of a file, or None if it is none."""
    try:
        if path.stat().st_size > MAX_BYTES:
            return None
        data = path.read_bytes()
    except OSError:
        return None
    return None if b"\0" in data[:8192] else data.decode("utf-8", "replace")
