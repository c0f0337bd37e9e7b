# pyright: reportMissingImports=false
"""From the joint down projection to queries, and to the new tokens' rows of the cache: normed latent, rotated key.

Letters: n rows, N heads, H width of a head's first part, R rotated width, C latent, W = C + R, S places of the cache,
F = R / 2 frequencies.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor
from torch.nn import functional as F

from joyflash.kernels.gpu.launch import launch, power_of_2, wait_for_input
from joyflash.kernels.gpu.matrix import Matrix
from joyflash.kernels.gpu.norm_linear import VECTOR_ROWS, norm_linear, vector_height, vector_rows
from joyflash.kernels.gpu.rows import DeviceRows


@triton.jit
def _write_row(
    latents,
    norm,
    cache,
    frequencies,
    positions,
    sequences,
    tables,
    stride,
    table_stride,
    eps,
    row,
    C: tl.constexpr,
    R: tl.constexpr,
    BC: tl.constexpr,
    BR: tl.constexpr,
    BLOCK: tl.constexpr,
    PDL: tl.constexpr,
):
    c = tl.arange(0, BC)
    pair = tl.arange(0, BR)
    factor = tl.load(norm + c, mask=c < C, other=0.0).to(tl.float32)
    sequence = tl.load(sequences + row)
    position = tl.load(positions + row)
    angle = position.to(tl.float32) * tl.load(frequencies + pair, mask=pair < R // 2, other=0.0)
    wait_for_input(PDL)
    if sequence >= 0:
        block = tl.load(tables + sequence.to(tl.int64) * table_stride + position // BLOCK).to(tl.int64)
        target = cache + (block * BLOCK + position % BLOCK) * (C + R)
        source = latents + row * stride
        v = tl.load(source + c, mask=c < C, other=0.0).to(tl.float32)
        v = v * tl.rsqrt(tl.sum(v * v, 0) / C + eps) * factor
        kind = cache.dtype.element_ty
        tl.store(target + c, v.to(kind), mask=c < C)
        even = tl.load(source + C + 2 * pair, mask=pair < R // 2, other=0.0).to(tl.float32)
        odd = tl.load(source + C + 2 * pair + 1, mask=pair < R // 2, other=0.0).to(tl.float32)
        cos, sin = tl.cos(angle), tl.sin(angle)
        tl.store(target + C + 2 * pair, (even * cos - odd * sin).to(kind), mask=pair < R // 2)
        tl.store(target + C + 2 * pair + 1, (even * sin + odd * cos).to(kind), mask=pair < R // 2)


@triton.jit
def _write_kernel(
    latents,
    norm,
    cache,
    frequencies,
    positions,
    sequences,
    tables,
    stride,
    table_stride,
    eps,
    C: tl.constexpr,
    R: tl.constexpr,
    BC: tl.constexpr,
    BR: tl.constexpr,
    BLOCK: tl.constexpr,
    PDL: tl.constexpr,
):
    row = tl.program_id(0)
    _write_row(
        latents, norm, cache, frequencies, positions, sequences, tables, stride, table_stride, eps, row, C, R, BC, BR,
        BLOCK, PDL
    )  # fmt: skip


@triton.jit
def _query_kernel(
    latents,
    norm,
    cache,
    frequencies,
    positions,
    sequences,
    tables,
    x,
    query_norm,
    weight,
    scales,
    y,
    stride,
    table_stride,
    outputs,
    eps,
    C: tl.constexpr,
    R: tl.constexpr,
    BC: tl.constexpr,
    BR: tl.constexpr,
    BLOCK: tl.constexpr,
    M: tl.constexpr,
    K: tl.constexpr,
    BN: tl.constexpr,
    BK: tl.constexpr,
    KIND: tl.constexpr,
    GN: tl.constexpr,
    GK: tl.constexpr,
    PDL: tl.constexpr,
):
    """Programs: parts of the queries, then one for each row's place in the cache."""
    parts = tl.cdiv(outputs, BN)
    part = tl.program_id(0)
    if part < parts:
        vector_rows(
            x, query_norm, weight, scales, weight, scales, y, y, y, stride, outputs, outputs, eps, part, M, K, BN, BK,
            True, False, False, False, False, KIND, GN, GK, PDL
        )  # fmt: skip
    else:
        _write_row(
            latents, norm, cache, frequencies, positions, sequences, tables, stride, table_stride, eps, part - parts,
            C, R, BC, BR, BLOCK, PDL
        )  # fmt: skip


def query_and_cache(
    down_nY: Tensor,
    query_norm_K: Tensor,
    weight: Matrix,
    q_nX: Tensor,
    norm_C: Tensor,
    cache_SW: Tensor,
    frequencies_F: Tensor,
    rows: DeviceRows,
    eps: float,
    dtype: torch.dtype,
) -> None:
    """Queries from the first K columns of the joint down projection, and the cache rows from the others.

    One kernel for a few rows, whose time is mostly that of a launch; ``write_cache`` and ``norm_linear`` for more.
    """
    count, inputs = down_nY.shape[0], query_norm_K.shape[0]
    latents_nW = down_nY[:, inputs:]
    if count > VECTOR_ROWS:
        # In this order: attention reads the cache before it waits for the kernel that comes before it.
        write_cache(latents_nW, norm_C, cache_SW, frequencies_F, rows, eps)
        norm_linear(down_nY[:, :inputs], weight, q_nX, eps, dtype, norm_K=query_norm_K)
        return
    outputs, latent, rotated = q_nX.shape[1], norm_C.shape[0], 2 * frequencies_F.shape[0]
    block = power_of_2(inputs, 16)
    height = vector_height(outputs, block)
    launch(
        _query_kernel,
        (triton.cdiv(outputs, height) + count,),
        latents_nW,
        norm_C,
        cache_SW,
        frequencies_F,
        rows.positions_n,
        rows.sequences_n,
        rows.tables_sB,
        down_nY,
        query_norm_K,
        *weight.tensors,
        q_nX,
        down_nY.stride(0),
        rows.tables_sB.stride(0),
        outputs,
        eps,
        C=latent,
        R=rotated,
        BC=power_of_2(latent),
        BR=power_of_2(rotated // 2),
        BLOCK=rows.block_size,
        M=count,
        K=inputs,
        BN=height,
        BK=block,
        **weight.constants(),
    )


def write_cache(
    latents_nW: Tensor, norm_C: Tensor, cache_SW: Tensor, frequencies_F: Tensor, rows: DeviceRows, eps: float
) -> None:
    """Write each row's normed latent and rotated key; ``latents_nW`` may be a part of wider rows."""
    latent, rotated = norm_C.shape[0], 2 * frequencies_F.shape[0]
    launch(
        _write_kernel,
        (rows.rows,),
        latents_nW,
        norm_C,
        cache_SW,
        frequencies_F,
        rows.positions_n,
        rows.sequences_n,
        rows.tables_sB,
        latents_nW.stride(0),
        rows.tables_sB.stride(0),
        eps,
        C=latent,
        R=rotated,
        BC=power_of_2(latent),
        BR=power_of_2(rotated // 2),
        BLOCK=rows.block_size,
    )


def plain_write_cache(
    latents_nW: Tensor, norm_C: Tensor, cache_SW: Tensor, frequencies_F: Tensor, rows: DeviceRows, eps: float
) -> None:
    """The twin of ``write_cache``."""
    latent = norm_C.shape[0]
    real = rows.sequences_n >= 0
    positions, sequences = rows.positions_n[real].long(), rows.sequences_n[real].long()
    blocks = rows.tables_sB[sequences, positions // rows.block_size].long()
    normed = F.rms_norm(latents_nW[real, :latent].float(), (latent,), norm_C.float(), eps)
    keys = plain_rotate(latents_nW[real, latent:], positions, frequencies_F)
    cache_SW[blocks * rows.block_size + positions % rows.block_size] = torch.cat((normed, keys), 1).to(cache_SW.dtype)


def plain_rotate(x: Tensor, positions_n: Tensor, frequencies_F: Tensor) -> Tensor:
    """Rotate pairs (2i, 2i + 1) of ``x`` [n, ..., R] by position times frequency, in float32."""
    angles = positions_n.float()[:, None] * frequencies_F
    angles = angles.view(len(positions_n), *[1] * (x.dim() - 2), -1)
    even, odd = x.float().unflatten(-1, (-1, 2)).unbind(-1)
    cos, sin = angles.cos(), angles.sin()
    return torch.stack((even * cos - odd * sin, even * sin + odd * cos), dim=-1).flatten(-2)
