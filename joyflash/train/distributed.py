"""Gradients of a step's rows by several processes: FSDP2 around the blocks, experts divided over their own axis.

Rank r works on the rows r, r + W, r + 2 W, ...: one at a time, so that what W ranks do at one time is W neighbours of
the sum's tree (``joyflash.parallel.reduction``). Every rank reads the same stream of rows and leaves the others' rows
alone; so the position in the data does not depend on the number of ranks.

Letters: W ranks, E experts.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
import torch.distributed as dist
from torch import nn
from torch.distributed.fsdp import FSDPModule, MixedPrecisionPolicy, fully_shard
from torch.distributed.tensor import DTensor

from joyflash.batch import PackedBatch
from joyflash.model.expert_parallel import ExpertGroup
from joyflash.model.joyflash import JoyFlash
from joyflash.model.moe import Experts, MixtureOfExperts
from joyflash.model.transformer import DecoderBlock
from joyflash.optim.groups import claim_parameters, default_rules, fused_adamw
from joyflash.optim.muon_sharded import Shard, ShardedMuon
from joyflash.parallel.clipping import clip_gradients
from joyflash.parallel.mesh import Mesh
from joyflash.parallel.placement import Placement
from joyflash.parallel.reduction import TreeSum, sum_gradients
from joyflash.train.parts import make_real, place_parameter
from joyflash.train.workers import Objective


class Call(nn.Module):
    """Runs a function on a model inside one forward pass of FSDP2's root, where all of its outer weights are whole."""

    def __init__(self, model: JoyFlash):
        super().__init__()
        self.model = model

    def forward(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """``function(model, *arguments)``."""
        return function(self.model, *arguments)


@dataclasses.dataclass(frozen=True)
class ShardedModel:
    """A model of which every process holds its part.

    Attributes:
        call: the model behind FSDP2; call it with a function of the model.
        mesh: the processes.
        placements: of all parameters, by name.
        parameters: this rank's part of each, as FSDP2 knows it.
    """

    call: Call
    mesh: Mesh
    placements: dict[str, Placement]
    parameters: dict[str, nn.Parameter]

    @property
    def model(self) -> JoyFlash:
        """The model itself; its parameters are parts outside of a call."""
        return self.call.model

    def local(self, name: str) -> torch.Tensor:
        """This rank's part of a parameter; writing to it changes the model."""
        return _local(self.parameters[name])


def shard_model(
    model: JoyFlash,
    mesh: Mesh,
    dtype: torch.dtype,
    *,
    fixed_order: bool,
    parts: Mapping[str, torch.Tensor] | None = None,
) -> ShardedModel:
    """Divide a model that every rank holds whole.

    Args:
        model: in float32, in main memory or where the ranks compute; it is changed.
        mesh: the processes.
        dtype: of the products; parts, gradients' sums and optimiser stay float32.
        fixed_order: sum gradients in an order that does not depend on the number of ranks.
        parts: this rank's parts of what ``model`` has on the meta device (see ``joyflash.train.parts``).

    Raises:
        ConfigError: the experts cannot be divided evenly over the expert axis.
    """
    placements = {name: place_parameter(name, tuple(each.shape), mesh) for name, each in model.named_parameters()}
    names = list(placements)
    policy = MixedPrecisionPolicy(
        param_dtype=None if dtype == torch.float32 else dtype, reduce_dtype=torch.float32, cast_forward_inputs=False
    )
    if mesh.expert_parallel > 1:
        group = ExpertGroup(mesh.expert_group, fixed_order)
        for module in model.modules():
            if isinstance(module, Experts):
                module.divide(group)
                fully_shard(module, mesh=mesh.grid["data"], mp_policy=policy)
    for module in model.modules():
        if isinstance(module, DecoderBlock):
            fully_shard(module, mesh=mesh.world, mp_policy=policy)
    call = Call(model)
    fully_shard(call, mesh=mesh.world, mp_policy=policy)
    assert isinstance(call, FSDPModule)
    sum_gradients(call, fixed_order=fixed_order)
    if parts:
        make_real(call, mesh.team.device)
    parameters = {name: model.get_parameter(name) for name in names}
    found = ShardedModel(call, mesh, placements, parameters)
    for name, placement in placements.items():
        assert found.local(name).shape == placement.local_shape(mesh.team.rank), name
    with torch.no_grad():
        for name, part in (parts or {}).items():
            found.local(name).copy_(part)
    return found


def build_sharded_optimizers(
    sharded: ShardedModel, muon_lr: float, adamw_lr: float, *, weight_decay: float
) -> tuple[list[Shard], list[torch.optim.Optimizer]]:
    """Muon and AdamW as ``build_optimizers`` makes them, over this rank's parts; and these, in the model's order."""
    model, team = sharded.model, sharded.mesh.team
    whole = [
        (name, nn.Parameter(torch.empty(placement.shape, device="meta")))
        for name, placement in sharded.placements.items()
    ]
    muon, adamw = [], {True: [], False: []}
    for claim in claim_parameters(whole, default_rules(model.config)):
        part = nn.Parameter(sharded.local(claim.name))
        shard = Shard(claim.name, part, sharded.placements[claim.name], claim.matrix_rows)
        (muon if claim.rule.optimizer == "muon" else adamw[claim.rule.decay]).append(shard)
    groups = [
        {"params": [shard.parameter for shard in shards], "weight_decay": weight_decay if decay else 0.0}
        for decay, shards in adamw.items()
        if shards
    ]
    optimizers = [
        ShardedMuon(muon, team.rank, team.world, lr=muon_lr, weight_decay=weight_decay),
        torch.optim.AdamW(groups, lr=adamw_lr, betas=(0.9, 0.95), fused=fused_adamw(team.device)),
    ]
    shards = {shard.name: shard for shard in (*muon, *adamw[True], *adamw[False])}
    return [shards[name] for name in sharded.placements], optimizers


class TeamWorker:
    """Runs an objective forward and backward over a step's rows, shared out between the ranks.

    Args:
        sharded: the model.
        shards: this rank's parts; their ``grad`` receives the sum over all rows of all ranks.
        fixed_order: add the rows' gradients as a tree, else as they come.
        tokens_at_once: without a fixed order, a rank joins rows up to this many tokens in one pass: weights are
            gathered and gradients added up once a pass. At least one row.
    """

    def __init__(self, sharded: ShardedModel, shards: Sequence[Shard], *, fixed_order: bool, tokens_at_once: int = 0):
        self.model = sharded.model
        self._sharded = sharded
        self._shards = list(shards)
        self._fixed_order = fixed_order
        self._tokens_at_once = 0 if fixed_order else tokens_at_once
        self._moes = [module for module in self.model.modules() if isinstance(module, MixtureOfExperts)]

    def run(self, rows: Sequence[PackedBatch], objective: Objective) -> list[dict[str, float]]:
        """Leave the gradients of all rows in the parts; return the sums of all passes, in order, on every rank."""
        team = self._sharded.mesh.team
        self.model.train()
        total, mine = TreeSum(), []
        joined = max(1, self._tokens_at_once // rows[0].tokens_T.numel())
        joined = 1 if rows[0].extras else min(joined, -(-len(rows) // team.world))  # joining loses extra columns
        for first in range(0, len(rows), joined * team.world):
            index = first + joined * team.rank
            own = rows[index : index + joined]
            for moe in self._moes:
                moe.counting = bool(own)
            row = _joined(own) if own else _without_targets(rows[-1])
            loss, sums = self._sharded.call(objective, row.to(team.device))
            loss.backward()
            if own:
                mine.append((index, sums))
            self._take_gradients(total)
        for shard, gradient in zip(self._shards, total.total(), strict=True):
            shard.parameter.grad = gradient
        found = [pair for of_rank in team.gather(mine) for pair in of_rank]
        return [sums for _, sums in sorted(found, key=lambda pair: pair[0])]

    def clip(self, largest: float) -> float:
        """Scale the gradients so that their norm over all ranks is at most ``largest``; return the norm."""
        present = [shard for shard in self._shards if shard.parameter.grad is not None]
        gradients = [shard.parameter.grad for shard in present if shard.parameter.grad is not None]
        return clip_gradients(gradients, largest, [shard.placement for shard in present], self._sharded.mesh.team.rank)

    def take_loads(self) -> list[torch.Tensor]:
        """Tokens per expert [E] of each MoE layer since the last call, summed over ranks; the counters restart."""
        if not self._moes:
            return []
        loads = torch.stack([moe.tokens_per_expert_E for moe in self._moes])
        dist.all_reduce(loads)
        for moe in self._moes:
            moe.tokens_per_expert_E.zero_()
        return list(loads.unbind())

    def close(self) -> None:
        """Nothing to stop; the interface of ``RowWorkers``."""

    def _take_gradients(self, total: TreeSum) -> None:
        found: list[torch.Tensor | None] = []
        for shard in self._shards:
            parameter = self._sharded.parameters[shard.name]
            found.append(None if parameter.grad is None else _local(parameter.grad))
            parameter.grad = None
        if self._fixed_order:
            total.add(found)
        else:
            total.add_in_place(found)


def _local(tensor: torch.Tensor) -> torch.Tensor:
    tensor = tensor.detach()
    return tensor.to_local() if isinstance(tensor, DTensor) else tensor


def _joined(rows: Sequence[PackedBatch]) -> PackedBatch:
    return rows[0] if len(rows) == 1 else PackedBatch.join(rows)


def _without_targets(row: PackedBatch) -> PackedBatch:
    """A row that a rank without one of its own works on, because the others need it to take part; it adds zeros."""
    return dataclasses.replace(row, weights_T=torch.zeros_like(row.weights_T))
