"""`joyflash pretrain` and `joyflash sft`: one command per training stage."""

from __future__ import annotations

from typing import Annotated

import typer

from joyflash.cli.options import DataFolder, Precision, RecipeName, Resume, RunFolder, TrainingDevice, Workers


def pretrain(
    recipe: RecipeName,
    out: RunFolder,
    data: DataFolder = None,
    resume: Resume = False,
    tokenizer: Annotated[str, typer.Option(help="Model whose tokenizer and template to use.")] = "nano",
    workers: Workers = None,
    device: TrainingDevice = "cpu",
    precision: Precision = "auto",
) -> None:
    """Train a model from fresh weights."""
    from joyflash.train.pretrain import run
    from joyflash.train.recipe import load_recipe

    folder = run(
        load_recipe(recipe), data=data, out=out, resume=resume, tokenizer=tokenizer, workers=workers, device=device,
        precision=precision,
    )  # fmt: skip
    print(f"The model is in {folder}. Try it: joyflash generate --model {folder} --raw 'Once upon a time'")


def sft(
    recipe: RecipeName,
    start: Annotated[str, typer.Option(help="The model to start from.")],
    out: RunFolder,
    data: DataFolder = None,
    resume: Resume = False,
    workers: Workers = None,
    device: TrainingDevice = "cpu",
    precision: Precision = "auto",
) -> None:
    """Fine-tune a model on conversations."""
    from joyflash.train.recipe import load_recipe
    from joyflash.train.sft import run

    folder = run(
        load_recipe(recipe), start=start, data=data, out=out, resume=resume, workers=workers, device=device,
        precision=precision,
    )  # fmt: skip
    print(f"The model is in {folder}. Try it: joyflash serve --model {folder}")
