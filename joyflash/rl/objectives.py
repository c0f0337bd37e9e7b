"""The policy losses behind one interface: log-probabilities and columns of an optimiser step in, a scalar out."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor

from joyflash.errors import ConfigError
from joyflash.rl import fiberpo, losses
from joyflash.rl.rows import TokenColumns

PolicyLoss = Callable[[Tensor, TokenColumns], Tensor]
"""Log-probabilities [N] under the policy in training, and the step's columns, to the scalar to descend on."""

FIBERPO = MappingProxyType({"epsilon": 0.025, "c_plus": 0.15, "c_minus": 0.09})
"""The budgets of the paper's first figure; the released model's are unknown."""
_LOSSES: Mapping[str, Callable[..., Tensor]] = MappingProxyType(
    {
        "fiberpo": fiberpo.loss,
        "fiberpo_domain": fiberpo.loss,
        "grpo": losses.grpo,
        "dapo": losses.dapo,
        "gspo": losses.gspo,
        "reinforce": losses.reinforce,
    }
)
NAMES = tuple(_LOSSES)
_GIVEN = ("num_trajectories", "num_tokens", "group", "domain")


def make_objective(name: str, options: Mapping[str, Any] | None = None) -> PolicyLoss:
    """The loss called ``name`` with its ``options`` (clip bounds or budgets; those left out have their defaults).

    Every trajectory of the step must be in the columns: FiberPO-Domain ties them together, and all count them.

    Raises:
        ConfigError: there is no such loss, or it has no such option.
    """
    if name not in _LOSSES:
        raise ConfigError(f"There is no objective {name!r}; there are {', '.join(NAMES)}.")
    loss = _LOSSES[name]
    parameters = inspect.signature(loss).parameters.values()
    known = [each.name for each in parameters if each.kind is each.KEYWORD_ONLY and each.name not in _GIVEN]
    unknown = sorted(set(options or ()) - set(known))
    if unknown:
        raise ConfigError(
            f"The objective {name} has no option {', '.join(unknown)}; it has {', '.join(known) or 'none'}."
        )
    defaults = FIBERPO if name.startswith("fiberpo") else {}
    return partial(_call, loss, name, {**defaults, **(options or {})})


def _call(
    loss: Callable[..., Tensor], name: str, options: Mapping[str, Any], log_prob_N: Tensor, columns: TokenColumns
) -> Tensor:
    more: dict[str, Any] = {}
    if name == "fiberpo_domain":
        more = {"group": columns.group_N, "domain": columns.domain_N}
    elif name == "dapo":
        more = {"num_tokens": log_prob_N.numel()}
    return loss(
        log_prob_N,
        columns.old_log_prob_N,
        columns.advantage_N,
        columns.trajectory_N,
        columns.mask_N,
        num_trajectories=int(columns.trajectory_N.unique().numel()),
        **more,
        **options,
    )


def token_gradients(objective: PolicyLoss, log_prob_N: Tensor, columns: TokenColumns) -> tuple[float, Tensor]:
    """The loss, and its derivative by every token's log-probability, [N]."""
    leaf_N = log_prob_N.detach().clone().requires_grad_()
    loss = objective(leaf_N, columns)
    (gradient_N,) = torch.autograd.grad(loss, leaf_N)
    return float(loss.detach()), gradient_N


def group_advantages(rewards: list[list[float]], *, normalise: bool) -> list[list[float]]:
    """Rewards minus the mean of their group, divided by the group's standard deviation if ``normalise``.

    A group of equal rewards has advantages of exactly 0 either way.
    """
    found = []
    for group in rewards:
        mean = sum(group) / len(group)
        centred = [reward - mean for reward in group]
        if len(set(group)) == 1:
            centred = [0.0] * len(group)
        spread = (sum(value * value for value in centred) / len(group)) ** 0.5
        found.append([value / (spread + 1e-6) for value in centred] if normalise else centred)
    return found
