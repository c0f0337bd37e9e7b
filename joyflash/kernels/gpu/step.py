"""StepKernels: the layers of a step, kernel after kernel, over buffers that never move.

Letters: n rows, N heads, D hidden, C latent, W cache width, K chosen experts, S shared ones, I expert width, Y of the
joint down projection, X of a head's query, V of a head's value, L layers, F frequencies.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from joyflash.kernels.gpu.absorb import absorb
from joyflash.kernels.gpu.attention import attend
from joyflash.kernels.gpu.combine import combine_value
from joyflash.kernels.gpu.experts import ExpertWeights, expert_down, expert_up
from joyflash.kernels.gpu.group import GroupedBuffers
from joyflash.kernels.gpu.grouped import grouped_experts
from joyflash.kernels.gpu.matrix import Matrix
from joyflash.kernels.gpu.norm_linear import norm_linear
from joyflash.kernels.gpu.query import query_and_cache, write_cache
from joyflash.kernels.gpu.router import choose_experts
from joyflash.kernels.gpu.rows import DeviceRows

FEW_ROWS = 16
"""Most rows whose experts are read row by row: beyond, rows share enough of them that grouping pays."""
_MOST_SPLITS = 64
_SPLIT_ROWS = 256


@dataclass(frozen=True)
class DenseWeights:
    """A dense feed-forward block."""

    gate: Matrix
    up: Matrix
    down: Matrix


@dataclass(frozen=True)
class RouterWeights:
    """The choice of experts: scores [E, D], bias float32 [E], the weights' scale, and whether they are normalised."""

    weight: Matrix
    bias_E: Tensor
    chosen: int
    scale: float
    normalise: bool


@dataclass(frozen=True)
class LayerWeights:
    """One decoder block.

    Attributes:
        down: query and latent projection, one above the other; without a query rank the latent projection alone.
        query_norm: None without a query rank.
        query: from the query rank, or from the hidden state.
        key_value: ``kv_b_proj``.
        router: None in a dense block.
    """

    input_norm: Tensor
    post_norm: Tensor
    latent_norm: Tensor
    query_norm: Tensor | None
    down: Matrix
    query: Matrix
    key_value: Matrix
    output: Matrix
    router: RouterWeights | None
    feed_forward: DenseWeights | ExpertWeights


@dataclass(frozen=True)
class Sizes:
    """Numbers of the model that buffers and kernels depend on."""

    hidden: int
    heads: int
    latent: int
    query_width: int
    value_width: int
    eps: float
    scale: float


class StepKernels:
    """Runs decoder blocks on up to ``most_rows`` rows, in ``dtype``.

    Args:
        sizes: of the model.
        layers: the trunk's and, last, the MTP block; the cache has as many.
        cache_LSW: of all layers.
        frequencies_F: of the rotation, float32.
        most_rows: of a call.
        dtype: of the residual stream and of products.
    """

    def __init__(
        self,
        sizes: Sizes,
        layers: Sequence[LayerWeights],
        cache_LSW: Tensor,
        frequencies_F: Tensor,
        most_rows: int,
        dtype: torch.dtype,
    ) -> None:
        self._sizes, self._layers, self._cache_LSW, self._frequencies_F = sizes, layers, cache_LSW, frequencies_F
        self._dtype, self._device = dtype, cache_LSW.device
        heads, n = sizes.heads, most_rows
        self.x_nD = self._room(dtype, n, sizes.hidden)
        self._down_nY = self._room(torch.float32, n, max(layer.down.shape[0] for layer in layers))
        self._q = self._room(torch.float32, n, heads * sizes.query_width)
        self._queries = self._room(dtype, n, heads * cache_LSW.shape[2])
        self._mixed = self._room(dtype, n, heads * sizes.value_width)
        lines = max(n, _SPLIT_ROWS)
        lines *= heads
        self._sums = self._room(torch.float32, lines * sizes.latent)
        self._best, self._shares = self._room(torch.float32, lines), self._room(torch.float32, lines)
        self._make_expert_room(n)

    def _room(self, dtype: torch.dtype, *shape: int) -> Tensor:
        return torch.zeros(*shape, dtype=dtype, device=self._device)

    def _make_expert_room(self, n: int) -> None:
        hidden, inner = self._sizes.hidden, 0
        experts = chosen = 0
        for layer in self._layers:
            block = layer.feed_forward
            if isinstance(block, DenseWeights) or layer.router is None:
                inner = max(inner, layer.feed_forward.down.shape[-1])
                continue
            experts, chosen = block.gate_up.shape[0], layer.router.chosen
            inner = max(inner, chosen * block.width + block.shared_down.shape[-1])
        self._inner = self._room(self._dtype, n * inner)
        if experts:
            self._scores_nE = self._room(torch.float32, n, experts)
            self._chosen_nK, self._weights_nK = self._room(torch.int32, n, chosen), self._room(torch.float32, n, chosen)
            starts, order = self._room(torch.int32, experts + 1), self._room(torch.int32, n * chosen)
            parts = n if n > FEW_ROWS else 0
            self._grouped = GroupedBuffers(starts, order, self._room(torch.float32, parts, chosen + 1, hidden))

    def run(self, rows: DeviceRows, layers: Sequence[int]) -> Tensor:
        """Run blocks on ``x_nD[: rows.rows]`` in place; that part of it is returned."""
        x_nD = self.x_nD[: rows.rows]
        for number in layers:
            layer = self._layers[number]
            self._attention(layer, self._cache_LSW[number], x_nD, rows)
            if isinstance(layer.feed_forward, DenseWeights):
                self._dense(layer, layer.feed_forward, x_nD)
            elif layer.router is not None:
                self._experts(layer, layer.router, layer.feed_forward, x_nD, rows)
        return x_nD

    def _attention(self, layer: LayerWeights, cache_SW: Tensor, x_nD: Tensor, rows: DeviceRows) -> None:
        sizes, dtype, frequencies = self._sizes, self._dtype, self._frequencies_F
        n, heads, eps = rows.rows, sizes.heads, sizes.eps
        down_nY = self._down_nY[:n, : layer.down.shape[0]]
        q_nX = self._q[:n]
        norm_linear(x_nD, layer.down, down_nY, eps, dtype, norm_K=layer.input_norm)
        if layer.query_norm is None:
            write_cache(down_nY, layer.latent_norm, cache_SW, frequencies, rows, eps)
            norm_linear(x_nD, layer.query, q_nX, eps, dtype, norm_K=layer.input_norm)
        else:
            query_and_cache(
                down_nY, layer.query_norm, layer.query, q_nX, layer.latent_norm, cache_SW, frequencies, rows, eps, dtype
            )
        queries = self._queries[:n].view(n, heads, -1)
        absorb(q_nX.view(n, heads, -1), layer.key_value, queries, frequencies, rows, dtype)
        splits = splits_of(n)
        lines = splits * n * heads
        sums = self._sums[: lines * sizes.latent].view(splits, n, heads, sizes.latent)
        best, shares = (each[:lines].view(splits, n, heads) for each in (self._best, self._shares))
        attend(queries, cache_SW, sizes.latent, sums, best, shares, rows, sizes.scale, dtype)
        mixed = self._mixed[:n].view(n, heads, -1)
        combine_value(sums, best, shares, layer.key_value, mixed, rows, dtype)
        norm_linear(self._mixed[:n], layer.output, x_nD, eps, dtype, residual_MN=x_nD)

    def _dense(self, layer: LayerWeights, block: DenseWeights, x_nD: Tensor) -> None:
        n, width, eps = x_nD.shape[0], block.down.shape[1], self._sizes.eps
        inner = self._inner[: n * width].view(n, width)
        norm_linear(x_nD, block.gate, inner, eps, self._dtype, norm_K=layer.post_norm, up=block.up)
        norm_linear(inner, block.down, x_nD, eps, self._dtype, residual_MN=x_nD)

    def _experts(
        self, layer: LayerWeights, router: RouterWeights, block: ExpertWeights, x_nD: Tensor, rows: DeviceRows
    ) -> None:
        n, eps = rows.rows, self._sizes.eps
        scores, chosen, weights = (each[:n] for each in (self._scores_nE, self._chosen_nK, self._weights_nK))
        norm_linear(x_nD, router.weight, scores, eps, self._dtype, norm_K=layer.post_norm, sigmoid=True)
        choose_experts(
            scores, router.bias_E, rows.sequences_n, chosen, weights, router.scale, normalise=router.normalise
        )
        width = router.chosen * block.width + block.shared_down.shape[-1]
        inner = self._inner[: n * width].view(n, width)
        if n <= FEW_ROWS:
            slots = inner.view(n, -1, block.width)
            expert_up(x_nD, layer.post_norm, block, chosen, slots)
            expert_down(slots, block, chosen, weights, x_nD, x_nD)
        else:
            room = GroupedBuffers(self._grouped.starts, self._grouped.order, self._grouped.parts[:n])
            grouped_experts(
                x_nD, layer.post_norm, block, chosen, weights, rows.sequences_n, inner, room, x_nD, self._dtype
            )


def splits_of(rows: int) -> int:
    """Splits of each sequence's cached tokens that keep a GPU busy without leaving more partial sums than they save."""
    return max(1, min(_MOST_SPLITS, _SPLIT_ROWS // rows))
