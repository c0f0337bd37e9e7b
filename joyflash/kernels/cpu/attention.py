"""Causal attention in C, with gradients; ``joyflash.model.segment_attention`` has its twin in PyTorch.

Letters: T queries, K = behind + T keys, N heads, H width of queries and keys, V width of values.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from functools import cache

import torch
from torch import Tensor

from joyflash.errors import KernelError
from joyflash.kernels.cpu.build import load_parallel
from joyflash.kernels.cpu.tensors import Library

_NUMBERS = ("queries", "behind", "heads", "width", "value_width", "half", "matrix")
_INPUTS = ("q", "k", "v", "grad_out")
_ARRAYS = ("q", "k", "v", "out", "lse", "grad_out", "grad_q", "grad_k", "grad_v")

USE_MATRIX_UNITS = True
"""Whether attention in bfloat16 takes the processor's matrix units, where it has any (AMX on x86-64)."""


class _Array(ctypes.Structure):
    _fields_ = [("start", ctypes.c_void_p), ("row", ctypes.c_long), ("head", ctypes.c_long)]


class _Call(ctypes.Structure):
    _fields_ = [
        *((name, ctypes.c_int) for name in _NUMBERS),
        ("scale", ctypes.c_float),
        *((name, _Array) for name in _ARRAYS),
    ]


@cache
def _library() -> Library | None:
    try:
        functions, parallel = load_parallel("attention")
    except KernelError:
        return None
    for function in (functions.joyflash_attention, functions.joyflash_attention_backward):
        function.argtypes = [ctypes.POINTER(_Call), ctypes.c_int]
    return Library(functions, parallel)


def can_attend(*tensors: Tensor) -> bool:
    """Whether ``attend`` works here, and on these tensors; see ``Library.takes``."""
    library = None if torch.compiler.is_compiling() else _library()
    return library is not None and library.takes(*tensors)


def attend(q_TNH: Tensor, k_KNH: Tensor, v_KNV: Tensor, out_TNV: Tensor, lse_TN: Tensor, scale: float) -> None:
    """Attention of the last T of K tokens to those up to their own.

    Args:
        q_TNH, k_KNH, v_KNV: float32 or bfloat16 in any strides.
        out_TNV: receives the result; of the same dtype, a head's numbers side by side.
        lse_TN: float32; receives each query's log of the sum of the exponentials of its scores.
        scale: of the scores.

    Raises:
        KernelError: there is no memory for its buffers.
    """
    arrays = {"q": q_TNH, "k": k_KNH, "v": v_KNV, "out": out_TNV, "lse": lse_TN}
    _run("joyflash_attention", arrays, scale)


def attend_backward(
    grad_TNV: Tensor,
    q_TNH: Tensor,
    k_TNH: Tensor,
    v_TNV: Tensor,
    out_TNV: Tensor,
    lse_TN: Tensor,
    grads: Sequence[Tensor],
    scale: float,
) -> None:
    """Gradients of ``attend`` where nothing lies behind; ``grads`` receives those of queries, keys and values.

    Raises:
        KernelError: there is no memory for its buffers.
    """
    arrays = {"q": q_TNH, "k": k_TNH, "v": v_TNV, "out": out_TNV, "lse": lse_TN, "grad_out": grad_TNV}
    _run("joyflash_attention_backward", arrays | dict(zip(("grad_q", "grad_k", "grad_v"), grads, strict=True)), scale)


def _run(function: str, arrays: dict[str, Tensor], scale: float) -> None:
    library = _library()
    if library is None:
        raise KernelError("Compiled attention is not available here.")
    held = {
        name: array.contiguous() if name in _INPUTS and array.stride(-1) != 1 else array
        for name, array in arrays.items()
    }
    q, v = held["q"], held["v"]
    call = _Call(
        queries=q.shape[0],
        behind=held["k"].shape[0] - q.shape[0],
        heads=q.shape[1],
        width=q.shape[2],
        value_width=v.shape[2],
        half=q.dtype == torch.bfloat16,
        matrix=USE_MATRIX_UNITS,
        scale=scale,
        **{name: _Array(array.data_ptr(), array.stride(0), array.stride(1)) for name, array in held.items()},
    )
    if getattr(library.functions, function)(call, torch.get_num_threads()):
        raise KernelError(f"There is no memory for attention over {held['k'].shape[0]} tokens.")
