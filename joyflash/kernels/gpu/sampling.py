# pyright: reportMissingImports=false
"""Draw tokens where their logits are: Gumbel noise keyed by the place, then the largest sum.

The noise is that of ``joyflash.kernels.gumbel``, whose ``gumbel_argmax`` is the twin: float64, a hash of the place's
key and the token's id alone. So a token depends on the batch no more than its logits do.

Letters: m rows, v entries of the vocabulary, b parts of it.
"""

from __future__ import annotations

import triton
import triton.language as tl
from torch import Tensor

from joyflash.kernels.gpu.launch import launch, power_of_2, wait_for_input
from joyflash.kernels.gumbel import NOT_FINITE

_PART = 1024
_NONE = 1 << 30


@triton.jit
def _noise(key, token):
    """float64 noise of tokens at a place with the int64 hash ``key``; see gumbel.py for each line."""
    bits = key.to(tl.uint64, bitcast=True) + (token.to(tl.uint64) + 1) * 0x9E3779B97F4A7C15
    bits = (bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9
    bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EB
    bits = bits ^ (bits >> 31)
    uniform = ((bits >> 12).to(tl.float64) + 0.5) * (2.0**-52)
    return -tl.log(-tl.log(uniform))


@triton.jit
def _part_kernel(
    logits, ids, keys, temperatures, count, best, best_at, stride, parts,
    BV: tl.constexpr, IDS: tl.constexpr, NONE: tl.constexpr, PDL: tl.constexpr,
):  # fmt: skip
    """Programs: part, row. The best of a part and its column; NaN where a logit is not finite."""
    part = tl.program_id(0)
    row = tl.program_id(1).to(tl.int64)
    # Written by the host before any kernel started
    entries = tl.load(count)
    column = part * BV + tl.arange(0, BV)
    inside = column < entries
    key = tl.load(keys + row)
    temperature = tl.load(temperatures + row)
    token = column
    if IDS:
        token = tl.load(ids + column, mask=inside, other=0)
    wait_for_input(PDL)
    logit = tl.load(logits + row * stride + column, mask=inside, other=0.0)
    broken = tl.sum((tl.abs(logit) < float("inf")).to(tl.int32), 0) < BV
    score = logit.to(tl.float64)
    if temperature > 0:
        score += temperature * _noise(key, token)
    score = tl.where(inside, score, float("-inf"))
    top = tl.max(score, 0)
    first = tl.min(tl.where(score == top, column, NONE), 0)
    tl.store(best + row * parts + part, tl.where(broken, float("nan"), top))
    tl.store(best_at + row * parts + part, first)


@triton.jit
def _whole_kernel(
    best, best_at, ids, tokens, parts, BP: tl.constexpr, IDS: tl.constexpr, NONE: tl.constexpr, BROKEN: tl.constexpr,
    PDL: tl.constexpr,
):  # fmt: skip
    row = tl.program_id(0).to(tl.int64)
    part = tl.arange(0, BP)
    inside = part < parts
    wait_for_input(PDL)
    top = tl.load(best + row * parts + part, mask=inside, other=float("-inf"))
    at = tl.load(best_at + row * parts + part, mask=inside, other=NONE)
    broken = tl.sum((top != top).to(tl.int32), 0) > 0
    highest = tl.max(tl.where(top != top, float("-inf"), top), 0)
    column = tl.min(tl.where(top == highest, at, NONE), 0)
    if broken:
        tl.store(tokens + row, BROKEN)
    else:
        token = column
        if IDS:
            token = tl.load(ids + column)
        tl.store(tokens + row, token)


def sampling_parts(entries: int) -> int:
    """Columns that ``best`` needs for as many entries of the vocabulary."""
    return triton.cdiv(entries, _PART)


def draw(
    logits_mv: Tensor,
    ids_v: Tensor | None,
    count_1: Tensor,
    keys_m: Tensor,
    temperatures_m: Tensor,
    best_mb: Tensor,
    best_at_mb: Tensor,
    tokens_m: Tensor,
) -> None:
    """Draw a token for each row of logits, NOT_FINITE where one of the counted logits is not finite.

    Args:
        logits_mv: float32; of all columns, the first ``count_1`` are looked at.
        ids_v: int32 ids of the columns, ascending; None = 0, 1, 2, …
        count_1: int32, on the device so that a graph can be replayed with another.
        keys_m, temperatures_m: int64 and float64, see ``gumbel.Draw``.
        best_mb, best_at_mb: float64 and int32 room for the parts' best.
        tokens_m: int32 result.
    """
    rows, columns = logits_mv.shape
    parts = best_mb.shape[1]
    ids = tokens_m if ids_v is None else ids_v
    common = {"IDS": ids_v is not None, "NONE": _NONE}
    places = (logits_mv, ids, keys_m, temperatures_m, count_1, best_mb, best_at_mb)
    launch(
        _part_kernel, (parts, rows), *places, logits_mv.stride(0), parts, BV=min(_PART, power_of_2(columns)), **common
    )
    launch(
        _whole_kernel,
        (rows,),
        best_mb,
        best_at_mb,
        ids,
        tokens_m,
        parts,
        BP=power_of_2(parts),
        BROKEN=NOT_FINITE,
        **common,
    )
