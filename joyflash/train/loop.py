"""The one training loop: rows in, steps out; a stage brings the model, the recipe and the data."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import math
import os
import re
import time
from pathlib import Path
from typing import Any

import torch

from joyflash.batch import PackedBatch
from joyflash.errors import ConfigError, DataError, StoppedError, TrainingError
from joyflash.model.checkpoint import save_model
from joyflash.model.joyflash import JoyFlash
from joyflash.model.moe import Router
from joyflash.model.transformer import set_recompute
from joyflash.optim.groups import describe_groups
from joyflash.optim.schedule import scale_learning_rates
from joyflash.train.alone import Alone
from joyflash.train.balance import update_router_bias
from joyflash.train.checkpoint import Progress, has_checkpoint
from joyflash.train.flops import Meter, peak_flops
from joyflash.train.logging import LOG_NAME
from joyflash.train.recipe import stored_policy
from joyflash.train.report import draw_report
from joyflash.train.stage import Log, Place, StageData, StageObjective, StageRecipe
from joyflash.train.stopping import StopRequest
from joyflash.train.together import TeamPlan

CPU = torch.device("cpu")
CHECKPOINT_SECONDS = 600.0
"""Most time between two checkpoints, where validations are rarer."""
CHECKPOINT_SHARE = 0.1
"""Of the time, that checkpoints asked for by the clock may take; where they take longer, they are rarer."""


def run_stage(
    recipe: StageRecipe,
    model: JoyFlash,
    data: StageData,
    run: Path,
    *,
    before: Path | None = None,
    resume: bool = False,
    workers: int | None = None,
    stop_after: int | None = None,
    device: torch.device = CPU,
    precision: torch.dtype = torch.float32,
    tensorboard: bool = False,
    team: TeamPlan | None = None,
) -> Path:
    """Train ``model`` as ``recipe`` says; return the folder ``run/model`` with the result.

    Checkpoints come with validations, at least every ``CHECKPOINT_SECONDS`` unless the result is a mean of checkpoints,
    and at Ctrl-C or SIGTERM to any process, which end the run after the step at hand.

    Args:
        recipe: settings of the loop.
        data: rows, objective and validation of the stage.
        run: run folder for log, curves, checkpoints and result; a new run needs one without a log.
        before: run folder of the stage before: its newest checkpoint gives weights and optimiser state.
        resume: go on from the newest readable checkpoint of ``run``, or from the beginning where it was killed before
            the first; log and weights continue exactly. ``recipe.json`` is kept until the recipe is found to fit.
        workers: rows worked on at the same time; on a GPU, processes that pack rows (of each process of a team, the
            same number in all). Default one per core.
        stop_after: stop after this many steps, with a checkpoint.
        device: where to train.
        precision: dtype of the products; the weights that the optimiser works on are float32.
        tensorboard: write TensorBoard files beside the log.
        team: run in several processes; every one of them calls this.

    Raises:
        ConfigError: recipe and model do not fit each other.
        StoppedError: a signal stopped the run; what it had is saved.
        TrainingError: the loss is no longer finite, the data ends, the disk is full, there is nothing to resume, or
            what is to be resumed does not fit the recipe.
    """
    set_recompute(model, recipe.recompute)
    if team is not None:
        _check_team(recipe, device, workers)
    if recipe.train_only is not None:
        train_only(model, recipe.train_only)
    _check_mtp(recipe, model)
    _check_quantize(recipe, model)
    cores = os.cpu_count() or 1
    notes = [] if resume else [describe_groups(model, model.config)]
    config = model.config
    place: Place = (
        Alone(recipe, model, workers or cores, device, precision)
        if team is None
        else team.place(recipe, model, precision)
    )
    if before is not None:
        place.load(before, notes.append)
    data.prepare(place, run)
    progress = _resumed(recipe, run, place, notes) if resume else Progress(0, {})
    last = recipe.steps if stop_after is None else min(recipe.steps, stop_after)
    packers = 0 if device.type == "cpu" else place.packers(workers, len(progress.data.get("workers", ())))
    peak = peak_flops(device, place.threads, precision)
    meter = Meter(config, peak and peak * place.world)
    resumed_step = progress.step if resume else None
    with (
        place.settled(),
        place.log(run, recipe.steps, resumed_step=resumed_step, tensorboard=tensorboard) as log,
        data.rows(progress.data or None, packers) as rows,
    ):
        notes += data.notes
        notes.append(f"Products in {str(precision).removeprefix('torch.')}, weights and optimiser in float32.")
        for note in notes:
            log.note(note)
        if data.measured_first and progress.step == 0:
            data.validate(place, log, 0)
        position = _Steps(recipe, run, place, data, rows, log, meter).take(progress, last)
        for note in data.left_out(position):
            log.note(note)
        if recipe.merge > 1 and last == recipe.steps:
            log.note(f"The result is the mean of the steps {place.average(run, recipe.merge)}.")
            data.validate(place, log, last)
    place.finish()
    whole = place.whole_model()
    if whole is not None:
        save_model(whole, run / "model", torch.float32)
        draw_report(run)
    return run / "model"


def train_only(model: JoyFlash, pattern: str) -> None:
    """Freeze every parameter whose name does not contain ``pattern``; ConfigError where none does."""
    found = {name: re.search(pattern, name) is not None for name, _ in model.named_parameters()}
    if not any(found.values()):
        raise ConfigError(
            f"train_only is {pattern!r}, which no parameter's name contains; there is {next(iter(found))}."
        )
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(found[name])


def _check_team(recipe: StageRecipe, device: torch.device, workers: int | None) -> None:
    """Refuse what several processes cannot do, or would ignore."""
    if recipe.train_only is not None:
        raise ConfigError("train_only works in a single process; run this recipe without torchrun.")
    if device.type == "cpu" and workers not in (None, 1):
        raise ConfigError("On CPUs a process of a team works on one row at a time: start more instead of --workers.")


def _check_mtp(recipe: StageRecipe, model: JoyFlash) -> None:
    """Refuse an MTP loss without the layer, and the layer alone without its loss."""
    if model.mtp is None and recipe.mtp_on(recipe.steps - 1):
        raise ConfigError("The recipe has an MTP loss, but the model has no MTP layer: set mtp_weight to 0.")
    trained = [name for name, parameter in model.named_parameters() if parameter.requires_grad]
    if all(name.startswith("mtp.") for name in trained) and not recipe.mtp_on(0):
        raise ConfigError(
            f"train_only is {recipe.train_only!r}, the MTP layer alone, whose loss is off at the first step: set "
            "mtp_from to 0 and mtp_weight above 0, or name other parameters. DPO never has this loss."
        )


def _check_quantize(recipe: StageRecipe, model: JoyFlash) -> None:
    """Refuse a rounding that would round nothing."""
    policy = stored_policy(recipe.quantize)
    shapes = {name: parameter.shape for name, parameter in model.named_parameters()}
    if policy is not None and not any(policy.stored(name, shape[-1]) for name, shape in shapes.items()):
        raise ConfigError(f"quantize is {recipe.quantize!r}, which finds nothing to quantise in this model.")


def _resumed(recipe: StageRecipe, run: Path, place: Place, notes: list[str]) -> Progress:
    if (run / LOG_NAME).is_file() and not has_checkpoint(run):
        notes.append(f"{run} was stopped before its first checkpoint: starting again from the beginning.")
        return Progress(0, {})
    progress = place.load(run, notes.append)
    if recipe.steps < progress.step:
        raise TrainingError(
            f"{run} has {progress.step} steps, the recipe ends after {recipe.steps}: resume with a recipe of at least "
            "as many, or give the shorter run another folder."
        )
    return progress


def _keep_recipe(recipe: StageRecipe, run: Path, log: Log) -> None:
    """Write ``recipe.json``; the log says which settings were others when the run was begun or last resumed."""
    path, text = run / "recipe.json", recipe.describe() + "\n"
    now, before = json.loads(text), {}
    if path.is_file():
        with contextlib.suppress(ValueError):  # cut short when the run was killed
            before = json.loads(path.read_text(encoding="utf-8"))
    if changed := [name for name in now if now[name] != before.get(name, now[name])]:
        log.note(f"The recipe has changed in {', '.join(changed)}; the steps from here on follow the new one.")
    path.write_text(text, encoding="utf-8")


@dataclasses.dataclass(frozen=True)
class _Steps:
    """The optimiser steps of a stage, with all that they work on."""

    recipe: StageRecipe
    run: Path
    place: Place
    data: StageData
    rows: Any
    log: Log
    meter: Meter

    def take(self, progress: Progress, last: int) -> dict[str, Any]:
        """All steps after ``progress`` up to ``last``, with validations and checkpoints; return the data position."""
        recipe, place = self.recipe, self.place
        position, saved_at, patience = progress.data, time.monotonic(), CHECKPOINT_SECONDS
        with StopRequest(quiet=not place.leads) as stop:
            for step in range(progress.step, last):
                batch = self._batch(step, progress.step, position)
                if step == progress.step and place.leads:  # only now is the saved data position known to fit
                    _keep_recipe(recipe, self.run, self.log)
                train_step(recipe, step, place, batch, self.data.objective(step, batch), self.log, self.meter)
                position = self.rows.state_dict()
                done = step + 1
                due = done % recipe.validate_every == 0 or done == last
                if due:
                    self.data.validate(place, self.log, done)
                late = recipe.merge == 1 and time.monotonic() - saved_at >= patience
                late, asked = place.largest(late, stop.signal or 0)
                if due or late or asked:
                    begun = time.monotonic()
                    self._save(done, position)
                    self.log.restart_clock()
                    saved_at = time.monotonic()
                    patience = max(CHECKPOINT_SECONDS, (saved_at - begun) / CHECKPOINT_SHARE)
                    if asked:
                        place.finish()
                        raise StoppedError(f"Stopped after step {done} of {last}; go on with --resume.", asked)
        return position

    def _batch(self, step: int, first: int, position: dict[str, Any]) -> list[PackedBatch]:
        """The rows of ``step``; where any process lacks them, the steps since ``first`` are saved and all raise."""
        batch, failure = [], None
        try:
            batch = self.data.batch(self.rows, step)
        except DataError as error:
            failure = error
        (failed,) = self.place.largest(failure is not None)
        if not failed:
            return batch
        failure = failure or DataError("the message of another process says why.")
        if step == first and step:
            raise TrainingError(f"{self.run} cannot be resumed after step {step}: {failure}") from failure
        if step > first:
            self._save(step, position)
            self.place.finish()
        raise _without_data(failure, self.run, step) from failure

    def _save(self, step: int, position: dict[str, Any]) -> None:
        """A checkpoint; it is marked where it is none of those whose mean is the result."""
        recipe = self.recipe
        between = recipe.merge > 1 and step % recipe.validate_every != 0 and step != recipe.steps
        self.place.save(self.run, Progress(step, position, between), keep=recipe.checkpoints_kept)


def _without_data(error: DataError, run: Path, step: int) -> TrainingError:
    """What to say after the steps since the last checkpoint were saved."""
    saved = f" The {step} steps before are saved in {run}." if step else ""
    return TrainingError(f"No data for step {step + 1}: {error}{saved} Put the data right and go on with --resume.")


def train_step(
    recipe: StageRecipe,
    step: int,
    place: Place,
    batch: list[PackedBatch],
    objective: StageObjective,
    log: Log,
    meter: Meter,
) -> None:
    """One optimiser step over the rows of ``batch``, and its line in the log."""
    workers = place.worker
    columns = objective.columns(place.run(batch, objective))
    loss = columns.pop("loss")
    norm = workers.clip(recipe.clip_norm)
    if not math.isfinite(norm) or not math.isfinite(loss):
        raise TrainingError(
            f"Loss {loss} or gradient norm {norm} at step {step + 1} is not finite; this step changed nothing. Lower "
            "the learning rates in the recipe and go on from the last checkpoint with --resume."
        )
    factor = recipe.learning_rate(step)
    scale_learning_rates(place.optimizers, factor)
    for optimizer in place.optimizers:
        optimizer.step()
        optimizer.zero_grad()
    biases = [m.e_score_correction_bias for m in place.model.modules() if isinstance(m, Router)]
    balance = update_router_bias(list(zip(biases, workers.take_loads(), strict=True)), recipe.balance(step))
    log.step(
        step + 1,
        loss,
        sum(row.tokens_T.numel() for row in batch),
        lr=recipe.muon_lr * factor,
        gradient_norm=norm,
        **columns,
        **dataclasses.asdict(balance),
        **meter.read(batch, mtp="mtp_loss" in columns),
    )
