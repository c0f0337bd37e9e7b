"""The four pretraining stages of the report, every number of which derives from one dial: the width of the model.

At the released width the numbers are the report's own (section 2); a smaller model keeps their proportions. "Ours"
marks what the report leaves open.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from joyflash.errors import ConfigError
from joyflash.model.config import ModelConfig, preset, sized
from joyflash.model.joyflash import parameter_counts
from joyflash.train.recipe import Recipe, run_recipe_file, with_settings

FULL = "flash_48b_a3b"
FULL_WIDTH = 2048
FULL_TOKENS = 20.7e12
FULL_CONTEXT = 131_072
WARMUP_TOKENS = 100e9
RAMP_TOKENS = 500e9
"""Tokens over which the batch grows (ours; the report gives only its ends)."""
TOKENS_PER_PARAMETER = 20
"""Length of a small run in tokens per active parameter (ours: about compute-optimal; the released model saw 6,300)."""
SHORTEST_CONTEXT = 512
"""Below this the generated conversations do not fit a row (ours)."""


@dataclass(frozen=True)
class Mix:
    """What a stage reads; the four mappings are those of ``Recipe``."""

    text: Mapping[str, float] = field(default_factory=dict)
    chat: Mapping[str, float] = field(default_factory=dict)
    dialogues: Mapping[str, float] = field(default_factory=dict)
    skills: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class _Stage:
    """One line of the report's table at the released size: tokens, rates, batch ends in tokens, context, MTP, mix."""

    name: str
    share: float
    rate: float
    final_rate: float
    first_batch: float
    batch: float
    context: int
    mtp: bool
    mix: str


# Shares of the tokens are ours: the report names only their sum. It gives no batch for 128K either: that of 64K stays.
_STAGES = (
    _Stage("1-foundational", 0.70, 4.2e-4, 4.2e-4, 13e6, 38e6, 4_096, False, "foundational"),
    _Stage("2-code-math", 0.20, 4.2e-4, 1.4e-4, 38e6, 38e6, 4_096, False, "code_math"),
    _Stage("3-mid-training", 0.08, 1.4e-4, 4.2e-5, 38e6, 38e6, 4_096, True, "mid_training"),
    _Stage("4-context-64k", 0.015, 4.2e-5, 3.2e-5, 34e6, 34e6, 65_536, True, "long_context"),
    _Stage("5-context-128k", 0.005, 3.2e-5, 2.0e-5, 34e6, 34e6, 131_072, True, "long_context"),
)
_PEAK, _LAST = _STAGES[0].rate, _STAGES[-1].final_rate
_BALANCE_FROM = _STAGES[2].rate
MTP_WEIGHT = 0.1
BALANCE_RATE = 1e-3


@dataclass(frozen=True)
class Curriculum:
    """Four stages (the fourth in two steps, 64K and 128K) as five recipes that run one after another.

    Attributes:
        foundational, code_math, mid_training, long_context: what the stages read.
        width: the dial; 2048 is the released model, everything else ``joyflash.model.config.sized``.
        tokens: of all stages together; None takes the report's at the released width and 20 per active parameter
            elsewhere.
        context: longest context; None takes the model's own.
        validations: validations of each stage, each followed by a checkpoint.
        checkpoints_kept, validation_rows, skill_samples, recompute, seed: as of ``Recipe``; every stage gets a seed
            of its own.
    """

    foundational: Mix
    code_math: Mix
    mid_training: Mix
    long_context: Mix
    width: int = 256
    tokens: int | None = None
    context: int | None = None
    validations: int = 5
    checkpoints_kept: int = 2
    validation_rows: int = 12
    skill_samples: int = 24
    recompute: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        if self.validations < 1 or (self.context is not None and self.context < 32):
            raise ConfigError("A curriculum needs at least one validation a stage and a context of 32 tokens.")
        if self.context is not None and self.context > self.config().max_position_embeddings:
            raise ConfigError(
                f"context is {self.context}; a model of width {self.width} reaches "
                f"{self.config().max_position_embeddings} tokens."
            )

    def config(self, vocab_size: int = 8192) -> ModelConfig:
        """The model; the released width brings its own vocabulary."""
        return preset(FULL) if self.width == FULL_WIDTH else sized(self.width, vocab_size)

    def total_tokens(self) -> int:
        """Tokens of all stages."""
        if self.tokens is not None:
            return self.tokens
        if self.width == FULL_WIDTH:
            return int(FULL_TOKENS)
        return TOKENS_PER_PARAMETER * parameter_counts(self.config())["active_with_embeddings"]

    def peak_rate(self) -> float:
        """Highest learning rate of Muon and AdamW: the report's times 2048 / width (ours, as muP scales it)."""
        return _PEAK * FULL_WIDTH / self.width

    def stages(self) -> dict[str, Recipe]:
        """The recipes in the order in which they run, by the name of their run folder."""
        return {stage.name: self._recipe(stage, number) for number, stage in enumerate(_STAGES)}

    def table(self) -> str:
        """What derives from the dial, as plain text."""
        config, recipes = self.config(), self.stages()
        counts = parameter_counts(config)
        head = (
            f"width {self.width}: {config.num_hidden_layers} layers, {config.n_routed_experts} experts of "
            f"{config.moe_intermediate_size}, {config.num_experts_per_tok} chosen, {counts['trunk']:,} parameters, "
            f"{counts['active_with_embeddings']:,} active; {self.total_tokens():,} tokens"
        )
        rows = [("stage", "tokens", "steps", "rate", "warm-up", "batch (tokens)", "context", "MTP", "balance")]
        rows += [_line(name, recipe) for name, recipe in recipes.items()]
        widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
        return "\n".join([head, *lines])

    def _recipe(self, stage: _Stage, number: int) -> Recipe:
        total, mix = self.total_tokens(), getattr(self, stage.mix)
        context = self._context(stage.context)
        # The batch that still pays grows with the square root of the tokens seen (arXiv 2505.13738).
        shrink = math.sqrt(total / FULL_TOKENS)
        first, rows = (max(1, round(batch * shrink / context)) for batch in (stage.first_batch, stage.batch))
        tokens = max(round(stage.share * total), 2 * rows * context)
        scale = tokens / (stage.share * FULL_TOKENS)
        ramp, warmup = _ramp_and_warmup(tokens, first * context, rows * context, scale) if number == 0 else (0.0, 0.0)
        draft = {
            "stage": "pretrain",
            "width": None if self.width == FULL_WIDTH else self.width,
            "preset": FULL if self.width == FULL_WIDTH else None,
            "tokens": tokens,
            "row_tokens": context,
            "rows_per_step": rows,
            "rows_at_start": first if ramp else None,
            "ramp": ramp,
            "text": mix.text,
            "chat": mix.chat,
            "dialogues": mix.dialogues,
            "skills": mix.skills,
            "text_chunk": context,
            "muon_lr": self.peak_rate() * stage.rate / _PEAK,
            "adamw_lr": self.peak_rate() * stage.rate / _PEAK,
            "warmup": warmup,
            "decay": float(stage.final_rate != stage.rate),
            "decay_shape": "cosine",
            "final_lr": stage.final_rate / stage.rate,
            "mtp_from": 0.0,
            "mtp_weight": MTP_WEIGHT if stage.mtp else 0.0,
            "balance_rate": _balance_at(stage.rate),
            "balance_final": _balance_at(stage.final_rate) / _balance_at(stage.rate),
            "checkpoints_kept": self.checkpoints_kept,
            "validation_rows": self.validation_rows,
            "skill_samples": self.skill_samples,
            "recompute": self.recompute,
            "seed": self.seed + number,
        }
        steps = Recipe(**draft).steps
        return Recipe(**draft, validate_every=math.ceil(steps / self.validations))

    def _context(self, full: int) -> int:
        """The same fraction of the longest context as in the report, but room for a conversation."""
        longest = self.context or self.config().max_position_embeddings
        return max(full * longest // FULL_CONTEXT, min(SHORTEST_CONTEXT, longest))


def load_pretraining(path_or_name: str, overrides: Mapping[str, Any]) -> Recipe | Curriculum:
    """The recipe or curriculum of a recipe file, with other values of some of its fields.

    Raises:
        ConfigError: there is no such file, it fails, it defines neither, or an override names no field.
    """
    path, found = run_recipe_file(path_or_name)
    if not isinstance(found, Recipe | Curriculum):
        raise ConfigError(f"The recipe {path} must define a variable 'recipe': a joyflash Recipe or Curriculum.")
    return with_settings(found, overrides)


def _balance_at(rate: float) -> float:
    """γ: constant up to stage 3, from there in step with the learning rate, 0 where that ends (ours)."""
    return BALANCE_RATE * min(1.0, (rate - _LAST) / (_BALANCE_FROM - _LAST))


def _ramp_and_warmup(tokens: float, first: float, batch: float, scale: float) -> tuple[float, float]:
    """Shares of the first stage's steps that batch ramp and warm-up take.

    After s of r ramp steps the run has seen first·s + (batch − first)·s²/2r tokens; warm-up solves this for s.
    """
    ramp_steps = RAMP_TOKENS * scale / ((first + batch) / 2)
    steps = ramp_steps + (tokens - RAMP_TOKENS * scale) / batch
    slope = (batch - first) / ramp_steps
    warmup_tokens = WARMUP_TOKENS * scale
    if slope == 0:
        return 0.0, warmup_tokens / first / steps
    warmup_steps = (math.sqrt(first**2 + 2 * slope * warmup_tokens) - first) / slope
    return ramp_steps / steps, warmup_steps / steps


def _line(name: str, recipe: Recipe) -> tuple[str, ...]:
    last = recipe.steps - 1
    end = recipe.muon_lr * recipe.final_lr if recipe.decay else recipe.muon_lr
    rate = f"{recipe.muon_lr:.3g}" if end == recipe.muon_lr else f"{recipe.muon_lr:.3g} -> {end:.3g}"
    batch = f"{recipe.rows(last) * recipe.row_tokens:,}"
    if recipe.rows_at_start is not None:
        batch = f"{recipe.rows(0) * recipe.row_tokens:,} -> {batch}"
    balance = recipe.balance_rate or 0.0
    return (
        name,
        f"{recipe.tokens:,}",
        f"{recipe.steps:,}",
        rate,
        f"{round(recipe.steps * recipe.warmup):,} steps" if recipe.warmup else "-",
        batch,
        f"{recipe.row_tokens:,}",
        f"{recipe.mtp_weight:g}" if recipe.mtp_weight else "off",
        f"{balance:.2g}" if recipe.balance_final == 1 else f"{balance:.2g} -> {balance * recipe.balance_final:.2g}",
    )
