"""Rotary position embedding on interleaved pairs (2i, 2i+1).

Letters: T tokens, N heads, R rotated width, ``...`` any leading shape.
"""

from __future__ import annotations

import torch


def rope_angles(positions: torch.Tensor, width: int, theta: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Cosines and sines for int64 ``positions`` [...]: two float32 tensors [..., width / 2]."""
    exponents = torch.arange(0, width, 2, dtype=torch.float32, device=positions.device) / width
    angles = positions.to(torch.float32).unsqueeze(-1) * (theta**-exponents)
    return angles.cos(), angles.sin()


def rotate(x: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor) -> torch.Tensor:
    """Rotate pairs (2i, 2i+1) of the last dimension of ``x`` [..., R]; cos and sin broadcast as [..., R / 2]."""
    even, odd = x.float().unflatten(-1, (-1, 2)).unbind(-1)
    return torch.stack((even * cos - odd * sin, even * sin + odd * cos), dim=-1).flatten(-2).to(x.dtype)
