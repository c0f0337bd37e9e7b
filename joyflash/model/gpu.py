"""GpuStep: the model behind Triton kernels, one CUDA graph for each shape of a step, the sampler in graphs as well.

Rows are padded to the next of a few counts, and sequences likewise; a shape is recorded when it is first met. The
trunk, an MTP pass and a draw are each one launch; nothing waits for the GPU between a step and its draw.

Letters: n rows, s sequences, m kept or drawn rows, h given hidden states, D hidden, V vocabulary, v some of it.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from joyflash.errors import KernelError
from joyflash.kernels.gpu.graphs import Graphs
from joyflash.kernels.gpu.launch import power_of_2
from joyflash.kernels.gpu.norm_linear import norm_linear
from joyflash.kernels.gpu.rows import DeviceRows
from joyflash.kernels.gpu.sampling import draw
from joyflash.kernels.gpu.step import StepKernels
from joyflash.kernels.gumbel import Draw
from joyflash.model.attention import ABSORBED_UP_TO
from joyflash.model.cache import PagedCache
from joyflash.model.gpu_draws import DrawBuffers
from joyflash.model.gpu_prompt import PromptLayers
from joyflash.model.gpu_weights import GpuWeights, MtpWeights
from joyflash.model.joyflash import JoyFlash
from joyflash.model.step import Rows
from joyflash.quantization.formats import QuantizedTensor

COUNTS = (1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 32, 40, 48, 64, 80, 96, 128, 192, 256, 320, 384, 512)
"""Row counts that graphs are recorded for."""


@dataclass(frozen=True)
class _Staged:
    """Rows on the device, and the shape that a graph for them has."""

    rows: DeviceRows
    shape: tuple[int, int, int]
    counts: list[int]
    lengths: list[int]


class GpuStep:
    """A StepModel in Triton kernels.

    Args:
        model: on a GPU, in bfloat16, float16 or float32; its weights are used where they lie, but for the joint query
            and latent projection.
        cache: of the same dtype.
        max_positions: longest sequence.
        max_rows: most rows of one call.
        quantized: weights that replace the model's own, by parameter name.
        recorded_rows: most rows that graphs are recorded for; steps of more run without.

    Raises:
        KernelError: the cache has another dtype than the model.
    """

    batch_invariant = False
    routes_nLK: Tensor | None = None  # this step records none

    def __init__(
        self,
        model: JoyFlash,
        cache: PagedCache,
        max_positions: int,
        max_rows: int = 4096,
        quantized: Mapping[str, QuantizedTensor] | None = None,
        recorded_rows: int = COUNTS[-1],
    ) -> None:
        self._dtype, self._device = cache.kv_LSW.dtype, cache.kv_LSW.device
        if model.model.embed_tokens.weight.dtype != self._dtype:
            raise KernelError(f"The GPU step's cache is {self._dtype}; its weights must be too.")
        self.max_rows, self.context_length, self.has_mtp = max_rows, max_positions, model.mtp is not None
        self._cache, self._config = cache, model.config
        self.weights = GpuWeights.of(model, quantized or {}, self._dtype)
        self._trunk_layers = range(model.config.num_hidden_layers)
        self._frequencies_F = model.config.rope_theta ** -(
            torch.arange(0, model.config.qk_rope_head_dim, 2, dtype=torch.float32, device=self._device)
            / model.config.qk_rope_head_dim
        )
        self._recorded_rows = most = min(max_rows, recorded_rows)
        self._kernels = StepKernels(
            self.weights.sizes, self.weights.layers, cache.kv_LSW, self._frequencies_F, most, self._dtype
        )
        self._graphs = Graphs(self._device)
        self._hidden_nD = torch.zeros(most, model.config.hidden_size, dtype=self._dtype, device=self._device)
        self._rows: dict[tuple[int, int, int], Tensor] = {}
        blocks = -(-max_positions // cache.block_size)
        self._tables_sB = torch.zeros(max_rows, blocks, dtype=torch.int32, device=self._device)
        self._known: list[list[int]] = [[] for _ in range(max_rows)]
        self._draws: dict[tuple[int, int], DrawBuffers] = {}

    def weights_changed(self) -> None:
        """See StepModel; refused, because joint projections and quantised weights here are copies."""
        raise KernelError(
            "The GPU step holds copies of some weights. Make the engine anew, or share with the plain step."
        )

    def trunk(self, rows: Rows) -> Tensor:
        """See StepModel."""
        return self._apart(rows, self._trunk_few, self._trunk_many)

    def mtp(self, rows: Rows, hidden_hD: Tensor, lines: Sequence[int], kept: Sequence[int]) -> Tensor:
        """See StepModel."""
        lines = list(lines)

        def few(part: Rows, own: Sequence[int]) -> Tensor:
            staged = self._stage(part)
            self._gather(hidden_hD, [lines[i] for i in own])
            self._graphs.run(("mtp", *staged.shape), lambda: self._mtp(staged.rows))
            return self._hidden_nD[: len(own)].clone()

        def many(part: Rows, own: Sequence[int]) -> Tensor:
            return self._mtp_many(part, hidden_hD[self._index([lines[i] for i in own])])

        out_nD = self._apart(rows, few, many)
        return out_nD if list(kept) == list(range(len(lines))) else out_nD[self._index(kept)]

    def _apart(
        self,
        rows: Rows,
        few: Callable[[Rows, Sequence[int]], Tensor],
        many: Callable[[Rows, Sequence[int]], Tensor],
    ) -> Tensor:
        """Hidden states of all rows, [n, D]; where they are too many for a graph, those of decoding sequences have one.

        A prompt's rows want expanded attention, those that decode the absorbed one, so they go their own ways; what
        that costs is reading the weights once more.
        """
        count = len(rows.tokens)
        if count > self.max_rows:
            raise KernelError(f"A step has {count} rows; the GPU step takes {self.max_rows} at once.")
        if count <= self._recorded_rows:
            return few(rows, range(count))
        counts = Counter(rows.sequences)
        short = [i for i in range(count) if counts[rows.sequences[i]] <= ABSORBED_UP_TO]
        if not short or len(short) > self._recorded_rows:
            return many(rows, range(count))
        chosen = set(short)
        long = [i for i in range(count) if i not in chosen]
        parts = [(_some(rows, short), short, few), *([(_some(rows, long), long, many)] if long else [])]
        out_nD = torch.empty(count, self._hidden_nD.shape[1], dtype=self._dtype, device=self._device)
        for part, own, work in parts:
            out_nD[self._index(own)] = work(part, own)
        return out_nD

    def _index(self, numbers: Sequence[int]) -> Tensor:
        return torch.tensor(list(numbers), dtype=torch.int64, device=self._device)

    def logits(self, hidden_mD: Tensor) -> Tensor:
        """See StepModel."""
        out_mV = torch.empty(len(hidden_mD), self._config.vocab_size, device=self._device)
        norm_linear(hidden_mD.contiguous(), self.weights.head, out_mV, 0.0, self._dtype)
        return out_mV

    def draw(self, hidden_hD: Tensor, lines: Sequence[int], draws: Sequence[Draw], ids: array[int] | int) -> list[int]:
        """See StepModel."""
        count, most = len(lines), self._recorded_rows
        if count > most:
            first, rest = (self.draw(hidden_hD, lines[p], draws[p], ids) for p in (slice(most), slice(most, None)))
            return first + rest
        self._gather(hidden_hD, lines)
        buffers = self._draw_buffers(count, draws, ids)
        self._graphs.run(("draw", *buffers.logits.shape, buffers.ids is None), lambda: self._draw(buffers))
        return buffers.tokens[:count].tolist()

    def step_and_draw(self, rows: Rows, draws: Sequence[Draw], ids: int) -> list[int]:
        """A trunk step and a draw behind every row, as one graph: ``trunk`` and ``draw`` without what lies between."""
        buffers, work = self._step_and_draw(rows, draws, ids)
        work()
        return buffers.tokens[: len(rows.tokens)].tolist()

    def repeatable(self, rows: Rows, draws: Sequence[Draw], ids: int) -> Callable[[], None]:
        """``step_and_draw`` done once; and what does it again, on the GPU alone, without waiting for it."""
        _, work = self._step_and_draw(rows, draws, ids)
        work()
        return work

    def _step_and_draw(self, rows: Rows, draws: Sequence[Draw], ids: int) -> tuple[DrawBuffers, Callable[[], None]]:
        staged = self._stage(rows)
        buffers = self._draw_buffers(staged.shape[0], draws, ids)

        def work() -> None:
            self._trunk(staged.rows)
            self._draw(buffers)

        return buffers, lambda: self._graphs.run(("step", *staged.shape), work)

    def layer(self, rows: Rows, x_nD: Tensor, number: int) -> Tensor:
        """Hidden states after one decoder block, [n, D]; for checks."""
        staged, n = self._stage(rows), len(rows.tokens)
        self._kernels.x_nD[:n] = x_nD
        return self._kernels.run(staged.rows, [number])[:n].clone()

    def _trunk_few(self, rows: Rows, own: Sequence[int]) -> Tensor:
        staged = self._stage(rows)
        self._graphs.run(("trunk", *staged.shape), lambda: self._trunk(staged.rows))
        return self._hidden_nD[: len(own)].clone()

    def _many(self, rows: Rows) -> tuple[DeviceRows, PromptLayers]:
        """For rows so many that launches cost nothing beside them: no padding and no graph."""
        staged = self._stage(rows)
        cache_LSW = self._cache.kv_LSW
        layers = PromptLayers(self.weights, cache_LSW, self._frequencies_F, staged.rows, staged.counts, staged.lengths)
        return staged.rows, layers

    def _trunk_many(self, rows: Rows, _own: Sequence[int]) -> Tensor:
        staged, layers = self._many(rows)
        x_nD = layers.run(self.weights.embedding.index_select(0, staged.tokens_n), self._trunk_layers)
        return self._normed(x_nD, self.weights.final_norm)

    def _mtp_many(self, rows: Rows, hidden_nD: Tensor) -> Tensor:
        staged, layers = self._many(rows)
        mtp = self._mtp_weights()
        x_nD = F.linear(self._joined(staged, hidden_nD), mtp.join.dense(self._dtype))
        return self._normed(layers.run(x_nD, [self._config.num_hidden_layers]), mtp.norm)

    def _trunk(self, rows: DeviceRows) -> None:
        n = rows.rows
        torch.index_select(self.weights.embedding, 0, rows.tokens_n, out=self._kernels.x_nD[:n])
        x_nD = self._kernels.run(rows, self._trunk_layers)
        self._hidden_nD[:n] = self._normed(x_nD, self.weights.final_norm)

    def _mtp(self, rows: DeviceRows) -> None:
        """As ``MTPLayer.forward``: the embedding counts as zero at position 0."""
        n, mtp = rows.rows, self._mtp_weights()
        joined = self._joined(rows, self._hidden_nD[:n])
        norm_linear(joined, mtp.join, self._kernels.x_nD[:n], 0.0, self._dtype)
        x_nD = self._kernels.run(rows, [self._config.num_hidden_layers])
        self._hidden_nD[:n] = self._normed(x_nD, mtp.norm)

    def _joined(self, rows: DeviceRows, hidden_nD: Tensor) -> Tensor:
        mtp = self._mtp_weights()
        embedded_nD = self.weights.embedding.index_select(0, rows.tokens_n)
        embedded_nD = embedded_nD.masked_fill((rows.positions_n == 0)[:, None], 0.0)
        return torch.cat((self._normed(embedded_nD, mtp.enorm), self._normed(hidden_nD, mtp.hnorm)), dim=1)

    def _mtp_weights(self) -> MtpWeights:
        if self.weights.mtp is None:
            raise KernelError("This model has no MTP layer.")
        return self.weights.mtp

    def _normed(self, x_nD: Tensor, weight_D: Tensor) -> Tensor:
        return F.rms_norm(x_nD, (x_nD.shape[1],), weight_D, self.weights.sizes.eps)

    def _draw(self, buffers: DrawBuffers) -> None:
        rows = buffers.logits.shape[0]
        norm_linear(self._hidden_nD[:rows], self.weights.head, buffers.logits, 0.0, self._dtype, ids_N=buffers.ids)
        draw(
            buffers.logits, buffers.ids, buffers.count, buffers.keys, buffers.temperatures, buffers.best,
            buffers.best_at, buffers.tokens,
        )  # fmt: skip

    def _gather(self, hidden_hD: Tensor, lines: Sequence[int]) -> None:
        """Given hidden states to where the graphs read them."""
        if list(lines) == list(range(len(lines))):
            self._hidden_nD[: len(lines)] = hidden_hD[: len(lines)]
            return
        self._hidden_nD[: len(lines)] = hidden_hD.index_select(0, self._index(lines))

    def _stage(self, rows: Rows) -> _Staged:
        """Copy rows to the device, padded to a shape that has, or will have, a graph."""
        given, sequences = len(rows.tokens), len(rows.tables)
        self._cache.check_room(rows.tables, [0] * sequences)
        counts, firsts, lengths = [0] * sequences, [0] * sequences, [0] * sequences
        for row, (sequence, position) in enumerate(zip(rows.sequences, rows.positions, strict=True)):
            if not counts[sequence]:
                firsts[sequence] = row
            counts[sequence] += 1
            lengths[sequence] = position + 1
        if max(lengths) > self.context_length:  # its table would be cut short
            raise KernelError(f"A sequence has {max(lengths)} tokens; this step takes {self.context_length}.")
        self._cache.check_room(rows.tables, lengths)
        most = self._recorded_rows
        # A table without rows still needs a place.
        n = max(_bucket(given, most), _bucket(sequences, most)) if given <= most else given
        s = _bucket(sequences, most) if given <= most else sequences
        longest = 1 << (max(counts) - 1).bit_length()
        rest, more = n - given, s - sequences
        numbers = [
            *rows.tokens, *[0] * rest, *rows.positions, *[0] * rest, *rows.sequences, *[-1] * rest,
            *firsts, *[0] * more, *counts, *[0] * more, *lengths, *[0] * more,
        ]  # fmt: skip
        shape = (n, s, longest)
        room = self._rows.get(shape)
        if room is None:
            room = torch.zeros(len(numbers), dtype=torch.int32, device=self._device)
            if given <= most:  # graphs read it again; there is no end to longer shapes
                self._rows[shape] = room
        room.copy_(torch.tensor(numbers, dtype=torch.int32))
        self._stage_tables(rows.tables)
        tokens, positions, owners, first, count, length = room.split([n, n, n, s, s, s])
        tables = self._tables_sB[:s]
        found = DeviceRows(tokens, positions, owners, first, count, length, tables, self._cache.block_size, longest)
        return _Staged(found, shape, counts, lengths)

    def _stage_tables(self, tables: Sequence[Sequence[int]]) -> None:
        """Copy the tables that changed since a step had them in the same place."""
        for place, table in enumerate(tables):
            if self._known[place] != table:
                self._known[place] = list(table)
                blocks = torch.tensor(self._known[place][: self._tables_sB.shape[1]], dtype=torch.int32)
                self._tables_sB[place, : len(blocks)].copy_(blocks)

    def _draw_buffers(self, rows: int, draws: Sequence[Draw], ids: array[int] | int) -> DrawBuffers:
        """Memory for as many rows, with the places of ``draws`` and the entries ``ids`` in it."""
        rows = _bucket(rows, self._recorded_rows)
        entries = ids if isinstance(ids, int) else len(ids)
        # Each width has memory and a graph of its own, so there are few: powers of two.
        most = -(-self._config.vocab_size // 256) * 256
        columns = self._config.vocab_size if isinstance(ids, int) else min(max(2048, power_of_2(entries)), most)
        key = (rows, 0 if isinstance(ids, int) else columns)
        if key not in self._draws:
            self._draws[key] = DrawBuffers.of(rows, columns, not isinstance(ids, int), self._device)
        buffers = self._draws[key]
        keys, temperatures = zip(*draws, strict=True)
        buffers.keys[: len(draws)].copy_(torch.tensor(keys, dtype=torch.int64))
        buffers.temperatures[: len(draws)].copy_(torch.tensor(temperatures, dtype=torch.float64))
        buffers.count.fill_(entries)
        if not isinstance(ids, int) and buffers.ids is not None:
            buffers.ids[:entries].copy_(torch.tensor(ids, dtype=torch.int32))
        return buffers


def _some(rows: Rows, own: Sequence[int]) -> Rows:
    """Some of the rows, and the tables of their sequences alone."""
    sequences = list(dict.fromkeys(rows.sequences[i] for i in own))
    place = {sequence: number for number, sequence in enumerate(sequences)}
    return Rows(
        [rows.tokens[i] for i in own],
        [rows.positions[i] for i in own],
        [place[rows.sequences[i]] for i in own],
        [rows.tables[sequence] for sequence in sequences],
    )


def _bucket(number: int, most: int) -> int:
    """The next of the counts that graphs are recorded for."""
    return min(next((count for count in COUNTS if count >= number), most), most)
