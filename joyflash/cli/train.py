"""`joyflash pretrain`, `sft`, `dpo` and `report`: the training stages, and the picture of a run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from joyflash.cli.options import (
    ExpertParallel,
    Precision,
    RecipeName,
    Reduction,
    Resume,
    RunFolder,
    TensorBoard,
    TokensAtOnce,
    TrainingData,
    TrainingDevice,
    Workers,
)
from joyflash.errors import ConfigError

if TYPE_CHECKING:
    from joyflash.train.together import TeamPlan


def pretrain(
    recipe: RecipeName,
    out: Annotated[
        Path | None, typer.Option(help="Run folder: log, checkpoints, resulting model. Needed unless --show.")
    ] = None,
    data: TrainingData = None,
    resume: Resume = False,
    tokenizer: Annotated[str, typer.Option(help="Model whose tokenizer and template to use.")] = "nano",
    workers: Workers = None,
    device: TrainingDevice = "cpu",
    precision: Precision = "auto",
    tensorboard: TensorBoard = False,
    expert_parallel: ExpertParallel = 1,
    reduction: Reduction = "auto",
    tokens_at_once: TokensAtOnce = 16_384,
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
    with _team(device, expert_parallel, reduction, tokens_at_once) as team:
        leads = team is None or team.team.leads
        if isinstance(found, Curriculum):
            if leads:
                print(found.table())
            folder = run_curriculum(found, team=team, **options)
        else:
            folder = run(found, team=team, **options)
    if leads:
        print(f"The model is in {folder}. Try it: joyflash generate --model {folder} --raw 'Once upon a time'")


def sft(
    recipe: RecipeName,
    start: Annotated[str, typer.Option(help="The model to start from.")],
    out: RunFolder,
    data: TrainingData = None,
    resume: Resume = False,
    workers: Workers = None,
    device: TrainingDevice = "cpu",
    precision: Precision = "auto",
    tensorboard: TensorBoard = False,
    expert_parallel: ExpertParallel = 1,
    reduction: Reduction = "auto",
    tokens_at_once: TokensAtOnce = 16_384,
) -> None:
    """Fine-tune a model on conversations."""
    from joyflash.train.recipe import load_recipe
    from joyflash.train.sft import run

    with _team(device, expert_parallel, reduction, tokens_at_once) as team:
        folder = run(
            load_recipe(recipe), start=start, data=data, out=out, resume=resume, workers=workers, device=device,
            precision=precision, tensorboard=tensorboard, team=team,
        )  # fmt: skip
    if team is None or team.team.leads:
        print(f"The model is in {folder}. Try it: joyflash serve --model {folder}")


def dpo(
    recipe: RecipeName,
    start: Annotated[str, typer.Option(help="The model to start from, which is the reference too.")],
    data: Annotated[Path, typer.Option(help="Preference file: a better and a worse answer a line, JSON Lines.")],
    out: RunFolder,
    heldout: Annotated[
        Path | None, typer.Option(help="Preference file for validation. Without: a share of --data.")
    ] = None,
    resume: Resume = False,
    workers: Workers = None,
    device: TrainingDevice = "cpu",
    precision: Precision = "auto",
    tensorboard: TensorBoard = False,
    expert_parallel: ExpertParallel = 1,
    reduction: Reduction = "auto",
    tokens_at_once: TokensAtOnce = 16_384,
) -> None:
    """Train a model on pairs of a better and a worse answer."""
    from joyflash.train.dpo import run
    from joyflash.train.dpo_recipe import DPORecipe
    from joyflash.train.recipe import load_recipe_of

    with _team(device, expert_parallel, reduction, tokens_at_once) as team:
        folder = run(
            load_recipe_of(DPORecipe, recipe), start=start, data=data, heldout=heldout, out=out, resume=resume,
            workers=workers, device=device, precision=precision, tensorboard=tensorboard, team=team,
        )  # fmt: skip
    if team is None or team.team.leads:
        print(f"The model is in {folder}. Try it: joyflash serve --model {folder}")


@contextmanager
def _team(device: str, expert_parallel: int, reduction: str, tokens_at_once: int) -> Iterator[TeamPlan | None]:
    """The processes that ``torchrun`` started; None without it, and then the options that need them are refused."""
    from joyflash.parallel.team import joined_team, launched_by_torchrun
    from joyflash.train.together import TOKENS_AT_ONCE, TeamPlan

    if launched_by_torchrun():
        with joined_team(device) as team:
            yield TeamPlan(team, expert_parallel, reduction, tokens_at_once)
        return
    if (expert_parallel, reduction, tokens_at_once) != (1, "auto", TOKENS_AT_ONCE):
        raise ConfigError(
            "--expert-parallel, --reduction and --tokens-at-once are for several processes. Start them with: torchrun "
            "--nproc-per-node N -m joyflash ..."
        )
    yield None


def report(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a run, or of the stages of one.")],
) -> None:
    """Draw loss, learning rate, expert balance and throughput of a run as one picture."""
    from joyflash.train.report import draw_report

    print(draw_report(run))
