"""Pairs laid out in packed rows: both answers of a pair in one row, as two documents that see nothing of each other.

Letters: D documents of a row.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from joyflash.batch import PackedBatch
from joyflash.data.packing import pack
from joyflash.data.preferences import Pair

PAIR, REFERENCE = "pair_D", "reference_D"
"""Extras of a row, one entry per document: the pair's number, and the reference's log-probability of the answer.

The better answer comes first, the worse follows it.
"""


def pack_pairs(
    pairs: Sequence[tuple[int, Pair]], row_tokens: int, reference_P2: Tensor | None = None
) -> list[PackedBatch]:
    """Lay out pairs in as few rows of at most ``row_tokens`` as first-fit decreasing finds; no row is padded.

    Args:
        pairs: each with its number.
        row_tokens: no pair may be longer.
        reference_P2: by number, the reference's log-probability of the better and the worse answer; None = 0.
    """
    rows: list[list[tuple[int, Pair]]] = []
    free: list[int] = []
    for number, pair in sorted(pairs, key=lambda each: -len(each[1])):
        place = next((place for place, left in enumerate(free) if left >= len(pair)), None)
        if place is None:
            place = len(rows)
            rows.append([])
            free.append(row_tokens)
        rows[place].append((number, pair))
        free[place] -= len(pair)
    return [_row(row, reference_P2) for row in rows]


def _row(members: Sequence[tuple[int, Pair]], reference_P2: Tensor | None) -> PackedBatch:
    pieces = [sample for _, pair in members for sample in (pair.chosen, pair.rejected)]
    batch = pack(pieces, sum(map(len, pieces)), 0)
    numbers = torch.tensor([number for number, _ in members])
    reference = torch.zeros(2 * len(members)) if reference_P2 is None else reference_P2[numbers].flatten()
    batch.extras.update({PAIR: numbers.repeat_interleave(2), REFERENCE: reference})
    return batch
