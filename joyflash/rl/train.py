"""The RL stage: a model, environments, rollouts by an engine over the same weights, and optimiser steps on them."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from joyflash.engine.engine import Engine
from joyflash.errors import ConfigError, StoppedError, TrainingError
from joyflash.model.checkpoint import read_model, save_model
from joyflash.model.joyflash import JoyFlash
from joyflash.model.loading import training_folder
from joyflash.optim.groups import build_optimizers
from joyflash.rl.collector import SPOOL, Collector, Group, sampling_seed
from joyflash.rl.curriculum import Curriculum
from joyflash.rl.environments.host import EnvironmentHost, need_task
from joyflash.rl.objectives import group_advantages
from joyflash.rl.policy import mismatch
from joyflash.rl.profile import pass_rates
from joyflash.rl.recipe import RLRecipe
from joyflash.rl.report import draw_rl_report
from joyflash.rl.rollout import Rollouts
from joyflash.rl.samples import SampleBook
from joyflash.rl.trajectory import Trajectory
from joyflash.rl.update import Updater
from joyflash.text.template import ChatTemplate
from joyflash.text.tokenizer import Tokenizer
from joyflash.train.checkpoint import Progress, has_checkpoint, load_checkpoint, save_checkpoint
from joyflash.train.logging import LOG_NAME, TrainingLog, read_log
from joyflash.train.pretrain import copy_tokenizer
from joyflash.train.stopping import StopRequest
from joyflash.train.workers import RowWorkers


def run(
    recipe: RLRecipe,
    *,
    start: str | Path,
    out: Path,
    resume: bool = False,
    workers: int | None = None,
    stop_after: int | None = None,
) -> Path:
    """Train the model in ``start`` as ``recipe`` says; return the folder of the resulting model.

    On a CPU, with the compiled step and without asynchrony, a run that was killed and resumed is the run that was not.

    Args:
        start: folder or bundled name.
        out: run folder: log, rollouts, checkpoints, report, result.
        resume: go on with an interrupted run.
        workers: rows of the trainer worked on at once. Default one per core.
        stop_after: stop after this many batches, with a checkpoint.

    Raises:
        ConfigError: an environment or an option does not fit.
        StoppedError: Ctrl-C or SIGTERM ended the run after the batch at hand; what it had is saved.
        TrainingError: a number is no longer finite, or there is nothing to resume.
    """
    folder = training_folder(start)
    model = read_model(folder).float()
    tokenizer = Tokenizer.from_pretrained(folder)
    template = ChatTemplate.from_pretrained(folder, tokenizer)
    optimizers = build_optimizers(
        model, model.config, recipe.muon_lr, recipe.adamw_lr, weight_decay=recipe.weight_decay
    )
    notes: list[str] = []
    progress = _resumed(recipe, out, model, optimizers, notes) if resume else Progress(0, {})
    out.mkdir(parents=True, exist_ok=True)
    engine = make_engine(recipe, model, tokenizer, template)
    row_workers = RowWorkers(model, workers or os.cpu_count() or 1)
    with TrainingLog(out, recipe.steps, resumed_step=progress.step if resume else None, plain_every=1) as log:
        for note in notes:
            log.note(note)
        failures: list[Mapping[str, Any]] = []
        with EnvironmentHost(
            list(recipe.domains), seconds=recipe.environment_seconds, on_failure=failures.append
        ) as host:
            rollouts = Rollouts(
                engine,
                host,
                reply_tokens=recipe.reply_tokens,
                thinking=recipe.thinking,
                params=recipe.sampling_params,
            )
            stage = _Stage(recipe, model, optimizers, row_workers, rollouts, log, out, failures)
            last = recipe.batches if stop_after is None else min(stop_after, recipe.batches)
            stage.run(progress, last)
    row_workers.close()
    draw_rl_report(out)
    result = out / "model"
    save_model(model, result, torch.float32)
    copy_tokenizer(folder, result)
    return result


def make_engine(recipe: RLRecipe, model: JoyFlash, tokenizer: Tokenizer, template: ChatTemplate) -> Engine:
    """The engine of a run.

    Raises:
        ConfigError: the model knows fewer positions than the recipe's episodes may have.
    """
    if recipe.max_context > model.config.max_position_embeddings:
        raise ConfigError(
            f"max_context is {recipe.max_context}; the model knows {model.config.max_position_embeddings} positions."
        )
    return Engine.sharing(
        model,
        tokenizer,
        template,
        mtp=recipe.mtp,
        max_batch=recipe.max_batch,
        max_context=recipe.max_context,
        prefix_cache=not recipe.replay_routes,
        compiled=recipe.compiled,
        record_routes=recipe.replay_routes,
    )


def _write_recipe(recipe: RLRecipe, run: Path, log: TrainingLog) -> None:
    """Keep the recipe; under another one, rollouts since the last checkpoint are of weights that do not come again."""
    path, text = run / "recipe.json", recipe.describe() + "\n"
    if path.is_file() and path.read_text(encoding="utf-8") != text and (run / SPOOL).is_file():
        (run / SPOOL).unlink()
        log.note("The recipe has changed: what was sampled since the last checkpoint is sampled again.")
    path.write_text(text, encoding="utf-8")


def _resumed(
    recipe: RLRecipe, run: Path, model: JoyFlash, optimizers: list[torch.optim.Optimizer], notes: list[str]
) -> Progress:
    if (run / LOG_NAME).is_file() and not has_checkpoint(run):
        notes.append(f"{run} was stopped before its first checkpoint: starting again, with the rollouts it had.")
        return Progress(0, {})
    progress = load_checkpoint(run, model, optimizers, notify=notes.append)
    batch = progress.data.get("batch", 0)
    if recipe.batches < batch:
        raise TrainingError(
            f"{run} has {batch} batches, the recipe ends after {recipe.batches}: resume with a recipe of at least as "
            "many, or give the shorter run another folder."
        )
    if progress.step != batch * recipe.steps_per_batch:
        raise TrainingError(
            f"{run} took {progress.step} steps in {batch} batches; the recipe takes {recipe.steps_per_batch} a batch. "
            "Resume with the minibatches and epochs that the run began with."
        )
    return progress


class _Stage:
    """The loop with everything it works on."""

    def __init__(
        self,
        recipe: RLRecipe,
        model: JoyFlash,
        optimizers: list[torch.optim.Optimizer],
        workers: RowWorkers,
        rollouts: Rollouts,
        log: TrainingLog,
        out: Path,
        failures: list[Mapping[str, Any]],
    ) -> None:
        self.recipe, self.model, self.optimizers = recipe, model, optimizers
        self.rollouts, self.log, self.out, self.failures = rollouts, log, out, failures
        self.updater = Updater(recipe, workers, optimizers, rollouts.engine)
        self.book = SampleBook(out, rollouts.engine.tokenizer)

    def run(self, progress: Progress, last: int) -> None:
        """From the checkpoint's batch to batch ``last``."""
        recipe, rollouts = self.recipe, self.rollouts
        first = progress.data.get("batch", 0)
        rollouts.version = progress.step
        self.book.forget_after(progress.step)
        rates = self._profile(first)
        _write_recipe(recipe, self.out, self.log)  # only now is it known to fit
        rollouts.engine.weights_changed()
        if first == 0 and not any("heldout" in row for row in read_log(self.out)):
            self._validate(0)
        state = progress.data.get("collector")
        collector = Collector(recipe, rollouts, Curriculum(recipe.domains, rates, recipe.difficulty), self.out, state)
        with StopRequest(unit="batch") as stop:
            for batch in range(first, last):
                self._batch(batch, collector.next_batch(batch))
                done = batch + 1
                due = done % recipe.validate_every == 0 or done == last
                if due or stop.signal is not None:
                    step = done * recipe.steps_per_batch
                    rollouts.pause()
                    kept = {"batch": done, "collector": collector.state()}
                    if due:
                        self._validate(step)
                    save_checkpoint(
                        self.out, self.model, self.optimizers, Progress(step, kept), keep=recipe.checkpoints_kept
                    )
                    collector.forget_spool()
                    if stop.signal is not None:
                        raise StoppedError(f"Stopped after batch {done} of {last}; go on with --resume.", stop.signal)
                rollouts.resume()
                self.log.restart_clock()
        rollouts.pause()

    def _profile(self, first: int) -> dict[str, list[float]] | None:
        """Pass rates under the weights before training; a resumed run finds them on disk."""
        recipe = self.recipe
        if not recipe.profile:
            return None
        rates = pass_rates(recipe, self.rollouts, self.out)
        if first == 0 and not any("pass_rate" in row for row in read_log(self.out)):
            means = {name: sum(each) / len(each) for name, each in rates.items()}
            self.log.record(0, pass_rate=means)
            self.log.note("pass rates  " + "  ".join(f"{name} {mean:.0%}" for name, mean in means.items()))
        return rates

    def _batch(self, batch: int, groups: Sequence[Group]) -> None:
        """Optimiser steps on the groups of a batch."""
        recipe = self.recipe
        self.rollouts.pause()
        advantages = group_advantages(
            [[attempt.reward or 0.0 for attempt in group.attempts] for group in groups], normalise=recipe.normalise
        )
        step = batch * recipe.steps_per_batch
        self.book.write(step, groups, advantages)
        for _ in range(recipe.epochs):
            for part in range(recipe.minibatches):
                members = range(part, len(groups), recipe.minibatches)
                trajectories = [attempt for index in members for attempt in groups[index].attempts]
                weights = [advantage for index in members for advantage in advantages[index]]
                found = self.updater.step(step, trajectories, weights)
                step += 1
                self.rollouts.version = step
                self._report_step(step, trajectories, found)
        self._report_batch(step, groups, advantages)

    def _report_step(self, step: int, trajectories: Sequence[Trajectory], found: dict[str, Any]) -> None:
        loss = found.pop("loss")
        rewards = [trajectory.reward or 0.0 for trajectory in trajectories]
        lengths = [len(trajectory.log_probs) for trajectory in trajectories]
        self.log.step(
            step,
            loss,
            sum(len(trajectory.ids) for trajectory in trajectories),
            reward=sum(rewards) / len(rewards),
            sampled=sum(lengths) / len(lengths),
            **found,
        )

    def _report_batch(self, step: int, groups: Sequence[Group], advantages: Sequence[Sequence[float]]) -> None:
        rewards: dict[str, list[float]] = {}
        for group in groups:
            rewards.setdefault(group.attempts[0].domain, []).extend(a.reward or 0.0 for a in group.attempts)
        attempts = [attempt for group in groups for attempt in group.attempts]
        failed = list(self.failures)
        self.failures.clear()
        self.log.record(
            step,
            rewards={name: sum(each) / len(each) for name, each in rewards.items()},
            uniform=sum(not any(each) for each in advantages) / len(groups),
            cut_off=sum(attempt.cut_off for attempt in attempts) / len(attempts),
            turns=sum(len(attempt.replies) for attempt in attempts) / len(attempts),
            failed=len(failed),
            **({"failures": failed[:5]} if failed else {}),
        )

    def _validate(self, step: int) -> None:
        """Held-out accuracy by domain, sampled as in training; the mismatch of the trainer's own pass, and a sample."""
        recipe, rollouts = self.recipe, self.rollouts
        if not recipe.heldout:
            return
        with_others = Rollouts(
            rollouts.engine,
            rollouts.host,
            reply_tokens=recipe.reply_tokens,
            thinking=recipe.thinking,
            params=recipe.sampling_params,
        )
        attempts = [
            with_others.new(
                domain.name,
                need_task(rollouts.host, domain.name, "heldout", recipe.seed, index),
                index,
                0,
                sampling_seed(recipe.seed, "heldout", domain.name, index),
            )
            for domain in recipe.domains
            for index in range(recipe.heldout)
        ]
        with_others.run(attempts)
        rewards = {
            domain.name: [a.reward or 0.0 for a in attempts if a.domain == domain.name] for domain in recipe.domains
        }
        exact = {name: sum(each) / len(each) for name, each in rewards.items()}
        tokens = sum(len(attempt.log_probs) for attempt in attempts) / len(attempts)
        gap = mismatch(self.updater.trainer_scores(attempts), attempts)
        self.log.record(step, heldout=exact, heldout_tokens=tokens, trainer_mismatch=gap)
        self.log.note(
            f"step {step}  held out  " + "  ".join(f"{name} {value:.0%}" for name, value in exact.items())
            + f"  {tokens:.0f} tokens an answer  trainer's mismatch {gap:.1e}"
        )  # fmt: skip
        self.log.note(self.book.as_text(attempts[step % len(attempts)]))
