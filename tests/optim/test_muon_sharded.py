"""Sharded Muon: fed the same gradients, every number of ranks and every way to divide gives the same bits."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from joyflash.optim.muon import Muon
from joyflash.optim.muon_sharded import Shard, ShardedMuon
from joyflash.parallel.placement import place_evenly, place_experts
from tests.parallel.teams import run_team

SHAPES = {
    "q_b": ((24, 20), 6),  # heads that two ranks cut at a head's edge and four do not
    "o": ((33, 17), None),
    "tiny": ((3, 40), None),  # a fourth rank holds nothing of it
    "gate_up": ((8, 12, 10), 6),
    "down": ((8, 10, 6), None),
    "late": ((16, 16), None),  # has no gradient in the first steps
}
STEPS = 20


def gradients(step):
    generator = torch.Generator().manual_seed(step)
    found = {name: torch.randn(shape, generator=generator) for name, (shape, _) in SHAPES.items()}
    found["gate_up"][3] = 0.0  # an expert that saw no token
    return {name: g for name, g in found.items() if name != "late" or step >= 5}


def weights():
    return {name: 0.1 * g for name, g in gradients(1000).items()}


def placements(world, expert_parallel):
    return {
        name: place_experts(shape, world // expert_parallel, expert_parallel)
        if len(shape) == 3 and expert_parallel > 1
        else place_evenly(shape, world)
        for name, (shape, _) in SHAPES.items()
    }


def build(team, expert_parallel, initial):
    shards = []
    for name, placement in placements(team.world, expert_parallel).items():
        start, end = placement.bounds[team.rank]
        parameter = nn.Parameter(initial[name][start:end].clone())
        shards.append(Shard(name, parameter, placement, SHAPES[name][1]))
    return shards, ShardedMuon(shards, team.rank, team.world, lr=0.02, momentum_warmup_steps=10)


def advance(team, shards, muon, steps):
    for step in steps:
        whole = gradients(step)
        for shard in shards:
            start, end = shard.placement.bounds[team.rank]
            shard.parameter.grad = whole[shard.name][start:end].clone() if shard.name in whole else None
        muon.step()


def put_together(team, shards, parts):
    """Whole tensors by name from every rank's part."""
    found = {}
    for shard, part in zip(shards, parts, strict=True):
        pieces = team.gather(part.detach())
        order = sorted(range(team.world), key=lambda rank: shard.placement.bounds[rank])
        found[shard.name] = torch.cat([pieces[rank] for rank in order])
    return found


def train(team, expert_parallel, steps=STEPS, saved=None):
    initial = weights() if saved is None else {name: torch.from_numpy(w) for name, w in saved["weights"].items()}
    shards, muon = build(team, expert_parallel, initial)
    if saved is not None:
        for shard in shards:
            start, end = shard.placement.bounds[team.rank]
            muon.momenta()[shard.name].copy_(torch.from_numpy(saved["momenta"][shard.name][start:end]))
        muon.load_second_moments({name: torch.from_numpy(v) for name, v in saved["variances"].items()})
        muon.param_groups[0]["step"] = saved["step"]
    advance(team, shards, muon, range(saved["step"] if saved else 0, steps))
    return {
        "weights": put_together(team, shards, [shard.parameter for shard in shards]),
        "momenta": put_together(team, shards, [muon.momenta()[shard.name] for shard in shards]),
        "variances": muon.second_moments(),
        "step": steps,
    }


@pytest.fixture(scope="module")
def alone():
    return run_team(1, train, 1)[0]


def same(a, b):
    return all(np.array_equal(a[kind][n], b[kind][n]) for kind in ("weights", "momenta", "variances") for n in SHAPES)


def test_one_rank_equals_the_ordinary_muon(alone):
    parameters = {name: nn.Parameter(w) for name, w in weights().items()}
    groups = [{"params": [parameters[name]], "matrix_rows": rows} for name, (_, rows) in SHAPES.items()]
    muon = Muon(groups, lr=0.02, momentum_warmup_steps=10)
    for step in range(STEPS):
        for name, parameter in parameters.items():
            parameter.grad = gradients(step).get(name)
        muon.step()
    for name, parameter in parameters.items():
        assert np.array_equal(parameter.detach().numpy(), alone["weights"][name]), name


@pytest.mark.parametrize(("world", "expert_parallel"), [(2, 1), (2, 2), (4, 1), (4, 2)])
def test_every_division_gives_the_same_bits(alone, world, expert_parallel):
    found = run_team(world, train, expert_parallel)
    assert all(same(each, alone) for each in found)
    assert all(np.isfinite(w).all() for w in found[0]["weights"].values())


def test_a_run_goes_on_with_another_number_of_ranks(alone):
    half = run_team(2, train, 2, 10)[0]
    assert same(run_team(4, train, 2, STEPS, half)[0], alone)
