"""What can go wrong in a run: an error that says what to do, and nothing lost."""

from __future__ import annotations

import dataclasses
import os

import pytest
import torch

from joyflash.data.prefetch import Prefetcher
from joyflash.errors import DataError, MissingExtraError, TrainingError
from joyflash.train import loop, pretrain
from joyflash.train.checkpoint import average_checkpoints, last_step
from joyflash.train.logging import TrainingLog, read_log
from joyflash.train.pair_data import PairRows
from joyflash.train.workers import RowWorkers
from tests.train.test_checkpoint import file_size_limit
from tests.train.test_loop import RECIPE, curve, data  # noqa: F401  (a fixture)

SKILLS_ONLY = dataclasses.replace(RECIPE, text={}, validate_every=2)


@pytest.fixture(autouse=True)
def no_picture(monkeypatch):
    monkeypatch.setattr(loop, "draw_report", lambda run: None)


def _at_step(monkeypatch, number: int, act) -> None:
    """Call ``act`` before step ``number`` (from 0)."""
    real = loop.train_step

    def train_step(recipe, step, *rest):
        if step == number:
            act()
        real(recipe, step, *rest)

    monkeypatch.setattr(loop, "train_step", train_step)


def test_a_shard_cut_short_during_the_run_ends_it_with_all_steps_saved(data, tmp_path, monkeypatch):  # noqa: F811
    recipe = dataclasses.replace(RECIPE, text={"tales": 9}, tokens=12 * 512, validate_every=12)
    options = {"data": data, "workers": 1, "precision": "fp32"}
    pretrain.run(recipe, out=tmp_path / "whole", **options)
    (shard,) = (tmp_path / "shards").glob("*.train.npy")
    content = shard.read_bytes()
    _at_step(monkeypatch, 1, lambda: shard.write_bytes(content[: len(content) // 2]))
    with pytest.raises(TrainingError, match=r"train\.npy was changed during the run.*built again.*--resume"):
        pretrain.run(recipe, out=tmp_path / "cut", **options)
    done = last_step(tmp_path / "cut")
    assert 1 < done < 12
    assert [row["step"] for row in read_log(tmp_path / "cut")][-1] == done
    monkeypatch.undo()
    monkeypatch.setattr(loop, "draw_report", lambda run: None)
    with pytest.raises(TrainingError, match="Delete it"):
        pretrain.run(recipe, out=tmp_path / "cut", resume=True, **options)
    for file in (tmp_path / "shards").glob("*"):
        file.unlink()
    pretrain.run(recipe, out=tmp_path / "cut", resume=True, **options)
    assert curve(tmp_path / "cut") == curve(tmp_path / "whole")


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_loss_that_is_not_finite_stops_the_run_before_it_touches_a_weight(data, tmp_path, monkeypatch, value):  # noqa: F811
    out, options = tmp_path / "run", {"data": data, "workers": 1, "precision": "fp32"}
    _at_step(monkeypatch, 3, lambda: monkeypatch.setattr(RowWorkers, "clip", lambda *_: value))
    moved = []
    monkeypatch.setattr(loop, "scale_learning_rates", lambda *_: moved.append(1))
    with pytest.raises(TrainingError, match=r"step 4 is not finite.*Lower.*--resume"):
        pretrain.run(SKILLS_ONLY, out=out, **options)
    assert len(moved) == 3
    assert last_step(out) == 2
    monkeypatch.undo()
    monkeypatch.setattr(loop, "draw_report", lambda run: None)
    pretrain.run(SKILLS_ONLY, out=out, resume=True, **options)
    assert [step for step, *_ in curve(out)] == list(range(1, 9))


@pytest.mark.skipif(os.name != "posix", reason="needs a limit on the size of files")
def test_a_log_that_finds_no_room_says_so(tmp_path):
    with TrainingLog(tmp_path, 3) as log:
        log.step(1, 2.0, 10)
        with (
            pytest.raises(TrainingError, match=r"log\.jsonl cannot be written \(.*--resume"),
            file_size_limit(log.path.stat().st_size + 20),
        ):
            log.step(2, 2.0, 10)
    assert read_log(tmp_path)[0]["step"] == 1
    with TrainingLog(tmp_path, 3, resumed_step=1) as log:
        log.step(2, 2.0, 10)
    assert [row["step"] for row in read_log(tmp_path)] == [1, 2]


def test_a_merged_result_is_the_mean_of_the_last_checkpoints(data, tmp_path):  # noqa: F811
    recipe = dataclasses.replace(SKILLS_ONLY, tokens=6 * 512, decay=0.0, checkpoints_kept=3, merge=3)
    result = pretrain.run(recipe, out=tmp_path / "run", data=data, workers=1, precision="fp32")
    from safetensors.torch import load_file

    states = [load_file(folder / "model.safetensors") for folder in sorted((tmp_path / "run").glob("step-*"))]
    assert len(states) == 3
    merged = load_file(result / "model.safetensors")
    name = "model.layers.0.self_attn.o_proj.weight"
    torch.testing.assert_close(merged[name], sum(state[name] for state in states) / 3)
    assert not torch.equal(merged[name], states[-1][name])
    with pytest.raises(TrainingError, match="holds 3 checkpoints, 4"):
        average_checkpoints(tmp_path / "run", None, 4)


def test_a_picture_that_cannot_be_drawn_costs_no_model(tmp_path, monkeypatch):
    def without_matplotlib(run):
        raise MissingExtraError("matplotlib")

    monkeypatch.setattr(loop, "draw_report", without_matplotlib)
    with pytest.raises(MissingExtraError):
        pretrain.run(dataclasses.replace(SKILLS_ONLY, tokens=512), data=None, out=tmp_path, workers=1, precision="fp32")
    assert (tmp_path / "model" / "model.safetensors").is_file()


def test_a_resume_that_does_not_fit_leaves_the_recipe_of_the_run(tmp_path, capsys):
    out, options = tmp_path / "run", {"data": None, "workers": 1, "precision": "fp32"}
    pretrain.run(SKILLS_ONLY, out=out, stop_after=4, **options)
    kept = (out / "recipe.json").read_text()
    for changed, message in (
        ({"skills": {"call_en": 1}}, r"cannot be resumed after step 4.*resume with the recipe that the run began with"),
        ({"row_tokens": 128}, r"cannot be resumed after step 4.*Resume with the recipe that the run began with"),
        ({"tokens": 3 * 512}, r"has 4 steps, the recipe ends after 3: resume with a recipe of at least"),
    ):
        with pytest.raises(TrainingError, match=message):
            pretrain.run(dataclasses.replace(SKILLS_ONLY, **changed), out=out, resume=True, **options)
        assert (out / "recipe.json").read_text() == kept
    with pytest.raises(TrainingError, match="exists"):
        pretrain.run(dataclasses.replace(SKILLS_ONLY, seed=3), out=out, **options)
    assert (out / "recipe.json").read_text() == kept
    capsys.readouterr()
    slower = dataclasses.replace(SKILLS_ONLY, muon_lr=1e-3, validate_every=3, tokens=6 * 512)
    pretrain.run(slower, out=out, resume=True, **options)
    assert "The recipe has changed in tokens, muon_lr, validate_every;" in capsys.readouterr().out
    assert (out / "recipe.json").read_text() == slower.describe() + "\n"


def test_the_data_position_of_another_stage_is_refused(tmp_path):
    with pytest.raises(DataError, match="another stage; resume with the recipe that the run began with"):
        Prefetcher(lambda part, parts: None, state={"pairs": 3})
    with pytest.raises(DataError, match="another stage; resume with the recipe that the run began with"):
        PairRows(3, {"turn": 0, "workers": [None]})
