"""LatentCache: the attention memory of running requests, one slot each.

Letters: L layers, S slots, C capacity in tokens, W cache width (latent + rotated key), B requests, T new tokens.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from joyflash.errors import EngineError
from joyflash.model.config import ModelConfig


class LatentCache:
    """Latent and rotated key of every cached token, [L, S, C, W]; 576 values per token and layer in the 48B model."""

    def __init__(
        self,
        config: ModelConfig,
        slots: int,
        capacity: int,
        dtype: torch.dtype = torch.float32,
        device: torch.device | str = "cpu",
    ):
        self.kv_LSCW = torch.zeros(
            config.num_hidden_layers, slots, capacity, config.cache_width, dtype=dtype, device=device
        )
        self._lengths: dict[int, int] = {}
        self._free = list(range(slots - 1, -1, -1))

    @property
    def slots(self) -> int:
        """How many requests fit at once."""
        return self.kv_LSCW.shape[1]

    @property
    def capacity(self) -> int:
        """How many tokens one slot holds."""
        return self.kv_LSCW.shape[2]

    @property
    def free_slots(self) -> int:
        """How many slots are unused."""
        return len(self._free)

    def allocate(self) -> int:
        """Take an empty slot; EngineError when all are in use."""
        if not self._free:
            raise EngineError(f"All {self.slots} cache slots are in use; wait for a request to end.")
        slot = self._free.pop()
        self._lengths[slot] = 0
        return slot

    def release(self, slot: int) -> None:
        """Give a slot back."""
        self.length(slot)
        del self._lengths[slot]
        self._free.append(slot)

    def length(self, slot: int) -> int:
        """Tokens held by ``slot``; EngineError if nobody owns it."""
        if slot not in self._lengths:
            raise EngineError(f"Cache slot {slot} is not allocated.")
        return self._lengths[slot]

    def truncate(self, slot: int, length: int) -> None:
        """Forget the tokens of ``slot`` from ``length`` on; nothing is copied."""
        if not 0 <= length <= self.length(slot):
            raise EngineError(f"Cannot cut slot {slot} of {self.length(slot)} tokens to {length}.")
        self._lengths[slot] = length

    def advance(self, slots: Sequence[int], count: int) -> None:
        """Count ``count`` more tokens in each of ``slots``, after all layers have written them."""
        for slot in slots:
            self._lengths[slot] += count

    def check_room(self, slots: Sequence[int], count: int) -> None:
        """EngineError unless each of ``slots`` has room for ``count`` more tokens."""
        for slot in slots:
            if self.length(slot) + count > self.capacity:
                raise EngineError(
                    f"Cache slot {slot} holds {self.length(slot)} of {self.capacity} tokens; {count} more do not fit."
                )

    def append(self, layer: int, slots: Sequence[int], kv_BTW: torch.Tensor) -> torch.Tensor:
        """Write T new tokens behind each slot's present ones and return all of them, padded: [B, longest, W]."""
        count = kv_BTW.shape[1]
        kv_SCW = self.kv_LSCW[layer]
        for row, slot in enumerate(slots):
            start = self._lengths[slot]
            kv_SCW[slot, start : start + count] = kv_BTW[row]
        longest = max(self._lengths[slot] for slot in slots) + count
        if len(slots) == 1:
            return kv_SCW[slots[0] : slots[0] + 1, :longest]
        return kv_SCW[list(slots), :longest]
