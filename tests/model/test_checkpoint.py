"""Folders: round trips, and a typed error for every kind of damage."""

from __future__ import annotations

import dataclasses
import json

import pytest
import torch
from safetensors.torch import load_file, save_file

from joyflash.errors import CheckpointError, ConfigError
from joyflash.model import checkpoint
from joyflash.model.config import PRESETS, ModelConfig, preset, sized
from joyflash.model.loading import load_model
from tests.model.conftest import TINY, random_model


def edit(folder, change):
    """Rewrite the tensors of a folder."""
    tensors = load_file(folder / "model.safetensors")
    change(tensors)
    save_file(tensors, folder / "model.safetensors")


def test_round_trip_is_bit_exact(shape, tmp_path):
    model = random_model(shape)
    checkpoint.save_model(model, tmp_path)
    back = checkpoint.read_model(tmp_path)
    assert back.config == shape
    assert back.mtp is not None
    for name, tensor in model.state_dict().items():
        assert torch.equal(back.state_dict()[name], tensor), name
    tokens = torch.arange(10).unsqueeze(0)
    assert torch.equal(back(tokens), model.eval()(tokens))


def test_names_follow_the_released_layout(tmp_path):
    checkpoint.save_model(random_model(TINY), tmp_path)
    names = set(load_file(tmp_path / "model.safetensors"))
    layer = f"model.layers.{TINY.num_hidden_layers}"
    for part in (
        "enorm",
        "hnorm",
        "eh_proj",
        "input_layernorm",
        "mlp.down_proj",
        "shared_head.norm",
        "shared_head.head",
    ):
        assert f"{layer}.{part}.weight" in names
    assert "model.layers.1.mlp.experts.7.gate_proj.weight" in names
    assert "model.layers.1.mlp.gate.e_score_correction_bias" in names
    assert not any("mtp" in name or "gate_up" in name or "block" in name for name in names)


def test_shards_and_index(tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoint, "SHARD_BYTES", 20_000)
    model = random_model(TINY)
    checkpoint.save_model(model, tmp_path, torch.bfloat16)
    shards = sorted(tmp_path.glob("*.safetensors"))
    assert len(shards) > 2
    back = checkpoint.read_model(tmp_path)
    for name, tensor in model.state_dict().items():
        assert torch.equal(back.state_dict()[name], tensor.bfloat16().float()), name
    shards[1].unlink()
    with pytest.raises(CheckpointError, match="which its index names"):
        checkpoint.read_model(tmp_path)
    (tmp_path / "model.safetensors.index.json").write_text("{")
    with pytest.raises(CheckpointError, match="damaged"):
        checkpoint.read_model(tmp_path)


def test_router_bias_stays_fp32(tmp_path):
    checkpoint.save_model(random_model(TINY), tmp_path)
    model = checkpoint.read_model(tmp_path, dtype=torch.bfloat16)
    biases = [b for n, b in model.named_buffers() if n.endswith("e_score_correction_bias")]
    assert {b.dtype for b in biases} == {torch.float32}
    assert model(torch.arange(5).unsqueeze(0)).dtype == torch.float32


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.pop("model.layers.1.mlp.experts.3.up_proj.weight"), "lacks model.layers.1.mlp.experts.3.up_proj"),
        (lambda t: t.update({"model.surplus": torch.zeros(1)}), "does not account for"),
        (lambda t: t.update({"model.norm.weight": torch.ones(31)}), "calls for"),
        (lambda t: t.update({"model.layers.1.mlp.experts.3.up_proj.weight": torch.ones(2, 2)}), "different shapes"),
    ],
)
def test_wrong_tensors_are_named(tmp_path, change, message):
    checkpoint.save_model(random_model(TINY), tmp_path)
    edit(tmp_path, change)
    with pytest.raises(CheckpointError, match=message):
        checkpoint.read_model(tmp_path)


def test_damaged_files_are_named(tmp_path):
    with pytest.raises(CheckpointError, match=r"no config\.json"):
        checkpoint.read_model(tmp_path)
    checkpoint.save_model(random_model(TINY), tmp_path)
    weights = tmp_path / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(CheckpointError, match=r"model\.safetensors is damaged"):
        checkpoint.read_model(tmp_path)
    weights.unlink()
    with pytest.raises(CheckpointError, match=r"no \.safetensors file"):
        checkpoint.read_model(tmp_path)
    (tmp_path / "config.json").write_text("{]")
    with pytest.raises(CheckpointError, match="not valid JSON"):
        checkpoint.read_model(tmp_path)


def test_config_reads_both_rope_spellings_and_refuses_others():
    values = TINY.to_dict()
    assert ModelConfig.from_dict(json.loads(json.dumps(values))) == TINY
    theta = values.pop("rope_theta")
    assert ModelConfig.from_dict({**values, "rope_parameters": {"rope_theta": theta, "rope_type": "default"}}) == TINY
    with pytest.raises(ConfigError, match="lacks hidden_size"):
        ModelConfig.from_dict({k: v for k, v in TINY.to_dict().items() if k != "hidden_size"})
    for change in ({"n_group": 8}, {"rope_scaling": {"type": "yarn"}}, {"model_type": "llama"}, {"hidden_act": "gelu"}):
        with pytest.raises(ConfigError):
            ModelConfig.from_dict({**TINY.to_dict(), **change})
    with pytest.raises(ConfigError, match="num_experts_per_tok"):
        dataclasses.replace(TINY, num_experts_per_tok=99)


def test_presets_and_dial():
    assert all(preset(name).vocab_size for name in PRESETS)
    assert sized(128).hidden_size < sized(256).hidden_size
    with pytest.raises(ConfigError, match="multiples of 64"):
        sized(100)
    with pytest.raises(ConfigError, match="flash_48b_a3b"):
        preset("nope")


def test_unknown_model_lists_the_bundled_ones():
    with pytest.raises(CheckpointError, match="bundled"):
        load_model("no-such-model")
