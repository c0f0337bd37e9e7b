"""Training by several processes: the same losses, gradients and weights as by one, to the bit in a fixed order."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from joyflash.batch import PackedBatch
from joyflash.model.moe import Router
from joyflash.optim.groups import build_optimizers
from joyflash.parallel.mesh import make_mesh
from joyflash.train.balance import update_router_bias
from joyflash.train.distributed import TeamWorker, build_sharded_optimizers, shard_model
from joyflash.train.objective import LanguageModelling, target_weight
from joyflash.train.workers import RowWorkers
from tests.model.conftest import TINY, random_model
from tests.parallel.teams import run_team

CONFIG = dataclasses.replace(TINY, num_hidden_layers=2)
STEPS = 4


def batch(step):
    generator = torch.Generator().manual_seed(step)
    rows = []
    for _ in range(7 if step == 2 else 8):  # a batch ramp need not fit the number of ranks
        lengths = torch.randint(3, 20, (3,), generator=generator).tolist()
        positions = torch.cat([torch.arange(n) for n in lengths])
        tokens = torch.randint(0, 97, (sum(lengths),), generator=generator)
        weights = torch.rand(sum(lengths), generator=generator) * (positions > 0)
        documents = torch.repeat_interleave(torch.arange(3, dtype=torch.int32), torch.tensor(lengths))
        rows.append(PackedBatch(tokens, positions, weights, documents))
    return rows


def advance(worker, optimizers, model):
    history = []
    for step in range(STEPS):
        rows = batch(step)
        mtp = 0.1 if step >= 2 else 0.0  # the MTP layer has no gradient before
        objective = LanguageModelling(target_weight(rows, 1), mtp, target_weight(rows, 2))
        sums = worker.run(rows, objective)
        norm = worker.clip(0.5)
        for optimizer in optimizers:
            optimizer.step()
            optimizer.zero_grad()
        biases = [m.e_score_correction_bias for m in model.modules() if isinstance(m, Router)]
        loads = worker.take_loads()
        update_router_bias(list(zip(biases, loads, strict=True)), 1e-2)
        history.append([sum(row["loss"] for row in sums), norm, *[load.tolist() for load in loads]])
    return history, biases


def alone():
    model = random_model(CONFIG).train()
    history, biases = advance(RowWorkers(model, 1), build_optimizers(model, CONFIG, 0.01, 0.01), model)
    return {"history": history, "biases": biases, "weights": dict(model.named_parameters())}


def together(team, expert_parallel, fixed_order, tokens_at_once=0):
    torch.manual_seed(team.rank)
    sharded = shard_model(
        random_model(CONFIG), make_mesh(team, expert_parallel), torch.float32, fixed_order=fixed_order
    )
    shards, optimizers = build_sharded_optimizers(sharded, 0.01, 0.01, weight_decay=0.1)
    worker = TeamWorker(sharded, shards, fixed_order=fixed_order, tokens_at_once=tokens_at_once)
    history, biases = advance(worker, optimizers, sharded.model)
    weights = {}
    for shard in shards:
        parts = team.gather(shard.parameter.detach())
        order = sorted(range(team.world), key=lambda rank: shard.placement.bounds[rank])
        weights[shard.name] = torch.cat([parts[rank] for rank in order])
    return {"history": history, "biases": biases, "weights": weights}


@pytest.fixture(scope="module")
def one():
    torch.set_num_threads(1)
    return alone()


@pytest.mark.parametrize(("world", "expert_parallel"), [(1, 1), (2, 1), (2, 2), (4, 2), (4, 4), (8, 2)])
def test_a_fixed_order_gives_the_bits_of_one_process(one, world, expert_parallel):
    for found in run_team(world, together, expert_parallel, True):
        assert found["history"] == one["history"]
        for name, weight in one["weights"].items():
            assert np.array_equal(found["weights"][name], weight.detach().numpy()), name
        for a, b in zip(found["biases"], one["biases"], strict=True):
            assert np.array_equal(a, b.numpy())


@pytest.mark.parametrize(
    ("world", "expert_parallel", "tokens_at_once"), [(4, 2, 0), (3, 1, 0), (2, 1, 1000), (2, 2, 70)]
)
def test_any_order_gives_the_same_curve_to_rounding(one, world, expert_parallel, tokens_at_once):
    """Also where a rank joins all its rows in one pass, or two at a time."""
    found = run_team(world, together, expert_parallel, False, tokens_at_once)[0]
    for mine, theirs in zip(found["history"], one["history"], strict=True):
        assert mine[:2] == pytest.approx(theirs[:2], rel=1e-5)
        assert [sum(load) for load in mine[2:]] == [sum(load) for load in theirs[2:]]
    for name, weight in one["weights"].items():
        np.testing.assert_allclose(found["weights"][name], weight.detach().numpy(), atol=2e-4, err_msg=name)
