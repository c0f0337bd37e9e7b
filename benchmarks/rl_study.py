"""Policy losses side by side: the same model, prompts, rollout budget and seeds; several optimiser steps per batch.

    python benchmarks/rl_study.py --recipe recipes/nano/rl_study.py --out runs/study --rates 3e-4 1e-3
    python benchmarks/rl_study.py --out runs/study          (goes on where it was stopped, or draws again)

Every run is a folder of `joyflash rl`; one that is finished is not repeated, one that was killed is resumed. With
--rates every method is run at each learning rate on the first seed, and only its best rate goes to the others, so that
all are tuned alike. Writes study.json and study.png.
"""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import json
import math
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from measure import fail

from joyflash.errors import JoyflashError
from joyflash.extras import require
from joyflash.rl.environments.host import Domain
from joyflash.rl.recipe import RLRecipe
from joyflash.rl.train import run
from joyflash.train.logging import LOG_NAME, read_log
from joyflash.train.recipe import load_recipe_of
from joyflash.train.report import series

METHODS = ("fiberpo", "fiberpo_domain", "grpo", "gspo")
CURVES = ("reward", "entropy", "ratio", "gradient_norm", "sampled")


def main() -> None:
    """Run what is missing, then summarise and draw."""
    try:
        _study(_options())
    except JoyflashError as error:
        fail(str(error))


def _study(options: argparse.Namespace) -> None:
    base = load_recipe_of(RLRecipe, options.recipe, _changed(options))
    if options.domains:
        base = dataclasses.replace(base, domains=_chosen(base, options.domains))
    rates = options.rates or [base.muon_lr]
    best: dict[str, float] = {}
    for method in options.methods:
        scores = {rate: final(one_run(options, base, method, rate, 0)) for rate in rates}
        best[method] = max(scores, key=lambda rate: scores[rate]["heldout"])
        for seed in range(1, options.seeds):
            one_run(options, base, method, best[method], seed)
    found = {
        method: [final(folder_of(options, method, best[method], seed)) for seed in range(options.seeds)]
        for method in options.methods
    }
    summary = {
        "recipe": json.loads(base.describe()),
        "rates": best,
        "runs": found,
        "summary": {method: summarise(runs) for method, runs in found.items()},
        "p_values": {
            f"{a} against {b}": exact_p([run_["heldout"] for run_ in found[a]], [run_["heldout"] for run_ in found[b]])
            for a, b in itertools.combinations(options.methods, 2)
        },
    }
    (options.out / "study.json").write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")
    draw(options, best)
    for method, row in summary["summary"].items():
        print(method, {name: f"{value[0]:.3f} ± {value[1]:.3f}" for name, value in row.items()})
    print(summary["p_values"])


def one_run(options: argparse.Namespace, base: RLRecipe, method: str, rate: float, seed: int) -> Path:
    """Run or finish one run; return its folder."""
    folder = folder_of(options, method, rate, seed)
    if not (folder / "model" / "config.json").is_file():
        given = {"muon_lr": rate, "adamw_lr": rate * base.adamw_lr / base.muon_lr, "seed": seed}
        recipe = dataclasses.replace(base, objective=method, objective_options={}, **given)
        run(recipe, start=options.start, out=folder, resume=(folder / LOG_NAME).is_file(), workers=1)
    return folder


def folder_of(options: argparse.Namespace, method: str, rate: float, seed: int) -> Path:
    """Folder of one run."""
    return options.out / f"{method}-{rate:g}-{seed}"


def final(folder: Path) -> dict[str, Any]:
    """What a run came to: the last validation, and means over the last fifth of its steps."""
    rows = read_log(folder)
    steps = [row for row in rows if "loss" in row]
    last = steps[-max(1, len(steps) // 5) :]
    measured = [row for row in rows if row.get("heldout")][-1]
    means = {name: mean(row[name] for row in last) for name in CURVES}
    return {"heldout": mean(measured["heldout"].values()), "domains": measured["heldout"], **means}


def summarise(runs: list[dict[str, Any]]) -> dict[str, tuple[float, float]]:
    """Mean and standard deviation over the seeds, by quantity."""
    flat = [{**run_, **{f"heldout {k}": v for k, v in run_["domains"].items()}} for run_ in runs]
    names = [name for name in flat[0] if name != "domains"]
    columns = {name: [run_[name] for run_ in flat] for name in names}
    return {name: (mean(each), stdev(each) if len(each) > 1 else math.nan) for name, each in columns.items()}


def exact_p(first: list[float], second: list[float]) -> float:
    """Two-sided p-value of a difference of paired means: all sign flips of the seeds' differences."""
    differences = [a - b for a, b in zip(first, second, strict=True)]
    seen = abs(sum(differences))
    flips = itertools.product((1, -1), repeat=len(differences))
    sums = [abs(sum(s * d for s, d in zip(signs, differences, strict=True))) for signs in flips]
    return sum(value >= seen - 1e-12 for value in sums) / len(sums)


def draw(options: argparse.Namespace, best: dict[str, float]) -> None:
    """One panel per quantity, one line per method: the mean over seeds, with their range."""
    figure = require("matplotlib.figure", extra="train").Figure(figsize=(16, 3.4), layout="constrained")
    for place, name in enumerate(CURVES, start=1):
        axes = figure.add_subplot(1, len(CURVES), place)
        for number, method in enumerate(options.methods):
            lines = [series(read_log(folder_of(options, method, best[method], s)), name) for s in range(options.seeds)]
            columns = list(zip(*[values for _, values in lines], strict=False))
            steps = lines[0][0][: len(columns)]
            axes.plot(steps, [mean(column) for column in columns], color=f"C{number}", label=method)
            axes.fill_between(
                steps, *zip(*[(min(c), max(c)) for c in columns], strict=True), color=f"C{number}", alpha=0.2
            )
        axes.set_title(name)
        axes.grid(alpha=0.3)
    axes.legend(fontsize="x-small")
    figure.savefig(options.out / "study.png", dpi=100)


def _changed(options: argparse.Namespace) -> dict[str, Any]:
    names = ("batches", "groups", "samples", "minibatches", "epochs", "profile", "heldout", "reply_tokens")
    given = {name: getattr(options, name) for name in names if getattr(options, name) is not None}
    if options.batches is not None:
        given["validate_every"] = max(1, options.batches // 3)
    return given


def _chosen(base: RLRecipe, names: list[str]) -> tuple[Domain, ...]:
    known = {domain.name: domain for domain in base.domains}
    if unknown := [name for name in names if name not in known]:
        fail(f"the recipe has no domain {unknown[0]!r}; it has {', '.join(known)}.")
    return tuple(known[name] for name in names)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--start", default="nano")
    parser.add_argument("--recipe", default="recipes/nano/rl.py")
    parser.add_argument("--domains", nargs="+", help="only these of the recipe")
    parser.add_argument("--methods", nargs="+", default=list(METHODS))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--rates", type=float, nargs="+")
    for name in ("batches", "groups", "samples", "minibatches", "epochs", "profile", "heldout", "reply-tokens"):
        parser.add_argument(f"--{name}", type=int)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    return options


if __name__ == "__main__":
    main()
