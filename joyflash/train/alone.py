"""Where a stage runs: in this process alone. Its counterpart for several processes is ``joyflash.train.together``."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, TypeVar

import torch

from joyflash.batch import PackedBatch
from joyflash.model.joyflash import JoyFlash
from joyflash.optim.groups import build_optimizers
from joyflash.quantization.fake import fake_quantized
from joyflash.train.checkpoint import Progress, average_checkpoints, load_checkpoint, save_checkpoint
from joyflash.train.device_worker import DeviceWorker
from joyflash.train.logging import TrainingLog
from joyflash.train.recipe import Rates, stored_policy
from joyflash.train.workers import Objective, RowWorkers

Found = TypeVar("Found")


class Alone:
    """Model, optimisers, worker and checkpoints of one process.

    Args:
        recipe: gives the learning rates, and what is rounded for the passes.
        model: on ``device`` afterwards.
        workers: threads on a CPU.
        device, precision: see ``joyflash.train.loop.run_stage``.

    Attributes:
        threads: that compute, on a CPU.
    """

    leads = True
    world = 1

    def __init__(self, recipe: Rates, model: JoyFlash, workers: int, device: torch.device, precision: torch.dtype):
        self.model = model.to(device)
        self.threads = workers
        self.optimizers = build_optimizers(
            model, model.config, recipe.muon_lr, recipe.adamw_lr, weight_decay=recipe.weight_decay
        )
        on_cpu = device.type == "cpu"
        self.worker = RowWorkers(model, workers, precision) if on_cpu else DeviceWorker(model, precision)
        self.stored = stored_policy(recipe.quantize)

    def log(self, run: Path, total_steps: int, **options: Any) -> TrainingLog:
        """The run's log."""
        return TrainingLog(run, total_steps, **options)

    def load(self, folder: Path, notify: Callable[[str], None]) -> Progress:
        """See ``load_checkpoint``."""
        return load_checkpoint(folder, self.model, self.optimizers, notify=notify)

    def save(self, folder: Path, progress: Progress, *, keep: int) -> None:
        """See ``save_checkpoint``."""
        save_checkpoint(folder, self.model, self.optimizers, progress, keep=keep)

    def average(self, folder: Path, last: int) -> list[int]:
        """See ``average_checkpoints``."""
        return average_checkpoints(folder, self.model, last)

    def packers(self, asked: int | None, saved: int) -> int:
        """Processes that pack rows for a GPU: as many as asked for, as in a saved position, or one per core."""
        return asked or saved or os.cpu_count() or 1

    def largest(self, *values: int) -> list[int]:
        """The values themselves: there are no other processes to agree with."""
        return list(values)

    def run(self, rows: Sequence[PackedBatch], objective: Objective) -> list[dict[str, float]]:
        """The worker's ``run``, on fake weights where the recipe says so."""
        with fake_quantized(self.model.named_parameters(), self.stored):
            return self.worker.run(rows, objective)

    def evaluate(self, function: Callable[[JoyFlash], Found]) -> Found:
        """``function`` of the model in evaluation mode, on fake weights where the recipe says so."""
        with fake_quantized(self.model.named_parameters(), self.stored):
            return function(self.model.eval())

    def whole_model(self) -> JoyFlash | None:
        """The model as a whole; None in a process that does not write it."""
        return self.model

    def settled(self) -> AbstractContextManager[None]:
        """Nothing is written in the background."""
        return nullcontext()

    def finish(self) -> None:
        """Everything begun is done."""
        self.worker.close()
