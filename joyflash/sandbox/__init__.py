"""Runs Python that a model wrote: no network, no files but its own, bounded time, memory and processes (Linux)."""

from joyflash.sandbox.isolation import WALLS, Isolation
from joyflash.sandbox.result import Limits, SandboxResult
from joyflash.sandbox.run import isolation, run_python

__all__ = ["WALLS", "Isolation", "Limits", "SandboxResult", "isolation", "run_python"]
