"""Folders: round trips, and a typed error for every kind of damage."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from joyflash.errors import CheckpointError, ConfigError
from joyflash.model import checkpoint
from joyflash.model.config import PRESETS, ModelConfig, preset, sized
from joyflash.model.loading import load_model
from joyflash.model.shards import ShardFiles
from tests.model.conftest import TINY, random_model


def edit(folder, change):
    """Rewrite the tensors of a folder."""
    tensors = load_file(folder / "model.safetensors")
    change(tensors)
    save_file(tensors, folder / "model.safetensors")
    (folder / "checksums.json").unlink()


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


def test_shards_and_index(tmp_path):
    model = random_model(TINY)
    checkpoint.save_model(model, tmp_path, torch.bfloat16, shard_bytes=20_000)
    shards = sorted(tmp_path.glob("*.safetensors"))
    assert len(shards) > 2
    back = checkpoint.read_model(tmp_path)
    for name, tensor in model.state_dict().items():
        assert torch.equal(back.state_dict()[name], tensor.bfloat16().float()), name
    shards[1].unlink()
    with pytest.raises(CheckpointError, match=f"lacks {shards[1].name}"):
        checkpoint.read_model(tmp_path)
    (tmp_path / "checksums.json").unlink()
    with pytest.raises(CheckpointError, match="which its index names"):
        checkpoint.read_model(tmp_path)
    (tmp_path / "model.safetensors.index.json").write_text("{")
    with pytest.raises(CheckpointError, match="damaged"):
        checkpoint.read_model(tmp_path)


@pytest.mark.parametrize("error", [SafetensorError("I/O error: no space left"), OSError("no space left")])
def test_an_old_checkpoint_stays_until_the_new_one_is_complete(tmp_path, monkeypatch, error):
    old = random_model(TINY)
    checkpoint.save_model(old, tmp_path, shard_bytes=20_000)
    before = sorted(path.name for path in tmp_path.iterdir())
    real, written = checkpoint.save_file, []

    def fails_in_the_second_shard(*arguments, **named):
        written.append(arguments)
        if len(written) == 2:
            raise error
        real(*arguments, **named)

    monkeypatch.setattr(checkpoint, "save_file", fails_in_the_second_shard)
    with pytest.raises(CheckpointError, match=r"model-00002-of-\d+\.safetensors cannot be written \(.*no space left\)"):
        checkpoint.save_model(random_model(TINY, seed=5), tmp_path, shard_bytes=20_000)
    assert sorted(path.name for path in tmp_path.iterdir()) == before
    back = checkpoint.read_model(tmp_path)
    assert all(torch.equal(back.state_dict()[name], tensor) for name, tensor in old.state_dict().items())
    monkeypatch.setattr(checkpoint, "save_file", real)
    checkpoint.save_model(old, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["checksums.json", "config.json", "model.safetensors"]


@pytest.mark.parametrize("name", ["config.json", "model.safetensors.index.json", "checksums.json"])
def test_a_small_file_that_cannot_be_written_is_named(tmp_path, monkeypatch, name):
    real = Path.write_text

    def full(path, *arguments, **named):
        if path.name == name:
            raise OSError(28, "No space left on device")
        return real(path, *arguments, **named)

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(CheckpointError, match=rf"new/{name} cannot be written .*No space left on device"):
        checkpoint.save_model(random_model(TINY), tmp_path / "new", shard_bytes=20_000)
    assert not list(tmp_path.iterdir())


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
        (lambda t: t.update({"model.norm.weight": torch.ones(31)}), r"the shape \(31,\)"),
        (lambda t: t.update({"model.layers.1.mlp.experts.3.up_proj.weight": torch.ones(2, 2)}), "calls for"),
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
    with pytest.raises(CheckpointError, match=r"lacks model\.safetensors"):
        checkpoint.read_model(tmp_path)
    (tmp_path / "checksums.json").unlink()
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
    with pytest.raises(ConfigError, match="n_shared_experts is 0; every mixture layer"):
        ModelConfig.from_dict({**TINY.to_dict(), "n_shared_experts": 0})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("vocab_size", None), ("hidden_size", "2048"), ("n_shared_experts", None), ("num_hidden_layers", 2.5),
        ("num_attention_heads", True), ("rms_norm_eps", "1e-6"), ("norm_topk_prob", 1), ("rope_parameters", "x"),
    ],
)  # fmt: skip
def test_a_value_of_another_kind_is_named(name, value):
    with pytest.raises(ConfigError, match=f"{name} is "):
        ModelConfig.from_dict({**TINY.to_dict(), name: value})
    assert (
        ModelConfig.from_dict({**TINY.to_dict(), "q_lora_rank": None, "routed_scaling_factor": 2}).q_lora_rank is None
    )


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


def tensors_of(folder):
    """All tensors of a folder."""
    return {name: tensor for file in folder.glob("*.safetensors") for name, tensor in load_file(file).items()}


@pytest.mark.parametrize("own_mtp_shard", [False, True])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_hugging_face_to_ours_and_back_is_bit_exact(tmp_path, own_mtp_shard, dtype):
    first, second = tmp_path / "first", tmp_path / "second"
    checkpoint.save_model(random_model(TINY), first, dtype, own_mtp_shard=own_mtp_shard)
    assert (first / "mtp-1-of-1.safetensors").exists() == own_mtp_shard
    checkpoint.save_model(checkpoint.read_model(first, dtype=dtype), second, dtype)
    before, after = tensors_of(first), tensors_of(second)
    assert before.keys() == after.keys()
    for name, tensor in before.items():
        assert tensor.dtype == after[name].dtype == dtype
        assert torch.equal(tensor.view(torch.uint8), after[name].view(torch.uint8)), name


def test_stacked_experts_load_like_single_ones(tmp_path):
    model = random_model(TINY)
    checkpoint.save_model(model, tmp_path)

    def stack(tensors):
        for layer in range(TINY.first_k_dense_replace, TINY.num_hidden_layers):
            prefix = f"model.layers.{layer}.mlp.experts"
            each = [
                {part: tensors.pop(f"{prefix}.{e}.{part}_proj.weight") for part in ("gate", "up", "down")}
                for e in range(8)
            ]
            tensors[f"{prefix}.gate_up_proj"] = torch.stack([torch.cat((e["gate"], e["up"])) for e in each])
            tensors[f"{prefix}.down_proj"] = torch.stack([e["down"] for e in each])

    edit(tmp_path, stack)
    back = checkpoint.read_model(tmp_path)
    for name, tensor in model.state_dict().items():
        assert torch.equal(back.state_dict()[name], tensor), name


def test_a_checkpoint_without_its_mtp_layer_loads_without_it_and_says_so(tmp_path, caplog):
    checkpoint.save_model(random_model(TINY), tmp_path)
    mtp = f"model.layers.{TINY.num_hidden_layers}."
    edit(tmp_path, lambda tensors: [tensors.pop(name) for name in list(tensors) if name.startswith(mtp)])
    model = checkpoint.read_model(tmp_path)
    assert model.mtp is None
    assert "announces an MTP layer but holds none" in caplog.text


def test_every_altered_or_missing_byte_is_noticed(tmp_path):
    checkpoint.save_model(random_model(TINY), tmp_path, torch.bfloat16, shard_bytes=60_000, own_mtp_shard=True)
    generator = torch.Generator().manual_seed(0)
    files = [path for path in sorted(tmp_path.iterdir()) if path.is_file()]
    assert {path.name for path in files} >= {"config.json", "checksums.json", "mtp-1-of-1.safetensors"}
    for path in files:
        content = path.read_bytes()
        places = {0, 7, 8, len(content) - 1, *torch.randint(len(content), (12,), generator=generator).tolist()}
        damaged = [content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :] for place in sorted(places)]
        for number, bad in enumerate([*damaged, content[:-1], content[: len(content) // 2], b""]):
            path.write_bytes(bad)
            with pytest.raises((CheckpointError, ConfigError)):
                checkpoint.read_model(tmp_path)
                pytest.fail(f"{path.name}, change {number}, was loaded")
        path.write_bytes(content)
    checkpoint.read_model(tmp_path)


def test_integer_weights_are_refused(tmp_path):
    checkpoint.save_model(random_model(TINY), tmp_path)
    edit(tmp_path, lambda tensors: tensors.update({"model.norm.weight": torch.ones(32, dtype=torch.int32)}))
    with pytest.raises(CheckpointError, match="stored as int32"):
        checkpoint.read_model(tmp_path)


def test_reading_one_tensor_looks_at_no_other(tmp_path):
    """A conversion reads ten thousands of tensors one by one: each at its own cost, not at that of a whole list."""
    model = random_model(TINY)
    checkpoint.save_model(model, tmp_path)
    shards = ShardFiles(tmp_path)

    class Unlisted(dict):
        def __iter__(self):
            raise AssertionError("all tensors were gone through")

        keys = values = items = __iter__

    shards.tensors = Unlisted(shards.tensors)
    place = torch.empty_like(model.lm_head.weight)
    shards.read_into({"lm_head.weight": place})
    assert torch.equal(place, model.lm_head.weight)


def test_a_part_is_read_without_the_rest(tmp_path):
    model = random_model(TINY)
    checkpoint.save_model(model, tmp_path)
    shards = ShardFiles(tmp_path)
    rows = shards.read("lm_head.weight", (slice(3, 9),))
    assert torch.equal(rows, model.lm_head.weight[3:9])
    columns = shards.read("lm_head.weight", (slice(None), slice(8, 16)))
    assert torch.equal(columns, model.lm_head.weight[:, 8:16])
