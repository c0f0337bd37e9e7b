"""The one place that imports optional packages."""

from __future__ import annotations

import importlib
from types import ModuleType

from joyflash.errors import MissingExtraError

try:  # the same checksum nine times as fast, with the processor's carry-less products
    from isal.isal_zlib import crc32
except ImportError:  # no wheel for this processor
    from zlib import crc32

__all__ = ["crc32", "require"]


def require(module: str, extra: str) -> ModuleType:
    """Import an optional ``module``; raise MissingExtraError naming the ``extra`` that installs it."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or module.split(".")[0] != error.name.split(".")[0]:
            raise
        raise MissingExtraError(
            f"The package '{module.split('.')[0]}' is not installed. Install it with: pip install 'joyflash[{extra}]'"
        ) from error
