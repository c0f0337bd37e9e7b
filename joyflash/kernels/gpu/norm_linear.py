# pyright: reportMissingImports=false
"""norm_linear: RMS norm, matrix product and what follows it, in one kernel.

Two forms. *Vector*: a program loads some rows of the weight whole, before its input is there, and multiplies them
with one row of the input after the other; all that a few rows cost is reading the weight. *Tile*: rows of the input
share a program's pass over the weight on the tensor cores. Since the norm's factor is one number a row, it is applied
to the sums at the end, and the squares are added up on the way.

Letters: M rows, K inputs, N outputs, D columns of a row's part that is normed (= K).
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor
from torch.nn import functional as F

from joyflash.kernels.gpu.launch import DOT_TYPES, launch, power_of_2, wait_for_input
from joyflash.kernels.gpu.matrix import Matrix, load_tile

VECTOR_ROWS = 4
"""Most rows that the vector form serves."""
_LONGEST_VECTOR = 16_384
_PROGRAMS = 1024


@triton.jit
def vector_rows(
    x,
    norm,
    weight,
    scales,
    up,
    up_scales,
    y,
    residual,
    ids,
    x_stride,
    y_stride,
    outputs,
    eps,
    part,
    M: tl.constexpr,
    K: tl.constexpr,
    BN: tl.constexpr,
    BK: tl.constexpr,
    NORM: tl.constexpr,
    GATED: tl.constexpr,
    RESIDUAL: tl.constexpr,
    SIGMOID: tl.constexpr,
    IDS: tl.constexpr,
    KIND: tl.constexpr,
    GN: tl.constexpr,
    GK: tl.constexpr,
    PDL: tl.constexpr,
):
    """``part`` of the outputs, for each of M rows: the body of the vector form, for kernels that do more besides."""
    n = part * BN + tl.arange(0, BN)
    k = tl.arange(0, BK)
    inside = k < K
    row = tl.minimum(n, outputs - 1).to(tl.int64)
    if IDS:  # written by the host before any kernel started
        row = tl.load(ids + row).to(tl.int64)
    tile = load_tile(weight, scales, row, row // GN, 0, K, BN, BK, KIND, GK)
    if GATED:
        up_tile = load_tile(up, up_scales, row, row // GN, 0, K, BN, BK, KIND, GK)
    if NORM:
        factor = tl.load(norm + k, mask=inside, other=0.0).to(tl.float32)
    wait_for_input(PDL)
    for m in tl.static_range(M):
        v = tl.load(x + m * x_stride + k, mask=inside, other=0.0).to(tl.float32)
        if NORM:
            v = v * tl.rsqrt(tl.sum(v * v, 0) / K + eps) * factor
        out = tl.sum(tile.to(tl.float32) * v[None, :], 1)
        if GATED:
            out = out * tl.sigmoid(out) * tl.sum(up_tile.to(tl.float32) * v[None, :], 1)
        if SIGMOID:
            out = tl.sigmoid(out)
        if RESIDUAL:
            out += tl.load(residual + m * y_stride + n, mask=n < outputs, other=0.0).to(tl.float32)
        tl.store(y + m * y_stride + n, out.to(y.dtype.element_ty), mask=n < outputs)


@triton.jit
def _vector_kernel(
    x,
    norm,
    weight,
    scales,
    up,
    up_scales,
    y,
    residual,
    ids,
    x_stride,
    y_stride,
    outputs,
    eps,
    M: tl.constexpr,
    K: tl.constexpr,
    BN: tl.constexpr,
    BK: tl.constexpr,
    NORM: tl.constexpr,
    GATED: tl.constexpr,
    RESIDUAL: tl.constexpr,
    SIGMOID: tl.constexpr,
    IDS: tl.constexpr,
    KIND: tl.constexpr,
    GN: tl.constexpr,
    GK: tl.constexpr,
    PDL: tl.constexpr,
):
    part = tl.program_id(0)
    vector_rows(
        x, norm, weight, scales, up, up_scales, y, residual, ids, x_stride, y_stride, outputs, eps, part, M, K, BN, BK,
        NORM, GATED, RESIDUAL, SIGMOID, IDS, KIND, GN, GK, PDL
    )  # fmt: skip


@triton.jit
def _tile_kernel(
    x,
    norm,
    weight,
    scales,
    up,
    up_scales,
    y,
    residual,
    ids,
    x_stride,
    y_stride,
    outputs,
    eps,
    rows,
    K: tl.constexpr,
    BM: tl.constexpr,
    BN: tl.constexpr,
    BK: tl.constexpr,
    NORM: tl.constexpr,
    GATED: tl.constexpr,
    RESIDUAL: tl.constexpr,
    SIGMOID: tl.constexpr,
    IDS: tl.constexpr,
    KIND: tl.constexpr,
    GN: tl.constexpr,
    GK: tl.constexpr,
    DOT: tl.constexpr,
    PDL: tl.constexpr,
):
    n = tl.program_id(0) * BN + tl.arange(0, BN)
    m = tl.program_id(1) * BM + tl.arange(0, BM)
    row = tl.minimum(n, outputs - 1).to(tl.int64)
    if IDS:
        row = tl.load(ids + row).to(tl.int64)
    own = tl.minimum(m, rows - 1).to(tl.int64)
    squares = tl.zeros((BM,), tl.float32)
    sums = tl.zeros((BM, BN), tl.float32)
    up_sums = tl.zeros((BM, BN), tl.float32)
    wait_for_input(PDL)
    for first in range(0, K, BK):
        k = first + tl.arange(0, BK)
        tile = load_tile(weight, scales, row, row // GN, first, K, BN, BK, KIND, GK)
        v = tl.load(x + own[:, None] * x_stride + k[None, :], mask=(k < K)[None, :], other=0.0)
        if NORM:
            wide = v.to(tl.float32)
            squares += tl.sum(wide * wide, 1)
            v = wide * tl.load(norm + k, mask=k < K, other=0.0).to(tl.float32)[None, :]
        v = v.to(DOT)
        sums = tl.dot(v, tl.trans(tile.to(DOT)), sums, input_precision="ieee")
        if GATED:
            up_tile = load_tile(up, up_scales, row, row // GN, first, K, BN, BK, KIND, GK)
            up_sums = tl.dot(v, tl.trans(up_tile.to(DOT)), up_sums, input_precision="ieee")
    if NORM:
        inverse = tl.rsqrt(squares / K + eps)[:, None]
        sums *= inverse
        up_sums *= inverse
    if GATED:
        sums = sums * tl.sigmoid(sums) * up_sums
    if SIGMOID:
        sums = tl.sigmoid(sums)
    place = own[:, None] * y_stride + n[None, :]
    mask = (m < rows)[:, None] & (n < outputs)[None, :]
    if RESIDUAL:
        sums += tl.load(residual + place, mask=mask, other=0.0).to(tl.float32)
    tl.store(y + place, sums.to(y.dtype.element_ty), mask=mask)


def norm_linear(
    x_MK: Tensor,
    weight: Matrix,
    y_MN: Tensor,
    eps: float,
    dtype: torch.dtype,
    *,
    norm_K: Tensor | None = None,
    up: Matrix | None = None,
    residual_MN: Tensor | None = None,
    ids_N: Tensor | None = None,
    sigmoid: bool = False,
) -> None:
    """``y = residual + act(norm(x) @ weight.T)``, where act is silu-and-multiply with ``up``, sigmoid, or nothing.

    Args:
        x_MK: rows, each contiguous; the stride between them may be longer.
        weight: [N, K], or with ``ids_N`` a taller one.
        y_MN: result, in any dtype, with the row stride of ``residual_MN``.
        eps: of the norm.
        dtype: of products on tensor cores.
        norm_K: the norm's weights; None = no norm.
        up: of the same shape and format as ``weight``.
        residual_MN: added at the end; may be ``y_MN`` itself.
        ids_N: int32 rows of ``weight`` to use.
        sigmoid: whether the sigmoid is taken.
    """
    rows, columns = x_MK.shape
    outputs = y_MN.shape[1]
    other = weight if up is None else up
    tensors = (
        x_MK,
        x_MK if norm_K is None else norm_K,
        *weight.tensors,
        *other.tensors,
        y_MN,
        y_MN if residual_MN is None else residual_MN,
        x_MK if ids_N is None else ids_N,
    )
    numbers = (x_MK.stride(0), y_MN.stride(0), outputs, eps)
    flags = {
        "NORM": norm_K is not None,
        "GATED": up is not None,
        "RESIDUAL": residual_MN is not None,
        "SIGMOID": sigmoid,
        "IDS": ids_N is not None,
        **weight.constants(),
    }
    block = power_of_2(columns, 16)
    if rows <= VECTOR_ROWS and block <= _LONGEST_VECTOR:
        height = vector_height(outputs, block)
        sizes = {"M": rows, "K": columns, "BN": height, "BK": block}
        launch(_vector_kernel, (triton.cdiv(outputs, height),), *tensors, *numbers, **sizes, **flags)
        return
    tall, wide, depth = tile_sizes(rows, outputs, columns, weight.block[1])
    sizes = {"K": columns, "BM": tall, "BN": wide, "BK": depth}
    grid = (triton.cdiv(outputs, wide), triton.cdiv(rows, tall))
    launch(_tile_kernel, grid, *tensors, *numbers, rows, stages=4, **sizes, **flags, DOT=DOT_TYPES[dtype])


def vector_height(outputs: int, block: int) -> int:
    """Rows of the weight that a program holds: few enough for its registers, and for enough programs to fill a GPU."""
    height = 1
    while height * 2 * block <= 16_384 and outputs >= height * 2 * _PROGRAMS:
        height *= 2
    return height


def tile_sizes(rows: int, outputs: int, columns: int, scale_width: int) -> tuple[int, int, int]:
    """Rows, outputs and depth of a tile: small ones while the weight is what is waited for."""
    tall = min(power_of_2(rows, 16), 64)
    wide = 16 if outputs <= 4096 else 32 if rows <= 64 or outputs <= 16_384 else 64
    depth = max(128 if tall < 64 else 64, scale_width)
    return tall, wide, min(max(power_of_2(columns, 16), scale_width), depth)


def plain_norm_linear(
    x_MK: Tensor,
    weight: Matrix,
    eps: float,
    *,
    norm_K: Tensor | None = None,
    up: Matrix | None = None,
    residual_MN: Tensor | None = None,
    ids_N: Tensor | None = None,
    sigmoid: bool = False,
) -> Tensor:
    """The twin of ``norm_linear``, in float32: [M, N]."""
    x_MK = x_MK.float()
    if norm_K is not None:
        x_MK = F.rms_norm(x_MK, (x_MK.shape[1],), norm_K.float(), eps)
    matrices = [each.dense(torch.float32) for each in (weight, up) if each is not None]
    if ids_N is not None:
        matrices = [matrix[ids_N.long()] for matrix in matrices]
    y_MN = x_MK @ matrices[0].T
    if up is not None:
        y_MN = F.silu(y_MN) * (x_MK @ matrices[1].T)
    if sigmoid:
        y_MN = y_MN.sigmoid()
    return y_MN if residual_MN is None else y_MN + residual_MN.float()
