"""RMSNorm and SwiGLU's activation, in one pass over memory each: on a CPU in C, elsewhere in PyTorch.

Step by step PyTorch reads and writes the rows about ten times; with gradients that was a quarter of a training step.

Letters: M rows, D width, I width of an expert, J = 2 * I.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from joyflash.kernels.cpu import rows


class RMSNorm(nn.RMSNorm):
    """PyTorch's module with another kernel on a CPU."""

    def forward(self, x: Tensor) -> Tensor:
        """Normalise the last dimension."""
        if not rows.can_run(x, self.weight):
            return super().forward(x)
        return rms_norm(x, self.weight, self.eps)[0]  # pyright: ignore[reportArgumentType]


@torch.library.custom_op("joyflash::rms_norm", mutates_args=())
def rms_norm(x: Tensor, weight_D: Tensor, eps: float) -> tuple[Tensor, Tensor]:
    """On a CPU: ``x`` [..., D] over the root of its mean square, times the weight; and each row's factor [M]."""
    out_MD, scale_M = rows.norm(x.reshape(-1, x.shape[-1]), weight_D, eps)
    return out_MD.view(x.shape), scale_M


@rms_norm.register_fake
def _(x, weight_D, eps):
    return x.new_empty(x.shape), x.new_empty(x.shape[:-1].numel(), dtype=torch.float32)


@torch.library.custom_op("joyflash::rms_norm_backward", mutates_args=())
def _rms_norm_backward(grad: Tensor, x: Tensor, weight_D: Tensor, scale_M: Tensor) -> tuple[Tensor, Tensor]:
    width = x.shape[-1]
    grad_x_MD, grad_weight_D = rows.norm_backward(grad.reshape(-1, width), x.reshape(-1, width), weight_D, scale_M)
    return grad_x_MD.view(x.shape), grad_weight_D.to(weight_D.dtype)


@_rms_norm_backward.register_fake
def _(grad, x, weight_D, scale_M):
    return x.new_empty(x.shape), torch.empty_like(weight_D)


def _save_norm(ctx, inputs, output):
    x, weight_D, _eps = inputs
    ctx.save_for_backward(x, weight_D, output[1])
    ctx.mark_non_differentiable(output[1])


def _norm_gradients(ctx, grad, _grad_scale):
    return (*_rms_norm_backward(grad, *ctx.saved_tensors), None)


rms_norm.register_autograd(_norm_gradients, setup_context=_save_norm)


def gated(gate: Tensor, up: Tensor) -> Tensor:
    """``silu(gate) * up``, of any shape."""
    if not rows.can_run(gate, up):
        return F.silu(gate) * up
    return _gated(gate, up)


@torch.library.custom_op("joyflash::gated", mutates_args=())
def _gated(gate: Tensor, up: Tensor) -> Tensor:
    width = gate.shape[-1]
    return rows.gated(gate.reshape(-1, width), up.reshape(-1, width)).view(gate.shape)


@_gated.register_fake
def _(gate, up):
    return gate.new_empty(gate.shape)


@torch.library.custom_op("joyflash::gated_backward", mutates_args=())
def _gated_backward(grad: Tensor, gate: Tensor, up: Tensor) -> tuple[Tensor, Tensor]:
    width = gate.shape[-1]
    gate_MD, up_MD = gate.reshape(-1, width).contiguous(), up.reshape(-1, width).contiguous()
    grads = (torch.empty_like(gate_MD), torch.empty_like(up_MD))
    rows.gated_backward(grad.reshape(-1, width), gate_MD, up_MD, grads)
    return grads[0].view(gate.shape), grads[1].view(up.shape)


@_gated_backward.register_fake
def _(grad, gate, up):
    return gate.new_empty(gate.shape), up.new_empty(up.shape)


def _save_gated(ctx, inputs, output):
    ctx.save_for_backward(*inputs)


def _gated_gradients(ctx, grad):
    return _gated_backward(grad, *ctx.saved_tensors)


_gated.register_autograd(_gated_gradients, setup_context=_save_gated)


def gated_rows(projected_MJ: Tensor, weight_M: Tensor) -> Tensor:
    """Experts' rows [M, I]: the first half of each gates the second, times the row's weight. Knows no gradients."""
    gate_MI, up_MI = projected_MJ.chunk(2, dim=-1)
    if rows.can_run(projected_MJ, weight_M):
        return rows.gated(gate_MI, up_MI, weight_M)
    return (F.silu(gate_MI) * up_MI).mul_(weight_M.unsqueeze(-1))


def gated_rows_backward(grad_MI: Tensor, projected_MJ: Tensor, weight_M: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """What ``gated_rows`` gave, and its gradients for the projections [M, J] and the weights [M].

    ``grad_MI`` may be overwritten.
    """
    gate_MI, up_MI = projected_MJ.chunk(2, dim=-1)
    if rows.can_run(grad_MI, projected_MJ, weight_M):
        grad_projected_MJ = torch.empty_like(projected_MJ)
        grad_gate_MI, grad_up_MI = grad_projected_MJ.chunk(2, dim=-1)
        found = rows.gated_backward(grad_MI, gate_MI, up_MI, (grad_gate_MI, grad_up_MI), weight_M)
        assert found is not None
        return found[0], grad_projected_MJ, found[1].to(weight_M.dtype)
    weight_M1 = weight_M.unsqueeze(-1)
    sigmoid_MI = gate_MI.sigmoid()
    silu_MI = gate_MI * sigmoid_MI
    active_MI = silu_MI * up_MI
    grad_weight_M = (grad_MI * active_MI).sum(dim=-1)
    grad_active_MI = grad_MI.mul_(weight_M1)
    # d silu(g) = sigmoid(g) * (1 + g * (1 - sigmoid(g))) = sigmoid(g) + silu(g) * (1 - sigmoid(g))
    slope_MI = sigmoid_MI + silu_MI * (1 - sigmoid_MI)
    grad_projected_MJ = torch.cat((grad_active_MI * up_MI * slope_MI, grad_active_MI * silu_MI), dim=-1)
    return active_MI * weight_M1, grad_projected_MJ, grad_weight_M
