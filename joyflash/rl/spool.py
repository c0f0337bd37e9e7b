"""Files that grow by a JSON line at a time and survive a kill in the middle of one."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def append_rows(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    """Add rows; they are on the disk when this returns."""
    with path.open("a", encoding="utf-8") as file:
        file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        file.flush()
        os.fsync(file.fileno())


def recover_rows(path: Path) -> list[dict[str, Any]]:
    """Rows of a file, none if there is none; a line that a kill cut short is cut off, so that the next begins well."""
    if not path.is_file():
        return []
    data = path.read_bytes()
    whole = data[: data.rfind(b"\n") + 1]
    if len(whole) < len(data):
        with path.open("r+b") as file:
            file.truncate(len(whole))
    rows = []
    for line in whole.decode("utf-8", "replace").split("\n"):  # JSON may hold other line breaks as they are
        try:
            row = json.loads(line)
        except ValueError:
            continue
        if isinstance(row, dict):
            rows.append(row)
    return rows
