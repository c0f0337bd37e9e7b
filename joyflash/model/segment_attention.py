"""Causal attention inside each document of a packed row, on CPU one fused kernel call per document.

Why an operator of our own: a mask over the packed row costs T² work, FlexAttention has no CPU backward, and
``torch.compile`` would retrace for every new set of document lengths. Inside an operator the lengths are data.
On a CPU the kernel is ours (``kernels/cpu/attention.c``), or PyTorch's where there is no C compiler.

Letters: T tokens of the row, N heads, H width of queries and keys, V width of values, S documents.
"""

from __future__ import annotations

import itertools

import torch
from torch import Tensor
from torch.nn import functional as F

from joyflash.kernels.cpu.attention import attend, attend_backward, can_attend

_flash = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu
_flash_backward = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu_backward


def _segment(x_TNX: Tensor, start: int, end: int) -> Tensor:
    return x_TNX[start:end].transpose(0, 1).unsqueeze(0)  # [1, N, t, X]


def _documents(ends_S: Tensor) -> list[tuple[int, int]]:
    return list(itertools.pairwise((0, *ends_S.tolist())))


@torch.library.custom_op("joyflash::segment_attention", mutates_args=())
def segment_attention(
    q_TNH: Tensor, k_TNH: Tensor, v_TNV: Tensor, ends_S: Tensor, scale: float
) -> tuple[Tensor, Tensor]:
    """Attend causally within documents that end before the (CPU, int64) indices ``ends_S``; float32 or bfloat16.

    Returns:
        Output [T, N, V] and the log-sum-exp [T, N] that the backward pass needs.
    """
    out_TNV = torch.empty_like(v_TNV, memory_format=torch.contiguous_format)
    lse_TN = torch.empty(q_TNH.shape[:2], dtype=torch.float32, device=q_TNH.device)
    if can_attend(q_TNH, k_TNH, v_TNV):
        for a, b in _documents(ends_S):
            attend(q_TNH[a:b], k_TNH[a:b], v_TNV[a:b], out_TNV[a:b], lse_TN[a:b], scale)
        return out_TNV, lse_TN
    wide = _equally_wide(q_TNH, k_TNH, v_TNV)
    for a, b in _documents(ends_S):
        out, lse = _flash(*(_segment(x, a, b) for x in wide), 0.0, True, scale=scale)
        out_TNV[a:b] = out[0].transpose(0, 1)[..., : v_TNV.shape[-1]]
        lse_TN[a:b] = lse[0].transpose(0, 1)
    return out_TNV, lse_TN


@segment_attention.register_fake
def _(q_TNH, k_TNH, v_TNV, ends_S, scale):
    return (
        torch.empty_like(v_TNV, memory_format=torch.contiguous_format),
        q_TNH.new_empty(q_TNH.shape[:2], dtype=torch.float32),
    )


@torch.library.custom_op("joyflash::segment_attention_backward", mutates_args=())
def _segment_attention_backward(
    grad_TNV: Tensor,
    q_TNH: Tensor,
    k_TNH: Tensor,
    v_TNV: Tensor,
    out_TNV: Tensor,
    lse_TN: Tensor,
    ends_S: Tensor,
    scale: float,
) -> tuple[Tensor, Tensor, Tensor]:
    inputs = (q_TNH, k_TNH, v_TNV)
    contiguous = torch.contiguous_format
    grads = tuple(torch.empty_like(x, memory_format=contiguous) for x in inputs)
    if can_attend(grad_TNV, *inputs, out_TNV):
        for a, b in _documents(ends_S):
            grad, q, k, v, out, lse = (x[a:b] for x in (grad_TNV, *inputs, out_TNV, lse_TN))
            attend_backward(grad, q, k, v, out, lse, [x[a:b] for x in grads], scale)
        return grads[0], grads[1], grads[2]
    # In float32: in bfloat16 PyTorch's kernel takes 1.3 to 2.4 times as long (measured), casts included.
    wide = [x.float() for x in _equally_wide(*inputs)]
    given, out = (F.pad(x.float(), (0, wide[0].shape[-1] - x.shape[-1])) for x in (grad_TNV, out_TNV))
    for a, b in _documents(ends_S):
        parts = _flash_backward(
            _segment(given, a, b),
            *(_segment(x, a, b) for x in wide),
            _segment(out, a, b),
            lse_TN[a:b].transpose(0, 1).unsqueeze(0),
            0.0,
            True,
            scale=scale,
        )
        for grad, part in zip(grads, parts, strict=True):
            grad[a:b] = part[0].transpose(0, 1)[..., : grad.shape[-1]]
    return grads[0], grads[1], grads[2]


@_segment_attention_backward.register_fake
def _(grad_TNV, q_TNH, k_TNH, v_TNV, out_TNV, lse_TN, ends_S, scale):
    return tuple(torch.empty_like(x, memory_format=torch.contiguous_format) for x in (q_TNH, k_TNH, v_TNV))


def _save(ctx, inputs, output):
    q_TNH, k_TNH, v_TNV, ends_S, scale = inputs
    out_TNV, lse_TN = output
    ctx.save_for_backward(q_TNH, k_TNH, v_TNV, out_TNV, lse_TN, ends_S)
    ctx.scale = scale


def _backward(ctx, grad_TNV, _grad_lse):
    grads = _segment_attention_backward(grad_TNV, *ctx.saved_tensors, ctx.scale)
    return (*grads, None, None)


segment_attention.register_autograd(_backward, setup_context=_save)


def _equally_wide(q: Tensor, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """PyTorch's kernels take their slow path where values have another width than queries and keys."""
    width, value_width = q.shape[-1], v.shape[-1]
    if value_width < width:
        v = F.pad(v, (0, width - value_width))
    elif value_width > width:
        q, k = (F.pad(x, (0, value_width - width)) for x in (q, k))
    return q, k, v


def attend_behind(q_BNTH: Tensor, k_BNKH: Tensor, v_BNKV: Tensor, behind: int, scale: float) -> Tensor:
    """Causal attention of T new tokens to themselves and to the ``behind`` ones before them, on a CPU; for inference.

    Returns:
        [B, N, T, V].

    Raises:
        ValueError: there are not ``behind`` + T keys, or a gradient is wanted.
    """
    if k_BNKH.shape[2] != behind + q_BNTH.shape[2]:
        raise ValueError(f"{k_BNKH.shape[2]} keys are not those of {q_BNTH.shape[2]} tokens and {behind} before them")
    if torch.is_grad_enabled() and any(x.requires_grad for x in (q_BNTH, k_BNKH, v_BNKV)):
        raise ValueError("attention to cached tokens has no gradients; see attend_segments")
    if can_attend(q_BNTH, k_BNKH, v_BNKV):
        out_BTNV = v_BNKV.new_empty(q_BNTH.shape[0], q_BNTH.shape[2], v_BNKV.shape[1], v_BNKV.shape[3])
        lse_TN = torch.empty(q_BNTH.shape[2], q_BNTH.shape[1], dtype=torch.float32)
        for q, k, v, out in zip(q_BNTH, k_BNKH, v_BNKV, out_BTNV, strict=True):
            attend(q.transpose(0, 1), k.transpose(0, 1), v.transpose(0, 1), out, lse_TN, scale)
        return out_BTNV.transpose(1, 2)
    # PyTorch's kernel passes over what a mask hides; two calls without one, over the earlier keys and over the new
    # ones, are joined by their log-sum-exp.
    value_width = v_BNKV.shape[-1]
    q, k, v = _equally_wide(q_BNTH, k_BNKH, v_BNKV)
    out, lse_BNT = _flash(q, k[:, :, behind:], v[:, :, behind:], 0.0, True, scale=scale)
    if behind:
        earlier, earlier_lse_BNT = _flash(q, k[:, :, :behind], v[:, :, :behind], 0.0, False, scale=scale)
        share_BNT1 = (earlier_lse_BNT - lse_BNT).sigmoid().unsqueeze(-1).to(out.dtype)
        out = torch.lerp(out, earlier, share_BNT1)
    return out[..., :value_width]


def attend_segments(q_TNH: Tensor, k_TNH: Tensor, v_TNV: Tensor, ends_S: Tensor, scale: float) -> Tensor:
    """Block-diagonal causal attention [T, N, H], [T, N, H], [T, N, V] -> [T, N, V] on any device."""
    value_width = v_TNV.shape[-1]
    if q_TNH.device.type == "cpu" and q_TNH.dtype != torch.float64:
        return segment_attention(q_TNH, k_TNH, v_TNV, ends_S, scale)[0]
    wide = _equally_wide(q_TNH, k_TNH, v_TNV)
    if q_TNH.is_cuda and q_TNH.dtype in (torch.bfloat16, torch.float16):
        ends = F.pad(ends_S, (1, 0))
        longest = int(ends.diff().max())
        limits = ends.to(q_TNH.device, torch.int32, non_blocking=True)
        out_TNX = torch.ops.aten._flash_attention_forward(
            *wide, limits, limits, longest, longest, 0.0, True, False, scale=scale
        )[0]
    else:
        parts = []
        for a, b in _documents(ends_S):
            q, k, v = (_segment(x, a, b) for x in wide)
            parts.append(F.scaled_dot_product_attention(q, k, v, is_causal=True, scale=scale)[0].transpose(0, 1))
        out_TNX = torch.cat(parts)
    return out_TNX[..., :value_width]
