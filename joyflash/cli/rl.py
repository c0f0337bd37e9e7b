"""`joyflash rl`: reinforcement learning; `joyflash rollouts`: what a run's model said."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from joyflash.cli.options import RecipeName, Resume, RunFolder, Workers


def rl(
    recipe: RecipeName,
    start: Annotated[str, typer.Option(help="The model to start from.")],
    out: RunFolder,
    resume: Resume = False,
    objective: Annotated[
        str | None,
        typer.Option(help="fiberpo, fiberpo_domain, grpo, dapo, gspo or reinforce; without: the recipe's."),
    ] = None,
    workers: Workers = None,
) -> None:
    """Train a model on verifiable rewards, with rollouts by the engine over the same weights."""
    from joyflash.rl.recipe import RLRecipe
    from joyflash.rl.train import run
    from joyflash.train.recipe import load_recipe_of

    overrides = {} if objective is None else {"objective": objective, "objective_options": {}}
    folder = run(load_recipe_of(RLRecipe, recipe, overrides), start=start, out=out, resume=resume, workers=workers)
    print(f"The model is in {folder}, curves and rollouts in {out / 'report.html'}.")
    print(f"Try it: joyflash serve --model {folder}")


def rollouts(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of an RL run.")],
    domain: Annotated[str | None, typer.Option(help="Only this domain's.")] = None,
    count: Annotated[int, typer.Option(min=1, help="The last so many.")] = 4,
) -> None:
    """Show sample rollouts of a run: | what the model saw, > what it said."""
    from joyflash.rl.samples import format_sample, read_samples

    rows = [row for row in read_samples(run) if domain in (None, row["domain"])]
    for row in rows[-count:]:
        print(format_sample(row))
