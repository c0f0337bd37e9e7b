"""Next-token loss that never holds the logits of a whole row.

Letters: N target tokens, D hidden, V vocabulary.
"""

from __future__ import annotations

import torch

from joyflash.kernels.cpu import rows

CHUNK = 1024
"""Targets whose logits exist at one time at least."""
_CPU_NUMBERS, _GPU_NUMBERS = 2 * CHUNK * 8192, 16 * CHUNK * 8192
"""Logits that exist at one time, of a small vocabulary; on a CPU those of one row of the recipes."""


def logits_at_once(vocabulary: int, *, on_gpu: bool) -> int:
    """Targets whose logits exist at one time: more of a small vocabulary than of a large one."""
    return max(CHUNK, (_GPU_NUMBERS if on_gpu else _CPU_NUMBERS) // vocabulary)


class _ChunkedCrossEntropy(torch.autograd.Function):
    """Weighted sum of cross entropies; gradients are made in the forward pass, chunk by chunk."""

    @staticmethod
    def forward(ctx, hidden_ND, head_VD, targets_N, weights_N, powers_N):
        for_hidden, for_head = ctx.needs_input_grad[:2]  # what is frozen needs no gradient
        grad_hidden_ND = torch.empty_like(hidden_ND) if for_hidden else None
        losses = []
        size = logits_at_once(head_VD.shape[0], on_gpu=hidden_ND.is_cuda)
        # Sums of several chunks are float32; a single one is its gradient as it is.
        single = 0 < hidden_ND.shape[0] <= size
        make, dtype = (torch.empty_like, head_VD.dtype) if single else (torch.zeros_like, torch.float32)
        grad_head_VD = make(head_VD, dtype=dtype) if for_head else None
        for start in range(0, hidden_ND.shape[0], size):
            chunk = slice(start, start + size)
            logits_NV = hidden_ND[chunk] @ head_VD.t()
            if (for_hidden or for_head) and rows.can_run(logits_NV):
                given = (targets_N[chunk], weights_N[chunk].float(), _part(powers_N, chunk))
                losses.append(rows.entropy(logits_NV, *given))
                _add_gradients(logits_NV, hidden_ND, head_VD, chunk, grad_hidden_ND, grad_head_VD)
                continue
            logits_NV = logits_NV.float()
            logits_NV -= logits_NV.amax(dim=-1, keepdim=True)
            target_logit_N1 = logits_NV.gather(1, targets_N[chunk].unsqueeze(1))
            sums_N1 = logits_NV.exp_().sum(dim=-1, keepdim=True)
            losses.append((sums_N1.log() - target_logit_N1).squeeze(1))
            if not (for_hidden or for_head):
                continue
            weights_N1 = _effective(weights_N[chunk], losses[-1], _part(powers_N, chunk)).unsqueeze(1)
            logits_NV.mul_(weights_N1 / sums_N1)  # weight * softmax
            logits_NV.scatter_add_(1, targets_N[chunk].unsqueeze(1), -weights_N1)
            _add_gradients(logits_NV.to(hidden_ND.dtype), hidden_ND, head_VD, chunk, grad_hidden_ND, grad_head_VD)
        losses_N = torch.cat(losses) if losses else hidden_ND.new_zeros(0, dtype=torch.float32)
        ctx.save_for_backward(*(grad for grad in (grad_hidden_ND, grad_head_VD) if grad is not None))
        ctx.mark_non_differentiable(losses_N)
        return (losses_N * _effective(weights_N, losses_N, powers_N)).sum(), losses_N

    @staticmethod
    def backward(ctx, grad_loss, _grad_losses):  # pyright: ignore[reportIncompatibleMethodOverride]
        saved = iter(ctx.saved_tensors)
        hidden, head = (next(saved) * grad_loss if needed else None for needed in ctx.needs_input_grad[:2])
        return hidden, head, None, None, None


def _part(powers_N: torch.Tensor | None, chunk: slice) -> torch.Tensor | None:
    return None if powers_N is None else powers_N[chunk].float()


def _effective(weights_N: torch.Tensor, losses_N: torch.Tensor, powers_N: torch.Tensor | None) -> torch.Tensor:
    """Weights times each target's probability to its power."""
    return weights_N if powers_N is None else weights_N * (-powers_N * losses_N).exp()


def _add_gradients(
    grad_logits_NV: torch.Tensor,
    hidden_ND: torch.Tensor,
    head_VD: torch.Tensor,
    chunk: slice,
    grad_hidden_ND: torch.Tensor | None,
    grad_head_VD: torch.Tensor | None,
) -> None:
    """What a chunk's logits contribute to the gradients that are wanted."""
    if grad_hidden_ND is not None:
        torch.mm(grad_logits_NV, head_VD, out=grad_hidden_ND[chunk])
    if grad_head_VD is not None:
        if grad_logits_NV.shape[0] == hidden_ND.shape[0]:
            torch.mm(grad_logits_NV.t(), hidden_ND, out=grad_head_VD)
        else:
            grad_head_VD += grad_logits_NV.t() @ hidden_ND[chunk]


def weighted_cross_entropy(
    hidden_ND: torch.Tensor,
    head_VD: torch.Tensor,
    targets_N: torch.Tensor,
    weights_N: torch.Tensor,
    powers_N: torch.Tensor | None = None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Cross entropy in nats of ``hidden @ head.T`` against ``targets``.

    With powers [N] each weight is multiplied by the target's probability to that power, which counts as a constant:
    0 is cross entropy, 1 the loss of dynamic fine-tuning (DFT, arXiv:2508.05629).

    Returns:
        The sum of weight times loss (scalar, differentiable in hidden and head) and each token's loss [N] (not).
    """
    return _ChunkedCrossEntropy.apply(hidden_ND, head_VD, targets_N, weights_N, powers_N)  # pyright: ignore[reportReturnType]


class _ChunkedLogProbs(torch.autograd.Function):
    """Log-probability of each target; the backward pass makes the logits again, chunk by chunk."""

    @staticmethod
    def forward(ctx, hidden_ND, head_VD, targets_N):
        found, sums = [], []
        size = logits_at_once(head_VD.shape[0], on_gpu=hidden_ND.is_cuda)
        for start in range(0, hidden_ND.shape[0], size):
            chunk = slice(start, start + size)
            logits_NV = (hidden_ND[chunk] @ head_VD.t()).float()
            sums.append(logits_NV.logsumexp(dim=-1))
            found.append(logits_NV.gather(1, targets_N[chunk].unsqueeze(1)).squeeze(1) - sums[-1])
        empty_N = hidden_ND.new_zeros(0, dtype=torch.float32)
        ctx.save_for_backward(hidden_ND, head_VD, targets_N, torch.cat(sums) if sums else empty_N)
        return torch.cat(found) if found else empty_N

    @staticmethod
    def backward(ctx, grad_N):  # pyright: ignore[reportIncompatibleMethodOverride]
        hidden_ND, head_VD, targets_N, sums_N = ctx.saved_tensors
        grad_hidden_ND = torch.empty_like(hidden_ND)
        grad_head_VD = torch.zeros_like(head_VD, dtype=torch.float32)
        size = logits_at_once(head_VD.shape[0], on_gpu=hidden_ND.is_cuda)
        for start in range(0, hidden_ND.shape[0], size):
            chunk = slice(start, start + size)
            logits_NV = (hidden_ND[chunk] @ head_VD.t()).float()
            logits_NV.sub_(sums_N[chunk].unsqueeze(1)).exp_().mul_(-grad_N[chunk].unsqueeze(1))
            logits_NV.scatter_add_(1, targets_N[chunk].unsqueeze(1), grad_N[chunk].unsqueeze(1))
            grad_logits_NV = logits_NV.to(hidden_ND.dtype)
            torch.mm(grad_logits_NV, head_VD, out=grad_hidden_ND[chunk])
            grad_head_VD += grad_logits_NV.t() @ hidden_ND[chunk]
        return grad_hidden_ND, grad_head_VD.to(head_VD.dtype), None


def token_log_probs(hidden_ND: torch.Tensor, head_VD: torch.Tensor, targets_N: torch.Tensor) -> torch.Tensor:
    """Log-probability [N] of each target under ``hidden @ head.T``, float32, differentiable in hidden and head."""
    return _ChunkedLogProbs.apply(hidden_ND, head_VD, targets_N)  # pyright: ignore[reportReturnType]
