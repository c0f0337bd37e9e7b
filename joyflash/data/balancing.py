"""Which worker or rank takes which row: equal numbers of rows, and as equal as possible attention work.

Rows of one length cost the same but for attention, whose cost is the sum of the squares of their documents' lengths.
"""

from __future__ import annotations

from collections.abc import Sequence

from joyflash.batch import PackedBatch
from joyflash.errors import ConfigError


def attention_work(row: PackedBatch) -> int:
    """Σ len² over the documents of a row."""
    return sum(length**2 for length in row.lengths())


def share_out(costs: Sequence[float], parts: int) -> list[list[int]]:
    """Indices of ``costs`` for each part, in order: the costliest first, each to the part with the least so far.

    No part gets more than ⌈n / parts⌉, so that ranks which must run in step have equally many (within one). Source:
    longest processing time first (Graham 1969), with that limit. The same costs give the same answer.

    Raises:
        ConfigError: ``parts`` is below 1.
    """
    if parts < 1:
        raise ConfigError(f"Work cannot be shared out among {parts} parts.")
    room = -(-len(costs) // parts)
    taken: list[list[int]] = [[] for _ in range(parts)]
    load = [0.0] * parts
    for index in sorted(range(len(costs)), key=lambda index: (-costs[index], index)):
        open_parts = [part for part in range(parts) if len(taken[part]) < room]
        part = min(open_parts, key=lambda part: (load[part], len(taken[part]), part))
        taken[part].append(index)
        load[part] += costs[index]
    return [sorted(each) for each in taken]
