"""The one training loop: rows in, steps out; a stage brings the model, the recipe and the data."""

from __future__ import annotations

import dataclasses
import math
import os
from collections.abc import Callable
from pathlib import Path

import torch

from joyflash.batch import PackedBatch
from joyflash.errors import DataError, TrainingError
from joyflash.model.checkpoint import save_model
from joyflash.model.joyflash import JoyFlash
from joyflash.model.moe import Router
from joyflash.model.transformer import set_recompute
from joyflash.optim.groups import build_optimizers, describe_groups
from joyflash.optim.schedule import scale_learning_rates
from joyflash.train.balance import update_router_bias
from joyflash.train.checkpoint import (
    Progress,
    average_checkpoints,
    has_checkpoint,
    load_checkpoint,
    save_checkpoint,
)
from joyflash.train.device_worker import DeviceWorker
from joyflash.train.flops import Meter, peak_flops
from joyflash.train.ingredients import Ingredients
from joyflash.train.logging import LOG_NAME, TrainingLog
from joyflash.train.objective import LanguageModelling, target_weight
from joyflash.train.recipe import Recipe
from joyflash.train.report import draw_report
from joyflash.train.validate import bits_per_byte, exactness, skill_rows
from joyflash.train.workers import RowWorkers

CPU = torch.device("cpu")


def run_stage(
    recipe: Recipe,
    model: JoyFlash,
    ingredients: Ingredients,
    run: Path,
    *,
    before: Path | None = None,
    resume: bool = False,
    workers: int | None = None,
    stop_after: int | None = None,
    device: torch.device = CPU,
    precision: torch.dtype = torch.float32,
    tensorboard: bool = False,
) -> Path:
    """Train ``model`` as ``recipe`` says; return the folder ``run/model`` with the result.

    Args:
        run: run folder for log, curves, checkpoints and result; a new run needs one without a log.
        before: run folder of the stage before: its newest checkpoint gives weights and optimiser state.
        resume: go on from the newest readable checkpoint of ``run``, or from the beginning where it was killed before
            the first; log and weights continue exactly.
        workers: rows worked on at the same time; on a GPU, processes that pack rows. Default one per core.
        stop_after: stop after this many steps, with a checkpoint.
        device: where to train.
        precision: dtype of the products; the weights that the optimiser works on are float32.
        tensorboard: write TensorBoard files beside the log.

    Raises:
        TrainingError: the loss is no longer finite, the data ends, the disk is full, or there is nothing to resume.
    """
    model = model.to(device)
    set_recompute(model, recipe.recompute)
    workers = workers or os.cpu_count() or 1
    optimizers = build_optimizers(
        model, model.config, recipe.muon_lr, recipe.adamw_lr, weight_decay=recipe.weight_decay
    )
    notes = [] if resume else [describe_groups(model, model.config)]
    if before is not None:
        load_checkpoint(before, model, optimizers, notify=notes.append)
    progress = _resumed(run, model, optimizers, notes) if resume else Progress(0, {})
    run.mkdir(parents=True, exist_ok=True)
    (run / "recipe.json").write_text(recipe.describe() + "\n", encoding="utf-8")
    last = recipe.steps if stop_after is None else min(recipe.steps, stop_after)
    on_cpu = device.type == "cpu"
    row_workers = RowWorkers(model, workers, precision) if on_cpu else DeviceWorker(model, precision)
    meter = Meter(model.config, peak_flops(device, workers))
    resumed_step = progress.step if resume else None
    with (
        TrainingLog(run, recipe.steps, resumed_step=resumed_step, tensorboard=tensorboard) as log,
        ingredients.rows(progress.data or None, 0 if on_cpu else workers) as rows,
    ):
        notes.append(f"Products in {str(precision).removeprefix('torch.')}, weights and optimiser in float32.")
        for note in notes:
            log.note(note)
        validate = _validation(recipe, model, ingredients, log)
        position = progress.data
        for step in range(progress.step, last):
            try:
                batch = [next(rows) for _ in range(recipe.rows(step))]
            except DataError as error:
                if step > progress.step:
                    keep = recipe.checkpoints_kept
                    save_checkpoint(run, model, optimizers, Progress(step, position), keep=keep)
                raise _without_data(error, run, step) from error
            train_step(recipe, step, row_workers, optimizers, batch, log, meter)
            position = rows.state_dict()
            done = step + 1
            if done % recipe.validate_every == 0 or done == last:
                validate(done)
                save_checkpoint(run, model, optimizers, Progress(done, position), keep=recipe.checkpoints_kept)
                log.restart_clock()
        if recipe.merge > 1 and last == recipe.steps:
            log.note(f"The result is the mean of the steps {average_checkpoints(run, model, recipe.merge)}.")
            validate(last)
    row_workers.close()
    draw_report(run)
    save_model(model, run / "model", torch.float32)
    return run / "model"


def _resumed(run: Path, model: JoyFlash, optimizers: list[torch.optim.Optimizer], notes: list[str]) -> Progress:
    if (run / LOG_NAME).is_file() and not has_checkpoint(run):
        notes.append(f"{run} was stopped before its first checkpoint: starting again from the beginning.")
        return Progress(0, {})
    return load_checkpoint(run, model, optimizers, notify=notes.append)


def _without_data(error: DataError, run: Path, step: int) -> TrainingError:
    """What to say after the steps since the last checkpoint were saved."""
    saved = f" The {step} steps before are saved in {run};" if step else ""
    return TrainingError(f"No data for step {step + 1}: {error}{saved} Put the data right and go on with --resume.")


def train_step(
    recipe: Recipe,
    step: int,
    workers: RowWorkers | DeviceWorker,
    optimizers: list[torch.optim.Optimizer],
    batch: list[PackedBatch],
    log: TrainingLog,
    meter: Meter,
) -> None:
    """One optimiser step over the rows of ``batch``, and its line in the log."""
    model = workers.model
    mtp_weight = recipe.mtp_weight if recipe.mtp_on(step) else 0.0
    objective = LanguageModelling(target_weight(batch, 1), mtp_weight, target_weight(batch, 2))
    sums = workers.run(batch, objective)
    loss = sum(row["loss"] for row in sums)
    norm = workers.clip(recipe.clip_norm)
    if not math.isfinite(norm) or not math.isfinite(loss):
        raise TrainingError(
            f"Loss {loss} or gradient norm {norm} at step {step + 1} is not finite; this step changed nothing. Lower "
            "the learning rates in the recipe and go on from the last checkpoint with --resume."
        )
    factor = recipe.learning_rate(step)
    scale_learning_rates(optimizers, factor)
    for optimizer in optimizers:
        optimizer.step()
        optimizer.zero_grad()
    biases = [m.e_score_correction_bias for m in model.modules() if isinstance(m, Router)]
    balance = update_router_bias(list(zip(biases, workers.take_loads(), strict=True)), recipe.balance(step))
    log.step(
        step + 1,
        loss,
        sum(row.tokens_T.numel() for row in batch),
        mtp_loss=sum(row["mtp_loss"] for row in sums) if mtp_weight else None,
        lr=recipe.muon_lr * factor,
        gradient_norm=norm,
        **dataclasses.asdict(balance),
        targets=objective.main_weight,
        **meter.read(batch, mtp=mtp_weight > 0),
    )


def _validation(recipe: Recipe, model: JoyFlash, ingredients: Ingredients, log: TrainingLog) -> Callable[[int], None]:
    texts = ingredients.validation()
    skills = skill_rows(
        list(recipe.skills),
        ingredients.template,
        samples=recipe.skill_samples,
        row_tokens=recipe.row_tokens,
        pad_id=ingredients.pad_id,
    )

    def validate(step: int) -> None:
        model.eval()
        log.validation(step, bits_per_byte(model, texts), exactness(model, skills))

    return validate
