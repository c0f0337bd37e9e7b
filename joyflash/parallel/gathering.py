"""Bring matrices that are cut into lines to their owners, and the owners' answers back.

Letters: W ranks, L lines that this rank holds of a parameter, C columns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
import torch.distributed as dist

from joyflash.parallel.placement import Placement, View


@dataclass(frozen=True)
class _Piece:
    """Lines ``start`` to ``end`` of a view, counted in the whole parameter."""

    view: View
    start: int
    end: int

    @property
    def numel(self) -> int:
        return (self.end - self.start) * self.view.columns


class Gathering:
    """The exchange of some views between the ranks that hold their lines and the ranks that own them.

    Args:
        views: cut views, in the same order on all ranks.
        placements: of their parameters.
        rank, world: this process and how many there are.
        group: of all ranks; None is the default group.
    """

    def __init__(
        self,
        views: Sequence[View],
        placements: Mapping[str, Placement],
        rank: int,
        world: int,
        group: dist.ProcessGroup | None = None,
    ):
        self._rank = rank
        self._group = group
        self._held = {name: placements[name].lines(rank) for name in {view.name for view in views}}
        self.owned = [view for view in views if view.owner == rank]
        self._out = [
            [piece for view in views if view.owner == owner for piece in self._overlap(view, placements, rank)]
            for owner in range(world)
        ]
        self._in = [
            [piece for view in self.owned for piece in self._overlap(view, placements, holder)]
            for holder in range(world)
        ]

    def collect(self, lines: Mapping[str, torch.Tensor]) -> Arriving:
        """Start sending this rank's lines [L, C] by parameter; ``Arriving.matrices`` waits for those it owns."""
        buffers = [[self._local(lines[p.view.name], p).reshape(-1) for p in pieces] for pieces in self._out]
        return Arriving(self, *self._start(buffers, self._in))

    def give_back(self, matrices: Mapping[tuple[str, int], torch.Tensor]) -> Returning:
        """Start sending answers [R, C] by (parameter, view) to the holders; ``Returning.write`` waits for its own."""
        buffers = [
            [matrices[p.view.name, p.view.index][p.start - p.view.start : p.end - p.view.start].reshape(-1) for p in ps]
            for ps in self._in
        ]
        return Returning(self, *self._start(buffers, self._out))

    def _start(
        self, buffers: list[list[torch.Tensor]], expected: list[list[_Piece]]
    ) -> tuple[torch.Tensor, list[list[_Piece]], dist.Work, torch.Tensor]:
        flat = [piece for pieces in buffers for piece in pieces]
        example = flat[0] if flat else None
        sizes = [sum(piece.numel for piece in pieces) for pieces in expected]
        device = example.device if example is not None else self._device()
        send = torch.cat(flat) if flat else torch.empty(0, device=device)
        received = torch.empty(sum(sizes), device=device)
        work = dist.all_to_all_single(
            received,
            send,
            sizes,
            [sum(piece.numel() for piece in pieces) for pieces in buffers],
            group=self._group,
            async_op=True,
        )
        assert work is not None
        return received, expected, work, send

    def _device(self) -> torch.device:
        return torch.device("cuda", torch.cuda.current_device()) if _on_gpu(self._group) else torch.device("cpu")

    def _local(self, lines_LC: torch.Tensor, piece: _Piece) -> torch.Tensor:
        first, _ = self._held[piece.view.name]
        return lines_LC[piece.start - first : piece.end - first]

    @staticmethod
    def _overlap(view: View, placements: Mapping[str, Placement], rank: int) -> list[_Piece]:
        first, last = placements[view.name].lines(rank)
        start, end = max(first, view.start), min(last, view.end)
        return [_Piece(view, start, end)] if start < end else []


class Arriving:
    """Lines on their way to this rank as an owner."""

    def __init__(
        self, gathering: Gathering, received: torch.Tensor, pieces: list[list[_Piece]], work: dist.Work, sent: object
    ):
        self._gathering, self._received, self._pieces, self._work = gathering, received, pieces, work
        self._sent = sent  # kept until the sending is over

    def matrices(self) -> dict[tuple[str, int], torch.Tensor]:
        """Wait; return the whole matrices [R, C] by (parameter, view)."""
        self._work.wait()
        parts: dict[tuple[str, int], list[tuple[int, torch.Tensor]]] = {}
        for piece, numbers in _cut(self._received, self._pieces):
            lines_lC = numbers.view(-1, piece.view.columns)
            parts.setdefault((piece.view.name, piece.view.index), []).append((piece.start, lines_lC))
        return {key: torch.cat([lines for _, lines in sorted(found, key=_first)]) for key, found in parts.items()}


class Returning:
    """Answers on their way to this rank as a holder of lines."""

    def __init__(
        self, gathering: Gathering, received: torch.Tensor, pieces: list[list[_Piece]], work: dist.Work, sent: object
    ):
        self._gathering, self._received, self._pieces, self._work = gathering, received, pieces, work
        self._sent = sent

    def write(self, lines: Mapping[str, torch.Tensor]) -> None:
        """Wait; copy what has come into this rank's lines [L, C] by parameter."""
        self._work.wait()
        for piece, numbers in _cut(self._received, self._pieces):
            target = self._gathering._local(lines[piece.view.name], piece)
            target.copy_(numbers.view_as(target))


def _cut(received: torch.Tensor, pieces: list[list[_Piece]]) -> list[tuple[_Piece, torch.Tensor]]:
    flat = [piece for of_rank in pieces for piece in of_rank]
    return list(zip(flat, received.split([piece.numel for piece in flat]), strict=True)) if flat else []


def _first(pair: tuple[int, torch.Tensor]) -> int:
    return pair[0]


def _on_gpu(group: dist.ProcessGroup | None) -> bool:
    return "nccl" in str(dist.get_backend_config(group)) and torch.cuda.is_available()
