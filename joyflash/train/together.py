"""Where a stage runs: in several processes that ``torchrun`` started. The counterpart of ``joyflash.train.alone``."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Self, TypeVar

import torch
import torch.distributed as dist
from torch.distributed.fsdp import FSDPModule

from joyflash.batch import PackedBatch
from joyflash.errors import ConfigError
from joyflash.model.config import ModelConfig
from joyflash.model.joyflash import JoyFlash
from joyflash.optim.muon_sharded import ShardedMuon
from joyflash.parallel.mesh import Mesh, make_mesh
from joyflash.parallel.team import Team
from joyflash.quantization.fake import fake_quantized
from joyflash.train.checkpoint import Progress
from joyflash.train.distributed import TeamWorker, build_sharded_optimizers, shard_model
from joyflash.train.logging import TrainingLog
from joyflash.train.parts import draw_part, read_part
from joyflash.train.recipe import Rates, stored_policy
from joyflash.train.team_checkpoint import TeamCheckpoints
from joyflash.train.team_state import TeamState
from joyflash.train.workers import Objective

Found = TypeVar("Found")
REDUCTIONS = ("auto", "fixed", "fast")
TOKENS_AT_ONCE = 16_384


@dataclass(frozen=True)
class TeamPlan:
    """How several processes share the work.

    Attributes:
        team: the processes.
        expert_parallel: processes that share one set of experts.
        reduction: how gradients are summed: "fixed" (losses and weights do not depend on the number of processes, to
            the bit on a CPU), "fast", or "auto": fixed on a CPU.
        tokens_at_once: a process joins rows up to this many tokens, unless the order is fixed.
        parts: this process's parts of a model that ``fresh`` drew or ``read`` read.
    """

    team: Team
    expert_parallel: int = 1
    reduction: str = "auto"
    tokens_at_once: int = TOKENS_AT_ONCE
    parts: dict[str, torch.Tensor] = field(default_factory=dict, repr=False)

    @cached_property
    def mesh(self) -> Mesh:
        """The processes as a grid; ConfigError if they cannot be arranged so."""
        return make_mesh(self.team, self.expert_parallel)

    def fresh(self, config: ModelConfig, generator: torch.Generator) -> JoyFlash:
        """A new model, of whose routed experts this process holds its part only; the next ``place`` takes it."""
        model, parts = draw_part(config, generator, self.mesh)
        self.parts.update(parts)
        return model

    def read(self, folder: Path) -> JoyFlash:
        """The model of a folder, divided as that of ``fresh``; see ``joyflash.train.parts.read_part``."""
        model, parts = read_part(folder, self.mesh)
        self.parts.update(parts)
        return model

    def place(self, recipe: Rates, model: JoyFlash, precision: torch.dtype) -> Together:
        """This process's part."""
        return Together(recipe, model, self, precision)


class Together:
    """This process's part of model, optimisers, worker and checkpoints.

    Args:
        recipe: gives the learning rates, and what is rounded for the passes.
        model: equal in all processes, whole or made by the plan's ``fresh`` or ``read``; it is divided.
        plan: who shares the work, and how.
        precision: see ``joyflash.train.loop.run_stage``.

    Raises:
        ConfigError: the processes cannot be arranged so, or no such reduction.
    """

    def __init__(self, recipe: Rates, model: JoyFlash, plan: TeamPlan, precision: torch.dtype):
        team, reduction = plan.team, plan.reduction
        if reduction not in REDUCTIONS:
            raise ConfigError(f"The reduction is {', '.join(REDUCTIONS)}, not {reduction!r}.")
        fixed = reduction == "fixed" or (reduction == "auto" and team.device.type == "cpu")
        self.leads, self.world, self._team = team.leads, team.world, team
        self._sharded = shard_model(model, plan.mesh, precision, fixed_order=fixed, parts=plan.parts)
        plan.parts.clear()
        self.model = model
        self.threads = torch.get_num_threads()
        shards, self.optimizers = build_sharded_optimizers(
            self._sharded, recipe.muon_lr, recipe.adamw_lr, weight_decay=recipe.weight_decay
        )
        muon, adamw = self.optimizers
        assert isinstance(muon, ShardedMuon)
        self.worker = TeamWorker(self._sharded, shards, fixed_order=fixed, tokens_at_once=plan.tokens_at_once)
        self.stored = stored_policy(recipe.quantize)
        self._checkpoints = TeamCheckpoints(TeamState(self._sharded, shards, muon, adamw), team)

    def log(self, run: Path, total_steps: int, **options: Any) -> TrainingLog | Silence:
        """The run's log; silence but for the leader.

        Raises:
            ConfigError: the processes do not see one and the same run folder.
        """
        self._team.check_shared(run)  # and the leader changes the log that the others have looked for
        return TrainingLog(run, total_steps, **options) if self.leads else Silence()

    def load(self, folder: Path, notify: Callable[[str], None]) -> Progress:
        """See ``TeamCheckpoints.load``."""
        return self._checkpoints.load(folder, notify)

    def save(self, folder: Path, progress: Progress, *, keep: int) -> None:
        """See ``TeamCheckpoints.save``: it is written while training goes on."""
        self._checkpoints.save(folder, progress, keep=keep)

    def average(self, folder: Path, last: int) -> list[int]:
        """See ``TeamCheckpoints.average``."""
        return self._checkpoints.average(folder, last)

    def packers(self, asked: int | None, saved: int) -> int:
        """As ``Alone.packers``, the cores shared by the team's processes on a machine; the same number in all.

        Raises:
            ConfigError: some were asked for another number: every process must draw the same rows.
        """
        cores = max(1, (os.cpu_count() or 1) // self._team.on_this_machine)
        found = self._team.gather((asked, asked or saved or cores))
        if len({mine for mine, _ in found}) > 1:
            raise ConfigError("--workers differs between the processes; give all machines the same number.")
        return min(wanted for _, wanted in found)

    def largest(self, *values: int) -> list[int]:
        """See ``Team.largest``."""
        return self._team.largest(*values)

    def run(self, rows: Sequence[PackedBatch], objective: Objective) -> list[dict[str, float]]:
        """The worker's ``run``, on fake weights where the recipe says so."""
        with fake_quantized(self._parts(), self.stored):
            return self.worker.run(rows, objective)

    def evaluate(self, function: Callable[[JoyFlash], Found]) -> Found:
        """``function`` of the model in evaluation mode, on fake weights where the recipe says so.

        Every process must give the same rows to it.
        """
        self.model.eval()
        with torch.no_grad(), fake_quantized(self._parts(), self.stored):
            found = self._sharded.call(function)
        if isinstance(self._sharded.call, FSDPModule):  # fully_shard made it one
            self._sharded.call.reshard()  # else the outer weights stay whole, and old after the next change
        return found

    def _parts(self) -> Iterator[tuple[str, torch.Tensor]]:
        return ((name, self._sharded.local(name)) for name in self._sharded.placements)

    @torch.no_grad()
    def whole_model(self) -> JoyFlash | None:
        """The whole model in the leader's main memory, put together tensor by tensor; None in other processes."""
        whole = JoyFlash(self.model.config) if self.leads else None
        for name, placement in self._sharded.placements.items():
            start, end = placement.bounds[self._team.rank]
            found = torch.zeros(placement.shape, device=self._team.device)
            found[start:end] = self._sharded.local(name)
            dist.reduce(found.view(torch.int32), 0)  # as integers: not even the sign of a zero may change
            if whole is not None:
                whole.get_parameter(name).copy_(found)
        if whole is not None:
            for name, buffer in self.model.named_buffers():
                if name.endswith("e_score_correction_bias"):
                    whole.get_buffer(name).copy_(buffer)
        return whole

    @contextmanager
    def settled(self) -> Iterator[None]:
        """Whatever ends the block, no checkpoint is still being written after it: an error parts the processes."""
        try:
            yield
        finally:
            self._checkpoints.settle()

    def finish(self) -> None:
        """Wait for the last checkpoint."""
        self.worker.close()
        self._checkpoints.finish()
        self._team.wait()


class Silence:
    """The log of a process that does not lead: what ``TrainingLog`` offers, to no effect."""

    def step(self, step: int, loss: float, tokens: int, **values: float | int | None) -> None:
        """The leader records it."""

    def validation(
        self, step: int, bits_per_byte: Mapping[str, float], exact: Mapping[str, float] | None = None
    ) -> None:
        """The leader records it."""

    def record(self, step: int, **values: Any) -> None:
        """The leader records it."""

    def note(self, text: str) -> None:
        """The leader says it."""

    def restart_clock(self) -> None:
        """The leader measures."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass
