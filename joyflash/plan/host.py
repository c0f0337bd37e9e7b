"""What joyflash's own engine takes of main memory on a CPU: once it is loaded, and at most while it loads.

The compiled step reads a matrix where it lies or in fewer bytes (``model.compiled``), so the sum follows its rules
tensor by tensor. ``benchmarks/memory.py`` compares it with processes that really load.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch

from joyflash.engine.setup import BLOCK_SIZE, StepOptions, cache_blocks, step_rows
from joyflash.errors import ConfigError
from joyflash.kernels.cpu.packed import GROUP
from joyflash.model.config import ModelConfig
from joyflash.model.layout import is_mtp, stored_twice
from joyflash.plan.checkpoint import Checkpoint, Tensor
from joyflash.plan.weights import kind_of
from joyflash.quantization.formats import FORMATS, Format
from joyflash.quantization.policy import policy_of

_FLOAT = 4
_HEAD_CHUNK, _QUERIES = 96, 16  # outputs and queries that a thread of the step has at once (``kernels/cpu/step.c``)


@dataclass(frozen=True)
class HostMemory:
    """Bytes of main memory.

    Attributes:
        weights: as the step reads them, embedding included, and of the MTP layer where it does not draft.
        drafting: 8-bit copies of the MTP layer and of the head, from which drafts are made.
        cache: latents of all cache blocks.
        workspace: buffers of the largest step, and rotation angles of every position.
        loading: the most while loading; then the weights also lie there as they were read.
    """

    weights: int
    drafting: int
    cache: int
    workspace: int
    loading: int

    @property
    def total(self) -> int:
        """Once it is loaded."""
        return self.weights + self.drafting + self.cache + self.workspace


def host_memory(
    checkpoint: Checkpoint, options: StepOptions, dtype: torch.dtype = torch.float32, threads: int = 1
) -> HostMemory:
    """Memory of ``Engine.from_pretrained`` on a CPU with these options.

    Args:
        checkpoint: what is loaded.
        options: as of the engine; the step is the compiled one.
        dtype: of weights and cache, float32 or bfloat16.
        threads: that work on a step.

    Raises:
        ConfigError: quantisation of a folder that is quantised, or drafts without an MTP layer.
    """
    config = checkpoint.config
    if options.quantization and checkpoint.quantisation:
        raise ConfigError(
            f"{checkpoint.path} holds quantised weights already ({checkpoint.quantisation}). Leave out --quant."
        )
    if options.mtp and not config.num_nextn_predict_layers:
        raise ConfigError(f"mtp is {options.mtp}; the model has no MTP layer.")
    policy = policy_of(options.quantization) if options.quantization else None
    drafts = bool(config.num_nextn_predict_layers) and options.mtp != 0
    weights = drafting = read = 0
    copies = stored_twice(config)
    for tensor in checkpoint.tensors:
        if tensor.name in copies:
            continue
        of_mtp = is_mtp(config, tensor.name)
        format = tensor.format or (policy.format_of(tensor.name) if policy else None)
        read += tensor.stored_bytes if tensor.format else math.prod(tensor.shape) * dtype.itemsize
        if format is None and drafts and len(tensor.shape) > 1:
            if of_mtp:
                format = FORMATS["int8"]
            elif kind_of(tensor.name) == "head":
                drafting += packed_bytes(FORMATS["int8"], tensor.shape)
        size = _held(tensor, format, dtype, config)
        weights, drafting = (weights, drafting + size) if of_mtp and drafts else (weights + size, drafting)
    layers = config.num_hidden_layers + config.num_nextn_predict_layers
    cache = layers * cache_blocks(config, options) * BLOCK_SIZE * config.cache_width * dtype.itemsize
    workspace = step_bytes(config, step_rows(options), options.context(config), threads)
    return HostMemory(weights, drafting, cache, workspace, read + weights + drafting + cache + workspace)


def packed_bytes(format: Format, shape: tuple[int, ...]) -> int:
    """A quantised matrix as the step reads it: whole groups of 32 inputs with a float32 scale each."""
    groups = math.prod(shape[:-1]) * math.ceil(shape[-1] / GROUP)
    return groups * (GROUP * format.bits // 8 + _FLOAT)


def step_bytes(config: ModelConfig, rows: int, positions: int, threads: int) -> int:
    """Buffers of a step of ``rows`` (``joyflash_open`` in ``step.c``) and the angles of ``positions``."""
    heads, width, chosen = config.num_attention_heads, config.cache_width, config.num_experts_per_tok
    shared = config.moe_intermediate_size * config.n_shared_experts
    inner = max(config.intermediate_size, shared)
    widest = max(2 * config.hidden_size, heads * config.v_head_dim, inner, config.kv_lora_rank)
    row = 4 * config.hidden_size + (config.q_lora_rank or 0) + width
    row += heads * (config.qk_head_dim + width + config.kv_lora_rank + config.v_head_dim)
    row += 2 * inner + chosen * (2 * config.moe_intermediate_size + config.hidden_size) + config.n_routed_experts
    per_thread = _FLOAT * _HEAD_CHUNK + 3 * 8 * (chosen + 1) + 2 * widest
    scores = _FLOAT * threads * _QUERIES * positions
    angles = _FLOAT * positions * config.qk_rope_head_dim
    return rows * (_FLOAT * row + threads * per_thread) + scores + angles


def _held(tensor: Tensor, format: Format | None, dtype: torch.dtype, config: ModelConfig) -> int:
    """Bytes of one tensor in the step."""
    kind, count = kind_of(tensor.name), math.prod(tensor.shape)
    if kind in ("norm", "router", "bias"):
        return count * _FLOAT
    if kind == "embedding":
        return count * dtype.itemsize
    # What bfloat16 holds without loss is read from there.
    plain = 2 if torch.bfloat16 in (dtype, tensor.dtype) else dtype.itemsize
    if format is None:
        return count * plain
    if not tensor.name.endswith(".kv_b_proj.weight"):
        return packed_bytes(format, tensor.shape)
    # The key half is transposed, so that its scales would run along the wrong dimension: it is not packed.
    rows, latent = tensor.shape
    keys = config.num_attention_heads * config.qk_nope_head_dim
    return keys * latent * dtype.itemsize + packed_bytes(format, (rows - keys, latent))
