"""The log of a run (new, resumed, cut short, on and off a terminal) and the picture drawn from it."""

from __future__ import annotations

import io
import json

import pytest
from matplotlib.figure import Figure
from rich.console import Console

from joyflash.errors import DataError, TrainingError
from joyflash.train.logging import LOG_NAME, TrainingLog, format_duration, read_log
from joyflash.train.report import _draw_kinds, draw_report, series, smooth


def plain_console() -> Console:
    return Console(file=io.StringIO(), force_terminal=False, width=200)


def printed(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def write_run(folder, steps: range, *, resumed_step: int | None = None, console: Console | None = None) -> None:
    with TrainingLog(folder, 100, resumed_step=resumed_step, console=console or plain_console()) as log:
        for step in steps:
            values = {"mtp_loss": 5.0, "lr": 1e-3, "gradient_norm": 0.5, "violation": 0.25, "dead_experts": 1}
            log.step(step, loss=4.0 / step, tokens=100, **values)
            if step % 5 == 0:
                log.validation(step, {"chat": 1.5, "code": 0.75})


def test_rows_and_plain_lines(tmp_path):
    console = plain_console()
    write_run(tmp_path, range(1, 11), console=console)
    rows = read_log(tmp_path)
    steps = [row for row in rows if "loss" in row]
    assert [row["tokens"] for row in steps] == [100 * step for step in range(1, 11)]
    assert steps[1]["loss"] == 2.0
    assert steps[1]["lr"] == 1e-3
    assert steps[1]["tokens_per_second"] > 0
    assert [row["bits_per_byte"] for row in rows if "bits_per_byte" in row] == [{"chat": 1.5, "code": 0.75}] * 2
    lines = [line for line in printed(console).splitlines() if "loss" in line]
    assert [line.split()[1] for line in lines] == ["1/100", "10/100"]
    for part in ("loss 0.4000", "mtp 5.0000", "lr 1.00e-03", "norm 0.50", "imbalance 0.25", "dead 1", "tok/s", "left"):
        assert part in lines[1]


def test_terminal_shows_a_bar(tmp_path):
    console = Console(file=io.StringIO(), force_terminal=True, width=160)
    write_run(tmp_path, range(1, 4), console=console)
    assert "3/100" in printed(console)
    assert "tok/s" in printed(console)


def test_resume_drops_later_rows_and_goes_on_counting(tmp_path):
    write_run(tmp_path, range(1, 9))
    seconds = next(row["seconds"] for row in read_log(tmp_path) if row["step"] == 6)
    write_run(tmp_path, range(7, 10), resumed_step=6)
    rows = [row for row in read_log(tmp_path) if "loss" in row]
    assert [row["step"] for row in rows] == list(range(1, 10))
    assert [row["tokens"] for row in rows] == [100 * step for step in range(1, 10)]
    assert rows[-1]["seconds"] >= seconds
    assert sum("bits_per_byte" in row for row in read_log(tmp_path)) == 1


def test_resume_without_a_log_starts_one(tmp_path):
    write_run(tmp_path, range(7, 9), resumed_step=6)
    assert [row["step"] for row in read_log(tmp_path)] == [7, 8]


def test_new_run_does_not_overwrite(tmp_path):
    write_run(tmp_path, range(1, 3))
    with pytest.raises(TrainingError, match="exists"):
        TrainingLog(tmp_path, 100, console=plain_console())
    assert len(read_log(tmp_path)) == 2


def test_crash_and_damage(tmp_path):
    write_run(tmp_path, range(1, 4))
    path = tmp_path / LOG_NAME
    path.write_text(path.read_text() + '{"step": 4, "lo')
    assert [row["step"] for row in read_log(tmp_path)] == [1, 2, 3]
    write_run(tmp_path, range(4, 5), resumed_step=3)
    assert [row["step"] for row in read_log(tmp_path)] == [1, 2, 3, 4]
    path.write_text("[]\n" + path.read_text())
    with pytest.raises(DataError, match="line 1"):
        read_log(tmp_path)
    with pytest.raises(DataError, match="training run"):
        read_log(tmp_path / "nowhere")


def test_nan_is_written_as_null(tmp_path):
    with TrainingLog(tmp_path, 2, console=plain_console()) as log:
        log.step(1, loss=float("nan"), tokens=5, lr=float("inf"))
        log.step(2, loss=1.0, tokens=5)
    rows = [json.loads(line, parse_constant=pytest.fail) for line in (tmp_path / LOG_NAME).read_text().splitlines()]
    assert rows[0]["loss"] is None
    assert rows[0]["lr"] is None
    assert series(rows, "loss") == ([2], [1.0])
    draw_report(tmp_path)


def test_durations_and_smoothing():
    assert [format_duration(s) for s in (-3, 45, 59.6, 725, 11_220)] == ["0s", "45s", "1m00s", "12m05s", "3h07m"]
    assert smooth([1, 3, 5, 7], 2) == [1, 2, 4, 6]


def test_picture_has_a_panel_for_what_was_logged(tmp_path):
    write_run(tmp_path / "full", range(1, 21))
    with TrainingLog(tmp_path / "bare", 3, console=(console := plain_console())) as log:
        log.step(1, loss=2.0, tokens=10)
        log.validation(1, {})
    assert "bits/byte" not in console.file.getvalue()  # no text, no line about it
    full, bare = draw_report(tmp_path / "full"), draw_report(tmp_path / "bare")
    sizes = [int.from_bytes(path.read_bytes()[16:20]) for path in (full, bare)]  # PNG width
    assert full.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    assert sizes[0] > sizes[1]  # six panels, three across, against loss and throughput


def test_each_kind_is_a_line_over_the_steps_that_measured_it():
    rows = [
        {"step": 1, "loss": 2.0},
        {"step": 5, "exact": {"sum": 0.25}},
        {"step": 10, "exact": {"sum": 0.5, "tools": 1.0}},
        {"step": 15, "exact": {}},
    ]
    axes = Figure().add_subplot()
    _draw_kinds("exact")(axes, rows)
    lines = {line.get_label(): line.get_xydata().tolist() for line in axes.get_lines()}
    assert lines == {"sum": [[5, 0.25], [10, 0.5]], "tools": [[10, 1.0]]}


def test_nothing_to_draw(tmp_path):
    with TrainingLog(tmp_path, 3, console=plain_console()):
        pass
    with pytest.raises(DataError, match="nothing to draw"):
        draw_report(tmp_path)
