"""DrawBuffers: the memory of a draw, which a recorded graph needs in one place.

Nothing here knows a graph: ``GpuStep`` keeps one of these for each shape of a draw.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from joyflash.kernels.gpu.sampling import sampling_parts


@dataclass(frozen=True)
class DrawBuffers:
    """Memory of a draw; ``ids`` only where tokens come from a part of the vocabulary."""

    logits: Tensor
    ids: Tensor | None
    count: Tensor
    keys: Tensor
    temperatures: Tensor
    best: Tensor
    best_at: Tensor
    tokens: Tensor

    @classmethod
    def of(cls, rows: int, columns: int, listed: bool, device: torch.device) -> DrawBuffers:
        """Memory for ``rows`` tokens from ``columns`` entries, ``listed`` or the vocabulary's first."""

        def room(dtype: torch.dtype, *shape: int) -> Tensor:
            return torch.zeros(*shape, dtype=dtype, device=device)

        parts = sampling_parts(columns)
        return cls(
            room(torch.float32, rows, columns),
            room(torch.int32, columns) if listed else None,
            room(torch.int32, 1),
            room(torch.int64, rows),
            room(torch.float64, rows),
            room(torch.float64, rows, parts),
            room(torch.int32, rows, parts),
            room(torch.int32, rows),
        )
