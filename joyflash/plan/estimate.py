"""plan: what fits on which hardware, how fast at its limits, and how to start it. A pure function of its arguments.

Everything is bytes, seconds and tokens. "Device" is one GPU of those that share the model by tensor parallelism.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from joyflash.errors import ConfigError
from joyflash.hardware import GPU
from joyflash.model.config import ModelConfig
from joyflash.plan.checkpoint import Checkpoint, open_checkpoint
from joyflash.plan.launch import ENGINES, NOT_IN_SGLANG, Launch, LaunchSettings, launch
from joyflash.plan.memory import (
    CACHE_BYTES,
    MARGIN,
    Fit,
    Memory,
    cache_bytes_per_token,
    device_memory,
    fit_cache,
    prefill_chunk,
)
from joyflash.plan.speed import Prefill, Roofline, Speed
from joyflash.plan.weights import QUANTISATIONS, divides_width, quantised_checkpoint_bytes, weigh

ACCEPTANCE = 0.607  # of each draft; k = 3 then gives the report's 2.20 tokens a step
CONCURRENCY = 8  # requests at once, where nothing else is asked
DEFAULT_MTP = 3
SHORT = 2048  # cached tokens of the first speed row, as in the project's tables
PREFILL_TOKENS = 8192


@dataclass(frozen=True)
class Plan:
    """Everything `joyflash plan` says; see the fields' own classes."""

    model: str
    gpu: GPU
    count: int
    quant: str
    context: int
    concurrency: int
    mtp: int
    acceptance: float
    checkpoint_bytes: int
    quantised_bytes: int
    parameters: int
    cache_per_token: int
    cache_total: int
    prefill_chunk: int
    memory: Memory
    fit: Fit
    speeds: tuple[Speed, ...]
    prefill: Prefill
    whole_experts: bool
    commands: tuple[Launch, ...]
    notes: tuple[str, ...]


def plan(
    model: str | Checkpoint,
    gpu: GPU,
    *,
    count: int = 1,
    quant: str | None = None,
    context: int | None = None,
    concurrency: int = CONCURRENCY,
    mtp: int | None = None,
    acceptance: float = ACCEPTANCE,
) -> Plan:
    """Work out what fits, how fast it can be, and how to start it.

    Args:
        model: a folder, a bundled model, a preset, or one of these opened.
        gpu: the kind of device.
        count: how many share the model (tensor parallelism).
        quant: a name in ``QUANTISATIONS``; None = as the folder is quantised, else bf16.
        context: longest request in tokens; None = the model's own.
        concurrency: requests at once.
        mtp: tokens drafted per step, 0 = without MTP; None = 3 where the model has the layer.
        acceptance: probability that a draft is right, given that the ones before it were.

    Raises:
        ConfigError, CheckpointError: an argument or the folder is wrong; the message says which.
    """
    checkpoint = open_checkpoint(model) if isinstance(model, str) else model
    config = checkpoint.config
    context = config.max_position_embeddings if context is None else context
    asked = mtp
    mtp = (DEFAULT_MTP if config.num_nextn_predict_layers else 0) if mtp is None else mtp
    _check(config, count=count, context=context, concurrency=concurrency, mtp=mtp, acceptance=acceptance)
    shown = _shown(checkpoint, quant)
    quant = "bf16" if checkpoint.quantisation else shown  # of what is not quantised in the folder, and of products
    weights = weigh(checkpoint, quant, count, with_mtp=mtp > 0)
    chunk = prefill_chunk(gpu)
    per_token = cache_bytes_per_token(config, with_mtp=mtp > 0)
    memory = device_memory(config, weights, gpu, count, chunk, context, concurrency, mtp)
    fit = fit_cache(memory, per_token, context, concurrency)
    roofline = Roofline(config, weights, gpu, count, quant, CACHE_BYTES)
    cases = [
        (requests, cached)
        for requests in sorted({1, concurrency})
        for cached in sorted({min(SHORT, context), min(context, max(fit.pool_tokens, 0) // requests)})
        if fit.fits and 0 < cached * requests <= fit.pool_tokens
    ]
    whole = not divides_width(checkpoint, quant, count)
    settings = LaunchSettings(
        checkpoint.path,
        gpus=count,
        context=context,
        concurrency=concurrency,
        prefill_chunk=chunk,
        mtp=mtp,
        own_mtp=asked,
        quantised=shown if shown.startswith("int") else None,
        online_fp8=quant == "fp8",
        whole_experts=whole,
        memory_share=1 - MARGIN,
        static_share=_floor((memory.weights + memory.absorbed + max(memory.pool, 0)) / (memory.total - memory.driver)),
    )
    return Plan(
        model=checkpoint.path if checkpoint.real else str(model),
        gpu=gpu,
        count=count,
        quant=shown,
        context=context,
        concurrency=concurrency,
        mtp=mtp,
        acceptance=acceptance,
        checkpoint_bytes=checkpoint.stored_bytes,
        quantised_bytes=quantised_checkpoint_bytes(checkpoint, quant),
        parameters=sum(share.parameters for share in weights.shares.values()),
        cache_per_token=per_token,
        cache_total=per_token * context * concurrency,
        prefill_chunk=chunk,
        memory=memory,
        fit=fit,
        speeds=tuple(roofline.decode(requests, cached, mtp, acceptance) for requests, cached in cases),
        prefill=roofline.prefill(min(PREFILL_TOKENS, context)),
        whole_experts=whole,
        commands=_commands(settings, quant) if fit.fits else (),
        notes=tuple(_notes(checkpoint, quant, count, whole)),
    )


def _shown(checkpoint: Checkpoint, quant: str | None) -> str:
    """The quantisation's name; ConfigError if it is unknown, or not the one that the folder has already."""
    stored = checkpoint.quantisation
    if stored is None:
        quant = quant or "bf16"
        if quant not in QUANTISATIONS:
            raise ConfigError(f"No quantisation is called {quant!r}; there are {', '.join(QUANTISATIONS)}.")
        return quant
    if quant not in (None, stored):
        raise ConfigError(
            f"{checkpoint.path} holds quantised weights already ({stored}), so it cannot be planned as {quant}. Leave "
            "out --quant, or give the folder that it was made from."
        )
    return stored


def _check(config: ModelConfig, *, count: int, context: int, concurrency: int, mtp: int, acceptance: float) -> None:
    for name, value, least in (("count", count, 1), ("context", context, 1), ("concurrency", concurrency, 1)):
        if value < least:
            raise ConfigError(f"{name} is {value}; it must be at least {least}.")
    if config.num_attention_heads % count or config.n_routed_experts % count:
        raise ConfigError(
            f"{count} devices cannot share the model: its {config.num_attention_heads} heads and "
            f"{config.n_routed_experts} experts must divide evenly. Choose another --count."
        )
    if context > config.max_position_embeddings:
        raise ConfigError(f"context is {context}; the model knows {config.max_position_embeddings} positions.")
    if mtp < 0 or (mtp and not config.num_nextn_predict_layers):
        raise ConfigError(f"mtp is {mtp}; " + ("it cannot be negative." if mtp < 0 else "the model has no MTP layer."))
    if not 0 <= acceptance <= 1:
        raise ConfigError(f"acceptance is {acceptance}; it must lie between 0 and 1.")


def _commands(settings: LaunchSettings, quant: str) -> tuple[Launch, ...]:
    found = []
    for engine in ENGINES:
        if engine == "joyflash" and (settings.gpus > 1 or quant != "bf16"):
            continue
        if engine == "sglang" and settings.quantised in NOT_IN_SGLANG:
            continue
        found.append(launch(engine, settings))
    return tuple(found)


def _notes(checkpoint: Checkpoint, quant: str, count: int, whole: bool) -> list[str]:
    notes = []
    if not checkpoint.real:
        notes.append(f"{checkpoint.path} stands for the folder that holds the weights.")
    if quant.startswith("int"):
        notes.append(
            f"For {quant} the folder must hold weights quantised that way: vLLM and SGLang do not make them on loading "
            f"(joyflash quantize makes folders that {'vLLM reads' if quant in NOT_IN_SGLANG else 'they read'})."
        )
    if quant == "fp8":
        notes.append("fp8: --quantization fp8 converts a bf16 folder on loading; leave it out for an fp8 folder.")
    if count > 1:
        notes.append(
            "Every device holds the latents of all requests: tensor parallelism does not divide MLA's cache. Times "
            "leave out the exchange between devices."
        )
    if whole:
        notes.append("The experts' width does not fall into whole quantisation blocks: experts are divided one by one.")
    if count > 1 or quant != "bf16":
        notes.append(
            "joyflash's own server runs on one device and quantises its own way (--quantization, or a folder made by "
            "joyflash quantize); use vLLM or SGLang here."
        )
    return notes


def _floor(share: float) -> float:
    return math.floor(share * 100) / 100
