"""Triton kernels of a decode step, each beside its PyTorch twin; import nothing from here unless ``usable`` says so."""

from __future__ import annotations

import importlib.util


def usable() -> bool:
    """Whether Triton is installed, which all other modules of this folder import."""
    return importlib.util.find_spec("triton") is not None
