# pyright: reportMissingImports=false
"""From the joint down projection to absorbed queries, and the new tokens' rows of the cache.

``query_and_cache`` makes the queries and writes the cache; ``write_cache`` norms the latent, rotates the key and writes both to the row's place; ``absorb`` folds the key matrix
into the queries and rotates their second part, so that attention reads latents only.

Letters: n rows, N heads, H width of a head's first part, R rotated width, C latent, W = C + R, S places of the cache,
F = R / 2 frequencies.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor
from torch.nn import functional as F

from joyflash.kernels.gpu.launch import DOT_TYPES, launch, power_of_2, wait_for_input
from joyflash.kernels.gpu.matrix import Matrix, load_tile
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


@triton.jit
def _rotate_queries(q, target, positions, frequencies, head, row, N, H: tl.constexpr, C: tl.constexpr, R: tl.constexpr, BR: tl.constexpr):
    pair = tl.arange(0, BR)
    inside = pair < R // 2
    angle = tl.load(positions + row).to(tl.float32) * tl.load(frequencies + pair, mask=inside, other=0.0)
    source = q + (row * N + head) * (H + R) + H
    out = target + (row * N + head) * (C + R) + C
    even = tl.load(source + 2 * pair, mask=inside, other=0.0).to(tl.float32)
    odd = tl.load(source + 2 * pair + 1, mask=inside, other=0.0).to(tl.float32)
    cos, sin = tl.cos(angle), tl.sin(angle)
    kind = target.dtype.element_ty
    tl.store(out + 2 * pair, (even * cos - odd * sin).to(kind), mask=inside)
    tl.store(out + 2 * pair + 1, (even * sin + odd * cos).to(kind), mask=inside)


@triton.jit
def _absorb_kernel(
    q,
    weight,
    scales,
    out,
    positions,
    frequencies,
    rows,
    N,
    head_rows,
    H: tl.constexpr,
    R: tl.constexpr,
    C: tl.constexpr,
    M: tl.constexpr,
    BM: tl.constexpr,
    BH: tl.constexpr,
    BC: tl.constexpr,
    BR: tl.constexpr,
    KIND: tl.constexpr,
    GN: tl.constexpr,
    GK: tl.constexpr,
    DOT: tl.constexpr,
    PDL: tl.constexpr,
):
    """Programs: head, part of the latent (the last one rotates instead), and with M = 0 a tile of rows."""
    head = tl.program_id(0)
    part = tl.program_id(1)
    first_row = tl.program_id(2) * BM
    if part * BC < C:
        h = tl.arange(0, BH)
        c = part * BC + tl.arange(0, BC)
        row = (head * head_rows + tl.minimum(h, H - 1)).to(tl.int64)
        tile = load_tile(weight, scales, row, row // GN, part * BC, C, BH, BC, KIND, GK)
        wait_for_input(PDL)
        if M > 0:
            for m in tl.static_range(M):
                v = tl.load(q + (m * N + head) * (H + R) + h, mask=h < H, other=0.0).to(tl.float32)
                sums = tl.sum(tile.to(tl.float32) * v[:, None], 0)
                tl.store(out + (m * N + head) * (C + R) + c, sums.to(out.dtype.element_ty), mask=c < C)
        else:
            m = first_row + tl.arange(0, BM)
            v = tl.load(
                q + (m * N + head)[:, None] * (H + R) + h[None, :],
                mask=(m < rows)[:, None] & (h < H)[None, :],
                other=0.0,
            )
            sums = tl.dot(v.to(DOT), tile.to(DOT), input_precision="ieee")
            place = (m * N + head)[:, None] * (C + R) + c[None, :]
            tl.store(out + place, sums.to(out.dtype.element_ty), mask=(m < rows)[:, None] & (c < C)[None, :])
    else:
        wait_for_input(PDL)
        last = tl.minimum(first_row + BM, rows)
        for rotated in range(first_row, last):
            _rotate_queries(q, out, positions, frequencies, head, rotated, N, H, C, R, BR)


def absorb(
    q_nNX: Tensor, weight: Matrix, out_nNW: Tensor, frequencies_F: Tensor, rows: DeviceRows, dtype: torch.dtype
) -> None:
    """Queries over the cache's values: ``q[:H] @ key matrix`` of the head, and ``q[H:]`` rotated.

    Args:
        q_nNX: queries, X = H + R.
        weight: ``kv_b_proj``, [N * (H + V), C]; each head's first H rows are its key matrix.
        out_nNW: the result.
        frequencies_F: of the rotation.
        rows: whose positions count.
        dtype: of products on tensor cores.
    """
    count, heads, width = q_nNX.shape
    rotated = 2 * frequencies_F.shape[0]
    latent = out_nNW.shape[2] - rotated
    vector = count <= VECTOR_ROWS
    wide = max(min(power_of_2(latent, 16), 64), weight.block[1])
    tall = min(power_of_2(count, 16), 64)
    grid = (heads, triton.cdiv(latent, wide) + 1, 1 if vector else triton.cdiv(count, tall))
    sizes = {"H": width - rotated, "R": rotated, "C": latent, "M": count if vector else 0, "BM": tall}
    blocks = {"BH": power_of_2(width - rotated, 16), "BC": wide, "BR": power_of_2(rotated // 2)}
    launch(
        _absorb_kernel,
        grid,
        q_nNX,
        *weight.tensors,
        out_nNW,
        rows.positions_n,
        frequencies_F,
        count,
        heads,
        weight.shape[0] // heads,
        **sizes,
        **blocks,
        **weight.constants(),
        DOT=DOT_TYPES[dtype],
    )


def plain_absorb(q_nNX: Tensor, weight: Matrix, frequencies_F: Tensor, rows: DeviceRows) -> Tensor:
    """The twin of ``absorb``, in float32: [n, N, W]."""
    width = q_nNX.shape[2] - 2 * frequencies_F.shape[0]
    key_NHC = weight.dense(torch.float32).unflatten(0, (q_nNX.shape[1], -1))[:, :width]
    absorbed = torch.einsum("nkh,khc->nkc", q_nNX[..., :width].float(), key_NHC)
    return torch.cat((absorbed, plain_rotate(q_nNX[..., width:], rows.positions_n, frequencies_F)), dim=-1)
