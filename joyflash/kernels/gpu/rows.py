"""DeviceRows: what kernels know of a step's rows, in int32 tensors that keep their place from step to step.

Letters: n rows, s sequences, B blocks of a table.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class DeviceRows:
    """Rows of a step, those of a sequence together; what is padding has sequence -1 and writes nothing.

    Attributes:
        tokens_n, positions_n, sequences_n: of each row.
        first_s, count_s, length_s: of each sequence: its first row, its rows (0 = padding), and its tokens in the
            cache, these rows included.
        tables_sB: cache blocks of each sequence; a row of it need not lie next to the one before.
        block_size: tokens of a block.
        longest: most rows of a sequence that kernels are launched for.
    """

    tokens_n: Tensor
    positions_n: Tensor
    sequences_n: Tensor
    first_s: Tensor
    count_s: Tensor
    length_s: Tensor
    tables_sB: Tensor
    block_size: int
    longest: int

    @property
    def rows(self) -> int:
        """Rows, padding included."""
        return self.tokens_n.shape[0]

    def places(self, sequence: int) -> Tensor:
        """Where a sequence's tokens lie in the cache, int64; for twins and tests."""
        tokens = torch.arange(int(self.length_s[sequence]), device=self.tokens_n.device)
        blocks = self.tables_sB[sequence].long()[tokens // self.block_size]
        return blocks * self.block_size + tokens % self.block_size
