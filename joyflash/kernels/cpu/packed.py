"""Quantised matrices as ``quantized.h`` reads them.

Letters: O outputs, I inputs, G groups of 32 inputs.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor
from torch.nn import functional as F

GROUP = 32


@dataclass(frozen=True)
class PackedMatrix:
    """Integers of ``bits`` bits in whole groups, row after row, and float32 scales [O, G]."""

    values: Tensor
    scales: Tensor
    bits: int


def pack_matrix(values: Tensor, scales: Tensor, bits: int) -> PackedMatrix:
    """Pack integers int8 [..., I] that have a scale for every 32 inputs, [..., G]; leading dimensions become rows.

    An incomplete last group is filled with zeros. In 4 bits, byte i of a group holds value i in its low half and value
    i + 16 in its high half, so that two vectors come out of one without a shuffle.
    """
    values_OI = F.pad(values, (0, -values.shape[-1] % GROUP)).flatten(0, -2)
    if bits == 4:
        low, high = values_OI.unflatten(-1, (-1, 2, GROUP // 2)).unbind(-2)
        values_OI = ((low & 15) | (high << 4)).flatten(1)
    return PackedMatrix(values_OI.contiguous(), scales.float().flatten(0, -2).contiguous(), bits)
