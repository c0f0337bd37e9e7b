"""plan: what fits on which hardware, how fast at its limits, and how to start it. A pure function of its arguments.

Everything is bytes, seconds and tokens. "Device" is one GPU of those that share the model by tensor parallelism.
"""

from __future__ import annotations

from dataclasses import dataclass

from joyflash.engine.speculation import MOST_DRAFTS
from joyflash.errors import ConfigError
from joyflash.hardware import GPU
from joyflash.model.config import ModelConfig
from joyflash.plan.checkpoint import Checkpoint, open_checkpoint
from joyflash.plan.handover import block_obstacle, fp8_obstacle, obstacle
from joyflash.plan.launch import ENGINES, OTHER_ENGINES, Launch, LaunchSettings, launch
from joyflash.plan.memory import (
    CACHE_BYTES,
    MARGIN,
    Fit,
    Memory,
    cache_bytes_per_token,
    device_memory,
    fit_cache,
    prefill_chunk,
    static_share,
)
from joyflash.plan.speed import Prefill, Roofline, Speed
from joyflash.plan.weights import QUANTISATIONS, cut_blocks, quantised_checkpoint_bytes, weigh
from joyflash.quantization.policy import POLICIES

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
    checkpoint = open_checkpoint(model, elsewhere=True) if isinstance(model, str) else model
    config = checkpoint.config
    context = config.max_position_embeddings if context is None else context
    asked = mtp
    mtp = (DEFAULT_MTP if config.num_nextn_predict_layers else 0) if mtp is None else mtp
    _check(config, count=count, context=context, concurrency=concurrency, mtp=mtp, acceptance=acceptance)
    shown = _shown(checkpoint, quant)
    quant = "bf16" if checkpoint.quantisation else shown  # of what is not quantised in the folder, and of products
    weights = weigh(checkpoint, quant, with_mtp=mtp > 0)
    chunk = prefill_chunk(gpu)
    per_token = cache_bytes_per_token(config, with_mtp=mtp > 0)
    memory = device_memory(config, weights, gpu, count, chunk, context, concurrency, mtp)
    fit = fit_cache(memory, per_token, context, concurrency)
    roofline = Roofline(config, weights, gpu, count, "fp8" if shown == "fp8" else quant, CACHE_BYTES)
    cases = [
        (requests, cached)
        for requests in sorted({1, concurrency})
        for cached in sorted({min(SHORT, context), min(context, max(fit.pool_tokens, 0) // requests)})
        if fit.fits and 0 < cached * requests <= fit.pool_tokens
    ]
    folder = "bf16" if quant == "fp8" else quant  # fp8 is made on loading, with a scale for a tensor
    whole = "expert" in cut_blocks(checkpoint, folder, count)
    settings = LaunchSettings(
        checkpoint.path,
        gpus=count,
        context=context,
        concurrency=concurrency,
        prefill_chunk=chunk,
        mtp=mtp,
        own_mtp=asked,
        online_fp8=quant == "fp8",
        whole_experts=whole,
        memory_share=1 - MARGIN,
        static_share=static_share(memory, count),
    )
    obstacles = {engine: obstacle(engine, checkpoint, folder, count) for engine in OTHER_ENGINES}
    if shown == "fp8":
        obstacles["sglang"] = obstacles["sglang"] or fp8_obstacle(checkpoint, gpu, memory, count)
    obstacles["joyflash"] = _own_obstacle(checkpoint, quant, count, asked)
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
        commands=tuple(launch(name, settings) for name in ENGINES if not obstacles[name]) if fit.fits else (),
        notes=(
            *_notes(checkpoint, quant, count, whole),
            *dict.fromkeys(filter(None, obstacles.values() if fit.fits else ())),
        ),
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


def _own_obstacle(checkpoint: Checkpoint, quant: str, count: int, mtp: int | None) -> str | None:
    """Why joyflash's own server does not do what is asked; None where it does."""
    if count > 1 or quant != "bf16" or checkpoint.foreign:
        return (
            "joyflash's own server runs on one device and quantises its own way (--quantization, or a folder made by "
            "joyflash quantize); use vLLM or SGLang here."
        )
    if mtp is not None and mtp > MOST_DRAFTS:
        return f"joyflash's own server drafts at most {MOST_DRAFTS} tokens a step; ask it for no more."
    return None


def _notes(checkpoint: Checkpoint, quant: str, count: int, whole: bool) -> list[str]:
    notes = []
    if not checkpoint.real:
        notes.append(f"{checkpoint.path} stands for the folder that holds the weights.")
    if quant.startswith("int"):
        made = " (joyflash quantize makes such folders)" if quant in POLICIES else ""
        notes.append(
            f"For {quant} the folder must hold weights quantised that way{made}: vLLM and SGLang do not make them on "
            "loading."
        )
    if quant == "fp8":
        notes.append("fp8: --quantization fp8 converts a bf16 folder on loading; leave it out for an fp8 folder.")
        if reason := block_obstacle(checkpoint, quant, count):
            notes.append(f"Only a bf16 folder can be served so, as it is converted without blocks: {reason}")
    if count > 1:
        notes.append(
            "Every device holds the latents of all requests: tensor parallelism does not divide MLA's cache. Times "
            "leave out the exchange between devices."
        )
    if whole:
        notes.append(
            "The routed experts' width does not fall into whole quantisation blocks: they are divided one by one."
        )
    return notes
