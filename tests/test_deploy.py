"""The files of deploy/ name only what there is: metrics, labels, options of the command line, paths."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import typer.main
from prometheus_client.parser import text_string_to_metric_families

from joyflash.cli import app
from joyflash.server.metrics import Metrics
from joyflash.server.record import ChoiceTimes, RequestRecord
from tests.server.live import live_server

DEPLOY = Path(__file__).parents[1] / "deploy"


def samples() -> dict[str, set[str]]:
    """Every sample that a server can show, with its labels."""
    with live_server() as server:
        server.engine.engine.statistics.note_drafts(1, 1)
        metrics = Metrics(server.engine, server.admission)
        record = RequestRecord("r", "POST", "c", started=0.0)
        record.choices["r", 0] = ChoiceTimes(1.0, 2.0, 3)
        metrics.note(record, 3.0)
        page = metrics.page().decode()
    found = [sample for family in text_string_to_metric_families(page) for sample in family.samples]
    return {sample.name: set(sample.labels) for sample in found if not sample.name.endswith("_created")}


def test_the_dashboard_asks_for_metrics_and_labels_that_there_are() -> None:
    board = json.loads((DEPLOY / "grafana.json").read_text(encoding="utf-8"))
    known = samples()
    expressions = [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    asked = set()
    for expression in expressions:
        names = re.findall(r"joyflash_\w+", expression)
        assert names, expression
        asked |= set(names)
        for name in names:
            assert name in known, name
        by = re.search(r"by \(([^)]*)\)", expression)
        for label in by.group(1).split(", ") if by else []:
            assert any(label in known[name] for name in names), (label, expression)
    names = {re.sub(r"_(bucket|sum|count)$", "", name) for name in known}
    shown = {re.sub(r"_bucket$", "", name) for name in asked}
    assert names - shown == set(), "metrics that no panel shows"
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])


def options(text: str) -> list[str]:
    """The options behind `serve` in a command."""
    return [word.split("=")[0] for word in text.split() if word.startswith("--")]


def test_the_commands_give_options_that_there_are() -> None:
    serve = typer.main.get_command(app).commands["serve"]  # type: ignore[attr-defined]
    known = {name for parameter in serve.params for name in parameter.opts}
    unit = (DEPLOY / "joyflash.service").read_text(encoding="utf-8").replace("\\\n", " ")
    command = next(line for line in unit.splitlines() if line.startswith("ExecStart="))
    image = (DEPLOY / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    entry = json.loads(next(line for line in image.splitlines() if line.startswith("ENTRYPOINT")).split(" ", 1)[1])
    for words in (shlex.split(command)[1:], entry[1:]):
        assert words[0] == "serve"
        assert set(options(" ".join(words))) <= known
    drain = float(re.search(r"--drain-seconds ([\d.]+)", command).group(1))  # type: ignore[union-attr]
    stop = float(re.search(r"TimeoutStopSec=(\d+)", unit).group(1))  # type: ignore[union-attr]
    assert stop > drain + 10, "systemd must not kill what still drains"
    drain = float(entry[entry.index("--drain-seconds") + 1])
    texts = [image, *(path.read_text(encoding="utf-8") for path in (DEPLOY / "README.md", *DEPLOY.parent.glob("*.md")))]
    runs = [run for text in texts for run in re.findall(r"docker run [^\n`]*", text)]
    waits = [re.search(r"--stop-timeout (\d+)", run) for run in runs]
    assert len(runs) >= 2 and all(wait and float(wait[1]) >= drain + 10 for wait in waits), "nor may Docker"
    key = next(parameter for parameter in serve.params if "--api-key" in parameter.opts)
    assert key.envvar == "JOYFLASH_API_KEY" and "JOYFLASH_API_KEY" in unit and "JOYFLASH_API_KEY" in image
