"""Routed experts: one exact product per expert on rows sorted by expert, no padding, no dropped token.

Why an operator of our own: the rows of an expert change with every batch. As data inside an operator they need neither
a padded bucket nor a retrace, and the hand-written backward pass reuses the sorted activations. On a processor with
matrix units ``joyflash.kernels.cpu.experts`` does a whole expert at once.

Letters: T tokens, K chosen experts per token, M = T * K rows, E experts, D hidden, I expert width.
"""

from __future__ import annotations

import torch
from torch.nn import functional as F

from joyflash.kernels.cpu import experts as cpu_experts
from joyflash.model.rowwise import gated_rows, gated_rows_backward

Spans = torch.Tensor | list[tuple[int, int, int]]
"""Where each expert's rows lie: end rows int32 [E] on a GPU, else (expert, first row, end row) of those with rows."""


def counts(flat_M: torch.Tensor, experts: int) -> torch.Tensor:
    """Rows of each expert; not by ``bincount``, which makes the host wait for a GPU."""
    counts_E = torch.zeros(experts, dtype=torch.int64, device=flat_M.device)
    return counts_E.scatter_add_(0, flat_M, torch.ones_like(flat_M))


def spans_of(counts_E: torch.Tensor, dtype: torch.dtype) -> Spans:
    """The spans of rows of ``dtype``: on a GPU they stay there, and one grouped product serves all experts."""
    if counts_E.is_cuda and dtype == torch.bfloat16:
        return counts_E.cumsum(0).to(torch.int32)
    spans, start = [], 0
    for expert, count in enumerate(counts_E.tolist()):
        if count:
            spans.append((expert, start, start + count))
        start += count
    return spans


def multiply(rows_MX: torch.Tensor, weight_EXY: torch.Tensor, spans: Spans) -> torch.Tensor:
    """Rows of each expert times its matrix: [M, X] x [E, X, Y] -> [M, Y]."""
    if isinstance(spans, torch.Tensor):
        return F.grouped_mm(rows_MX, weight_EXY, offs=spans)
    rows = rows_MX.shape[0]
    out_MY = rows_MX.new_empty(rows, weight_EXY.shape[-1])
    for expert, a, b in spans:
        until = b + _rows_lacking(rows_MX, b - a)
        if until <= rows:  # the next expert's rows are made too, and overwritten by its own product
            torch.mm(rows_MX[a:until], weight_EXY[expert], out=out_MY[a:until])
        else:
            start = max(0, rows - (until - a))
            out_MY[a:b] = torch.mm(rows_MX[start:], weight_EXY[expert])[a - start : b - start]
    return out_MY


def outer(left_MX: torch.Tensor, right_MY: torch.Tensor, experts: int, spans: Spans) -> torch.Tensor:
    """Gradient of each expert's matrix: left rows transposed times right rows, [E, X, Y]; zero without rows."""
    if isinstance(spans, torch.Tensor):
        return F.grouped_mm(left_MX.t(), right_MY, offs=spans)
    out_EXY = left_MX.new_zeros(experts, left_MX.shape[1], right_MY.shape[1])
    for expert, a, b in spans:
        left, right, lacking = left_MX[a:b], right_MY[a:b], _rows_lacking(left_MX, b - a)
        if lacking:
            left, right = F.pad(left, (0, 0, 0, lacking)), F.pad(right, (0, 0, 0, lacking))
        torch.mm(left.t(), right, out=out_EXY[expert])
    return out_EXY


def _rows_lacking(rows_MX: torch.Tensor, count: int) -> int:
    """How many rows an expert's product takes in beyond its own, so that row counts repeat.

    For bfloat16 the CPU library compiles a program for every new shape, 1 to 4 ms where the product takes 0.07.
    """
    return -count % 16 if rows_MX.dtype == torch.bfloat16 else 0


def sum_over_choices(rows_MD: torch.Tensor, order_M: torch.Tensor, choices: int) -> torch.Tensor:
    """Undo the sort and add up each token's rows in the order of its choices: [M, D] -> [T, D]."""
    place_M = torch.empty_like(order_M)
    place_M[order_M] = torch.arange(order_M.numel(), device=order_M.device)
    return F.embedding_bag(place_M.unflatten(0, (-1, choices)), rows_MD, mode="sum")  # gathers and adds in one pass


def feed(
    rows_MD: torch.Tensor, weight_M: torch.Tensor, gate_up_EJD: torch.Tensor, down_EDI: torch.Tensor, spans: Spans
) -> tuple[torch.Tensor, torch.Tensor]:
    """Sorted rows through their experts, times their weights: [M, D]; and for the backward pass the projections [M, J].

    Knows no gradients.
    """
    if isinstance(spans, list) and cpu_experts.can_run(rows_MD, weight_M, gate_up_EJD, down_EDI):
        return cpu_experts.feed(rows_MD, weight_M, gate_up_EJD, down_EDI, spans)
    projected_MJ = multiply(rows_MD, gate_up_EJD.transpose(1, 2), spans)
    del rows_MD  # the largest tensors of a pass: none outlives its use
    return multiply(gated_rows(projected_MJ, weight_M), down_EDI.transpose(1, 2), spans), projected_MJ


def feed_backward(
    grad_MD: torch.Tensor,
    rows_MD: torch.Tensor,
    weight_M: torch.Tensor,
    projected_MJ: torch.Tensor,
    gate_up_EJD: torch.Tensor,
    down_EDI: torch.Tensor,
    spans: Spans,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """Gradients of ``feed`` for rows, weights and both matrices; zero for an expert without rows."""
    if isinstance(spans, list) and cpu_experts.can_run(rows_MD, weight_M, gate_up_EJD, down_EDI):
        return cpu_experts.feed_backward(grad_MD, rows_MD, weight_M, projected_MJ, gate_up_EJD, down_EDI, spans)
    experts = len(down_EDI)
    grad_weighted_MI = multiply(grad_MD, down_EDI, spans)
    weighted_MI, grad_projected_MJ, grad_weight_M = gated_rows_backward(grad_weighted_MI, projected_MJ, weight_M)
    grad_down_EDI = outer(grad_MD, weighted_MI, experts, spans)
    grad_gate_up_EJD = outer(grad_projected_MJ, rows_MD, experts, spans)
    del grad_MD, rows_MD, grad_weighted_MI, weighted_MI
    return multiply(grad_projected_MJ, gate_up_EJD, spans), grad_weight_M, grad_gate_up_EJD, grad_down_EDI


@torch.library.custom_op("joyflash::routed_experts", mutates_args=())
def routed_experts(
    x_TD: torch.Tensor,
    chosen_TK: torch.Tensor,
    weight_TK: torch.Tensor,
    gate_up_EJD: torch.Tensor,
    down_EDI: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """Weighted sum of each token's chosen experts.

    Args:
        x_TD: tokens.
        chosen_TK: int64 expert numbers.
        weight_TK: their weights, in x's dtype.
        gate_up_EJD: gate above up projection, J = 2 * I.
        down_EDI: down projection.

    Returns:
        Output [T, D]; tokens per expert int64 [E]; and for the backward pass the sorted projections [M, J] and the
        sort order int64 [M].
    """
    choices = chosen_TK.shape[1]
    flat_M = chosen_TK.flatten()
    order_M = flat_M.argsort(stable=True)
    counts_E = counts(flat_M, gate_up_EJD.shape[0])
    spans = spans_of(counts_E, x_TD.dtype)
    weight_M = weight_TK.flatten()[order_M]
    rows_MD, projected_MJ = feed(x_TD.index_select(0, order_M // choices), weight_M, gate_up_EJD, down_EDI, spans)
    return sum_over_choices(rows_MD, order_M, choices), counts_E, projected_MJ, order_M


@routed_experts.register_fake
def _(x_TD, chosen_TK, weight_TK, gate_up_EJD, down_EDI):
    rows = chosen_TK.shape[0] * chosen_TK.shape[1]
    return (
        torch.empty_like(x_TD, memory_format=torch.contiguous_format),
        chosen_TK.new_empty(gate_up_EJD.shape[0]),
        x_TD.new_empty(rows, gate_up_EJD.shape[1]),
        chosen_TK.new_empty(rows),
    )


@torch.library.custom_op("joyflash::routed_experts_backward", mutates_args=())
def _routed_experts_backward(
    grad_TD: torch.Tensor,
    x_TD: torch.Tensor,
    weight_TK: torch.Tensor,
    gate_up_EJD: torch.Tensor,
    down_EDI: torch.Tensor,
    counts_E: torch.Tensor,
    projected_MJ: torch.Tensor,
    order_M: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    choices = weight_TK.shape[1]
    token_M = order_M // choices
    grad_rows_MD, grad_weight_M, grad_gate_up_EJD, grad_down_EDI = feed_backward(
        grad_TD.index_select(0, token_M),
        x_TD.index_select(0, token_M),
        weight_TK.flatten()[order_M],
        projected_MJ,
        gate_up_EJD,
        down_EDI,
        spans_of(counts_E, x_TD.dtype),
    )
    grad_weight_TK = torch.empty_like(weight_TK, memory_format=torch.contiguous_format)
    grad_weight_TK.view(-1)[order_M] = grad_weight_M.to(weight_TK.dtype)
    return sum_over_choices(grad_rows_MD, order_M, choices), grad_weight_TK, grad_gate_up_EJD, grad_down_EDI


@_routed_experts_backward.register_fake
def _(grad_TD, x_TD, weight_TK, gate_up_EJD, down_EDI, counts_E, projected_MJ, order_M):
    contiguous = torch.contiguous_format
    return tuple(torch.empty_like(x, memory_format=contiguous) for x in (x_TD, weight_TK, gate_up_EJD, down_EDI))


def _save(ctx, inputs, output):
    x_TD, _chosen, weight_TK, gate_up_EJD, down_EDI = inputs
    _out, counts_E, projected_MJ, order_M = output
    ctx.save_for_backward(x_TD, weight_TK, gate_up_EJD, down_EDI, counts_E, projected_MJ, order_M)
    ctx.mark_non_differentiable(counts_E, order_M)


def _backward(ctx, grad_TD, _grad_counts, _grad_projected, _grad_order):
    grads = _routed_experts_backward(grad_TD.contiguous(), *ctx.saved_tensors)
    grad_x, grad_weight, grad_gate_up, grad_down = grads
    return grad_x, None, grad_weight, grad_gate_up, grad_down


routed_experts.register_autograd(_backward, setup_context=_save)
