"""RLRecipe: a reinforcement-learning run as a plain Python dataclass, one file per run."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from joyflash.engine.request import SamplingParams
from joyflash.errors import ConfigError
from joyflash.rl.curriculum import Difficulty
from joyflash.rl.environments.host import Domain
from joyflash.rl.objectives import FIBERPO, make_objective
from joyflash.rl.rollout import check_sampling


@dataclass(frozen=True)
class RLRecipe:
    """What a run trains on, by which loss, and for how long.

    Attributes:
        domains: environments, with the number of their training prompts.
        objective: a name of ``joyflash.rl.objectives.NAMES``; ``objective_options`` are its bounds or budgets.
        batches: rollout batches of the run.
        groups, samples: prompts of a batch, and attempts at each.
        minibatches, epochs: a batch is cut into so many optimiser steps, so many times over: off-policy on purpose.
        normalise: divide advantages by their group's standard deviation.
        reply_tokens: most tokens of one reply; ``thinking``: replies begin with a thought.
        max_context: most tokens of an episode.
        asynchronous: leave episodes in flight while the weights change; no trajectory that is trained on began more
            than ``staleness`` batches before.
        profile: attempts at every prompt before training, for the curriculum; 0 leaves the curriculum out.
        difficulty: the pass rates aimed at.
        scorer: whose log-probabilities enter the ratios: "engine" (the step that sampled: no mismatch at all),
            "trainer" (its own forward pass), or "auto", the engine where it is batch-invariant. Where it is, and the
            weights are those that sampled, "auto" takes what the rollouts noted and asks again, as a check, only in the
            first step after a validation; the log's entropy is then estimated from the sampled tokens. "engine" asks in
            every step.
        replay_routes: record experts in the rollout and choose them again in the trainer; by plain PyTorch.
        compiled: see ``Engine.sharing``; mtp: tokens drafted per step; max_batch: sequences at once.
        sampling: further fields of SamplingParams; only what leaves the policy's own distribution is accepted.
        muon_lr, adamw_lr, weight_decay, clip_norm, warmup: of the optimisers; warmup is a share of the steps.
        row_tokens: tokens of one packed row of the trainer.
        heldout: held-out prompts per domain in a validation.
        validate_every: batches between validations, each followed by a checkpoint.
        checkpoints_kept, seed: as in pretraining.
        environment_seconds: longest answer of an environment.
    """

    domains: tuple[Domain, ...]
    objective: str = "fiberpo"
    objective_options: Mapping[str, Any] = field(default_factory=dict)
    batches: int = 50
    groups: int = 8
    samples: int = 8
    minibatches: int = 4
    epochs: int = 1
    normalise: bool = True
    reply_tokens: int = 128
    thinking: bool = False
    max_context: int = 1024
    asynchronous: bool = False
    staleness: int = 1
    profile: int = 10
    difficulty: Difficulty = field(default_factory=Difficulty)
    scorer: Literal["auto", "engine", "trainer"] = "auto"
    replay_routes: bool = False
    compiled: bool | None = None
    mtp: int = 0
    max_batch: int = 32
    sampling: Mapping[str, Any] = field(default_factory=dict)
    muon_lr: float = 1e-6
    adamw_lr: float = 1e-6
    weight_decay: float = 0.0
    clip_norm: float = 1.0
    warmup: float = 0.02
    row_tokens: int = 2048
    heldout: int = 16
    validate_every: int = 10
    checkpoints_kept: int = 2
    seed: int = 0
    environment_seconds: float = 30.0

    def __post_init__(self) -> None:
        whole = ("batches", "groups", "minibatches", "epochs", "reply_tokens", "row_tokens", "validate_every")
        if wrong := [name for name in (*whole, "checkpoints_kept", "max_batch") if getattr(self, name) < 1]:
            raise ConfigError(f"{' and '.join(wrong)} must be at least 1.")
        if not self.domains:
            raise ConfigError("A recipe needs a domain to train on; see joyflash.rl.environments.")
        if self.samples < 2:
            raise ConfigError("samples must be at least 2: an advantage compares attempts at the same prompt.")
        if self.minibatches > self.groups:
            raise ConfigError(
                f"{self.groups} groups cannot be cut into {self.minibatches} minibatches of whole groups."
            )
        if min(self.profile, self.heldout, self.staleness) < 0 or not 0 <= self.warmup < 1:
            raise ConfigError("profile, heldout and staleness must be at least 0, and warmup a share of the run.")
        if self.asynchronous and self.staleness < 1:
            raise ConfigError("An asynchronous run needs a staleness of at least 1.")
        if self.scorer not in ("auto", "engine", "trainer"):
            raise ConfigError(f"scorer is {self.scorer!r}; it must be auto, engine or trainer.")
        if self.replay_routes and (self.compiled or self.scorer == "engine"):
            raise ConfigError("Routes are recorded by the plain step and replayed by the trainer's own forward pass.")
        make_objective(self.objective, self.objective_options)
        check_sampling(self.sampling_params)

    @property
    def sampling_params(self) -> SamplingParams:
        """How rollouts are sampled.

        Raises:
            ConfigError: a field does not exist, or draws from another distribution than the policy's.
        """
        try:
            return SamplingParams(**{"temperature": 1.0, **self.sampling})
        except TypeError as error:
            raise ConfigError(f"sampling has a field that SamplingParams has not: {error}.") from error

    @property
    def budgets(self) -> dict[str, float]:
        """ε, C⁺ and C⁻ of the trajectory level, by which diagnostics are taken whatever the objective is."""
        given = self.objective_options if self.objective.startswith("fiberpo") else {}
        found = {name: given.get(name, default) for name, default in FIBERPO.items()}
        return {name: float(value if isinstance(value, int | float) else value[2]) for name, value in found.items()}

    @property
    def steps_per_batch(self) -> int:
        """Optimiser steps of a batch."""
        return self.minibatches * self.epochs

    @property
    def steps(self) -> int:
        """Optimiser steps of the run."""
        return self.batches * self.steps_per_batch

    def learning_rate(self, step: int) -> float:
        """Factor on the learning rates at ``step`` (from 0): a linear rise, then constant."""
        rise = round(self.steps * self.warmup)
        return min(1.0, (step + 1) / rise) if rise else 1.0

    def describe(self) -> str:
        """All settings as indented JSON, what a run folder keeps as ``recipe.json``."""
        return json.dumps(dataclasses.asdict(self), indent=2, ensure_ascii=False, default=dict)
