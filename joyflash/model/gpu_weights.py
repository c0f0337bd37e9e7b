"""GpuWeights: a model's parameters as the GPU kernels read them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from joyflash.kernels.gpu.experts import ExpertWeights
from joyflash.kernels.gpu.matrix import Matrix, stacked
from joyflash.kernels.gpu.step import DenseWeights, LayerWeights, RouterWeights, Sizes
from joyflash.model.config import ModelConfig
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
        found = {names[name]: tensor for name, tensor in quantized.items()}

        def take(parameter: Tensor) -> Tensor | QuantizedTensor:
            return found.get(parameter, parameter.detach())

        blocks = [block for block in model.model.layers if isinstance(block, DecoderBlock)]
        mtp = None
        if model.mtp is not None:
            blocks.append(model.mtp.block)
            norms = (model.mtp.enorm.weight, model.mtp.hnorm.weight, model.mtp.norm.weight)
            mtp = MtpWeights(Matrix.of(take(model.mtp.eh_proj.weight)), *(norm.detach() for norm in norms))
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
            Matrix.of(take(model.lm_head.weight)),
            [_layer(block, config, take, dtype) for block in blocks],
            mtp,
        )


def _layer(block: DecoderBlock, config: ModelConfig, take, dtype: torch.dtype) -> LayerWeights:
    attention = block.self_attn
    latent = take(attention.kv_a_proj_with_mqa.weight)
    ranked = config.q_lora_rank is not None
    down = stacked([take(attention.q_a_proj.weight), latent], dtype) if ranked else Matrix.of(latent)
    query = attention.q_b_proj if ranked else attention.q_proj
    moe = block.mlp
    router, feed_forward = None, None
    if isinstance(moe, MixtureOfExperts):
        shared = [Matrix.of(take(getattr(moe.shared_experts, f"{name}_proj").weight)) for name in ("gate", "up", "down")]
        if config.n_shared_experts > 1 and shared[2].kind:
            # Its parts need not begin where the scales of a tile do.
            shared[2] = Matrix.of(shared[2].dense(dtype))
        if any(matrix.kind != shared[2].kind or matrix.block != shared[2].block for matrix in shared):
            shared = [Matrix.of(matrix.dense(dtype)) for matrix in shared]
        feed_forward = ExpertWeights(
            Matrix.of(take(moe.experts.gate_up_proj)),
            Matrix.of(take(moe.experts.down_proj)),
            *shared,
            config.rms_norm_eps,
        )
        router = RouterWeights(
            Matrix.of(take(moe.gate.weight)),
            moe.gate.e_score_correction_bias.detach().float(),
            config.num_experts_per_tok,
            config.routed_scaling_factor,
            config.norm_topk_prob,
        )
    else:
        feed_forward = DenseWeights(*(Matrix.of(take(getattr(moe, f"{name}_proj").weight)) for name in ("gate", "up", "down")))
    return LayerWeights(
        block.input_layernorm.weight.detach(),
        block.post_attention_layernorm.weight.detach(),
        attention.kv_a_layernorm.weight.detach(),
        attention.q_a_layernorm.weight.detach() if ranked else None,
        down,
        Matrix.of(take(query.weight)),
        Matrix.of(take(attention.kv_b_proj.weight)),
        Matrix.of(take(attention.o_proj.weight)),
        router,
        feed_forward,
    )
