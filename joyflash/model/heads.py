"""What the heads of a packed row attend with: rotated queries, keys whose rotated part all heads share, and values.

On a CPU in C, in one pass over memory; step by step PyTorch makes about fifteen.

Letters: T tokens, N heads, H width of queries and keys, R its rotated part, W width of a value, X = H - R + W.
"""

from __future__ import annotations

import torch
from torch import Tensor

from joyflash.kernels.cpu import rows
from joyflash.model.rope import rotate


def make_heads(
    q_TNH: Tensor, kv_TNX: Tensor, k_rope_TR: Tensor, cos_T1F: Tensor, sin_T1F: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Queries [T, N, H], keys [T, N, H] and values [T, N, W].

    Args:
        q_TNH: queries before their last R numbers are rotated.
        kv_TNX: of each head the first H - R numbers of its key, then its value.
        k_rope_TR: the rest of the keys, before it is rotated.
        cos_T1F, sin_T1F: of the angles, float32, F = R / 2.
    """
    if rows.can_make_heads(q_TNH, kv_TNX, k_rope_TR, cos_T1F, sin_T1F):
        return _make_heads(q_TNH, kv_TNX, k_rope_TR, cos_T1F, sin_T1F)
    plain = q_TNH.shape[2] - k_rope_TR.shape[1]
    k_rope_T1R = rotate(k_rope_TR.unsqueeze(1), cos_T1F, sin_T1F)
    k_TNH = torch.cat((kv_TNX[..., :plain], k_rope_T1R.expand(-1, q_TNH.shape[1], -1)), dim=-1)
    rotated_TNH = torch.cat((q_TNH[..., :plain], rotate(q_TNH[..., plain:], cos_T1F, sin_T1F)), dim=-1)
    return rotated_TNH, k_TNH, kv_TNX[..., plain:]


@torch.library.custom_op("joyflash::make_heads", mutates_args=())
def _make_heads(
    q_TNH: Tensor, kv_TNX: Tensor, k_rope_TR: Tensor, cos_T1F: Tensor, sin_T1F: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    return rows.heads(q_TNH, kv_TNX, k_rope_TR, cos_T1F, sin_T1F)


@_make_heads.register_fake
def _(q_TNH, kv_TNX, k_rope_TR, cos_T1F, sin_T1F):
    width = kv_TNX.shape[2] - q_TNH.shape[2] + k_rope_TR.shape[1]
    return q_TNH.new_empty(q_TNH.shape), q_TNH.new_empty(q_TNH.shape), q_TNH.new_empty(*q_TNH.shape[:2], width)


@torch.library.custom_op("joyflash::make_heads_backward", mutates_args=())
def _make_heads_backward(
    grad_q: Tensor, grad_k: Tensor, grad_v: Tensor, rotated: int, cos_T1F: Tensor, sin_T1F: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    return rows.heads_backward((grad_q, grad_k, grad_v), rotated, cos_T1F, sin_T1F)


@_make_heads_backward.register_fake
def _(grad_q, grad_k, grad_v, rotated, cos_T1F, sin_T1F):
    tokens, heads, width = grad_q.shape
    kv_width = width - rotated + grad_v.shape[2]
    return grad_q.new_empty(grad_q.shape), grad_q.new_empty(tokens, heads, kv_width), grad_q.new_empty(tokens, rotated)


def _save(ctx, inputs, output):
    _q, _kv, k_rope_TR, cos_T1F, sin_T1F = inputs
    ctx.save_for_backward(cos_T1F, sin_T1F)
    ctx.rotated = k_rope_TR.shape[1]


def _gradients(ctx, grad_q, grad_k, grad_v):
    return (*_make_heads_backward(grad_q, grad_k, grad_v, ctx.rotated, *ctx.saved_tensors), None, None)


_make_heads.register_autograd(_gradients, setup_context=_save)
