"""The initial weights copy before any training, and refuse shapes without room for that."""

from __future__ import annotations

import pytest
import torch

from joyflash.errors import ConfigError
from joyflash.model.config import nano, sized
from joyflash.model.initialise import initialise
from joyflash.model.joyflash import JoyFlash
from tests.model.conftest import SHAPES


def copying_accuracy(model: JoyFlash, length: int) -> float:
    """Share of right first choices on the second half of random token sequences that are said twice."""
    generator = torch.Generator().manual_seed(1)
    half = torch.randint(20, model.config.vocab_size, (4, length), generator=generator)
    with torch.inference_mode():
        logits = model.eval()(torch.cat((half, half), dim=1))
    return float((logits[:, length:-1].argmax(-1) == half[:, 1:]).float().mean())


@pytest.mark.parametrize("length", [16, 80])
def test_fresh_weights_copy_unseen_sequences(length):
    model = initialise(JoyFlash(nano()), torch.Generator().manual_seed(0))
    assert copying_accuracy(model, length) > 0.9
    with torch.no_grad():  # without the heads that look one back, nothing is left of it
        model.model.layers[0].self_attn.o_proj.weight.zero_()
    assert copying_accuracy(model, length) < 0.05


def test_same_seed_same_weights_and_every_block_reads():
    a, b = (initialise(JoyFlash(sized(64)), torch.Generator().manual_seed(3)) for _ in range(2))
    for (name, x), y in zip(a.named_parameters(), b.parameters(), strict=True):
        assert torch.equal(x, y), name
        assert x.isfinite().all()


def test_a_shape_without_room_is_refused():
    for name in ("no_q_lora", "all_moe"):
        with pytest.raises(ConfigError, match="no room"):
            initialise(JoyFlash(SHAPES[name]))
