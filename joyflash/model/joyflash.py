"""JoyFlash: the whole model, for training on packed rows and for serving behind a cache.

Letters: B rows or requests, T tokens, D hidden, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn
from torch.nn import functional as F

from joyflash.errors import ConfigError
from joyflash.model.attention import CachedContext, Form, PackedContext
from joyflash.model.cache import PagedCache
from joyflash.model.config import ModelConfig
from joyflash.model.moe import Experts, Router
from joyflash.model.mtp import MTPLayer
from joyflash.model.transformer import Transformer


class JoyFlash(nn.Module):
    """Trunk, output head and, where the configuration has one, the MTP layer."""

    def __init__(self, config: ModelConfig):
        super().__init__()
        self.config = config
        self.model = Transformer(config)
        self.lm_head = nn.Linear(config.hidden_size, config.vocab_size, bias=False)
        self.mtp = MTPLayer(config) if config.num_nextn_predict_layers else None

    def logits(self, hidden: torch.Tensor) -> torch.Tensor:
        """Hidden states [..., D] -> float32 logits [..., V]."""
        return F.linear(hidden, self.lm_head.weight).float()

    def forward(self, tokens_BT: torch.Tensor) -> torch.Tensor:
        """Full logits of separate rows, int64 [B, T] -> float32 [B, T, V]: the convenience for small inputs."""
        rows, length = tokens_BT.shape
        positions = torch.arange(length, device=tokens_BT.device).repeat(rows)
        hidden = self.hidden(tokens_BT.flatten(), PackedContext.of(positions, self.config))
        return self.logits(hidden).unflatten(0, (rows, length))

    def hidden(self, tokens_T: torch.Tensor, context: PackedContext) -> torch.Tensor:
        """Packed row int64 [T] -> hidden states [T, D] after the final norm."""
        return self.model(tokens_T, context)

    def mtp_hidden(
        self, hidden_TD: torch.Tensor, tokens_T: torch.Tensor, positions_T: torch.Tensor, context: PackedContext
    ) -> torch.Tensor:
        """MTP hidden states [T, D] of a packed row: index i predicts token i + 2 where its document reaches so far."""
        if self.mtp is None:
            raise ConfigError("This model has no MTP layer: its configuration says num_nextn_predict_layers = 0.")
        embedded_TD = self.model.embed_tokens(tokens_T.roll(-1))
        return self.mtp(hidden_TD, embedded_TD, positions_T, context)

    def extend(
        self,
        tokens_BT: torch.Tensor,
        cache: PagedCache,
        tables: Sequence[Sequence[int]],
        starts: Sequence[int],
        form: Form | None = None,
    ) -> torch.Tensor:
        """Append T tokens to each of B requests that have ``starts`` tokens in the cache, in the blocks of ``tables``.

        int64 [B, T] -> hidden states [B, T, D].
        """
        context = CachedContext.of(cache, tables, starts, tokens_BT.shape[1], self.config, form)
        return self.model(tokens_BT, context)

    def extend_mtp(
        self,
        hidden_BTD: torch.Tensor,
        tokens_BT: torch.Tensor,
        cache: PagedCache,
        tables: Sequence[Sequence[int]],
        starts: Sequence[int],
    ) -> torch.Tensor:
        """The MTP layer behind its own part of the cache: hidden states of T positions and the tokens *after* them.

        Returns hidden states [B, T, D] whose logits predict the tokens two after the positions.
        """
        if self.mtp is None:
            raise ConfigError("This model has no MTP layer: its configuration says num_nextn_predict_layers = 0.")
        count = tokens_BT.shape[1]
        context = CachedContext.of(cache, tables, starts, count, self.config)
        positions_BT = torch.tensor(starts, device=tokens_BT.device)[:, None] + torch.arange(
            count, device=tokens_BT.device
        )
        embedded_BTD = self.model.embed_tokens(tokens_BT)
        return self.mtp(hidden_BTD, embedded_BTD, positions_BT, context, self.config.num_hidden_layers)


def parameter_counts(config: ModelConfig) -> dict[str, int]:
    """Count parameters on the meta device, the way ``spec/model.md`` and the report do.

    Returns:
        ``trunk`` (with router biases), ``active`` (per token, without embedding, head and router biases),
        ``active_with_embeddings``, ``active_without_routers`` (the report's "3.28B"), ``mtp`` and ``mtp_stored``
        (with the copy of the head that checkpoints carry).
    """
    with torch.device("meta"):
        model = JoyFlash(config)
    sizes = {name: p.numel() for name, p in model.named_parameters()}
    biases = sum(m.e_score_correction_bias.numel() for m in model.modules() if isinstance(m, Router))
    routers = sum(m.weight.numel() for m in model.modules() if isinstance(m, Router))
    stacked = sum(p.numel() for m in model.modules() if isinstance(m, Experts) for p in (m.gate_up_proj, m.down_proj))
    mtp = sum(size for name, size in sizes.items() if name.startswith("mtp."))
    head = sizes["lm_head.weight"]
    trunk = sum(sizes.values()) - mtp
    used = stacked * config.num_experts_per_tok // config.n_routed_experts
    active = trunk - 2 * head - stacked + used
    return {
        "trunk": trunk + biases,
        "active": active,
        "active_with_embeddings": active + 2 * head,
        "active_without_routers": active + 2 * head - routers,
        "mtp": mtp,
        "mtp_stored": mtp + head if mtp else 0,
    }
