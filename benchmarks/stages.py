"""Models of successive stages side by side: the same held-out prompts, the same sampling seeds, the same verifiers.

    python benchmarks/stages.py recipes/nano/rl.py base=nano dpo=runs/dpo/model rl=runs/rl/model -o stages.json

The domains are those of the RL recipe; every model attempts --prompts held-out problems of each --samples times at
temperature 1, and its verifier says whether an attempt is right. Shown by domain: the mean reward and its standard
error (a prompt's attempts are one observation), and beside every stage but the first the two-sided p-value of its
difference to the stage before, by random sign flips of the prompts' differences. Below: the share of attempts that
failed, and sampled tokens an answer.
"""

from __future__ import annotations

import argparse
import math
import os
import random
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import measure
import torch
from measure import fail, markdown, positive

from joyflash.engine.engine import Engine
from joyflash.errors import JoyflashError
from joyflash.rl.collector import sampling_seed
from joyflash.rl.environments.host import Domain, EnvironmentHost, need_task
from joyflash.rl.recipe import RLRecipe
from joyflash.rl.rollout import Rollouts
from joyflash.rl.trajectory import Trajectory
from joyflash.train.recipe import load_recipe_of

FLIPS = 20_000
AT_ONCE = 8
"""Prompts in flight."""


@dataclass
class Scores:
    """What came of a model in a domain: for every prompt the rewards and the sampled tokens of its attempts."""

    rewards: list[list[float]]
    tokens: list[list[int]]

    @property
    def means(self) -> list[float]:
        """Mean reward by prompt."""
        return [mean(each) for each in self.rewards]

    @property
    def failed(self) -> float:
        """Share of the attempts that did not earn everything."""
        return mean(reward < 1 for each in self.rewards for reward in each)

    @property
    def length(self) -> float:
        """Sampled tokens of an attempt, over all its turns."""
        return mean(count for each in self.tokens for count in each)


def attempts_of(
    rollouts: Rollouts, domain: Domain, seed: int, prompts: Sequence[int], samples: int
) -> list[list[Trajectory]]:
    """Finished attempts at some held-out prompts."""
    groups = []
    for index in prompts:
        task = need_task(rollouts.host, domain.name, "heldout", seed, index)
        seeds = [sampling_seed(seed, "stages", domain.name, index, sample) for sample in range(samples)]
        groups.append([rollouts.new(domain.name, task, index, n, seeds[n]) for n in range(samples)])
    rollouts.run([attempt for group in groups for attempt in group])
    return groups


def score(model: str, recipe: RLRecipe, prompts: int, samples: int) -> dict[str, Scores]:
    """A model in every domain of the recipe."""
    engine = Engine.from_pretrained(model, max_batch=recipe.max_batch, max_context=recipe.max_context)
    found = {}
    with EnvironmentHost(list(recipe.domains), seconds=recipe.environment_seconds) as host:
        rollouts = Rollouts(
            engine,
            host,
            reply_tokens=recipe.reply_tokens,
            thinking=recipe.thinking,
            params=recipe.sampling_params,
            for_training=False,
        )
        for domain in recipe.domains:
            scores = Scores([], [])
            for start in range(0, prompts, AT_ONCE):
                indices = range(start, min(start + AT_ONCE, prompts))
                for group in attempts_of(rollouts, domain, recipe.seed, indices, samples):
                    scores.rewards.append([attempt.reward or 0.0 for attempt in group])
                    scores.tokens.append([sum(end - first for first, end in attempt.spans) for attempt in group])
            found[domain.name] = scores
            print(f"{model}  {domain.name}  {mean(scores.means):.3f}", file=sys.stderr, flush=True)
    return found


def p_value(first: Sequence[float], second: Sequence[float]) -> float:
    """Two-sided p-value of paired differences, by random sign flips; 1 where nothing differs."""
    differences = [b - a for a, b in zip(first, second, strict=True) if a != b]
    seen = abs(sum(differences))
    rng = random.Random(0)
    reached = sum(
        abs(sum(value if rng.random() < 0.5 else -value for value in differences)) >= seen - 1e-12 for _ in range(FLIPS)
    )
    return (reached + 1) / (FLIPS + 1)


def error_of(values: Sequence[float]) -> float:
    """Standard error of a mean."""
    return stdev(values) / math.sqrt(len(values)) if len(values) > 1 else math.nan


def rows_of(stages: dict[str, dict[str, Scores]]) -> list[list[str]]:
    """The lines of the table."""
    names = list(stages)
    domains = list(stages[names[0]])

    def line(title: str, columns: Sequence[Sequence[float]]) -> list[str]:
        cells = [title]
        for place, values in enumerate(columns):
            cell = f"{mean(values):.3f} ± {error_of(values):.3f}"
            if place:
                cell += f" (p {p_value(columns[place - 1], values):.4f})"
            cells.append(cell)
        return cells

    rows = [line(domain, [stages[name][domain].means for name in names]) for domain in domains]
    everything = [[value for domain in domains for value in stages[name][domain].means] for name in names]
    rows.append(line("all", everything))
    failed = [mean(stages[name][domain].failed for domain in domains) for name in names]
    rows.append(["attempts failed", *(f"{value:.1%}" for value in failed)])
    tokens = [mean(stages[name][domain].length for domain in domains) for name in names]
    return [*rows, ["tokens an answer", *(f"{value:.1f}" for value in tokens)]]


def named(text: str) -> tuple[str, str]:
    """An argparse type: NAME=MODEL."""
    name, equals, model = text.partition("=")
    if not (name and equals and model):
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=MODEL, as in base=nano")
    return name, model


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("recipe", help="RL recipe whose domains are attempted")
    add("models", nargs="+", type=named, metavar="NAME=MODEL", help="stages in order; bundled name or model folder")
    add("--prompts", type=positive, default=48, help="held-out problems of each domain (default 48)")
    add("--samples", type=positive, default=4, help="attempts at each (default 4)")
    add("--domains", nargs="+", help="only these of the recipe")
    add("--seed", type=int, default=7, help="of problems and sampling (default 7)")
    add("--threads", type=positive, default=os.cpu_count() or 1, help="default: all cores")
    add("-o", "--out", type=Path, help="write the figures as JSON")
    options = parser.parse_args()
    if len({name for name, _ in options.models}) < len(options.models):
        fail("two stages have the same name.")
    return options


def main() -> None:
    """Attempt, compare, print."""
    options = arguments()
    torch.set_num_threads(options.threads)
    try:
        recipe = load_recipe_of(RLRecipe, options.recipe, {"seed": options.seed})
        known = [domain.name for domain in recipe.domains]
        if unknown := [name for name in options.domains or () if name not in known]:
            fail(f"{options.recipe} has no domain {unknown[0]!r}; it has {', '.join(known)}.")
        recipe = replace(recipe, domains=tuple(d for d in recipe.domains if d.name in (options.domains or known)))
        stages = {name: score(model, recipe, options.prompts, options.samples) for name, model in options.models}
    except JoyflashError as error:
        fail(str(error))
    here = measure.machine(options.threads)
    print(f"{measure.machine_line(here)}; {options.prompts} prompts a domain, {options.samples} attempts at each\n")
    print(markdown(["domain", *stages], rows_of(stages)))
    if options.out:
        figures: dict[str, Any] = {
            name: {domain: vars(scores) for domain, scores in each.items()} for name, each in stages.items()
        }
        settings = {key: value for key, value in vars(options).items() if key not in ("out", "models")}
        measure.write_json(options.out, {"machine": here, "settings": settings, "stages": figures})


if __name__ == "__main__":
    main()
