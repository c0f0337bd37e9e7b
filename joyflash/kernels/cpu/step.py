"""CpuStep: the compiled step behind numbers and tensors.

Letters: n rows, m kept rows, h given hidden states, D hidden, V vocabulary, v some of it.
"""

from __future__ import annotations

import ctypes
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from joyflash.errors import KernelError
from joyflash.kernels.cpu.build import load_step
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
_MODEL_MATRICES = ("head", "draft_head", "mtp_join")
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
        *((name, ctypes.c_void_p) for name in ("tokens", "positions", "sequences", "tables")),
        *((name, ctypes.c_void_p) for name in ("hidden_in", "hidden_lines", "kept")),
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
        weights: float32 norms and routers, embeddings in the dtype of ``weights.cache``, matrices of products in
            float32, bfloat16 or packed; all on the CPU and contiguous; they are used where they lie.
        threads: that work on a step, the caller's included.

    Raises:
        KernelError: no library could be made (see ``load_step``), or there is no memory for its buffers.
    """

    def __init__(self, weights: StepWeights, threads: int) -> None:
        dtype = weights.cache.dtype
        if dtype not in (torch.float32, torch.bfloat16):
            raise KernelError(f"The CPU step takes float32 or bfloat16 weights, not {dtype}.")
        self._library = load_step(32 if dtype == torch.float32 else 16)
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
        library.joyflash_head.argtypes = [pointer, pointer, number, pointer]
        library.joyflash_draw.argtypes = [pointer, pointer, pointer, number, pointer, number, pointer, pointer, pointer]
        sizes = ctypes.sizeof(_Model) * 10000 + ctypes.sizeof(_Layer) * 100 + ctypes.sizeof(_Step)
        if library.joyflash_layout() != sizes:
            raise KernelError("The compiled CPU step has another layout than its caller; delete it from the cache.")

    def __del__(self) -> None:
        if getattr(self, "_engine", None):
            self._library.joyflash_close(self._engine)
            self._engine = None

    def trunk(self, rows: StepRows) -> Tensor:
        """Run the trunk; write the rows' latents; return hidden states after the final norm, [n, D]."""
        self._check(len(rows.tokens))
        out_nD = torch.empty(len(rows.tokens), self._hidden)
        step = rows.to_c(out_nD)
        self._library.joyflash_trunk(self._engine, ctypes.byref(step))
        return out_nD

    def mtp(self, rows: StepRows, hidden_hD: Tensor, lines: Sequence[int], kept: Sequence[int]) -> Tensor:
        """Run the MTP layer on ``lines`` of hidden states, one a row; return those of the rows ``kept``, [m, D]."""
        self._check(len(rows.tokens))
        if any(row <= before for before, row in pairwise((-1, *kept))):
            raise KernelError(f"Rows to keep must ascend from 0 on; these are {list(kept)}.")
        out_mD = torch.empty(len(kept), self._hidden)
        hidden_hD = hidden_hD.contiguous()
        lines_n, kept_m = array("i", lines), array("i", kept)
        step = rows.to_c(out_mD)
        step.hidden_in, step.hidden_lines = hidden_hD.data_ptr(), _address(lines_n)
        step.kept, step.kept_count = _address(kept_m), len(kept_m)
        self._library.joyflash_mtp(self._engine, ctypes.byref(step))
        return out_mD

    def head(self, hidden_mD: Tensor) -> Tensor:
        """Logits, [m, V]."""
        out_mV = torch.empty(hidden_mD.shape[0], self._vocabulary)
        hidden_mD = hidden_mD.contiguous()
        for first in range(0, hidden_mD.shape[0], self.max_rows):
            part_rD = hidden_mD[first : first + self.max_rows]
            self._library.joyflash_head(self._engine, part_rD.data_ptr(), part_rD.shape[0], out_mV[first].data_ptr())
        return out_mV

    def draw(
        self,
        hidden_hD: Tensor,
        lines: Sequence[int],
        keys: Sequence[int],
        temperatures: Sequence[float],
        ids: array[int] | int,
    ) -> list[int]:
        """Draw a token for each of ``lines`` of hidden states; no logits are written out.

        Args:
            keys, temperatures: one a line; see ``joyflash.kernels.gumbel.Draw``.
            ids: how many of the vocabulary's first entries to draw from, or int32 entries to draw drafts from, with the
                draft head.

        Returns:
            Tokens; -2 where a logit is not finite.
        """
        self._check(len(lines))
        hidden_hD = hidden_hD.contiguous()
        count, pointer = (ids, None) if isinstance(ids, int) else (len(ids), _address(ids))
        lines_m, keys_m, temperatures_m = array("i", lines), array("q", keys), array("d", temperatures)
        tokens_m = array("i", lines_m)
        self._library.joyflash_draw(
            self._engine,
            hidden_hD.data_ptr(),
            _address(lines_m),
            len(lines_m),
            pointer,
            count,
            _address(keys_m),
            _address(temperatures_m),
            _address(tokens_m),
        )
        return tokens_m.tolist()

    def _check(self, rows: int) -> None:
        if rows > self.max_rows:
            raise KernelError(f"A step has {rows} rows; the CPU step takes {self.max_rows} at once.")


class StepRows:
    """The rows of a call as the C step reads them; it keeps alive what its pointers point at.

    Args:
        tokens, positions, sequences: of each row; ``sequences`` are numbers of ``tables``.
        tables: the cache blocks of each sequence, in the order of its tokens.
    """

    def __init__(
        self,
        tokens: Sequence[int],
        positions: Sequence[int],
        sequences: Sequence[int],
        tables: Sequence[Sequence[int]],
    ) -> None:
        self.tokens, self._positions, self._sequences = (array("i", each) for each in (tokens, positions, sequences))
        self._tables = [array("i", table) for table in tables]
        self._pointers = array("Q", map(_address, self._tables))

    def to_c(self, out: Tensor) -> _Step:
        """The step's argument, with the result to go to ``out``."""
        return _Step(
            rows=len(self.tokens),
            tokens=_address(self.tokens),
            positions=_address(self._positions),
            sequences=_address(self._sequences),
            tables=_address(self._pointers),
            hidden_out=out.data_ptr(),
        )


def _address(values: array[int] | array[float]) -> int:
    return values.buffer_info()[0]


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
            found[name] = _Matrix(weight.data_ptr(), None, 8 * weight.element_size())
        else:
            found[name] = weight.data_ptr()
    return found
