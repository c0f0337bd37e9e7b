"""What the loop asks of a stage: settings that every recipe has, and the data with its objective and validation."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

import torch

from joyflash.batch import PackedBatch
from joyflash.model.joyflash import JoyFlash
from joyflash.train.alone import Alone
from joyflash.train.logging import TrainingLog
from joyflash.train.recipe import Rates
from joyflash.train.together import Silence, Together

Place = Alone | Together
Log = TrainingLog | Silence


class StageRecipe(Rates, Protocol):
    """Settings of the loop; see ``joyflash.train.recipe.Recipe`` for what they mean."""

    @property
    def steps(self) -> int: ...
    @property
    def clip_norm(self) -> float: ...
    @property
    def recompute(self) -> bool: ...
    @property
    def train_only(self) -> str | None: ...
    @property
    def merge(self) -> int: ...
    @property
    def validate_every(self) -> int: ...
    @property
    def checkpoints_kept(self) -> int: ...

    def learning_rate(self, step: int) -> float: ...
    def balance(self, step: int) -> float: ...
    def mtp_on(self, step: int) -> bool: ...
    def describe(self) -> str: ...


class StageObjective(Protocol):
    """An objective for a step's rows that can sum up what it found."""

    def __call__(self, model: JoyFlash, row: PackedBatch, /) -> tuple[torch.Tensor, dict[str, float]]:
        """See ``joyflash.train.workers.Objective``."""
        ...

    def columns(self, sums: Sequence[dict[str, float]], /) -> dict[str, float]:
        """Columns of the log, ``loss`` among them, from the sums of all rows."""
        ...


class Rows(Protocol):
    """A stage's stream of rows, whose position can be saved; only the stage itself draws from it."""

    def state_dict(self) -> dict[str, Any]:
        """JSON-able position after what was handed out."""
        ...


class StageData(Protocol):
    """The data side of a stage.

    Attributes:
        notes: what the reader of the log should know about the data.
        measured_first: whether there is a validation before the first step, too.
    """

    @property
    def notes(self) -> list[str]: ...
    @property
    def measured_first(self) -> bool: ...

    def prepare(self, place: Place, run: Path) -> None:
        """Called once, with the weights that the stage starts from."""
        ...

    def rows(self, state: dict[str, Any] | None, processes: int = 0) -> AbstractContextManager[Rows]:
        """The stream from a saved position, or from the start."""
        ...

    def batch(self, rows: Any, step: int) -> list[PackedBatch]:
        """The rows of ``step`` (from 0); ``rows`` is what the method of that name gave."""
        ...

    def objective(self, step: int, batch: Sequence[PackedBatch]) -> StageObjective:
        """What is descended on in ``step``."""
        ...

    def validate(self, place: Place, log: Log, step: int) -> None:
        """Measure after ``step`` steps, and write it down."""
        ...

    def left_out(self, state: dict[str, Any]) -> list[str]:
        """Sentences about data that was met and not used."""
        ...
