"""Losses on preferences as pure functions of log-ratios.

Each takes the log-ratios log π − log π_ref of the better (``chosen_P``) and the worse (``rejected_P``) answers, one
entry per pair, and gives one loss per pair. The log-probability of an answer is the sum over its tokens; for the losses
in ``PER_TOKEN`` their mean.

Letters: P pairs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from joyflash.errors import ConfigError

PreferenceLoss = Callable[[Tensor, Tensor], Tensor]


def sigmoid(chosen_P: Tensor, rejected_P: Tensor, *, beta: float, label_smoothing: float = 0.0) -> Tensor:
    """DPO (Rafailov et al. 2023, equation 7); with smoothing "conservative DPO", for labels wrong that often."""
    margin_P = beta * (chosen_P - rejected_P)
    return -(1 - label_smoothing) * logsigmoid(margin_P) - label_smoothing * logsigmoid(-margin_P)


def robust(chosen_P: Tensor, rejected_P: Tensor, *, beta: float, label_smoothing: float = 0.0) -> Tensor:
    """DPO made unbiased for labels that are wrong with a known rate below 0.5 (Chowdhury et al. 2024)."""
    margin_P = beta * (chosen_P - rejected_P)
    right_P, wrong_P = -logsigmoid(margin_P), -logsigmoid(-margin_P)
    return ((1 - label_smoothing) * right_P - label_smoothing * wrong_P) / (1 - 2 * label_smoothing)


def hinge(chosen_P: Tensor, rejected_P: Tensor, *, beta: float) -> Tensor:
    """The margin loss of SLiC (Zhao et al. 2023), on log-ratios."""
    return torch.relu(1 - beta * (chosen_P - rejected_P))


def ipo(chosen_P: Tensor, rejected_P: Tensor, *, beta: float) -> Tensor:
    """Identity preference optimisation (Azar et al. 2023, equation 17); ``beta`` is their τ, ratios are per token."""
    return (chosen_P - rejected_P - 1 / (2 * beta)) ** 2


def apo_zero(chosen_P: Tensor, rejected_P: Tensor, *, beta: float) -> Tensor:
    """Anchored preference optimisation for answers better than the model's own (D'Oosterlinck et al. 2024, eq. 7)."""
    return 1 - torch.sigmoid(beta * chosen_P) + torch.sigmoid(beta * rejected_P)


def apo_down(chosen_P: Tensor, rejected_P: Tensor, *, beta: float) -> Tensor:
    """The same where even the better answers are worse than the model's own (eq. 8)."""
    return torch.sigmoid(beta * chosen_P) + 1 - torch.sigmoid(beta * (chosen_P - rejected_P))


_LOSSES: Mapping[str, Callable[..., Tensor]] = MappingProxyType(
    {"sigmoid": sigmoid, "robust": robust, "hinge": hinge, "ipo": ipo, "apo_zero": apo_zero, "apo_down": apo_down}
)
NAMES = tuple(_LOSSES)
PER_TOKEN = frozenset({"ipo"})
_SMOOTHED = ("sigmoid", "robust")


def make_loss(name: str, *, beta: float, label_smoothing: float = 0.0) -> PreferenceLoss:
    """The loss called ``name``.

    Raises:
        ConfigError: there is no such loss, it has no smoothing, or a number is out of its range.
    """
    if name not in _LOSSES:
        raise ConfigError(f"There is no preference loss {name!r}; there are {', '.join(NAMES)}.")
    if not beta > 0:
        raise ConfigError(f"beta is {beta}; it must be above 0.")
    if not 0 <= label_smoothing < 0.5:
        raise ConfigError(f"label_smoothing is {label_smoothing}; it must be at least 0 and below 0.5.")
    if name in _SMOOTHED:
        return partial(_LOSSES[name], beta=beta, label_smoothing=label_smoothing)
    if label_smoothing:
        raise ConfigError(f"The loss {name} has no label_smoothing; {' and '.join(_SMOOTHED)} have.")
    return partial(_LOSSES[name], beta=beta)
