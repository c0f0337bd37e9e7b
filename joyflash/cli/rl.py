"""`joyflash rl`: reinforcement learning; `rollouts`: what a run's model said; `pairs`: pairs for DPO."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from joyflash.cli.options import Model, RecipeName, Resume, RunFolder, Workers
from joyflash.errors import ConfigError


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

    rows = list(read_samples(run))
    domains = sorted({row["domain"] for row in rows})
    if domain is not None and domain not in domains:
        raise ConfigError(f"{run} has no rollouts of the domain {domain!r}; there are: {', '.join(domains) or 'none'}.")
    for row in [row for row in rows if domain in (None, row["domain"])][-count:]:
        print(format_sample(row))


def pairs(
    source: Annotated[
        str, typer.Argument(metavar="SOURCE", help="RL recipe file, environment name, or file.py:Class of one.")
    ],
    out: Annotated[Path, typer.Option(help="Preference file to write; a killed call goes on when repeated.")],
    model: Model = "nano",
    prompts: Annotated[
        int | None, typer.Option(min=1, help="Prompts of each domain. Without: the recipe's, or 256.")
    ] = None,
    samples: Annotated[int, typer.Option(min=2, help="Attempts at each prompt.")] = 8,
    per_prompt: Annotated[int, typer.Option(min=1, help="Most pairs of one prompt.")] = 1,
    margin: Annotated[float, typer.Option(help="The rewards of a pair differ by more than this.")] = 0.0,
    known_replies: Annotated[
        bool,
        typer.Option(
            "--known-replies",
            help="Where no attempt is right: the reply that the environment knows, if it does, is the better one.",
        ),
    ] = False,
    split: Annotated[str, typer.Option(help="Problems to take: train, or heldout for validation.")] = "train",
    language: Annotated[str, typer.Option(help="Of an environment without a recipe: en or zh.")] = "en",
    options: Annotated[str, typer.Option(help="Of an environment without a recipe, as JSON.")] = "{}",
    temperature: Annotated[float, typer.Option(help="Of the sampling.")] = 1.0,
    reply_tokens: Annotated[
        int | None, typer.Option(min=1, help="Most tokens of a reply. Without: the recipe's, or 128.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of prompts and sampling.")] = 0,
) -> None:
    """Make pairs for DPO: attempts by the engine, judged by verifiers, the best set against the worst."""
    from joyflash.engine.engine import Engine
    from joyflash.model.loading import model_folder
    from joyflash.rl.pair_source import read_source
    from joyflash.rl.pairs import make_pairs, why_none

    settings = read_source(
        source, language=language, options=options, prompts=prompts, reply_tokens=reply_tokens,
        samples=samples, per_prompt=per_prompt, margin=margin,
        known_replies=known_replies, split=split, seed=seed,
        sampling={"temperature": temperature},
    )  # fmt: skip
    engine = Engine.from_pretrained(model, max_batch=settings.max_batch, max_context=settings.max_context)
    counts = make_pairs(settings, engine, model_folder(model), out, lambda line: print(line, flush=True))
    for name, each in counts.items():
        print(
            f"{name}: {each.prompts} prompts ({each.repeated} more repeated, "
            f"{each.too_long} too long for the context), "
            f"{each.attempts} attempts, mean reward {each.reward:.3f}, {each.failed:.1%} failed, "
            f"{each.unusable} cut off or not scored, {each.undecided} prompts of one reward, "
            f"{each.known} decided by the known reply, {each.pairs} pairs"
        )
    total = sum(each.pairs for each in counts.values())
    if not total:
        out.unlink()  # an empty file would stand in the way of the next call
        print(f"error: No pair was made, and {out} was not written. {why_none(counts.values())}", file=sys.stderr)
        raise typer.Exit(1)
    print(f"{total} pairs in {out}. Train on them: joyflash dpo recipes/nano/dpo.py --start {model} --data {out} ...")
