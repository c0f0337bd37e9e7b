"""The released checkpoint's layout, without its data."""

from __future__ import annotations

import pytest
import torch

from benchmarks import load
from joyflash.errors import CheckpointError
from joyflash.model.checkpoint import open_checkpoint
from joyflash.model.config import flash_48b_a3b
from joyflash.model.joyflash import JoyFlash
from joyflash.model.layout import places, stored_twice, to_hugging_face
from joyflash.model.slices import Share, pieces


def test_every_stored_tensor_has_exactly_one_place_and_the_bytes_are_the_released_ones():
    config = flash_48b_a3b()
    with torch.device("meta"):
        state = JoyFlash(config).state_dict()
    stored = dict(to_hugging_face(config, state))
    plan = places(config, set(stored), state)
    copies = stored_twice(config).keys() & stored.keys()
    assert not plan.keys() & copies
    assert plan.keys() | copies == stored.keys()
    for name, place in plan.items():
        assert place.of(state).shape == stored[name].shape, name
    assert sum(place.of(state).numel() for place in plan.values()) == sum(tensor.numel() for tensor in state.values())
    assert 2 * sum(tensor.numel() for tensor in stored.values()) == 98_572_189_184


def test_the_headers_of_the_full_model_are_read_and_claimed_once(tmp_path):
    """21 shards with an index and the MTP layer's own, as long as the released ones; their data are holes."""
    probe = tmp_path / "probe"
    with probe.open("wb") as stream:
        stream.truncate(1 << 26)
    if getattr(probe.stat(), "st_blocks", 1 << 20) * 512 > 1 << 20:
        pytest.skip("this file system has no sparse files, and the full model would take 98.6 GB")
    assert load.write_headers(flash_48b_a3b(), tmp_path) == 98_572_189_184
    found = open_checkpoint(tmp_path)
    state = found.model.state_dict()
    copies = stored_twice(found.config).keys() & found.shards.tensors.keys()
    assert len(found.shards.tensors) == 30_530
    assert found.plan.keys() | copies == found.shards.tensors.keys() and not found.plan.keys() & copies
    assert sum(tensor.end - tensor.start for tensor in found.shards.tensors.values()) == 98_572_189_184
    assert sum(place.of(state).numel() for place in found.plan.values()) == sum(t.numel() for t in state.values())

    # One of 32 devices with whole experts: 8 experts of each layer and its part of the rest, no byte of the others.
    share = Share(1, 32, "whole")
    asked = list(pieces(found.config, share, found.plan, found.shards))
    experts = {p.stored.name for p in asked if ".mlp.experts." in p.stored.name}
    assert experts == {n for n in found.plan if ".mlp.experts." in n and int(n.split(".")[5]) in range(8, 16)}

    missing = tmp_path / "mtp-1-of-1.safetensors"
    missing.unlink()
    with pytest.raises(CheckpointError, match="lacks mtp-1-of-1"):
        open_checkpoint(tmp_path)
