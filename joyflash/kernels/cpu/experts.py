"""Routed experts in C on a processor's matrix units; ``joyflash.model.experts`` has the same in single products.

Letters: M rows, E experts, D hidden, I width of an expert, J = 2 * I.
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

_NUMBERS = ("spans", "experts", "hidden", "inner", "rows")
_ARRAYS = ("span", "x", "weight", "gate_up", "down", "out", "projected")
_GRADIENTS = ("grad_out", "grad_x", "grad_gate_up", "grad_down", "grad_weight")
_MULTIPLE = 32

_LARGEST = 1 << 17
"""Numbers of an expert's down projection. Every call brings the matrices into the units' layout: at 256 x 128 it takes
a third of the time of single products, at 2,048 x 768 more than they do (measured)."""


class _Call(ctypes.Structure):
    _fields_ = [
        *((name, ctypes.c_int) for name in _NUMBERS),
        *((name, ctypes.c_void_p) for name in (*_ARRAYS, *_GRADIENTS)),
    ]


@cache
def _library() -> Library | None:
    try:
        functions, parallel = load_parallel("experts")
    except KernelError:
        return None
    if not functions.joyflash_matrix_units():
        return None
    for function in (functions.joyflash_experts, functions.joyflash_experts_backward):
        function.argtypes = [ctypes.POINTER(_Call), ctypes.c_int]
    return Library(functions, parallel)


def can_run(x_MD: Tensor, weight_M: Tensor, gate_up_EJD: Tensor, down_EDI: Tensor) -> bool:
    """Whether the functions here take these tensors, and are worth it.

    That is bfloat16, small experts with widths in multiples of 32, and matrix units (AMX). Neither rows nor threads
    decide: with them, the bits of a training run would depend on how many processes share it.
    """
    hidden, inner = down_EDI.shape[1:]
    if x_MD.dtype != torch.bfloat16 or hidden % _MULTIPLE or inner % _MULTIPLE or hidden * inner > _LARGEST:
        return False
    library = None if torch.compiler.is_compiling() else _library()
    return library is not None and library.takes(x_MD, weight_M, gate_up_EJD, down_EDI)


def feed(
    x_MD: Tensor, weight_M: Tensor, gate_up_EJD: Tensor, down_EDI: Tensor, spans: Sequence[tuple[int, int, int]]
) -> tuple[Tensor, Tensor]:
    """Rows through their experts, times their weights [M, D]; and the projections [M, J].

    Args:
        spans: expert, first row, end row of those that have rows.

    Raises:
        KernelError: there is no memory for its buffers.
    """
    out_MD, projected_MJ = x_MD.new_empty(x_MD.shape), x_MD.new_empty(len(x_MD), gate_up_EJD.shape[1])
    given = {"x": x_MD, "weight": weight_M, "gate_up": gate_up_EJD, "down": down_EDI}
    _run("joyflash_experts", spans, given, {"out": out_MD, "projected": projected_MJ})
    return out_MD, projected_MJ


def feed_backward(
    grad_MD: Tensor,
    x_MD: Tensor,
    weight_M: Tensor,
    projected_MJ: Tensor,
    gate_up_EJD: Tensor,
    down_EDI: Tensor,
    spans: Sequence[tuple[int, int, int]],
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Gradients of ``feed`` for rows, weights (float32) and both matrices; zero for an expert without rows.

    Raises:
        KernelError: there is no memory for its buffers.
    """
    given = {"x": x_MD, "weight": weight_M, "gate_up": gate_up_EJD, "down": down_EDI}
    given |= {"projected": projected_MJ, "grad_out": grad_MD}
    grads = {
        "grad_x": x_MD.new_empty(x_MD.shape),
        "grad_weight": weight_M.new_empty(weight_M.shape, dtype=torch.float32),
        "grad_gate_up": gate_up_EJD.new_empty(gate_up_EJD.shape),
        "grad_down": down_EDI.new_empty(down_EDI.shape),
    }
    _run("joyflash_experts_backward", spans, given, grads)
    return grads["grad_x"], grads["grad_weight"], grads["grad_gate_up"], grads["grad_down"]


def _run(
    function: str, spans: Sequence[tuple[int, int, int]], given: dict[str, Tensor], results: dict[str, Tensor]
) -> None:
    library = _library()
    if library is None:
        raise KernelError("This processor has no matrix units, or there is no compiler.")
    arrays = {name: tensor.contiguous() for name, tensor in given.items()} | results
    flat = (ctypes.c_int * (3 * len(spans)))(*(number for span in spans for number in span))
    experts, hidden, inner = given["down"].shape
    call = _Call(
        spans=len(spans),
        experts=experts,
        hidden=hidden,
        inner=inner,
        rows=len(given["x"]),
        span=ctypes.addressof(flat),
        **{name: tensor.data_ptr() for name, tensor in arrays.items()},
    )
    if getattr(library.functions, function)(call, torch.get_num_threads()):
        raise KernelError(f"There is no memory for experts of {inner} by {hidden}.")
