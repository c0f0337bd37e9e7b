"""Supervised fine-tuning: a pretrained model, conversations, loss on what the assistant says."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

from joyflash.errors import ConfigError
from joyflash.model.checkpoint import read_model
from joyflash.model.loading import training_folder
from joyflash.train.device_worker import training_device, training_precision
from joyflash.train.ingredients import Ingredients
from joyflash.train.loop import run_stage
from joyflash.train.pretrain import copy_tokenizer
from joyflash.train.recipe import Recipe
from joyflash.train.together import TeamPlan


def run(
    recipe: Recipe,
    *,
    start: str | Path,
    data: Path | None,
    out: Path,
    resume: bool = False,
    workers: int | None = None,
    stop_after: int | None = None,
    device: str = "cpu",
    precision: str = "auto",
    tensorboard: bool = False,
    team: TeamPlan | None = None,
) -> Path:
    """Fine-tune the model in ``start``; return the folder of the resulting model.

    Arguments are those of ``joyflash.train.pretrain.run``; tokenizer and template come with the model.
    """
    if recipe.stage != "sft":
        raise ConfigError("This is a pretrain recipe; run it with: joyflash pretrain")
    place = training_device(device) if team is None else team.team.device
    dtype = training_precision(precision, place)
    folder = training_folder(start)
    with nullcontext() if team is None else team.team.leader_first():  # the shards are written once
        ingredients = Ingredients(recipe, folder, data, out.parent / "shards")
    model = read_model(folder) if team is None else team.read(folder)
    result = run_stage(
        recipe, model, ingredients, out, resume=resume, workers=workers, stop_after=stop_after, device=place,
        precision=dtype, tensorboard=tensorboard, team=team,
    )  # fmt: skip
    if team is None or team.team.leads:
        copy_tokenizer(folder, result)
    return result
