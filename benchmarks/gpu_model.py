"""A model of random weights for ``benchmarks/gpu.py``: made where it runs, in the formats of a policy, in seconds.

Normal weights and zero router biases, so that routing spreads over the experts and no product meets zeros.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from joyflash.kernels.gpu.experts import ExpertWeights
from joyflash.kernels.gpu.matrix import Matrix
from joyflash.model.cache import PagedCache
from joyflash.model.config import ModelConfig, flash_48b_a3b
from joyflash.model.gpu import GpuStep
from joyflash.model.gpu_weights import GpuWeights
from joyflash.model.joyflash import JoyFlash
from joyflash.model.step import Rows
from joyflash.quantization.formats import FORMATS, Format, QuantizedTensor, quantize
from joyflash.quantization.policy import EXPERTS, PROJECTIONS, Policy

POLICIES = {
    "bf16": Policy("bf16", ()),
    # Head and routers stay as they are in all of them
    "fp8": Policy("fp8", ((EXPERTS, FORMATS["fp8"]), (PROJECTIONS, FORMATS["fp8"]))),
    "int4 experts": Policy("int4 experts", ((EXPERTS, FORMATS["int4"]),)),
    "int4 all": Policy("int4 all", ((EXPERTS, FORMATS["int4"]), (PROJECTIONS, FORMATS["int4"]))),
}
_AT_ONCE = 32
_BLOCK = 16


def tiny() -> ModelConfig:
    """For a test of the benchmark itself, in the interpreter."""
    return replace(
        flash_48b_a3b(), vocab_size=96, hidden_size=32, num_hidden_layers=2, intermediate_size=48,
        num_attention_heads=2, q_lora_rank=16, kv_lora_rank=16, qk_nope_head_dim=8, qk_rope_head_dim=4, v_head_dim=8,
        n_routed_experts=8, num_experts_per_tok=2, moe_intermediate_size=16, max_position_embeddings=512,
    )  # fmt: skip


def random_model(
    config: ModelConfig, policy: Policy, device: torch.device, dtype: torch.dtype
) -> tuple[JoyFlash, dict[str, QuantizedTensor]]:
    """A model, and the quantised weights that replace its own; those it does not have in memory itself."""
    with torch.device("meta"):
        model = JoyFlash(config)
    generator = torch.Generator(device).manual_seed(0)
    quantized: dict[str, QuantizedTensor] = {}
    for name, parameter in list(model.named_parameters()):
        format = policy.format_of(name)
        if format:
            quantized[name] = _quantized(tuple(parameter.shape), format, device, generator)
            continue
        module = model.get_submodule(name.rpartition(".")[0])
        weight = torch.empty(parameter.shape, dtype=dtype, device=device)
        _fill(weight, generator)
        setattr(module, name.rpartition(".")[2], nn.Parameter(weight, requires_grad=False))
    for name, buffer in list(model.named_buffers()):
        module = model.get_submodule(name.rpartition(".")[0])
        module.register_buffer(name.rpartition(".")[2], torch.zeros_like(buffer, device=device), persistent=False)
    return model.eval(), quantized


def _fill(weight: Tensor, generator: torch.Generator) -> None:
    if weight.dim() == 1:
        weight.fill_(1.0)
    else:
        # As in the peers' runs: 0.02, which for a hidden size of 2048 is near its inverse root.
        weight.normal_(0.0, max(0.02, 0.5 * weight.shape[-1] ** -0.5), generator=generator)


def _quantized(
    shape: tuple[int, ...], format: Format, device: torch.device, generator: torch.Generator
) -> QuantizedTensor:
    """Quantised normal weights, stacked experts some at a time."""
    stack = shape[0] if len(shape) == 3 else 1
    parts = []
    for first in range(0, stack, _AT_ONCE):
        count = min(_AT_ONCE, stack - first)
        weight = torch.empty(count, *shape[-2:], device=device)
        _fill(weight, generator)
        parts.append(quantize(weight, format))
    values, scales = (torch.cat([getattr(part, name) for part in parts]) for name in ("values", "scales"))
    if len(shape) == 2:
        values, scales = values[0], scales[0]
    return QuantizedTensor(format, shape, values, scales)


def make_step(
    model: JoyFlash,
    quantized: dict[str, QuantizedTensor],
    dtype: torch.dtype,
    device: torch.device,
    sequences: int,
    length: int,
    max_rows: int,
    recorded_rows: int = 512,
    longest: int = 0,
) -> tuple[GpuStep, PagedCache]:
    """A step behind a cache for so many sequences, full of random latents; one alone may have ``longest`` tokens."""
    blocks = sequences * -(-length // _BLOCK)
    cache = PagedCache(model.config, blocks, _BLOCK, dtype, device)
    for layer in cache.kv_LSW:
        layer.normal_()
    return GpuStep(model, cache, max(length, longest), max_rows, quantized, recorded_rows), cache


def rows_at(batch: int, position: int, count: int, length: int, vocabulary: int) -> Rows:
    """``count`` rows from ``position`` on for each of so many sequences, with different tokens."""
    blocks = -(-length // _BLOCK)
    return Rows(
        [(7919 * i + 13) % vocabulary for i in range(batch * count)],
        [position + i for _ in range(batch) for i in range(count)],
        [sequence for sequence in range(batch) for _ in range(count)],
        [list(range(sequence * blocks, (sequence + 1) * blocks)) for sequence in range(batch)],
    )


@dataclass(frozen=True)
class StepBytes:
    """Bytes that a step reads, from the sizes that the weights have in memory."""

    weights: GpuWeights
    config: ModelConfig
    cache_value_bytes: int

    def step(self, rows: int, cached: int) -> float:
        """``rows`` rows with uniform routing over ``cached`` tokens in all: trunk, head and cache, each once."""
        config = self.config
        unique = config.n_routed_experts * (1 - (1 - config.num_experts_per_tok / config.n_routed_experts) ** rows)
        layers = self.weights.layers[: config.num_hidden_layers]
        read = sum(self._layer(layer, unique / config.n_routed_experts) for layer in layers)
        cache = cached * config.num_hidden_layers * config.cache_width * self.cache_value_bytes
        return read + self.weights.head.nbytes + cache

    def draft(self, cached: int, entries: int) -> float:
        """One MTP pass and a draw from some entries of the vocabulary."""
        if self.weights.mtp is None:
            return 0.0
        head = self.weights.head.nbytes * entries / self.config.vocab_size
        cache = cached * self.config.cache_width * self.cache_value_bytes
        return self._layer(self.weights.layers[-1], 1.0) + self.weights.mtp.join.nbytes + head + cache

    @staticmethod
    def _layer(layer, used: float) -> float:
        matrices: list[Matrix] = [layer.down, layer.query, layer.key_value, layer.output]
        block, experts = layer.feed_forward, 0
        if isinstance(block, ExpertWeights):
            experts = block.gate_up.nbytes + block.down.nbytes
            matrices += [block.shared_gate, block.shared_up, block.shared_down, layer.router.weight]
        else:
            matrices += [block.gate, block.up, block.down]
        return sum(matrix.nbytes for matrix in matrices) + used * experts
