"""Multi-head latent attention (MLA): keys and values live in one small latent per token.

Two forms of the same sum: *expanded* makes keys and values of every head from the latents, cheapest for many query
tokens; *absorbed* folds the key and value matrices into query and output, so that a decode step reads only latents.
Source: DeepSeek-V2 (arXiv 2405.04434, section 2.1), as in the released model.

Letters: T tokens, B requests, K cached tokens, D hidden, N heads, H head width, C latent, R rotated, V value width.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import torch
from torch import nn
from torch.nn import functional as F

from joyflash.model.cache import PagedCache
from joyflash.model.config import ModelConfig
from joyflash.model.heads import make_heads
from joyflash.model.rope import rope_angles, rotate
from joyflash.model.rowwise import RMSNorm
from joyflash.model.segment_attention import attend_behind, attend_segments

Form = Literal["expanded", "absorbed"]
ABSORBED_UP_TO = 8
"""Longest query that the absorbed form serves; beyond it the expanded form's fewer multiplications win."""


@dataclass(frozen=True)
class PackedContext:
    """Attention of a packed row: which token sees which follows from the document ends alone."""

    cos: torch.Tensor  # [T, 1, R/2]
    sin: torch.Tensor
    ends_S: torch.Tensor  # int64 on CPU: index after each document's last token
    routes_TLK: torch.Tensor | None = None  # experts that each mixture layer must choose; -1 = its own choice

    @classmethod
    def of(
        cls, positions_T: torch.Tensor, config: ModelConfig, routes_TLK: torch.Tensor | None = None
    ) -> PackedContext:
        """Read angles and document ends off the positions (a 0 starts a document)."""
        cos, sin = rope_angles(positions_T, config.qk_rope_head_dim, config.rope_theta)
        starts = (positions_T == 0).nonzero().flatten().cpu()
        ends_S = torch.cat((starts[1:], torch.tensor([positions_T.numel()])))
        return cls(cos.unsqueeze(1), sin.unsqueeze(1), ends_S, routes_TLK)


@dataclass(frozen=True)
class CachedContext:
    """Attention of new tokens behind what each request has in the cache."""

    cache: PagedCache
    write_BT: torch.Tensor  # int64: places of the new tokens
    read_BK: torch.Tensor  # int64: places of all tokens up to the longest request's last
    cos: torch.Tensor  # [B, T, 1, R/2]
    sin: torch.Tensor
    positions_BT: torch.Tensor
    behind: int | None  # tokens before the new ones, where that is the same for every request
    form: Form

    @cached_property
    def visible_BTK(self) -> torch.Tensor:
        """Which cached tokens each new one sees."""
        keys_K = torch.arange(self.read_BK.shape[1], device=self.read_BK.device)
        return keys_K <= self.positions_BT.unsqueeze(-1)

    @classmethod
    def of(
        cls,
        cache: PagedCache,
        tables: Sequence[Sequence[int]],
        starts: Sequence[int],
        count: int,
        config: ModelConfig,
        form: Form | None = None,
    ) -> CachedContext:
        """Prepare ``count`` new tokens from ``starts[i]`` on behind ``tables[i]``; EngineError without room."""
        cache.check_room(tables, [start + count for start in starts])
        device = cache.kv_LSW.device
        starts_B = torch.tensor(starts, device=device)
        positions_BT = starts_B[:, None] + torch.arange(count, device=device)
        cos, sin = rope_angles(positions_BT, config.qk_rope_head_dim, config.rope_theta)
        read_BK = cache.places(tables, max(starts) + count)
        return cls(
            cache,
            read_BK.gather(1, positions_BT),
            read_BK,
            cos.unsqueeze(2),
            sin.unsqueeze(2),
            positions_BT,
            starts[0] if len(set(starts)) == 1 else None,
            form or ("absorbed" if count <= ABSORBED_UP_TO else "expanded"),
        )


class LatentAttention(nn.Module):
    """One layer's MLA; parameter names follow the Hugging Face layout."""

    def __init__(self, config: ModelConfig):
        super().__init__()
        self.config = config
        heads, width = config.num_attention_heads, config.hidden_size
        query_width = heads * config.qk_head_dim
        if config.q_lora_rank is None:
            self.q_proj = nn.Linear(width, query_width, bias=False)
        else:
            self.q_a_proj = nn.Linear(width, config.q_lora_rank, bias=False)
            self.q_a_layernorm = RMSNorm(config.q_lora_rank, eps=config.rms_norm_eps)
            self.q_b_proj = nn.Linear(config.q_lora_rank, query_width, bias=False)
        self.kv_a_proj_with_mqa = nn.Linear(width, config.cache_width, bias=False)
        self.kv_a_layernorm = RMSNorm(config.kv_lora_rank, eps=config.rms_norm_eps)
        self.kv_b_proj = nn.Linear(
            config.kv_lora_rank, heads * (config.qk_nope_head_dim + config.v_head_dim), bias=False
        )
        self.o_proj = nn.Linear(heads * config.v_head_dim, width, bias=False)
        self.scale = config.qk_head_dim**-0.5

    def forward(self, x: torch.Tensor, context: PackedContext | CachedContext, layer: int) -> torch.Tensor:
        """Attend: a packed row [T, D] -> [T, D], or new tokens [B, T, D] -> [B, T, D] of cache layer ``layer``."""
        q = self._queries(x)
        latent, k_rope = self._latents(x)
        if isinstance(context, PackedContext):
            out = self._packed(q, latent, k_rope, context)
        else:
            q_nope, q_rope = q.split((self.config.qk_nope_head_dim, self.config.qk_rope_head_dim), dim=-1)
            q_rope = rotate(q_rope, context.cos, context.sin)
            k_rope = rotate(k_rope, context.cos.squeeze(-2), context.sin.squeeze(-2))
            kv_BKW = context.cache.append(layer, context.write_BT, context.read_BK, torch.cat((latent, k_rope), dim=-1))
            attend = self._absorbed if context.form == "absorbed" else self._expanded
            out = attend(q_nope, q_rope, kv_BKW.to(x.dtype), context)
        return self.o_proj(out.flatten(-2))

    def _queries(self, x: torch.Tensor) -> torch.Tensor:
        config = self.config
        q = self.q_proj(x) if config.q_lora_rank is None else self.q_b_proj(self.q_a_layernorm(self.q_a_proj(x)))
        return q.unflatten(-1, (config.num_attention_heads, config.qk_head_dim))

    def _latents(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        config = self.config
        latent, k_rope = self.kv_a_proj_with_mqa(x).split((config.kv_lora_rank, config.qk_rope_head_dim), dim=-1)
        return self.kv_a_layernorm(latent), k_rope

    def _keys_values(self, latent: torch.Tensor) -> torch.Tensor:
        return self.kv_b_proj(latent).unflatten(-1, (self.config.num_attention_heads, -1))

    def _packed(
        self, q_TNH: torch.Tensor, latent_TC: torch.Tensor, k_rope_TR: torch.Tensor, context: PackedContext
    ) -> torch.Tensor:
        heads = make_heads(q_TNH, self._keys_values(latent_TC), k_rope_TR, context.cos, context.sin)
        return attend_segments(*heads, context.ends_S, self.scale)

    def _expanded(
        self, q_nope_BTNH: torch.Tensor, q_rope_BTNR: torch.Tensor, kv_BKW: torch.Tensor, context: CachedContext
    ) -> torch.Tensor:
        config = self.config
        latent_BKC, k_rope_BKR = kv_BKW.split((config.kv_lora_rank, config.qk_rope_head_dim), dim=-1)
        kv_BKNX = self._keys_values(latent_BKC)
        k_nope_BKNH, v_BKNV = kv_BKNX.split((config.qk_nope_head_dim, config.v_head_dim), dim=-1)
        k_rope_BKNR = k_rope_BKR.unsqueeze(2).expand(-1, -1, config.num_attention_heads, -1)
        q_BNTH = torch.cat((q_nope_BTNH, q_rope_BTNR), dim=-1).transpose(1, 2)
        k_BNKH = torch.cat((k_nope_BKNH, k_rope_BKNR), dim=-1).transpose(1, 2)
        v_BNKV = v_BKNV.transpose(1, 2)
        if q_BNTH.device.type == "cpu" and context.behind is not None:
            return attend_behind(q_BNTH, k_BNKH, v_BNKV, context.behind, self.scale).transpose(1, 2)
        out_BNTV = F.scaled_dot_product_attention(
            q_BNTH, k_BNKH, v_BNKV, attn_mask=context.visible_BTK.unsqueeze(1), scale=self.scale
        )
        return out_BNTV.transpose(1, 2)

    def _absorbed(
        self, q_nope_BTNH: torch.Tensor, q_rope_BTNR: torch.Tensor, kv_BKW: torch.Tensor, context: CachedContext
    ) -> torch.Tensor:
        config = self.config
        weight_NXC = self.kv_b_proj.weight.unflatten(0, (config.num_attention_heads, -1))
        w_key_NHC, w_value_NVC = weight_NXC.split((config.qk_nope_head_dim, config.v_head_dim), dim=1)
        q_latent = torch.einsum("btnh,nhc->btnc", q_nope_BTNH, w_key_NHC)
        q_BTNW = torch.cat((q_latent, q_rope_BTNR), dim=-1)
        scores_BNTK = torch.einsum("btnw,bkw->bntk", q_BTNW, kv_BKW).float() * self.scale
        scores_BNTK.masked_fill_(~context.visible_BTK.unsqueeze(1), float("-inf"))
        probs_BNTK = scores_BNTK.softmax(dim=-1).to(kv_BKW.dtype)
        out_latent = torch.einsum("bntk,bkc->btnc", probs_BNTK, kv_BKW[..., : config.kv_lora_rank])
        return torch.einsum("btnc,nvc->btnv", out_latent, w_value_NVC)
