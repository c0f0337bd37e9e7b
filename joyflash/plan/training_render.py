"""A training plan as aligned text for a terminal, and as plain values for JSON."""

from __future__ import annotations

import dataclasses
from typing import Any

from joyflash.plan.render import aligned, gigabytes, gpu_line
from joyflash.plan.training import TrainingOption, TrainingPlan
from joyflash.plan.training_speed import NETWORK_BYTES, NODE, NODE_BYTES


def training_as_dict(found: TrainingPlan) -> dict[str, Any]:
    """Everything a training plan says, as JSON takes it: bytes, seconds, tokens."""
    values = dataclasses.asdict(found)
    pairs = [(found.best, values["best"]), *zip(found.options, values["options"], strict=True)]
    for option, plain in pairs:
        plain["memory"] |= {"held": option.memory.held, "peak": option.memory.peak}
        plain["time"] |= {
            "seconds": option.time.seconds,
            "bound": option.time.bound,
            "tokens_per_second": option.time.tokens_per_second,
        }
    return values | {"fits": found.fits, "idle": found.idle, "days": found.days, "mfu": found.mfu}


def render_training(found: TrainingPlan) -> str:
    """The text that `joyflash plan --train` prints."""
    parts = [_head(found), _memory(found), _speed(found), _options(found)]
    if found.fits:
        parts.append(_command(found))
    parts.append(_notes(found))
    return "\n\n".join(parts) + "\n"


def _head(found: TrainingPlan) -> str:
    time = found.best.time
    if found.fits:
        verdict = f"trains at up to {time.tokens_per_second:,.0f} tokens/s; {_tokens(found.tokens)} take {_days(found)}"
    else:
        verdict = f"does not fit: each GPU lacks {gigabytes(found.best.memory.peak - found.room)}"
        verdict += f"; {found.enough:,} would be enough" if found.enough else ""
    rows = [
        ("model", f"{found.model}, {found.parameters / 1e9:.2f} B parameters"),
        ("hardware", f"{found.count:,} x {gpu_line(found.gpu)}"),
        (
            "run",
            f"{_tokens(found.tokens)} tokens, rows of {found.row_tokens:,}, {time.tokens_per_step:,} tokens a step, "
            f"MTP loss {'on' if found.mtp else 'off'}{f', quantize {found.quantize}' if found.quantize else ''}",
        ),
    ]
    return "\n".join([f"{found.count:,} x {found.gpu.name} {verdict}.", *aligned(rows)])


def _memory(found: TrainingPlan) -> str:
    memory, layout = found.best.memory, found.best.layout
    rows = [
        ("weights", memory.weights, "float32, this GPU's part"),
        ("gradients", memory.gradients, "float32, of the same part"),
        ("Muon", memory.momentum, "momentum, and second moments of lines"),
        ("AdamW", memory.moments, "two moments of embedding, head and norms"),
        ("activations", memory.activations, f"of {layout.tokens:,} tokens, {_kept(found.best)}"),
        ("working", memory.working, "at the peak of a pass: gathered weights, gradients on their way, temporaries"),
        *([("rounded", memory.rounded, f"{found.quantize}: these weights before rounding")] if memory.rounded else []),
        ("update", memory.update, "while Muon steps, in place of what a pass takes"),
        ("peak", memory.peak, f"of {gigabytes(found.room)} beside driver, context and a margin of 4 %"),
    ]
    lines = [f"  {name:16} {gigabytes(size):>10}  {why}" for name, size, why in rows]
    return "\n".join([f"Memory of each GPU, experts over {layout.expert_parallel} of them", *lines])


def _kept(option: TrainingOption) -> str:
    return "the inputs of the blocks; the rest is computed again" if option.layout.recompute else "all that is needed"


def _speed(found: TrainingPlan) -> str:
    time = found.best.time
    rows = [
        ("compute", f"{time.compute:.2f} s at {found.share:.0%} of the peak, {time.passes:,} passes"),
        ("weights", f"{time.weights:.2f} s gathered and gradients added up, beside the computing"),
        ("tokens", f"{time.tokens:.2f} s to their experts and back"),
        ("update", f"{time.update:.2f} s of Muon"),
        ("step", f"{time.seconds:.2f} s, longest part: {time.bound}; MFU {found.mfu:.0%} (6 N and causal attention)"),
        ("a token", f"{found.flops_per_token / 1e9:.1f} GFLOP forward and backward"),
    ]
    return "\n".join(["Time of a step", *aligned(rows)])


def _options(found: TrainingPlan) -> str:
    header = f"  {'experts over':>12} {'recompute':>9} {'tokens a pass':>13} {'peak':>10} {'s/step':>8} {'tok/s':>11}"
    lines = [header]
    for option in found.options:
        layout, time = option.layout, option.time
        fits = "" if option.memory.peak <= found.room else "  does not fit"
        lines.append(
            f"  {layout.expert_parallel:12d} {'yes' if layout.recompute else 'no':>9} {layout.tokens:13,d} "
            f"{gigabytes(option.memory.peak):>10} {time.seconds:8.2f} {time.tokens_per_second:11,.0f}{fits}"
        )
    return "\n".join(["Ways to divide the experts, the best of each", *lines])


def _command(found: TrainingPlan) -> str:
    layout = found.best.layout
    each = next(size for size in range(min(found.count, NODE), 0, -1) if found.count % size == 0)
    nodes = found.count // each
    launch = f"torchrun --nproc-per-node {each}"
    if nodes > 1:
        launch = f"torchrun --nnodes {nodes} --rdzv-backend c10d --rdzv-endpoint HOST:29500 --nproc-per-node {each}"
    options = f"--device cuda --expert-parallel {layout.expert_parallel} --tokens-at-once {layout.tokens}"
    recompute = f"recompute={layout.recompute}" + (f", quantize={found.quantize!r}" if found.quantize else "")
    return "\n".join(
        ["Command", f"  {launch} -m joyflash pretrain RECIPE --out RUN {options}", f"    # {recompute} in RECIPE"]
    )


def _notes(found: TrainingPlan) -> str:
    idle = (
        f"  - A step has fewer rows than there are GPUs: {found.idle:,} of {found.count:,} compute rows that nothing "
        "is learned from. Take a larger --batch.\n"
    )
    return (
        "Notes\n"
        f"{idle if found.idle else ''}"
        f"  - An upper bound: {NODE_BYTES / 1e9:.0f} GB/s between the {NODE} GPUs of a machine and "
        f"{NETWORK_BYTES / 1e9:.0f} GB/s out of each are taken for granted; waiting for data,\n"
        "    uneven experts and validations are left out.\n"
        "  - Memory was held against PyTorch's memory tracker on dry runs: benchmarks/training_memory.py."
    )


def _tokens(tokens: int) -> str:
    for size, name in ((1e12, "T"), (1e9, "B"), (1e6, "M")):
        if tokens >= size:
            return f"{tokens / size:,.4g} {name}"
    return f"{tokens:,}"


def _days(found: TrainingPlan) -> str:
    return f"{found.days:,.1f} days" if found.days >= 1 else f"{found.days * 24:,.1f} hours"
