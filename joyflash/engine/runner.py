"""The model and its cache behind three verbs: take a slot, feed tokens, give the slot back.

Letters: B sequences, T tokens, D hidden, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import torch
from torch import Tensor


class Cache(Protocol):
    """What the runner needs of a cache; ``joyflash.model.cache.LatentCache`` is one."""

    @property
    def slots(self) -> int: ...

    @property
    def free_slots(self) -> int: ...

    @property
    def capacity(self) -> int: ...

    def allocate(self) -> int: ...

    def release(self, slot: int) -> None: ...

    def length(self, slot: int) -> int: ...

    def truncate(self, slot: int, length: int) -> None: ...


class CausalModel(Protocol):
    """What the runner needs of a model; ``joyflash.model.joyflash.JoyFlash`` is one."""

    def extend(self, tokens_BT: Tensor, cache: Any, slots: Sequence[int]) -> Tensor: ...

    def logits(self, hidden: Tensor) -> Tensor: ...


class Runner:
    """Feeds tokens to the model and keeps account of the cache slots it took."""

    def __init__(self, model: CausalModel, cache: Cache, device: torch.device | str = "cpu") -> None:
        self._model = model
        self._cache = cache
        self._device = device
        self._held: set[int] = set()

    @property
    def capacity(self) -> int:
        """Tokens that one slot holds."""
        return self._cache.capacity

    @property
    def free_slots(self) -> int:
        """Slots that nobody holds."""
        return self._cache.free_slots

    @property
    def held_slots(self) -> frozenset[int]:
        """Slots that are taken."""
        return frozenset(self._held)

    def allocate(self) -> int:
        """Take an empty slot."""
        slot = self._cache.allocate()
        self._held.add(slot)
        return slot

    def release(self, slot: int) -> None:
        """Give a slot back."""
        self._held.remove(slot)
        self._cache.release(slot)

    def rewind(self, slot: int, length: int) -> None:
        """Forget what was cached beyond ``length`` tokens."""
        self._cache.truncate(slot, length)

    def prefill(self, slot: int, tokens: Sequence[int]) -> Tensor:
        """Cache a chunk of a prompt; return the logits after its last token, float32 [1, V]."""
        return self._extend([list(tokens)], [slot])

    def decode(self, slots: Sequence[int], tokens: Sequence[int]) -> Tensor:
        """Cache one token in each of B slots; return the logits after them, float32 [B, V]."""
        return self._extend([[token] for token in tokens], slots)

    def _extend(self, rows: list[list[int]], slots: Sequence[int]) -> Tensor:
        tokens_BT = torch.tensor(rows, dtype=torch.int64, device=self._device)
        hidden_BTD = self._model.extend(tokens_BT, self._cache, list(slots))
        return self._model.logits(hidden_BTD[:, -1])
