"""Pass rates of all training prompts before training: what the curriculum goes by."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from pathlib import Path

from joyflash.errors import TrainingError
from joyflash.rl.collector import sampling_seed
from joyflash.rl.environments.host import need_task
from joyflash.rl.recipe import RLRecipe
from joyflash.rl.rollout import Rollouts
from joyflash.rl.spool import append_rows, recover_rows
from joyflash.rl.trajectory import Trajectory

PROFILE = "profile.jsonl"
_AT_ONCE = 16
"""Prompts that are attempted together."""


def pass_rates(recipe: RLRecipe, rollouts: Rollouts, folder: Path) -> dict[str, list[float]]:
    """Mean reward of ``recipe.profile`` attempts at every prompt, by domain.

    Every prompt's rewards are written down as soon as they are known; what is there already is not sampled again.

    Raises:
        TrainingError: the profile in the folder is of another recipe.
    """
    path = folder / PROFILE
    mark = _mark(recipe)
    known = _read(path, recipe.profile, mark)
    wanted = [(domain.name, index) for domain in recipe.domains for index in range(domain.prompts)]
    left = [key for key in wanted if key not in known]
    for start in range(0, len(left), _AT_ONCE):
        some = left[start : start + _AT_ONCE]
        attempts = {key: _attempts(recipe, rollouts, *key) for key in some}
        rollouts.run([attempt for each in attempts.values() for attempt in each])
        for key, each in attempts.items():
            known[key] = [attempt.reward or 0.0 for attempt in each]
        append_rows(path, [{"domain": key[0], "prompt": key[1], "rewards": known[key], "recipe": mark} for key in some])
    rates: dict[str, list[float]] = {domain.name: [] for domain in recipe.domains}
    for name, index in wanted:
        rates[name].append(sum(known[name, index]) / recipe.profile)
    return rates


def _attempts(recipe: RLRecipe, rollouts: Rollouts, domain: str, index: int) -> list[Trajectory]:
    task = need_task(rollouts.host, domain, "train", recipe.seed, index)
    return [
        rollouts.new(domain, task, index, sample, sampling_seed(recipe.seed, "profile", domain, index, sample))
        for sample in range(recipe.profile)
    ]


def _mark(recipe: RLRecipe) -> str:
    """A hash of what the attempts depend on, beside the weights."""
    settings = [[asdict(domain) for domain in recipe.domains], recipe.seed, recipe.reply_tokens, recipe.thinking]
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:16]


def _read(path: Path, attempts: int, mark: str) -> dict[tuple[str, int], list[float]]:
    rows = recover_rows(path)
    known = {(row["domain"], row["prompt"]): row["rewards"] for row in rows}
    if any(len(rewards) != attempts for rewards in known.values()):
        raise TrainingError(
            f"{path} was made with another number of attempts than {attempts}; remove it, or use another folder."
        )
    if any(row.get("recipe", mark) != mark for row in rows):  # rows of earlier versions do not say
        raise TrainingError(
            f"{path} was made with other domains, another seed, reply_tokens or thinking; remove it, or use another "
            "folder."
        )
    return known
