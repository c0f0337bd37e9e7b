"""Results -> rows -> text, Markdown, JSON, and a plot of accuracy against tokens."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from joyflash.evaluation.item import KINDS
from joyflash.evaluation.runner import Result
from joyflash.evaluation.scoring import decision_is_right, mean_and_error, wilson_interval
from joyflash.extras import require

_HEADINGS = ("task", "language", "n", "seeds", "score", "±", "95 %", "chance", "tokens", "seconds", "refused")


@dataclass(frozen=True)
class Row:
    """One line of the report.

    Attributes:
        n: items; each was asked under ``seeds`` seeds.
        score: share of right answers, from 0 to 1.
        standard_error: of the items' mean scores.
        low, high: Wilson's 95 % interval of the score for ``n`` trials.
        chance: expected score of a random guess.
        tokens: mean completion tokens of an answer.
        seconds: mean wall time of an answer, with as many requests in flight as the run had.
        refused: answers that the server refused to give (they score 0).
    """

    task: str
    language: str
    n: int
    seeds: int
    score: float
    standard_error: float
    low: float
    high: float
    chance: float
    tokens: float
    seconds: float
    refused: int


def make_rows(results: Sequence[Result]) -> list[Row]:
    """A row for each kind and language, for tool items also by kind of names, and the balanced call-or-not row."""
    rows = []
    for language in sorted({result.item.language for result in results}):
        for kind in KINDS:
            chosen = [r for r in results if r.item.language == language and r.item.kind == kind]
            if kind == "call_or_not":
                balanced = [r for r in results if r.item.language == language and r.item.counts_for_decision]
                rows += _row("call or not, balanced", language, balanced, _decision_score)
            rows += _row(kind, language, chosen, _score)
            for names in ("real", "pseudo", "seen", "new"):
                if kind in ("tool_call", "tool_answer"):
                    rows += _row(
                        f"{kind}, {names} names", language, [r for r in chosen if r.item.names == names], _score
                    )
    return rows


def as_json(rows: Sequence[Row], run: dict[str, Any]) -> str:
    """The report as JSON; ``run`` says how it was made (model, sampling, wall time)."""
    return json.dumps({"run": run, "rows": [asdict(row) for row in rows]}, ensure_ascii=False, indent=2) + "\n"


def as_markdown(rows: Sequence[Row], run: dict[str, Any]) -> str:
    """The report as a Markdown table under a line that says how it was made."""
    lines = [", ".join(f"{key} {value}" for key, value in run.items()), ""]
    lines += ["| " + " | ".join(_HEADINGS) + " |", "|---|---" + "|---:" * (len(_HEADINGS) - 2) + "|"]
    lines += ["| " + " | ".join(_cells(row)) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def as_text(rows: Sequence[Row]) -> str:
    """The report as an aligned table for a terminal."""
    table = [_HEADINGS, *(_cells(row) for row in rows)]
    widths = [max(len(cells[column]) for cells in table) for column in range(len(_HEADINGS))]
    return "\n".join(
        "  ".join(cell.ljust(width) if column < 2 else cell.rjust(width)
                  for column, (cell, width) in enumerate(zip(cells, widths, strict=True)))
        for cells in table
    )  # fmt: skip


def save_plot(rows: Sequence[Row], path: Path) -> None:
    """Accuracy against tokens per answer, a point with its standard error for each row; needs matplotlib."""
    matplotlib = require("matplotlib", extra="train")
    matplotlib.use("Agg")
    pyplot = require("matplotlib.pyplot", extra="train")
    figure, axes = pyplot.subplots(figsize=(7, 4.5))
    for language, marker in (("en", "o"), ("zh", "s")):
        chosen = [row for row in rows if row.language == language]
        axes.errorbar(
            [row.tokens for row in chosen], [100 * row.score for row in chosen],
            yerr=[100 * row.standard_error for row in chosen], fmt=marker, capsize=3, label=language,
        )  # fmt: skip
        for row in chosen:
            axes.annotate(
                row.task, (row.tokens, 100 * row.score), fontsize=7, xytext=(4, 4), textcoords="offset points"
            )
    axes.set_xlabel("tokens per answer")
    axes.set_ylabel("right answers, %")
    axes.legend(loc="lower right")
    figure.savefig(path, dpi=150, bbox_inches="tight")
    pyplot.close(figure)


def _score(result: Result) -> tuple[float, float]:
    return result.score, result.item.chance


def _decision_score(result: Result) -> tuple[float, float]:
    return float(decision_is_right(result.item, result.answer)), 0.5


def _row(
    task: str, language: str, results: Sequence[Result], rate: Callable[[Result], tuple[float, float]]
) -> list[Row]:
    """The row of ``results`` as a list; empty when there are none."""
    if not results:
        return []
    by_item: dict[str, list[float]] = {}
    for result in results:
        by_item.setdefault(result.item.id, []).append(rate(result)[0])
    mean, error = mean_and_error(list(by_item.values()))
    low, high = wilson_interval(mean, len(by_item))
    count = len(results)
    return [
        Row(
            task, language, len(by_item), len({result.seed for result in results}), mean, error, low, high,
            sum(rate(result)[1] for result in results) / count,
            sum(result.answer.completion_tokens for result in results) / count,
            sum(result.answer.seconds for result in results) / count,
            sum(result.answer.error is not None for result in results),
        )
    ]  # fmt: skip


def _cells(row: Row) -> tuple[str, ...]:
    return (
        row.task, row.language, str(row.n), str(row.seeds), f"{100 * row.score:.1f}", f"{100 * row.standard_error:.1f}",
        f"{100 * row.low:.1f}–{100 * row.high:.1f}", f"{100 * row.chance:.0f}", f"{row.tokens:.1f}",
        f"{row.seconds:.2f}", str(row.refused),
    )  # fmt: skip
