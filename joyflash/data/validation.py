"""The held-out documents of the shards as packed rows, with the byte counts that bits per byte divide by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from joyflash.batch import PackedBatch
from joyflash.data.packing import pack
from joyflash.data.samples import Sample
from joyflash.data.shards import Shard


@dataclass(frozen=True)
class ValidationSet:
    """Packed held-out text of one language.

    Bits per byte = summed ``weight * negative log2 probability`` of the rows' targets / ``bytes``. The weights leave
    out the first token and the end-of-text token of each document, which stand for no byte.
    """

    language: str
    rows: list[PackedBatch]
    bytes: int
    documents: int


def validation_set(
    shards: Sequence[Shard], language: str, *, row_tokens: int, rows: int, pad_id: int, seed: int = 0
) -> ValidationSet:
    """Pack a fixed random choice of the held-out documents of ``language`` into at most ``rows`` rows.

    ``shards`` are the "valid" parts of any sources; documents longer than a row are left out. Fewer rows come back
    where there is less text, none where there is no text in that language.
    """
    places = [(shard, index) for shard in shards for index, found in enumerate(shard.languages) if found == language]
    order = np.random.Generator(np.random.PCG64(seed)).permutation(len(places))
    packed: list[PackedBatch] = []
    pieces: list[Sample] = []
    free, used_bytes, documents = row_tokens, 0, 0
    for shard, index in (places[place] for place in order):
        ids_n = shard.document(index)
        if len(ids_n) > row_tokens:
            continue
        if len(ids_n) > free:
            packed.append(pack(pieces, row_tokens, pad_id))
            pieces, free = [], row_tokens
        if len(packed) == rows:
            break
        weights_n = np.ones(len(ids_n), np.float32)
        weights_n[0] = weights_n[-1] = 0.0
        pieces.append(Sample(ids_n, weights_n, f"valid/{language}", splittable=False))
        free -= len(ids_n)
        used_bytes += int(shard.bytes_D[index])
        documents += 1
    if pieces:
        packed.append(pack(pieces, row_tokens, pad_id))
    return ValidationSet(language, packed, used_bytes, documents)
