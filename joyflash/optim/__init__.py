"""Muon (fast and reference), parameter groups and learning-rate schedules."""

from joyflash.optim.groups import build_optimizers
from joyflash.optim.muon import Muon

__all__ = ["Muon", "build_optimizers"]
