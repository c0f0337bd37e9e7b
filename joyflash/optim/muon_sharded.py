"""Muon over parameters that are divided between processes: every whole matrix has one rank that works on it.

A step in this order: each rank advances the momentum of the lines that it holds; matrices that lie on one rank (all
experts, and heads where the edges fall between them) stay there; the others travel to their owners, stage by stage,
the next stage under way while this one is orthogonalised; the updates travel back the same way; each rank changes its
own lines. Nothing but whole matrices enters a product, and all else is element by element, so that equal gradients
give equal weights, to the bit, at any number of ranks (on a CPU; a GPU may choose another kernel for another batch).

Momentum is divided like the weights; second moments lie with the owners and are put together for a checkpoint. All of
it is keyed by parameter name: a run can go on with another number of ranks.

Letters: N matrices, R rows, C columns, L lines that a rank holds.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from joyflash.optim.muon import Muon, apply_update, momentum_at, variance_shape, view_shape
from joyflash.parallel.gathering import Gathering
from joyflash.parallel.placement import Placement, View, deal_views
from joyflash.parallel.team import exact_sum

STAGE_NUMBERS = 1 << 24
"""Numbers that travel in one stage of the exchange: 64 MB."""
MATRICES_AT_ONCE = 1 << 26
"""Numbers of the matrices that are orthogonalised together."""


@dataclass(frozen=True)
class Shard:
    """A parameter's part on this rank.

    Attributes:
        name: of the parameter.
        parameter: the part, of shape ``placement.local_shape(rank)``; it may be empty.
        placement: who holds what of it.
        matrix_rows: rows of one matrix (see ``Muon``); None leaves trailing matrices whole.
    """

    name: str
    parameter: nn.Parameter
    placement: Placement
    matrix_rows: int | None = None


class ShardedMuon(Muon):
    """``Muon`` for shards; takes the same options. Every rank must call ``step`` with gradients of the same parameters.

    Args:
        shards: of all parameters, in the same order on all ranks.
        rank, world: this process and how many there are; the default group connects them.
        options: see ``Muon``.
    """

    def __init__(self, shards: Sequence[Shard], rank: int, world: int, **options: Any):
        self._rank, self._world = rank, world
        self._shards = {shard.name: shard for shard in shards}
        self._rows = {
            shard.name: view_shape(torch.empty(shard.placement.shape, device="meta"), shard.matrix_rows)[1]
            for shard in shards
        }
        placements = {shard.name: shard.placement for shard in shards}
        self._views = deal_views(placements, self._rows, world)
        self._second_moments: dict[tuple[str, int], Tensor] = {}
        self._gatherings: dict[frozenset[str], list[Gathering]] = {}
        super().__init__([shard.parameter for shard in shards], **options)

    def _check(self) -> None:
        """Nothing: the whole shapes were checked, the parts may be empty or cut."""

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Update every parameter that has a gradient; return the closure's loss, if one is given."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        group = self.param_groups[0]
        active = [shard for shard in self._shards.values() if shard.parameter.grad is not None]
        mu = momentum_at(group["step"], group["momentum"], group["momentum_start"], group["momentum_warmup_steps"])
        lines = {shard.name: self._nesterov(shard, mu) for shard in active}
        stages = self._stages(frozenset(lines))
        arriving = stages[0].collect(lines) if stages else None
        self._update_whole(lines, group)
        returning = []
        for number, stage in enumerate(stages):
            matrices = arriving.matrices() if arriving is not None else {}
            following = stages[number + 1 : number + 2]
            arriving = following[0].collect(lines) if following else None
            returning.append(stage.give_back(dict(self._update_matrices(matrices, group))))
        for each in returning:
            each.write(lines)
        for shard in active:
            view = self._rows[shard.name], shard.placement.shape[-1]
            weight_LC = shard.parameter.view(-1, shard.placement.shape[-1])
            apply_update(weight_LC, lines[shard.name], view, group)
        group["step"] += 1
        return loss

    def momenta(self) -> dict[str, Tensor]:
        """This rank's part of every momentum, by parameter name; what is loaded into them counts."""
        return {name: self._momentum(shard.parameter) for name, shard in self._shards.items()}

    def second_moments(self) -> dict[str, Tensor]:
        """Whole second moments [N, R, 1] or [N, 1, C] by parameter name, put together from all owners."""
        found = {
            name: torch.zeros(shape, device=self._shards[name].parameter.device)
            for name, shape in self.second_moment_shapes().items()
        }
        for (name, index), variance in self._second_moments.items():
            found[name][index] = variance
        return dict(zip(found, exact_sum(list(found.values())), strict=True))

    def second_moment_shapes(self) -> dict[str, tuple[int, ...]]:
        """Shapes of ``second_moments``."""
        found = {}
        for name, shard in self._shards.items():
            rows, columns = self._rows[name], shard.placement.shape[-1]
            count = math.prod(shard.placement.shape) // (rows * columns)
            found[name] = (count, *variance_shape(rows, columns))
        return found

    def load_second_moments(self, whole: Mapping[str, Tensor]) -> None:
        """Take this rank's part of what ``second_moments`` gave, perhaps on another number of ranks."""
        self._second_moments = {
            (view.name, view.index): whole[view.name][view.index].clone()
            for view in self._views
            if view.owner == self._rank
        }

    def _nesterov(self, shard: Shard, mu: float) -> Tensor:
        """Advance the momentum; the lines [L, C] to orthogonalise."""
        assert shard.parameter.grad is not None
        gradient = shard.parameter.grad.float()
        momentum = self._momentum(shard.parameter).lerp_(gradient, 1 - mu)
        return gradient.lerp(momentum, mu).view(-1, shard.placement.shape[-1])

    def _stages(self, names: frozenset[str]) -> list[Gathering]:
        """Exchanges of the cut matrices of some parameters, each of about STAGE_NUMBERS; the same on all ranks."""
        if names not in self._gatherings:
            placements = {name: shard.placement for name, shard in self._shards.items()}
            stages: list[list[View]] = []
            size = 0
            for view in self._views:
                if view.whole or view.name not in names:
                    continue
                if not stages or size > STAGE_NUMBERS:
                    stages.append([])
                    size = 0
                stages[-1].append(view)
                size += view.rows * view.columns
            self._gatherings[names] = [Gathering(views, placements, self._rank, self._world) for views in stages]
        return self._gatherings[names]

    def _update_whole(self, lines: Mapping[str, Tensor], group: dict[str, Any]) -> None:
        """Turn the lines of matrices that lie on this rank into their updates."""
        mine = [view for view in self._views if view.whole and view.owner == self._rank and view.name in lines]
        places = {}
        for view in mine:
            first, _ = self._shards[view.name].placement.lines(self._rank)
            places[view.name, view.index] = lines[view.name][view.start - first : view.end - first]
        for key, update_RC in self._update_matrices(places, group):
            places[key].copy_(update_RC)

    def _update_matrices(
        self, matrices: Mapping[tuple[str, int], Tensor], group: dict[str, Any]
    ) -> Iterator[tuple[tuple[str, int], Tensor]]:
        """Updates of whole matrices [R, C] with their (parameter, view); those of one shape in batches.

        A batch is given out before the next one begins: only one is in memory where the answers are put away.
        """
        buckets: defaultdict[tuple[int, int], list[tuple[str, int]]] = defaultdict(list)
        for key, matrix_RC in matrices.items():
            rows, columns = matrix_RC.shape
            buckets[rows, columns].append(key)
        for (rows, columns), keys in buckets.items():
            batch = max(1, MATRICES_AT_ONCE // (rows * columns))
            for start in range(0, len(keys), batch):
                some = keys[start : start + batch]
                variances = [self._second_moment(key, matrices[key]) for key in some]
                stacked_NRC = torch.stack([matrices[key] for key in some])
                update_NRC = self._updates(stacked_NRC, variances if group["variance_reduction"] else [], group)
                yield from zip(some, update_NRC.unbind(), strict=True)

    def _second_moment(self, key: tuple[str, int], matrix_RC: Tensor) -> Tensor:
        """[1, R, 1] or [1, 1, C] of one matrix, to be advanced in place."""
        if key not in self._second_moments:
            rows, columns = matrix_RC.shape
            self._second_moments[key] = torch.zeros(variance_shape(rows, columns), device=matrix_RC.device)
        return self._second_moments[key].unsqueeze(0)
