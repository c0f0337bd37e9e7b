"""`joyflash pretrain`, `joyflash sft` and `joyflash report`: the training stages, and the picture of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from joyflash.cli.options import (
    DataFolder,
    Precision,
    RecipeName,
    Resume,
    RunFolder,
    TensorBoard,
    TrainingDevice,
    Workers,
)


def pretrain(
    recipe: RecipeName,
    out: Annotated[
        Path | None, typer.Option(help="Run folder: log, checkpoints, resulting model. Needed unless --show.")
    ] = None,
    data: DataFolder = None,
    resume: Resume = False,
    tokenizer: Annotated[str, typer.Option(help="Model whose tokenizer and template to use.")] = "nano",
    workers: Workers = None,
    device: TrainingDevice = "cpu",
    precision: Precision = "auto",
    tensorboard: TensorBoard = False,
    width: Annotated[
        int | None, typer.Option(help="The size dial; 2048 is the released model. Without: the recipe's.")
    ] = None,
    tokens: Annotated[int | None, typer.Option(min=1, help="Length of the whole run. Without: the recipe's.")] = None,
    show: Annotated[bool, typer.Option("--show", help="Print what derives from the recipe and stop.")] = False,
) -> None:
    """Train a model from fresh weights, in one stage or in the report's four."""
    from joyflash.train.curriculum import Curriculum, load_pretraining
    from joyflash.train.pretrain import run, run_curriculum

    settings = {name: value for name, value in (("width", width), ("tokens", tokens)) if value is not None}
    found = load_pretraining(recipe, settings)
    if show:
        print(found.table() if isinstance(found, Curriculum) else found.describe())
        return
    if out is None:
        raise typer.BadParameter("A run needs a folder: --out RUN", param_hint="--out")
    options = {
        "data": data, "out": out, "resume": resume, "tokenizer": tokenizer, "workers": workers, "device": device,
        "precision": precision, "tensorboard": tensorboard,
    }  # fmt: skip
    if isinstance(found, Curriculum):
        print(found.table())
        folder = run_curriculum(found, **options)
    else:
        folder = run(found, **options)
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
    tensorboard: TensorBoard = False,
) -> None:
    """Fine-tune a model on conversations."""
    from joyflash.train.recipe import load_recipe
    from joyflash.train.sft import run

    folder = run(
        load_recipe(recipe), start=start, data=data, out=out, resume=resume, workers=workers, device=device,
        precision=precision, tensorboard=tensorboard,
    )  # fmt: skip
    print(f"The model is in {folder}. Try it: joyflash serve --model {folder}")


def report(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a run, or of the stages of one.")],
) -> None:
    """Draw loss, learning rate, expert balance and throughput of a run as one picture."""
    from joyflash.train.report import draw_report

    print(draw_report(run))
