"""Trajectories laid out for the trainer: packed rows for the model, and columns of sampled tokens for the loss.

Letters: T tokens of a row, N sampled tokens of all trajectories, in their order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from joyflash.batch import PackedBatch
from joyflash.rl.trajectory import Trajectory

PULL, ROUTES, PLACE = "pull", "routes", "place"
"""Extras of a row: weight of each token's cross entropy, experts to choose, the token's place among the N (or -1)."""


@dataclass(frozen=True)
class TokenColumns:
    """One entry per sampled token of the trajectories of an optimiser step.

    Attributes:
        old_log_prob_N: float32, of the policy that sampled.
        advantage_N: float32.
        trajectory_N, group_N, domain_N: int64.
    """

    old_log_prob_N: Tensor
    advantage_N: Tensor
    trajectory_N: Tensor
    group_N: Tensor
    domain_N: Tensor

    @property
    def mask_N(self) -> Tensor:
        """Every sampled token counts."""
        return torch.ones_like(self.old_log_prob_N, dtype=torch.bool)


def token_columns(trajectories: Sequence[Trajectory], advantages: Sequence[float]) -> TokenColumns:
    """Columns of the sampled tokens; ``advantages`` has one number per trajectory."""
    counts = torch.tensor([len(trajectory.log_probs) for trajectory in trajectories])
    domains = sorted({trajectory.domain for trajectory in trajectories})

    def spread(values: Sequence[float] | Sequence[int], dtype: torch.dtype) -> Tensor:
        return torch.tensor(values, dtype=dtype).repeat_interleave(counts)

    return TokenColumns(
        torch.tensor([value for trajectory in trajectories for value in trajectory.log_probs], dtype=torch.float32),
        spread(advantages, torch.float32),
        spread(range(len(trajectories)), torch.int64),
        spread([trajectory.group for trajectory in trajectories], torch.int64),
        spread([domains.index(trajectory.domain) for trajectory in trajectories], torch.int64),
    )


def pack_rows(
    trajectories: Sequence[Trajectory], pull_N: Tensor | None, row_tokens: int, *, replay: bool = False
) -> list[PackedBatch]:
    """Pack whole trajectories, in order, into rows of about ``row_tokens``; a longer one has a row of its own.

    A trajectory's last token is only a target, and its documents see nothing of each other.

    Args:
        pull_N: weight of each sampled token's cross entropy; trajectories without any are left out, they would only
            cost time. None weighs all by 1.
        replay: lay out the recorded experts too.
    """
    rows: list[PackedBatch] = []
    held: list[tuple[Trajectory, int]] = []
    place = size = 0
    for trajectory in trajectories:
        first, place = place, place + len(trajectory.log_probs)
        if first == place or (pull_N is not None and not pull_N[first:place].any()):
            continue
        if held and size + len(trajectory.ids) > row_tokens:
            rows.append(_row(held, pull_N, replay))
            held, size = [], 0
        held.append((trajectory, first))
        size += len(trajectory.ids)
    if held:
        rows.append(_row(held, pull_N, replay))
    return rows


def _row(members: Sequence[tuple[Trajectory, int]], pull_N: Tensor | None, replay: bool) -> PackedBatch:
    tokens, positions, documents, pulls, places = [], [], [], [], []
    for number, (trajectory, first) in enumerate(members):
        length = len(trajectory.ids)
        sampled = torch.tensor(trajectory.sampled_indices(), dtype=torch.int64)
        span = torch.arange(first, first + len(sampled))
        pull_T, place_T = torch.zeros(length), torch.full((length,), -1)
        pull_T[sampled] = torch.ones(len(sampled)) if pull_N is None else pull_N[span]
        place_T[sampled] = span
        tokens.append(torch.tensor(trajectory.ids))
        positions.append(torch.arange(length))
        documents.append(torch.full((length,), number, dtype=torch.int32))
        pulls.append(pull_T)
        places.append(place_T)
    extras = {PULL: torch.cat(pulls), PLACE: torch.cat(places)}
    if replay:
        extras[ROUTES] = _routes([trajectory for trajectory, _ in members])
    weights_T = (extras[PLACE] >= 0).float()
    return PackedBatch(torch.cat(tokens), torch.cat(positions), weights_T, torch.cat(documents), extras)


def _routes(trajectories: Sequence[Trajectory]) -> Tensor:
    shape = next(t.routes_TLK.shape[1:] for t in trajectories if t.routes_TLK is not None)
    parts = []
    for trajectory in trajectories:
        part_TLK = torch.full((len(trajectory.ids), *shape), -1, dtype=torch.int64)
        if trajectory.routes_TLK is not None:
            part_TLK[: len(trajectory.routes_TLK)] = trajectory.routes_TLK[: len(trajectory.ids)].long()
        parts.append(part_TLK)
    return torch.cat(parts)
