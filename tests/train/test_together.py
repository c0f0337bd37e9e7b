"""A whole run by several processes: the curve of one, checkpoints for any number of them, damage that is noticed."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import time
from types import SimpleNamespace
from typing import Any
from unittest import mock

import numpy as np
import pytest
import torch
import torch.distributed as dist
from safetensors.torch import load_file, save_file
from torch.testing._internal.distributed.fake_pg import FakeStore

from joyflash.errors import CheckpointError, ConfigError, DataError, StoppedError, TrainingError
from joyflash.model.checkpoint import read_model, save_model
from joyflash.model.config import sized
from joyflash.model.initialise import initialise
from joyflash.model.joyflash import JoyFlash
from joyflash.parallel.mesh import make_mesh
from joyflash.parallel.team import Team
from joyflash.train import loop, pretrain, sft, team_checkpoint
from joyflash.train.checkpoint import Progress
from joyflash.train.ingredients import Ingredients
from joyflash.train.parts import place_parameter, read_part
from joyflash.train.team_state import TeamState
from joyflash.train.together import TeamPlan, Together
from tests.model.test_slices import stack
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


def test_an_error_waits_for_the_checkpoint_that_is_being_written(folders):
    out = folders / "failed"
    with pytest.raises(AssertionError, match="Loss nan"):
        run_team(2, _failing, {"data": folders / "data", "out": out})
    assert [path.name for path in out.glob("step-*")] == ["step-0000002"] and not list(out.glob(".step*"))
    assert len(list((out / "step-0000002").glob("shard-*"))) == 2


def _failing(team, options):
    write, train_step = team_checkpoint.write_parts, loop.train_step

    def slowly(*arguments, **named):
        time.sleep(1)
        return write(*arguments, **named)

    def failing(recipe, step, *rest):
        if step == 2:
            raise TrainingError("Loss nan")
        train_step(recipe, step, *rest)

    with mock.patch.object(team_checkpoint, "write_parts", slowly), mock.patch.object(loop, "train_step", failing):
        train(team, 1, **options)


def test_what_one_process_is_told_and_its_clock_says_holds_for_all(folders):
    out = folders / "stopped"
    options = {
        "data": folders / "data",
        "out": out,
        "recipe": dataclasses.replace(SMALL, validate_every=6, merge=1, checkpoints_kept=9),
    }
    assert run_team(2, _stopped, options) == [[15, "Stopped after step 3 of 6; go on with --resume."]] * 2
    assert [path.name for path in sorted(out.glob("step-*"))] == [f"step-000000{step}" for step in (1, 2, 3)]
    run_team_with(2, 1, resume=True, **options)
    assert curve(out) == curve(folders / "alone")


def _stopped(team, options):
    train_step = loop.train_step

    def told(recipe, step, *rest):
        train_step(recipe, step, *rest)
        if step == 2 and not team.leads:
            signal.raise_signal(signal.SIGTERM)

    clock = {} if team.leads else {"CHECKPOINT_SECONDS": 0.0, "CHECKPOINT_SHARE": 1e9}
    with mock.patch.multiple(loop, train_step=told, **clock):
        try:
            train(team, 1, **options)
        except StoppedError as stopped:
            return stopped.signal, str(stopped)


def test_data_that_one_process_lacks_end_the_run_of_all_with_its_steps_saved(folders):
    out = folders / "starved"
    leader, other = run_team(2, _starved, {"data": folders / "data", "out": out})
    assert leader.startswith(
        "No data for step 4: the message of another process says why. The 3 steps before are saved"
    )
    assert other.startswith("No data for step 4: a worker died The 3 steps before are saved")
    assert [path.name for path in sorted(out.glob("step-*"))] == ["step-0000002", "step-0000003"]


def _starved(team, options):
    batch = Ingredients.batch

    def starved(self, rows, step):
        if step == 3 and not team.leads:
            raise DataError("a worker died")
        return batch(self, rows, step)

    with mock.patch.object(Ingredients, "batch", starved):
        try:
            train(team, 1, **options)
        except TrainingError as error:
            return str(error)


def test_processes_agree_on_packers_and_on_the_run_folder(tmp_path):
    assert run_team(2, _agreed, tmp_path) == [[3, 5, 7]] * 2


def _agreed(team, folder):
    place: Any = SimpleNamespace(_team=team)
    cores = (12, 7)[team.rank]
    with mock.patch("os.cpu_count", return_value=cores), mock.patch.dict(os.environ, LOCAL_WORLD_SIZE="2"):
        found = [Together.packers(place, *each) for each in ((None, 0), (5, 0), (None, 7))]
    with pytest.raises(ConfigError, match="--workers differs"):
        Together.packers(place, 2 + team.rank, 0)
    team.check_shared(folder / "shared")
    with pytest.raises(ConfigError, match="1 of 2 processes do not see"):
        team.check_shared(folder / str(team.rank))
    team.wait()
    assert not list(folder.glob("*/.shared*"))
    return found


def test_a_checkpoint_that_lacks_a_part_is_neither_read_nor_published(tmp_path):
    run_team(2, _without_parts, tmp_path)
    assert (tmp_path / "parted").is_dir() and not list((tmp_path / "parted").glob("step-*"))


def _without_parts(team, folder):
    model = initialise(JoyFlash(sized(64, 301)), torch.Generator().manual_seed(0))
    place = TeamPlan(team).place(SMALL, model, torch.float32)
    place.save(folder / "lost", Progress(1, {}), keep=1)
    place.finish()
    if team.leads:
        sums = folder / "lost" / "step-0000001" / "checksums.json"
        kept = {name: value for name, value in json.loads(sums.read_text()).items() if "shard-00002" not in name}
        sums.write_text(json.dumps(kept))
    team.wait()
    with pytest.raises(TrainingError, match="parts of 1 processes; 2 wrote it"):
        place.load(folder / "lost", print)
    write = team_checkpoint.write_parts

    def when_parted(*arguments, **named):
        while dist.is_initialized():
            time.sleep(0.05)
        return write(*arguments, **named)

    mock.patch.object(team_checkpoint, "write_parts", when_parted).start()
    place.save(folder / "parted", Progress(1, {}), keep=1)


def test_parts_of_a_team_of_gpus_are_described_in_main_memory():
    dist.init_process_group("fake", store=FakeStore(), rank=1, world_size=2)
    try:
        mesh = make_mesh(Team(1, 2, torch.device("cuda", 1)))
        shapes = {"norm.weight": (4,), "model.layers.1.mlp.experts.down_proj": (4, 3, 5)}
        placements = {name: place_parameter(name, shape, mesh) for name, shape in shapes.items()}
        sharded: Any = SimpleNamespace(mesh=mesh, placements=placements)
        muon: Any = None
        state = TeamState(sharded, [], muon, torch.optim.AdamW([torch.zeros(1)]))
        for name, shape in shapes.items():
            part = torch.empty(placements[name].local_shape(1))
            described = state._describe(f"model.{name}", part)
            assert described is not None and described.shape == shape
            assert described.to_local().data_ptr() == part.data_ptr()
    finally:
        dist.destroy_process_group()


def test_what_cannot_be_arranged_is_refused(folders):
    with pytest.raises(AssertionError, match="start more instead of --workers"):
        run_team_with(1, 1, data=folders / "data", out=folders / "refused", workers=2)
    with pytest.raises(AssertionError, match="must divide"):
        run_team_with(2, 3, data=folders / "data", out=folders / "refused")
    with pytest.raises(ConfigError, match="torchrun"):
        from joyflash.parallel.team import joined_team

        with joined_team():
            pass


@pytest.mark.parametrize("layout", ["drawn", "single", "stacked"])
def test_experts_are_drawn_or_read_in_parts_and_no_process_holds_them_all(tmp_path, layout):
    config = sized(64)
    model = initialise(JoyFlash(config), torch.Generator().manual_seed(3))
    whole = model.state_dict()
    if layout != "drawn":
        with torch.no_grad():
            model.model.layers[1].mlp.gate.e_score_correction_bias.fill_(0.5)
        save_model(model, tmp_path, shard_bytes=300_000)
    if layout == "stacked":
        tensors = {}
        for file in tmp_path.glob("*.safetensors"):
            tensors |= load_file(file)
            file.unlink()
        stack(tensors, config)
        save_file(tensors, tmp_path / "model.safetensors")
        for name in ("checksums.json", "model.safetensors.index.json"):
            (tmp_path / name).unlink()
    work = (drawn, config) if layout == "drawn" else (read, tmp_path)
    for found in run_team(2, work[0], 2, work[1]) + run_team(2, work[0], 1, work[1]):
        outside, parts, bounds = found["outside"], found["parts"], found["bounds"]
        assert len(parts) == 2 * (config.num_hidden_layers - 1)
        assert not set(parts) & set(outside) and set(parts) | set(outside) == set(whole)
        for name, value in outside.items():
            assert np.array_equal(value, whole[name].numpy()), name
        for name, part in parts.items():
            start, end = bounds[name]
            assert end - start == config.n_routed_experts // 2
            assert np.array_equal(part, whole[name][start:end].numpy()), name


def test_a_process_checks_the_files_of_which_it_needs_a_part_and_names_what_is_stored_twice(tmp_path, caplog):
    model = initialise(JoyFlash(sized(64)), torch.Generator().manual_seed(3))
    save_model(model, tmp_path)
    mesh: Any = SimpleNamespace(team=Team(1, 2, torch.device("cpu")), expert_parallel=1, data_parallel=2)
    file = tmp_path / "model.safetensors"
    read_part(tmp_path, mesh)
    tensors = load_file(file)
    of_another = "model.layers.1.mlp.experts.0.down_proj.weight"
    tensors[of_another][0, 0] += 1
    save_file(tensors, file, {"format": "pt"})
    with pytest.raises(CheckpointError, match=r"model\.safetensors was altered"):
        read_part(tmp_path, mesh)
    (tmp_path / "checksums.json").unlink()
    assert not caplog.text
    head = next(name for name in tensors if name.endswith("shared_head.head.weight"))
    tensors[head][0, 0] += 1
    save_file(tensors, file, {"format": "pt"})
    read_part(tmp_path, mesh)
    assert f"{head} of {tmp_path} differs from the trunk's own" in caplog.text


@pytest.mark.parametrize("expert_parallel", [1, 2])
def test_two_processes_fine_tune_a_folder_as_one_does_without_reading_it_whole(folders, expert_parallel):
    start, data, out = folders / "alone" / "model", folders / "data", folders / f"tuned{expert_parallel}"
    recipe = dataclasses.replace(SMALL, stage="sft", width=None, tokens=2 * 4 * 128, merge=1)
    sft.run(recipe, start=start, data=data, out=out / "alone", workers=1, precision="fp32")
    run_team(2, _tuned, expert_parallel, {"recipe": recipe, "start": start, "data": data, "out": out / "team"})
    assert same_run(out / "team", out / "alone")


def _tuned(team, expert_parallel, options):
    with mock.patch.object(sft, "read_model", side_effect=AssertionError("read whole")):
        sft.run(options.pop("recipe"), team=TeamPlan(team, expert_parallel), precision="fp32", **options)


def drawn(team, expert_parallel, config):
    plan = TeamPlan(team, expert_parallel)
    return held(plan, plan.fresh(config, torch.Generator().manual_seed(3)))


def held(plan, model):
    real = {name: tensor for name, tensor in model.state_dict().items() if not tensor.is_meta}
    bounds = {
        name: place_parameter(name, tuple(model.get_parameter(name).shape), plan.mesh).bounds[plan.team.rank]
        for name in plan.parts
    }
    return {"outside": real, "parts": dict(plan.parts), "bounds": bounds}


def read(team, expert_parallel, folder):
    plan = TeamPlan(team, expert_parallel)
    return held(plan, plan.read(folder))


def run_team_with(world, expert_parallel, **options):
    run_team(world, _train, expert_parallel, options)


def _train(team, expert_parallel, options):
    train(team, expert_parallel, **options)
