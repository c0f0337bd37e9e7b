"""The losses behind one interface, the regimes they are in, advantages, and which prompt comes next."""

from __future__ import annotations

import math
import random
from collections import Counter

import pytest
import torch

from joyflash.errors import ConfigError, TrainingError
from joyflash.rl import fiberpo, losses
from joyflash.rl.curriculum import Curriculum, Difficulty
from joyflash.rl.diagnostics import REGIMES, diagnose
from joyflash.rl.environments.host import Domain
from joyflash.rl.objectives import NAMES, group_advantages, make_objective, token_gradients
from joyflash.rl.recipe import RLRecipe
from joyflash.rl.rows import TokenColumns
from tests.rl.conftest import DOMAINS

BUDGETS = {"epsilon": 0.02, "c_plus": 0.1, "c_minus": 0.06}


def columns(seed: int = 0, scale: float = 0.3):
    generator = torch.Generator().manual_seed(seed)
    trajectory_N = torch.arange(6).repeat_interleave(torch.tensor([3, 9, 1, 7, 12, 5]))
    old_N = torch.randn(37, generator=generator) - 2
    made = TokenColumns(
        old_N, torch.randn(6, generator=generator)[trajectory_N], trajectory_N, trajectory_N // 2, trajectory_N // 4
    )
    return old_N + scale * torch.randn(37, generator=generator), made


@pytest.mark.parametrize("name", NAMES)
def test_every_objective_is_the_pure_function_and_its_gradient_by_token(name):
    log_prob_N, made = columns()
    loss, gradient_N = token_gradients(make_objective(name), log_prob_N, made)
    leaf_N = log_prob_N.clone().requires_grad_()
    arguments = (leaf_N, made.old_log_prob_N, made.advantage_N, made.trajectory_N, made.mask_N)
    more = {"num_trajectories": 6}
    if name.startswith("fiberpo"):
        ids = {"group": made.group_N, "domain": made.domain_N} if name == "fiberpo_domain" else {}
        expected = fiberpo.loss(*arguments, **more, epsilon=0.025, c_plus=0.15, c_minus=0.09, **ids)
    else:
        expected = getattr(losses, name)(*arguments, **more, **({"num_tokens": 37} if name == "dapo" else {}))
    expected.backward()
    assert loss == float(expected.detach())
    assert torch.equal(gradient_N, leaf_N.grad)
    # Off the old policy no two losses may be the same function under another name.
    others = {other: token_gradients(make_objective(other), log_prob_N, made)[1] for other in NAMES if other != name}
    assert not any(torch.allclose(gradient_N, other) for other in others.values())


def test_options_are_checked():
    assert make_objective("grpo", {"clip_low": 0.1}) is not None
    with pytest.raises(ConfigError, match=r"clip_lower.*clip_low, clip_high"):
        make_objective("grpo", {"clip_lower": 0.1})
    with pytest.raises(ConfigError, match="num_tokens"):
        make_objective("dapo", {"num_tokens": 3})
    with pytest.raises(ConfigError, match="fiberpo_domain"):
        make_objective("ppo")


def test_advantages_are_centred_in_their_group_and_zero_where_all_are_equal():
    plain = group_advantages([[1.0, 0.0, 0.0, 1.0], [0.1, 0.1, 0.1]], normalise=False)
    assert plain == [[0.5, -0.5, -0.5, 0.5], [0.0, 0.0, 0.0]]
    scaled = group_advantages([[1.0, 0.0, 0.0, 1.0], [0.1, 0.1, 0.1]], normalise=True)
    assert scaled[0] == pytest.approx([1, -1, -1, 1], abs=1e-5) and scaled[1] == [0.0, 0.0, 0.0]


def place(*ratios):
    old_N = torch.full((len(ratios),), -1.0)
    zero_N = torch.zeros(len(ratios), dtype=torch.int64)
    return old_N + torch.tensor(ratios), TokenColumns(old_N, zero_N.float(), zero_N, zero_N, zero_N)


@pytest.mark.parametrize(
    ("ratios", "regimes"),
    [
        ((0.0, 0.0), {"G-I", "L-I"}),
        ((0.01, -0.01), {"G-I", "L-I"}),
        ((0.15, 0.01), {"G-I", "L-II"}),  # mean 0.08: within; residuals 0.07
        ((0.5, -0.0), {"G-II", "L-II"}),  # the upward channel alone is zeroed
        ((0.22, 0.0), {"G-II", "L-II"}),  # 0.11 in (0.1, 0.15): on the way back
        ((2.0, -2.0), {"G-III", "L-III"}),
    ],
)
def test_regimes(ratios, regimes):
    found = diagnose(*place(*ratios), **BUDGETS)
    assert {name for name in REGIMES if found[name] == 1.0} == regimes


def test_regimes_agree_with_the_gate():
    for seed in range(30):
        log_prob_N, made = columns(seed, 0.02 * (seed + 1))
        found = diagnose(log_prob_N, made, **BUDGETS)
        assert sum(found[name] for name in REGIMES[:3]) == pytest.approx(1)
        assert sum(found[name] for name in REGIMES[3:]) == pytest.approx(1)
        ratio_N = log_prob_N - made.old_log_prob_N
        gate_N = fiberpo.gate(ratio_N, made.trajectory_N, **BUDGETS)
        if found["L-I"] == found["G-I"] == 1:
            torch.testing.assert_close(gate_N, ratio_N.exp(), rtol=1e-5, atol=1e-6)
        drift = [
            (max(0.0, 0) + float(ratio_N[made.trajectory_N == s].clamp(max=0).neg().mean()))
            - float(ratio_N[made.trajectory_N == s].clamp(min=0).mean())
            for s in range(6)
        ]
        assert found["drift"] == pytest.approx(sum(drift) / 6, abs=1e-6)
        assert found["ratio"] == pytest.approx(float(ratio_N.exp().mean()), rel=1e-5)


def test_domains_come_by_the_root_of_their_size_and_prompts_by_their_difficulty():
    domains = [Domain("big", "arithmetic", prompts=400), Domain("small", "arithmetic", prompts=100)]
    assert Curriculum(domains).probabilities() == pytest.approx({"big": 2 / 3, "small": 1 / 3})
    weighted = [Domain("a", "arithmetic", weight=3.0), Domain("b", "arithmetic", weight=1.0)]
    assert Curriculum(weighted).probabilities() == {"a": 0.75, "b": 0.25}
    rates = {"big": [1.0, 0.8, 0.5, 0.2, *[1.0] * 396], "small": [1.0] * 100}
    curriculum = Curriculum(domains, rates)
    assert curriculum.probabilities() == {"big": 1.0}
    for progress, favourite in ((0.0, 1), (0.5, 2), (1.0, 3)):
        drawn = Counter(curriculum.choose(random.Random(i), progress) for i in range(400))
        assert drawn.most_common(1)[0][0] == ("big", favourite)
        assert {prompt for _, prompt in drawn} <= {1, 2, 3}
        weights = [math.exp(-0.5 * ((rate - (0.8 - 0.6 * progress)) / 0.15) ** 2) for rate in (0.8, 0.5, 0.2)]
        share = drawn["big", favourite] / 400
        assert share == pytest.approx(weights[favourite - 1] / sum(weights), abs=0.08)
    with pytest.raises(TrainingError, match="every prompt"):
        Curriculum(domains, {"big": [1.0] * 400, "small": [1.0] * 100})
    far = Curriculum([domains[0]], {"big": [0.0] * 400}, Difficulty(1.0, 1.0, 0.01))
    assert far.choose(random.Random(0), 0.0)[0] == "big"


def test_recipes_refuse_nonsense():
    RLRecipe(tuple(DOMAINS))
    for wrong, words in {
        "samples": ({"samples": 1}, "at least 2"),
        "minibatches": ({"minibatches": 9}, "whole groups"),
        "temperature": ({"sampling": {"temperature": 0.7}}, "temperature"),
        "field": ({"sampling": {"heat": 1}}, "heat"),
        "objective": ({"objective": "ppo"}, "ppo"),
        "option": ({"objective_options": {"clip_low": 0.1}}, "clip_low"),
        "async": ({"asynchronous": True, "staleness": 0}, "staleness"),
        "routes": ({"replay_routes": True, "scorer": "engine"}, "Routes"),
        "groups": ({"groups": 0}, "groups"),
    }.values():
        with pytest.raises(ConfigError, match=words):
            RLRecipe(tuple(DOMAINS), **wrong)
