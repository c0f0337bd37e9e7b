"""Rows that travel between ranks and whose gradients travel back: the all-to-all of expert parallelism.

Letters: M rows, D columns.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.distributed as dist


def exchange_counts(counts: torch.Tensor, group: dist.ProcessGroup) -> torch.Tensor:
    """Everybody's counts for me: [ranks, n], row r for rank r -> [ranks, n], row r from rank r."""
    received = torch.empty_like(counts)
    dist.all_to_all_single(received, counts.contiguous(), group=group)
    return received


def exchange_rows(
    rows: torch.Tensor, send: Sequence[int], receive: Sequence[int], group: dist.ProcessGroup
) -> torch.Tensor:
    """Send the first ``send[0]`` rows to rank 0 of the group and so on; differentiable.

    Args:
        rows: [M, ...], sorted by destination.
        send: rows for each rank.
        receive: rows that each rank has for this one.

    Returns:
        [sum of receive, ...], sorted by where they came from.
    """
    return _Exchange.apply(rows, list(send), list(receive), group)  # pyright: ignore[reportReturnType]


class _Exchange(torch.autograd.Function):
    @staticmethod
    def forward(ctx, rows, send, receive, group):
        ctx.send, ctx.receive, ctx.group = send, receive, group
        return _all_to_all(rows, send, receive, group)

    @staticmethod
    def backward(ctx, grad_rows):  # pyright: ignore[reportIncompatibleMethodOverride]
        return _all_to_all(grad_rows, ctx.receive, ctx.send, ctx.group), None, None, None


def _all_to_all(rows: torch.Tensor, send: list[int], receive: list[int], group: dist.ProcessGroup) -> torch.Tensor:
    received = rows.new_empty(sum(receive), *rows.shape[1:])
    dist.all_to_all_single(received, rows.contiguous(), receive, send, group=group)
    return received
