"""The dense multi-token-prediction layer: from a hidden state and the next token, predict the token after that.

Letters: T tokens of a packed row, D hidden.
"""

from __future__ import annotations

import torch
from torch import nn

from joyflash.model.attention import CachedContext, PackedContext
from joyflash.model.config import ModelConfig
from joyflash.model.rowwise import RMSNorm
from joyflash.model.transformer import DecoderBlock


class MTPLayer(nn.Module):
    """``block(eh_proj([enorm(embed(next token)); hnorm(hidden)]))``, normed for the model's own output head.

    The checkpoint's ``shared_head.head`` is the same matrix as ``lm_head``; here it is one parameter.
    """

    def __init__(self, config: ModelConfig):
        super().__init__()
        self.enorm = RMSNorm(config.hidden_size, eps=config.rms_norm_eps)
        self.hnorm = RMSNorm(config.hidden_size, eps=config.rms_norm_eps)
        self.eh_proj = nn.Linear(2 * config.hidden_size, config.hidden_size, bias=False)
        self.block = DecoderBlock(config, dense=True)
        self.norm = RMSNorm(config.hidden_size, eps=config.rms_norm_eps)

    def forward(
        self,
        hidden_TD: torch.Tensor,
        embedded_TD: torch.Tensor,
        positions_T: torch.Tensor,
        context: PackedContext | CachedContext,
        layer: int = 0,
    ) -> torch.Tensor:
        """Combine the trunk's hidden state i (after its final norm) with the embedding of token i + 1.

        Behind a cache all inputs have a leading dimension of requests, and ``layer`` is the cache's last.

        Returns:
            Hidden states [T, D] whose logits predict token i + 2. At position 0 the embedding counts as zero, as the
            engines that serve the released layer have it.
        """
        embedded_TD = embedded_TD.masked_fill((positions_T == 0).unsqueeze(-1), 0.0)
        joined = torch.cat((self.enorm(embedded_TD), self.hnorm(hidden_TD)), dim=-1)
        return self.norm(self.block(self.eh_proj(joined), context, layer))
