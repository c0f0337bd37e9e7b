"""What a run by several processes consists of, as named tensors that know their place in the whole.

``model.NAME``, ``momentum.NAME`` (Muon), ``mean.NAME`` and ``square.NAME`` (AdamW) are divided like the parameters;
``variance.NAME`` (Muon), router biases ``bias.NAME`` and the random state ``rng`` are whole and written by the leader.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch.distributed.tensor import DTensor
from torch.distributed.tensor import Shard as Divided

from joyflash.optim.muon_sharded import Shard, ShardedMuon
from joyflash.parallel.placement import Placement
from joyflash.train.distributed import ShardedModel

_MOMENTS = {"mean": "exp_avg", "square": "exp_avg_sq"}


class TeamState:
    """The state of model and optimisers on this rank, to be written and read.

    Args:
        sharded: the model.
        shards: this rank's parts.
        muon, adamw: their optimisers.
    """

    def __init__(self, sharded: ShardedModel, shards: list[Shard], muon: ShardedMuon, adamw: torch.optim.Optimizer):
        self._sharded = sharded
        self._shards = {shard.name: shard for shard in shards}
        self._muon, self._adamw = muon, adamw
        owned = {id(parameter) for group in adamw.param_groups for parameter in group["params"]}
        self._on_adamw = [shard.name for shard in shards if id(shard.parameter) in owned]

    def copied(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """A copy of all tensors in main memory as DCP takes them, and the plain numbers."""
        parts = {f"model.{name}": shard.parameter.detach() for name, shard in self._shards.items()}
        parts |= {f"momentum.{name}": momentum for name, momentum in self._muon.momenta().items()}
        steps = {}
        for name in self._on_adamw:
            moments = self._adamw.state.get(self._shards[name].parameter, {})
            steps[name] = int(moments.get("step", 0))
            for ours, theirs in _MOMENTS.items():
                parts[f"{ours}.{name}"] = moments.get(theirs, torch.zeros_like(self._shards[name].parameter))
        tensors = {key: self._describe(key, part.detach().to("cpu", copy=True)) for key, part in parts.items()}
        whole = {f"variance.{name}": variance for name, variance in self._muon.second_moments().items()}
        whole |= {f"bias.{name}": bias for name, bias in self._biases().items()} | {"rng": torch.get_rng_state()}
        if self._sharded.mesh.team.leads:
            tensors |= {key: value.detach().to("cpu", copy=True) for key, value in whole.items()}
        tensors = {key: tensor for key, tensor in tensors.items() if tensor is not None}
        return tensors, {"muon_step": self._muon.param_groups[0]["step"], "adamw_steps": steps}

    def to_load(self) -> dict[str, Any]:
        """Empty tensors in main memory, as ``copied`` describes them on all ranks together, for DCP to fill."""
        tensors = self.weights_to_load()
        for prefix, names in (("momentum", self._muon.momenta()), ("mean", self._on_adamw), ("square", self._on_adamw)):
            for name in names:
                tensors[f"{prefix}.{name}"] = self._describe(f"{prefix}.{name}", self._empty(name))
        for name, shape in self._muon.second_moment_shapes().items():
            tensors[f"variance.{name}"] = torch.empty(shape)
        tensors["rng"] = torch.empty_like(torch.get_rng_state())
        return {key: tensor for key, tensor in tensors.items() if tensor is not None}

    def weights_to_load(self) -> dict[str, Any]:
        """The model's part of ``to_load``."""
        tensors = {f"model.{name}": self._describe(f"model.{name}", self._empty(name)) for name in self._shards}
        tensors |= {f"bias.{name}": torch.empty_like(bias, device="cpu") for name, bias in self._biases().items()}
        return {key: tensor for key, tensor in tensors.items() if tensor is not None}

    @torch.no_grad()
    def take(self, tensors: Mapping[str, Any], numbers: Mapping[str, Any]) -> None:
        """Put loaded tensors and numbers where they belong; learning rates stay the recipe's."""
        parts = self.parts(tensors)
        self.take_weights(parts)
        for name, momentum in self._muon.momenta().items():
            _copy(momentum, parts.get(f"momentum.{name}"))
        device = self._sharded.mesh.team.device
        self._muon.load_second_moments({name: parts[f"variance.{name}"].to(device) for name in self._muon.momenta()})
        self._muon.param_groups[0]["step"] = int(numbers["muon_step"])
        for name in self._on_adamw:
            parameter, step = self._shards[name].parameter, float(numbers["adamw_steps"][name])
            self._adamw.state.pop(parameter, None)
            if step:
                on = parameter.device if parameter.is_cuda else "cpu"
                self._adamw.state[parameter] = {"step": torch.tensor(step, device=on)}
                for ours, theirs in _MOMENTS.items():
                    moment = torch.zeros_like(parameter)
                    _copy(moment, parts.get(f"{ours}.{name}"))
                    self._adamw.state[parameter][theirs] = moment
        torch.set_rng_state(parts["rng"])

    @torch.no_grad()
    def take_weights(self, parts: Mapping[str, torch.Tensor]) -> None:
        """Put this rank's parts of the weights and the router biases into the model."""
        for name, shard in self._shards.items():
            _copy(shard.parameter.detach(), parts.get(f"model.{name}"))
        for name, bias in self._biases().items():
            bias.copy_(parts[f"bias.{name}"])

    def parts(self, tensors: Mapping[str, Any]) -> dict[str, torch.Tensor]:
        """This rank's plain tensors inside described ones."""
        return {key: each.to_local() if isinstance(each, DTensor) else each for key, each in tensors.items()}

    def _biases(self) -> dict[str, torch.Tensor]:
        buffers = self._sharded.model.named_buffers()
        return {name: buffer for name, buffer in buffers if name.endswith("e_score_correction_bias")}

    def _empty(self, name: str) -> torch.Tensor:
        return torch.empty(self._sharded.placements[name].local_shape(self._sharded.mesh.team.rank))

    def _describe(self, key: str, part: torch.Tensor) -> DTensor | None:
        """A part, which lies in main memory, with its place in the whole; None if it is empty."""
        placement: Placement = self._sharded.placements[key.partition(".")[2]]
        if not part.numel():
            return None
        mesh = self._sharded.mesh
        shape = torch.Size(placement.shape)
        stride = tuple(math.prod(shape[axis + 1 :]) for axis in range(len(shape)))
        on, cuts = (mesh.experts_by_place, 2) if placement.by_expert else (mesh.in_memory, 1)
        described = DTensor.from_local(part, on, [Divided(0)] * cuts, run_check=False, shape=shape, stride=stride)
        assert described.device.type == "cpu", key  # a mesh of GPUs would take it back to one
        return described


def _copy(target: torch.Tensor, source: torch.Tensor | None) -> None:
    if source is not None:
        target.copy_(source)
