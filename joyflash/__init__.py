"""joyflash: the whole JoyAI-LLM-Flash recipe in one readable package.

The names below are imported on first use, so ``import joyflash`` itself is quick and needs no PyTorch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from joyflash import optim, rl
    from joyflash.engine.engine import Engine
    from joyflash.model.loading import load_model

__version__ = "0.1.0"
__all__ = ["Engine", "__version__", "load_model", "optim", "rl"]


def __getattr__(name: str) -> Any:
    """Import a public name from its room."""
    if name == "load_model":
        return import_module("joyflash.model.loading").load_model
    if name == "Engine":
        return import_module("joyflash.engine.engine").Engine
    if name in ("optim", "rl"):
        return import_module(f"joyflash.{name}")
    raise AttributeError(f"module 'joyflash' has no attribute '{name}'")
