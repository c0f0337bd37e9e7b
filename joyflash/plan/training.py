"""`joyflash plan --train`: which layout of N GPUs trains a model, how much memory it takes, how fast it can be.

A pure function of its arguments: every layout that the training code can run is worked out, the fastest that fits wins.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from joyflash.errors import ConfigError
from joyflash.hardware import GPU
from joyflash.model.config import ModelConfig
from joyflash.plan.checkpoint import open_checkpoint
from joyflash.plan.memory import CONTEXT_BYTES, DRIVER_BYTES, MARGIN, NCCL_BYTES
from joyflash.plan.training_memory import TrainingMemory, training_memory
from joyflash.plan.training_sizes import Layout, TrainingSizes
from joyflash.plan.training_speed import StepTime, step_time, token_flops

ROW_TOKENS = 4096
BATCH_TOKENS = 38_000_000
TOKENS = 20_700_000_000_000
"""Context, batch and tokens of the released model's pretraining (report, section 2)."""
SHARE = 0.4
"""Of the peak that products reach in training (ours; published: 20 % of all time for DeepSeek-V3-16B on 8 H100)."""
JOINED = (1, 2, 4, 8, 16)
DAY = 86_400


@dataclass(frozen=True)
class TrainingOption:
    """One layout, its memory and its time."""

    layout: Layout
    memory: TrainingMemory
    time: StepTime


@dataclass(frozen=True)
class TrainingPlan:
    """What `joyflash plan --train` says.

    Attributes:
        model, gpu, count: what trains on what.
        tokens, row_tokens, batch_tokens: of the run, of a row, of a step.
        mtp: whether the MTP loss is on.
        quantize: what is rounded for every pass, as in a recipe.
        share: of the hardware's peak that products are taken to reach.
        room: bytes of a device for training.
        parameters: of model and MTP layer.
        flops_per_token: useful operations of a token.
        best: the fastest option that fits, else the one that takes least memory.
        options: for each group of experts the fastest that fits (or the smallest), fastest first.
        enough: fewest devices (a power of two) on which some layout fits; None beyond 65,536.
    """

    model: str
    gpu: GPU
    count: int
    tokens: int
    row_tokens: int
    batch_tokens: int
    mtp: bool
    quantize: str | None
    share: float
    room: int
    parameters: int
    flops_per_token: float
    best: TrainingOption
    options: tuple[TrainingOption, ...]
    enough: int | None

    @property
    def fits(self) -> bool:
        """Whether the best option fits."""
        return self.best.memory.peak <= self.room

    @property
    def idle(self) -> int:
        """Devices that have no row of a step of their own."""
        return max(self.count - math.ceil(self.batch_tokens / self.row_tokens), 0)

    @property
    def days(self) -> float:
        """Of the whole run at the best option's speed."""
        return self.tokens / self.best.time.tokens_per_second / DAY

    @property
    def mfu(self) -> float:
        """Share of the hardware's peak that becomes useful operations, over all of a step."""
        time = self.best.time
        return time.flops / time.seconds / (self.gpu.bf16 * self.count)


def plan_training(
    model: str,
    gpu: GPU,
    *,
    count: int = 8,
    tokens: int = TOKENS,
    row_tokens: int | None = None,
    batch_tokens: int | None = None,
    mtp: bool = False,
    quantize: str | None = None,
    share: float = SHARE,
    expert_parallel: int | None = None,
) -> TrainingPlan:
    """Work out memory and speed of pretraining with Muon in float32 weights and bf16 products.

    Args:
        model: a folder, a bundled model or a preset; only its shape counts.
        gpu, count: kind and number of devices.
        tokens: of the whole run.
        row_tokens: of a packed row; None takes the report's 4,096, or the model's longest if that is less.
        batch_tokens: of a step; None takes the report's 38 M, or a row a device if the run has not 1,000 such steps.
        mtp: with the MTP loss.
        quantize: as in a recipe, for training that is aware of quantisation; the time of rounding is left out.
        share: see ``TrainingPlan``.
        expert_parallel: devices that share one set of experts; None tries all.

    Raises:
        ConfigError: a number is out of range, or the devices cannot be arranged so.
    """
    config = open_checkpoint(model, elsewhere=True).config
    row_tokens = min(ROW_TOKENS, config.max_position_embeddings) if row_tokens is None else row_tokens
    if batch_tokens is None:
        batch_tokens = BATCH_TOKENS if tokens >= 1000 * BATCH_TOKENS else count * row_tokens
    _check(config, count, tokens, row_tokens, batch_tokens, mtp, share, expert_parallel)
    sizes = TrainingSizes(config, mtp=mtp, quantize=quantize)
    room = math.floor((gpu.memory - DRIVER_BYTES) * (1 - MARGIN)) - CONTEXT_BYTES - (NCCL_BYTES if count > 1 else 0)

    def options(devices: int) -> list[TrainingOption]:
        return [
            TrainingOption(layout, training_memory(sizes, layout), step_time(
                sizes, layout, gpu, row_tokens=row_tokens, batch_tokens=batch_tokens, share=share
            ))
            for layout in _layouts(config, devices, row_tokens, batch_tokens, expert_parallel)
        ]  # fmt: skip

    best_of: dict[int, TrainingOption] = {}
    for option in options(count):
        group = option.layout.expert_parallel
        if group not in best_of or _rank(option, room) < _rank(best_of[group], room):
            best_of[group] = option
    ordered = sorted(best_of.values(), key=lambda option: _rank(option, room))
    counts = [1 << power for power in range(17)]
    enough = next((n for n in counts if any(option.memory.peak <= room for option in options(n))), None)
    return TrainingPlan(
        model, gpu, count, tokens, row_tokens, batch_tokens, sizes.mtp, quantize, share, room,
        sum(claim.parameter.numel() for claim in sizes.claims), sum(token_flops(sizes, row_tokens)),
        ordered[0], tuple(ordered), enough,
    )  # fmt: skip


def _rank(option: TrainingOption, room: int) -> tuple[bool, float]:
    """Those that fit before the others; by time, the others by memory."""
    fits = option.memory.peak <= room
    return not fits, 1 / option.time.tokens_per_second if fits else option.memory.peak


def _layouts(
    config: ModelConfig, devices: int, row_tokens: int, batch_tokens: int, expert_parallel: int | None
) -> list[Layout]:
    groups = [e for e in range(1, devices + 1) if devices % e == 0 and config.n_routed_experts % e == 0]
    if expert_parallel is not None:
        groups = [e for e in groups if e == expert_parallel]
    most = max(1, batch_tokens // (devices * row_tokens))
    return [
        Layout(devices, group, recompute, joined * row_tokens)
        for group in groups
        for recompute in (False, True)
        for joined in JOINED
        if joined <= most
    ]


def _check(
    config: ModelConfig,
    count: int,
    tokens: int,
    row_tokens: int,
    batch_tokens: int,
    mtp: bool,
    share: float,
    expert_parallel: int | None,
) -> None:
    numbers = {"count": count, "tokens": tokens, "the row": row_tokens, "the batch": batch_tokens}
    if wrong := [name for name, value in numbers.items() if value < 1]:
        raise ConfigError(f"{' and '.join(wrong)} must be at least 1.")
    if row_tokens > config.max_position_embeddings:
        raise ConfigError(f"A row of {row_tokens} tokens: the model knows {config.max_position_embeddings} positions.")
    if batch_tokens < row_tokens:
        raise ConfigError(f"A step of {batch_tokens} tokens is less than one row of {row_tokens}.")
    if not 0 < share <= 1:
        raise ConfigError(f"The share of the peak is {share}; it must lie above 0 and not above 1.")
    if mtp and not config.num_nextn_predict_layers:
        raise ConfigError("The model has no MTP layer.")
    if expert_parallel is not None and (count % expert_parallel or config.n_routed_experts % expert_parallel):
        raise ConfigError(
            f"--expert-parallel {expert_parallel} must divide the {count} devices and the "
            f"{config.n_routed_experts} experts."
        )
