"""Schedules: values worked out by hand, ends included."""

from __future__ import annotations

import pytest
import torch

from joyflash.errors import ConfigError
from joyflash.optim.schedule import cosine, linear, scale_learning_rates, trapezoid, warmup_stable


def test_linear_and_cosine():
    assert [linear(step, 4, 1.0, 0.2) for step in (-1, 0, 1, 4, 9)] == pytest.approx([1.0, 1.0, 0.8, 0.2, 0.2])
    assert [cosine(step, 4, 1.0, 0.0) for step in (0, 1, 2, 4, 9)] == pytest.approx([1.0, 0.853553, 0.5, 0.0, 0.0])
    assert linear(3, 0, 1.0, 0.5) == cosine(3, 0, 1.0, 0.5) == 0.5


def test_warmup_moves_from_the_first_step():
    assert [warmup_stable(step, 4, 2.0) for step in range(6)] == [0.5, 1.0, 1.5, 2.0, 2.0, 2.0]
    assert warmup_stable(0, 0) == 1.0


def test_trapezoid():
    values = [trapezoid(step, 10, warmup_steps=2, decay_steps=4) for step in range(10)]
    assert values == pytest.approx([0.5, 1, 1, 1, 1, 1, 1, 0.75, 0.5, 0.25])
    assert trapezoid(10, 10, 2, 4, peak=3.0, final=0.6) == pytest.approx(0.6)
    assert trapezoid(8, 10, 2, 4, peak=3.0, final=1.0) == pytest.approx(2.0)
    assert [trapezoid(step, 4, 2, 2) for step in range(4)] == pytest.approx([0.5, 1, 1, 0.5])
    with pytest.raises(ConfigError, match="cannot hold"):
        trapezoid(0, 5, 3, 3)


def test_scaling_starts_from_the_base_rate_every_time():
    weights = [torch.nn.Parameter(torch.zeros(2)), torch.nn.Parameter(torch.zeros(2))]
    optimizer = torch.optim.AdamW([{"params": weights[:1], "lr": 0.2}, {"params": weights[1:]}], lr=0.1)
    for factor in (0.5, 0.25):
        scale_learning_rates([optimizer], factor)
    assert [group["lr"] for group in optimizer.param_groups] == pytest.approx([0.05, 0.025])
    fresh = torch.optim.AdamW([{"params": weights[:1]}, {"params": weights[1:]}], lr=7.0)
    fresh.load_state_dict(optimizer.state_dict())
    scale_learning_rates([fresh], 1.0)
    assert [group["lr"] for group in fresh.param_groups] == pytest.approx([0.2, 0.1])
