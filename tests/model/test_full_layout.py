"""The released checkpoint's layout, without its data."""

from __future__ import annotations

import torch

from joyflash.model.config import flash_48b_a3b
from joyflash.model.joyflash import JoyFlash
from joyflash.model.layout import places, stored_twice, to_hugging_face


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
