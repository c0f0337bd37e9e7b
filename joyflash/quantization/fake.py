"""Fake quantisation: weights that are what their quantised form stands for, for training that is aware of it.

A step runs on fake weights and its gradients are given to the weights themselves, as if rounding were the identity:
the straight-through estimator (Bengio et al. 2013, arXiv 1308.3432; for INT4 experts the model's report, section on
quantisation-aware training). The optimiser works on the weights in full precision, so small steps are not lost.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from joyflash.quantization.formats import Format, round_to, weight_of
from joyflash.quantization.policy import Policy

_AT_ONCE = 1 << 24
"""Values of a stack that are rounded in one go; rounding takes several times their memory."""


@torch.no_grad()
def fake_quantize(weight: Tensor, format: Format) -> Tensor:
    """``dequantize(quantize(weight))`` to the bit, without packing; [..., O, I] in the weight's dtype.

    A value that is not finite makes its whole block NaN, so that the loss tells.
    """
    return weight_of(*round_to(weight.float(), format), format).to(weight.dtype)


@contextmanager
def fake_quantized(parts: Iterable[tuple[str, Tensor]], policy: Policy | None) -> Iterator[None]:
    """Let tensors hold fake weights inside the context, in place, and what they held before behind it, to the bit.

    What is rounded is kept beside it meanwhile, and takes its memory twice.

    Args:
        parts: parameters by name, or a process's parts of them; a part has whole rows, as scales go along rows.
        policy: which take which format, see ``Policy.stored``; None: nothing changes.
    """
    if policy is None:
        yield
        return
    kept: list[tuple[Tensor, Tensor]] = []
    try:
        for name, tensor in parts:
            format = policy.stored(name, tensor.shape[-1] if tensor.dim() else 1)
            if format is not None and tensor.numel():  # of a process without experts nothing
                held = tensor.detach()
                kept.append((held, held.clone()))
                for some in held.split(max(1, _AT_ONCE // held[0].numel())) if held.dim() > 2 else (held,):
                    some.copy_(fake_quantize(some, format))
        yield
    finally:
        for held, before in kept:
            held.copy_(before)
