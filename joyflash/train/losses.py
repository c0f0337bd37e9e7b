"""Next-token loss that never holds the logits of a whole row.

Letters: N target tokens, D hidden, V vocabulary.
"""

from __future__ import annotations

import torch

CHUNK = 1024
"""Targets whose logits exist at one time on a CPU."""
_GPU_NUMBERS = 16 * CHUNK * 8192
"""Logits that exist at one time on a GPU."""


def logits_at_once(vocabulary: int, *, on_gpu: bool) -> int:
    """Targets whose logits exist at one time: on a GPU more of a small vocabulary than of a large one."""
    return max(CHUNK, _GPU_NUMBERS // vocabulary) if on_gpu else CHUNK


class _ChunkedCrossEntropy(torch.autograd.Function):
    """Weighted sum of cross entropies; gradients are made in the forward pass, chunk by chunk."""

    @staticmethod
    def forward(ctx, hidden_ND, head_VD, targets_N, weights_N):
        for_hidden, for_head = ctx.needs_input_grad[:2]  # what is frozen needs no gradient
        grad_hidden_ND = torch.empty_like(hidden_ND) if for_hidden else None
        grad_head_VD = torch.zeros_like(head_VD, dtype=torch.float32) if for_head else None
        losses = []
        size = logits_at_once(head_VD.shape[0], on_gpu=hidden_ND.is_cuda)
        for start in range(0, hidden_ND.shape[0], size):
            chunk = slice(start, start + size)
            logits_NV = (hidden_ND[chunk] @ head_VD.t()).float()
            logits_NV -= logits_NV.amax(dim=-1, keepdim=True)
            target_logit_N1 = logits_NV.gather(1, targets_N[chunk].unsqueeze(1))
            sums_N1 = logits_NV.exp_().sum(dim=-1, keepdim=True)
            losses.append((sums_N1.log() - target_logit_N1).squeeze(1))
            if not (for_hidden or for_head):
                continue
            logits_NV.mul_(weights_N[chunk].unsqueeze(1) / sums_N1)  # weight * softmax
            logits_NV.scatter_add_(1, targets_N[chunk].unsqueeze(1), -weights_N[chunk].unsqueeze(1))
            grad_logits_NV = logits_NV.to(hidden_ND.dtype)
            if grad_hidden_ND is not None:
                torch.mm(grad_logits_NV, head_VD, out=grad_hidden_ND[chunk])
            if grad_head_VD is not None:
                grad_head_VD += grad_logits_NV.t() @ hidden_ND[chunk]
        losses_N = torch.cat(losses) if losses else hidden_ND.new_zeros(0, dtype=torch.float32)
        ctx.save_for_backward(*(grad for grad in (grad_hidden_ND, grad_head_VD) if grad is not None))
        ctx.mark_non_differentiable(losses_N)
        return (losses_N * weights_N).sum(), losses_N

    @staticmethod
    def backward(ctx, grad_loss, _grad_losses):  # pyright: ignore[reportIncompatibleMethodOverride]
        saved = iter(ctx.saved_tensors)
        hidden, head = (next(saved) * grad_loss if needed else None for needed in ctx.needs_input_grad[:2])
        return hidden, head, None, None


def weighted_cross_entropy(
    hidden_ND: torch.Tensor, head_VD: torch.Tensor, targets_N: torch.Tensor, weights_N: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Cross entropy in nats of ``hidden @ head.T`` against ``targets``.

    Returns:
        The sum of weight times loss (scalar, differentiable in hidden and head) and each token's loss [N] (not).
    """
    return _ChunkedCrossEntropy.apply(hidden_ND, head_VD, targets_N, weights_N)  # pyright: ignore[reportReturnType]
