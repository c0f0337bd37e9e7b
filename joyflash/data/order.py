"""A shuffled order without memory: place of the i-th sample, epoch after epoch."""

from __future__ import annotations

import hashlib

from joyflash.errors import ConfigError


def shuffled(index: int, size: int, key: str) -> int:
    """Place of ``index`` in an endless list that visits ``range(size)`` once per epoch, in another order each time.

    A four-round Feistel network on the next even power of two, walked until it falls below ``size``: a permutation
    that needs no memory and no random generator's state.
    """
    if size < 1:
        raise ConfigError("An empty list has no order.")
    epoch, value = divmod(index, size)
    half = max(1, (max(size - 1, 1).bit_length() + 1) // 2)
    mask = (1 << half) - 1
    digest = hashlib.sha256(f"{key}/{epoch}".encode()).digest()
    round_keys = [int.from_bytes(digest[4 * n : 4 * n + 4], "big") for n in range(4)]
    while True:
        left, right = value >> half, value & mask
        for round_key in round_keys:
            left, right = right, left ^ (_mix(right, round_key) & mask)
        value = left << half | right
        if value < size:
            return value


def _mix(value: int, key: int) -> int:
    """32-bit integer hash (the finaliser of MurmurHash3)."""
    value = (value ^ key) & 0xFFFFFFFF
    value = (value ^ value >> 16) * 0x85EBCA6B & 0xFFFFFFFF
    value = (value ^ value >> 13) * 0xC2B2AE35 & 0xFFFFFFFF
    return value ^ value >> 16
