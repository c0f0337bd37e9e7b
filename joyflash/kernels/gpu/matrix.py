# pyright: reportMissingImports=false
"""Matrix: a weight in any of its formats, as kernels read it, and the tile loader that they share.

Letters: O outputs (rows), I inputs (columns); N rows of a tile, K columns of a tile.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
import triton
import triton.language as tl
from torch import Tensor

_WHOLE = 1 << 30  # a block as tall as the matrix, however tall that is


@dataclass(frozen=True)
class Matrix:
    """A weight [..., O, I] for kernels; leading dimensions (stacked experts) continue the rows.

    Attributes:
        values: as in ``joyflash.quantization.formats.QuantizedTensor``.
        scales: likewise, [..., blocks of O, blocks of I]; of a plain weight they are the weight again and not read.
        shape: [..., O, I].
        kind: 0 plain, 1 a value a byte, 2 two values a byte.
        block: outputs and inputs that share a scale; inputs are a power of two.
    """

    values: Tensor
    scales: Tensor
    shape: tuple[int, ...]
    kind: int
    block: tuple[int, int]

    @classmethod
    def plain(cls, weight: Tensor) -> Matrix:
        """A weight as it lies in memory; a copy only where it is not contiguous."""
        weight = weight.detach().contiguous()
        return cls(weight, weight, tuple(weight.shape), 0, (1, 1))

    @classmethod
    def quantized(
        cls, values: Tensor, scales: Tensor, shape: tuple[int, ...], bits: int, block: tuple[int, int]
    ) -> Matrix:
        """A weight of 8 or 4 bits; ``block`` may exceed the matrix."""
        height, width = block
        # A tile holds whole blocks, so their width must be a power of two; one that exceeds the matrix may be any.
        width = triton.next_power_of_2(shape[-1]) if width >= shape[-1] else width
        height = height if height <= shape[-2] else _WHOLE
        return cls(values.contiguous(), scales.contiguous(), tuple(shape), 1 if bits == 8 else 2, (height, width))

    @property
    def nbytes(self) -> int:
        """Bytes of values and scales."""
        return self.values.nbytes + (self.scales.nbytes if self.kind else 0)

    @property
    def tensors(self) -> tuple[Tensor, Tensor]:
        """What a kernel takes in two arguments."""
        return self.values, self.scales

    @property
    def scale_rows(self) -> int:
        """Rows of scales of one of the stacked matrices."""
        return -(-self.shape[-2] // self.block[0])

    def constants(self, prefix: str = "") -> dict[str, Any]:
        """What a kernel must know when it is compiled."""
        return {f"{prefix}KIND": self.kind, f"{prefix}GN": self.block[0], f"{prefix}GK": self.block[1]}

    def dense(self, dtype: torch.dtype) -> Tensor:
        """The numbers that it stands for: the twin of ``load_tile``."""
        if not self.kind:
            return self.values.to(dtype)
        values = self.values
        if self.kind == 2:
            both = torch.stack((values & 15, values >> 4), dim=-1).flatten(-2)
            values = both[..., : self.shape[-1]].to(torch.int8) - 8
        places = [torch.arange(size, device=values.device) for size in self.shape[-2:]]
        rows, columns = (place // size for place, size in zip(places, self.block, strict=True))
        return (values.float() * self.scales.float()[..., rows, :][..., columns]).to(dtype)


def stacked(matrices: Sequence[Matrix], dtype: torch.dtype) -> Matrix:
    """One matrix whose outputs are those of all; in ``dtype`` where their formats do not fit together."""
    first = matrices[0]
    height, columns = first.block[0], first.shape[-1]
    alike = all(matrix.kind == first.kind and matrix.block[1] == first.block[1] for matrix in matrices)
    whole = all(matrix.block[0] == height and matrix.shape[-2] % height == 0 for matrix in matrices[:-1])
    fits = matrices[-1].block[0] == height or matrices[-1].shape[-2] <= height
    rows = sum(matrix.shape[-2] for matrix in matrices)
    if not (first.kind and alike and whole and fits):
        return Matrix.plain(torch.cat([matrix.dense(dtype) for matrix in matrices]))
    values = torch.cat([matrix.values.view(torch.uint8) for matrix in matrices]).view(first.values.dtype)
    scales = torch.cat([matrix.scales for matrix in matrices])
    return Matrix(values, scales, (rows, columns), first.kind, first.block)


@triton.jit
def load_tile(
    values,
    scales,
    row_N,  # int64 numbers of rows, all of them rows of the matrix
    scale_row_N,  # where the scales of these rows lie; not read for plain weights
    first,  # column that the tile begins at, a multiple of GK and even
    K: tl.constexpr,
    BN: tl.constexpr,
    BK: tl.constexpr,
    KIND: tl.constexpr,
    GK: tl.constexpr,
):
    """[BN, BK] of the weight: float32, or of a plain one its own dtype. Columns from K on hold finite numbers."""
    if KIND == 0:
        k = first + tl.arange(0, BK)
        if K % BK == 0:
            tile = tl.load(values + row_N[:, None] * K + k[None, :])
        else:
            tile = tl.load(values + row_N[:, None] * K + k[None, :], mask=(k < K)[None, :], other=0.0)
    else:
        if KIND == 1:
            k = first + tl.arange(0, BK)
            if K % BK == 0:
                tile = tl.load(values + row_N[:, None] * K + k[None, :]).to(tl.float32)
            else:
                mask = (k < K)[None, :]
                tile = tl.load(values + row_N[:, None] * K + k[None, :], mask=mask, other=0.0).to(tl.float32)
        else:
            width: tl.constexpr = (K + 1) // 2
            byte = first // 2 + tl.arange(0, BK // 2)
            if K % BK == 0:
                packed = tl.load(values + row_N[:, None] * width + byte[None, :])
            else:
                packed = tl.load(values + row_N[:, None] * width + byte[None, :], mask=(byte < width)[None, :], other=0)
            low = (packed & 15).to(tl.int8) - 8
            high = (packed >> 4).to(tl.int8) - 8
            tile = tl.interleave(low.to(tl.float32), high.to(tl.float32))
        groups: tl.constexpr = (K + GK - 1) // GK
        per_tile: tl.constexpr = BK // GK
        group = first // GK + tl.arange(0, per_tile)
        scale = tl.load(
            scales + scale_row_N[:, None] * groups + group[None, :], mask=(group < groups)[None, :], other=0.0
        ).to(tl.float32)
        tile = tl.reshape(tile, (BN, per_tile, GK)) * scale[:, :, None]
        tile = tl.reshape(tile, (BN, BK))
    return tile
