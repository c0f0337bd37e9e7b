"""The processes as a grid: data parallel times expert parallel.

Rank = data coordinate * E + expert coordinate, so that the E ranks of one expert group are neighbours (on one machine,
where the links are fast). Parameters outside the experts are divided over all ranks; experts first over the expert
axis, then over the data axis.

Letters: W ranks, D data-parallel groups, E ranks that share one set of experts; W = D * E.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.distributed as dist
from torch.distributed.device_mesh import DeviceMesh, init_device_mesh

from joyflash.errors import ConfigError
from joyflash.parallel.team import Team


@dataclass(frozen=True)
class Mesh:
    """The grid of a team, as PyTorch's device meshes.

    Attributes:
        team: the processes.
        expert_parallel: E.
        world: all ranks in a line.
        grid: [D, E] with the axes "data" and "expert".
        in_memory: the same line for tensors in main memory, where those of checkpoints lie.
        experts_by_place: for tensors in main memory, the same ranks as [E, D]: dividing the experts over its axes in
            turn gives each rank a run of neighbours, which is what checkpoints describe.
    """

    team: Team
    expert_parallel: int
    world: DeviceMesh
    grid: DeviceMesh
    in_memory: DeviceMesh
    experts_by_place: DeviceMesh

    @property
    def data_parallel(self) -> int:
        """D."""
        return self.team.world // self.expert_parallel

    @property
    def expert_group(self) -> dist.ProcessGroup:
        """The ranks that share one set of experts, this one among them."""
        return self.grid.get_group("expert")


def make_mesh(team: Team, expert_parallel: int = 1) -> Mesh:
    """Arrange a team.

    Args:
        expert_parallel: E, ranks that share one set of experts.

    Raises:
        ConfigError: E does not divide the number of processes.
    """
    if expert_parallel < 1 or team.world % expert_parallel:
        raise ConfigError(
            f"{team.world} processes cannot be arranged in groups of {expert_parallel}: --expert-parallel must divide "
            "the number of processes."
        )
    kind = team.device.type
    shape = (team.world // expert_parallel, expert_parallel)
    world = init_device_mesh(kind, (team.world,), mesh_dim_names=("world",))
    grid = init_device_mesh(kind, shape, mesh_dim_names=("data", "expert"))
    in_memory = world if kind == "cpu" else init_device_mesh("cpu", (team.world,), mesh_dim_names=("world",))
    turned = DeviceMesh("cpu", torch.arange(team.world).view(shape).t().contiguous(), mesh_dim_names=("part", "piece"))
    return Mesh(team, expert_parallel, world, grid, in_memory, turned)
