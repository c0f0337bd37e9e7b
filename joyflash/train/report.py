"""One picture of a run, drawn from its log."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from joyflash.errors import DataError
from joyflash.extras import require
from joyflash.train.logging import LOG_NAME, read_log

REPORT_NAME = "report.png"

Rows = Sequence[dict[str, Any]]
Draw = Callable[[Any, Rows], None]


def draw_report(run_folder: str | Path) -> Path:
    """Draw loss, validation, skills, learning rate, gradient norm, throughput, MFU and expert balance over the steps.

    Panels without data are left out.

    Args:
        run_folder: a folder with the ``log.jsonl`` of `TrainingLog`, or with one such folder per stage.

    Returns:
        Path of the picture, ``report.png`` in that folder.

    Raises:
        DataError: the folder has no log, or the log has no row of a training step.
        MissingExtraError: matplotlib is not installed.
    """
    rows = read_run(run_folder)
    if not any("loss" in row for row in rows):
        raise DataError(f"The log in '{run_folder}' has no training step yet: nothing to draw.")
    panels = [
        (title, draw)
        for title, columns, draw in _panels()
        if any(row.get(name) not in (None, {}) for row in rows for name in columns)
    ]
    across = min(3, len(panels))
    down = math.ceil(len(panels) / across)
    figure = require("matplotlib.figure", extra="train").Figure(
        figsize=(5.2 * across, 3.4 * down), layout="constrained"
    )
    figure.suptitle(Path(run_folder).resolve().name)
    for place, (title, draw) in enumerate(panels, start=1):
        axes = figure.add_subplot(down, across, place)
        draw(axes, rows)
        axes.set_title(title)
        axes.set_xlabel("step")
        axes.grid(alpha=0.3)
        lines = len(axes.get_legend_handles_labels()[0])
        if lines > 6:  # it would hide the lines
            axes.legend(fontsize="x-small", ncol=4, loc="upper left", bbox_to_anchor=(0, -0.15))
        elif lines:
            axes.legend(fontsize="small", loc="upper right")  # "best" is slow on long runs
    path = Path(run_folder) / REPORT_NAME
    figure.savefig(path, dpi=110)
    return path


def read_run(folder: str | Path) -> list[dict[str, Any]]:
    """Rows of a run; of a folder of stages the rows of all, steps and tokens counted on from stage to stage.

    Raises:
        DataError: there is no log.
    """
    logs = sorted(Path(folder).glob(f"*/{LOG_NAME}"))
    if (Path(folder) / LOG_NAME).is_file() or not logs:
        return read_log(folder)
    rows: list[dict[str, Any]] = []
    for log in logs:
        last = {name: max((row.get(name, 0) for row in rows), default=0) for name in ("step", "tokens", "seconds")}
        for row in read_log(log.parent):
            rows.append(row | {name: row[name] + done for name, done in last.items() if name in row})
    return rows


def series(rows: Rows, name: str) -> tuple[list[int], list[float]]:
    """Steps and values of one column, over the rows that have it (a NaN was logged as null and is left out)."""
    points = [(row["step"], row[name]) for row in rows if row.get(name) is not None]
    return [step for step, _ in points], [value for _, value in points]


def smooth(values: Sequence[float], window: int) -> list[float]:
    """Mean of the last ``window`` values at each point, of fewer at the start."""
    means = []
    for end in range(1, len(values) + 1):
        recent = values[max(0, end - window) : end]
        means.append(sum(recent) / len(recent))
    return means


def _panels() -> list[tuple[str, tuple[str, ...], Draw]]:
    """Title, the columns that call for the panel, and the function that draws it."""
    return [
        ("training loss (nats)", ("loss",), _draw_loss),
        ("validation (bits per byte)", ("bits_per_byte",), _draw_kinds("bits_per_byte")),
        ("held-out skills (share exact)", ("exact",), _draw_kinds("exact")),
        ("held-out pairs (share)", ("pairs_heldout",), _draw_pairs),
        ("pairs: β times log-ratio", ("chosen_reward",), _draw_rewards),
        ("learning rate", ("lr",), lambda axes, rows: axes.plot(*series(rows, "lr"))),
        ("gradient norm", ("gradient_norm",), lambda axes, rows: axes.plot(*series(rows, "gradient_norm"), lw=0.8)),
        ("throughput (tokens per second)", ("tokens_per_second",), _draw_throughput),
        ("share of the hardware's peak (MFU)", ("mfu", "mfu_masked"), _draw_mfu),
        ("expert balance (max / mean - 1)", ("violation", "mean_violation"), _draw_balance),
        ("experts without a token", ("dead_experts",), lambda axes, rows: axes.plot(*series(rows, "dead_experts"))),
    ]


def _draw_smoothed(axes: Any, rows: Rows, name: str, label: str, colour: str) -> None:
    steps, values = series(rows, name)
    axes.plot(steps, values, color=colour, alpha=0.25, lw=0.8)
    axes.plot(steps, smooth(values, max(1, len(values) // 50)), color=colour, label=label)


def _draw_loss(axes: Any, rows: Rows) -> None:
    of_pairs = any("pairs" in row for row in rows)
    _draw_smoothed(axes, rows, "loss", "per pair" if of_pairs else "next token", "C0")
    if any("mtp_loss" in row for row in rows):
        _draw_smoothed(axes, rows, "mtp_loss", "MTP", "C1")


def _draw_kinds(name: str) -> Draw:
    """A line per kind of a column that maps kinds to values."""

    def draw(axes: Any, rows: Rows) -> None:
        measured = [row for row in rows if row.get(name)]
        for number, kind in enumerate(sorted({kind for row in measured for kind in row[name]})):
            points = [{"step": row["step"], kind: row[name].get(kind)} for row in measured]
            style = ("-", "--", ":")[number // 10 % 3]  # there are ten colours
            axes.plot(*series(points, kind), style, marker="o", ms=3, label=kind)

    return draw


def _draw_pairs(axes: Any, rows: Rows) -> None:
    """Shares right: by log-probability, by log-ratio, and by log-ratio in training."""
    trained = [row["accuracy"] for row in rows if row.get("accuracy") is not None]
    steps, _ = series(rows, "accuracy")
    axes.plot(steps, smooth(trained, max(1, len(trained) // 20)), color="C0", alpha=0.4, label="accuracy in training")
    for name, colour in (("accuracy", "C0"), ("ranked", "C1")):
        points = [{"step": row["step"], **row["pairs_heldout"]} for row in rows if row.get("pairs_heldout")]
        axes.plot(*series(points, name), color=colour, marker="o", ms=3, label=name)


def _draw_rewards(axes: Any, rows: Rows) -> None:
    for name, label, colour in (("chosen_reward", "better", "C2"), ("rejected_reward", "worse", "C3")):
        _draw_smoothed(axes, rows, name, label, colour)


def _draw_throughput(axes: Any, rows: Rows) -> None:
    _draw_smoothed(axes, rows, "tokens_per_second", "mean", "C2")
    axes.set_ylim(bottom=0)


def _draw_mfu(axes: Any, rows: Rows) -> None:
    for name, label, colour in (("mfu", "6N", "C3"), ("mfu_masked", "what the masks leave", "C4")):
        _draw_smoothed(axes, rows, name, label, colour)
    axes.set_ylim(bottom=0)


def _draw_balance(axes: Any, rows: Rows) -> None:
    for name, label in (("violation", "largest violation"), ("mean_violation", "mean over the layers")):
        steps, values = series(rows, name)
        if steps:
            axes.plot(steps, values, lw=0.9, label=label)
    axes.axhline(0.1, color="grey", lw=0.7, ls="--")
