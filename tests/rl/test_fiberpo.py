"""FiberPO against a reference in plain Python, the paper's Jacobian, finite differences and its stated properties."""

from __future__ import annotations

import itertools
import math
import random

import pytest
import torch

from joyflash.errors import TrainingError
from joyflash.rl import fiberpo

EPSILON, C_PLUS, C_MINUS = 0.025, 0.15, 0.09
BUDGETS = {"epsilon": EPSILON, "c_plus": C_PLUS, "c_minus": C_MINUS}
TOKENS = 6
REGIMES = ("pass", "rollback", "zeroed")


def aggregate(x: float, budget: float, steepness: float) -> float:
    if abs(x) <= budget:
        return x
    if abs(x) < (1 + 1 / steepness) * budget:
        return math.copysign(1, x) * (steepness + 1) * budget - steepness * x
    return 0.0


def clip(x: float) -> float:
    return max(-EPSILON, min(EPSILON, x))


def reference(
    logs: list[float],
    trajectories: list[int],
    groups: list[int] | None = None,
    domains: list[int] | None = None,
    c_plus: tuple[float, float, float] = (C_PLUS,) * 3,
    c_minus: tuple[float, float, float] = (C_MINUS,) * 3,
) -> list[float]:
    """The definitions, one trajectory at a time, in Python floats."""
    mean = {}
    for tau in set(trajectories):
        own = [x for x, t in zip(logs, trajectories, strict=True) if t == tau]
        mean[tau] = (
            sum(max(x, 0) for x in own) / len(own),
            sum(max(-x, 0) for x in own) / len(own),
            len(own),
        )
    weight = {}
    for tau, (plus, minus, length) in mean.items():
        if groups is None or domains is None:
            weight[tau] = aggregate(plus, c_plus[2], length) - aggregate(minus, c_minus[2], length)
            continue
        group_of = dict(zip(trajectories, groups, strict=True))
        domain_of = dict(zip(groups, domains, strict=True))
        mates = [t for t in mean if group_of[t] == group_of[tau]]
        kin = [g for g in set(groups) if domain_of[g] == domain_of[group_of[tau]]]
        total = 0.0
        for channel, (sign, budget) in enumerate(((1, c_plus), (-1, c_minus))):
            by_group = {}
            for g in kin:
                members = [mean[t][channel] for t in mean if group_of[t] == g]
                by_group[g] = (sum(members) / len(members), len(members))
            number = sum(n for _, n in by_group.values())
            s_domain = sum(n / number * s for s, n in by_group.values())
            s_group = by_group[group_of[tau]][0]
            t_group = sum(mean[t][2] for t in mates)
            t_domain = sum(mean[t][2] for t in mean if domain_of[group_of[t]] == domain_of[group_of[tau]])
            total += sign * (
                aggregate(s_domain, budget[0], t_domain)
                + aggregate(s_group - s_domain, budget[1], t_group)
                + aggregate(mean[tau][channel] - s_group, budget[2], length)
            )
        weight[tau] = total
    gated = []
    for x, tau in zip(logs, trajectories, strict=True):
        plus, minus, _ = mean[tau]
        sign = 1 if x >= 0 else -1
        own, other = (plus, minus) if sign > 0 else (minus, plus)
        residual = clip(sign * (sign * x - own)) - clip(sign * -other)
        gated.append(math.exp(weight[tau] + residual))
    return gated


def draw(seed: int, tokens: int = 40, trajectories: int = 5, scale: float = 0.3) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    log_ratio = torch.randn(tokens, generator=generator, dtype=torch.float64) * scale
    return log_ratio, torch.randint(trajectories, (tokens,), generator=generator)


@pytest.mark.parametrize("scale", [0.005, 0.1, 0.3, 2.0])
def test_two_levels_are_the_definition(scale: float) -> None:
    for seed in range(10):
        log_ratio, trajectory = draw(seed, scale=scale)
        found = fiberpo.gate(log_ratio, trajectory, **BUDGETS)
        assert found.tolist() == pytest.approx(reference(log_ratio.tolist(), trajectory.tolist()), rel=1e-11)


@pytest.mark.parametrize("scale", [0.02, 0.1, 0.3, 1.0])
def test_four_levels_are_the_definition(scale: float) -> None:
    plus, minus = (0.05, 0.02, 0.1), (0.04, 0.01, 0.07)
    for seed in range(10):
        log_ratio, trajectory = draw(seed, tokens=80, trajectories=12, scale=scale)
        group = trajectory // 2
        domain = torch.where(group < 4, 7, 3)
        found = fiberpo.gate(
            log_ratio, trajectory, epsilon=EPSILON, c_plus=plus, c_minus=minus, group=group, domain=domain
        )
        expected = reference(
            log_ratio.tolist(), trajectory.tolist(), group.tolist(), domain.tolist(), c_plus=plus, c_minus=minus
        )
        assert found.tolist() == pytest.approx(expected, rel=1e-11)


def test_1_near_one_the_gate_is_the_ratio_and_its_gradient_the_policy_gradient() -> None:
    for scale in (0.0, 1e-3):
        log_ratio, trajectory = draw(1, scale=scale)
        ratio = log_ratio.exp().requires_grad_()
        gate = lambda r, ids=trajectory: fiberpo.gate(r.log(), ids, **BUDGETS)  # noqa: E731
        torch.testing.assert_close(gate(ratio), ratio, rtol=0, atol=1e-9)
        jacobian = torch.autograd.functional.jacobian(gate, ratio)
        torch.testing.assert_close(jacobian, torch.eye(len(ratio), dtype=torch.float64), rtol=0, atol=1e-9)
    old = torch.randn(40, requires_grad=True)
    log_prob = old.detach().clone().requires_grad_()
    advantage = torch.randn(40)
    count = len(trajectory.unique())
    value = fiberpo.loss(log_prob, old, advantage, trajectory, torch.ones(40), num_trajectories=count, **BUDGETS)
    value.backward()
    length = torch.bincount(trajectory)[trajectory]
    torch.testing.assert_close(log_prob.grad, -advantage / length / count)
    assert old.grad is None


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_2_other_trajectories_move_nothing_not_by_one_bit(dtype: torch.dtype) -> None:
    log_ratio, trajectory = draw(2, tokens=300, trajectories=7, scale=0.2)
    log_ratio = log_ratio.to(dtype)
    before = fiberpo.gate(log_ratio, trajectory, **BUDGETS)
    changed = torch.where(trajectory == 3, log_ratio * 3 + 1, log_ratio)
    after = fiberpo.gate(changed, trajectory, **BUDGETS)
    others = trajectory != 3
    assert torch.equal(before[others], after[others]) and not torch.equal(before[~others], after[~others])
    for tau in range(7):  # alone: also the width of the batch changes
        alone = fiberpo.gate(log_ratio[trajectory == tau], trajectory[trajectory == tau], **BUDGETS)
        assert torch.equal(alone, before[trajectory == tau])


def regime(plus: str, minus: str, u: str, v: str) -> tuple[torch.Tensor, dict[str, float]]:
    """A trajectory of three upward and three downward tokens, with budgets that put each channel where it shall be.

    With values near a and b, s⁺ is near a/2 and s⁻ near b/2, so |u| is near a/2 and |v| near b/2 for upward tokens.
    """
    epsilon = 0.05
    up = 0.02 if u == "free" else 0.3
    down = 0.02 if v == "free" else 0.3
    log_ratio = torch.tensor([up * 0.97, -down * 1.02, up * 1.04, -down * 0.95, up, -down * 1.01], dtype=torch.float64)
    s_plus, s_minus = log_ratio.clamp(min=0).mean().item(), (-log_ratio).clamp(min=0).mean().item()
    share = {"pass": 2.0, "rollback": 1 / (1 + 0.5 / TOKENS), "zeroed": 1 / (1 + 2 / TOKENS)}
    return log_ratio, {"epsilon": epsilon, "c_plus": s_plus * share[plus], "c_minus": s_minus * share[minus]}


@pytest.mark.parametrize("plus, minus", list(itertools.product(REGIMES, REGIMES)))
@pytest.mark.parametrize("u, v", list(itertools.product(("free", "clipped"), repeat=2)))
def test_3_gradients_in_every_regime(plus: str, minus: str, u: str, v: str) -> None:
    """Autograd, central differences in fp64 and the Jacobian of Proposition 5.2 agree."""
    log_ratio, budgets = regime(plus, minus, u, v)
    epsilon = budgets["epsilon"]
    trajectory = torch.zeros(TOKENS, dtype=torch.int64)
    gate = lambda x: fiberpo.gate(x, trajectory, **budgets)  # noqa: E731
    value = gate(log_ratio)
    sign = torch.where(log_ratio >= 0, 1.0, -1.0).double()
    s = {1.0: log_ratio.clamp(min=0).mean(), -1.0: (-log_ratio).clamp(min=0).mean()}
    own = torch.stack([s[x] for x in sign.tolist()])
    other = torch.stack([s[-x] for x in sign.tolist()])
    u_free, v_free = (sign * log_ratio - own).abs() <= epsilon, other <= epsilon
    assert u_free[0] == (u == "free") and v_free[0] == (v == "free")
    slope = {"pass": 1.0, "rollback": -float(TOKENS), "zeroed": 0.0}
    gamma = {1.0: slope[plus], -1.0: slope[minus]}

    expected = torch.zeros(TOKENS, TOKENS, dtype=torch.float64)  # with respect to log r: r_j times the paper's
    for i, j in itertools.product(range(TOKENS), repeat=2):
        shared = gamma[sign[j].item()]
        shared -= float(u_free[i] and sign[i] == sign[j]) + float(v_free[i] and sign[i] != sign[j])
        expected[i, j] = value[i] * (float(u_free[i] and i == j) + shared / TOKENS)
    found = torch.autograd.functional.jacobian(gate, log_ratio)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)
    step = 1e-7
    for j in range(TOKENS):
        nudge = torch.zeros_like(log_ratio)
        nudge[j] = step
        difference = (gate(log_ratio + nudge) - gate(log_ratio - nudge)) / (2 * step)
        torch.testing.assert_close(difference, expected[:, j], rtol=0, atol=2e-7)


def test_a_ratio_of_exactly_one_counts_as_upward() -> None:
    log_ratio = torch.tensor([0.3, 0.3, 0.0, -0.02], dtype=torch.float64, requires_grad=True)
    trajectory = torch.zeros(4, dtype=torch.int64)
    gated = fiberpo.gate(log_ratio, trajectory, epsilon=0.0, c_plus=0.01, c_minus=1.0)
    (gradient,) = torch.autograd.grad(gated.sum(), log_ratio)
    torch.testing.assert_close(gradient / gated.sum(), torch.tensor([0, 0, 0, 0.25], dtype=torch.float64))


def test_4_rollback_restores() -> None:
    log_ratio, budgets = regime("rollback", "pass", "clipped", "free")
    trajectory = torch.zeros(TOKENS, dtype=torch.int64)
    shift = torch.zeros((), dtype=torch.float64, requires_grad=True)
    moved = log_ratio + shift * (log_ratio > 0)
    fiberpo.gate(moved, trajectory, **budgets)[0].backward()
    assert shift.grad is not None and shift.grad < 0  # |u| > ε: only the base weight moves
    old = torch.zeros(TOKENS, dtype=torch.float64)
    shift.grad = None
    loss = fiberpo.loss(
        log_ratio + shift * (log_ratio > 0), old, old + 1.0, trajectory, old + 1, num_trajectories=1, **budgets
    )
    loss.backward()
    assert shift.grad is not None and shift.grad > 0  # descending on the loss lowers the drift


def test_5_both_channels_zeroed() -> None:
    log_ratio, budgets = regime("zeroed", "zeroed", "clipped", "clipped")
    trajectory = torch.zeros(TOKENS, dtype=torch.int64)
    gated = fiberpo.gate(log_ratio, trajectory, **budgets)
    epsilon = budgets["epsilon"]
    residual = (log_ratio.sign() * 2 * epsilon).exp()
    torch.testing.assert_close(gated, residual, rtol=1e-12, atol=0)  # w = 1, the residual a constant that is not 1
    wide = fiberpo.gate(log_ratio, trajectory, epsilon=0.0, c_plus=budgets["c_plus"], c_minus=budgets["c_minus"])
    assert torch.equal(wide, torch.ones_like(wide))
    log_ratio, budgets = regime("pass", "pass", "clipped", "clipped")
    jacobian = torch.autograd.functional.jacobian(lambda x: fiberpo.gate(x, trajectory, **budgets), log_ratio)
    torch.testing.assert_close(jacobian, fiberpo.gate(log_ratio, trajectory, **budgets)[:, None].expand(-1, 6) / 6)


def test_6_domain_form_contains_the_two_level_form() -> None:
    log_ratio, trajectory = draw(6, scale=0.2)
    found = fiberpo.gate(
        log_ratio,
        trajectory,
        epsilon=EPSILON,
        c_plus=(C_PLUS, 0.01, 0.3),
        c_minus=(C_MINUS, 0.0, 1e9),
        group=trajectory + 10,
        domain=trajectory * 3,
    )
    assert torch.equal(found, fiberpo.gate(log_ratio, trajectory, **BUDGETS))
    free = {"epsilon": EPSILON, "c_plus": math.inf, "c_minus": math.inf}
    nested = fiberpo.gate(log_ratio, trajectory, **free, group=trajectory // 2, domain=trajectory * 0)
    torch.testing.assert_close(nested, fiberpo.gate(log_ratio, trajectory, **free), rtol=1e-12, atol=0)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32, torch.float64])
def test_7_finite_at_the_extremes(dtype: torch.dtype) -> None:
    new = torch.tensor([100.0, -100.0, 0.0, 100.0, -100.0, 3.0, 3.0], dtype=dtype, requires_grad=True)
    trajectory = torch.tensor([0, 0, 0, 1, 2, 3, 3])
    mask = torch.tensor([1, 1, 1, 1, 1, 0, 0])
    old = torch.zeros_like(new).detach()
    value = fiberpo.loss(new, old, old + 1, trajectory, mask, num_trajectories=3, **BUDGETS)
    value.backward()
    assert value.isfinite() and new.grad is not None and new.grad.isfinite().all()
    assert fiberpo.gate(new, trajectory, **BUDGETS).dtype == value.dtype
    assert value.dtype == (torch.float64 if dtype == torch.float64 else torch.float32)
    assert torch.equal(new.grad[5:], torch.zeros(2, dtype=dtype))
    poisoned = torch.cat([new.detach()[:5], torch.full((2,), math.nan, dtype=dtype)])
    assert torch.equal(
        fiberpo.loss(poisoned, old, old + 1, trajectory, mask, num_trajectories=3, **BUDGETS), value.detach()
    )
    nothing = fiberpo.loss(new, old, old, trajectory, mask * 0, num_trajectories=3, **BUDGETS)
    nothing.backward()
    assert nothing == 0


@pytest.mark.parametrize("nested", [False, True])
def test_8_order_padding_and_splits_change_nothing(nested: bool) -> None:
    log_ratio, trajectory = draw(8, tokens=120, trajectories=9, scale=0.15)
    advantage = torch.randn(120, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    count = len(trajectory.unique())

    def value(logs: torch.Tensor, ids: torch.Tensor, gain: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        levels = {"group": ids // 3, "domain": ids // 6} if nested else {}
        return fiberpo.loss(logs, logs * 0, gain, ids, mask, num_trajectories=count, **BUDGETS, **levels)

    ones = torch.ones(120)
    whole = value(log_ratio, trajectory, advantage, ones)
    shuffled = list(range(120))
    random.Random(0).shuffle(shuffled)
    permuted = value(log_ratio[shuffled], trajectory[shuffled], advantage[shuffled], ones)
    torch.testing.assert_close(permuted, whole, rtol=1e-13, atol=0)
    pad = torch.full((30,), 9.0, dtype=torch.float64)
    padded = value(
        torch.cat([pad, log_ratio]),
        torch.cat([torch.arange(30) + 50, trajectory]),
        torch.cat([pad, advantage]),
        torch.cat([torch.zeros(30), ones]),
    )
    assert torch.equal(padded, whole)
    parts = [trajectory < 4, trajectory >= 4]
    split = sum(value(log_ratio[p], trajectory[p], advantage[p], ones[p]) for p in parts)
    if nested:  # the domains are torn apart, and must notice
        assert not torch.isclose(torch.as_tensor(split), whole, rtol=1e-6)
    else:
        torch.testing.assert_close(split, whole, rtol=1e-13, atol=0)


@pytest.mark.parametrize(
    "change, words",
    [
        ({"epsilon": -1.0}, "epsilon"),
        ({"c_plus": -0.1}, "c_plus"),
        ({"c_minus": (0.1, 0.2)}, "c_minus"),
        ({"group": torch.tensor([0, 0, 1])}, "belong together"),
        ({"group": torch.tensor([0, 1, 1]), "domain": torch.tensor([0, 0, 0])}, "two groups"),
        ({"group": torch.tensor([0, 0, 0]), "domain": torch.tensor([0, 0, 1])}, "two domains"),
        ({"mask": torch.tensor([1.0, 0.5, 1.0])}, "only 0 and 1"),
        ({"advantage": torch.zeros(2)}, "advantage has shape"),
        ({"num_trajectories": 1}, "2 trajectories"),
    ],
)
def test_wrong_arguments_are_named(change: dict[str, object], words: str) -> None:
    arguments: dict[str, object] = {
        "log_prob": torch.zeros(3),
        "old_log_prob": torch.zeros(3),
        "advantage": torch.zeros(3),
        "trajectory": torch.tensor([0, 0, 1]),
        "mask": torch.ones(3),
        "num_trajectories": 2,
        **BUDGETS,
    }
    with pytest.raises(TrainingError, match=words):
        fiberpo.loss(**{**arguments, **change})  # type: ignore[arg-type]
