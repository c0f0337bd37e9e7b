"""Muon with its four properties, batched: equal views of different parameters share one orthogonalisation.

Properties: 1 orthogonalised Nesterov momentum, 2 momentum warm-up, 3 variance reduction (NorMuon), 4 cautious weight
decay. `muon_reference.reference_step` holds the same formulas for one matrix; tests keep the two equal.

Letters: N matrices of one bucket (over all its parameters), M matrices of one parameter, R rows, C columns.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor

from joyflash.errors import ConfigError
from joyflash.optim.orthogonalize import POLAR_EXPRESS, Iteration, orthogonalize

_FLOOR = 1e-10  # of the second moment and of a norm: an expert that saw no token stays finite


class Muon(torch.optim.Optimizer):
    """Muon for matrices and stacks of matrices.

    A parameter is a matrix [R, C] or a stack [..., R, C] (experts), each trailing matrix updated on its own. The group
    option ``matrix_rows`` cuts it further: with ``matrix_rows=192`` a [32*192, C] projection is 32 matrices, one per
    head. The update is scaled by the shape of these views, not of the parameter. All state is float32.

    Args:
        params: parameters, or groups as for any torch optimizer; ``matrix_rows`` may be given per group.
        lr: base learning rate; weight decay uses it as it is, the update multiplied by the shape factor.
        momentum: μ after the warm-up.
        weight_decay: decoupled; applied only where update and weight agree in sign when ``cautious``.
        variance_reduction: property 3.
        cautious: property 4.
        beta2: decay of the second moment of property 3.
        momentum_warmup_steps: steps over which μ rises linearly from ``momentum_start``; 0 turns property 2 off.
        momentum_start: first μ of the warm-up (never above ``momentum``).
        scale: "match_rms" 0.2·sqrt(max(R, C)), so that AdamW learning rates carry over; "spectral"
            sqrt(max(1, R/C)).
        coefficients: orthogonalisation, POLAR_EXPRESS or KELLER_JORDAN.
        dtype: precision of the orthogonalisation; None takes bfloat16 on a GPU and float32 elsewhere.
        matrix_rows: rows of one matrix for all groups that do not say otherwise; None keeps trailing matrices whole.

        orthogonal: property 1; without it the momentum only gets the Frobenius norm that an orthogonal matrix would
            have (for ablations).

    Raises:
        ConfigError: for a value out of range, a vector parameter, or rows that ``matrix_rows`` does not divide.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        momentum: float = 0.95,
        weight_decay: float = 0.1,
        variance_reduction: bool = True,
        cautious: bool = True,
        beta2: float = 0.95,
        momentum_warmup_steps: int = 300,
        momentum_start: float = 0.85,
        scale: str = "match_rms",
        coefficients: Iteration = POLAR_EXPRESS,
        dtype: torch.dtype | None = None,
        matrix_rows: int | None = None,
        orthogonal: bool = True,
    ):
        if lr < 0 or weight_decay < 0 or not 0 <= momentum < 1 or not 0 <= beta2 < 1 or momentum_warmup_steps < 0:
            raise ConfigError(
                f"Muon got lr={lr}, weight_decay={weight_decay}, momentum={momentum}, beta2={beta2}, "
                f"momentum_warmup_steps={momentum_warmup_steps}: none may be negative, momentum and beta2 are below 1."
            )
        if scale not in ("match_rms", "spectral"):
            raise ConfigError(f"Muon's scale is 'match_rms' or 'spectral', not {scale!r}.")
        self._iteration = coefficients
        self._dtype = dtype
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "weight_decay": weight_decay,
            "orthogonal": orthogonal,
            "variance_reduction": variance_reduction,
            "cautious": cautious,
            "beta2": beta2,
            "momentum_warmup_steps": momentum_warmup_steps,
            "momentum_start": momentum_start,
            "scale": scale,
            "matrix_rows": matrix_rows,
            "step": 0,
        }
        super().__init__(params, defaults)
        self._check()

    def _check(self) -> None:
        """Refuse parameters that cannot be cut into matrices."""
        for group in self.param_groups:
            for parameter in group["params"]:
                view_shape(parameter, group["matrix_rows"])

    def __setstate__(self, state: dict[str, Any]) -> None:
        """As torch does; a state saved before a switch existed has it on."""
        super().__setstate__(state)
        for group in self.param_groups:
            group.setdefault("orthogonal", True)

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Update every parameter that has a gradient; return the closure's loss, if one is given."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            buckets: defaultdict[tuple[Any, ...], list[Tensor]] = defaultdict(list)
            for parameter in group["params"]:
                if parameter.grad is not None:
                    _, rows, columns = view_shape(parameter, group["matrix_rows"])
                    buckets[rows, columns, parameter.device].append(parameter)
            mu = momentum_at(group["step"], group["momentum"], group["momentum_start"], group["momentum_warmup_steps"])
            for (rows, columns, _), parameters in buckets.items():
                self._update_bucket(parameters, rows, columns, mu, group)
            group["step"] += 1
        return loss

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """As torch does, but keep the state float32: torch would cast it to the parameters' type."""
        super().load_state_dict(state_dict)
        for group, saved in zip(self.param_groups, state_dict["param_groups"], strict=True):
            for parameter, index in zip(group["params"], saved["params"], strict=True):
                for name, value in state_dict["state"].get(index, {}).items():
                    self.state[parameter][name] = value.to(parameter.device, torch.float32, copy=True)

    def _update_bucket(self, parameters: list[Tensor], rows: int, columns: int, mu: float, group: dict) -> None:
        """One step for all ``parameters``, whose views are all rows × columns."""
        gradients = [parameter.grad.float() for parameter in parameters if parameter.grad is not None]
        nesterov = []
        for parameter, gradient in zip(parameters, gradients, strict=True):
            momentum = self._momentum(parameter).lerp_(gradient, 1 - mu)
            nesterov.append(gradient.lerp(momentum, mu).reshape(-1, rows, columns))
        counts = [parameter.numel() // (rows * columns) for parameter in parameters]
        variances = []
        if group["variance_reduction"]:
            variances = [self._variance(*each, rows, columns) for each in zip(parameters, counts, strict=True)]
        update_NRC = self._updates(torch.cat(nesterov), variances, group)
        for parameter, update_MRC in zip(parameters, update_NRC.split(counts), strict=True):
            apply_update(parameter.view(-1, rows, columns), update_MRC, (rows, columns), group)

    def _updates(self, nesterov_NRC: Tensor, variances: list[Tensor], group: dict[str, Any]) -> Tensor:
        """Properties 1 and 3: from momentum to update; the second moments, whose lengths sum to N, advance in place."""
        if group["orthogonal"]:
            update_NRC = orthogonalize(nesterov_NRC, self._iteration, self._dtype)
        else:
            norm_N11 = torch.linalg.vector_norm(nesterov_NRC, dim=(-2, -1), keepdim=True)
            update_NRC = nesterov_NRC * (math.sqrt(min(nesterov_NRC.shape[-2:])) / norm_N11.clamp(min=_FLOOR))
        return _reduce_variance(update_NRC, variances, group["beta2"]) if variances else update_NRC

    def _momentum(self, parameter: Tensor) -> Tensor:
        state = self.state[parameter]
        if "momentum" not in state:
            state["momentum"] = torch.zeros_like(parameter, dtype=torch.float32)
        return state["momentum"]

    def _variance(self, parameter: Tensor, count: int, rows: int, columns: int) -> Tensor:
        state = self.state[parameter]
        if "variance" not in state:
            shape = variance_shape(rows, columns)
            state["variance"] = torch.zeros((count, *shape), dtype=torch.float32, device=parameter.device)
        return state["variance"]


def view_shape(parameter: Tensor, matrix_rows: int | None) -> tuple[int, int, int]:
    """Number of matrices, rows and columns that Muon sees in ``parameter``; raises ConfigError if it cannot be cut."""
    shape = tuple(parameter.shape)
    if len(shape) < 2:
        raise ConfigError(f"Muon updates matrices; a parameter of shape {shape} belongs in the AdamW group.")
    rows = shape[-2] if matrix_rows is None else matrix_rows
    if rows < 1 or shape[-2] % rows:
        raise ConfigError(f"A parameter of shape {shape} cannot be cut into matrices of {rows} rows.")
    return parameter.numel() // (rows * shape[-1]), rows, shape[-1]


def variance_shape(rows: int, columns: int) -> tuple[int, int]:
    """Shape of one matrix's second moment: one number per line of the longer side."""
    return (rows, 1) if rows >= columns else (1, columns)


def apply_update(weight: Tensor, update: Tensor, view: tuple[int, int], group: dict[str, Any]) -> None:
    """Property 4 and the step itself, element by element: any part of a parameter with the same part of its update.

    Args:
        weight, update: of the same shape; the weight changes in place.
        view: rows and columns of the matrix that they are part of, which decide the scale.
        group: the optimiser's options.
    """
    lr, factor = group["lr"], shape_scale(*view, group["scale"])
    if group["weight_decay"] and group["cautious"]:
        decayed = torch.where(update * weight >= 0, weight, 0)
        weight.sub_(decayed, alpha=lr * group["weight_decay"])
    elif group["weight_decay"]:
        weight.mul_(1 - lr * group["weight_decay"])
    weight.sub_(update, alpha=lr * factor)


def momentum_at(step: int, momentum: float, start: float, warmup_steps: int) -> float:
    """μ of a step (0 is the first): linear from ``start`` to ``momentum`` over the warm-up, then constant."""
    if step >= warmup_steps:
        return momentum
    start = min(start, momentum)
    return start + (momentum - start) * step / warmup_steps


def shape_scale(rows: int, columns: int, scale: str) -> float:
    """Factor on the learning rate: "match_rms" (Moonlight, arXiv 2502.16982) or "spectral" (Keller Jordan)."""
    return 0.2 * math.sqrt(max(rows, columns)) if scale == "match_rms" else math.sqrt(max(1.0, rows / columns))


def _reduce_variance(update_NRC: Tensor, variances: list[Tensor], beta2: float) -> Tensor:
    """Even out the lines of the longer side and keep each matrix's norm (NorMuon, arXiv 2510.05491)."""
    rows, columns = update_NRC.shape[-2:]
    mean_square = update_NRC.square().mean(dim=-1 if rows >= columns else -2, keepdim=True)
    for variance, seen in zip(variances, mean_square.split([len(each) for each in variances]), strict=True):
        variance.lerp_(seen, 1 - beta2)
    norm_N11 = torch.linalg.vector_norm(update_NRC, dim=(-2, -1), keepdim=True)
    update_NRC = update_NRC * torch.cat(variances).clamp(min=_FLOOR).rsqrt()
    new_norm_N11 = torch.linalg.vector_norm(update_NRC, dim=(-2, -1), keepdim=True)
    return update_NRC.mul_(norm_N11 / new_norm_N11.clamp(min=_FLOOR))
