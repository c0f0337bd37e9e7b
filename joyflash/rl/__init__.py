"""Reinforcement learning: policy losses as pure functions."""

from joyflash.rl import fiberpo

__all__ = ["fiberpo"]
