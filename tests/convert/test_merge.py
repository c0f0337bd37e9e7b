"""Merged checkpoints: the mean of each tensor, from folders of either expert layout, and refusals."""

from __future__ import annotations

import dataclasses
import json
import math

import pytest
import torch
from safetensors.torch import load_file
from typer.testing import CliRunner

from joyflash.cli import app
from joyflash.convert.merge import merge_folders
from joyflash.errors import CheckpointError
from joyflash.model.averaging import average_states, shares_of
from joyflash.model.checkpoint import read_model, save_model
from joyflash.train.checkpoint import Progress, save_checkpoint
from tests.model.conftest import TINY, random_model


@pytest.fixture
def folders(tmp_path):
    found = []
    for seed in range(3):
        save_model(random_model(TINY, seed), tmp_path / f"model{seed}")
        found.append(tmp_path / f"model{seed}")
    return found


def _states(folders):
    return [read_model(folder).state_dict() for folder in folders]


def test_the_mean_of_every_tensor(folders, tmp_path):
    report = merge_folders(folders, tmp_path / "merged", shard_bytes=20_000)
    assert len(list((tmp_path / "merged").glob("*.safetensors"))) > 1
    merged, states = read_model(tmp_path / "merged").state_dict(), _states(folders)
    for name, tensor in merged.items():
        torch.testing.assert_close(
            tensor, torch.stack([state[name] for state in states]).mean(dim=0), atol=2e-7, rtol=0
        )
    assert report.tensors > 0 and report.mtp


def test_weights_from_the_command_line(folders, tmp_path):
    names = [str(folder) for folder in folders]
    done = CliRunner().invoke(app, ["merge", *names, "--out", str(tmp_path / "merged"), "--weights", "0,1,3"])
    assert done.exit_code == 0, done.output
    merged, states = read_model(tmp_path / "merged").state_dict(), _states(folders)
    name = "model.layers.1.mlp.experts.down_proj"
    torch.testing.assert_close(merged[name], 0.25 * states[1][name] + 0.75 * states[2][name], atol=1e-7, rtol=0)
    bad = CliRunner().invoke(app, ["merge", *names, "--out", str(tmp_path / "x"), "--weights", "1,two,3"])
    assert bad.exit_code == 2 and "numbers with commas" in bad.output


def test_bundled_names_are_models_and_one_model_is_too_few(folders, tmp_path):
    out = ["--out", str(tmp_path / "merged")]
    done = CliRunner().invoke(app, ["merge", "nano", "nano", *out])
    assert done.exit_code == 0 and "the mean of 2 models" in done.output, done.output
    one = CliRunner().invoke(app, ["merge", str(folders[0]), "--out", str(tmp_path / "one")])
    assert one.exit_code == 2 and "alone has no mean" in one.stderr
    assert not (tmp_path / "one").exists()


def test_training_checkpoints_are_refused_with_what_to_take_instead(tmp_path):
    run = tmp_path / "run"
    steps = [save_checkpoint(run, random_model(TINY), [], Progress(step, {})) for step in (4, 8)]
    done = CliRunner().invoke(app, ["merge", *map(str, steps), "--out", str(tmp_path / "merged")])
    assert done.exit_code == 2
    assert done.stderr.startswith(f"error: {steps[0]} is a training checkpoint, not a model: use {run / 'model'}, or")
    assert "`merge = N` in the recipe" in done.stderr
    (steps[0] / "progress.json").rename(steps[0] / "team.json")  # what several processes write
    (steps[0] / "checksums.json").unlink()
    with pytest.raises(CheckpointError, match="is a training checkpoint"):
        read_model(steps[0])


def test_sixteen_bit_checkpoints_are_added_up_in_float32(tmp_path):
    """One of 1 and seven of 1 + 2⁻⁷ (the next bfloat16): sums in bfloat16 would lose the last bit on the way."""
    for number in range(8):
        model = random_model(TINY)
        with torch.no_grad():
            model.lm_head.weight.fill_(1.0 if number == 0 else 1.0 + 2**-7)
        save_model(model, tmp_path / f"model{number}", torch.bfloat16)
    merge_folders([tmp_path / f"model{number}" for number in range(8)], tmp_path / "merged")
    merged = read_model(tmp_path / "merged")
    assert torch.all(merged.lm_head.weight == 1.0 + 2**-7)  # 1 + 7/8 · 2⁻⁷, rounded once


def test_the_last_model_decides_the_type_and_the_ids_and_the_widest_the_dtype(folders, tmp_path):
    """Whatever the order, no source loses bits; a model type that stock libraries know stays."""
    narrow, wide = tmp_path / "narrow", folders[1]
    config = dataclasses.replace(TINY, eos_token_id=2)
    save_model(random_model(config).to(torch.bfloat16), narrow, model_type="deepseek_v3")
    for number, sources in enumerate(([narrow, wide], [wide, narrow])):
        out = tmp_path / f"merged{number}"
        merge_folders(sources, out)
        stored, told = load_file(out / "model.safetensors"), json.loads((out / "config.json").read_text())
        assert {tensor.dtype for tensor in stored.values()} == {torch.float32} and told["dtype"] == "float32"
        assert told["model_type"] == ("deepseek_v3" if sources[-1] == narrow else "joyai_llm_flash")
        assert told["eos_token_id"] == (2 if sources[-1] == narrow else 1)
        one, other = (load_file(source / "model.safetensors") for source in sources)
        for name, tensor in stored.items():
            torch.testing.assert_close(tensor, (one[name].float() + other[name].float()) / 2, atol=1e-6, rtol=0)


def test_settings_that_differ_are_named_with_both_values(folders, tmp_path):
    changes = {
        "num_hidden_layers": 2, "max_position_embeddings": 512, "rope_theta": 20_000.0, "routed_scaling_factor": 1.0,
        "num_nextn_predict_layers": 0,
    }  # fmt: skip
    for name, value in changes.items():
        other = tmp_path / name
        save_model(random_model(dataclasses.replace(TINY, **{name: value})), other)
        with pytest.raises(CheckpointError) as refused:
            merge_folders([folders[0], other], tmp_path / "merged")
        differing = f"{folders[0]} and {other} differ in {name} ({getattr(TINY, name)} and {value}); merge checkpoints"
        assert str(refused.value).startswith(differing)
    assert not (tmp_path / "merged").exists()


def test_different_tokenizers_are_refused(folders, tmp_path):
    tokenizer = {"model": {"vocab": {"a": 0, "b": 1}}}
    swapped = {"model": {"vocab": {"a": 1, "b": 0}}}
    (folders[0] / "tokenizer.json").write_text(json.dumps(tokenizer, indent=2))
    merge_folders(folders, tmp_path / "of_one")
    (folders[2] / "tokenizer.json").write_text(json.dumps(tokenizer))
    merge_folders(folders, tmp_path / "of_two")
    (folders[2] / "tokenizer.json").write_text(json.dumps(swapped))
    done = CliRunner().invoke(app, ["merge", *map(str, folders), "--out", str(tmp_path / "merged")])
    assert done.exit_code == 2 and f"{folders[0]} and {folders[2]} have different tokenizers" in done.stderr
    (folders[2] / "tokenizer.json").write_text("{")
    with pytest.raises(CheckpointError, match=r"tokenizer\.json is not valid JSON"):
        merge_folders(folders, tmp_path / "merged")
    assert not (tmp_path / "merged").exists()


def test_refusals(folders, tmp_path):
    with pytest.raises(CheckpointError, match="weights"):
        merge_folders(folders, tmp_path / "merged", [1.0, 2.0])
    for wrong in (math.nan, math.inf, -1.0, 1e308):
        with pytest.raises(CheckpointError, match="weights"):
            shares_of(2, [wrong, 1.0 if wrong != 1e308 else 1e308])
    assert shares_of(2, [0.0, 3.0]) == [0.0, 1.0]
    with pytest.raises(CheckpointError, match="no checkpoint"):
        merge_folders([], tmp_path / "merged")
    one, two = ({"a": torch.zeros(2)}, {"b": torch.zeros(2)})
    with pytest.raises(CheckpointError, match="other tensors"):
        average_states([one, two])
    with pytest.raises(CheckpointError, match="shape"):
        average_states([one, {"a": torch.zeros(3)}])


def test_averaging_noisy_iterates_stands_in_for_a_decay():
    """SGD at a constant rate on a noisy quadratic circles the minimum; the mean of its last points lies nearer."""
    generator = torch.Generator().manual_seed(0)
    closer = 0
    for _ in range(20):
        x, seen = torch.full((50,), 3.0), []
        for step in range(400):
            x = x - 0.1 * (x + torch.randn(50, generator=generator))
            if step >= 200 and step % 20 == 19:
                seen.append({"x": x.clone()})
        closer += bool(average_states(seen)["x"].norm() < 0.6 * seen[-1]["x"].norm())
    assert closer == 20
