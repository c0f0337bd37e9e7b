"""The record of a run: one JSON line per step on disk, TensorBoard files beside it on request, and a progress display.

Without a terminal the display is plain lines.
"""

from __future__ import annotations

import contextlib
import json
import math
import time
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from joyflash.errors import DataError, TrainingError
from joyflash.extras import require

LOG_NAME = "log.jsonl"
TENSORBOARD_NAME = "tensorboard"
_WINDOW = 20  # steps over which the displayed throughput and time left are averaged


class TrainingLog:
    """Writes ``log.jsonl`` of a run folder and shows the run; use it as a context manager.

    A step's row holds step, tokens (seen so far), seconds (of training so far, over all sessions), loss,
    tokens_per_second and what else the caller gives; a validation row holds step and ``bits_per_byte`` per text kind.

    Args:
        folder: the run's folder, made if missing.
        total_steps: length of the run, for the bar and the time left.
        resumed_step: last step that the loaded checkpoint contains: later rows are dropped, the clock and the token
            count go on from there. None starts a new log.
        plain_every: without a terminal, steps between two printed lines.
        tensorboard: also write every number to ``tensorboard/`` of the run folder.
        console: where to print; default standard output.

    Raises:
        TrainingError: a new run's folder already holds a log, or a row cannot be written.
        DataError: a log to be resumed is damaged.
        MissingExtraError: TensorBoard files are asked for and tensorboardX is not installed.
    """

    def __init__(
        self,
        folder: str | Path,
        total_steps: int,
        *,
        resumed_step: int | None = None,
        plain_every: int = 10,
        tensorboard: bool = False,
        console: Console | None = None,
    ):
        self.path = Path(folder) / LOG_NAME
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._console = console or Console()
        self._total_steps = total_steps
        self._plain_every = plain_every
        self._tokens, self._seconds = 0, 0.0
        if resumed_step is not None:
            self._truncate(resumed_step)
        elif self.path.exists():
            raise TrainingError(f"'{self.path}' exists: resume that run, or give the new one another folder.")
        self._board: Any = None
        if tensorboard:
            self._board = require("tensorboardX", extra="train").SummaryWriter(
                str(self.path.parent / TENSORBOARD_NAME),
                purge_step=None if resumed_step is None else resumed_step + 1,
                filename_suffix=f".after-step-{resumed_step or 0}",  # two sessions of one second are two files
            )
        self._file = self.path.open("a", encoding="utf-8")
        self._mark = time.monotonic()
        self._recent: deque[tuple[float, int]] = deque(maxlen=_WINDOW)
        self._progress = self._task = None
        if self._console.is_terminal:
            columns = (TextColumn("step"), MofNCompleteColumn(), BarColumn(), TextColumn("{task.fields[line]}"))
            self._progress = Progress(*columns, console=self._console)
            self._task = self._progress.add_task("train", total=total_steps, completed=resumed_step or 0, line="")
            self._progress.start()

    def step(
        self,
        step: int,
        loss: float,
        tokens: int,
        *,
        ideal_seconds: float | None = None,
        ideal_masked: float | None = None,
        **values: float | int | None,
    ) -> None:
        """Record one optimiser step.

        Args:
            step: number of steps done, this one included.
            loss: mean next-token loss in nats.
            tokens: tokens of this step.
            ideal_seconds, ideal_masked: what the step would take at the hardware's peak, by 6N and by what the masks
                leave (see ``flops.training_flops``); over the time that it took they are ``mfu`` and ``mfu_masked``.
            values: further columns; ``mtp_loss``, ``lr``, ``gradient_norm``, ``violation`` and ``dead_experts`` are
                also displayed. None leaves a column out.
        """
        now = time.monotonic()
        seconds, self._mark = now - self._mark, now
        self._tokens += tokens
        self._seconds += seconds
        self._recent.append((seconds, tokens))
        row: dict[str, Any] = {"step": step, "tokens": self._tokens, "seconds": round(self._seconds, 3), "loss": loss}
        row |= {name: value for name, value in values.items() if value is not None}
        row["tokens_per_second"] = tokens / max(seconds, 1e-9)
        for name, ideal in (("mfu", ideal_seconds), ("mfu_masked", ideal_masked)):
            if ideal is not None:
                row[name] = ideal / max(seconds, 1e-9)
        self._write(row)
        line = self._describe(step, row)
        if self._progress is not None and self._task is not None:
            self._progress.update(self._task, completed=step, line=line)
        elif step % self._plain_every == 0 or step in (1, self._total_steps):
            self._print(f"step {step}/{self._total_steps}  {line}")

    def validation(
        self, step: int, bits_per_byte: Mapping[str, float], exact: Mapping[str, float] | None = None
    ) -> None:
        """Record bits per byte of held-out text and the share of exact held-out skill samples, each by kind.

        The time since the last step counts to no training step.
        """
        self._write({"step": step, "bits_per_byte": dict(bits_per_byte), "exact": dict(exact or {})})
        if bits_per_byte:
            self._print(f"step {step}  bits/byte  " + "  ".join(f"{k} {v:.4f}" for k, v in bits_per_byte.items()))
        if exact:
            self._print(f"step {step}  exact  " + "  ".join(f"{k} {v:.0%}" for k, v in exact.items()))
        self.restart_clock()

    def record(self, step: int, **values: Any) -> None:
        """Write a row of other columns; the time since the last step counts to no training step."""
        self._write({"step": step, **values})
        self.restart_clock()

    def note(self, text: str) -> None:
        """Tell the reader of the display something; it is no part of the record."""
        self._print(text)

    def restart_clock(self) -> None:
        """Do not count the time since the last step (a checkpoint, a validation) to the next one."""
        self._mark = time.monotonic()

    def close(self) -> None:
        """Stop the display and close the file."""
        if self._progress is not None:
            self._progress.stop()
        with contextlib.suppress(OSError):  # what could not be written was reported when it was
            self._file.close()
            if self._board is not None:
                self._board.close()

    def __enter__(self) -> TrainingLog:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _describe(self, step: int, row: Mapping[str, Any]) -> str:
        seconds = sum(each for each, _ in self._recent)
        rate = sum(tokens for _, tokens in self._recent) / max(seconds, 1e-9)
        left = (self._total_steps - step) * seconds / len(self._recent)
        shown = {"loss": ("loss", ".4f"), "mtp_loss": ("mtp", ".4f"), "lr": ("lr", ".2e")}
        shown |= {"accuracy": ("right", ".3f"), "margin": ("margin", "+.3f")}
        shown |= {"reward": ("reward", ".3f"), "entropy": ("entropy", ".3f"), "ratio": ("ratio", ".3f")}
        shown |= {"gradient_norm": ("norm", ".2f"), "violation": ("imbalance", ".2f"), "dead_experts": ("dead", "d")}
        parts = [f"{label} {row[name]:{form}}" for name, (label, form) in shown.items() if name in row]
        used = [f"MFU {row['mfu']:.0%} ({row['mfu_masked']:.0%} masked)"] if {"mfu", "mfu_masked"} <= row.keys() else []
        return "  ".join([*parts, f"{rate:,.0f} tok/s", *used, f"{format_duration(left)} left"])

    def _print(self, line: str) -> None:
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)

    def _write(self, row: Mapping[str, Any]) -> None:
        try:
            self._file.write(json.dumps(_finite(row)) + "\n")
            self._file.flush()
            if self._board is not None:
                for name, value in _scalars(row):
                    self._board.add_scalar(name, value, row["step"])
                self._board.flush()
        except OSError as error:
            raise TrainingError(
                f"The log {self.path} cannot be written ({error.strerror or error}). Make room, then go on from the "
                "last checkpoint with --resume."
            ) from error

    def _truncate(self, resumed_step: int) -> None:
        """Keep the rows up to the checkpoint and take up the counters of the last of them."""
        rows = [row for row in read_log(self.path.parent) if row["step"] <= resumed_step] if self.path.exists() else []
        kept = self.path.with_suffix(".part")
        kept.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        kept.replace(self.path)
        for row in rows:
            self._tokens, self._seconds = row.get("tokens", self._tokens), row.get("seconds", self._seconds)


def read_log(folder: str | Path) -> list[dict[str, Any]]:
    """Rows of a run's log in order; a last line that a crash cut short is left out.

    Raises:
        DataError: no log there, or a damaged line before the last.
    """
    path = Path(folder) / LOG_NAME
    if not path.is_file():
        raise DataError(f"There is no '{LOG_NAME}' in '{folder}': give the folder of a training run.")
    lines = path.read_text(encoding="utf-8").splitlines()
    rows = []
    for number, line in enumerate(lines, start=1):
        try:
            row = json.loads(line)
            if not isinstance(row, dict) or "step" not in row:
                raise ValueError("not a row")
        except ValueError as error:
            if number == len(lines):
                break
            raise DataError(f"'{path}' line {number} is not a row of a training log: repair or remove it.") from error
        rows.append(row)
    return rows


def format_duration(seconds: float) -> str:
    """Seconds as ``45s``, ``12m05s`` or ``3h07m``."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02d}s"
    return f"{whole // 3600}h{whole % 3600 // 60:02d}m"


def _scalars(row: Mapping[str, Any]) -> list[tuple[str, float]]:
    """Numbers of a row by TensorBoard's names: ``train/loss``, ``bits_per_byte/en``."""
    found = []
    for name, value in row.items():
        if isinstance(value, Mapping):
            found += [(f"{name}/{kind}", each) for kind, each in value.items()]
        elif name != "step":
            found.append((f"train/{name}", value))
    return found


def _finite(value: Any) -> Any:
    """JSON has no NaN or infinity: they become null."""
    if isinstance(value, Mapping):
        return {name: _finite(each) for name, each in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value
