"""Steps of many rows: matrix products of whole prompts are bound by arithmetic, so libraries do them.

Attention is expanded: keys and values of each head are made from the latents once a layer. Quantised matrices are
spelled out when they are needed, except those of experts, whose kernel reads them as they are.

Letters: n rows, N heads, D hidden, C latent, R rotated, W = C + R, t a sequence's tokens, L layers, F frequencies, K
chosen experts, E experts, Y all slots' width.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from joyflash.kernels.gpu.experts import ExpertWeights
from joyflash.kernels.gpu.group import GroupedBuffers
from joyflash.kernels.gpu.grouped import grouped_experts
from joyflash.kernels.gpu.matrix import Matrix
from joyflash.kernels.gpu.norm_linear import norm_linear
from joyflash.kernels.gpu.prompt_attention import prompt_attention
from joyflash.kernels.gpu.query import write_cache
from joyflash.kernels.gpu.router import choose_experts
from joyflash.kernels.gpu.rows import DeviceRows
from joyflash.kernels.gpu.step import DenseWeights, LayerWeights, RouterWeights
from joyflash.model.experts import routed_experts
from joyflash.model.gpu_weights import GpuWeights
from joyflash.model.rope import rotate


class PromptLayers:
    """Decoder blocks over the rows of one step, of which every sequence's are new tokens of it.

    Args:
        weights, cache_LSW, frequencies_F: as for ``StepKernels``.
        rows: without padding.
        counts, lengths: of each sequence, on the host: its rows, and its tokens with them.
    """

    def __init__(
        self,
        weights: GpuWeights,
        cache_LSW: Tensor,
        frequencies_F: Tensor,
        rows: DeviceRows,
        counts: Sequence[int],
        lengths: Sequence[int],
    ) -> None:
        self._weights, self._cache_LSW, self._frequencies_F, self._rows = weights, cache_LSW, frequencies_F, rows
        angles = rows.positions_n.float()[:, None, None] * frequencies_F
        self._cos, self._sin = angles.cos(), angles.sin()
        self._spans, first = [], 0
        for sequence, (count, length) in enumerate(zip(counts, lengths, strict=True)):
            tokens = torch.arange(length, device=cache_LSW.device)
            blocks = rows.tables_sB[sequence].long()[tokens // rows.block_size]
            self._spans.append((first, count, blocks * rows.block_size + tokens % rows.block_size))
            first += count

    def run(self, x_nD: Tensor, layers: Sequence[int]) -> Tensor:
        """Hidden states after the blocks ``layers``, [n, D]."""
        for number in layers:
            layer = self._weights.layers[number]
            x_nD = x_nD + self._attention(layer, self._cache_LSW[number], x_nD)
            if isinstance(layer.feed_forward, DenseWeights):
                block = layer.feed_forward
                x_nD = x_nD + _feed_forward(self._normed(x_nD, layer.post_norm), block.gate, block.up, block.down)
            elif layer.router is not None:
                x_nD = self._experts(layer, layer.router, layer.feed_forward, x_nD)
        return x_nD

    def _normed(self, x: Tensor, weight: Tensor) -> Tensor:
        return F.rms_norm(x, (x.shape[-1],), weight, self._weights.sizes.eps)

    def _attention(self, layer: LayerWeights, cache_SW: Tensor, x_nD: Tensor) -> Tensor:
        sizes, rows = self._weights.sizes, self._rows
        normed_nD = self._normed(x_nD, layer.input_norm)
        down_nY = _multiply(normed_nD, layer.down)
        rank = down_nY.shape[1] - cache_SW.shape[1]
        write_cache(down_nY[:, rank:], layer.latent_norm, cache_SW, self._frequencies_F, rows, sizes.eps)
        if layer.query_norm is not None:
            normed_nD = self._normed(down_nY[:, :rank], layer.query_norm)
        q_nNX = _multiply(normed_nD, layer.query).unflatten(-1, (sizes.heads, -1))
        rotated = cache_SW.shape[1] - sizes.latent
        q_nNX[..., -rotated:] = rotate(q_nNX[..., -rotated:], self._cos, self._sin)
        out_nNV = q_nNX.new_empty(x_nD.shape[0], sizes.heads, sizes.value_width)
        key_value = layer.key_value.dense(x_nD.dtype)
        for first, count, places in self._spans:
            cached_tW = cache_SW[places]
            keys_values = F.linear(cached_tW[:, : sizes.latent], key_value).unflatten(-1, (sizes.heads, -1))
            own = slice(first, first + count)
            keys = cached_tW[:, sizes.latent :].contiguous()
            prompt_attention(q_nNX[own], keys_values, keys, out_nNV[own], sizes.scale)
        return _multiply(out_nNV.flatten(1), layer.output)

    def _experts(self, layer: LayerWeights, router: RouterWeights, block: ExpertWeights, x_nD: Tensor) -> Tensor:
        n, eps = x_nD.shape[0], self._weights.sizes.eps
        scores_nE = x_nD.new_empty(n, router.weight.shape[0], dtype=torch.float32)
        norm_linear(x_nD, router.weight, scores_nE, eps, x_nD.dtype, norm_K=layer.post_norm, sigmoid=True)
        # Zeros: of a row that is not finite the kernel writes one place only, and the others are read as addresses.
        chosen_nK = torch.zeros(n, router.chosen, dtype=torch.int32, device=x_nD.device)
        weights_nK = x_nD.new_zeros(n, router.chosen, dtype=torch.float32)
        choose_experts(
            scores_nE, router.bias_E, self._rows.sequences_n, chosen_nK, weights_nK, router.scale,
            normalise=router.normalise,
        )  # fmt: skip
        if block.gate_up.kind or block.down.kind:
            inner_nY = x_nD.new_empty(n, router.chosen * block.width + block.shared_down.shape[-1])
            starts = torch.empty(block.gate_up.shape[0] + 1, dtype=torch.int32, device=x_nD.device)
            parts = x_nD.new_empty(n, router.chosen + 1, x_nD.shape[1], dtype=torch.float32)
            room, out_nD = GroupedBuffers(starts, torch.empty_like(chosen_nK), parts), torch.empty_like(x_nD)
            grouped_experts(
                x_nD, layer.post_norm, block, chosen_nK, weights_nK, self._rows.sequences_n, inner_nY, room, out_nD,
                x_nD.dtype,
            )  # fmt: skip
            return out_nD
        normed_nD = self._normed(x_nD, layer.post_norm)
        routed_nD, *_ = routed_experts(
            normed_nD, chosen_nK.long(), weights_nK.to(x_nD.dtype), block.gate_up.values, block.down.values
        )
        shared_nD = _feed_forward(normed_nD, block.shared_gate, block.shared_up, block.shared_down)
        return x_nD + (routed_nD + shared_nD)


def _multiply(x: Tensor, weight: Matrix) -> Tensor:
    return F.linear(x, weight.dense(x.dtype))


def _feed_forward(x: Tensor, gate: Matrix, up: Matrix, down: Matrix) -> Tensor:
    return _multiply(F.silu(_multiply(x, gate)) * _multiply(x, up), down)
