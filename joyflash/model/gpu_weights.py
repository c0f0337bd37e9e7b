"""GpuWeights: a model's parameters as the GPU kernels read them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from joyflash.kernels.gpu.experts import ExpertWeights
from joyflash.kernels.gpu.matrix import Matrix, stacked
from joyflash.kernels.gpu.step import DenseWeights, LayerWeights, RouterWeights, Sizes
from joyflash.model.config import ModelConfig
from joyflash.model.feed_forward import FeedForward
from joyflash.model.joyflash import JoyFlash
from joyflash.model.moe import MixtureOfExperts
from joyflash.model.transformer import DecoderBlock
from joyflash.quantization.formats import QuantizedTensor


@dataclass(frozen=True)
class MtpWeights:
    """What the MTP layer has beside its block."""

    join: Matrix
    enorm: Tensor
    hnorm: Tensor
    norm: Tensor


@dataclass(frozen=True)
class GpuWeights:
    """All weights; ``layers`` are the trunk's and, last, the MTP block."""

    sizes: Sizes
    embedding: Tensor
    final_norm: Tensor
    head: Matrix
    layers: list[LayerWeights]
    mtp: MtpWeights | None

    @classmethod
    def of(cls, model: JoyFlash, quantized: Mapping[str, QuantizedTensor], dtype: torch.dtype) -> GpuWeights:
        """Take a model's weights as they lie in memory, or the quantised ones that replace them.

        Args:
            model: on its device.
            quantized: by parameter name, on the same device.
            dtype: of the step.
        """
        names = dict(model.named_parameters())
        found: dict[Tensor, QuantizedTensor] = {names[name]: tensor for name, tensor in quantized.items()}

        def take(parameter: Tensor) -> Matrix:
            return matrix_of(found.get(parameter, parameter))

        blocks = [block for block in model.model.layers if isinstance(block, DecoderBlock)]
        mtp = None
        if model.mtp is not None:
            blocks.append(model.mtp.block)
            norms = (model.mtp.enorm.weight, model.mtp.hnorm.weight, model.mtp.norm.weight)
            mtp = MtpWeights(take(model.mtp.eh_proj.weight), *(norm.detach() for norm in norms))
        config = model.config
        sizes = Sizes(
            config.hidden_size,
            config.num_attention_heads,
            config.kv_lora_rank,
            config.qk_head_dim,
            config.v_head_dim,
            config.rms_norm_eps,
            config.qk_head_dim**-0.5,
        )
        return cls(
            sizes,
            model.model.embed_tokens.weight.detach(),
            model.model.norm.weight.detach(),
            take(model.lm_head.weight),
            [_layer(block, config, take, dtype) for block in blocks],
            mtp,
        )


def matrix_of(weight: Tensor | QuantizedTensor) -> Matrix:
    """A weight for the kernels, as it lies in memory."""
    if isinstance(weight, Tensor):
        return Matrix.plain(weight)
    return Matrix.quantized(weight.values, weight.scales, weight.shape, weight.format.bits, weight.format.block)


def _layer(
    block: DecoderBlock, config: ModelConfig, take: Callable[[Tensor], Matrix], dtype: torch.dtype
) -> LayerWeights:
    attention = block.self_attn
    latent = take(attention.kv_a_proj_with_mqa.weight)
    ranked = config.q_lora_rank is not None
    moe = block.mlp
    return LayerWeights(
        block.input_layernorm.weight.detach(),
        block.post_attention_layernorm.weight.detach(),
        attention.kv_a_layernorm.weight.detach(),
        attention.q_a_layernorm.weight.detach() if ranked else None,
        stacked([take(attention.q_a_proj.weight), latent], dtype) if ranked else latent,
        take((attention.q_b_proj if ranked else attention.q_proj).weight),
        take(attention.kv_b_proj.weight),
        take(attention.o_proj.weight),
        _router(moe, config, take) if isinstance(moe, MixtureOfExperts) else None,
        _experts(moe, config, take, dtype) if isinstance(moe, MixtureOfExperts) else _dense(moe, take, dtype),
    )


def _router(moe: MixtureOfExperts, config: ModelConfig, take: Callable[[Tensor], Matrix]) -> RouterWeights:
    return RouterWeights(
        take(moe.gate.weight),
        moe.gate.e_score_correction_bias.detach().float(),
        config.num_experts_per_tok,
        config.routed_scaling_factor,
        config.norm_topk_prob,
    )


def _dense(block: FeedForward, take: Callable[[Tensor], Matrix], dtype: torch.dtype) -> DenseWeights:
    """A kernel takes gate and up in one format; a checkpoint may have them in two."""
    gate, up = take(block.gate_proj.weight), take(block.up_proj.weight)
    if (gate.kind, gate.block) != (up.kind, up.block):
        gate, up = Matrix.plain(gate.dense(dtype)), Matrix.plain(up.dense(dtype))
    return DenseWeights(gate, up, take(block.down_proj.weight))


def _experts(
    moe: MixtureOfExperts, config: ModelConfig, take: Callable[[Tensor], Matrix], dtype: torch.dtype
) -> ExpertWeights:
    shared = _dense(moe.shared_experts, take, dtype)
    down = shared.down
    if config.n_shared_experts > 1 and down.kind:
        # Each of them is a part of the columns, which need not begin where the scales of a tile do.
        down = Matrix.plain(down.dense(dtype))
    gate_up, routed_down = take(moe.experts.gate_up_proj), take(moe.experts.down_proj)
    return ExpertWeights(gate_up, routed_down, shared.gate, shared.up, down, config.rms_norm_eps)
