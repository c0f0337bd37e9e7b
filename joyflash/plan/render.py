"""A plan as aligned text for a terminal, and as plain values for JSON."""

from __future__ import annotations

import dataclasses
from typing import Any

from joyflash.hardware import GPU
from joyflash.plan.estimate import Plan
from joyflash.plan.memory import EXPANSION_TOKENS

_LAYOUT_DIVIDED = "heads (q_b, kv_b, o), feed-forward widths, {experts}, embedding and head by vocabulary"
_LAYOUT_SAME = "what makes the latents (q_a, kv_a), routers, norms, eh_proj, and the latent cache"


def as_dict(found: Plan) -> dict[str, Any]:
    """Everything a plan says, as JSON takes it."""
    values = dataclasses.asdict(found)
    for speed, values_of in zip(found.speeds, values["speeds"], strict=True):
        values_of["mtp_gain"] = speed.mtp_gain
    values["commands"] = [
        {
            "engine": command.engine,
            "argv": list(command.argv),
            "environment": dict(command.environment),
            "line": command.line,
            "notes": list(command.notes),
        }
        for command in found.commands
    ]
    return values


def render(found: Plan) -> str:
    """The text that `joyflash plan` prints."""
    parts = [_head(found), _memory(found), _fit(found), _layout(found)]
    if found.speeds:
        parts.append(_speed(found))
    if found.commands:
        parts.append(_commands(found))
    if found.notes:
        parts.append("\n".join(["Notes", *(f"  - {note}" for note in found.notes)]))
    return "\n\n".join(parts) + "\n"


def _head(found: Plan) -> str:
    verdict = "fits" if found.fit.fits else "does not fit"
    stored = f"{found.checkpoint_bytes:,} bytes"
    if found.quantised_bytes != found.checkpoint_bytes:
        stored += f"; in {found.quant} {found.quantised_bytes:,}"
    rows = [
        ("model", f"{found.model}, {found.parameters / 1e9:.2f} B parameters in memory"),
        ("checkpoint", stored),
        ("hardware", f"{found.count} x {gpu_line(found.gpu)}"),
        ("asked", f"{found.quant}, context {found.context:,}, {found.concurrency} requests at once, {_mtp(found)}"),
    ]
    title = f"{found.quant} {verdict} {found.count} x {found.gpu.name}: {_verdict(found)}"
    return "\n".join([title, *aligned(rows)])


def _verdict(found: Plan) -> str:
    fit = found.fit
    if not fit.fits:
        best = f"the cache has room for {fit.pool_tokens:,} tokens" if fit.pool_tokens else "no room for any cache"
        return f"each GPU lacks {gigabytes(fit.missing)} for one request of {found.context:,} tokens ({best})."
    if fit.all_full:
        return f"{found.concurrency} requests of {found.context:,} tokens at once."
    return (
        f"{fit.full_requests} of {found.concurrency} requests at the full {found.context:,} tokens at once, or all "
        f"{found.concurrency} with {fit.context_each:,} each."
    )


def _memory(found: Plan) -> str:
    memory = found.memory
    used = [
        ("weights", memory.weights, f"of these {gigabytes(memory.weights_replicated)} the same on every GPU"),
        ("absorbed kv_b", memory.absorbed, "bf16 copy that decoding multiplies with"),
        ("workspace", memory.workspace, f"prefill of {found.prefill_chunk:,} tokens at a time, formula below"),
        ("context, graphs", memory.reserve, "CUDA context, CUDA graphs, buffers between GPUs: estimate"),
        ("driver, margin", memory.driver + memory.margin, "kept by the driver; 4 % left to fragmentation: estimate"),
        ("latent cache", max(memory.pool, 0), "what is left"),
    ]
    lines = [f"  {name:16} {gigabytes(size):>10}  {why}" for name, size, why in used]
    title = f"Memory of each GPU, {gigabytes(memory.total)} by nvidia-smi"
    formula = (
        f"  workspace = 2 x (4 C D + max(attention, experts, dense)) + 8 x rows x V bytes; C = {found.prefill_chunk:,} "
        "tokens,\n  attention = (C + P) x heads / GPUs x (q + k + v widths) + P x latent, "
        f"P = min(8 x context, {EXPANSION_TOKENS:,})"
    )
    return "\n".join([title, *lines, formula])


def _fit(found: Plan) -> str:
    fit, memory = found.fit, found.memory
    lines = [
        f"  {found.cache_per_token:,} bytes a token in bf16; the asked {found.concurrency} x {found.context:,} tokens "
        f"would be {gigabytes(found.cache_total)} on each GPU",
        f"  {max(memory.pool, 0):,} bytes hold {fit.pool_tokens:,} tokens, shared by the requests:",
    ]
    counts = sorted({1, 2, 4, 8, 16, 32, 64, found.concurrency})
    sizes = [(count, min(fit.pool_tokens // count, found.context)) for count in counts]
    pairs = [f"{count} x {size:,}" for count, size in sizes if size > 0]
    lines.append("  " + (", ".join(pairs) if pairs else "nothing fits"))
    return "\n".join(["Latent cache: the most that fits (requests x tokens)", *lines])


def _layout(found: Plan) -> str:
    if found.count == 1:
        return "Layout\n  one GPU holds everything"
    experts = "experts by their width"
    if found.whole_experts:
        experts = "shared experts by their width, routed ones whole"
    rows = [
        ("divided by", f"{found.count}: {_LAYOUT_DIVIDED.format(experts=experts)}"),
        ("the same on all", _LAYOUT_SAME),
    ]
    return "\n".join([f"Layout: tensor parallel over {found.count} GPUs", *aligned(rows)])


def _speed(found: Plan) -> str:
    header = f"  {'requests':>8} {'cached each':>11} {'experts':>7} {'GB/step':>8} {'ms/step':>8} {'tok/s':>8}"
    if found.mtp:
        header += f"  {'with MTP':>8} {'gain':>5}"
    lines = []
    for speed in found.speeds:
        line = (
            f"  {speed.requests:8d} {speed.cached:11,d} {speed.experts:7.1f} {speed.step_bytes / 1e9:8.2f} "
            f"{speed.step_seconds * 1e3:8.2f} {speed.tokens_per_second:8,.0f}"
        )
        if found.mtp:
            line += f"  {speed.mtp_tokens_per_second:8,.0f} {speed.mtp_gain:4.2f}x"
        lines.append(line + ("" if speed.bound == "bandwidth" else "  bound by compute"))
    title = "Decoding at the limit of memory bandwidth, all requests together; real engines reach 30 to 90 % of it"
    tail = (
        f"  prefill of {found.prefill.tokens:,} tokens at the limit of compute: {found.prefill.tokens_per_second:,.0f} "
        "tokens/s"
    )
    parts = [title, header, *lines]
    if found.mtp and found.speeds:
        gained = found.speeds[0].mtp_tokens_per_step
        parts.append(
            f"  MTP: {found.mtp} drafts, each right with probability {found.acceptance:g}: {gained:.2f} tokens a step; "
            "drafted tokens count as\n  hitting unrelated experts, the worst case: where the gain is below 1, serve "
            "with fewer drafts or none"
        )
    return "\n".join([*parts, tail])


def _commands(found: Plan) -> str:
    lines = []
    for command in found.commands:
        lines.append(f"  {command.line}")
        lines += [f"    # {note}" for note in command.notes]
    return "\n".join(["Commands", *lines])


def gpu_line(gpu: GPU) -> str:
    """A GPU by its data sheet."""
    fp8 = f"{gpu.fp8 / 1e12:,.0f} in fp8" if gpu.fp8 else "no fp8"
    size, bandwidth = gigabytes(gpu.memory), f"{gpu.bandwidth / 1e9:,.0f} GB/s"
    return f"{gpu.name}: {size}, {bandwidth}, {gpu.bf16 / 1e12:,.0f} TFLOP/s bf16, {fp8}"


def _mtp(found: Plan) -> str:
    return f"MTP with {found.mtp} drafts" if found.mtp else "no MTP"


def aligned(rows: list[tuple[str, str]]) -> list[str]:
    """Lines of names and what they say."""
    return [f"  {name:16} {value}" for name, value in rows]


def gigabytes(size: int) -> str:
    """Bytes for reading."""
    return f"{size / 1e9:.2f} GB"
