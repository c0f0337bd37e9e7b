"""Training that is aware of quantisation: passes on what a quantised folder holds, steps on the weights themselves."""

from __future__ import annotations

import dataclasses
import json
import shutil

import pytest
import torch

from joyflash.convert.quantize import quantize_folder
from joyflash.errors import CheckpointError, ConfigError
from joyflash.model.checkpoint import read_model
from joyflash.model.config import sized
from joyflash.model.joyflash import JoyFlash
from joyflash.model.loading import model_folder
from joyflash.model.quantized import put_back, quantize_model
from joyflash.model.shards import CHECKSUMS
from joyflash.quantization.policy import POLICIES
from joyflash.rl import train
from joyflash.rl.environments.host import Domain
from joyflash.rl.recipe import RLRecipe
from joyflash.train import dpo, pretrain, sft
from joyflash.train.alone import Alone
from joyflash.train.device_worker import DeviceWorker
from joyflash.train.ingredients import Ingredients
from joyflash.train.logging import read_log
from joyflash.train.loop import run_stage
from joyflash.train.objective import LanguageModelling, target_weight
from joyflash.train.workers import RowWorkers
from tests.model.conftest import TINY, random_model
from tests.train import test_dpo, test_together
from tests.train.test_dpo import _start as start  # noqa: F401
from tests.train.test_loop import RECIPE, curve, data  # noqa: F401
from tests.train.test_losses import row
from tests.train.test_together import SMALL, folders  # noqa: F401

AWARE = dataclasses.replace(RECIPE, quantize="int4", tokens=4 * 512, validate_every=2, muon_lr=2e-2, adamw_lr=1e-3)


def _model() -> JoyFlash:
    return random_model(dataclasses.replace(sized(64), vocab_size=97), seed=1).train()


@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("policy", POLICIES)
def test_gradients_are_those_of_the_rounded_model_and_the_weights_stay(policy, workers, precision):
    rows = [row()] * 3
    objective = LanguageModelling(target_weight(rows, 1), 0.1, target_weight(rows, 2))
    aware, before = _model(), _model().state_dict()
    place = Alone(dataclasses.replace(AWARE, quantize=policy), aware, workers, torch.device("cpu"), precision)
    sums = place.run(rows, objective)
    place.finish()
    rounded = _model()
    put_back(rounded, {
        name: tensor for name, tensor in quantize_model(rounded, POLICIES[policy].without_head()).items()
        if tensor.shape[-1] % 32 == 0 and "eh_proj" not in name
    })  # fmt: skip
    plain = RowWorkers(rounded, workers, precision)
    assert sums == plain.run(rows, objective)
    plain.close()
    for (name, one), other in zip(aware.named_parameters(), rounded.parameters(), strict=True):
        assert torch.equal(one.grad, other.grad), name
        assert torch.equal(one, before[name]), name
    unaware = RowWorkers(_model(), workers, precision)
    assert sums != unaware.run(rows, objective)
    unaware.close()


def test_frozen_weights_are_rounded_for_a_pass_too():
    rows = [row()] * 3
    objective = LanguageModelling(target_weight(rows, 1), 0.1, target_weight(rows, 2))
    sums = []
    for train_only in (None, r"^mtp\."):
        model, before = _model(), _model().state_dict()
        for name, parameter in model.named_parameters():
            parameter.requires_grad_(train_only is None or name.startswith("mtp."))
        place = Alone(dataclasses.replace(AWARE, train_only=train_only), model, 2, torch.device("cpu"), torch.float32)
        sums.append(place.run(rows, objective))
        place.finish()
        assert all(torch.equal(parameter, before[name]) for name, parameter in model.named_parameters())
    assert sums[0] == sums[1]


def test_on_a_gpu_too_the_copy_is_made_of_rounded_weights():
    rows = [row()] * 3
    objective = LanguageModelling(target_weight(rows, 1), 0.1, target_weight(rows, 2))
    place = Alone(AWARE, _model(), 1, torch.device("cpu"), torch.bfloat16)
    place.worker = DeviceWorker(place.model)
    sums = place.run(rows, objective)
    rounded = _model()
    put_back(rounded, quantize_model(rounded, POLICIES["int4"]))
    assert sums == DeviceWorker(rounded).run(rows, objective) != DeviceWorker(_model()).run(rows, objective)
    for one, other in zip(place.model.parameters(), rounded.parameters(), strict=True):
        assert torch.equal(one.grad, other.grad)


@pytest.mark.parametrize("policy", POLICIES)
def test_a_run_measures_what_its_quantised_folder_does(data, tmp_path, policy):  # noqa: F811
    recipe = dataclasses.replace(AWARE, quantize=policy, merge=2)
    folder = pretrain.run(recipe, data=data, out=tmp_path / "run", workers=2, precision="fp32")
    quantize_folder(folder, tmp_path / "small", POLICIES[policy])
    small = read_model(tmp_path / "small", dtype=torch.float32).eval()
    validations = [r for r in read_log(tmp_path / "run") if "bits_per_byte" in r]
    texts = Ingredients(recipe, folder, data, tmp_path / "shards")
    log, place = _Log(), Alone(RECIPE, small, 1, torch.device("cpu"), torch.float32)
    texts.prepare(place, tmp_path)
    texts.validate(place, log, 4)
    assert log.found == (validations[-1]["bits_per_byte"], validations[-1]["exact"])
    full, held = read_model(folder).state_dict(), small.state_dict()
    changed = {name for name, weight in full.items() if not torch.equal(held[name], weight)}
    assert changed == {name for name in full if POLICIES[policy].without_head().stored(name, full[name].shape[-1])}


class _Log:
    def validation(self, step, *found):
        self.found = found


def test_a_killed_run_resumes_on_exactly_the_same_curve(data, tmp_path):  # noqa: F811
    options = {"data": data, "workers": 2, "precision": "bf16"}
    whole = pretrain.run(AWARE, out=tmp_path / "whole", **options)
    pretrain.run(AWARE, out=tmp_path / "cut", stop_after=2, **options)
    cut = pretrain.run(AWARE, out=tmp_path / "cut", resume=True, **options)
    assert curve(tmp_path / "cut") == curve(tmp_path / "whole")
    other = read_model(cut).state_dict()
    assert all(torch.equal(weight, other[name]) for name, weight in read_model(whole).state_dict().items())
    unaware = dataclasses.replace(AWARE, quantize=None)
    pretrain.run(unaware, out=tmp_path / "unaware", stop_after=2, **options)
    assert curve(tmp_path / "unaware") != curve(tmp_path / "whole")[:2]


def test_two_processes_repeat_the_run_of_one(folders):  # noqa: F811
    recipe = dataclasses.replace(SMALL, tokens=2 * 4 * 128, quantize="int4-int8", merge=1, muon_lr=5e-2)
    torch.set_num_threads(1)
    options = {"data": folders / "data"}
    pretrain.run(recipe, out=folders / "aware", workers=1, precision="fp32", **options)
    test_together.run_team_with(2, 2, recipe=recipe, out=folders / "aware-two", **options)
    assert test_together.same_run(folders / "aware-two", folders / "aware")
    one, two = (test_together.validations(folders / name) for name in ("aware", "aware-two"))
    assert one == two and one[-1][1]  # some text was measured


def test_dpo_begins_at_its_reference(start, tmp_path):  # noqa: F811
    recipe = dataclasses.replace(test_dpo.RECIPE, steps=2, validate_every=2, quantize="int4")
    test_dpo._run(start, tmp_path / "run", recipe)
    found = [r["pairs_heldout"] for r in read_log(tmp_path / "run") if "pairs_heldout" in r]
    assert (found[0]["margin"], found[0]["accuracy"]) == (0.0, 0.5) and found[1]["margin"] != 0
    first = next(row for row in read_log(tmp_path / "run") if "loss" in row)
    assert abs(first["margin"]) < 1e-6  # the step itself, too, runs on what the reference ran on


def test_what_cannot_be_rounded_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="There is no quantisation 'int3'; there are int8, int4"):
        dataclasses.replace(RECIPE, quantize="int3")
    with pytest.raises(ConfigError, match="There is no quantisation 'int3'"):
        dataclasses.replace(test_dpo.RECIPE, quantize="int3")
    narrow = random_model(dataclasses.replace(TINY, hidden_size=24))
    recipe = dataclasses.replace(AWARE, mtp_weight=0.0)
    with pytest.raises(ConfigError, match="quantize is 'int4', which finds nothing to quantise in this model"):
        run_stage(recipe, narrow, None, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_no_stage_starts_from_rounded_weights(tmp_path):
    """The folder is refused by its config.json, before anything else is read or written."""
    weights = {"type": "int", "num_bits": 4, "group_size": 32, "strategy": "group", "symmetric": True}
    described = {
        "quant_method": "compressed-tensors",
        "format": "pack-quantized",
        "config_groups": {"0": {"weights": weights, "targets": ["Linear"]}},
    }
    folder, out = tmp_path / "small", tmp_path / "runs" / "run"
    shutil.copytree(model_folder("nano"), folder)
    (folder / CHECKSUMS).unlink(missing_ok=True)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "quantization_config": described}))
    tuned = dataclasses.replace(RECIPE, stage="sft", width=None, text={})
    domain = Domain("sums", "arithmetic", prompts=1)
    for begin in (
        lambda: sft.run(tuned, start=folder, data=None, out=out),
        lambda: dpo.run(test_dpo.RECIPE, start=folder, data=tmp_path / "pairs.jsonl", out=out),
        lambda: train.run(RLRecipe(domains=(domain,), batches=1), start=folder, out=out),
    ):
        with pytest.raises(CheckpointError, match="holds quantised weights"):
            begin()
    assert not out.parent.exists()
