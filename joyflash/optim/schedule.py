"""Learning-rate schedules as pure functions of the step (0 is the first), and the one that applies them."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Literal

import torch

from joyflash.errors import ConfigError


def linear(step: float, steps: int, start: float, end: float) -> float:
    """Straight line from ``start`` at step 0 to ``end`` at ``steps``; held at both ends."""
    return start + (end - start) * _progress(step, steps)


def cosine(step: float, steps: int, start: float, end: float) -> float:
    """Half a cosine from ``start`` at step 0 to ``end`` at ``steps``; held at both ends."""
    return end + (start - end) * 0.5 * (1 + math.cos(math.pi * _progress(step, steps)))


def warmup_stable(step: int, warmup_steps: int, peak: float = 1.0) -> float:
    """Linear warm-up to ``peak``, then constant. The first step already moves: (step + 1) / warmup_steps."""
    return peak if step + 1 >= warmup_steps else peak * (step + 1) / warmup_steps


def trapezoid(
    step: int,
    total_steps: int,
    warmup_steps: int,
    decay_steps: int,
    peak: float = 1.0,
    final: float = 0.0,
    shape: Literal["linear", "cosine"] = "linear",
) -> float:
    """Warm-up, plateau, decay that would reach ``final`` at ``total_steps``, so the last step still moves.

    Raises:
        ConfigError: warm-up and decay do not fit into ``total_steps``.
    """
    if warmup_steps + decay_steps > total_steps:
        raise ConfigError(
            f"A run of {total_steps} steps cannot hold {warmup_steps} warm-up and {decay_steps} decay steps."
        )
    decayed = step - (total_steps - decay_steps)
    if decayed <= 0:
        return warmup_stable(step, warmup_steps, peak)
    return (cosine if shape == "cosine" else linear)(decayed, decay_steps, peak, final)


def scale_learning_rates(optimizers: Iterable[torch.optim.Optimizer], factor: float) -> None:
    """Set every group's rate to its base rate times ``factor``.

    The base is what the group was built with; it is kept under ``initial_lr``, which state dicts carry along.
    """
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group.setdefault("initial_lr", group["lr"])
            group["lr"] = group["initial_lr"] * factor


def _progress(step: float, steps: int) -> float:
    return 1.0 if steps <= 0 else min(max(step / steps, 0.0), 1.0)
