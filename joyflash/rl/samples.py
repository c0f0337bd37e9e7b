"""Rollouts to read: a few of every batch, with what was sampled told apart from what was shown."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from joyflash.errors import DataError
from joyflash.rl.collector import Group
from joyflash.rl.trajectory import Trajectory
from joyflash.text.tokenizer import Tokenizer

SAMPLES = "samples.jsonl"
_PER_BATCH = 4


class SampleBook:
    """Writes samples of a run.

    Args:
        folder: run folder.
        tokenizer: turns ids into text to read.
    """

    def __init__(self, folder: Path, tokenizer: Tokenizer) -> None:
        self._path, self._tokenizer = folder / SAMPLES, tokenizer

    def forget_after(self, step: int) -> None:
        """Drop what a killed run wrote after the checkpoint."""
        if not self._path.is_file():
            return
        rows = [row for row in read_samples(self._path.parent) if row["step"] < step]
        self._path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")

    def write(self, step: int, groups: Sequence[Group], advantages: Sequence[Sequence[float]]) -> None:
        """Keep the best and the worst attempt of the most telling groups."""
        spread = sorted(range(len(groups)), key=lambda i: -max(map(abs, advantages[i])))
        rows = []
        for index in spread[: _PER_BATCH // 2]:
            ranked = sorted(zip(advantages[index], groups[index].attempts, strict=True), key=lambda pair: pair[0])
            for advantage, attempt in (ranked[-1], ranked[0]):
                rows.append({"step": step, "advantage": advantage, **self.describe(attempt)})
        with self._path.open("a", encoding="utf-8") as file:
            file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)

    def describe(self, attempt: Trajectory) -> dict[str, Any]:
        """An attempt as pieces of text, each with whether it was sampled."""
        pieces: list[tuple[bool, str]] = []
        at = 0
        for first, end in attempt.spans:
            pieces.append((False, self._text(attempt.ids[at:first])))
            pieces.append((True, self._text(attempt.ids[first:end])))
            at = end
        return {
            "domain": attempt.domain,
            "group": attempt.group,
            "sample": attempt.sample,
            "reward": attempt.reward,
            "failure": attempt.failure,
            "cut_off": attempt.cut_off,
            "pieces": pieces,
        }

    def as_text(self, attempt: Trajectory) -> str:
        """An attempt for the terminal."""
        return format_sample(self.describe(attempt))

    def _text(self, ids: Sequence[int]) -> str:
        return self._tokenizer.decode(list(ids), skip_control=False)


def read_samples(folder: Path) -> list[dict[str, Any]]:
    """Samples of a run in order; a last line that a kill cut short is left out.

    Raises:
        DataError: the folder holds none.
    """
    path = folder / SAMPLES
    if not path.is_file():
        raise DataError(f"There is no {SAMPLES} in {folder}: give the folder of an RL run.")
    rows = []
    for line in path.read_text(encoding="utf-8", errors="replace").split("\n"):  # see ``recover_rows``
        try:
            rows.append(json.loads(line))
        except ValueError:
            continue
    return rows


def format_sample(row: dict[str, Any]) -> str:
    """A sample as plain lines: ``|`` in front of what was shown, ``>`` in front of what the model said."""
    head = f"{row['domain']}  reward {row['reward']:.2f}"
    head += f"  advantage {row['advantage']:+.2f}" if "advantage" in row else ""
    head += f"  step {row['step']}" if "step" in row else ""
    head += "  cut off" if row["cut_off"] else ""
    head += f"  not scored: {row['failure']}" if row["failure"] else ""
    lines = [f"--- {head}"]
    for sampled, text in row["pieces"]:
        lines += [f"{'>' if sampled else '|'} {line}" for line in text.splitlines() or [""]]
    return "\n".join(lines)
