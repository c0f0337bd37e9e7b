"""Recipe: one training stage as a plain Python dataclass, one file per run."""

from __future__ import annotations

import dataclasses
import json
import runpy
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar

from joyflash.errors import ConfigError

PACKAGED = Path(__file__).resolve().parent.parent / "recipes"
"""Recipes inside an installed wheel; in a checkout they lie beside the package."""


@dataclass(frozen=True)
class Recipe:
    """What a stage trains on, for how long, and how.

    Attributes:
        stage: "pretrain" starts from fresh weights, "sft" from ``start``.
        width: the size dial (see ``joyflash.model.config.sized``); only a pretrain recipe has one.
        tokens: tokens of the whole stage, padding included.
        row_tokens: tokens of one packed row, the unit of work of one worker.
        rows_per_step: rows of one optimiser step.
        text: weight of each text source of the data folder; without a folder they share its sum.
        chat: weight of each chat file (name without suffix) under ``chat/`` of the data folder.
        dialogues: weight of each file of tool dialogues under ``chat/``, cut into short conversations; like ``chat``,
            ignored without a data folder.
        skills: weight of each ``skill_language`` generator.
        emphasis: control token -> factor on the loss weight of the token after it, in the samples of skills.
        text_chunk: longest piece of a text document, in tokens.
        muon_lr, adamw_lr: peak learning rates (AdamW: embedding, head, norms).
        warmup: share of the steps over which they rise; ``decay``: share of linear descent to ``final_lr``.
        mtp_from: share of the steps after which the MTP loss is on, times ``mtp_weight``.
        balance_rate: γ of the router-bias update; 0 freezes the biases.
        validate_every: steps between validations, each followed by a checkpoint.
        checkpoints_kept: newest checkpoints that stay in the run folder; with two, one may be damaged.
        validation_rows, skill_samples: rows per text language and held-out samples per skill in a validation.
        seed: of weights and data order.
    """

    stage: Literal["pretrain", "sft"]
    tokens: int
    row_tokens: int = 2048
    rows_per_step: int = 4
    width: int | None = None
    text: Mapping[str, float] = field(default_factory=dict)
    chat: Mapping[str, float] = field(default_factory=dict)
    dialogues: Mapping[str, float] = field(default_factory=dict)
    skills: Mapping[str, float] = field(default_factory=dict)
    emphasis: Mapping[str, float] = field(default_factory=dict)
    text_chunk: int = 512
    muon_lr: float = 5e-3
    adamw_lr: float = 5e-3
    weight_decay: float = 0.1
    warmup: float = 0.02
    decay: float = 0.5
    final_lr: float = 0.0
    clip_norm: float = 1.0
    mtp_from: float = 0.67
    mtp_weight: float = 0.1
    balance_rate: float = 1e-3
    validate_every: int = 100
    checkpoints_kept: int = 2
    validation_rows: int = 12
    skill_samples: int = 48
    seed: int = 0

    def __post_init__(self) -> None:
        if (self.stage == "pretrain") != (self.width is not None):
            raise ConfigError("A pretrain recipe names the width of the model, an sft recipe does not.")
        whole = ("tokens", "row_tokens", "rows_per_step", "validate_every", "checkpoints_kept")
        if wrong := [name for name in whole if getattr(self, name) < 1]:
            raise ConfigError(f"{' and '.join(wrong)} must be at least 1.")
        if self.tokens < self.row_tokens * self.rows_per_step:
            raise ConfigError(f"tokens is {self.tokens}: less than one step of {self.row_tokens * self.rows_per_step}.")
        if not 0 <= self.warmup + self.decay <= 1:
            raise ConfigError("warmup and decay are shares of the run; together they must lie between 0 and 1.")
        if any(factor <= 0 for factor in self.emphasis.values()):
            raise ConfigError(f"emphasis is {dict(self.emphasis)}; its factors must be above 0.")
        if not self.text and not self.chat and not self.dialogues and not self.skills:
            raise ConfigError("A recipe needs something to train on: text, chat, dialogues or skills.")

    @property
    def steps(self) -> int:
        """Optimiser steps of the stage."""
        return self.tokens // (self.row_tokens * self.rows_per_step)

    def learning_rate(self, step: int) -> float:
        """Factor on the peak learning rates at ``step`` (from 0)."""
        from joyflash.optim.schedule import trapezoid

        warmup, decay = round(self.steps * self.warmup), round(self.steps * self.decay)
        return trapezoid(step, self.steps, warmup, decay, 1.0, self.final_lr)

    def mtp_on(self, step: int) -> bool:
        """Whether the MTP loss counts at ``step``."""
        return self.mtp_weight > 0 and step >= self.steps * self.mtp_from

    def describe(self) -> str:
        """All settings as indented JSON, what a run folder keeps as ``recipe.json``."""
        return json.dumps(dataclasses.asdict(self), indent=2, ensure_ascii=False, default=dict)


Kind = TypeVar("Kind")


def load_recipe(path_or_name: str, overrides: Mapping[str, Any] | None = None) -> Recipe:
    """Run a recipe file (``recipes/nano/pretrain.py``) and return its ``recipe``.

    Raises:
        ConfigError: there is no such file, it fails, it defines no Recipe, or an override names no field.
    """
    return load_recipe_of(Recipe, path_or_name, overrides)


def load_recipe_of(kind: type[Kind], path_or_name: str, overrides: Mapping[str, Any] | None = None) -> Kind:
    """The same for recipes of another dataclass."""
    given = Path(path_or_name)
    places = [given, PACKAGED.parent.parent / given, PACKAGED / given, PACKAGED / Path(*given.parts[1:])]
    path = next((place for place in places if place.is_file()), None)
    if path is None:
        raise ConfigError(f"There is no recipe file {path_or_name}; see the folder recipes/ for the ones that exist.")
    try:
        recipe = runpy.run_path(str(path)).get("recipe")
    except ConfigError:
        raise
    except Exception as error:
        raise ConfigError(f"The recipe {path} failed: {type(error).__name__}: {error}") from error
    if not isinstance(recipe, kind):
        name = f"{kind.__module__}.{kind.__name__}"
        raise ConfigError(f"The recipe {path} must define a variable 'recipe' that is a {name}.")
    try:
        return dataclasses.replace(recipe, **(overrides or {}))  # pyright: ignore[reportArgumentType, reportCallIssue]
    except TypeError as error:
        raise ConfigError(f"A setting does not exist in a recipe: {error}.") from error
