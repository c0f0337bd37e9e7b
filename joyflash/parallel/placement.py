"""Which rank holds which part of a parameter, and which rank owns which whole matrix of it.

A parameter [..., C] is a stack of lines of C numbers; a rank holds a run of neighbouring lines. Its matrices ("views":
heads, experts, or the whole) are runs of lines too. A view that lies on one rank is that rank's; one that is
cut by the edge between two ranks is dealt to a rank so that all have the same amount of work.

Letters: W ranks, C columns.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from joyflash.errors import ConfigError


@dataclass(frozen=True)
class Placement:
    """How a parameter's first axis is divided.

    Attributes:
        shape: of the whole parameter.
        bounds: per rank its first index on the first axis and the one after its last; they tile the axis.
        by_expert: divided over the expert axis first, then over the data axis (else over all ranks in a line).
    """

    shape: tuple[int, ...]
    bounds: tuple[tuple[int, int], ...]
    by_expert: bool = False

    def lines(self, rank: int) -> tuple[int, int]:
        """First line of a rank and the one after its last."""
        each = math.prod(self.shape[1:-1]) if len(self.shape) > 1 else 1
        start, end = self.bounds[rank]
        return start * each, end * each

    def local_shape(self, rank: int) -> tuple[int, ...]:
        """Shape of what a rank holds."""
        start, end = self.bounds[rank]
        return (end - start, *self.shape[1:])


@dataclass(frozen=True)
class View:
    """One matrix of a parameter.

    Attributes:
        name: of the parameter.
        index: which of its views.
        start, end: its lines.
        columns: numbers in a line.
        owner: rank that works on it.
        whole: the owner also holds all its lines, so nothing needs to travel.
    """

    name: str
    index: int
    start: int
    end: int
    columns: int
    owner: int
    whole: bool

    @property
    def rows(self) -> int:
        """Lines of the matrix."""
        return self.end - self.start


def divide(length: int, parts: int, start: int = 0) -> list[tuple[int, int]]:
    """Bounds of ``parts`` runs of ``length`` indices, the first ones ceil(length / parts) long (as torch.chunk)."""
    size = -(-length // parts)
    return [(start + min(part * size, length), start + min((part + 1) * size, length)) for part in range(parts)]


def place_evenly(shape: tuple[int, ...], world: int) -> Placement:
    """A parameter divided over all ranks in a line."""
    return Placement(shape, tuple(divide(shape[0], world)))


def place_experts(shape: tuple[int, ...], data_parallel: int, expert_parallel: int) -> Placement:
    """Stacked experts [experts, ...], divided over the expert axis, then over the data axis.

    Raises:
        ConfigError: the expert axis does not divide the experts.
    """
    if shape[0] % expert_parallel:
        raise ConfigError(f"{shape[0]} experts cannot be divided over {expert_parallel} ranks: choose a divisor.")
    each = shape[0] // expert_parallel
    pieces = [divide(each, data_parallel, start=expert * each) for expert in range(expert_parallel)]
    bounds = [pieces[expert][data] for data in range(data_parallel) for expert in range(expert_parallel)]
    return Placement(shape, tuple(bounds), by_expert=True)


def deal_views(placements: Mapping[str, Placement], rows: Mapping[str, int], world: int) -> list[View]:
    """Give every matrix an owner.

    Matrices that are cut go to the rank with the least work so far, the most expensive first (cost of orthogonalising
    R x C: R C min(R, C)). The result depends on the arguments only, so that all ranks agree without talking.

    Args:
        placements: of the parameters by name.
        rows: lines of one view of each.

    Returns:
        All views, in the order of the names and of their lines.
    """
    work = [0] * world
    views: dict[tuple[str, int], View] = {}
    cut: list[tuple[int, str, int]] = []
    for name, placement in placements.items():
        height, columns = rows[name], placement.shape[-1]
        cost = height * columns * min(height, columns)
        held = sorted((*placement.lines(rank), rank) for rank in range(world))
        place = 0
        for index in range(math.prod(placement.shape[:-1]) // height):
            start, end = index * height, (index + 1) * height
            while held[place][1] <= start:
                place += 1
            if end <= held[place][1]:
                owner = held[place][2]
                work[owner] += cost
                views[name, index] = View(name, index, start, end, columns, owner, True)
            else:
                views[name, index] = View(name, index, start, end, columns, -1, False)
                cut.append((-cost, name, index))
    for cost, name, index in sorted(cut):
        owner = min(range(world), key=lambda rank: (work[rank], rank))
        work[owner] -= cost
        view = views[name, index]
        views[name, index] = View(name, index, view.start, view.end, view.columns, owner, False)
    return list(views.values())
