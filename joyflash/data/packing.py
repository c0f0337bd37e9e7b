"""Best-fit-decreasing packing of samples into rows of exactly T tokens.

Letters: T tokens of a row, n tokens of a sample.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from joyflash.batch import PackedBatch
from joyflash.data.mixture import Mixture
from joyflash.data.samples import Sample
from joyflash.errors import ConfigError, DataError

SHORTEST_PIECE = 16  # tokens; a gap below this is padded, since so short a piece of text teaches nothing


@dataclass(frozen=True, order=True)
class _Waiting:
    """A sample in the pool, ordered by length, then age. ``start``/``end``: the piece of the sample at the address."""

    length: int
    age: int
    source: str
    index: int
    start: int
    end: int


class Packer:
    """Endless iterator of packed rows.

    A pool of ``pool`` samples is kept open. A row takes the sample that waited longest, then again and again the
    longest one that fits. The last gap is filled with the head of a text, whose tail waits on. Conversations are never
    cut: those longer than a row are left out and counted in ``skipped``. What remains of the gap becomes padding, a
    document of its own of weight 0.

    The state holds addresses instead of tokens, so it is small, JSON-able, and a resumed packer gives the same rows.

    Args:
        mixture: gives the samples.
        row_tokens: T.
        pad_id: token id of the padding.
        pool: samples looked ahead; more give less padding and a rougher order.
    """

    def __init__(self, mixture: Mixture, *, row_tokens: int, pad_id: int, pool: int = 128):
        if row_tokens < 2 * SHORTEST_PIECE or pool < 1:
            raise ConfigError(f"A row needs at least {2 * SHORTEST_PIECE} tokens and the pool at least one sample.")
        self.mixture = mixture
        self.row_tokens = row_tokens
        self.pad_id = pad_id
        self.pool = pool
        self.skipped: Counter[str] = Counter()
        self.padding = 0
        self.rows = 0
        self._age = 0
        self._waiting: list[_Waiting] = []  # kept sorted
        self._samples: dict[int, Sample] = {}  # by age

    def __iter__(self) -> Iterator[PackedBatch]:
        return self

    def __next__(self) -> PackedBatch:
        self._fill_pool()
        pieces = [self._take(min(self._waiting, key=lambda entry: entry.age))]
        free = self.row_tokens - len(pieces[0])
        while free:
            self._fill_pool()
            piece = self._next_piece(free)
            if piece is None:
                break
            pieces.append(piece)
            free -= len(pieces[-1])
        self.rows += 1
        self.padding += free
        return pack(pieces, self.row_tokens, self.pad_id)

    @property
    def padding_share(self) -> float:
        """Share of padding in all tokens given out so far."""
        return self.padding / max(1, self.rows * self.row_tokens)

    def state_dict(self) -> dict[str, Any]:
        """JSON-able state: the mixture's position, counters, and the addresses of the pool."""
        waiting = sorted(self._waiting, key=lambda entry: entry.age)
        return {
            "mixture": self.mixture.state_dict(),
            "row_tokens": self.row_tokens,
            "pool": self.pool,
            "age": self._age,
            "rows": self.rows,
            "padding": self.padding,
            "skipped": dict(self.skipped),
            "waiting": [[entry.age, entry.source, entry.index, entry.start, entry.end] for entry in waiting],
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue where ``state`` was taken; raise DataError where row length or pool differ."""
        if [state["row_tokens"], state["pool"]] != [self.row_tokens, self.pool]:
            raise DataError(
                f"The saved data position packs rows of {state['row_tokens']} tokens from a pool of {state['pool']}; "
                f"this run packs {self.row_tokens} from {self.pool}. Resume with the recipe that the run began with."
            )
        self.mixture.load_state_dict(state["mixture"])
        self._age, self.rows, self.padding = state["age"], state["rows"], state["padding"]
        self.skipped = Counter(state["skipped"])
        self._waiting, self._samples = [], {}
        for age, source, index, start, end in state["waiting"]:
            sample = self.mixture.draw(source, index).sample
            self._put(sample, _Waiting(end - start, age, source, index, start, end))

    def _put(self, sample: Sample, entry: _Waiting) -> None:
        whole = entry.start == 0 and entry.end == len(sample)
        self._samples[entry.age] = sample if whole else sample.cut(entry.start, entry.end)
        insort(self._waiting, entry)

    def _take(self, entry: _Waiting) -> Sample:
        self._waiting.remove(entry)
        return self._samples.pop(entry.age)

    def _fill_pool(self) -> None:
        refused = 0
        while len(self._waiting) < self.pool:
            drawn = next(self.mixture)
            length = len(drawn.sample)
            if length > self.row_tokens and not drawn.sample.splittable:
                self.skipped[drawn.sample.kind] += 1
                refused += 1
                if refused > 1_000:
                    raise DataError(
                        f"1,000 conversations in turn are longer than a row of {self.row_tokens} tokens. "
                        "Use longer rows."
                    )
                continue
            for start in range(0, length, self.row_tokens):
                end = min(start + self.row_tokens, length)
                self._put(drawn.sample, _Waiting(end - start, self._age, drawn.source, drawn.index, start, end))
                self._age += 1

    def _next_piece(self, free: int) -> Sample | None:
        """The longest sample that fits; the head of a text where that fills the row and the sample would not."""
        place = bisect_right(self._waiting, free, key=lambda entry: entry.length)
        gap = free - self._waiting[place - 1].length if place else free
        if free >= SHORTEST_PIECE and (not place or 0 < gap < SHORTEST_PIECE):
            head = self._cut_head(free)
            if head is not None:
                return head
        return self._take(self._waiting[place - 1]) if place else None

    def _cut_head(self, free: int) -> Sample | None:
        """The first ``free`` tokens of the oldest text that is long enough to be cut; its tail stays in the pool."""
        candidates = [
            entry
            for entry in self._waiting
            if entry.length >= free + SHORTEST_PIECE and self._samples[entry.age].splittable
        ]
        if not candidates:
            return None
        entry = min(candidates, key=lambda entry: entry.age)
        whole = self._take(entry)
        tail = _Waiting(entry.length - free, entry.age, entry.source, entry.index, entry.start + free, entry.end)
        self._samples[entry.age] = whole.cut(free, entry.length)
        insort(self._waiting, tail)
        return whole.cut(0, free)


def pack(pieces: Sequence[Sample], row_tokens: int, pad_id: int) -> PackedBatch:
    """Lay samples side by side in a row of ``row_tokens`` tokens; padding comes last, as a document of weight 0."""
    lengths = [len(piece) for piece in pieces]
    padding = row_tokens - sum(lengths)
    if padding < 0:
        raise DataError(f"{sum(lengths)} tokens do not fit a row of {row_tokens}.")
    tokens_T = np.concatenate([*[piece.ids_n for piece in pieces], np.full(padding, pad_id)]).astype(np.int64)
    weights_T = np.concatenate([*[piece.weights_n for piece in pieces], np.zeros(padding)]).astype(np.float32)
    if padding:
        lengths.append(padding)
    document_T = np.repeat(np.arange(len(lengths), dtype=np.int32), lengths)
    positions_T = np.concatenate([np.arange(length, dtype=np.int64) for length in lengths])
    weights_T[positions_T == 0] = 0.0
    return PackedBatch(
        torch.from_numpy(tokens_T),
        torch.from_numpy(positions_T),
        torch.from_numpy(weights_T),
        torch.from_numpy(document_T),
    )
