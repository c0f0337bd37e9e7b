"""Reinforcement learning: policy losses as pure functions, environments, rollouts, and the stage that joins them.

The losses are imported on first use, so that a process which only runs environments needs no PyTorch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from joyflash.rl import fiberpo, losses

__all__ = ["fiberpo", "losses"]


def __getattr__(name: str) -> Any:
    """Import a loss module."""
    if name in __all__:
        return import_module(f"joyflash.rl.{name}")
    raise AttributeError(f"module 'joyflash.rl' has no attribute '{name}'")
