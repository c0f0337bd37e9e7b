"""Fresh weights of a model that no process could hold: routed experts are drawn one tensor at a time.

What lies outside of them is small (9 GB in float32 of the released model's 196) and whole in every process until it is
divided. Of the experts each process keeps its own part of every tensor and drops the rest, so that the numbers are
those of one process that draws all of them.
"""

from __future__ import annotations

import torch
from torch import nn

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
    """A fresh model whose routed experts are on the meta device, and this rank's parts of them by parameter name."""
    with torch.device("meta"):
        model = JoyFlash(config)
    for module in model.modules():
        if not isinstance(module, Experts):
            module.to_empty(device="cpu", recurse=False)
    for buffer in model.buffers():
        buffer.zero_()
    parts: dict[str, torch.Tensor] = {}

    def keep(name: str, whole: torch.Tensor) -> None:
        start, end = place_parameter(name, tuple(whole.shape), mesh).bounds[mesh.team.rank]
        parts[name] = whole[start:end].clone()

    return initialise(model, generator, keep), parts


def make_real(module: nn.Module, device: torch.device) -> None:
    """Give parameters that are still on the meta device memory on ``device``, without a value."""
    module._apply(lambda tensor: torch.empty_like(tensor, device=device) if tensor.is_meta else tensor)
