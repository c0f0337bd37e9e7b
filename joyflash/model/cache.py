"""PagedCache: the attention memory of running requests, in blocks that any request may hold.

Letters: L layers (the MTP block's last), S places of tokens, W cache width (latent + rotated key), B requests,
T new tokens, K keys.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from joyflash.errors import EngineError
from joyflash.model.config import ModelConfig


class PagedCache:
    """Latent and rotated key of every cached token, [L, S, W]; 576 values per token and layer in the 48B model.

    Which request holds which block is kept elsewhere (``joyflash.engine.block_pool``): a request's *table* lists its
    blocks in the order of its tokens.
    """

    def __init__(
        self,
        config: ModelConfig,
        blocks: int,
        block_size: int = 16,
        dtype: torch.dtype = torch.float32,
        device: torch.device | str = "cpu",
    ):
        self.blocks, self.block_size = blocks, block_size
        layers = config.num_hidden_layers + config.num_nextn_predict_layers
        self.kv_LSW = torch.zeros(layers, blocks * block_size, config.cache_width, dtype=dtype, device=device)

    def places(self, tables: Sequence[Sequence[int]], length: int) -> torch.Tensor:
        """Where the first ``length`` tokens of each table lie, int64 [B, length]; padded where a table is shorter."""
        blocks = -(-length // self.block_size)
        padded = [[*table[:blocks], *[table[0]] * (blocks - len(table))] for table in tables]
        first = torch.tensor(padded, dtype=torch.int64, device=self.kv_LSW.device) * self.block_size
        inside = torch.arange(self.block_size, device=self.kv_LSW.device)
        return (first[:, :, None] + inside).flatten(1)[:, :length]

    def check_room(self, tables: Sequence[Sequence[int]], lengths: Sequence[int]) -> None:
        """EngineError unless each table has the blocks for ``lengths`` tokens."""
        for table, length in zip(tables, lengths, strict=True):
            if not table or len(table) * self.block_size < length:
                raise EngineError(f"{len(table)} blocks of {self.block_size} tokens do not hold {length} tokens.")

    def append(self, layer: int, write_BT: torch.Tensor, read_BK: torch.Tensor, kv_BTW: torch.Tensor) -> torch.Tensor:
        """Write new tokens at their places and return what is cached at ``read_BK``, [B, K, W]."""
        kv_SW = self.kv_LSW[layer]
        kv_SW[write_BT] = kv_BTW.to(kv_SW.dtype)
        return kv_SW[read_BK]
