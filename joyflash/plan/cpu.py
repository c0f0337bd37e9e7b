"""`joyflash plan --gpu cpu`: whether this machine's main memory holds a model behind joyflash's own server."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from joyflash.engine.setup import BLOCK_SIZE, StepOptions, cache_blocks
from joyflash.errors import ConfigError
from joyflash.hardware import MIB, Machine
from joyflash.plan.checkpoint import Checkpoint, open_checkpoint
from joyflash.plan.estimate import CONCURRENCY
from joyflash.plan.host import HostMemory, host_memory
from joyflash.plan.launch import Launch, LaunchSettings, launch

_PREFILL_CHUNK = 256  # the engine's default, which the server takes
# Python, PyTorch and the server beside what is counted tensor by tensor: `joyflash serve` of nano, with PyTorch for
# processors, has 460 MB resident where 60 MB of the plan's have been touched.
PROCESS_BYTES = 400 * MIB

_VERDICTS = {True: "fits", False: "does not fit", None: "may or may not fit"}
_NO_COMPILER = (
    "There is no C compiler (cc, gcc or clang, or the one that CC names): the server goes on with plain PyTorch, which "
    "is several times slower and keeps every weight in float32, so that --quantization saves no memory. The figures "
    "above are those with a compiler."
)
_NO_MEMORY_KNOWN = "This system does not say how much memory it has; compare for yourself."


@dataclass(frozen=True)
class HostPlan:
    """What `joyflash plan --gpu cpu` says.

    Attributes:
        model: its folder or name.
        machine: memory that the machine has for this process, in bytes; None if that is unknown.
        quant: of the weights in memory; None if they are not quantised.
        context, concurrency: tokens of the longest request, and requests at once.
        cache_tokens: that the server makes room for.
        memory: what the engine takes.
        compiled: whether there is a C compiler for the step; all figures are those with one.
        command: starts it.
    """

    model: str
    machine: int | None
    quant: str | None
    context: int
    concurrency: int
    cache_tokens: int
    memory: HostMemory
    compiled: bool
    command: Launch

    @property
    def total(self) -> int:
        """Bytes of the whole process once the model is loaded."""
        return self.memory.total + PROCESS_BYTES

    @property
    def peak(self) -> int:
        """The most that the process takes, mostly while loading."""
        return max(self.memory.total, self.memory.loading) + PROCESS_BYTES

    @property
    def fits(self) -> bool | None:
        """Whether the machine has that much; None where it cannot be said."""
        return self.peak <= self.machine if self.compiled and self.machine is not None else None

    @property
    def notes(self) -> tuple[str, ...]:
        """Why it cannot be said."""
        return (*(() if self.compiled else (_NO_COMPILER,)), *((_NO_MEMORY_KNOWN,) if self.machine is None else ()))


def plan_cpu(
    model: str | Checkpoint,
    machine: Machine,
    *,
    quant: str | None = None,
    context: int | None = None,
    concurrency: int = CONCURRENCY,
    mtp: int | None = None,
    compiled: bool = True,
) -> HostPlan:
    """Work out the memory of `joyflash serve` on this machine, with float32 beside the weights' own bits.

    Args:
        model: a folder, a bundled model, a preset, or one of these opened.
        machine: as ``hardware.detect`` finds it.
        quant: int8, int4 or int4-int8, made on loading; None = as the folder is.
        context: longest request in tokens; None = the model's own.
        concurrency: requests at once.
        mtp: tokens drafted per step; None = as the server chooses.
        compiled: whether there is a C compiler for the step.

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
        compiled=compiled,
        command=dataclasses.replace(command, argv=tuple(argv), notes=()),
    )


def cpu_as_dict(found: HostPlan) -> dict[str, Any]:
    """Everything a plan says, as JSON takes it."""
    values = {"process": PROCESS_BYTES, "total": found.total, "peak": found.peak, "fits": found.fits}
    return {**dataclasses.asdict(found), **values, "notes": found.notes, "command": found.command.line}


def render_cpu(found: HostPlan) -> str:
    """The text that `joyflash plan --gpu cpu` prints."""
    memory = found.memory
    rows = [
        ("weights", memory.weights, "as the step reads them; the embedding in float32"),
        ("drafting", memory.drafting, "8-bit copies of the MTP layer and the head"),
        ("latent cache", memory.cache, f"{found.cache_tokens:,} tokens in float32, shared by the requests"),
        ("workspace", memory.workspace, "buffers of the largest step"),
        ("process", PROCESS_BYTES, "Python, PyTorch and the server: measured"),
        ("in all", found.total, "of an unknown size" if found.machine is None else f"of {_gb(found.machine)}"),
        ("at most", found.peak, "while loading: the weights also as they are read"),
    ]
    title = (
        f"{found.quant or 'unquantised'} {_VERDICTS[found.fits]} this machine's memory: "
        f"{found.model}, context {found.context:,}, {found.concurrency} requests at once"
    )
    lines = [f"  {name:16} {_gb(size):>10}  {why}" for name, size, why in rows]
    notes = ["", "Notes", *(f"  - {note}" for note in found.notes)] if found.notes else []
    return "\n".join([title, "", *lines, "", "Command", f"  {found.command.line}", *notes]) + "\n"


def _gb(size: int) -> str:
    return f"{size / 1e9:.2f} GB"
