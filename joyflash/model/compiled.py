"""CompiledStep: the model behind the compiled CPU step; batch-invariant, and several times the speed of TorchStep.

Letters: n rows, m kept rows, h given hidden states, D hidden, N heads, H key width, V value width, C latent.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from joyflash.errors import KernelError
from joyflash.kernels.cpu.packed import GROUP, PackedMatrix, pack_matrix
from joyflash.kernels.cpu.step import CpuStep, StepRows, StepWeights
from joyflash.kernels.gumbel import Draw
from joyflash.model.cache import PagedCache
from joyflash.model.config import ModelConfig
from joyflash.model.joyflash import JoyFlash
from joyflash.model.moe import MixtureOfExperts
from joyflash.model.mtp import MTPLayer
from joyflash.model.rope import rope_angles
from joyflash.model.step import Rows
from joyflash.model.transformer import DecoderBlock
from joyflash.quantization.formats import Format, QuantizedTensor, dequantize, quantize


class CompiledStep:
    """A StepModel whose numbers for a row are the same bits alone, in a batch, in a chunk and behind a cached prefix.

    Weights stay where they are; only the key half of ``kv_b_proj`` is copied, transposed, and whatever float32 matrix
    bfloat16 can hold without loss is read from such a copy, which halves the memory traffic and changes no bit.
    Quantised ones are packed, except that same half: transposed, its scales would run along the wrong dimension.

    Args:
        model: on the CPU, float32 or bfloat16.
        cache: of the same dtype.
        max_positions: longest sequence.
        threads: that work on a step; None = as many as torch uses.
        max_rows: most rows of one call.
        quantized: weights that replace the model's own, by parameter name; int8 or int4.
        draft_format: of the weights that only drafts depend on. A rougher draft is rejected a little more often and
            never changes a text, and it is drawn in less time.
        shared: the model is being trained: read float32 weights where they lie, so that a change is seen at once;
            only the two halves of ``kv_b_proj`` are laid out anew by ``weights_changed``.

    Raises:
        KernelError: the step cannot be compiled here, has no product for a weight's format, or there is no memory.
    """

    batch_invariant = True

    def __init__(
        self,
        model: JoyFlash,
        cache: PagedCache,
        max_positions: int,
        threads: int | None = None,
        max_rows: int = 256,
        quantized: Mapping[str, QuantizedTensor] | None = None,
        draft_format: Format | None = None,
        shared: bool = False,
    ) -> None:
        config = model.config
        if shared and (quantized or draft_format or any(p.dtype != torch.float32 for p in model.parameters())):
            raise KernelError("Weights that are being trained are shared in float32, without quantised copies.")
        if draft_format and model.mtp is not None:
            quantized = _quantized_drafting(model.mtp, draft_format, quantized or {})
        matrices = _Matrices(model, quantized or {}, cache.kv_LSW.dtype, shared)
        self._shared, self._relaid = shared, matrices.relaid
        self._config = config
        self.max_rows = max_rows
        self.has_mtp = model.mtp is not None
        self.context_length = max_positions
        weights = StepWeights(
            _sizes(config, cache, max_rows, max_positions),
            _model_weights(model, matrices, max_positions, draft_format),
            [_layer_weights(block, matrices, config) for block in _blocks(model)],
            cache.kv_LSW,
        )
        self._step = CpuStep(weights, threads or torch.get_num_threads())

    @property
    def routes_nLK(self) -> Tensor | None:
        """See StepModel; the compiled step does not tell."""
        return None

    @torch.no_grad()
    def weights_changed(self) -> None:
        """See StepModel.

        Raises:
            KernelError: the step was not made with ``shared`` and reads copies.
        """
        if not self._shared:
            raise KernelError("This step reads copies of the weights; make it with shared=True to train them.")
        for parameter, key_NCH, value_NVC in self._relaid:
            key_NHC, new_NVC = _halves(parameter, self._config)
            key_NCH.copy_(key_NHC.transpose(1, 2))
            value_NVC.copy_(new_NVC)

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


def _halved(weight: Tensor) -> Tensor:
    """float32 weights that came from a bfloat16 checkpoint, in bfloat16 again: half the bytes for the same numbers."""
    half = weight.to(torch.bfloat16)
    return half.contiguous() if torch.equal(half.float(), weight.float()) else weight.contiguous()


class _Matrices:
    """Matrices of the model's products: its own, or the quantised ones that replace them."""

    def __init__(
        self, model: JoyFlash, quantized: Mapping[str, QuantizedTensor], dtype: torch.dtype, shared: bool = False
    ) -> None:
        self._dtype = dtype
        self._shared = shared
        self.relaid: list[tuple[Tensor, Tensor, Tensor]] = []  # parameters and the copies made of their halves
        names = dict(model.named_parameters())
        self._quantized: dict[Tensor, QuantizedTensor] = {names[name]: tensor for name, tensor in quantized.items()}
        for name, tensor in quantized.items():
            rows, columns = tensor.format.block
            if rows > 1 or (columns % GROUP and columns < tensor.shape[-1]):
                raise KernelError(
                    f"The CPU step takes int8 and int4 weights in groups of a multiple of {GROUP} inputs, not "
                    f"{tensor.format.name} in blocks of {rows} x {columns} ({name})."
                )

    def take(self, parameter: Tensor) -> Tensor | PackedMatrix:
        """A matrix as the step reads it."""
        tensor = self._quantized.get(parameter)
        if tensor is None:
            return parameter.detach().contiguous() if self._shared else _halved(parameter.detach())
        return pack_matrix(tensor.integers(), _narrow_scales(tensor), tensor.format.bits)

    def key_value(self, parameter: Tensor, config: ModelConfig) -> tuple[Tensor, Tensor | PackedMatrix]:
        """``kv_b_proj``'s two halves: keys transposed [N, C, H], values [N, V, C]."""
        tensor = self._quantized.get(parameter)
        if tensor is None:
            key_NHC, value_NVC = _halves(parameter.detach(), config)
            if self._shared:
                key_NCH, value_NVC = key_NHC.transpose(1, 2).clone(), value_NVC.clone()
                self.relaid.append((parameter, key_NCH.contiguous(), value_NVC.contiguous()))
                return self.relaid[-1][1:]
            return _halved(key_NHC.transpose(1, 2)), _halved(value_NVC)
        key_NHC, _ = _halves(dequantize(tensor, self._dtype), config)
        _, values = _halves(tensor.integers(), config)
        _, scales = _halves(_narrow_scales(tensor), config)
        return key_NHC.transpose(1, 2).contiguous(), pack_matrix(values, scales, tensor.format.bits)


def _halves(rows: Tensor, config: ModelConfig) -> tuple[Tensor, Tensor]:
    """Rows of ``kv_b_proj`` of all heads: those that make keys, and those that make values."""
    rows_NXC = rows.unflatten(0, (config.num_attention_heads, -1))
    return rows_NXC[:, : config.qk_nope_head_dim], rows_NXC[:, config.qk_nope_head_dim :]


def _narrow_scales(tensor: QuantizedTensor) -> Tensor:
    """A scale for every 32 inputs, whatever the width of the format's own groups."""
    groups = torch.arange(0, tensor.shape[-1], GROUP) // tensor.format.block[1]
    return tensor.scales[..., groups]


def _quantized_drafting(
    mtp: MTPLayer, format: Format, given: Mapping[str, QuantizedTensor]
) -> dict[str, QuantizedTensor]:
    """What is ``given``, and the MTP layer's other matrices."""
    matrices = {name: weight for name, weight in mtp.named_parameters(prefix="mtp") if weight.dim() > 1}
    others = {name: quantize(weight, format, name) for name, weight in matrices.items() if name not in given}
    return {**others, **given}


def _model_weights(
    model: JoyFlash, matrices: _Matrices, max_positions: int, draft_format: Format | None
) -> dict[str, Tensor | PackedMatrix]:
    config = model.config
    cos, sin = rope_angles(torch.arange(max_positions), config.qk_rope_head_dim, config.rope_theta)
    weights = {
        "embedding": model.model.embed_tokens.weight.detach().contiguous(),
        "head": matrices.take(model.lm_head.weight),
        "final_norm": _float(model.model.norm.weight),
        "cos": cos.contiguous(),
        "sin": sin.contiguous(),
    }
    weights["draft_head"] = weights["head"]
    if model.mtp is not None:
        if draft_format and isinstance(weights["head"], Tensor):
            head = quantize(model.lm_head.weight, draft_format, "lm_head.weight")
            weights["draft_head"] = pack_matrix(head.integers(), _narrow_scales(head), draft_format.bits)
        weights |= {
            "mtp_join": matrices.take(model.mtp.eh_proj.weight),
            "mtp_enorm": _float(model.mtp.enorm.weight),
            "mtp_hnorm": _float(model.mtp.hnorm.weight),
            "mtp_norm": _float(model.mtp.norm.weight),
        }
    return weights


def _layer_weights(block: DecoderBlock, matrices: _Matrices, config: ModelConfig) -> dict[str, Tensor | PackedMatrix]:
    attention = block.self_attn
    key_up, value_up = matrices.key_value(attention.kv_b_proj.weight, config)
    weights = {
        "input_norm": _float(block.input_layernorm.weight),
        "post_norm": _float(block.post_attention_layernorm.weight),
        "kv_norm": _float(attention.kv_a_layernorm.weight),
        "kv_a": matrices.take(attention.kv_a_proj_with_mqa.weight),
        "key_up": key_up,
        "value_up": value_up,
        "o": matrices.take(attention.o_proj.weight),
    }
    if config.q_lora_rank is None:
        weights["q_a"] = matrices.take(attention.q_proj.weight)
    else:
        weights["q_a"] = matrices.take(attention.q_a_proj.weight)
        weights["q_norm"] = _float(attention.q_a_layernorm.weight)
        weights["q_b"] = matrices.take(attention.q_b_proj.weight)
    moe = block.mlp
    dense = moe.shared_experts if isinstance(moe, MixtureOfExperts) else moe
    weights |= {name: matrices.take(getattr(dense, f"{name}_proj").weight) for name in ("gate", "up", "down")}
    if isinstance(moe, MixtureOfExperts):
        weights |= {
            "router": _float(moe.gate.weight),
            "router_bias": _float(moe.gate.e_score_correction_bias),
            "expert_gate_up": matrices.take(moe.experts.gate_up_proj),
            "expert_down": matrices.take(moe.experts.down_proj),
        }
    return weights
