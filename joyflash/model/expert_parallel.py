"""Routed experts that are divided over several processes: tokens travel to their experts, results travel back.

Each rank sorts the (token, choice) rows of its own tokens by expert, so that the rows of one rank's experts are
neighbours; one all-to-all takes them there, a second one brings the outputs back; the backward pass does the same with
gradients.

The sum that makes an expert's gradient runs over the tokens of all ranks. In a fixed order each rank's rows are
multiplied apart, as that rank alone would have done, and the products are added as a tree: then the bits are
those of one process that works on the rows one after another. Otherwise all rows of an expert are one product.

Letters: T tokens, K chosen experts, M = T * K rows sent, R rows received, E experts, e experts of this rank, G ranks of
the group, D hidden, I expert width, J = 2 * I.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
import torch.distributed as dist

from joyflash.model.experts import Spans, counts, feed, feed_backward, spans_of, sum_over_choices
from joyflash.parallel.exchange import exchange_counts, exchange_rows
from joyflash.parallel.reduction import TreeSum


@dataclass(frozen=True)
class ExpertGroup:
    """The ranks that share one set of experts.

    Attributes:
        group: of processes.
        fixed_order: whether the sums over ranks have the bits of a single process.
    """

    group: dist.ProcessGroup
    fixed_order: bool = True

    def part(self, stacked: torch.Tensor) -> torch.Tensor:
        """This rank's run of stacked experts [E, ...] -> [e, ...]."""
        return stacked.chunk(self.group.size())[self.group.rank()].clone()


def exchanged_experts(
    x_TD: torch.Tensor,
    chosen_TK: torch.Tensor,
    weight_TK: torch.Tensor,
    gate_up_eJD: torch.Tensor,
    down_eDI: torch.Tensor,
    group: ExpertGroup,
) -> tuple[torch.Tensor, torch.Tensor]:
    """As ``routed_experts``, with this rank's tokens and this rank's experts; every rank of the group must call it.

    Returns:
        Output [T, D], and how many of this rank's tokens chose each of all experts, int64 [E].
    """
    choices = chosen_TK.shape[1]
    flat_M = chosen_TK.flatten()
    order_M = flat_M.argsort(stable=True)
    counts_E = counts(flat_M, gate_up_eJD.shape[0] * group.group.size())
    sent_Ge = counts_E.view(group.group.size(), -1)
    received_Ge = exchange_counts(sent_Ge, group.group)
    send, receive = sent_Ge.sum(dim=1).tolist(), received_Ge.sum(dim=1).tolist()
    weight_R = exchange_rows(weight_TK.flatten()[order_M], send, receive, group.group)
    work = _one_by_one if group.fixed_order else _all_at_once
    # One expression: rows [M, D] are the largest tensors of a pass, and none has a name that would keep it.
    out_TD = _Collect.apply(
        exchange_rows(
            work(
                exchange_rows(_spread(x_TD, order_M, choices), send, receive, group.group),
                weight_R,
                gate_up_eJD,
                down_eDI,
                received_Ge,
            ),
            receive,
            send,
            group.group,
        ),
        order_M,
        choices,
    )
    return out_TD, counts_E  # pyright: ignore[reportReturnType]


def _one_by_one(rows_RD, weight_R, gate_up_eJD, down_eDI, received_Ge) -> torch.Tensor:
    """Each sender's rows of each expert as a product of its own."""
    runs, start = [], 0
    for of_sender in received_Ge.tolist():
        found = []
        for expert, count in enumerate(of_sender):
            if count:
                found.append((expert, start, start + count))
            start += count
        runs.append(found)
    return _Feed.apply(rows_RD, weight_R, gate_up_eJD, down_eDI, runs)  # pyright: ignore[reportReturnType]


def _all_at_once(rows_RD, weight_R, gate_up_eJD, down_eDI, received_Ge) -> torch.Tensor:
    """All rows of an expert as one product: sorted by expert, whoever sent them, and put back afterwards."""
    experts = torch.arange(received_Ge.shape[1], device=rows_RD.device).repeat(len(received_Ge))
    sorted_R = experts.repeat_interleave(received_Ge.flatten()).argsort(stable=True)
    runs = [spans_of(received_Ge.sum(dim=0), rows_RD.dtype)]
    rows_RD = rows_RD[sorted_R]
    out_RD: torch.Tensor = _Feed.apply(  # pyright: ignore[reportAssignmentType]
        rows_RD, weight_R[sorted_R], gate_up_eJD, down_eDI, runs
    )
    return torch.empty_like(out_RD).index_copy_(0, sorted_R, out_RD)


def _spread(x_TD: torch.Tensor, order_M: torch.Tensor, choices: int) -> torch.Tensor:
    return _Spread.apply(x_TD, order_M, choices)  # pyright: ignore[reportReturnType]


class _Spread(torch.autograd.Function):
    """Tokens [T, D] -> their rows [M, D] sorted by expert; gradients add up in the order of the choices."""

    @staticmethod
    def forward(ctx, x_TD, order_M, choices):
        ctx.save_for_backward(order_M)
        ctx.choices = choices
        return x_TD.index_select(0, order_M // choices)

    @staticmethod
    def backward(ctx, grad_MD):  # pyright: ignore[reportIncompatibleMethodOverride]
        (order_M,) = ctx.saved_tensors
        return sum_over_choices(grad_MD, order_M, ctx.choices), None, None


class _Collect(torch.autograd.Function):
    """The opposite: sorted rows [M, D] -> tokens [T, D], added up in the order of the choices."""

    @staticmethod
    def forward(ctx, rows_MD, order_M, choices):
        ctx.save_for_backward(order_M)
        ctx.choices = choices
        return sum_over_choices(rows_MD, order_M, choices)

    @staticmethod
    def backward(ctx, grad_TD):  # pyright: ignore[reportIncompatibleMethodOverride]
        return grad_TD.index_select(0, ctx.saved_tensors[0] // ctx.choices), None, None


class _Feed(torch.autograd.Function):
    """Rows [R, D] and their weights [R] through the experts; ``runs`` cut the rows, each run a term of the gradients.

    As ``routed_experts`` and its backward pass.
    """

    @staticmethod
    def forward(ctx, rows_RD, weight_R, gate_up_eJD, down_eDI, runs):
        out_RD, projected_RJ = feed(rows_RD, weight_R, gate_up_eJD, down_eDI, _joined(runs))
        ctx.save_for_backward(rows_RD, weight_R, gate_up_eJD, down_eDI, projected_RJ)
        ctx.runs = runs
        return out_RD

    @staticmethod
    def backward(ctx, grad_RD):  # pyright: ignore[reportIncompatibleMethodOverride]
        rows_RD, weight_R, gate_up_eJD, down_eDI, projected_RJ = ctx.saved_tensors
        grad_RD, total = grad_RD.contiguous(), TreeSum()
        of_rows, of_weights = [], []
        for own, spans in _cut(ctx.runs):
            given = (grad_RD[own], rows_RD[own], weight_R[own], projected_RJ[own], gate_up_eJD, down_eDI)
            grad_rows, grad_weight, *of_matrices = feed_backward(*given, spans)
            of_rows.append(grad_rows)
            of_weights.append(grad_weight.to(weight_R.dtype))
            total.add(of_matrices)
        if len(of_rows) == 1:
            return of_rows[0], of_weights[0], *total.total(), None
        return torch.cat(of_rows), torch.cat(of_weights), *total.total(), None


def _joined(runs: list[Spans]) -> Spans:
    if len(runs) == 1:
        return runs[0]
    return [span for run in runs if isinstance(run, list) for span in run]  # several are always lists


def _cut(runs: list[Spans]) -> Iterator[tuple[slice, Spans]]:
    """Each run's rows, and its spans counted from the first of them."""
    start = 0
    for run in runs:
        if len(runs) == 1 or not isinstance(run, list):
            yield slice(None), run
            continue
        end = run[-1][2] if run else start
        yield slice(start, end), [(expert, a - start, b - start) for expert, a, b in run]
        start = end
