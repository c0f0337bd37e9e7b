"""Muon on one matrix, written as the formulas are: slow, readable, and the measure of `muon.Muon`."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from joyflash.optim.orthogonalize import POLAR_EXPRESS, Iteration, orthogonalize


@dataclass
class MatrixState:
    """What Muon remembers of one R×C matrix: momentum [R, C] and the second moment, [R, 1] or [1, C]."""

    momentum: Tensor
    variance: Tensor

    @classmethod
    def zeros(cls, rows: int, columns: int) -> MatrixState:
        """State before the first step; the second moment keeps one entry per line of the longer side."""
        variance_shape = (rows, 1) if rows >= columns else (1, columns)
        return cls(torch.zeros(rows, columns), torch.zeros(variance_shape))


def reference_step(
    weight: Tensor,
    gradient: Tensor,
    state: MatrixState,
    *,
    lr: float,
    mu: float,
    weight_decay: float = 0.1,
    beta2: float = 0.95,
    orthogonal: bool = True,
    variance_reduction: bool = True,
    cautious: bool = True,
    scale: str = "match_rms",
    iteration: Iteration = POLAR_EXPRESS,
) -> Tensor:
    """Return the next weight [R, C] in float32 and advance ``state`` in place.

    Sources: Muon (kellerjordan.github.io/posts/muon), match-RMS scale (Moonlight, arXiv 2502.16982), variance
    reduction (NorMuon, arXiv 2510.05491), cautious weight decay (arXiv 2510.12402).
    """
    rows, columns = weight.shape
    state.momentum = torch.lerp(state.momentum, gradient, 1 - mu)
    nesterov = torch.lerp(gradient, state.momentum, mu)
    if orthogonal:
        update = orthogonalize(nesterov, iteration)
    else:
        update = nesterov * (math.sqrt(min(rows, columns)) / nesterov.norm().clamp(min=1e-10))
    if variance_reduction:
        norm_before = update.norm()
        mean_square = update.square().mean(dim=1 if rows >= columns else 0, keepdim=True)
        state.variance = torch.lerp(state.variance, mean_square, 1 - beta2)
        update = update * state.variance.clamp(min=1e-10).rsqrt()
        update = update * (norm_before / update.norm().clamp(min=1e-10))
    decays = (update * weight >= 0) if cautious else torch.ones_like(weight, dtype=torch.bool)
    weight = weight - lr * weight_decay * weight * decays
    factor = 0.2 * math.sqrt(max(rows, columns)) if scale == "match_rms" else math.sqrt(max(1.0, rows / columns))
    return weight - lr * factor * update
