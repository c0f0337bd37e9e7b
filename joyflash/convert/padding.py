"""An equal model with the released latent sizes, for engines whose attention kernels take no others.

vLLM's and SGLang's latent-attention kernels are built for a latent of 512 and a rotated key of 64. Zeros fill a smaller
model up to that; three scalings undo what the zeros change:

- *RMSNorm of the latent* divides by the mean over C dimensions, afterwards over 512. Its weight times √(C/512) makes up
  for that. What is left is eps, which counts 512/C times as much; the latent's rows of the projection times a power of
  two near √(512/C), which no dtype rounds, bring that back to at most twice or half (exactly once for C = 128).
- *Rotation*: pair i of R turns by theta^(-2i/R), so it becomes pair i·64/R of 64, which turns alike.
- *Softmax scale* falls from (H + R)^-½ to the padded width's; the query projection times the root of their ratio.

vLLM's kernel for processors with AMX also takes only widths of unrotated keys and of values that are multiples of 32;
zeros fill these up too, and nothing else changes by that.

In bf16 the scaled query projection is rounded once more, as is the norm's weight where √(C/512) is no power of two.

Letters: N heads, C latent, H unrotated key width, R rotated, V value width, D hidden.
"""

from __future__ import annotations

import dataclasses
import math

import torch

from joyflash.errors import ConfigError
from joyflash.model.config import ModelConfig
from joyflash.model.joyflash import JoyFlash

LATENT = 512
ROTATED = 64
MULTIPLE = 32


def padded_config(config: ModelConfig) -> ModelConfig:
    """The configuration of the padded model.

    Raises:
        ConfigError: the latent is wider than 512, or the rotated width is no divisor of 64.
    """
    if config.kv_lora_rank > LATENT or ROTATED % config.qk_rope_head_dim:
        raise ConfigError(
            f"kv_lora_rank {config.kv_lora_rank} and qk_rope_head_dim {config.qk_rope_head_dim} cannot be padded: "
            f"the first must be at most {LATENT}, the second a divisor of {ROTATED}."
        )
    return dataclasses.replace(
        config,
        kv_lora_rank=LATENT,
        qk_rope_head_dim=ROTATED,
        qk_nope_head_dim=_rounded(config.qk_nope_head_dim),
        v_head_dim=_rounded(config.v_head_dim),
    )


def pad_tensor(config: ModelConfig, name: str, tensor: torch.Tensor) -> torch.Tensor:
    """One tensor of the padded model; itself where nothing changes.

    Args:
        config: of the model before padding.
        name: under ours or Hugging Face's name; attention's names end alike.
        tensor: as it was; computed with in float32 and returned in its own dtype.
    """
    latent, wide = config.kv_lora_rank, padded_config(config)
    if name.endswith((".q_b_proj.weight", ".q_proj.weight")):
        rows_NHX = tensor.float().unflatten(0, (config.num_attention_heads, config.qk_head_dim))
        nope, rope = rows_NHX.split((config.qk_nope_head_dim, config.qk_rope_head_dim), dim=1)
        scale = math.sqrt(wide.qk_head_dim / config.qk_head_dim)
        nope = _fill(nope, 1, wide.qk_nope_head_dim)
        padded = (torch.cat((nope, _spread_pairs(rope, 1)), dim=1) * scale).flatten(0, 1)
    elif name.endswith(".kv_a_proj_with_mqa.weight"):
        latent_CD, rope_RD = tensor.float().split((latent, config.qk_rope_head_dim))
        gain = 2.0 ** round(math.log2(LATENT / latent) / 2)
        padded = torch.cat((_fill(latent_CD * gain, 0, LATENT), _spread_pairs(rope_RD, 0)))
    elif name.endswith(".kv_a_layernorm.weight"):
        padded = _fill(tensor.float() * math.sqrt(latent / LATENT), 0, LATENT)
    elif name.endswith(".kv_b_proj.weight"):
        rows_NXC = _fill(tensor, 1, LATENT).unflatten(0, (config.num_attention_heads, -1))
        keys, values = rows_NXC.split((config.qk_nope_head_dim, config.v_head_dim), dim=1)
        both = _fill(keys, 1, wide.qk_nope_head_dim), _fill(values, 1, wide.v_head_dim)
        padded = torch.cat(both, dim=1).flatten(0, 1)
    elif name.endswith(".self_attn.o_proj.weight"):
        columns_DNV = tensor.unflatten(1, (config.num_attention_heads, -1))
        padded = _fill(columns_DNV, 2, wide.v_head_dim).flatten(1, 2)
    else:
        return tensor
    return padded.to(tensor.dtype)


def pad_model(model: JoyFlash) -> JoyFlash:
    """An equal model of ``padded_config``, MTP layer included; the given one is not touched.

    Logits agree to fp32's rounding, up to what eps does to latents of tiny norm (see above).

    Raises:
        ConfigError: as of ``padded_config``.
    """
    padded = JoyFlash(padded_config(model.config))
    state = {name: pad_tensor(model.config, name, tensor).clone() for name, tensor in model.state_dict().items()}
    padded.load_state_dict(state, assign=True)
    return padded.to(model.lm_head.weight.device).train(model.training)


def _rounded(width: int) -> int:
    return -(-width // MULTIPLE) * MULTIPLE


def _fill(x: torch.Tensor, dim: int, width: int) -> torch.Tensor:
    """Zeros behind the entries of ``dim``, up to ``width``."""
    shape = list(x.shape)
    shape[dim] = width - shape[dim]
    return torch.cat((x, x.new_zeros(shape)), dim=dim)


def _spread_pairs(x: torch.Tensor, dim: int) -> torch.Tensor:
    """Pair i of the R entries of ``dim`` moved to pair i·64/R of 64; zeros between."""
    pairs = x.unflatten(dim, (-1, 2))
    shape = list(pairs.shape)
    shape[dim] = ROTATED // 2
    spread = pairs.new_zeros(shape)
    step = shape[dim] // pairs.shape[dim]
    spread.index_copy_(dim, torch.arange(0, shape[dim], step, device=x.device), pairs)
    return spread.flatten(dim, dim + 1)
