"""Weights in 8 or 4 bits: plain data, made and undone by pure functions.

``int8`` and ``int4`` are symmetric integers with one bfloat16 scale for every 32 inputs of an output. The scale is the
group's largest magnitude over half the range of the integers (127.5 or 7.5), the convention of the compressed-tensors
format: every value, the largest included, then lies within half a step, up to the rounding of the scale. ``fp8`` is
e4m3 with one float32 scale for every block of 128 outputs and 128 inputs (DeepSeek-V3, arXiv 2412.19437, section
3.3.2).

Letters: O outputs, I inputs, G groups of inputs. Leading dimensions (stacked experts) are separate matrices.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from joyflash.errors import ConfigError

FormatName = Literal["int8", "int4", "fp8"]
_E4M3_MAX = 448.0


@dataclass(frozen=True)
class Format:
    """How a matrix is stored.

    Attributes:
        name: of the format.
        bits: of a value.
        block: outputs and inputs that share a scale; wider than a matrix means all of its own.
        scale_dtype: of the scales.
    """

    name: FormatName
    bits: int
    block: tuple[int, int]
    scale_dtype: torch.dtype

    @property
    def half_range(self) -> float:
        """What the largest magnitude of a block becomes, before rounding."""
        return _E4M3_MAX if self.name == "fp8" else (2**self.bits - 1) / 2

    def bytes(self, shape: tuple[int, ...]) -> int:
        """Bytes of values and scales of a tensor of this shape."""
        *stack, rows, columns = shape
        scales = math.ceil(rows / self.block[0]) * math.ceil(columns / self.block[1])
        values = rows * math.ceil(columns * self.bits / 8)
        return math.prod(stack) * (values + scales * self.scale_dtype.itemsize)


FORMATS: dict[str, Format] = {
    "int8": Format("int8", 8, (1, 32), torch.bfloat16),
    "int4": Format("int4", 4, (1, 32), torch.bfloat16),
    "fp8": Format("fp8", 8, (128, 128), torch.float32),
}


@dataclass(frozen=True)
class QuantizedTensor:
    """A quantised matrix, or a stack of them.

    Attributes:
        format: how it is stored.
        shape: of the weight, [..., O, I].
        values: ``int8`` int8 [..., O, I]; ``fp8`` float8_e4m3fn [..., O, I]; ``int4`` uint8 [..., O, ceil(I / 2)], two
            a byte, the even one in the low half, each as value + 8; behind an odd row's last value a half is 0.
        scales: [..., blocks of O, blocks of I] in the format's dtype; the last block of a row may be narrower.
    """

    format: Format
    shape: tuple[int, ...]
    values: Tensor
    scales: Tensor

    @property
    def nbytes(self) -> int:
        """Bytes of values and scales."""
        return self.values.nbytes + self.scales.nbytes

    def integers(self) -> Tensor:
        """The values one by one: int8 [..., O, I] (of fp8 the numbers before scaling, as they are)."""
        return unpack_nibbles(self.values, self.shape[-1]) if self.format.name == "int4" else self.values


def quantize(weight: Tensor, format: Format, name: str = "A weight") -> QuantizedTensor:
    """Round a weight [..., O, I] to the nearest values of a format; a block of zeros stays zeros.

    Args:
        weight: in any dtype.
        format: of the result.
        name: of the weight, for the error.

    Raises:
        ConfigError: the weight has a value that is not finite.
    """
    weight = weight.detach().float()
    if not weight.isfinite().all():
        raise ConfigError(f"{name} holds infinity or NaN, which cannot be quantised. Repair the checkpoint.")
    values, scales = round_to(weight, format)
    if format.name == "int4":
        values = pack_nibbles(values)
    return QuantizedTensor(format, tuple(weight.shape), values, scales)


def round_to(weight: Tensor, format: Format) -> tuple[Tensor, Tensor]:
    """The values of a float32 weight [..., O, I] one by one, int8 or float8_e4m3fn of its shape, and their scales."""
    largest = _blocks_max(weight.abs(), format.block)
    scales = (largest / format.half_range).to(format.scale_dtype)
    wide = _spread(scales.float(), format.block, weight.shape)
    scaled = torch.where(wide > 0, weight / wide, 0.0)
    if format.name == "fp8":
        return scaled.clamp_(-_E4M3_MAX, _E4M3_MAX).to(torch.float8_e4m3fn), scales
    limit = 2 ** (format.bits - 1)
    return scaled.round_().clamp_(-limit, limit - 1).to(torch.int8), scales


def dequantize(tensor: QuantizedTensor, dtype: torch.dtype = torch.float32) -> Tensor:
    """The weight that a quantised one stands for: value times scale in float32, then rounded to ``dtype``."""
    return weight_of(tensor.integers(), tensor.scales, tensor.format).to(dtype)


def weight_of(values: Tensor, scales: Tensor, format: Format) -> Tensor:
    """The float32 weight of what ``round_to`` gave."""
    return values.float() * _spread(scales.float(), format.block, values.shape)


def pack_nibbles(values: Tensor) -> Tensor:
    """int8 [..., I] from -8 to 7 -> uint8 [..., ceil(I / 2)]."""
    shifted = F.pad(values.add(8).to(torch.uint8), (0, values.shape[-1] % 2))
    return shifted[..., 0::2] | (shifted[..., 1::2] << 4)


def unpack_nibbles(packed: Tensor, count: int) -> Tensor:
    """The inverse of ``pack_nibbles`` for ``count`` values a row."""
    both = torch.stack((packed & 15, packed >> 4), dim=-1).flatten(-2)
    return both[..., :count].to(torch.int8) - 8


def _blocks_max(x: Tensor, block: tuple[int, int]) -> Tensor:
    """The largest entry of every block, [..., blocks of O, blocks of I]."""
    height, width = x.shape[-2:]
    rows, columns = min(block[0], height), min(block[1], width)
    padded = F.pad(x, (0, -width % columns, 0, -height % rows))
    return padded.unflatten(-1, (-1, columns)).unflatten(-3, (-1, rows)).amax(dim=(-3, -1))


def _spread(scales: Tensor, block: tuple[int, int], shape: tuple[int, ...]) -> Tensor:
    """Each block's scale at all of its entries."""
    rows, columns = min(block[0], shape[-2]), min(block[1], shape[-1])
    wide = scales.repeat_interleave(columns, dim=-1)[..., : shape[-1]]
    return wide.repeat_interleave(rows, dim=-2)[..., : shape[-2], :] if rows > 1 else wide
