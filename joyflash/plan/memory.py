"""Memory of one device: what weights, workspaces and reserves take, and how many cached tokens fit in the rest."""

from __future__ import annotations

import math
from dataclasses import dataclass

from joyflash.hardware import GIB, GPU, MIB
from joyflash.model.config import ModelConfig
from joyflash.plan.weights import Weights

CACHE_BYTES = 2  # bf16
# Estimates, ours. What the driver keeps of the memory that nvidia-smi reports: the latter less CUDA's own total is
# 0.35 GiB on an RTX 4090, 0.55 on an H100, 0.7 on a B200.
DRIVER_BYTES = GIB // 2
CONTEXT_BYTES = GIB // 2  # a CUDA context with the kernels of PyTorch, cuBLAS and the engine
NCCL_BYTES = GIB // 4  # buffers of the collectives, with more than one device
GRAPH_BYTES = 400 * MIB  # CUDA graphs of the decode steps
MARGIN = 0.04  # of the memory left to fragmentation and other processes
EXPANSION_TOKENS = 65_536  # cached tokens whose keys and values a prefill step expands at once (vLLM's bound)


@dataclass(frozen=True)
class Memory:
    """Bytes on one device.

    ``total`` is what ``nvidia-smi`` reports; ``pool`` is what all the rest leaves for the latent cache, negative if the
    model does not fit.
    """

    total: int
    driver: int
    margin: int
    weights: int
    weights_replicated: int
    absorbed: int
    workspace: int
    reserve: int
    pool: int


@dataclass(frozen=True)
class Fit:
    """What fits. A request of the full context must; all of them at once need not, the pool is shared.

    Attributes:
        fits: the engine starts and serves requests of the asked context.
        all_full: all asked requests may be at full context at once.
        pool_tokens: cached tokens that fit.
        full_requests: requests of the asked context that fit at once.
        context_each: tokens that each of the asked number of requests may have at once.
        missing: bytes a device lacks for one request of the asked context; 0 if it fits.
    """

    fits: bool
    all_full: bool
    pool_tokens: int
    full_requests: int
    context_each: int
    missing: int


def cache_bytes_per_token(config: ModelConfig, *, with_mtp: bool) -> int:
    """Latent and rotated key of one token in all layers, and in the MTP layer's own cache: 46,080 or 47,232 bytes."""
    return (config.num_hidden_layers + with_mtp) * config.cache_width * CACHE_BYTES


def prefill_chunk(gpu: GPU) -> int:
    """Prompt tokens a step: 8,192 on devices of 70 GiB and more, 2,048 on smaller ones (vLLM's rule)."""
    return 8192 if gpu.memory >= 70 * GIB else 2048


def workspace_bytes(config: ModelConfig, devices: int, chunk: int, context: int, rows: int) -> int:
    """Most memory for activations on a device at once: a prefill step of ``chunk`` tokens, bf16, logits in fp32.

    ``4 C D`` (residual, normed input, sub-layer's output, copy) + the larger of
    attention: ``(C + P)`` tokens x heads / n x (query or key width + key part without rotation + value width), and the
    latents of P, the cached tokens that are expanded at once: min(8 x context, 65,536) (vLLM's
    ``determine_chunked_prefill_workspace_size``), and
    experts: ``C k (3 x width / n + D)``; the dense layer ``3 C x width / n`` is compared too.
    Then ``2 x rows x V`` fp32 logits (and their sorted or normalised copy).
    """
    hidden = 4 * chunk * config.hidden_size
    head = config.qk_head_dim + config.qk_nope_head_dim + config.v_head_dim
    expanded = min(8 * context, EXPANSION_TOKENS)
    attention = (chunk + expanded) * config.num_attention_heads * head // devices + expanded * config.cache_width
    rows_in_experts = chunk * config.num_experts_per_tok
    experts = rows_in_experts * (3 * config.moe_intermediate_size // devices + config.hidden_size)
    dense = 3 * chunk * config.intermediate_size // devices
    return 2 * (hidden + max(attention, experts, dense)) + 2 * 4 * rows * config.vocab_size


def device_memory(
    config: ModelConfig,
    weights: Weights,
    gpu: GPU,
    count: int,
    chunk: int,
    context: int,
    concurrency: int,
    mtp: int,
) -> Memory:
    """Split a device's memory; ``chunk``, ``context`` and ``concurrency`` in tokens and requests, ``mtp`` drafts."""
    visible = gpu.memory - DRIVER_BYTES
    margin = math.ceil(visible * MARGIN)
    layers = config.num_hidden_layers + (mtp > 0)
    # Engines keep kv_b, transposed and in bf16, beside the loaded one: absorbed into queries and outputs of the decode.
    up = config.num_attention_heads * (config.qk_nope_head_dim + config.v_head_dim) * config.kv_lora_rank
    absorbed = 2 * layers * up // count
    on_device = weights.bytes(count)
    replicated = sum(share.bytes for (_, divided, _), share in weights.shares.items() if not divided)
    workspace = workspace_bytes(config, count, chunk, context, concurrency * (1 + mtp))
    reserve = CONTEXT_BYTES + GRAPH_BYTES + (NCCL_BYTES if count > 1 else 0)
    pool = visible - margin - on_device - absorbed - workspace - reserve
    return Memory(gpu.memory, DRIVER_BYTES, margin, on_device, replicated, absorbed, workspace, reserve, pool)


def static_share(memory: Memory, count: int) -> float:
    """Weights and cache as a share of the memory that is free before the weights are there: SGLang's measure.

    CUDA's context and the collectives' buffers are taken by then. Three digits, rounded up, so that the cache holds
    what was promised; the margin gives what that takes.
    """
    free = memory.total - memory.driver - CONTEXT_BYTES - (NCCL_BYTES if count > 1 else 0)
    return math.ceil(1000 * (memory.weights + memory.absorbed + max(memory.pool, 0)) / free) / 1000


def fit_cache(memory: Memory, per_token: int, context: int, concurrency: int) -> Fit:
    """How many tokens the pool holds at ``per_token`` bytes, and what that means for the asked requests."""
    tokens = max(memory.pool // per_token, 0)
    return Fit(
        fits=tokens >= context,
        all_full=tokens >= context * concurrency,
        pool_tokens=tokens,
        full_requests=min(tokens // context, concurrency),
        context_each=min(tokens // concurrency, context),
        missing=max(context * per_token - memory.pool, 0),
    )
