"""A whole run by several processes: the curve of one, checkpoints for any number of them, damage that is noticed."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
import torch

from joyflash.errors import ConfigError, TrainingError
from joyflash.model.checkpoint import read_model
from joyflash.model.config import sized
from joyflash.model.initialise import initialise
from joyflash.model.joyflash import JoyFlash
from joyflash.train import pretrain
from joyflash.train.fresh import place_parameter
from joyflash.train.together import TeamPlan
from tests.parallel.teams import run_team
from tests.train.test_loop import RECIPE, curve

SMALL = dataclasses.replace(
    RECIPE, tokens=6 * 4 * 128, row_tokens=128, rows_per_step=4, validate_every=2, skill_samples=1, merge=2
)


def train(team, expert_parallel, **options):
    recipe = options.pop("recipe", SMALL)
    pretrain.run(recipe, team=TeamPlan(team, expert_parallel), precision="fp32", **options)


def weights(folder):
    return read_model(folder / "model").state_dict()


def same_run(a, b):
    x, y = weights(a), weights(b)
    return curve(a) == curve(b) and all(torch.equal(x[name], y[name]) for name in x)


def validations(folder):
    rows = map(json.loads, (folder / "log.jsonl").read_text().splitlines())
    return [(row["step"], row["bits_per_byte"], row["exact"]) for row in rows if "bits_per_byte" in row]


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    root = tmp_path_factory.mktemp("together")
    text = root / "data" / "pretrain"
    text.mkdir(parents=True)
    lines = [json.dumps({"text": f"The {n}th fox went down to mill {n * n}. " * 2, "lang": "en"}) for n in range(1200)]
    (text / "tales.own-00.jsonl").write_text("\n".join(lines))
    torch.set_num_threads(1)
    pretrain.run(SMALL, data=root / "data", out=root / "alone", workers=1, precision="fp32")
    return root


def test_two_processes_repeat_the_run_of_one_and_four_go_on_from_them(folders):
    data, out = folders / "data", folders / "grown"
    run_team_with(2, 2, data=data, out=out, stop_after=4)
    log = out / "log.jsonl"
    log.write_text(log.read_text() + json.dumps({"step": 5, "loss": 99.0, "gradient_norm": 0.0}) + "\n")  # lost step
    run_team_with(4, 2, data=data, out=out, resume=True)
    assert same_run(out, folders / "alone")
    assert validations(out)[-1] == validations(folders / "alone")[-1]
    assert [path.name for path in sorted(out.glob("step-*"))] == ["step-0000004", "step-0000006"]
    assert not list(out.glob(".step*"))


def test_damage_is_noticed_and_the_checkpoint_before_is_taken(folders):
    data, out = folders / "data", folders / "damaged"
    run_team_with(2, 1, data=data, out=out, stop_after=4)
    file = next((out / "step-0000004").glob("*.safetensors"))
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(bytes(content))
    run_team_with(1, 1, data=data, out=out, resume=True)
    assert same_run(out, folders / "alone")
    with pytest.raises(TrainingError, match="torchrun"):
        pretrain.run(SMALL, data=data, out=out, resume=True)


def test_what_cannot_be_arranged_is_refused(folders):
    with pytest.raises(AssertionError, match="must divide"):
        run_team_with(2, 3, data=folders / "data", out=folders / "refused")
    with pytest.raises(ConfigError, match="torchrun"):
        from joyflash.parallel.team import joined_team

        with joined_team():
            pass


def test_experts_are_drawn_in_parts_and_no_process_holds_them_all():
    config = sized(64)
    whole = initialise(JoyFlash(config), torch.Generator().manual_seed(3)).state_dict()
    for found in run_team(2, drawn, 2, config) + run_team(2, drawn, 1, config):
        outside, parts, bounds = found["outside"], found["parts"], found["bounds"]
        assert len(parts) == 2 * (config.num_hidden_layers - 1)
        assert not set(parts) & set(outside) and set(parts) | set(outside) == set(whole)
        for name, value in outside.items():
            assert np.array_equal(value, whole[name].numpy()), name
        for name, part in parts.items():
            start, end = bounds[name]
            assert end - start == config.n_routed_experts // 2
            assert np.array_equal(part, whole[name][start:end].numpy()), name


def drawn(team, expert_parallel, config):
    plan = TeamPlan(team, expert_parallel)
    model = plan.fresh(config, torch.Generator().manual_seed(3))
    real = {name: tensor for name, tensor in model.state_dict().items() if not tensor.is_meta}
    bounds = {
        name: place_parameter(name, tuple(model.get_parameter(name).shape), plan.mesh).bounds[team.rank]
        for name in plan.parts
    }
    return {"outside": real, "parts": dict(plan.parts), "bounds": bounds}


def run_team_with(world, expert_parallel, **options):
    run_team(world, _train, expert_parallel, options)


def _train(team, expert_parallel, options):
    train(team, expert_parallel, **options)
