"""Causal attention inside each document of a packed row, on CPU one fused kernel call per document.

Why an operator of our own: a mask over the packed row costs T² work, FlexAttention has no CPU backward, and
``torch.compile`` would retrace for every new set of document lengths. Inside an operator the lengths are data.

Letters: T tokens of the row, N heads, D head width (queries, keys and values alike), S documents.
"""

from __future__ import annotations

import itertools

import torch
from torch.nn import functional as F

_flash = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu
_flash_backward = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu_backward


def _segment(x_TND: torch.Tensor, start: int, end: int) -> torch.Tensor:
    return x_TND[start:end].transpose(0, 1).unsqueeze(0)  # [1, N, t, D]


@torch.library.custom_op("joyflash::segment_attention", mutates_args=())
def segment_attention(
    q_TND: torch.Tensor, k_TND: torch.Tensor, v_TND: torch.Tensor, ends_S: torch.Tensor, scale: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """Attend causally within documents that end before the (CPU, int64) indices ``ends_S``.

    Returns:
        Output [T, N, D] and the log-sum-exp [T, N] that the backward pass needs.
    """
    out_TND = torch.empty_like(q_TND, memory_format=torch.contiguous_format)
    lse_TN = torch.empty(q_TND.shape[:2], dtype=torch.float32, device=q_TND.device)
    start = 0
    for end in ends_S.tolist():
        out, lse = _flash(
            _segment(q_TND, start, end),
            _segment(k_TND, start, end),
            _segment(v_TND, start, end),
            0.0,
            True,
            scale=scale,
        )
        out_TND[start:end] = out[0].transpose(0, 1)
        lse_TN[start:end] = lse[0].transpose(0, 1)
        start = end
    return out_TND, lse_TN


@segment_attention.register_fake
def _(q_TND, k_TND, v_TND, ends_S, scale):
    return (
        torch.empty_like(q_TND, memory_format=torch.contiguous_format),
        q_TND.new_empty(q_TND.shape[:2], dtype=torch.float32),
    )


@torch.library.custom_op("joyflash::segment_attention_backward", mutates_args=())
def _segment_attention_backward(
    grad_TND: torch.Tensor,
    q_TND: torch.Tensor,
    k_TND: torch.Tensor,
    v_TND: torch.Tensor,
    out_TND: torch.Tensor,
    lse_TN: torch.Tensor,
    ends_S: torch.Tensor,
    scale: float,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    grads = [torch.empty_like(x, memory_format=torch.contiguous_format) for x in (q_TND, k_TND, v_TND)]
    start = 0
    for end in ends_S.tolist():
        parts = _flash_backward(
            _segment(grad_TND, start, end),
            _segment(q_TND, start, end),
            _segment(k_TND, start, end),
            _segment(v_TND, start, end),
            _segment(out_TND, start, end),
            lse_TN[start:end].transpose(0, 1).unsqueeze(0),
            0.0,
            True,
            scale=scale,
        )
        for grad, part in zip(grads, parts, strict=True):
            grad[start:end] = part[0].transpose(0, 1)
        start = end
    return grads[0], grads[1], grads[2]


@_segment_attention_backward.register_fake
def _(grad_TND, q_TND, k_TND, v_TND, out_TND, lse_TN, ends_S, scale):
    contiguous = torch.contiguous_format
    return tuple(torch.empty_like(x, memory_format=contiguous) for x in (q_TND, k_TND, v_TND))


def _save(ctx, inputs, output):
    q_TND, k_TND, v_TND, ends_S, scale = inputs
    out_TND, lse_TN = output
    ctx.save_for_backward(q_TND, k_TND, v_TND, out_TND, lse_TN, ends_S)
    ctx.scale = scale


def _backward(ctx, grad_TND, _grad_lse):
    q_TND, k_TND, v_TND, out_TND, lse_TN, ends_S = ctx.saved_tensors
    # In float32: in bfloat16 the CPU kernel's backward pass takes 1.3 to 2.4 times as long (measured), casts included.
    wide = (x.float() for x in (grad_TND, q_TND, k_TND, v_TND, out_TND))
    grads = _segment_attention_backward(*wide, lse_TN, ends_S, ctx.scale)
    return (*grads, None, None)  # autograd gives them the inputs' dtype


segment_attention.register_autograd(_backward, setup_context=_save)


def _equally_wide(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    width, value_width = q.shape[-1], v.shape[-1]
    if value_width < width:
        v = F.pad(v, (0, width - value_width))
    elif value_width > width:
        q, k = (F.pad(x, (0, value_width - width)) for x in (q, k))
    return q, k, v


def attend_behind(
    q_BNTD: torch.Tensor, k_BNKD: torch.Tensor, v_BNKV: torch.Tensor, behind: int, scale: float
) -> torch.Tensor:
    """Causal attention of T new tokens to themselves and to ``behind`` earlier ones, on a CPU, without gradients.

    A mask would cost twice the work: the kernel passes over hidden keys too. Two calls without one, over the earlier
    keys and over the new ones, are joined by their log-sum-exp.

    Returns:
        [B, N, T, V].
    """
    value_width = v_BNKV.shape[-1]
    q, k, v = _equally_wide(q_BNTD, k_BNKD, v_BNKV)
    out, lse_BNT = _flash(q, k[:, :, behind:], v[:, :, behind:], 0.0, True, scale=scale)
    if behind:
        earlier, earlier_lse_BNT = _flash(q, k[:, :, :behind], v[:, :, :behind], 0.0, False, scale=scale)
        share_BNT1 = (earlier_lse_BNT - lse_BNT).sigmoid().unsqueeze(-1).to(out.dtype)
        out = torch.lerp(out, earlier, share_BNT1)
    return out[..., :value_width]


def attend_segments(
    q_TND: torch.Tensor, k_TND: torch.Tensor, v_TNV: torch.Tensor, ends_S: torch.Tensor, scale: float
) -> torch.Tensor:
    """Block-diagonal causal attention [T, N, D], [T, N, D], [T, N, V] -> [T, N, V] on any device.

    Values are padded to the width of queries and keys (or these to the values'), or CPU attention takes its slow path.
    """
    value_width = v_TNV.shape[-1]
    q_TND, k_TND, v_TNV = _equally_wide(q_TND, k_TND, v_TNV)
    if q_TND.device.type == "cpu" and q_TND.dtype != torch.float64:
        out_TND = segment_attention(q_TND, k_TND, v_TNV, ends_S, scale)[0]
    elif q_TND.is_cuda and q_TND.dtype in (torch.bfloat16, torch.float16):
        ends = F.pad(ends_S, (1, 0))
        longest = int(ends.diff().max())
        limits = ends.to(q_TND.device, torch.int32, non_blocking=True)
        out_TND = torch.ops.aten._flash_attention_forward(
            q_TND, k_TND, v_TNV, limits, limits, longest, longest, 0.0, True, False, scale=scale
        )[0]
    else:
        starts = [0, *ends_S.tolist()]
        parts = []
        for a, b in itertools.pairwise(starts):
            q, k, v = (_segment(x, a, b) for x in (q_TND, k_TND, v_TNV))
            parts.append(F.scaled_dot_product_attention(q, k, v, is_causal=True, scale=scale)[0].transpose(0, 1))
        out_TND = torch.cat(parts)
    return out_TND[..., :value_width]
