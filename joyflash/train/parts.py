"""Weights that no process could hold whole: of routed experts each process draws or reads its own part only.

What lies outside of them is small (9 GB in float32 of the released model's 196) and whole in every process until it is
divided.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import torch
from torch import nn

from joyflash.model.checkpoint import open_checkpoint
from joyflash.model.config import ModelConfig
from joyflash.model.initialise import initialise
from joyflash.model.joyflash import JoyFlash
from joyflash.model.moe import Experts
from joyflash.parallel.mesh import Mesh
from joyflash.parallel.placement import Placement, place_evenly, place_experts


def place_parameter(name: str, shape: tuple[int, ...], mesh: Mesh) -> Placement:
    """Which rank holds what of a parameter: experts by the expert axis if there is one, all else evenly.

    Raises:
        ConfigError: the experts cannot be divided evenly over the expert axis.
    """
    if mesh.expert_parallel > 1 and ".mlp.experts." in name:
        return place_experts(shape, mesh.data_parallel, mesh.expert_parallel)
    return place_evenly(shape, mesh.team.world)


def draw_part(config: ModelConfig, generator: torch.Generator, mesh: Mesh) -> tuple[JoyFlash, dict[str, torch.Tensor]]:
    """A fresh model whose routed experts are on the meta device, and this rank's parts of them by parameter name.

    Experts are drawn one tensor at a time, so that the numbers are those of one process that draws all of them.
    """
    with torch.device("meta"):
        model = JoyFlash(config)
    _real_outside_experts(model)
    parts: dict[str, torch.Tensor] = {}

    def keep(name: str, whole: torch.Tensor) -> None:
        start, end = place_parameter(name, tuple(whole.shape), mesh).bounds[mesh.team.rank]
        parts[name] = whole[start:end].clone()

    return initialise(model, generator, keep), parts


def read_part(folder: Path, mesh: Mesh) -> tuple[JoyFlash, dict[str, torch.Tensor]]:
    """The model of a folder in float32, its routed experts on the meta device, and this rank's parts of them.

    Files with a checksum are read whole and compared in every process, which may be on a machine of its own; of others
    only the part's bytes are read.

    Args:
        folder: a Hugging Face folder, not quantised.
        mesh: the processes.

    Raises:
        CheckpointError, ConfigError: as of ``read_model``; also where the experts cannot be divided so.
    """
    found = open_checkpoint(folder)
    model = found.model
    _real_outside_experts(model)
    state = model.state_dict()
    bounds = {
        name: place_parameter(name, tuple(tensor.shape), mesh).bounds[mesh.team.rank]
        for name, tensor in state.items()
        if tensor.is_meta
    }
    parts = {name: torch.empty(end - start, *state[name].shape[1:]) for name, (start, end) in bounds.items()}
    tensors, rows = {}, {}
    for name, place in found.plan.items():
        start, end = bounds.get(place.ours, (0, 0))
        if place.ours not in parts:
            tensors[name] = place.of(state)
        elif place.expert is None:
            tensors[name], rows[name] = parts[place.ours], (start, end)
        elif start <= place.expert < end:
            tensors[name] = dataclasses.replace(place, expert=place.expert - start).of(parts)
    found.read_into(tensors, state, rows=rows, check_all=True)
    return model, parts


def make_real(module: nn.Module, device: torch.device) -> None:
    """Give parameters that are still on the meta device memory on ``device``, without a value."""
    module._apply(lambda tensor: torch.empty_like(tensor, device=device) if tensor.is_meta else tensor)


def _real_outside_experts(model: JoyFlash) -> None:
    """Give a model on the meta device memory for all but the routed experts; buffers are zero."""
    for module in model.modules():
        if not isinstance(module, Experts):
            module.to_empty(device="cpu", recurse=False)
    for buffer in model.buffers():
        buffer.zero_()
