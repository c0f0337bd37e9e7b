"""The compiled half of sampling; ``joyflash.engine.sampler`` has its plain twin."""

from __future__ import annotations

import ctypes
from functools import cache

from torch import Tensor

from joyflash.errors import KernelError
from joyflash.kernels.cpu.build import load_library


@cache
def _library() -> ctypes.CDLL | None:
    try:
        library = load_library(32)
    except KernelError:
        return None
    pointer, number = ctypes.c_void_p, ctypes.c_int
    library.joyflash_draw.argtypes = [pointer, number, pointer, ctypes.c_int64, ctypes.c_double]
    library.joyflash_finite.argtypes = [pointer, number]
    return library


def _loaded() -> ctypes.CDLL:
    library = _library()
    if library is None:
        raise KernelError("The compiled sampler is not available here.")
    return library


def can_draw(scores: Tensor) -> bool:
    """Whether ``gumbel_argmax`` works here on this tensor."""
    return scores.device.type == "cpu" and _library() is not None


def all_finite(values_v: Tensor) -> bool:
    """Whether float32 ``values_v``, contiguous and on the CPU, has no infinity and no NaN."""
    return bool(_loaded().joyflash_finite(values_v.data_ptr(), values_v.numel()))


def gumbel_argmax(scores_v: Tensor, key: int, temperature: float, ids_v: Tensor | None = None) -> int:
    """Index of the largest ``scores + temperature * noise``, or -1 where every score is -inf.

    Args:
        scores_v: float32, contiguous, on the CPU, no NaN.
        key: int64 hash of everything that the noise depends on but the token id.
        temperature: 0 takes the largest score.
        ids_v: int32 token ids of the scores; None = 0, 1, 2, …
    """
    ids = None if ids_v is None else ids_v.data_ptr()
    return _loaded().joyflash_draw(scores_v.data_ptr(), scores_v.numel(), ids, key, temperature)
