"""Shares of a checkpoint for several devices: put together they are the whole, and nothing else is touched."""

from __future__ import annotations

import dataclasses
import math
import mmap

import pytest
import torch
from safetensors.torch import load_file, save_file

from joyflash.errors import CheckpointError, ConfigError
from joyflash.model.checkpoint import open_checkpoint, read_model, save_model
from joyflash.model.slices import Share, pieces, read_share
from tests.model.conftest import TINY, random_model

SHAPE = dataclasses.replace(TINY, vocab_size=96)
LAYOUTS = ["single", "stacked"]
EXPERTS = ["width", "whole"]


def stack(tensors, config=SHAPE):
    for layer in range(config.first_k_dense_replace, config.num_hidden_layers):
        prefix = f"model.layers.{layer}.mlp.experts"
        each = [
            {part: tensors.pop(f"{prefix}.{e}.{part}_proj.weight") for part in ("gate", "up", "down")}
            for e in range(config.n_routed_experts)
        ]
        tensors[f"{prefix}.gate_up_proj"] = torch.stack([torch.cat((e["gate"], e["up"])) for e in each])
        tensors[f"{prefix}.down_proj"] = torch.stack([e["down"] for e in each])


@pytest.fixture(params=LAYOUTS)
def folder(request, tmp_path):
    save_model(random_model(SHAPE), tmp_path, shard_bytes=60_000 if request.param == "single" else 10**9)
    if request.param == "stacked":
        tensors = load_file(tmp_path / "model.safetensors")
        stack(tensors)
        save_file(tensors, tmp_path / "model.safetensors")
        (tmp_path / "checksums.json").unlink()
    return tmp_path


def expected(whole: dict[str, torch.Tensor], name: str, share: Share) -> torch.Tensor:
    """The rule once more, from the undivided tensor."""
    tensor, leaf = whole[name], name.removesuffix(".weight").rpartition(".")[2]
    if ".experts." in name and ".shared" not in name:
        if share.experts == "whole":
            return tensor.chunk(share.count)[share.rank]
        if leaf == "down_proj":
            return tensor.chunk(share.count, dim=2)[share.rank]
        gate, up = tensor.chunk(2, dim=1)
        return torch.cat([half.chunk(share.count, dim=1)[share.rank] for half in (gate, up)], dim=1)
    if leaf in ("q_b_proj", "kv_b_proj", "gate_proj", "up_proj", "embed_tokens", "lm_head"):
        return tensor.chunk(share.count)[share.rank]
    if leaf in ("o_proj", "down_proj"):
        return tensor.chunk(share.count, dim=1)[share.rank]
    return tensor


@pytest.mark.parametrize("experts", EXPERTS)
@pytest.mark.parametrize("count", [1, 2, 4])
def test_every_device_gets_its_part(folder, count, experts):
    whole = read_model(folder).state_dict()
    total = 0
    for rank in range(count):
        share = Share(rank, count, experts)
        config, part = read_share(folder, share)
        assert config == SHAPE and part.keys() == whole.keys()
        for name, tensor in part.items():
            assert torch.equal(tensor, expected(whole, name, share)), name
        total += sum(tensor.numel() for tensor in part.values())
    same = sum(tensor.numel() for name, tensor in whole.items() if tensor.shape == part[name].shape)
    assert count == 1 or total == sum(tensor.numel() for tensor in whole.values()) + (count - 1) * same


@pytest.mark.parametrize("experts", EXPERTS)
def test_only_the_parts_bytes_are_asked_for(folder, experts):
    found = open_checkpoint(folder)
    share = Share(1, 4, experts)
    asked = 0
    for piece in pieces(found.config, share, found.plan, found.shards):
        view = torch.empty(piece.stored.shape, device="meta")[piece.source]
        asked += view.numel()
    _, part = read_share(folder, share)
    assert asked == sum(tensor.numel() for tensor in part.values())
    assert asked < 0.4 * sum(tensor.numel() for tensor in found.model.state_dict().values())


def test_what_others_hold_may_be_garbage(tmp_path):
    """Experts of other devices and the other half of a matrix, overwritten in the file, change nothing."""
    save_model(random_model(SHAPE), tmp_path)
    (tmp_path / "checksums.json").unlink()
    share = Share(1, 2, "whole")
    _, before = read_share(tmp_path, share)
    found = open_checkpoint(tmp_path)
    mine = {}
    for piece in pieces(found.config, share, found.plan, found.shards):
        mask = mine.setdefault(piece.stored.name, torch.zeros(piece.stored.shape, dtype=torch.bool))
        mask[piece.source] = True
    with (tmp_path / "model.safetensors").open("r+b") as stream, mmap.mmap(stream.fileno(), 0) as memory:
        for name, stored in found.shards.tensors.items():
            if name in found.plan:
                values = torch.frombuffer(
                    memory, dtype=torch.float32, offset=stored.start, count=math.prod(stored.shape)
                )
                values[~mine.get(name, torch.zeros(stored.shape, dtype=torch.bool)).flatten()] = torch.nan
                del values
    _, after = read_share(tmp_path, share)
    assert all(torch.equal(after[name], tensor) for name, tensor in before.items())
    assert not all(tensor.isfinite().all() for tensor in read_model(tmp_path).state_dict().values())


def test_other_dtypes(tmp_path):
    save_model(random_model(SHAPE), tmp_path, torch.bfloat16)
    _, part = read_share(tmp_path, Share(0, 2), dtype=torch.bfloat16)
    kinds = {name.endswith("e_score_correction_bias"): tensor.dtype for name, tensor in part.items()}
    assert kinds == {True: torch.float32, False: torch.bfloat16}
    whole = read_model(tmp_path).state_dict()
    _, part = read_share(tmp_path, Share(1, 2))
    assert torch.equal(part["lm_head.weight"], whole["lm_head.weight"][48:])


def test_without_query_rank(tmp_path):
    shape = dataclasses.replace(SHAPE, q_lora_rank=None)
    save_model(random_model(shape), tmp_path)
    _, part = read_share(tmp_path, Share(1, 2))
    whole = read_model(tmp_path).state_dict()
    name = "model.layers.0.self_attn.q_proj.weight"
    assert torch.equal(part[name], whole[name].chunk(2)[1])


@pytest.mark.parametrize(
    ("share", "message"),
    [
        (Share(2, 2), "rank is 2; with 2 devices"),
        (Share(0, 3), "3 devices cannot share the attention heads"),
        (Share(0, 16, "whole"), "16 devices cannot share"),
    ],
)
def test_what_does_not_divide_is_refused(tmp_path, share, message):
    save_model(random_model(SHAPE), tmp_path)
    with pytest.raises(ConfigError, match=message):
        read_share(tmp_path, share)


def test_a_damaged_folder_is_named(tmp_path):
    save_model(random_model(SHAPE), tmp_path)
    weights = tmp_path / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-4])
    with pytest.raises(CheckpointError, match=r"model\.safetensors is damaged"):
        read_share(tmp_path, Share(0, 2))
