"""Router-bias balancing against a case worked out by hand."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from joyflash.batch import PackedBatch
from joyflash.errors import TrainingError
from joyflash.model.attention import PackedContext
from joyflash.model.moe import Router
from joyflash.train.balance import update_router_bias
from joyflash.train.workers import RowWorkers
from tests.model.conftest import TINY, random_model


def test_by_hand():
    """Counts 8, 4, 0, 4: mean 4, d = γ(−1, 0, 1, 0) has mean 0. Counts 9, 1, 1, 1: d = γ(−1, 1, 1, 1), mean γ/2."""
    first, second = torch.tensor([0.1, 0.2, 0.3, 0.4]), torch.zeros(4)
    counts = torch.tensor([8, 4, 0, 4]), torch.tensor([9.0, 1.0, 1.0, 1.0])
    balance = update_router_bias([(first, counts[0]), (second, counts[1])], rate=0.01)
    torch.testing.assert_close(first, torch.tensor([0.09, 0.2, 0.31, 0.4]))
    torch.testing.assert_close(second, torch.tensor([-0.015, 0.005, 0.005, 0.005]))
    assert balance.violation == pytest.approx(2.0)  # (9 − 3) / 3, larger than (8 − 4) / 4
    assert balance.dead_experts == 1
    assert balance.mean_violation == pytest.approx((2.0 + 1.0) / 2)
    assert balance.lightest == 0.0


def test_sum_of_biases_does_not_drift():
    bias = torch.zeros(16)
    generator = torch.Generator().manual_seed(0)
    for _ in range(200):
        update_router_bias([(bias, torch.randint(0, 50, (16,), generator=generator))], rate=1e-3)
    assert abs(bias.sum().item()) < 1e-5
    assert bias.abs().max() > 1e-3


def test_repeated_updates_balance_a_skewed_router():
    """Top-1 of fixed scores that favour expert 0: the biases bring its share down to the mean."""
    scores = torch.rand(512, 4, generator=torch.Generator().manual_seed(1))
    scores[:, 0] += 0.5
    bias = torch.zeros(4)
    history = []
    for _ in range(300):
        counts = torch.bincount((scores + bias).argmax(dim=1), minlength=4)
        history.append(update_router_bias([(bias, counts)], rate=5e-3).violation)
    assert history[0] > 1.0
    assert history[-1] < 0.15


def test_frozen_and_idle_layers_keep_their_bias():
    bias = torch.tensor([0.5, -0.5])
    frozen = update_router_bias([(bias, torch.tensor([3, 1]))], rate=0.0)
    assert frozen.violation == pytest.approx(0.5)
    idle = update_router_bias([(bias, torch.tensor([0, 0]))], rate=0.1)
    assert (idle.violation, idle.dead_experts) == (0.0, 0)
    assert torch.equal(bias, torch.tensor([0.5, -0.5]))
    assert update_router_bias([], rate=0.1).violation == 0.0


def test_low_precision_bias_is_refused():
    with pytest.raises(TrainingError, match="float32"):
        update_router_bias([(torch.zeros(2, dtype=torch.bfloat16), torch.tensor([1, 2]))], rate=1e-3)
    with pytest.raises(TrainingError, match="Router 0"):
        update_router_bias([(torch.zeros(3), torch.tensor([1, 2]))], rate=1e-3)


def test_the_loop_balances_all_moe_modules_and_the_rule_is_what_keeps_experts_alive():
    """The same data and weights with γ = 5e-3 and γ = 0, the routers skewed at the start."""
    found = {}
    for rate in (5e-3, 0.0):
        model = random_model(dataclasses.replace(TINY, num_experts_per_tok=1)).train()
        routers = [module for module in model.modules() if isinstance(module, Router)]
        for router in routers:
            router.e_score_correction_bias.zero_()
            router.e_score_correction_bias[:2] += 0.4
        positions_T = torch.arange(512)
        tokens_T = torch.randint(97, (512,), generator=torch.Generator().manual_seed(2))
        workers = RowWorkers(model, 2)
        row = PackedBatch(tokens_T, positions_T, (positions_T > 0).float(), torch.zeros(512))
        for _ in range(160):
            workers.run([row], _forward_only)
            biases = [router.e_score_correction_bias for router in routers]
            balance = update_router_bias(list(zip(biases, workers.take_loads(), strict=True)), rate)
        workers.close()
        assert len(biases) == TINY.num_hidden_layers - TINY.first_k_dense_replace
        found[rate] = balance
    assert found[0.0].violation > 1.0 and found[0.0].dead_experts > 0
    assert found[5e-3].violation < 0.1 and found[5e-3].dead_experts == 0


def _forward_only(model, batch):
    """A scalar that moves no weight: only the routing matters."""
    with torch.no_grad():
        model.hidden(batch.tokens_T, PackedContext.of(batch.positions_T, model.config))
    return sum(parameter.sum() * 0 for parameter in model.parameters()), {}
