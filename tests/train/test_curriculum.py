"""The four stages: the report's numbers at the released width, their proportions below it, and one run of them all."""

from __future__ import annotations

import dataclasses
import itertools
import json

import pytest
import torch
from typer.testing import CliRunner

from joyflash.cli import app
from joyflash.errors import ConfigError, TrainingError
from joyflash.model.checkpoint import read_model
from joyflash.train import loop
from joyflash.train.curriculum import Curriculum, Mix, load_pretraining
from joyflash.train.logging import read_log
from joyflash.train.pretrain import run_curriculum
from joyflash.train.recipe import Recipe
from joyflash.train.report import read_run
from tests.train.test_loop import curve, data  # noqa: F401  (a fixture)

TEXT, SKILLS = Mix(text={"tales": 1}), Mix(text={"tales": 1}, skills={"compare_en": 2})
SMALL = Curriculum(
    TEXT, TEXT, SKILLS, SKILLS, width=64, tokens=8_000, context=256, validations=1, validation_rows=1, skill_samples=1
)
NAMES = ["1-foundational", "2-code-math", "3-mid-training", "4-context-64k", "5-context-128k"]


def test_the_released_width_gives_the_numbers_of_the_report():
    stages = dataclasses.replace(SMALL, width=2048, tokens=None, context=None).stages()
    assert list(stages) == NAMES
    found = list(stages.values())
    assert all(recipe.preset == "flash_48b_a3b" and recipe.width is None for recipe in found)
    rates = [(r.muon_lr, r.muon_lr * (r.final_lr if r.decay else 1)) for r in found]
    expected = [(4.2e-4, 4.2e-4), (4.2e-4, 1.4e-4), (1.4e-4, 4.2e-5), (4.2e-5, 3.2e-5), (3.2e-5, 2.0e-5)]
    assert [pytest.approx(pair) for pair in expected] == rates
    assert all(recipe.decay_shape == "cosine" for recipe in found)
    assert [recipe.row_tokens for recipe in found] == [4096, 4096, 4096, 65_536, 131_072]
    batches = [(r.rows(0) * r.row_tokens, r.rows(r.steps - 1) * r.row_tokens) for r in found]
    for (first, last), (wanted, end) in zip(
        batches, [(13e6, 38e6), *[(38e6, 38e6)] * 2, *[(34e6, 34e6)] * 2], strict=True
    ):
        assert first == pytest.approx(wanted, rel=0.003) and last == pytest.approx(end, rel=0.003)
    assert [recipe.mtp_weight for recipe in found] == [0, 0, 0.1, 0.1, 0.1]
    assert all(recipe.mtp_on(0) == (recipe.mtp_weight > 0) for recipe in found)
    assert sum(recipe.tokens for recipe in found) == pytest.approx(20.7e12)


def test_warmup_and_ramp_end_where_their_tokens_do():
    first = dataclasses.replace(SMALL, width=2048, tokens=None, context=None).stages()["1-foundational"]
    seen, warm, ramped = 0, None, None
    for step in range(first.steps):
        seen += first.rows(step) * first.row_tokens
        if warm is None and first.learning_rate(step) == 1:
            warm = seen
        if ramped is None and first.rows(step) == first.rows_per_step:
            ramped = seen
    assert warm == pytest.approx(100e9, rel=0.01)
    assert ramped == pytest.approx(500e9, rel=0.01)
    assert seen == pytest.approx(first.tokens, rel=0.001)


def test_the_bias_rate_is_constant_up_to_stage_three_and_then_follows_the_rate_to_zero():
    found = list(dataclasses.replace(SMALL, width=2048, tokens=None, context=None).stages().values())
    assert [r.balance(0) for r in found[:3]] == [1e-3] * 3
    assert found[1].balance(found[1].steps - 1) == 1e-3
    for before, after in itertools.pairwise(found[2:]):
        assert before.balance(before.steps - 1) == pytest.approx(after.balance(0), rel=0.01)
    middle = found[2].steps // 2  # lr is half way between 1.4e-4 and 4.2e-5
    assert found[2].balance(middle) == pytest.approx(1e-3 * (9.1e-5 - 2e-5) / (1.4e-4 - 2e-5), rel=1e-3)
    assert 0 <= found[4].balance(found[4].steps - 1) < 1e-8
    assert Recipe(stage="sft", tokens=10**5, skills={"call_en": 1}).balance(0) == 0  # frozen


def test_the_dial_scales_everything_and_the_table_says_so():
    small, large = (load_pretraining("recipes/flash/pretrain.py", {"width": width}) for width in (128, 256))
    assert isinstance(small, Curriculum) and isinstance(large, Curriculum)
    assert small.peak_rate() == 2 * large.peak_rate() == pytest.approx(4.2e-4 * 16)
    ratio = large.total_tokens() / small.total_tokens()
    batches = [c.stages()["2-code-math"].rows_per_step for c in (small, large)]
    assert batches[1] / batches[0] == pytest.approx(ratio**0.5, rel=0.01)
    contexts = [recipe.row_tokens for recipe in large.stages().values()]
    assert contexts == [512, 512, 512, 4096, 8192]
    synthetic = large.mid_training
    assert sum(synthetic.skills.values()) / (sum(synthetic.skills.values()) + sum(synthetic.text.values())) > 0.6
    shown = CliRunner().invoke(app, ["pretrain", "recipes/flash/pretrain.py", "--width", "2048", "--show"])
    assert shown.exit_code == 0
    for part in ("0.00042 -> 0.00014", "13,000,704 -> 37,998,592", "131,072", "20,700,000,000,000"):
        assert part in shown.output


def test_nonsense_is_refused():
    with pytest.raises(ConfigError, match="reaches 8192"):
        dataclasses.replace(SMALL, context=10_000)
    with pytest.raises(ConfigError, match="validation"):
        dataclasses.replace(SMALL, validations=0)
    with pytest.raises(ConfigError, match="does not exist"):
        load_pretraining("recipes/flash/pretrain.py", {"depth": 3})
    plain = Recipe(stage="pretrain", width=64, tokens=10**6, skills={"call_en": 1})
    for values, message in (
        ({"rows_at_start": 2}, "both or none"),
        ({"rows_at_start": 9, "ramp": 0.5}, "between 1 and 4"),
        ({"decay_shape": "step"}, "linear or cosine"),
        ({"loss": "focal"}, "nll or dft"),
        ({"preset": "nano"}, "width of the model or its preset"),
        ({"merge": 3}, "checkpoints_kept"),
    ):
        with pytest.raises(ConfigError, match=message):
            dataclasses.replace(plain, **values)


@pytest.mark.filterwarnings("ignore:.*no grad.*")
def test_all_stages_run_one_after_another_and_a_killed_run_ends_on_the_same_curve(data, tmp_path, monkeypatch):  # noqa: F811
    monkeypatch.setattr(loop, "draw_report", lambda run: None)  # two seconds a stage; the picture of all remains
    options = {"data": data, "workers": 1, "precision": "fp32"}
    whole = run_curriculum(SMALL, out=tmp_path / "whole", **options)
    assert whole == tmp_path / "whole" / NAMES[-1] / "model"
    assert (tmp_path / "whole" / "report.png").is_file()
    rows = [row for row in read_run(tmp_path / "whole") if "loss" in row]
    steps = {name: recipe.steps for name, recipe in SMALL.stages().items()}
    assert [row["step"] for row in rows] == list(range(1, sum(steps.values()) + 1))
    assert all(a["tokens"] < b["tokens"] for a, b in itertools.pairwise(rows))
    without_mtp = steps[NAMES[0]] + steps[NAMES[1]]
    assert [("mtp_loss" in row) for row in rows] == [False] * without_mtp + [True] * (len(rows) - without_mtp)
    assert rows[-1]["loss"] < 0.8 * rows[0]["loss"]
    seams = [read_log(tmp_path / "whole" / name)[0]["loss"] for name in NAMES[1:]]
    assert max(seams) < rows[0]["loss"]  # no stage starts from fresh weights

    _interrupt(monkeypatch, stage=2)
    with pytest.raises(KeyboardInterrupt):
        run_curriculum(SMALL, out=tmp_path / "cut", **options)
    with pytest.raises(TrainingError, match="--resume"):
        run_curriculum(SMALL, out=tmp_path / "cut", **options)
    cut = run_curriculum(SMALL, out=tmp_path / "cut", resume=True, **options)
    for name in NAMES:
        assert curve(tmp_path / "cut" / name) == curve(tmp_path / "whole" / name)
    one, two = (read_model(folder).state_dict() for folder in (whole, cut))
    assert all(torch.equal(tensor, two[name]) for name, tensor in one.items())
    again = run_curriculum(SMALL, out=tmp_path / "cut", resume=True, **options)  # nothing is left to do
    assert again == cut and json.loads((again / "config.json").read_text())["hidden_size"] == 64


def _interrupt(monkeypatch, stage: int) -> None:
    """Ctrl-C in the second step of a stage, before its first checkpoint."""
    real, calls = loop.train_step, []

    def train_step(recipe, step, *rest):
        calls.append(recipe.seed)
        if recipe.seed == stage and len(calls) == calls.index(stage) + 2:
            raise KeyboardInterrupt
        real(recipe, step, *rest)

    monkeypatch.setattr(loop, "train_step", train_step)
