"""Pretraining: fresh weights of a size, text and skills."""

from __future__ import annotations

import shutil
from pathlib import Path

import torch

from joyflash.errors import ConfigError
from joyflash.model.config import sized
from joyflash.model.initialise import initialise
from joyflash.model.joyflash import JoyFlash
from joyflash.model.loading import model_folder
from joyflash.train.device_worker import training_device, training_precision
from joyflash.train.ingredients import Ingredients
from joyflash.train.loop import run_stage
from joyflash.train.recipe import Recipe

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
    """
    if recipe.width is None:
        raise ConfigError("This is an sft recipe; run it with: joyflash sft")
    place = training_device(device)
    dtype = training_precision(precision, place)
    folder = model_folder(tokenizer)
    ingredients = Ingredients(recipe, folder, data, out.parent / "shards")
    config = sized(recipe.width, ingredients.tokenizer.vocab_size)
    model = initialise(JoyFlash(config), torch.Generator().manual_seed(recipe.seed))
    result = run_stage(
        recipe, model, ingredients, out, resume=resume, workers=workers, stop_after=stop_after, device=place,
        precision=dtype,
    )  # fmt: skip
    copy_tokenizer(folder, result)
    return result


def copy_tokenizer(source: Path, target: Path) -> None:
    """Put the tokenizer's files beside a trained model."""
    for name in TOKENIZER_FILES:
        if (source / name).is_file():
            shutil.copyfile(source / name, target / name)
