"""Recipe: one training stage as a plain Python dataclass, one file per run."""

from __future__ import annotations

import dataclasses
import json
import re
import runpy
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol, TypeVar

from joyflash.errors import ConfigError
from joyflash.model.config import sized
from joyflash.optim.schedule import linear, trapezoid
from joyflash.quantization.policy import Policy, policy_of

PACKAGED = Path(__file__).resolve().parent.parent / "recipes"
"""Recipes inside an installed wheel; in a checkout they lie beside the package."""


class Rates(Protocol):
    """What optimisers and working weights are made from; the recipe of every stage of the loop has it."""

    @property
    def muon_lr(self) -> float: ...
    @property
    def adamw_lr(self) -> float: ...
    @property
    def weight_decay(self) -> float: ...
    @property
    def quantize(self) -> str | None: ...


@dataclass(frozen=True)
class Recipe:
    """What a stage trains on, for how long, and how.

    Attributes:
        stage: "pretrain" starts from fresh weights or from a stage before it, "sft" from a model folder.
        width: the size dial (see ``joyflash.model.config.sized``); only a pretrain recipe has one.
        preset: in place of ``width``, the name of a configuration, e.g. "flash_48b_a3b".
        tokens: tokens of the whole stage, padding included.
        row_tokens: tokens of one packed row, the unit of work of one worker.
        rows_per_step: rows of one optimiser step; their gradients are added up before they are clipped.
        rows_at_start: rows of the first step, from which the batch grows over the share ``ramp`` of the steps; None
            keeps it constant.
        text: weight of each text source of the data folder; without a folder they share its sum.
        chat: weight of each chat file (name without suffix) under ``chat/`` of the data folder, in any of the forms of
            ``joyflash.data.chat_formats``. ``file/maths`` stands for its rows with that ``domain``, ``file:thinking``
            and ``file:plain`` for those in which the assistant thinks and the others.
        bad_rows: what a bad row of a chat file does: "refuse" to train, or "skip" it and say so in the log.
        dialogues: weight of each file of tool dialogues under ``chat/``, cut into short conversations; like ``chat``,
            ignored without a data folder.
        skills: weight of each ``skill_language`` generator.
        emphasis: control token -> factor on the loss weight of the token after it, in the samples of skills; two
            control tokens with "…" between them stand for all from the first (without it) to the second (with it).
        loss: "nll", cross entropy; or "dft", dynamic fine-tuning (arXiv:2508.05629): in conversations each token's
            cross entropy is multiplied by its probability, as a constant, so that what the model cannot foresee pulls
            less and it grows surer of the rest. Text and the MTP layer keep cross entropy.
        text_chunk: longest piece of a text document, in tokens.
        muon_lr, adamw_lr: peak learning rates (AdamW: embedding, head, norms), with ``weight_decay`` for both.
        warmup: share of the steps over which they rise; ``decay``: share of the descent to ``final_lr`` (a factor on
            the peak), along ``decay_shape``.
        clip_norm: most that the norm of a step's gradient may be.
        mtp_from: share of the steps after which the MTP loss is on, times ``mtp_weight``.
        mtp_depth: passes of the MTP layer, each but the first over its own output: tokens that it learns to draft.
        train_only: pattern of the names of parameters to train, e.g. ``r"^mtp\\."``; without one, all.
        balance_rate: γ of the router-bias update; 0 freezes the biases. None: 1e-3 in pretraining, 0 in SFT.
        balance_final: factor on γ at the end of the decay; on the way it follows the learning rate, which must fall.
        quantize: a name of ``joyflash.quantization.policy.POLICIES``, for training that is aware of quantisation: the
            weights that it names are rounded for passes and validations as ``joyflash quantize`` would (without its
            --head; ``serve --quantization int8`` rounds the output head too), and stay in full precision for the
            optimiser and in the result. They take their memory once more. None: no rounding.
        recompute: keep only the input of every block and compute the rest again in the backward pass; less memory.
        merge: the result is the mean of so many of the newest checkpoints, which stands in for a decay; 1: the last.
        validate_every: steps between validations, each followed by a checkpoint.
        checkpoints_kept: newest checkpoints that stay in the run folder; with two, one may be damaged.
        validation_rows, skill_samples: rows per text language and held-out samples per skill in a validation.
        seed: of weights and data order.
    """

    stage: Literal["pretrain", "sft"]
    tokens: int
    row_tokens: int = 2048
    rows_per_step: int = 4
    rows_at_start: int | None = None
    ramp: float = 0.0
    width: int | None = None
    preset: str | None = None
    text: Mapping[str, float] = field(default_factory=dict)
    chat: Mapping[str, float] = field(default_factory=dict)
    bad_rows: Literal["refuse", "skip"] = "refuse"
    dialogues: Mapping[str, float] = field(default_factory=dict)
    skills: Mapping[str, float] = field(default_factory=dict)
    emphasis: Mapping[str, float] = field(default_factory=dict)
    loss: Literal["nll", "dft"] = "nll"
    text_chunk: int = 512
    muon_lr: float = 5e-3
    adamw_lr: float = 5e-3
    weight_decay: float = 0.1
    warmup: float = 0.02
    decay: float = 0.5
    decay_shape: Literal["linear", "cosine"] = "linear"
    final_lr: float = 0.0
    clip_norm: float = 1.0
    mtp_from: float = 0.67
    mtp_weight: float = 0.1
    mtp_depth: int = 1
    train_only: str | None = None
    balance_rate: float | None = None
    balance_final: float = 1.0
    quantize: str | None = None
    recompute: bool = False
    merge: int = 1
    validate_every: int = 100
    checkpoints_kept: int = 2
    validation_rows: int = 12
    skill_samples: int = 48
    seed: int = 0

    def __post_init__(self) -> None:
        if self.stage not in ("pretrain", "sft"):
            raise ConfigError(f"stage is pretrain or sft, not {self.stage!r}.")
        if (self.stage == "pretrain") != ((self.width is not None) + (self.preset is not None) == 1):
            raise ConfigError("A pretrain recipe names the width of the model or its preset, an sft recipe does not.")
        if self.width is not None:
            sized(self.width)
        whole = ("tokens", "row_tokens", "rows_per_step", "validate_every", "checkpoints_kept", "merge", "mtp_depth")
        if wrong := [name for name in whole if getattr(self, name) < 1]:
            raise ConfigError(f"{' and '.join(wrong)} must be at least 1.")
        if self.tokens < self.row_tokens * self.rows_per_step:
            raise ConfigError(f"tokens is {self.tokens}: less than one step of {self.row_tokens * self.rows_per_step}.")
        self._check_numbers()
        if not 0 <= self.warmup + self.decay <= 1:
            raise ConfigError("warmup and decay are shares of the run; together they must lie between 0 and 1.")
        if self.decay_shape not in ("linear", "cosine"):
            raise ConfigError(f"decay_shape is linear or cosine, not {self.decay_shape!r}.")
        if self.loss not in ("nll", "dft"):
            raise ConfigError(f"loss is nll or dft, not {self.loss!r}.")
        if self.bad_rows not in ("refuse", "skip"):
            raise ConfigError(f"bad_rows is refuse or skip, not {self.bad_rows!r}.")
        self._check_ramp()
        if self.merge > self.checkpoints_kept:
            raise ConfigError(
                f"merge is {self.merge}, but only {self.checkpoints_kept} checkpoints stay; raise checkpoints_kept."
            )
        check_pattern(self.train_only)
        stored_policy(self.quantize)
        if any(factor <= 0 for factor in self.emphasis.values()):
            raise ConfigError(f"emphasis is {dict(self.emphasis)}; its factors must be above 0.")
        if not self.text and not self.chat and not self.dialogues and not self.skills:
            raise ConfigError("A recipe needs something to train on: text, chat, dialogues or skills.")

    def _check_numbers(self) -> None:
        shares = ("warmup", "decay", "mtp_from", "final_lr")
        if wrong := [name for name in shares if not 0 <= getattr(self, name) <= 1]:
            raise ConfigError(f"{' and '.join(wrong)} must lie between 0 and 1.")
        amounts = ("muon_lr", "adamw_lr", "weight_decay", "mtp_weight", "validation_rows", "skill_samples")
        if wrong := [name for name in amounts if getattr(self, name) < 0]:
            raise ConfigError(f"{' and '.join(wrong)} must not be below 0.")
        if self.balance_final != 1 and self.final_lr == 1:
            raise ConfigError("balance_final follows the learning rate, which never falls with final_lr 1; set that.")

    def _check_ramp(self) -> None:
        if not 0 <= self.ramp <= 1 or (self.rows_at_start is None) != (self.ramp == 0):
            raise ConfigError("ramp is the share of the steps over which rows_at_start grows; give both or none.")
        if self.rows_at_start is not None and not 1 <= self.rows_at_start <= self.rows_per_step:
            raise ConfigError(f"rows_at_start is {self.rows_at_start}; it must lie between 1 and {self.rows_per_step}.")

    @property
    def steps(self) -> int:
        """Optimiser steps of the stage."""
        first = self.rows_per_step if self.rows_at_start is None else self.rows_at_start
        mean = self.rows_per_step - self.ramp * (self.rows_per_step - first) / 2
        return max(1, int(self.tokens / (self.row_tokens * mean) + 1e-9))

    def rows(self, step: int) -> int:
        """Rows of ``step`` (from 0): the batch ramp, then ``rows_per_step``."""
        if self.rows_at_start is None:
            return self.rows_per_step
        return round(linear(step, round(self.steps * self.ramp), self.rows_at_start, self.rows_per_step))

    def learning_rate(self, step: int) -> float:
        """Factor on the peak learning rates at ``step`` (from 0)."""
        warmup = round(self.steps * self.warmup)
        decay = min(round(self.steps * self.decay), self.steps - warmup)
        return trapezoid(step, self.steps, warmup, decay, 1.0, self.final_lr, self.decay_shape)

    def balance(self, step: int) -> float:
        """γ of the router-bias update after ``step``."""
        rate = (1e-3 if self.stage == "pretrain" else 0.0) if self.balance_rate is None else self.balance_rate
        if self.balance_final == 1 or self.final_lr == 1 or step < self.steps - round(self.steps * self.decay):
            return rate
        left = (self.learning_rate(step) - self.final_lr) / (1 - self.final_lr)
        return rate * (self.balance_final + (1 - self.balance_final) * left)

    def mtp_on(self, step: int) -> bool:
        """Whether the MTP loss counts at ``step``."""
        return self.mtp_weight > 0 and step >= self.steps * self.mtp_from

    def describe(self) -> str:
        """All settings as indented JSON, what a run folder keeps as ``recipe.json``."""
        return json.dumps(dataclasses.asdict(self), indent=2, ensure_ascii=False, default=dict)


def stored_policy(quantize: str | None) -> Policy | None:
    """What a recipe's ``quantize`` stands for: the policy of that name as ``joyflash quantize`` uses it."""
    return None if quantize is None else policy_of(quantize).without_head()


def check_pattern(train_only: str | None) -> None:
    """Raise ConfigError where a pattern for ``train_only`` is no regular expression."""
    try:
        re.compile(train_only or "")
    except re.error as error:
        raise ConfigError(f"train_only is {train_only!r}, which is no regular expression: {error}.") from error


Kind = TypeVar("Kind")


def load_recipe(path_or_name: str, overrides: Mapping[str, Any] | None = None) -> Recipe:
    """Run a recipe file (``recipes/nano/pretrain.py``) and return its ``recipe``.

    Raises:
        ConfigError: there is no such file, it fails, it defines no Recipe, or an override names no field.
    """
    return load_recipe_of(Recipe, path_or_name, overrides)


def load_recipe_of(kind: type[Kind], path_or_name: str, overrides: Mapping[str, Any] | None = None) -> Kind:
    """The same for recipes of another dataclass."""
    path, recipe = run_recipe_file(path_or_name)
    if not isinstance(recipe, kind):
        name = f"{kind.__module__}.{kind.__name__}"
        raise ConfigError(f"The recipe {path} must define a variable 'recipe' that is a {name}.")
    return with_settings(recipe, overrides or {})


def with_settings(recipe: Any, overrides: Mapping[str, Any]) -> Any:
    """A copy of ``recipe`` with other values of some fields.

    Raises:
        ConfigError: it has no such field, or a value is of a wrong type.
    """
    names = {each.name for each in dataclasses.fields(recipe)}
    if unknown := sorted(set(overrides) - names):
        raise ConfigError(
            f"The setting {', '.join(unknown)} does not exist in a recipe; there are: {', '.join(sorted(names))}."
        )
    try:
        return dataclasses.replace(recipe, **overrides)
    except TypeError as error:
        raise ConfigError(f"A setting of the recipe has a value of a wrong type: {error}.") from error


def run_recipe_file(path_or_name: str) -> tuple[Path, Any]:
    """Run a recipe file; return where it lies and what its variable ``recipe`` holds (None without one).

    Raises:
        ConfigError: there is no such file, or it fails.
    """
    given = Path(path_or_name)
    places = [given, PACKAGED.parent.parent / given, PACKAGED / given, PACKAGED / Path(*given.parts[1:])]
    path = next((place for place in places if place.is_file()), None)
    if path is None:
        raise ConfigError(f"There is no recipe file {path_or_name}; see the folder recipes/ for the ones that exist.")
    try:
        return path, runpy.run_path(str(path)).get("recipe")
    except ConfigError:
        raise
    except Exception as error:
        raise ConfigError(f"The recipe {path} failed: {type(error).__name__}: {error}") from error
