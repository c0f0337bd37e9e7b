"""DPORecipe: a run of direct preference optimisation as a plain Python dataclass, one file per run."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from typing import Literal

from joyflash.errors import ConfigError
from joyflash.optim.schedule import trapezoid
from joyflash.train.preference_losses import PER_TOKEN, PreferenceLoss, make_loss
from joyflash.train.recipe import check_pattern, stored_policy


@dataclass(frozen=True)
class DPORecipe:
    """How a model learns from pairs; the pairs are a file that the command names.

    The defaults are the report's (1,000 steps of 256 pairs, 1e-6 along a cosine to 1e-7) where it says something, and
    ours for β, smoothing and weight decay. MTP layer and router biases stay as they are.

    Attributes:
        steps, pairs_per_step: length of the run, and pairs of one optimiser step; the pairs repeat in a new order.
        loss: a name of ``joyflash.train.preference_losses.NAMES``; ``beta`` and ``label_smoothing`` are its own.
        nll_weight: factor on the negative log-likelihood per token of the better answers, added to the loss.
        row_tokens: most tokens of one packed row, the unit of work of one worker; a pair must fit.
        heldout: share of the pairs that is never trained on, where the command names no file of held-out pairs.
        bad_rows: what a bad or too long row does: "refuse" to train, or "skip" it and say so in the log.
        muon_lr, adamw_lr, weight_decay, clip_norm, warmup, decay, decay_shape, final_lr: as in ``Recipe``.
        train_only, quantize, recompute, merge, validate_every, checkpoints_kept, seed: as in ``Recipe``.
    """

    steps: int = 1000
    pairs_per_step: int = 256
    loss: str = "sigmoid"
    beta: float = 0.1
    label_smoothing: float = 0.0
    nll_weight: float = 0.0
    row_tokens: int = 8192
    heldout: float = 0.05
    bad_rows: Literal["refuse", "skip"] = "refuse"
    muon_lr: float = 1e-6
    adamw_lr: float = 1e-6
    weight_decay: float = 0.0
    clip_norm: float = 1.0
    warmup: float = 0.0
    decay: float = 1.0
    decay_shape: Literal["linear", "cosine"] = "cosine"
    final_lr: float = 0.1
    train_only: str | None = None
    quantize: str | None = None
    recompute: bool = False
    merge: int = 1
    validate_every: int = 100
    checkpoints_kept: int = 2
    seed: int = 0

    def __post_init__(self) -> None:
        whole = ("steps", "pairs_per_step", "row_tokens", "validate_every", "checkpoints_kept", "merge")
        if wrong := [name for name in whole if getattr(self, name) < 1]:
            raise ConfigError(f"{' and '.join(wrong)} must be at least 1.")
        if not 0 <= self.heldout < 1 or self.nll_weight < 0:
            raise ConfigError("heldout must be a share of the pairs below 1, and nll_weight at least 0.")
        if self.warmup < 0 or self.decay < 0 or self.warmup + self.decay > 1:
            raise ConfigError("warmup and decay are shares of the run; together they must lie between 0 and 1.")
        if self.decay_shape not in ("linear", "cosine"):
            raise ConfigError(f"decay_shape is linear or cosine, not {self.decay_shape!r}.")
        if self.bad_rows not in ("refuse", "skip"):
            raise ConfigError(f"bad_rows is refuse or skip, not {self.bad_rows!r}.")
        if self.merge > self.checkpoints_kept:
            raise ConfigError(
                f"merge is {self.merge}, but only {self.checkpoints_kept} checkpoints stay; raise checkpoints_kept."
            )
        check_pattern(self.train_only)
        stored_policy(self.quantize)
        self.make_loss()

    def make_loss(self) -> PreferenceLoss:
        """The loss with its settings; ConfigError where they do not fit it."""
        return make_loss(self.loss, beta=self.beta, label_smoothing=self.label_smoothing)

    @property
    def per_token(self) -> bool:
        """Whether the loss takes log-ratios per token."""
        return self.loss in PER_TOKEN

    def learning_rate(self, step: int) -> float:
        """Factor on the peak learning rates at ``step`` (from 0)."""
        warmup = round(self.steps * self.warmup)
        decay = min(round(self.steps * self.decay), self.steps - warmup)
        return trapezoid(step, self.steps, warmup, decay, 1.0, self.final_lr, self.decay_shape)

    def balance(self, step: int) -> float:
        """γ of the router-bias update: 0, the biases are frozen."""
        return 0.0

    def mtp_on(self, step: int) -> bool:
        """Whether there is an MTP loss at ``step``: never."""
        return False

    def describe(self) -> str:
        """All settings as indented JSON, what a run folder keeps as ``recipe.json``."""
        return json.dumps(dataclasses.asdict(self), indent=2, ensure_ascii=False)
