"""Reinforcement learning: policy losses as pure functions."""

from joyflash.rl import fiberpo, losses

__all__ = ["fiberpo", "losses"]
