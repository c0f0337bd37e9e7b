"""The norm of all gradients, the same to the bit however they are divided, and clipping by it."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from joyflash.parallel.placement import Placement
from joyflash.parallel.team import exact_sum


def clip_gradients(
    gradients: Sequence[torch.Tensor],
    largest: float,
    placements: Sequence[Placement] | None = None,
    rank: int = 0,
) -> float:
    """Scale ``gradients`` in place so that the norm of all of them together is at most ``largest``; return the norm.

    Squares are summed in float64, first for each index of the first axis: no process cuts inside of one.

    Args:
        gradients: whole ones, or this rank's parts, which may be empty.
        largest: norm to clip to.
        placements: of the parts; every rank must call.
        rank: this process.
    """
    if not gradients:
        return 0.0
    squares = []
    for number, gradient in enumerate(gradients):
        mine = gradient.detach().double().square()
        mine = mine.flatten(1).sum(dim=1) if mine.dim() > 1 else mine
        if placements is not None:
            start, end = placements[number].bounds[rank]
            whole = mine.new_zeros(placements[number].shape[0])
            whole[start:end] = mine
            mine = whole
        squares.append(mine)
    if placements is not None:
        lengths = [len(each) for each in squares]
        squares = list(exact_sum([torch.cat(squares)])[0].split(lengths))
    total = torch.stack([each.sum() for each in squares]).sum().sqrt()
    norm = float(total)
    if norm > largest:
        for gradient in gradients:
            gradient.mul_(largest / (norm + 1e-6))
    return norm
