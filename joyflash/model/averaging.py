"""The weighted mean of several state dicts: model merging."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch

from joyflash.errors import CheckpointError

State = Mapping[str, torch.Tensor]


def average_states(states: Sequence[State], weights: Sequence[float] | None = None) -> dict[str, torch.Tensor]:
    """Mean of the same tensors of several checkpoints, summed in float64 and returned in their own dtypes.

    Args:
        states: at least one; all with the same names and shapes.
        weights: one for each, above or equal to 0, scaled to sum to 1; None weighs all alike.

    Raises:
        CheckpointError: names or shapes differ, or the weights do not fit.
    """
    shares = shares_of(len(states), weights)
    first = states[0]
    for number, state in enumerate(states[1:], start=2):
        if other := sorted(set(first) ^ set(state)):
            raise CheckpointError(f"Checkpoint {number} has other tensors than the first ({other[0]}); merge equals.")
        for name, tensor in state.items():
            if tensor.shape != first[name].shape:
                raise CheckpointError(
                    f"{name} has the shape {tuple(tensor.shape)} in checkpoint {number} and "
                    f"{tuple(first[name].shape)} in the first; only models of one shape can be merged."
                )
    return {name: _mean([state[name] for state in states], shares) for name in first}


def shares_of(count: int, weights: Sequence[float] | None) -> list[float]:
    """Weights of ``count`` checkpoints scaled to sum to 1; CheckpointError where they do not fit."""
    if not count:
        raise CheckpointError("There is no checkpoint to merge.")
    given = [1.0] * count if weights is None else list(weights)
    if len(given) != count or not all(0 <= weight < math.inf for weight in given) or not 0 < sum(given) < math.inf:
        raise CheckpointError(
            f"{count} checkpoints cannot have the weights {given}: give each a finite one, none negative, not all 0."
        )
    return [weight / sum(given) for weight in given]


def _mean(tensors: Sequence[torch.Tensor], shares: Sequence[float]) -> torch.Tensor:
    total = torch.zeros(tensors[0].shape, dtype=torch.float64, device=tensors[0].device)
    for tensor, share in zip(tensors, shares, strict=True):
        total += tensor.double() * share
    return total.to(tensors[0].dtype)
