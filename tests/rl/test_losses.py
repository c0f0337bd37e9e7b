"""The losses beside FiberPO: against loops in plain Python, and in what they must have in common."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch

from joyflash.errors import TrainingError
from joyflash.rl import fiberpo, losses

BOUNDS = {"clip_low": 0.1, "clip_high": 0.3}
CASES: dict[str, tuple[Callable[..., torch.Tensor], dict[str, Any]]] = {
    "reinforce": (losses.reinforce, {}),
    "grpo": (losses.grpo, BOUNDS),
    "dapo": (losses.dapo, BOUNDS),
    "gspo": (losses.gspo, BOUNDS),
    "fiberpo": (fiberpo.loss, {"epsilon": 0.025, "c_plus": 0.15, "c_minus": 0.09}),
}


def batch(seed: int = 0, scale: float = 0.4) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    old = torch.randn(60, generator=generator, dtype=torch.float64) - 2
    trajectory = torch.randint(6, (60,), generator=generator) * 5 + 1
    return {
        "log_prob": old + torch.randn(60, generator=generator, dtype=torch.float64) * scale,
        "old_log_prob": old,
        "advantage": torch.randn(40, generator=generator, dtype=torch.float64)[trajectory],
        "trajectory": trajectory,
        "mask": torch.rand(60, generator=generator) < 0.8,
    }


def counts(name: str, columns: dict[str, torch.Tensor]) -> dict[str, int]:
    whole = {"num_trajectories": len(columns["trajectory"][columns["mask"]].unique())}
    return {**whole, "num_tokens": int(columns["mask"].sum())} if name == "dapo" else whole


def by_hand(name: str, columns: dict[str, torch.Tensor]) -> float:
    """The formulas as loops over trajectories."""
    by_trajectory: dict[int, list[tuple[float, float, float]]] = {}
    for new, old, gain, tau, kept in zip(*(column.tolist() for column in columns.values()), strict=True):
        if kept:
            by_trajectory.setdefault(tau, []).append((new, new - old, gain))

    def surrogate(ratio: float, gain: float) -> float:
        return min(ratio * gain, min(max(ratio, 0.9), 1.3) * gain)

    values, tokens = [], 0
    for rows in by_trajectory.values():
        tokens += len(rows)
        if name == "reinforce":
            values.append(sum(new * gain for new, _, gain in rows) / len(rows))
        elif name == "gspo":
            values.append(surrogate(math.exp(sum(x for _, x, _ in rows) / len(rows)), rows[0][2]))
        else:
            total = sum(surrogate(math.exp(x), gain) for _, x, gain in rows)
            values.append(total / (len(rows) if name == "grpo" else 1))
    return -sum(values) / (tokens if name == "dapo" else len(values))


@pytest.mark.parametrize("name", [name for name in CASES if name != "fiberpo"])
def test_the_formula(name: str) -> None:
    function, settings = CASES[name]
    for seed in range(10):
        columns = batch(seed)
        found = function(**columns, **settings, **counts(name, columns))
        assert found.item() == pytest.approx(by_hand(name, columns), rel=1e-12)


@pytest.mark.parametrize("name", CASES)
def test_on_policy_all_are_the_policy_gradient(name: str) -> None:
    function, settings = CASES[name]
    columns = batch(scale=0.0)
    columns["log_prob"] = columns["old_log_prob"].clone().requires_grad_()
    columns["advantage"].requires_grad_()
    function(**columns, **settings, **counts(name, columns)).backward()
    assert columns["advantage"].grad is None
    kept = columns["mask"].double()
    length = torch.bincount(columns["trajectory"][columns["mask"]], minlength=40)[columns["trajectory"]]
    count = counts("grpo", columns)["num_trajectories"]
    share = kept / kept.sum() if name == "dapo" else kept / length.clamp(min=1) / count
    torch.testing.assert_close(columns["log_prob"].grad, -columns["advantage"].detach() * share, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", [name for name in CASES if name != "fiberpo"])  # test_fiberpo.py has its regimes
def test_gradients_are_those_of_finite_differences(name: str) -> None:
    function, settings = CASES[name]
    columns = batch(3)
    new = columns.pop("log_prob")
    assert torch.autograd.gradcheck(
        lambda x: function(x, **columns, **settings, **counts(name, columns)),
        new.requires_grad_(),
    )


@pytest.mark.parametrize("name", CASES)
def test_micro_batches_add_up(name: str) -> None:
    function, settings = CASES[name]
    columns = batch(4)
    whole = counts(name, columns)
    parts = [columns["trajectory"] < 12, columns["trajectory"] >= 12, columns["trajectory"] < 0]
    split = sum(function(**{k: v[part] for k, v in columns.items()}, **settings, **whole) for part in parts)
    torch.testing.assert_close(split, function(**columns, **settings, **whole), rtol=1e-12, atol=0)


def test_clipping_stops_the_gradient_only_where_it_would_go_further() -> None:
    new = torch.tensor([0.5, 0.5, -0.5, -0.5], requires_grad=True)
    gain = torch.tensor([1.0, -1.0, 1.0, -1.0])
    ids = torch.arange(4)
    losses.grpo(new, torch.zeros(4), gain, ids, torch.ones(4), num_trajectories=4).backward()
    assert new.grad is not None and (new.grad != 0).tolist() == [False, True, True, False]


def test_wrong_arguments_are_named() -> None:
    columns = batch()
    with pytest.raises(TrainingError, match="num_tokens is 3"):
        losses.dapo(**columns, num_trajectories=6, num_tokens=3)
    with pytest.raises(TrainingError, match=r"clip_low is 1\.5"):
        losses.grpo(**columns, num_trajectories=6, clip_low=1.5)
    uneven = {**columns, "advantage": torch.arange(60.0)}
    with pytest.raises(TrainingError, match="same advantage"):
        losses.gspo(**uneven, num_trajectories=6)
    with pytest.raises(TrainingError, match="trajectories are here"):
        losses.reinforce(**columns, num_trajectories=1)
