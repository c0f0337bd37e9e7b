"""An RL run as one HTML page: curves, regime maps and rollouts to read; it needs nothing beside itself."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from joyflash.errors import DataError
from joyflash.extras import require
from joyflash.rl.samples import SAMPLES, read_samples
from joyflash.train.logging import read_log
from joyflash.train.report import series, smooth

REPORT_NAME = "report.html"
_SHOWN_SAMPLES = 24
_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2em auto; max-width: 75em; padding: 0 1em; color: #222 }
img { max-width: 100% } h2 { margin-top: 2em } table { border-collapse: collapse }
td, th { padding: .15em .8em; text-align: right; border-bottom: 1px solid #ddd }
th:first-child, td:first-child { text-align: left }
pre { white-space: pre-wrap; background: #f7f7f7; padding: .8em; border-radius: 6px } .said { background: #dcefdc }
summary { cursor: pointer }
"""
_LINES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("mean reward", ("reward",)),
    ("entropy (nats)", ("entropy",)),
    ("mean importance ratio", ("ratio",)),
    ("gradient norm", ("gradient_norm",)),
    ("sampled tokens per attempt", ("sampled",)),
    ("aggregate drifts (log s+, log s-)", ("drift_plus", "drift_minus")),
    ("clipped residuals (share of tokens)", ("clip_u", "clip_v")),
    ("lag of the oldest token (steps)", ("lag",)),
)
_KINDS = (("held-out reward by domain", "heldout"), ("training reward by domain", "rewards"))
_MAPS = (
    ("global regimes (share of trajectories)", ("G-I", "G-II", "G-III")),
    ("local regimes (share of trajectories)", ("L-I", "L-II", "L-III")),
)


def draw_rl_report(run_folder: str | Path) -> Path:
    """Write ``report.html`` into a run folder.

    Raises:
        DataError: the folder has no log, or the log has no optimiser step.
        MissingExtraError: matplotlib is not installed.
    """
    folder = Path(run_folder)
    rows = read_log(folder)
    if not any("loss" in row for row in rows):
        raise DataError(f"The log in '{folder}' has no optimiser step yet: nothing to draw.")
    samples = read_samples(folder)[-_SHOWN_SAMPLES:] if (folder / SAMPLES).is_file() else []
    body = [
        f"<h1>{html.escape(folder.resolve().name)}</h1>",
        _table(rows),
        f'<p><img alt="curves" src="data:image/png;base64,{base64.b64encode(_curves(rows)).decode()}"></p>',
        "<h2>Rollouts</h2>",
        *map(_sample, reversed(samples)),
    ]
    page = '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>RL run</title>'
    page += f"<style>{_STYLE}</style></head>"
    path = folder / REPORT_NAME
    path.write_text(page + "<body>" + "\n".join(body) + "</body></html>\n", encoding="utf-8")
    return path


def _table(rows: Sequence[dict[str, Any]]) -> str:
    """Held-out rewards, first and last."""
    measured = [row for row in rows if row.get("heldout")]
    if not measured:
        return ""
    first, last = measured[0], measured[-1]
    values = {
        **{name: (first["heldout"].get(name, float("nan")), value) for name, value in last["heldout"].items()},
        "tokens an answer": (first["heldout_tokens"], last["heldout_tokens"]),
    }
    lines = [
        f"<tr><td>{html.escape(name)}</td><td>{before:.3f}</td><td>{after:.3f}</td></tr>"
        for name, (before, after) in values.items()
    ]
    head = f"<tr><th>held out</th><th>step {first['step']}</th><th>step {last['step']}</th></tr>"
    return f"<table>{head}{''.join(lines)}</table>"


def _curves(rows: Sequence[dict[str, Any]]) -> bytes:
    panels: list[tuple[str, Callable[[Any], None]]] = []
    for title, names in _LINES:
        if any(row.get(name) is not None for row in rows for name in names):
            panels.append((title, lambda axes, names=names: _draw_lines(axes, rows, names)))
    for title, name in _KINDS:
        if any(row.get(name) for row in rows):
            panels.append((title, lambda axes, name=name: _draw_kinds(axes, rows, name)))
    for title, names in _MAPS:
        panels.append((title, lambda axes, names=names: _draw_map(axes, rows, names)))
    down = -(-len(panels) // 3)
    figure = require("matplotlib.figure", extra="train").Figure(figsize=(15, 3.3 * down), layout="constrained")
    for place, (title, draw) in enumerate(panels, start=1):
        axes = figure.add_subplot(down, 3, place)
        draw(axes)
        axes.set_title(title, fontsize="medium")
        axes.grid(alpha=0.3)
        if axes.get_legend_handles_labels()[0]:
            axes.legend(fontsize="x-small")
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=90)
    return buffer.getvalue()


def _draw_lines(axes: Any, rows: Sequence[dict[str, Any]], names: Sequence[str]) -> None:
    for number, name in enumerate(names):
        steps, values = series(rows, name)
        axes.plot(steps, values, color=f"C{number}", alpha=0.25, lw=0.8)
        axes.plot(steps, smooth(values, max(1, len(values) // 30)), color=f"C{number}", label=name)


def _draw_kinds(axes: Any, rows: Sequence[dict[str, Any]], name: str) -> None:
    measured = [row for row in rows if row.get(name)]
    for kind in sorted({kind for row in measured for kind in row[name]}):
        points = [(row["step"], row[name][kind]) for row in measured if row[name].get(kind) is not None]
        axes.plot(*zip(*points, strict=True), marker="o", ms=3, label=kind)


def _draw_map(axes: Any, rows: Sequence[dict[str, Any]], names: Sequence[str]) -> None:
    """Shares on top of each other over the steps: how the run moved through the regimes."""
    steps, _ = series(rows, names[0])
    shares = [series(rows, name)[1] for name in names]
    axes.stackplot(steps, *shares, labels=names, step="mid", colors=("#8fbf8f", "#f0c36d", "#d98080"))
    axes.set_ylim(0, 1)


def _sample(row: dict[str, Any]) -> str:
    head = f"step {row['step']} · {row['domain']} · reward {row['reward']:.2f} · advantage {row['advantage']:+.2f}"
    head += " · cut off" if row["cut_off"] else ""
    head += f" · not scored: {row['failure']}" if row["failure"] else ""
    text = "".join(
        f'<span class="said">{html.escape(piece)}</span>' if sampled else html.escape(piece)
        for sampled, piece in row["pieces"]
    )
    return f"<details><summary>{html.escape(head)}</summary><pre>{text}</pre></details>"
