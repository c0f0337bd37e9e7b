"""The processes of one job as ``torchrun`` starts them: who am I, how many are we, on which device do I work."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist

from joyflash.errors import ConfigError

PATIENCE = timedelta(minutes=30)
"""How long a process waits in a step for the others."""
LONG_PATIENCE = timedelta(days=2)
"""How long it waits while the first one works alone, such as on tokenising a corpus."""


@dataclass(frozen=True)
class Team:
    """One process's place among all.

    Attributes:
        rank: this process, from 0.
        world: how many there are.
        device: where this process computes.
    """

    rank: int
    world: int
    device: torch.device

    @property
    def leads(self) -> bool:
        """Whether this process writes logs and results."""
        return self.rank == 0

    @property
    def on_this_machine(self) -> int:
        """How many of them run here, as ``torchrun`` says."""
        return int(os.environ.get("LOCAL_WORLD_SIZE", "1"))

    def gather(self, value: Any) -> list[Any]:
        """The ``value`` of every process, by rank; for small plain data."""
        found: list[Any] = [None] * self.world
        dist.all_gather_object(found, value)
        return found

    def largest(self, *values: int) -> list[int]:
        """The largest of each value over all processes, for decisions that they must take together."""
        found = torch.tensor(values)
        dist.all_reduce(found, dist.ReduceOp.MAX)  # in main memory: the GPU's queue is not waited for
        return found.tolist()

    @cached_property
    def _patient(self) -> Any:
        return dist.new_group(backend="gloo", timeout=LONG_PATIENCE)

    def wait(self) -> None:
        """Go on only when everybody has come this far, however long the first one works alone."""
        dist.barrier(group=self._patient)

    def check_shared(self, folder: Path) -> None:
        """Raise ConfigError in every process unless all see the same ``folder``, which is made if need be."""
        mark = folder / self.gather(f".shared-{uuid.uuid4().hex}")[0]  # new: no disk remembers that it was not there
        if self.leads:
            folder.mkdir(parents=True, exist_ok=True)
            mark.touch()
        self.wait()
        without = sum(not seen for seen in self.gather(mark.exists()))
        if self.leads:
            mark.unlink(missing_ok=True)
        if without:
            raise ConfigError(
                f"{without} of {self.world} processes do not see the folder {folder} of the first one. Several "
                "machines need a run folder on a disk that they share."
            )

    @contextmanager
    def leader_first(self) -> Iterator[None]:
        """The leader runs the block alone, then all the others: for work whose result is kept on disk."""
        patient = self._patient  # made together, before anybody waits
        if not self.leads:
            dist.barrier(group=patient)
        yield
        if self.leads:
            dist.barrier(group=patient)


def launched_by_torchrun() -> bool:
    """Whether the environment asks this process to be one of a team, of which it may be the only one."""
    return all(name in os.environ for name in ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"))


@contextmanager
def joined_team(device: str = "cpu") -> Iterator[Team]:
    """Join the processes that ``torchrun`` started; leave them at the end, also after an error.

    Args:
        device: "cpu" (gloo), or "cuda": NCCL between GPUs, gloo for what stays in main memory.

    Raises:
        ConfigError: there is no team to join, or no GPU for this process.
    """
    if not launched_by_torchrun():
        raise ConfigError("This process has no team. Start it with: torchrun --nproc-per-node N -m joyflash ...")
    if device == "cuda":
        local = int(os.environ.get("LOCAL_RANK", "0"))
        if local >= torch.cuda.device_count():
            raise ConfigError(
                f"Process {local} of this machine has no GPU: it has {torch.cuda.device_count()}. Give torchrun "
                "--nproc-per-node as many processes as there are GPUs."
            )
        place = torch.device("cuda", local)
        torch.cuda.set_device(place)
    else:
        place = torch.device("cpu")
    dist.init_process_group("cpu:gloo,cuda:nccl" if device == "cuda" else "gloo", timeout=PATIENCE)
    try:
        yield Team(dist.get_rank(), dist.get_world_size(), place)
    finally:
        dist.destroy_process_group()


def exact_sum(values: Sequence[torch.Tensor]) -> list[torch.Tensor]:
    """Sums over all processes of tensors that at most one of them has set at any place (the others hold zeros)."""
    sums = [value.clone() for value in values]
    for total in sums:
        dist.all_reduce(total)
    return sums
