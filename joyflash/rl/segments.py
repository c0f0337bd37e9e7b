"""Sums over trajectories, prompt groups and domains that do not depend on what else is in the batch.

Letters: N tokens, S segments.
"""

from __future__ import annotations

import torch
from torch import Tensor

from joyflash.errors import TrainingError


def number_segments(ids_N: Tensor) -> tuple[Tensor, int]:
    """Number the distinct ids from 0 upwards; return int64 [N] and how many there are."""
    distinct_S, dense_N = torch.unique(ids_N, return_inverse=True)
    return dense_N, distinct_S.numel()


def segment_sum(values_N: Tensor, segments_N: Tensor, count: int) -> Tensor:
    """Sum ``values_N`` per segment: float [S], differentiable.

    Each segment's values are laid out in a row of their own, padded with zeros to a power of two, and halved until one
    number is left. A segment's sum is therefore the same bits whatever other segments the batch holds and however
    long these are: adding zeros is exact, and a longer row only adds rounds that fold zeros in. Atomics or a running
    sum over the batch would tie trajectories together.

    Args:
        values_N: one number per token.
        segments_N: int64, from 0 to ``count`` - 1, in any order.
        count: number of segments.
    """
    if count == 0 or values_N.numel() == 0:
        return values_N.new_zeros(count) + values_N.sum() * 0.0
    order_N = torch.argsort(segments_N, stable=True)
    sizes_S = torch.bincount(segments_N, minlength=count)
    starts_S = sizes_S.cumsum(0) - sizes_S
    ordered_N = segments_N[order_N]
    places_N = torch.arange(values_N.numel(), device=values_N.device) - starts_S[ordered_N]
    rows = values_N.new_zeros(count, 1 << max(int(sizes_S.max()) - 1, 0).bit_length())
    rows = rows.index_put((ordered_N, places_N), values_N[order_N])
    while rows.shape[1] > 1:
        # Neighbours first: a row padded further repeats the same additions and then adds zeros.
        rows = rows[:, 0::2] + rows[:, 1::2]
    return rows[:, 0]


def parents_of(children_N: Tensor, parents_N: Tensor, count: int, what: str) -> Tensor:
    """The parent of every child segment, int64 [S].

    Raises:
        TrainingError: a child has tokens under two parents; ``what`` names the relation for the message.
    """
    lowest_S = parents_N.new_zeros(count).scatter_reduce(0, children_N, parents_N, "amin", include_self=False)
    highest_S = parents_N.new_zeros(count).scatter_reduce(0, children_N, parents_N, "amax", include_self=False)
    if not torch.equal(lowest_S, highest_S):
        raise TrainingError(f"Ids contradict each other: {what}. Give all tokens of the one the same id of the other.")
    return lowest_S
