"""The trunk: embedding, decoder blocks, final norm.

Letters: T tokens of a packed row, B requests, D hidden.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

from joyflash.model.attention import CachedContext, LatentAttention, PackedContext
from joyflash.model.config import ModelConfig
from joyflash.model.feed_forward import FeedForward
from joyflash.model.moe import MixtureOfExperts
from joyflash.model.rowwise import RMSNorm


class DecoderBlock(nn.Module):
    """Pre-norm attention and feed-forward, each added to the residual stream."""

    def __init__(self, config: ModelConfig, dense: bool):
        super().__init__()
        self.input_layernorm = RMSNorm(config.hidden_size, eps=config.rms_norm_eps)
        self.self_attn = LatentAttention(config)
        self.post_attention_layernorm = RMSNorm(config.hidden_size, eps=config.rms_norm_eps)
        self.mlp = FeedForward(config.hidden_size, config.intermediate_size) if dense else MixtureOfExperts(config)
        self._dense_layers = config.first_k_dense_replace
        self.recompute = False

    def forward(self, x: torch.Tensor, context: PackedContext | CachedContext, layer: int) -> torch.Tensor:
        """Transform a packed row [T, D], or new tokens [B, T, D] of cache layer ``layer``."""
        if self.recompute and self.training and torch.is_grad_enabled():
            contexts = lambda: (nullcontext(), self._uncounted())  # noqa: E731
            return checkpoint(  # pyright: ignore[reportReturnType]
                self._transform, x, context, layer, use_reentrant=False, preserve_rng_state=False, context_fn=contexts
            )
        return self._transform(x, context, layer)

    def _transform(self, x: torch.Tensor, context: PackedContext | CachedContext, layer: int) -> torch.Tensor:
        x = x + self.self_attn(self.input_layernorm(x), context, layer)
        given = context.routes_TLK if isinstance(context, PackedContext) else None
        if given is not None and isinstance(self.mlp, MixtureOfExperts):
            return x + self.mlp(self.post_attention_layernorm(x), given[:, layer - self._dense_layers])
        return x + self.mlp(self.post_attention_layernorm(x))

    @contextmanager
    def _uncounted(self) -> Iterator[None]:
        """While the block runs a second time for the backward pass, its experts' tokens must not count twice."""
        if not isinstance(self.mlp, MixtureOfExperts):
            yield
            return
        counting, self.mlp.counting = self.mlp.counting, False
        try:
            yield
        finally:
            self.mlp.counting = counting


def set_recompute(model: nn.Module, on: bool) -> None:
    """Have every block of ``model`` keep only its input in training and compute the rest again in the backward pass."""
    for module in model.modules():
        if isinstance(module, DecoderBlock):
            module.recompute = on


class Transformer(nn.Module):
    """Tokens to hidden states after the final norm."""

    def __init__(self, config: ModelConfig):
        super().__init__()
        self.embed_tokens = nn.Embedding(config.vocab_size, config.hidden_size)
        self.layers = nn.ModuleList(
            DecoderBlock(config, dense=layer < config.first_k_dense_replace)
            for layer in range(config.num_hidden_layers)
        )
        self.norm = RMSNorm(config.hidden_size, eps=config.rms_norm_eps)

    def forward(self, tokens: torch.Tensor, context: PackedContext | CachedContext) -> torch.Tensor:
        """int64 tokens [T] or [B, T] -> hidden states of the same shape plus [D]."""
        x = self.embed_tokens(tokens)
        for layer, block in enumerate(self.layers):
            x = block(x, context, layer)
        return self.norm(x)
