"""The Gumbel-max trick with noise that depends on nothing but the request: the plain twin of ``kernels/cpu/draw.h``.

The noise of a token is a hash of (request seed, choice index, absolute position, token id). So a seed gives the same
text whatever else runs in the batch, and anything that samples the same position again draws the same token.

Letters: B rows, V entries of the vocabulary, v some of them.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from joyflash.kernels.cpu.draw import can_draw, compiled_argmax

# SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014).
_MASK64 = (1 << 64) - 1
_GOLDEN = 0x9E3779B97F4A7C15
_MIX_1 = 0xBF58476D1CE4E5B9
_MIX_2 = 0x94D049BB133111EB

NOT_FINITE = -2
"""Stands for a drawn token where a logit is not finite."""


class Draw(NamedTuple):
    """How a token is drawn: the noise of its place (``noise_key``), and the temperature; 0 takes the likeliest."""

    key: int
    temperature: float


def _mix(value: int) -> int:
    value = ((value ^ (value >> 30)) * _MIX_1) & _MASK64
    value = ((value ^ (value >> 27)) * _MIX_2) & _MASK64
    return value ^ (value >> 31)


def _signed(value: int) -> int:
    """The int64 with the same 64 bits."""
    return value - (1 << 64) if value >> 63 else value


def _shift_right(value: Tensor, bits: int) -> Tensor:
    """Logical right shift of int64."""
    return (value >> bits) & ((1 << (64 - bits)) - 1)


def text_key(seed: int, index: int) -> int:
    """Return the 64-bit hash of a request's seed and the number of one of its choices."""
    return _mix((_mix((seed + _GOLDEN) & _MASK64) + _GOLDEN * (index + 1)) & _MASK64)


def place_key(text: int, position: int) -> int:
    """Return the 64-bit hash, as int64, of ``text_key`` and an absolute position: all that noise needs but the id."""
    return _signed(_mix((text + _GOLDEN * (position + 1)) & _MASK64))


def noise_key(seed: int, index: int, position: int) -> int:
    """Return the 64-bit hash, as int64, of everything but the token id."""
    return place_key(text_key(seed, index), position)


def gumbel_noise(keys_B: Tensor, ids_V: Tensor) -> Tensor:
    """Return standard Gumbel noise, float64 [B, V]; row b, column v is a function of ``keys_B[b]`` and ``ids_V[v]``."""
    bits_BV = keys_B[:, None] + (ids_V.to(torch.int64) + 1) * _signed(_GOLDEN)
    bits_BV = (bits_BV ^ _shift_right(bits_BV, 30)) * _signed(_MIX_1)
    bits_BV = (bits_BV ^ _shift_right(bits_BV, 27)) * _signed(_MIX_2)
    bits_BV = bits_BV ^ _shift_right(bits_BV, 31)
    # 52 bits at the middle of their cell: neither 0 nor 1 can occur, so both logarithms are finite.
    uniform_BV = (_shift_right(bits_BV, 12).to(torch.float64) + 0.5) * 2.0**-52
    return -torch.log(-torch.log(uniform_BV))


def gumbel_argmax(scores_v: Tensor, draw: Draw, ids_v: Tensor | None = None) -> int:
    """Index of the largest ``scores + temperature * noise``, or -1 where every score is -inf.

    Args:
        scores_v: float32, no NaN.
        draw: the place and its temperature.
        ids_v: int32 token ids of the scores, on the CPU; None = 0, 1, 2, …
    """
    # argmax(logits / T + noise) = argmax(logits + T noise), without a division that can overflow.
    if can_draw(scores_v):
        return compiled_argmax(scores_v.contiguous(), draw.key, draw.temperature, ids_v)
    noisy_v = scores_v.to(torch.float64)
    if draw.temperature > 0:
        keys_1 = torch.tensor([draw.key], dtype=torch.int64, device=scores_v.device)
        ids_v = torch.arange(scores_v.numel()) if ids_v is None else ids_v
        noisy_v = noisy_v + draw.temperature * gumbel_noise(keys_1, ids_v.to(scores_v.device))[0]
    best, index = noisy_v.max(dim=-1)
    return -1 if float(best) == -torch.inf else int(index)
