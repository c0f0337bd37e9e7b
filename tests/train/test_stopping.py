"""A run that is told to stop saves its last step; where validations are rare, the clock asks for checkpoints too."""

from __future__ import annotations

import dataclasses
import signal
import threading

import pytest
import torch
from typer.testing import CliRunner

from joyflash.cli import app
from joyflash.errors import StoppedError
from joyflash.model.checkpoint import read_model
from joyflash.train import loop, pretrain
from joyflash.train.checkpoint import last_step
from joyflash.train.run_folder import checkpoints
from joyflash.train.stopping import SIGNALS, StopRequest
from tests.train.test_faults import SKILLS_ONLY, _at_step, no_picture  # noqa: F401  (a fixture)
from tests.train.test_loop import curve

RARE = dataclasses.replace(SKILLS_ONLY, tokens=5 * 512, validate_every=100, checkpoints_kept=9)


def _train(out, recipe=RARE, **options):
    return pretrain.run(recipe, data=None, out=out, workers=1, precision="fp32", **options)


@pytest.fixture(scope="module", name="whole")
def _whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole") / "run"
    _train(folder)
    return curve(folder)


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_ends_the_run_after_the_step_which_is_saved(whole, tmp_path, monkeypatch, number):
    before = [signal.getsignal(each) for each in SIGNALS]
    _at_step(monkeypatch, 2, lambda: signal.raise_signal(number))
    with pytest.raises(StoppedError, match=r"Stopped after step 3 of 5; go on with --resume") as stopped:
        _train(tmp_path / "run")
    assert stopped.value.signal == number
    assert [signal.getsignal(each) for each in SIGNALS] == before
    assert last_step(tmp_path / "run") == 3 and not (tmp_path / "run" / "model").exists()
    monkeypatch.undo()
    monkeypatch.setattr(loop, "draw_report", lambda run: None)
    _train(tmp_path / "run", resume=True)
    assert curve(tmp_path / "run") == whole


def test_the_second_ctrl_c_ends_the_run_at_once(tmp_path, monkeypatch, capfd):
    def twice():
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)

    _at_step(monkeypatch, 2, twice)
    with pytest.raises(KeyboardInterrupt):
        _train(tmp_path / "run")
    assert last_step(tmp_path / "run") == 0
    assert "Ctrl-C then stops at once" in capfd.readouterr().err


def test_a_second_sigterm_changes_nothing(tmp_path, monkeypatch):
    """Batch systems send it to torchrun and its processes; torchrun passes it on."""

    def twice():
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGTERM)

    _at_step(monkeypatch, 2, twice)
    with pytest.raises(StoppedError, match="after step 3"):
        _train(tmp_path / "run")
    assert last_step(tmp_path / "run") == 3


def test_a_stop_between_two_checkpoints_does_not_change_their_mean(tmp_path, monkeypatch):
    recipe = dataclasses.replace(RARE, tokens=6 * 512, decay=0.0, validate_every=2, merge=2, checkpoints_kept=2)
    _train(tmp_path / "whole", recipe)
    _at_step(monkeypatch, 4, lambda: signal.raise_signal(signal.SIGINT))
    with pytest.raises(StoppedError):
        _train(tmp_path / "run", recipe)
    names = [folder.name for folder in checkpoints(tmp_path / "run")]
    assert names == ["step-0000002", "step-0000004", "step-0000005"]
    monkeypatch.undo()
    monkeypatch.setattr(loop, "draw_report", lambda run: None)
    _train(tmp_path / "run", recipe, resume=True)
    assert [folder.name for folder in checkpoints(tmp_path / "run")] == ["step-0000004", "step-0000006"]
    one, two = (read_model(tmp_path / name / "model").state_dict() for name in ("whole", "run"))
    assert all(torch.equal(tensor, two[name]) for name, tensor in one.items())


def test_signals_that_are_ignored_or_come_to_others_stay_as_they_are(monkeypatch):
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with StopRequest() as stop:
            signal.raise_signal(signal.SIGINT)
        assert stop.signal is None and signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)
    found = []

    def elsewhere():
        with StopRequest() as stop:
            found.append(stop.signal)

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert found == [None] and signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_the_command_ends_with_one_line_and_the_status_of_the_signal(monkeypatch, tmp_path, number, status):
    def stopped(*args, **options):
        raise StoppedError("Stopped after step 3 of 5; go on with --resume.", number)

    monkeypatch.setattr(pretrain, "run", stopped)
    result = CliRunner().invoke(app, ["pretrain", "recipes/nano/pretrain.py", "--out", str(tmp_path / "run")])
    assert (result.exit_code, result.stderr) == (status, "Stopped after step 3 of 5; go on with --resume.\n")


def test_the_clock_asks_for_checkpoints_that_change_nothing(whole, tmp_path, monkeypatch):
    monkeypatch.setattr(loop, "CHECKPOINT_SECONDS", 0.0)
    monkeypatch.setattr(loop, "CHECKPOINT_SHARE", 1e-9)
    _train(tmp_path / "rare")
    assert [folder.name for folder in checkpoints(tmp_path / "rare")] == ["step-0000001", "step-0000005"]
    monkeypatch.setattr(loop, "CHECKPOINT_SHARE", 1e9)
    _train(tmp_path / "run")
    assert len(checkpoints(tmp_path / "run")) == 5
    assert curve(tmp_path / "run") == whole
    merged = dataclasses.replace(RARE, decay=0.0, validate_every=4, merge=2)  # its result is their mean
    _train(tmp_path / "merged", merged)
    assert [folder.name for folder in checkpoints(tmp_path / "merged")] == ["step-0000004", "step-0000005"]
