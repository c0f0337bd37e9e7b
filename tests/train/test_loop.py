"""The loop: workers that agree with one, runs that resume exactly, recipes and checkpoints that refuse nonsense."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
import torch

from joyflash.errors import ConfigError, DataError, TrainingError
from joyflash.model.checkpoint import read_model, save_model
from joyflash.model.loading import model_folder
from joyflash.optim.groups import build_optimizers
from joyflash.optim.schedule import scale_learning_rates
from joyflash.train import pretrain, sft
from joyflash.train.checkpoint import Progress, load_checkpoint, save_checkpoint
from joyflash.train.logging import read_log
from joyflash.train.objective import LanguageModelling, target_weight
from joyflash.train.recipe import Recipe, load_recipe, run_recipe_file
from joyflash.train.workers import RowWorkers
from tests.model.conftest import TINY, random_model
from tests.rl.conftest import CONFIG, small_model
from tests.train.test_losses import row

RECIPES = sorted((Path(__file__).parents[2] / "recipes").rglob("*.py"))

RECIPE = Recipe(
    stage="pretrain",
    width=64,
    tokens=8 * 2 * 256,
    row_tokens=256,
    rows_per_step=2,
    text={"tales": 1},
    skills={"call_en": 1, "compare_zh": 1},
    validate_every=4,
    validation_rows=1,
    skill_samples=2,
    mtp_from=0.5,
)


@pytest.fixture
def data(tmp_path):
    folder = tmp_path / "data" / "pretrain"
    folder.mkdir(parents=True)
    words = ["the", "fox", "and", "a", "hen", "went", "down", "to", "the", "old", "mill", "and", "sang"]
    rows = [" ".join(words[(i * k + k) % len(words)] for k in range(60)) + f" {i}." for i in range(400)]
    lines = [json.dumps({"text": text, "source": "test", "lang": "en"}) for text in rows]
    (folder / "tales.own-00.jsonl").write_text("\n".join(lines))
    return tmp_path / "data"


def curve(folder):
    return [(r["step"], r["loss"], r.get("mtp_loss"), r["gradient_norm"]) for r in read_log(folder) if "loss" in r]


def test_workers_agree_with_one_and_do_not_depend_on_timing():
    rows = [row()] * 5
    objective = LanguageModelling(target_weight(rows, 1), 0.1, target_weight(rows, 2))
    found = []
    for count in (1, 2, 2, 3):
        model = random_model(TINY).train()
        workers = RowWorkers(model, count)
        sums = workers.run(rows, objective)
        loads = workers.take_loads()
        workers.close()
        found.append(([p.grad for p in model.parameters()], sums, loads))
    (one, sums_one, loads_one), (two, _, _), (again, _, _), (three, sums_three, loads_three) = found
    assert all(torch.equal(a, b) for a, b in zip(two, again, strict=True))
    assert all(torch.equal(a, b) for a, b in zip(two, three, strict=True))
    for a, b in zip(one, two, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-6)
    assert len(sums_one) == len(sums_three) == 5
    assert [load.tolist() for load in loads_one] == [load.tolist() for load in loads_three]
    assert loads_one[0].sum() == 5 * 9 * TINY.num_experts_per_tok


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_a_killed_run_resumes_on_exactly_the_same_curve(data, tmp_path, precision):
    options = {"data": data, "workers": 2, "precision": precision}
    whole = pretrain.run(RECIPE, out=tmp_path / "whole", **options)
    pretrain.run(RECIPE, out=tmp_path / "cut", stop_after=4, **options)
    log = tmp_path / "cut" / "log.jsonl"
    log.write_text(log.read_text() + json.dumps({"step": 5, "loss": 99.0, "gradient_norm": 0.0}) + "\n")  # lost step
    cut = pretrain.run(RECIPE, out=tmp_path / "cut", resume=True, **options)
    assert curve(tmp_path / "cut") == curve(tmp_path / "whole")
    assert len(curve(tmp_path / "whole")) == 8
    a, b = read_model(whole), read_model(cut)
    assert all(torch.equal(x, b.state_dict()[name]) for name, x in a.state_dict().items())
    assert len(list((tmp_path / "cut").glob("step-*"))) == 2


def test_sft_goes_on_from_a_pretrained_folder_and_learns(data, tmp_path):
    start = pretrain.run(RECIPE, data=data, out=tmp_path / "pretrain", workers=1, stop_after=2)
    recipe = dataclasses.replace(RECIPE, stage="sft", width=None, text={}, skills={"compare_en": 1}, tokens=24 * 512)
    pretrained_loss = curve(tmp_path / "pretrain")[-1][1]
    sft.run(recipe, start=start, data=None, out=tmp_path / "sft", workers=2)
    losses = [loss for _, loss, _, _ in curve(tmp_path / "sft")]
    assert losses[-1] < 0.7 * pretrained_loss
    assert (tmp_path / "sft" / "model" / "chat_template.jinja").is_file()
    with pytest.raises(ConfigError, match="joyflash pretrain"):
        sft.run(RECIPE, start=start, data=None, out=tmp_path / "x")


@pytest.mark.parametrize("quantize", [None, "int8"])
def test_only_what_is_named_is_trained(data, tmp_path, quantize):
    start = pretrain.run(RECIPE, data=data, out=tmp_path / "pretrain", workers=1, stop_after=1)
    named = {"train_only": r"^mtp\.", "mtp_depth": 2, "mtp_from": 0.0, "tokens": 4 * 512, "quantize": quantize}
    recipe = dataclasses.replace(RECIPE, stage="sft", width=None, text={}, skills={"compare_en": 1}, **named)
    result = sft.run(recipe, start=start, data=None, out=tmp_path / "sft", workers=2)
    before, after = (read_model(folder).state_dict() for folder in (start, result))
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert changed == {name for name in before if name.startswith("mtp.")}
    assert all("mtp_loss_2" in line for line in read_log(tmp_path / "sft") if "loss" in line)
    for resume, last in ((False, 2), (True, None)):  # stopped and gone on: the same weights, the frozen ones too
        again = sft.run(recipe, start=start, data=None, out=tmp_path / "cut", workers=2, resume=resume, stop_after=last)
    assert curve(tmp_path / "cut") == curve(tmp_path / "sft")
    assert all(torch.equal(weight, after[name]) for name, weight in read_model(again).state_dict().items())
    with pytest.raises(ConfigError, match="which no parameter's name contains"):
        sft.run(dataclasses.replace(recipe, train_only="nothing"), start=start, data=None, out=tmp_path / "x")


def test_a_run_never_overwrites_another(data, tmp_path):
    pretrain.run(RECIPE, data=data, out=tmp_path / "run", workers=1, stop_after=1)
    with pytest.raises(TrainingError, match="exists"):
        pretrain.run(RECIPE, data=data, out=tmp_path / "run", workers=1, stop_after=1)
    with pytest.raises(TrainingError, match="no checkpoint"):
        pretrain.run(RECIPE, data=data, out=tmp_path / "other", workers=1, resume=True)


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_recipes_that_come_along_can_be_read(path):
    """Their settings are checked where they are made."""
    assert type(run_recipe_file(str(path))[1]).__name__ in ("Recipe", "Curriculum", "DPORecipe", "RLRecipe")


def test_recipes_are_checked(tmp_path):
    with pytest.raises(ConfigError, match="something to train on"):
        Recipe(stage="sft", tokens=10**6)
    with pytest.raises(ConfigError, match="less than one step"):
        dataclasses.replace(RECIPE, tokens=10)
    with pytest.raises(ConfigError, match="width"):
        dataclasses.replace(RECIPE, width=None)
    with pytest.raises(ConfigError, match="above 0"):
        dataclasses.replace(RECIPE, emphasis={"<function=": 0.0})
    with pytest.raises(ConfigError, match="no regular expression"):
        dataclasses.replace(RECIPE, train_only="(")
    with pytest.raises(ConfigError, match="no recipe file"):
        load_recipe("recipes/none.py")
    broken = tmp_path / "broken.py"
    broken.write_text("recipe = 1 / 0")
    with pytest.raises(ConfigError, match="ZeroDivisionError"):
        load_recipe(str(broken))
    broken.write_text("recipe = 3")
    with pytest.raises(ConfigError, match="must define"):
        load_recipe(str(broken))
    assert load_recipe("recipes/nano/pretrain.py", {"tokens": 10**6}).tokens == 10**6
    with pytest.raises(ConfigError, match="tokenz does not exist"):
        load_recipe("recipes/nano/pretrain.py", {"tokenz": 1})
    with pytest.raises(ConfigError, match="wrong type"):
        load_recipe("recipes/nano/pretrain.py", {"tokens": "100"})


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"stage": "dpo"}, "pretrain or sft"),
        ({"width": 0}, "width is 0; the size dial takes multiples of 64"),
        ({"width": 100}, "width is 100; the size dial takes multiples of 64"),
        ({"mtp_from": 7}, "mtp_from must lie between 0 and 1"),
        ({"muon_lr": -1, "validation_rows": -3}, "muon_lr and validation_rows must not be below 0"),
        ({"final_lr": 1.0, "balance_final": 0.1}, "balance_final follows the learning rate"),
    ],
)
def test_settings_that_mean_nothing_are_refused(settings, message):
    with pytest.raises(ConfigError, match=message):
        dataclasses.replace(RECIPE, **settings)


@pytest.mark.parametrize("skill", ["cal_en", "compare_fr"])
def test_a_misspelt_skill_is_named_before_anything_is_read(skill, tmp_path):
    with pytest.raises(ConfigError, match="There is no skill"):
        next(iter(_rows(dataclasses.replace(RECIPE, skills={skill: 1}), tmp_path / "no data", tmp_path)))


def test_unknown_sources_are_named(data, tmp_path):
    with pytest.raises(DataError, match="no text source sagas"):
        next(iter(_rows(dataclasses.replace(RECIPE, text={"sagas": 1, "tales": 1}), data, tmp_path)))
    with pytest.raises(DataError, match="no chat file"):
        next(iter(_rows(dataclasses.replace(RECIPE, chat={"talks": 1}), data, tmp_path)))


def _rows(recipe, data, tmp_path):
    from joyflash.train.ingredients import Ingredients

    with Ingredients(recipe, model_folder("nano"), data, tmp_path / "shards").rows(None) as rows:
        yield from rows


def test_a_resumed_run_takes_its_rates_from_the_recipe(tmp_path):
    model = random_model(TINY)
    before = build_optimizers(model, TINY, 1e-3, 2e-3)
    scale_learning_rates(before, 0.5)
    save_checkpoint(tmp_path, model, before, Progress(3, {}))
    after = build_optimizers(model, TINY, 4e-4, 5e-4)
    assert load_checkpoint(tmp_path, model, after).step == 3
    scale_learning_rates(after, 1.0)
    assert [group["lr"] for optimizer in after for group in optimizer.param_groups][-1] == 5e-4
    assert after[0].param_groups[0]["lr"] == 4e-4


def test_a_stage_resumed_over_the_one_before_takes_its_rates_from_its_own_recipe(tmp_path):
    model = random_model(TINY)
    for folder, rates, factor in (("before", (1e-3, 2e-3), 0.1), ("own", (4e-4, 5e-4), 0.5)):
        saved = build_optimizers(model, TINY, *rates)
        scale_learning_rates(saved, factor)
        save_checkpoint(tmp_path / folder, model, saved, Progress(3, {}))
    after = build_optimizers(model, TINY, 4e-4, 5e-4)
    for folder in ("before", "own"):
        load_checkpoint(tmp_path / folder, model, after)
    scale_learning_rates(after, 1.0)
    assert [after[0].param_groups[0]["lr"], after[1].param_groups[0]["lr"]] == [4e-4, 5e-4]


def test_a_resumed_run_takes_its_weight_decay_from_the_recipe(tmp_path):
    model = random_model(TINY)
    save_checkpoint(tmp_path, model, build_optimizers(model, TINY, 1e-3, 2e-3, weight_decay=0.3), Progress(3, {}))
    after = build_optimizers(model, TINY, 1e-3, 2e-3, weight_decay=0.05)
    load_checkpoint(tmp_path, model, after)
    assert {group["weight_decay"] for group in after[0].param_groups} == {0.05}
    assert [group["weight_decay"] for group in after[1].param_groups] == [0.05, 0.0]  # norms have none


@pytest.mark.parametrize("fused", [False, True])
def test_a_run_resumed_on_another_device_keeps_its_own_form_of_adamw(fused, tmp_path):
    parameter = torch.nn.Parameter(torch.ones(3))
    before, after = (torch.optim.AdamW([parameter], fused=each) for each in (not fused, fused))
    parameter.grad = torch.ones(3)
    before.step()
    model = random_model(TINY)
    save_checkpoint(tmp_path, model, [before], Progress(1, {}))
    load_checkpoint(tmp_path, model, [after])
    assert after.param_groups[0]["fused"] is fused and after.state[parameter]["step"] == 1


@pytest.mark.parametrize("shares", [(0.1, 0.9), (0.5, 0.5), (0.02, 0.98)])
def test_warmup_and_decay_fit_into_runs_of_every_length(shares):
    for steps in range(1, 120):
        recipe = dataclasses.replace(RECIPE, tokens=steps * 512, warmup=shares[0], decay=shares[1], balance_final=0.0)
        assert recipe.steps == steps
        assert all(0 < recipe.learning_rate(step) <= 1 and recipe.balance(step) > 0 for step in range(steps))


def _sft(tmp_path, data, model, stop_after=None, **values):
    start = tmp_path / "start"
    save_model(model, start, torch.float32)
    pretrain.copy_tokenizer(model_folder("nano"), start)
    recipe = dataclasses.replace(RECIPE, stage="sft", width=None, text={}, skills={"compare_en": 1}, **values)
    return sft.run(recipe, start=start, data=data, out=tmp_path / "sft", workers=1, stop_after=stop_after)


@pytest.mark.parametrize("values", [{"mtp_from": 0.5}, {"mtp_from": 0.0, "mtp_weight": 0.0}])
def test_the_mtp_layer_alone_is_not_trained_without_its_loss(data, tmp_path, values):
    with pytest.raises(ConfigError, match=r"mtp_from to 0 and mtp_weight above 0"):
        _sft(tmp_path, data, small_model(), train_only=r"^mtp\.", **values)
    assert not (tmp_path / "sft").exists()


def test_an_mtp_loss_without_the_layer_is_refused_at_the_start(data, tmp_path):
    without = random_model(dataclasses.replace(CONFIG, num_nextn_predict_layers=0))
    with pytest.raises(ConfigError, match="set mtp_weight to 0"):
        _sft(tmp_path, data, without, stop_after=1)
    assert not (tmp_path / "sft").exists()
    _sft(tmp_path, data, without, stop_after=1, mtp_weight=0.0)


@pytest.mark.parametrize(("device", "message"), [("tpu", "cpu or cuda"), ("cuda", "no CUDA GPU")])
def test_a_device_that_is_not_there_is_refused_before_anything_is_written(device, message, data, tmp_path, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ConfigError, match=message):
        pretrain.run(RECIPE, data=data, out=tmp_path / "run", device=device)
    assert not (tmp_path / "run").exists() and not (tmp_path / "shards").exists()
    with pytest.raises(ConfigError, match=message):
        sft.run(
            dataclasses.replace(RECIPE, stage="sft", width=None),
            start="nano",
            data=data,
            out=tmp_path / "run",
            device=device,
        )
