"""SwiGLU feed-forward block: the dense layer, the shared expert and the MTP block use it."""

from __future__ import annotations

import torch
from torch import nn

from joyflash.model.rowwise import gated


class FeedForward(nn.Module):
    """``down(silu(gate(x)) * up(x))`` on [..., hidden] -> [..., hidden]."""

    def __init__(self, hidden_size: int, intermediate_size: int):
        super().__init__()
        self.gate_proj = nn.Linear(hidden_size, intermediate_size, bias=False)
        self.up_proj = nn.Linear(hidden_size, intermediate_size, bias=False)
        self.down_proj = nn.Linear(intermediate_size, hidden_size, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Apply the block to the last dimension."""
        return self.down_proj(gated(self.gate_proj(x), self.up_proj(x)))
