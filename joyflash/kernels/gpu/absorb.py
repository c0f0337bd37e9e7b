# pyright: reportMissingImports=false
"""Absorbed queries: the key matrix folded in and their second part rotated, so that attention reads latents only.

Letters: n rows, N heads, H width of a head's first part, R rotated width, X = H + R, C latent, W = C + R,
F = R / 2 frequencies.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

from joyflash.kernels.gpu.launch import DOT_TYPES, launch, power_of_2, wait_for_input
from joyflash.kernels.gpu.matrix import Matrix, load_tile
from joyflash.kernels.gpu.norm_linear import VECTOR_ROWS
from joyflash.kernels.gpu.query import plain_rotate
from joyflash.kernels.gpu.rows import DeviceRows


@triton.jit
def _rotate_queries(
    q, target, positions, frequencies, head, row, N, H: tl.constexpr, C: tl.constexpr, R: tl.constexpr, BR: tl.constexpr
):
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
