"""Pretraining: fresh weights of a size, text and skills; in one stage or in the report's four."""

from __future__ import annotations

import shutil
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import torch

from joyflash.errors import ConfigError, TrainingError
from joyflash.model.config import preset, sized
from joyflash.model.initialise import initialise
from joyflash.model.joyflash import JoyFlash
from joyflash.model.loading import model_folder
from joyflash.train.checkpoint import last_step
from joyflash.train.curriculum import Curriculum
from joyflash.train.device_worker import training_device, training_precision
from joyflash.train.ingredients import Ingredients
from joyflash.train.logging import LOG_NAME
from joyflash.train.loop import run_stage
from joyflash.train.recipe import Recipe
from joyflash.train.report import draw_report
from joyflash.train.together import TeamPlan

TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja")


def run(
    recipe: Recipe,
    *,
    data: Path | None,
    out: Path,
    resume: bool = False,
    tokenizer: str | Path = "nano",
    workers: int | None = None,
    stop_after: int | None = None,
    device: str = "cpu",
    precision: str = "auto",
    tensorboard: bool = False,
    team: TeamPlan | None = None,
    before: Path | None = None,
) -> Path:
    """Pretrain as ``recipe`` says; return the folder of the resulting model, tokenizer included.

    Args:
        data: data folder, or None for the text of this Python installation.
        out: run folder.
        resume: go on with an interrupted run.
        tokenizer: folder or bundled name that gives tokenizer and chat template.
        workers, stop_after: see ``joyflash.train.loop.run_stage``.
        device: "cpu" or "cuda".
        precision: of the products, "fp32", "bf16", or "auto": bf16 where the device multiplies faster in it.
        tensorboard: write TensorBoard files beside the log.
        team: run in several processes; every one of them calls this.
        before: run folder of the stage to start from, in place of fresh weights.
    """
    if recipe.stage != "pretrain":
        raise ConfigError("This is an sft recipe; run it with: joyflash sft")
    place = training_device(device) if team is None else team.team.device
    dtype = training_precision(precision, place)
    folder = model_folder(tokenizer)
    with nullcontext() if team is None else team.team.leader_first():  # the shards are written once
        ingredients = Ingredients(recipe, folder, data, out.parent / "shards")
    vocabulary = ingredients.tokenizer.vocab_size
    config = sized(recipe.width, vocabulary) if recipe.width is not None else preset(recipe.preset or "")
    if config.vocab_size < vocabulary:
        raise ConfigError(
            f"The tokenizer has {vocabulary:,} entries, the model {config.vocab_size:,}; "
            "name the model's own with --tokenizer."
        )
    generator = torch.Generator().manual_seed(recipe.seed)
    model = initialise(JoyFlash(config), generator) if team is None else team.fresh(config, generator)
    result = run_stage(
        recipe, model, ingredients, out, resume=resume, workers=workers, stop_after=stop_after, device=place,
        precision=dtype, tensorboard=tensorboard, before=before, team=team,
    )  # fmt: skip
    if team is None or team.team.leads:
        copy_tokenizer(folder, result)
    return result


def run_curriculum(
    curriculum: Curriculum, *, out: Path, resume: bool = False, team: TeamPlan | None = None, **options: Any
) -> Path:
    """Run the stages one after another, each in a folder of its own under ``out``; return the last one's model.

    A stage takes over weights and optimiser state from the one before. Finished stages are not run again.

    Args:
        resume: go on with the stage that was interrupted.
        team, options: as of ``run``.

    Raises:
        TrainingError: ``out`` holds a stage already and ``resume`` is not given; and what ``run`` raises.
    """
    stages = curriculum.stages()
    if not resume and (begun := [name for name in stages if (out / name / LOG_NAME).is_file()]):
        raise TrainingError(f"'{out / begun[0]}' exists: go on with --resume, or give the new run another folder.")
    before: Path | None = None
    for name, recipe in stages.items():
        folder = out / name
        if not _finished(folder, recipe):
            started = (folder / LOG_NAME).is_file()
            run(recipe, out=folder, resume=started, before=before, team=team, **options)
        if team is not None:
            team.team.wait()
        before = folder
    if team is None or team.team.leads:
        draw_report(out)
    return out / next(reversed(stages)) / "model"


def _finished(folder: Path, recipe: Recipe) -> bool:
    """Whether a stage has reached its end: its last checkpoint and the tokenizer, which is copied last, are there."""
    return last_step(folder) == recipe.steps and (folder / "model" / TOKENIZER_FILES[-1]).is_file()


def copy_tokenizer(source: Path, target: Path) -> None:
    """Put the tokenizer's files beside a trained model."""
    for name in TOKENIZER_FILES:
        if (source / name).is_file():
            shutil.copyfile(source / name, target / name)
