"""Rows of sequences in a paged cache, as the tests of several kernels want them."""

from __future__ import annotations

import random

import torch

from joyflash.kernels.gpu.rows import DeviceRows


def step_rows(sequences: list[tuple[int, int]], padding: int = 0, block: int = 4, seed: int = 0) -> DeviceRows:
    """(tokens in the cache before, new rows) of each sequence, in scattered blocks; then rows of padding."""
    rng = random.Random(seed)
    lengths = [before + count for before, count in sequences]
    needed = [-(-length // block) for length in lengths]
    free = rng.sample(range(sum(needed) + 3), sum(needed))
    tables = torch.zeros(len(sequences) + padding, max(needed) + 2, dtype=torch.int32)
    for number, blocks in enumerate(needed):
        tables[number, :blocks] = torch.tensor([free.pop() for _ in range(blocks)], dtype=torch.int32)
    positions = [before + i for before, count in sequences for i in range(count)] + [0] * padding
    owners = [number for number, (_, count) in enumerate(sequences) for _ in range(count)] + [-1] * padding
    counts = [count for _, count in sequences] + [0] * padding
    firsts = [sum(counts[:number]) for number in range(len(counts))]

    def ints(values: list[int]) -> torch.Tensor:
        return torch.tensor(values, dtype=torch.int32)

    tokens = [rng.randrange(90) for _ in positions]
    return DeviceRows(
        ints(tokens), ints(positions), ints(owners), ints(firsts), ints(counts), ints(lengths + [0] * padding),
        tables, block, max(counts)
    )  # fmt: skip


def cache_places(rows: DeviceRows) -> int:
    """Places of a cache that the blocks of ``step_rows`` fit in."""
    return (int(rows.tables_sB.max()) + 4) * rows.block_size
