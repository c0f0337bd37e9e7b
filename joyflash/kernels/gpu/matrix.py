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

from joyflash.quantization.formats import QuantizedTensor, dequantize

_KINDS = {"fp8": 1, "int8": 1, "int4": 2}  # by how values lie: one a byte, or two
_WHOLE = 1 << 30  # a block as wide as the matrix, however wide that is


@dataclass(frozen=True)
class Matrix:
    """A weight [..., O, I] for kernels; leading dimensions (stacked experts) continue the rows.

    Attributes:
        values, scales: as in QuantizedTensor; of a plain weight ``scales`` is the weight again and is not read.
        shape: [..., O, I].
        kind: 0 plain, 1 a value a byte, 2 two values a byte.
        block: outputs and inputs that share a scale.
        source: what it was made of.
    """

    values: Tensor
    scales: Tensor
    shape: tuple[int, ...]
    kind: int
    block: tuple[int, int]
    source: Tensor | QuantizedTensor

    @classmethod
    def of(cls, weight: Tensor | QuantizedTensor) -> Matrix:
        """Take a weight as it lies in memory; a copy only where it is not contiguous."""
        if isinstance(weight, Tensor):
            weight = weight.detach().contiguous()
            return cls(weight, weight, tuple(weight.shape), 0, (1, 1), weight)
        height, width = weight.format.block
        # A tile holds whole blocks, so their width must be a power of two; one that exceeds the matrix may be any.
        width = triton.next_power_of_2(weight.shape[-1]) if width >= weight.shape[-1] else width
        height = height if height < weight.shape[-2] else _WHOLE
        kind = _KINDS[weight.format.name]
        return cls(weight.values.contiguous(), weight.scales.contiguous(), weight.shape, kind, (height, width), weight)

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
        """The numbers that it stands for: the twin of what ``load_tile`` does."""
        return self.source.to(dtype) if isinstance(self.source, Tensor) else dequantize(self.source, dtype)


def stacked(weights: Sequence[Tensor | QuantizedTensor], dtype: torch.dtype) -> Matrix:
    """One matrix whose outputs are those of all; in ``dtype`` where their formats do not fit together."""
    first = weights[0]
    if all(isinstance(weight, QuantizedTensor) and weight.format == first.format for weight in weights):  # type: ignore
        quantized = [weight for weight in weights if isinstance(weight, QuantizedTensor)]
        height = quantized[0].format.block[0]
        if all(weight.shape[-2] % height == 0 for weight in quantized[:-1]):
            rows = sum(weight.shape[-2] for weight in quantized)
            values, scales = (torch.cat([getattr(each, name) for each in quantized]) for name in ("values", "scales"))
            shape = (rows, quantized[0].shape[-1])
            return Matrix.of(QuantizedTensor(quantized[0].format, shape, values, scales))
    return Matrix.of(torch.cat([Matrix.of(weight).dense(dtype) for weight in weights]))


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
