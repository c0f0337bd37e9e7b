"""One optimiser step of policy optimisation: look, derive, pull, step, and say what happened."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from joyflash.engine.engine import Engine
from joyflash.engine.scoring import Scores
from joyflash.errors import TrainingError
from joyflash.model.joyflash import JoyFlash
from joyflash.model.moe import Router
from joyflash.optim.schedule import scale_learning_rates
from joyflash.rl.diagnostics import diagnose
from joyflash.rl.objectives import make_objective, token_gradients
from joyflash.rl.policy import PolicyPull, engine_scores, mismatch, sampled_scores, trainer_scores
from joyflash.rl.recipe import RLRecipe
from joyflash.rl.rows import pack_rows, token_columns
from joyflash.rl.trajectory import Trajectory
from joyflash.train.balance import update_router_bias
from joyflash.train.workers import RowWorkers


class Updater:
    """Improves a model by trajectories with advantages.

    Args:
        recipe: objective and rates.
        workers: run the model forward and backward.
        optimizers: over its parameters.
        engine: shares its weights; told of every change.
    """

    def __init__(
        self, recipe: RLRecipe, workers: RowWorkers, optimizers: list[torch.optim.Optimizer], engine: Engine
    ) -> None:
        self._recipe, self._workers, self._optimizers, self._engine = recipe, workers, optimizers, engine
        self._model: JoyFlash = workers.model
        self._objective = make_objective(recipe.objective, recipe.objective_options)
        self._vocabulary = engine.tokenizer.vocab_size
        exact = engine.batch_invariant and not recipe.replay_routes
        self.by_engine = recipe.scorer == "engine" or (recipe.scorer == "auto" and exact)
        self._known = recipe.scorer == "auto" and exact

    def scores(self, trajectories: Sequence[Trajectory]) -> Scores:
        """Log-probabilities and entropies of the sampled tokens under the present weights, by the recipe's scorer."""
        if self.by_engine:
            return engine_scores(self._engine, trajectories)
        return self.trainer_scores(trajectories)

    def trainer_scores(self, trajectories: Sequence[Trajectory]) -> Scores:
        """The same by the trainer's own forward pass."""
        recipe = self._recipe
        return trainer_scores(
            self._model, trajectories, self._vocabulary, recipe.row_tokens, replay=recipe.replay_routes
        )

    def step(self, step: int, trajectories: Sequence[Trajectory], advantages: Sequence[float]) -> dict[str, Any]:
        """Optimiser step number ``step`` (from 0); the engine is idle. Returns the columns of its row in the log.

        Raises:
            TrainingError: a loss or gradient is not finite.
        """
        recipe = self._recipe
        columns = token_columns(trajectories, advantages)
        fresh = all(t.versions[0] == step for t in trajectories)
        found: dict[str, Any] = {}
        if fresh and self._known and step % (recipe.validate_every * recipe.steps_per_batch):
            scores = sampled_scores(trajectories)
        else:
            scores = self.scores(trajectories)
            if fresh:
                found["mismatch"] = mismatch(scores, trajectories)
        loss, gradient_N = token_gradients(self._objective, scores.log_prob_N, columns)
        norm, balance = self._pull(step, trajectories, -gradient_N)
        if loss != loss or norm != norm or norm == float("inf"):
            raise TrainingError(
                f"Loss {loss} or gradient norm {norm} at step {step + 1} is not finite. Lower the learning rates and "
                "resume from the last checkpoint."
            )
        found |= diagnose(scores.log_prob_N, columns, **recipe.budgets)
        found |= {
            "loss": loss,
            "entropy": float(scores.entropy_N.mean()),
            "gradient_norm": norm,
            "lr": recipe.muon_lr * recipe.learning_rate(step),
            "lag": max(step - t.versions[0] for t in trajectories),
            "violation": balance.violation,
            "dead_experts": balance.dead_experts,
        }
        return found

    def _pull(self, step: int, trajectories: Sequence[Trajectory], pull_N: torch.Tensor) -> tuple[float, Any]:
        """Gradients by row, clipped, one step of every optimiser; a step without any gradient changes nothing."""
        recipe = self._recipe
        rows = pack_rows(trajectories, pull_N, recipe.row_tokens, replay=recipe.replay_routes)
        norm = 0.0
        if rows:
            self._workers.run(rows, PolicyPull(self._vocabulary))
            norm = float(torch.nn.utils.clip_grad_norm_(self._model.parameters(), recipe.clip_norm))
            scale_learning_rates(self._optimizers, recipe.learning_rate(step))
            if norm == norm and norm != float("inf"):
                for optimizer in self._optimizers:
                    optimizer.step()
        for optimizer in self._optimizers:
            optimizer.zero_grad()
        self._engine.weights_changed()
        biases = [m.e_score_correction_bias for m in self._model.modules() if isinstance(m, Router)]
        loads = self._workers.take_loads()
        return norm, update_router_bias(
            list(zip(biases, loads, strict=True)), 0.0
        )  # frozen, but measured on what pulls
