"""Router-bias balancing: after each step, experts with few tokens become a little easier to choose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from joyflash.errors import TrainingError


@dataclass(frozen=True)
class Balance:
    """How evenly the last step used the experts.

    Args:
        violation: largest over the layers of (busiest expert's tokens − mean) / mean; 0 is perfect.
        dead_experts: experts without a token, summed over the layers.
        mean_violation: mean over the layers of the same ratio.
        lightest: smallest over the layers of least busy expert's tokens / mean; 1 is perfect.
    """

    violation: float
    dead_experts: int
    mean_violation: float = 0.0
    lightest: float = 1.0


@torch.no_grad()
def update_router_bias(layers: Sequence[tuple[Tensor, Tensor]], rate: float) -> Balance:
    """Advance every router's bias in place: d = γ·sign(mean(n) − n), b ← b + d − mean(d).

    Source: loss-free balancing (arXiv 2408.15664); taking the mean off keeps the biases from drifting together.

    Args:
        layers: per mixture-of-experts module its bias [E], float32, and n [E]: the tokens each expert got in this
            step, summed over all ranks and micro-batches. A module that saw no token at all is left alone.
        rate: γ, 1e-3 in pretraining; 0 freezes the biases and still measures.

    Returns:
        The load statistics of the step, before this update takes effect.

    Raises:
        TrainingError: a bias is not float32 (in bfloat16 the update vanishes) or the shapes differ.
    """
    violations, lightest = [], []
    dead_experts = 0
    for index, (bias_E, counts_E) in enumerate(layers):
        if bias_E.dtype != torch.float32 or bias_E.shape != counts_E.shape:
            raise TrainingError(
                f"Router {index}: the bias is {bias_E.dtype} {tuple(bias_E.shape)} and the counts have shape "
                f"{tuple(counts_E.shape)}; keep the bias in float32 with one count per expert."
            )
        n_E = counts_E.to(bias_E.device, torch.float64)
        mean = n_E.mean()
        if mean == 0:
            continue
        violations.append(((n_E.max() - mean) / mean).item())
        lightest.append((n_E.min() / mean).item())
        dead_experts += int((n_E == 0).sum())
        step_E = rate * torch.sign(mean - n_E).float()
        bias_E += step_E - step_E.mean()
    if not violations:
        return Balance(0.0, 0)
    return Balance(max(violations), dead_experts, sum(violations) / len(violations), min(lightest))
