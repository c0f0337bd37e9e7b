"""What a checkpoint's tensors weigh in memory: which are quantised, which are divided over devices, which are read.

The rules come from the released checkpoints and from what vLLM and SGLang do with DeepSeek-V3's attention.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import Literal

from joyflash.errors import ConfigError
from joyflash.model.layout import is_mtp, stored_twice
from joyflash.plan.checkpoint import Checkpoint, Tensor

Kind = Literal["expert", "projection", "embedding", "head", "router", "norm", "bias"]
BF16_BYTES = 2
BIAS_BYTES = 4  # router biases are kept in fp32


@dataclass(frozen=True)
class Quantisation:
    """How matrices are stored: ``bits`` a value and one scale per block of ``rows`` x ``columns`` values.

    ``kinds`` names what is quantised; everything else stays bf16, router biases fp32.
    """

    bits: int = 16
    rows: int = 1
    columns: int = 1
    scale_bytes: int = 0
    kinds: tuple[Kind, ...] = ()

    def bytes(self, kind: Kind, shape: tuple[int, ...]) -> int:
        """Bytes of a tensor; leading dimensions are separate matrices (stacked experts)."""
        if kind == "bias":
            return math.prod(shape) * BIAS_BYTES
        if kind not in self.kinds:
            return math.prod(shape) * BF16_BYTES
        *stack, rows, columns = shape
        scales = -(-rows // self.rows) * -(-columns // self.columns)
        return math.prod(stack) * (rows * -(-columns * self.bits // 8) + scales * self.scale_bytes)


_MATRICES: tuple[Kind, ...] = ("expert", "projection")
QUANTISATIONS = {
    "bf16": Quantisation(),
    # As released: one fp32 scale per 128 x 128 block (the scheme of DeepSeek-V3, arXiv 2412.19437, section 3.3.2)
    "fp8": Quantisation(8, 128, 128, 4, _MATRICES),
    "int8-block": Quantisation(8, 128, 128, 4, _MATRICES),
    # As `joyflash quantize` makes it: bf16 scales, and products in bf16
    "int8": Quantisation(8, 1, 32, 2, _MATRICES),
    # As released: the routed experts only, in groups of 64 with fp32 scales
    "int4": Quantisation(4, 1, 64, 4, ("expert",)),
    # Every projection, bf16 scales: what stock 4-bit tools write
    "int4-g32": Quantisation(4, 1, 32, 2, _MATRICES),
    "int4-g128": Quantisation(4, 1, 128, 2, _MATRICES),
}


@dataclass(frozen=True)
class Share:
    """Parameters and bytes in memory of all tensors of one kind."""

    parameters: int
    bytes: int


@dataclass(frozen=True)
class Weights:
    """A checkpoint's weights in memory, by (kind, divided over devices?, of the MTP layer?)."""

    shares: dict[tuple[Kind, bool, bool], Share]

    def bytes(self, devices: int, *, mtp: bool | None = None, kinds: tuple[Kind, ...] | None = None) -> int:
        """Bytes on one of ``devices``; of the MTP layer alone, the trunk alone, or (None) both; of some kinds."""
        total = 0
        for (kind, divided, of_mtp), share in self.shares.items():
            if (mtp is None or mtp == of_mtp) and (kinds is None or kind in kinds):
                total += -(-share.bytes // devices) if divided else share.bytes
        return total

    def parameters(self, *kinds: Kind, mtp: bool = False) -> int:
        """Parameters of some kinds in the trunk, or in the MTP layer."""
        return sum(s.parameters for (kind, _, of_mtp), s in self.shares.items() if kind in kinds and of_mtp == mtp)


def weigh(checkpoint: Checkpoint, quant: str, *, with_mtp: bool = True) -> Weights:
    """Weights as they lie in memory; a tensor that is stored twice is held once.

    Args:
        checkpoint: what is stored quantised keeps its format.
        quant: of all other tensors, a name in ``QUANTISATIONS``.
        with_mtp: whether the MTP layer is loaded.

    Raises:
        ConfigError: the quantisation is unknown.
    """
    if quant not in QUANTISATIONS:
        raise ConfigError(f"No quantisation is called {quant!r}; there are {', '.join(QUANTISATIONS)}.")
    parameters, sizes = Counter(), Counter()
    copies = stored_twice(checkpoint.config)
    for tensor in checkpoint.tensors:
        of_mtp = is_mtp(checkpoint.config, tensor.name)
        if tensor.name in copies or (of_mtp and not with_mtp):
            continue
        kind = kind_of(tensor.name)
        key = kind, is_divided(tensor.name), of_mtp
        parameters[key] += math.prod(tensor.shape)
        sizes[key] += _bytes_of(tensor, kind, quant)
    return Weights({key: Share(parameters[key], sizes[key]) for key in parameters})


def quantised_checkpoint_bytes(checkpoint: Checkpoint, quant: str) -> int:
    """Bytes on disk in this quantisation, copies included; router biases are stored in bf16."""
    if checkpoint.quantisation:
        return checkpoint.stored_bytes
    return sum(
        math.prod(tensor.shape) * BF16_BYTES
        if (kind := kind_of(tensor.name)) == "bias"
        else QUANTISATIONS[quant].bytes(kind, tensor.shape)
        for tensor in checkpoint.tensors
    )


def _bytes_of(tensor: Tensor, kind: Kind, quant: str) -> int:
    if tensor.foreign:
        return tensor.stored_bytes
    return tensor.format.bytes(tensor.shape) if tensor.format else QUANTISATIONS[quant].bytes(kind, tensor.shape)


def kind_of(name: str) -> Kind:
    """What a tensor is, by its Hugging Face name."""
    if name.endswith("e_score_correction_bias"):
        return "bias"
    if ".mlp.experts." in name:
        return "expert"
    if name.endswith(".mlp.gate.weight"):
        return "router"
    if name.endswith("embed_tokens.weight"):
        return "embedding"
    if name.endswith(("lm_head.weight", "shared_head.head.weight")):
        return "head"
    return "norm" if name.endswith("norm.weight") else "projection"


_BY_INPUTS = (".o_proj.weight", ".down_proj.weight", ".experts.down_proj")
_REPLICATED = (".q_a_proj.weight", ".kv_a_proj_with_mqa.weight", ".eh_proj.weight")


def is_divided(name: str) -> bool:
    """Whether tensor parallelism divides a tensor.

    Heads (``q_b``, ``kv_b``, ``o``), feed-forward widths, experts and the vocabulary are divided. What makes or reads
    the latents of all heads (``q_a``, ``kv_a``), the router, norms and ``eh_proj`` are the same on every device.
    """
    return kind_of(name) not in ("router", "norm", "bias") and not name.endswith(_REPLICATED)


def cut_blocks(checkpoint: Checkpoint, quant: str, devices: int) -> dict[Kind, Tensor]:
    """Of each kind a quantised matrix that tensor parallelism would divide within its quantisation blocks.

    Routed experts can be divided one by one instead; nothing else can, shared experts neither. A block as wide as the
    matrix forbids nothing: each part keeps the scales of its rows.
    """
    found: dict[Kind, Tensor] = {}
    for tensor in checkpoint.tensors:
        kind = kind_of(tensor.name)
        if kind in found or not is_divided(tensor.name):
            continue
        inputs = tensor.name.endswith(_BY_INPUTS)  # of the others the outputs are divided
        size, block = tensor.shape[-1 if inputs else -2], block_of(tensor, quant)[inputs]
        if 1 < block < size and size % (devices * block):
            found[kind] = tensor
    return found


def block_of(tensor: Tensor, quant: str) -> tuple[int, int]:
    """Outputs and inputs of a tensor that share a scale; (1, 1) where it is not quantised."""
    if tensor.format:
        return tensor.format.block
    if tensor.foreign:
        return tensor.foreign.block
    scheme = QUANTISATIONS[quant]
    return (scheme.rows, scheme.columns) if kind_of(tensor.name) in scheme.kinds else (1, 1)
