"""The compiled half of sampling; ``joyflash.kernels.gumbel`` has its plain twin."""

from __future__ import annotations

import ctypes
from functools import cache

from torch import Tensor

from joyflash.errors import KernelError
from joyflash.kernels.cpu.build import load_step


@cache
def _library() -> ctypes.CDLL | None:
    try:
        library = load_step(32)
    except KernelError:
        return None
    pointer, number = ctypes.c_void_p, ctypes.c_int
    library.joyflash_argmax.argtypes = [pointer, number, pointer, ctypes.c_int64, ctypes.c_double]
    library.joyflash_finite.argtypes = [pointer, number]
    return library


def _loaded() -> ctypes.CDLL:
    library = _library()
    if library is None:
        raise KernelError("The compiled sampler is not available here.")
    return library


def can_draw(scores: Tensor) -> bool:
    """Whether ``compiled_argmax`` works here on this tensor."""
    return scores.device.type == "cpu" and _library() is not None


def all_finite(values_v: Tensor) -> bool:
    """Whether float32 ``values_v``, contiguous and on the CPU, has no infinity and no NaN."""
    return bool(_loaded().joyflash_finite(values_v.data_ptr(), values_v.numel()))


def compiled_argmax(scores_v: Tensor, key: int, temperature: float, ids_v: Tensor | None) -> int:
    """See ``joyflash.kernels.gumbel.gumbel_argmax``; float32 scores, contiguous and on the CPU."""
    ids = None if ids_v is None else ids_v.data_ptr()
    return _loaded().joyflash_argmax(scores_v.data_ptr(), scores_v.numel(), ids, key, temperature)
