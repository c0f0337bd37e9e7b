"""CompiledStep: the model behind the compiled CPU step; batch-invariant, and several times the speed of TorchStep.

Letters: n rows, m kept rows, h given hidden states, D hidden, N heads, H key width, V value width, C latent.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence

import torch
from torch import Tensor

from joyflash.kernels.cpu.step import CpuStep, StepRows, StepWeights
from joyflash.kernels.gumbel import Draw
from joyflash.model.cache import PagedCache
from joyflash.model.config import ModelConfig
from joyflash.model.joyflash import JoyFlash
from joyflash.model.moe import MixtureOfExperts
from joyflash.model.rope import rope_angles
from joyflash.model.step import Rows
from joyflash.model.transformer import DecoderBlock


class CompiledStep:
    """A StepModel whose numbers for a row are the same bits alone, in a batch, in a chunk and behind a cached prefix.

    Weights stay where they are, in the dtype of the cache; only the key half of ``kv_b_proj`` is copied, transposed.

    Args:
        model: on the CPU, float32 or bfloat16.
        cache: of the same dtype.
        max_positions: longest sequence.
        threads: that work on a step; None = as many as torch uses.
        max_rows: most rows of one call.

    Raises:
        KernelError: the step cannot be compiled here, or there is no memory for it.
    """

    batch_invariant = True

    def __init__(
        self,
        model: JoyFlash,
        cache: PagedCache,
        max_positions: int,
        threads: int | None = None,
        max_rows: int = 256,
    ) -> None:
        config = model.config
        self.max_rows = max_rows
        self.has_mtp = model.mtp is not None
        self.context_length = max_positions
        weights = StepWeights(
            _sizes(config, cache, max_rows, max_positions),
            _model_weights(model, max_positions),
            [_layer_weights(block, config) for block in _blocks(model)],
            cache.kv_LSW,
        )
        self._step = CpuStep(weights, threads or torch.get_num_threads())

    def trunk(self, rows: Rows) -> Tensor:
        """See StepModel."""
        return self._step.trunk(_c_rows(rows))

    def mtp(self, rows: Rows, hidden_hD: Tensor, lines: Sequence[int], kept: Sequence[int]) -> Tensor:
        """See StepModel."""
        return self._step.mtp(_c_rows(rows), hidden_hD, lines, kept)

    def logits(self, hidden_mD: Tensor) -> Tensor:
        """See StepModel."""
        return self._step.head(hidden_mD)

    def draw(self, hidden_hD: Tensor, lines: Sequence[int], draws: Sequence[Draw], ids: array[int] | int) -> list[int]:
        """See StepModel."""
        keys, temperatures = zip(*draws, strict=True)
        return self._step.draw(hidden_hD, lines, keys, temperatures, ids)


def _c_rows(rows: Rows) -> StepRows:
    return StepRows(rows.tokens, rows.positions, rows.sequences, rows.tables)


def _blocks(model: JoyFlash) -> list[DecoderBlock]:
    blocks = [block for block in model.model.layers if isinstance(block, DecoderBlock)]
    return blocks if model.mtp is None else [*blocks, model.mtp.block]


def _sizes(config: ModelConfig, cache: PagedCache, max_rows: int, max_positions: int) -> dict[str, int | float]:
    return {
        "hidden": config.hidden_size,
        "heads": config.num_attention_heads,
        "q_rank": config.q_lora_rank or 0,
        "latent": config.kv_lora_rank,
        "nope": config.qk_nope_head_dim,
        "rope": config.qk_rope_head_dim,
        "value": config.v_head_dim,
        "experts": config.n_routed_experts,
        "chosen": config.num_experts_per_tok,
        "expert_width": config.moe_intermediate_size,
        "layers": config.num_hidden_layers,
        "vocabulary": config.vocab_size,
        "dense_width": config.intermediate_size,
        "shared_width": config.moe_intermediate_size * config.n_shared_experts,
        "normalise": int(config.norm_topk_prob),
        "block_tokens": cache.block_size,
        "blocks": cache.blocks,
        "max_rows": max_rows,
        "max_positions": max_positions,
        "eps": config.rms_norm_eps,
        "routed_scale": config.routed_scaling_factor,
        "attention_scale": config.qk_head_dim**-0.5,
    }


def _float(weight: Tensor) -> Tensor:
    return weight.detach().float().contiguous()


def _as_is(weight: Tensor) -> Tensor:
    return weight.detach().contiguous()


def _model_weights(model: JoyFlash, max_positions: int) -> dict[str, Tensor]:
    config = model.config
    cos, sin = rope_angles(torch.arange(max_positions), config.qk_rope_head_dim, config.rope_theta)
    weights = {
        "embedding": _as_is(model.model.embed_tokens.weight),
        "head": _as_is(model.lm_head.weight),
        "final_norm": _float(model.model.norm.weight),
        "cos": cos.contiguous(),
        "sin": sin.contiguous(),
    }
    if model.mtp is not None:
        weights |= {
            "mtp_join": _as_is(model.mtp.eh_proj.weight),
            "mtp_enorm": _float(model.mtp.enorm.weight),
            "mtp_hnorm": _float(model.mtp.hnorm.weight),
            "mtp_norm": _float(model.mtp.norm.weight),
        }
    return weights


def _layer_weights(block: DecoderBlock, config: ModelConfig) -> dict[str, Tensor]:
    attention = block.self_attn
    kv_b_NXC = attention.kv_b_proj.weight.detach().unflatten(0, (config.num_attention_heads, -1))
    key_NHC, value_NVC = kv_b_NXC.split((config.qk_nope_head_dim, config.v_head_dim), dim=1)
    weights = {
        "input_norm": _float(block.input_layernorm.weight),
        "post_norm": _float(block.post_attention_layernorm.weight),
        "kv_norm": _float(attention.kv_a_layernorm.weight),
        "kv_a": _as_is(attention.kv_a_proj_with_mqa.weight),
        "key_up": key_NHC.transpose(1, 2).contiguous(),
        "value_up": value_NVC.contiguous(),
        "o": _as_is(attention.o_proj.weight),
    }
    if config.q_lora_rank is None:
        weights["q_a"] = _as_is(attention.q_proj.weight)
    else:
        weights["q_a"] = _as_is(attention.q_a_proj.weight)
        weights["q_norm"] = _float(attention.q_a_layernorm.weight)
        weights["q_b"] = _as_is(attention.q_b_proj.weight)
    moe = block.mlp
    dense = moe.shared_experts if isinstance(moe, MixtureOfExperts) else moe
    weights |= {name: _as_is(getattr(dense, f"{name}_proj").weight) for name in ("gate", "up", "down")}
    if isinstance(moe, MixtureOfExperts):
        weights |= {
            "router": _float(moe.gate.weight),
            "router_bias": _float(moe.gate.e_score_correction_bias),
            "expert_gate_up": _as_is(moe.experts.gate_up_proj),
            "expert_down": _as_is(moe.experts.down_proj),
        }
    return weights
