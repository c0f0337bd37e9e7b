"""The checkpoints' folders inside a run's folder: how one comes to be, whole or not at all, and how old ones leave."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from joyflash.extras import crc32

CHECKSUMS = "checksums.json"
TEAM_PROGRESS = "team.json"
"""Marks a checkpoint that several processes wrote (see ``team_checkpoint``)."""
BETWEEN = "between"
"""An empty file in a checkpoint that a stop asked for between two planned ones: to go on from, not to be averaged."""
_PIECE = 1 << 24


def checkpoints(folder: Path) -> list[Path]:
    """Folders of the checkpoints of a run, oldest first; each is whole, but its files may be damaged."""
    return sorted(folder.glob("step-*"))


def planned(folder: Path) -> list[Path]:
    """Those ``checkpoints`` that a run which nobody stops has as well."""
    return [checkpoint for checkpoint in checkpoints(folder) if not (checkpoint / BETWEEN).exists()]


def publish(partial: Path, target: Path, sums: Mapping[str, int]) -> None:
    """Add the checksums by file name, have everything written to the disk, and only then give it its name."""
    (partial / CHECKSUMS).write_text(json.dumps(dict(sums)))
    for name in (*sums, CHECKSUMS):
        flush(partial / name)
    flush(partial)
    if target.exists():  # an unreadable one that this run has reached again
        target.replace(target.parent / f".{target.name}.replaced")
    partial.replace(target)
    flush(target.parent)


def remove_older(folder: Path, newest: Path, keep: int) -> None:
    """Keep ``newest`` and the last ``keep`` planned checkpoints up to it; later ones could not be read: they leave."""
    kept = {newest, *[checkpoint for checkpoint in planned(folder) if checkpoint <= newest][-keep:]}
    for checkpoint in checkpoints(folder):
        if checkpoint not in kept:
            shutil.rmtree(checkpoint)
    remove_leftovers(folder)


def remove_leftovers(folder: Path) -> None:
    """What a killed run left half written."""
    for pattern in (".step-*.partial", ".step-*.replaced"):
        for leftover in folder.glob(pattern):
            shutil.rmtree(leftover)


def checksum(path: Path) -> int:
    """CRC-32 of a file."""
    total = 0
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            total = crc32(piece, total)
    return total


def flush(path: Path) -> None:
    """Have the file system write a file or a folder's entries to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
