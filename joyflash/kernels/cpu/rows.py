"""Row-wise work in C, each in one pass: norms, gated activations, parts of heads, cross entropy; with gradients.

``joyflash.model.rowwise``, ``joyflash.model.heads`` and ``joyflash.train.losses`` call them and have their twins in
PyTorch.

Letters: M rows, D width of a row, V vocabulary; T tokens, N heads, H width of queries and keys, R its rotated part, W
width of a head's value, X = H - R + W.
"""

from __future__ import annotations

import ctypes
from functools import cache

import torch
from torch import Tensor

from joyflash.errors import KernelError
from joyflash.kernels.cpu.build import load_parallel
from joyflash.kernels.cpu.tensors import Library

_pointer, _number, _long = ctypes.c_void_p, ctypes.c_int, ctypes.c_long


class _Norm(ctypes.Structure):
    _fields_ = [
        *((name, _number) for name in ("rows", "width", "half")),
        ("eps", ctypes.c_float),
        ("row", _long),
        *((name, _pointer) for name in ("x", "weight", "out", "scale", "grad_out", "grad_x", "grad_weight")),
    ]


class _Gated(ctypes.Structure):
    _fields_ = [
        *((name, _number) for name in ("rows", "width", "half")),
        ("row", _long),
        *((name, _pointer) for name in ("gate", "up", "weight", "out")),
        *((name, _pointer) for name in ("grad_out", "grad_gate", "grad_up", "grad_weight")),
    ]


class _Heads(ctypes.Structure):
    _fields_ = [
        *((name, _number) for name in ("rows", "count", "plain", "rotated", "value", "half")),
        *((name, _pointer) for name in ("q", "kv", "k_rope")),
        ("k_rope_row", _long),
        *((name, _pointer) for name in ("cos", "sin", "out_q", "out_k", "out_v")),
    ]


class _Entropy(ctypes.Structure):
    _fields_ = [
        *((name, _number) for name in ("rows", "width", "half")),
        *((name, _pointer) for name in ("logits", "target", "weight", "power", "loss")),
    ]


@cache
def _library() -> Library | None:
    try:
        functions, parallel = load_parallel("rows")
    except KernelError:
        return None
    for name, kind in (
        ("norm", _Norm),
        ("norm_backward", _Norm),
        ("gated", _Gated),
        ("gated_backward", _Gated),
        ("heads", _Heads),
        ("heads_backward", _Heads),
        ("entropy", _Entropy),
    ):
        getattr(functions, f"joyflash_{name}").argtypes = [ctypes.POINTER(kind), _number]
    return Library(functions, parallel)


def can_run(*tensors: Tensor) -> bool:
    """Whether the functions here work, and on these tensors; see ``Library.takes``."""
    library = None if torch.compiler.is_compiling() else _library()
    return library is not None and library.takes(*tensors)


def _run(name: str, call: ctypes.Structure) -> int:
    library = _library()
    if library is None:
        raise KernelError("Compiled row-wise functions are not available here.")
    return getattr(library.functions, f"joyflash_{name}")(call, torch.get_num_threads())


def norm(x_MD: Tensor, weight_D: Tensor, eps: float) -> tuple[Tensor, Tensor]:
    """RMSNorm of rows, and the factor of each row before the weight, float32 [M]."""
    out_MD = x_MD.new_empty(x_MD.shape)
    scale_M = torch.empty(len(x_MD), dtype=torch.float32)
    held = (_side_by_side(x_MD), weight_D.contiguous())
    _run("norm", _norm_call(*held, eps, scale_M, out=out_MD.data_ptr()))
    return out_MD, scale_M


def norm_backward(grad_MD: Tensor, x_MD: Tensor, weight_D: Tensor, scale_M: Tensor) -> tuple[Tensor, Tensor]:
    """Gradients of ``norm`` for its rows, and for its weights in float32.

    Raises:
        KernelError: there is no memory for its sums.
    """
    grad_x_MD = x_MD.new_empty(x_MD.shape)
    grad_weight_D = torch.empty(x_MD.shape[1], dtype=torch.float32)
    held, grad_MD = (_side_by_side(x_MD), weight_D.contiguous()), grad_MD.contiguous()
    given = {"grad_out": grad_MD.data_ptr(), "grad_x": grad_x_MD.data_ptr(), "grad_weight": grad_weight_D.data_ptr()}
    if _run("norm_backward", _norm_call(*held, 0.0, scale_M, **given)):
        raise KernelError(f"There is no memory for the gradients of a norm over {len(x_MD)} rows.")
    return grad_x_MD, grad_weight_D


def _norm_call(x_MD: Tensor, weight_D: Tensor, eps: float, scale_M: Tensor, **pointers: int) -> _Norm:
    return _Norm(
        rows=x_MD.shape[0],
        width=x_MD.shape[1],
        half=x_MD.dtype == torch.bfloat16,
        eps=eps,
        row=x_MD.stride(0),
        x=x_MD.data_ptr(),
        weight=weight_D.data_ptr(),
        scale=scale_M.data_ptr(),
        **pointers,
    )


def gated(gate_MD: Tensor, up_MD: Tensor, weight_M: Tensor | None = None) -> Tensor:
    """silu(gate) * up, times a row's weight if there are weights: [M, D]."""
    out_MD = gate_MD.new_empty(gate_MD.shape)
    gate_MD, up_MD = _alike(gate_MD, up_MD)
    held = None if weight_M is None else weight_M.contiguous()
    _run("gated", _gated_call(gate_MD, up_MD, held, out=out_MD.data_ptr()))
    return out_MD


def gated_backward(
    grad_MD: Tensor, gate_MD: Tensor, up_MD: Tensor, grads: tuple[Tensor, Tensor], weight_M: Tensor | None = None
) -> tuple[Tensor, Tensor] | None:
    """Gradients of ``gated``.

    Args:
        grad_MD: of its output.
        gate_MD, up_MD: its inputs.
        grads: receive the gradients of gate and up, in rows as far apart as those of ``gate_MD``.
        weight_M: as there.

    Returns:
        With weights: the output once more, and the weights' gradient, float32 [M].
    """
    rows = gate_MD.shape[0]
    grad_MD = grad_MD.contiguous()
    given = {"grad_out": grad_MD.data_ptr(), "grad_gate": grads[0].data_ptr(), "grad_up": grads[1].data_ptr()}
    if weight_M is None:
        _run("gated_backward", _gated_call(gate_MD, up_MD, None, **given))
        return None
    weight_M, out_MD = weight_M.contiguous(), gate_MD.new_empty(gate_MD.shape)
    grad_weight_M = torch.empty(rows, dtype=torch.float32)
    given |= {"out": out_MD.data_ptr(), "grad_weight": grad_weight_M.data_ptr()}
    _run("gated_backward", _gated_call(gate_MD, up_MD, weight_M, **given))
    return out_MD, grad_weight_M


def _gated_call(gate_MD: Tensor, up_MD: Tensor, weight_M: Tensor | None, **pointers: int) -> _Gated:
    return _Gated(
        rows=gate_MD.shape[0],
        width=gate_MD.shape[1],
        half=gate_MD.dtype == torch.bfloat16,
        row=gate_MD.stride(0),
        gate=gate_MD.data_ptr(),
        up=up_MD.data_ptr(),
        weight=None if weight_M is None else weight_M.data_ptr(),
        **pointers,
    )


_MOST_ROTATED = 512


def can_make_heads(q_TNH: Tensor, kv_TNX: Tensor, k_rope_TR: Tensor, cos: Tensor, sin: Tensor) -> bool:
    """Whether ``heads`` takes these tensors."""
    angles = len(q_TNH) * k_rope_TR.shape[1] // 2
    return (
        k_rope_TR.shape[1] <= _MOST_ROTATED
        and all(angle.dtype == torch.float32 and angle.numel() == angles for angle in (cos, sin))
        and can_run(q_TNH, kv_TNX, k_rope_TR)
        and can_run(cos, sin)
    )


def heads(q_TNH: Tensor, kv_TNX: Tensor, k_rope_TR: Tensor, cos: Tensor, sin: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Rotated queries [T, N, H], keys [T, N, H] and values [T, N, W]; ``cos`` and ``sin`` are float32 of T * R / 2."""
    q_TNH, kv_TNX, k_rope_TR = q_TNH.contiguous(), kv_TNX.contiguous(), _side_by_side(k_rope_TR)
    width = kv_TNX.shape[2] - q_TNH.shape[2] + k_rope_TR.shape[1]
    found = (q_TNH.new_empty(q_TNH.shape), q_TNH.new_empty(q_TNH.shape), q_TNH.new_empty(*q_TNH.shape[:2], width))
    _run_heads("heads", (q_TNH, kv_TNX, k_rope_TR), (cos, sin), found)
    return found


def heads_backward(
    grads: tuple[Tensor, Tensor, Tensor], rotated: int, cos: Tensor, sin: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Gradients of ``heads`` for its first three arguments, from those of its results; ``rotated`` is R."""
    q, k, v = (grad.contiguous() for grad in grads)
    rows, count, width = q.shape
    found = (q.new_empty(q.shape), q.new_empty(rows, count, width - rotated + v.shape[2]), q.new_empty(rows, rotated))
    _run_heads("heads_backward", found, (cos, sin), (q, k, v))
    return found


def _run_heads(
    name: str,
    parts: tuple[Tensor, Tensor, Tensor],
    angles: tuple[Tensor, Tensor],
    whole: tuple[Tensor, Tensor, Tensor],
) -> None:
    (q, kv, k_rope), (cos, sin), (out_q, out_k, out_v) = parts, (angle.contiguous() for angle in angles), whole
    call = _Heads(
        rows=q.shape[0],
        count=q.shape[1],
        plain=q.shape[2] - k_rope.shape[1],
        rotated=k_rope.shape[1],
        value=out_v.shape[2],
        half=q.dtype == torch.bfloat16,
        k_rope_row=k_rope.stride(0),
        q=q.data_ptr(),
        kv=kv.data_ptr(),
        k_rope=k_rope.data_ptr(),
        cos=cos.data_ptr(),
        sin=sin.data_ptr(),
        out_q=out_q.data_ptr(),
        out_k=out_k.data_ptr(),
        out_v=out_v.data_ptr(),
    )
    _run(name, call)


def entropy(logits_MV: Tensor, target_M: Tensor, weight_M: Tensor, power_M: Tensor | None = None) -> Tensor:
    """Cross entropies [M] in nats, not weighted; the logits become the gradients of their weighted sum.

    With powers a row's weight is multiplied by its target's probability to that power, which counts as a constant.

    Args:
        logits_MV: contiguous.
        target_M: int64; where one is not from 0 to V - 1, loss and gradients of its row are no numbers.
        weight_M, power_M: float32.

    Raises:
        KernelError: targets, weights or powers are of another type, or not one for each row.
    """
    given = {"targets": (target_M, torch.int64), "weights": (weight_M, torch.float32)}
    if power_M is not None:
        power_M = power_M.contiguous()
        given["powers"] = (power_M, torch.float32)
    for name, (tensor, dtype) in given.items():
        if tensor.dtype != dtype or tensor.shape != logits_MV.shape[:1]:
            found = f"{tuple(tensor.shape)} of {tensor.dtype}"
            raise KernelError(f"{len(logits_MV)} rows of logits need as many {name} of {dtype}, not {found}.")
    loss_M = torch.empty(len(logits_MV), dtype=torch.float32)
    target_M, weight_M = target_M.contiguous(), weight_M.contiguous()
    call = _Entropy(
        rows=logits_MV.shape[0],
        width=logits_MV.shape[1],
        half=logits_MV.dtype == torch.bfloat16,
        logits=logits_MV.data_ptr(),
        target=target_M.data_ptr(),
        weight=weight_M.data_ptr(),
        power=None if power_M is None else power_M.data_ptr(),
        loss=loss_M.data_ptr(),
    )
    _run("entropy", call)
    return loss_M


def _side_by_side(x_MD: Tensor) -> Tensor:
    return x_MD if x_MD.stride(1) == 1 else x_MD.contiguous()


def _alike(gate_MD: Tensor, up_MD: Tensor) -> tuple[Tensor, Tensor]:
    if gate_MD.stride() == up_MD.stride() and gate_MD.stride(1) == 1:
        return gate_MD, up_MD
    return gate_MD.contiguous(), up_MD.contiguous()
