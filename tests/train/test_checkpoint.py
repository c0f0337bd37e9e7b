"""Checkpoints: whole or not there, verified before anything is loaded, the one before as a way out."""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import os
import random
from pathlib import Path

import pytest
import torch

from benchmarks import faults
from joyflash.errors import TrainingError
from joyflash.optim.groups import build_optimizers
from joyflash.train import checkpoint, pretrain, run_folder
from joyflash.train.checkpoint import Progress, load_checkpoint, save_checkpoint
from joyflash.train.logging import LOG_NAME
from tests.model.conftest import TINY, random_model
from tests.train.test_loop import RECIPE, curve

FILES = ("model.safetensors", "optimizers.pt", "progress.json", "checksums.json")
SKILLS_ONLY = dataclasses.replace(RECIPE, text={}, validate_every=2)


def _train(out: Path, **options) -> Path:
    return pretrain.run(SKILLS_ONLY, data=None, out=out, workers=1, **options)


def _state(seed: int):
    model = random_model(TINY)
    with torch.no_grad():
        model.lm_head.weight.fill_(float(seed))
    return model, build_optimizers(model, TINY, 1e-3, 2e-3)


def _damage(path: Path, how: str) -> None:
    content = bytearray(path.read_bytes())
    if how == "missing":
        path.unlink()
    elif how == "cut":
        path.write_bytes(content[: len(content) // 2])
    else:
        content[len(content) // 2] ^= 1
        path.write_bytes(content)


@pytest.mark.parametrize("how", ["missing", "cut", "one bit"])
@pytest.mark.parametrize("name", FILES)
def test_a_damaged_newest_checkpoint_gives_way_to_the_one_before_and_says_so(tmp_path, name, how):
    for step in (1, 2):
        model, optimizers = _state(step)
        save_checkpoint(tmp_path, model, optimizers, Progress(step, {"at": step}))
    _damage(tmp_path / "step-0000002" / name, how)
    model, optimizers = _state(9)
    said: list[str] = []
    assert load_checkpoint(tmp_path, model, optimizers, notify=said.append) == Progress(1, {"at": 1})
    assert torch.all(model.lm_head.weight == 1.0)
    (sentence,) = said
    assert "step-0000002" in sentence and "Going on from step-0000001" in sentence


def test_nothing_is_loaded_where_every_checkpoint_is_damaged(tmp_path):
    for step in (1, 2):
        save_checkpoint(tmp_path, *_state(step), Progress(step, {}))
        _damage(tmp_path / f"step-000000{step}" / "optimizers.pt", "one bit")
    model, optimizers = _state(9)
    with pytest.raises(TrainingError, match=r"step-0000002.*step-0000001.*another folder"):
        load_checkpoint(tmp_path, model, optimizers)
    assert torch.all(model.lm_head.weight == 9.0)


def test_another_model_is_no_damage(tmp_path):
    save_checkpoint(tmp_path, *_state(1), Progress(1, {}))
    other = random_model(dataclasses.replace(TINY, vocab_size=TINY.vocab_size + 1))
    with pytest.raises(TrainingError, match="another model or recipe"):
        load_checkpoint(tmp_path, other)


def test_a_run_with_a_damaged_newest_checkpoint_ends_on_the_same_curve(tmp_path, capsys):
    _train(tmp_path / "whole")
    _train(tmp_path / "cut", stop_after=4)
    _damage(tmp_path / "cut" / "step-0000004" / "model.safetensors", "cut")
    _train(tmp_path / "cut", resume=True)
    assert curve(tmp_path / "cut") == curve(tmp_path / "whole")
    assert "Going on from step-0000002" in capsys.readouterr().out
    assert sorted(path.name for path in (tmp_path / "cut").glob("*step-*")) == ["step-0000006", "step-0000008"]


def test_a_single_damaged_checkpoint_is_named(tmp_path):
    _train(tmp_path, stop_after=1)
    (newest,) = tmp_path.glob("step-*")
    (newest / "optimizers.pt").write_bytes(b"nonsense")
    with pytest.raises(TrainingError, match=newest.name):
        _train(tmp_path, resume=True)


def test_a_run_killed_before_its_first_checkpoint_starts_again(tmp_path):
    _train(tmp_path / "whole", stop_after=2)
    (tmp_path / "cut" / ".step-0000002.partial").mkdir(parents=True)
    (tmp_path / "cut" / LOG_NAME).write_text('{"step": 1, "loss": 99.0, "gradient_norm": 0.0}\n')
    _train(tmp_path / "cut", stop_after=2, resume=True)
    assert curve(tmp_path / "cut") == curve(tmp_path / "whole")
    assert not list((tmp_path / "cut").glob(".step-*"))


@pytest.mark.parametrize("keep", [1, 3])
def test_as_many_checkpoints_stay_as_asked(tmp_path, keep):
    model, optimizers = _state(1)
    for step in range(1, 6):
        save_checkpoint(tmp_path, model, optimizers, Progress(step, {}), keep=keep)
    assert [path.name for path in sorted(tmp_path.iterdir())] == [f"step-000000{s}" for s in range(6 - keep, 6)]


def test_a_full_disk_ends_the_run_with_an_error_and_keeps_what_is_there(tmp_path, monkeypatch):
    save_checkpoint(tmp_path, *_state(1), Progress(1, {}))

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(run_folder.os, "fsync", full)
    with pytest.raises(TrainingError, match=r"step-0000002.*No space left.*--resume"):
        save_checkpoint(tmp_path, *_state(2), Progress(2, {}))
    monkeypatch.undo()
    assert [path.name for path in tmp_path.iterdir()] == ["step-0000001"]
    assert load_checkpoint(tmp_path, *_state(9)).step == 1


@pytest.mark.skipif(os.name != "posix", reason="needs a limit on the size of files")
def test_the_writers_of_tensors_report_a_full_disk_too(tmp_path, monkeypatch):
    """A limit on file size stands in for a full disk: the system refuses the bytes, whoever writes them.

    (Not /dev/full: safetensors puts a finished file in the place of its target, which for root replaces the device.)
    """
    for writer in ("save_file", "save"):
        owner = checkpoint if writer == "save_file" else checkpoint.torch
        real = getattr(owner, writer)

        def limited(what, path, real=real):
            with file_size_limit(1_000):
                real(what, path)

        monkeypatch.setattr(owner, writer, limited)
        with pytest.raises(TrainingError, match="cannot be written"):
            save_checkpoint(tmp_path, *_state(1), Progress(1, {}))
        monkeypatch.undo()
        assert not list(tmp_path.iterdir())


@contextlib.contextmanager
def file_size_limit(size: int):
    """Within this, no file of this process grows beyond ``size`` bytes."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_older_checkpoints_leave_only_when_the_new_one_is_on_the_disk(tmp_path, monkeypatch):
    model, optimizers = _state(1)
    for step in (1, 2):
        save_checkpoint(tmp_path, model, optimizers, Progress(step, {}))
    seen: list[tuple[str, list[str]]] = []
    real = run_folder.flush

    def watched(path: Path) -> None:
        seen.append((path.name, sorted(each.name for each in tmp_path.glob("step-*"))))
        real(path)

    monkeypatch.setattr(run_folder, "flush", watched)
    save_checkpoint(tmp_path, model, optimizers, Progress(3, {}))
    assert [name for name, _ in seen] == [*FILES, ".step-0000003.partial", tmp_path.name]
    assert seen[0][1] == ["step-0000001", "step-0000002"]
    assert seen[-1][1] == ["step-0000001", "step-0000002", "step-0000003"]


@pytest.mark.timeout(280)
def test_a_run_killed_again_and_again_ends_on_the_uninterrupted_curve(tmp_path):
    found = faults.compare(tmp_path, kills=3, steps=8, longest=0.3, rng=random.Random(3))
    assert found["identical"], found
    assert found["kills"] == 3


@pytest.mark.timeout(280)
def test_processes_that_train_together_are_killed_and_end_on_the_curve_of_one(tmp_path):
    found = faults.compare(tmp_path, kills=3, steps=6, longest=0.3, rng=random.Random(4), processes=2)
    assert found["identical"], found
    assert found["kills"] == 3 and found["processes"] == 2
