"""`joyflash plan --gpu cpu`: whether this machine's main memory holds a model behind joyflash's own server."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from joyflash.engine.setup import BLOCK_SIZE, StepOptions, cache_blocks
from joyflash.errors import ConfigError
from joyflash.hardware import Machine
from joyflash.plan.checkpoint import Checkpoint, open_checkpoint
from joyflash.plan.host import HostMemory, host_memory
from joyflash.plan.launch import Launch, LaunchSettings, launch

_PREFILL_CHUNK = 256  # the engine's default, which the server takes


@dataclass(frozen=True)
class HostPlan:
    """What `joyflash plan --gpu cpu` says.

    Attributes:
        model: its folder or name.
        machine: memory of the machine in bytes.
        quant: of the weights in memory; None if they are not quantised.
        context, concurrency: tokens of the longest request, and requests at once.
        cache_tokens: that the server makes room for.
        memory: what it takes.
        fits: whether the machine has that, also while loading.
        command: starts it.
    """

    model: str
    machine: int
    quant: str | None
    context: int
    concurrency: int
    cache_tokens: int
    memory: HostMemory
    fits: bool
    command: Launch


def plan_cpu(
    model: str | Checkpoint,
    machine: Machine,
    *,
    quant: str | None = None,
    context: int | None = None,
    concurrency: int = 8,
    mtp: int | None = None,
) -> HostPlan:
    """Work out the memory of `joyflash serve` on this machine, with float32 beside the weights' own bits.

    Args:
        model: a folder, a bundled model, a preset, or one of these opened.
        machine: as ``hardware.detect`` finds it.
        quant: int8, int4 or int4-int8, made on loading; None = as the folder is.
        context: longest request in tokens; None = the model's own.
        concurrency: requests at once.
        mtp: tokens drafted per step; None = as the server chooses.

    Raises:
        ConfigError, CheckpointError: an argument or the folder is wrong; the message says which.
    """
    checkpoint = open_checkpoint(model) if isinstance(model, str) else model
    known = checkpoint.config.max_position_embeddings
    if context is not None and context > known:
        raise ConfigError(f"context is {context}; the model knows {known} positions.")
    options = StepOptions(
        concurrency, context, None, _PREFILL_CHUNK, prefix_cache=True, mtp=mtp, compiled=None, quantization=quant
    )
    memory = host_memory(checkpoint, options, threads=machine.cores)
    settings = LaunchSettings(checkpoint.path, context=context, concurrency=concurrency, own_mtp=mtp)
    command = launch("joyflash", settings)
    argv = [*command.argv, *(("--quantization", quant) if quant is not None else ())]
    return HostPlan(
        model=checkpoint.path if checkpoint.real else str(model),
        machine=machine.memory,
        quant=checkpoint.quantisation or quant,
        context=options.context(checkpoint.config),
        concurrency=concurrency,
        cache_tokens=cache_blocks(checkpoint.config, options) * BLOCK_SIZE,
        memory=memory,
        fits=max(memory.total, memory.loading) <= machine.memory,
        command=dataclasses.replace(command, argv=tuple(argv), notes=()),
    )


def cpu_as_dict(found: HostPlan) -> dict[str, Any]:
    """Everything a plan says, as JSON takes it."""
    return {**dataclasses.asdict(found), "total": found.memory.total, "command": found.command.line}


def render_cpu(found: HostPlan) -> str:
    """The text that `joyflash plan --gpu cpu` prints."""
    memory = found.memory
    rows = [
        ("weights", memory.weights, "as the step reads them; the embedding in float32"),
        ("drafting", memory.drafting, "8-bit copies of the MTP layer and the head"),
        ("latent cache", memory.cache, f"{found.cache_tokens:,} tokens in float32, shared by the requests"),
        ("workspace", memory.workspace, "buffers of the largest step"),
        ("in all", memory.total, f"of {_gb(found.machine)}"),
        ("while loading", memory.loading, "the weights also as they are read"),
    ]
    title = (
        f"{found.quant or 'unquantised'} {'fits' if found.fits else 'does not fit'} this machine's memory: "
        f"{found.model}, context {found.context:,}, {found.concurrency} requests at once"
    )
    lines = [f"  {name:16} {_gb(size):>10}  {why}" for name, size, why in rows]
    return "\n".join([title, "", *lines, "", "Command", f"  {found.command.line}"]) + "\n"


def _gb(size: int) -> str:
    return f"{size / 1e9:.2f} GB"
