"""CpuStep: the compiled step behind numbers and tensors.

Letters: n rows, m kept rows, D hidden, V vocabulary, S sequences.
"""

from __future__ import annotations

import ctypes
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from joyflash.errors import KernelError
from joyflash.kernels.cpu.build import load_library
from joyflash.kernels.cpu.packed import PackedMatrix

_INTS = (
    "hidden",
    "heads",
    "q_rank",
    "latent",
    "nope",
    "rope",
    "value",
    "experts",
    "chosen",
    "expert_width",
    "layers",
    "vocabulary",
    "dense_width",
    "shared_width",
    "normalise",
    "block_tokens",
    "blocks",
    "max_rows",
    "max_positions",
)
_FLOATS = ("eps", "routed_scale", "attention_scale")
_MODEL_POINTERS = ("embedding", "final_norm", "mtp_enorm", "mtp_hnorm", "mtp_norm", "cos", "sin", "layer", "cache")
_MODEL_MATRICES = ("head", "mtp_join")
_LAYER_POINTERS = ("input_norm", "post_norm", "q_norm", "kv_norm", "router", "router_bias")
_LAYER_MATRICES = (
    "q_a",
    "q_b",
    "kv_a",
    "key_up",
    "value_up",
    "o",
    "gate",
    "up",
    "down",
    "expert_gate_up",
    "expert_down",
)


class _Matrix(ctypes.Structure):
    _fields_ = [("values", ctypes.c_void_p), ("scales", ctypes.c_void_p), ("bits", ctypes.c_long)]


class _Layer(ctypes.Structure):
    _fields_ = [
        *((name, ctypes.c_void_p) for name in _LAYER_POINTERS),
        *((name, _Matrix) for name in _LAYER_MATRICES),
    ]


class _Model(ctypes.Structure):
    _fields_ = [
        *((name, ctypes.c_int) for name in _INTS),
        *((name, ctypes.c_float) for name in _FLOATS),
        *((name, ctypes.c_void_p) for name in _MODEL_POINTERS),
        *((name, _Matrix) for name in _MODEL_MATRICES),
    ]


class _Step(ctypes.Structure):
    _fields_ = [
        ("rows", ctypes.c_int),
        ("table_width", ctypes.c_int),
        *((name, ctypes.c_void_p) for name in ("tokens", "positions", "sequences", "tables", "hidden_in", "kept")),
        ("kept_count", ctypes.c_int),
        ("hidden_out", ctypes.c_void_p),
    ]


@dataclass(frozen=True)
class StepWeights:
    """All that the step reads, under the names of ``step.c``; ``layers`` are the trunk's and, last, the MTP block."""

    sizes: Mapping[str, int | float]
    model: Mapping[str, Tensor | PackedMatrix]
    layers: Sequence[Mapping[str, Tensor | PackedMatrix]]
    cache: Tensor


class CpuStep:
    """The compiled step over given weights and cache; it computes nothing that depends on the number of rows.

    Args:
        weights: float32 norms and routers, everything else in the dtype of ``weights.cache``, or packed where it is a
            matrix of a product; all on the CPU and contiguous; they are used where they lie.
        threads: that work on a step, the caller's included.

    Raises:
        KernelError: no library could be made (see ``load_library``), or there is no memory for its buffers.
    """

    def __init__(self, weights: StepWeights, threads: int) -> None:
        dtype = weights.cache.dtype
        if dtype not in (torch.float32, torch.bfloat16):
            raise KernelError(f"The CPU step takes float32 or bfloat16 weights, not {dtype}.")
        self._library = load_library(32 if dtype == torch.float32 else 16)
        self._declare()
        self._weights = weights  # what the pointers point at
        self._layers = (_Layer * len(weights.layers))(*(_Layer(**_pointers(layer)) for layer in weights.layers))
        pointers = _pointers({**weights.model, "cache": weights.cache})
        model = _Model(**weights.sizes, **pointers, layer=ctypes.cast(self._layers, ctypes.c_void_p))
        self._engine = self._library.joyflash_open(ctypes.byref(model), threads)
        if not self._engine:
            raise KernelError("There is not enough memory for the CPU step's buffers; lower max_context.")
        self.max_rows = int(weights.sizes["max_rows"])
        self._hidden, self._vocabulary = int(weights.sizes["hidden"]), int(weights.sizes["vocabulary"])

    def _declare(self) -> None:
        library, pointer, number = self._library, ctypes.c_void_p, ctypes.c_int
        library.joyflash_open.restype = pointer
        library.joyflash_open.argtypes = [pointer, number]
        library.joyflash_close.argtypes = [pointer]
        library.joyflash_trunk.argtypes = library.joyflash_mtp.argtypes = [pointer, pointer]
        library.joyflash_head.argtypes = [pointer, pointer, number, pointer, number, pointer]
        sizes = ctypes.sizeof(_Model) * 10000 + ctypes.sizeof(_Layer) * 100 + ctypes.sizeof(_Step)
        if library.joyflash_layout() != sizes:
            raise KernelError("The compiled CPU step has another layout than its caller; delete it from the cache.")

    def __del__(self) -> None:
        if getattr(self, "_engine", None):
            self._library.joyflash_close(self._engine)
            self._engine = None

    def trunk(self, tokens_n: Tensor, positions_n: Tensor, sequences_n: Tensor, tables_Sb: Tensor) -> Tensor:
        """Run the trunk on int32 rows; write their latents; return hidden states after the final norm, [n, D]."""
        out = torch.empty(tokens_n.numel(), self._hidden)
        step = self._step(tokens_n, positions_n, sequences_n, tables_Sb, out)
        self._library.joyflash_trunk(self._engine, ctypes.byref(step))
        return out

    def mtp(
        self,
        tokens_n: Tensor,
        positions_n: Tensor,
        sequences_n: Tensor,
        tables_Sb: Tensor,
        hidden_nD: Tensor,
        kept_m: Tensor,
    ) -> Tensor:
        """Run the MTP layer on hidden states and the tokens after them; return those of the rows ``kept_m``, [m, D]."""
        out = torch.empty(kept_m.numel(), self._hidden)
        step = self._step(tokens_n, positions_n, sequences_n, tables_Sb, out)
        hidden_nD = hidden_nD.contiguous()
        step.hidden_in, step.kept, step.kept_count = hidden_nD.data_ptr(), kept_m.data_ptr(), kept_m.numel()
        self._library.joyflash_mtp(self._engine, ctypes.byref(step))
        return out

    def head(self, hidden_mD: Tensor, ids_v: Tensor | None = None) -> Tensor:
        """Logits of the whole vocabulary, [m, V], or of the int32 ``ids_v`` alone, [m, v]."""
        outputs = self._vocabulary if ids_v is None else ids_v.numel()
        out = torch.empty(hidden_mD.shape[0], outputs)
        hidden_mD = hidden_mD.contiguous()
        for first in range(0, hidden_mD.shape[0], self.max_rows):
            part = hidden_mD[first : first + self.max_rows]
            ids = None if ids_v is None else ids_v.data_ptr()
            self._library.joyflash_head(
                self._engine, part.data_ptr(), part.shape[0], ids, outputs, out[first].data_ptr()
            )
        return out

    def _step(
        self, tokens_n: Tensor, positions_n: Tensor, sequences_n: Tensor, tables_Sb: Tensor, out: Tensor
    ) -> _Step:
        if tokens_n.numel() > self.max_rows:
            raise KernelError(f"A step has {tokens_n.numel()} rows; the CPU step takes {self.max_rows} at once.")
        return _Step(
            rows=tokens_n.numel(),
            table_width=tables_Sb.shape[1],
            tokens=tokens_n.data_ptr(),
            positions=positions_n.data_ptr(),
            sequences=sequences_n.data_ptr(),
            tables=tables_Sb.data_ptr(),
            hidden_out=out.data_ptr(),
        )


def _pointers(weights: Mapping[str, Tensor | PackedMatrix]) -> dict[str, int | _Matrix]:
    """Addresses under the names of the C structures' fields."""
    found: dict[str, int | _Matrix] = {}
    for name, weight in weights.items():
        parts = (weight.values, weight.scales) if isinstance(weight, PackedMatrix) else (weight,)
        for tensor in parts:
            if not tensor.is_contiguous() or tensor.device.type != "cpu":
                raise KernelError(f"{name} must be contiguous and on the CPU.")
        if isinstance(weight, PackedMatrix):
            found[name] = _Matrix(weight.values.data_ptr(), weight.scales.data_ptr(), weight.bits)
        elif name in _MODEL_MATRICES or name in _LAYER_MATRICES:
            found[name] = _Matrix(weight.data_ptr(), None, 0)
        else:
            found[name] = weight.data_ptr()
    return found
