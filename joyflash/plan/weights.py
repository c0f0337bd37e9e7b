"""What a checkpoint's tensors weigh in memory: which are quantised, which are divided over devices, which are read.

The rules come from the released checkpoints and from what vLLM and SGLang do with DeepSeek-V3's attention.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import torch

from joyflash.errors import CheckpointError, ConfigError
from joyflash.model.config import PRESETS, ModelConfig, preset
from joyflash.model.joyflash import JoyFlash
from joyflash.model.layout import Place, is_mtp, mtp_layer_present, places, stored_twice, to_hugging_face
from joyflash.model.loading import model_folder
from joyflash.model.packed_files import PACKED, SCALE, SHAPE, weight_names
from joyflash.model.shards import ShardFiles, StoredTensor

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
    "int8": Quantisation(8, 128, 128, 4, _MATRICES),
    # As released: the routed experts only, in groups of 64 with fp32 scales
    "int4": Quantisation(4, 1, 64, 4, ("expert",)),
    # Every projection, bf16 scales: what stock 4-bit tools write
    "int4-g32": Quantisation(4, 1, 32, 2, _MATRICES),
    "int4-g128": Quantisation(4, 1, 128, 2, _MATRICES),
}


@dataclass(frozen=True)
class Tensor:
    """One tensor of a checkpoint: its Hugging Face name, shape, and bytes on disk."""

    name: str
    shape: tuple[int, ...]
    stored_bytes: int


@dataclass(frozen=True)
class Checkpoint:
    """What a plan needs to know of a model.

    Attributes:
        path: folder to serve from; for a preset a placeholder, and ``real`` is False.
        config: without an MTP layer where the checkpoint has none.
        tensors: all of them, copies included.
    """

    path: str
    real: bool
    config: ModelConfig
    tensors: tuple[Tensor, ...]

    @property
    def name(self) -> str:
        """What the model is called: its folder's name."""
        return Path(self.path).resolve().name

    @property
    def stored_bytes(self) -> int:
        """Bytes of all tensors on disk."""
        return sum(tensor.stored_bytes for tensor in self.tensors)


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


def open_checkpoint(model: str) -> Checkpoint:
    """A folder or bundled model by its files' headers, or a preset by its shapes.

    Raises:
        ConfigError: the name is neither.
        CheckpointError: the folder is damaged or not what its ``config.json`` says.
    """
    try:
        folder = model_folder(model)
    except CheckpointError:
        if model not in PRESETS:
            raise ConfigError(
                f"There is no model folder, bundled model or preset '{model}'; presets: {', '.join(PRESETS)}."
            ) from None
        config = preset(model)
        return Checkpoint(f"/path/to/{model}", False, config, tuple(_computed(config)))
    return _from_headers(folder)


def weigh(checkpoint: Checkpoint, quant: str, devices: int, *, with_mtp: bool = True) -> Weights:
    """Weights as they lie in memory when divided over ``devices``; a tensor that is stored twice is held once.

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
        key = kind, is_divided(tensor.name, checkpoint.config, quant, devices), of_mtp
        parameters[key] += math.prod(tensor.shape)
        sizes[key] += QUANTISATIONS[quant].bytes(kind, tensor.shape)
    return Weights({key: Share(parameters[key], sizes[key]) for key in parameters})


def quantised_checkpoint_bytes(checkpoint: Checkpoint, quant: str) -> int:
    """Bytes on disk in this quantisation, copies included; router biases are stored in bf16."""
    scheme = QUANTISATIONS[quant]
    return sum(
        math.prod(tensor.shape) * BF16_BYTES
        if (kind := kind_of(tensor.name)) == "bias"
        else scheme.bytes(kind, tensor.shape)
        for tensor in checkpoint.tensors
    )


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


_REPLICATED = (".q_a_proj.weight", ".kv_a_proj_with_mqa.weight", ".eh_proj.weight")


def is_divided(name: str, config: ModelConfig, quant: str, devices: int) -> bool:
    """Whether tensor parallelism divides a tensor.

    Heads (``q_b``, ``kv_b``, ``o``), feed-forward widths, experts and the vocabulary are divided. What makes or reads
    the latents of all heads (``q_a``, ``kv_a``), the router, norms and ``eh_proj`` are the same on every device. So is
    a shared expert whose width a quantisation block does not let be divided.
    """
    kind = kind_of(name)
    if kind in ("router", "norm", "bias") or name.endswith(_REPLICATED):
        return False
    return not (".shared_experts." in name and not divides_width(config, quant, devices))


def divides_width(config: ModelConfig, quant: str, devices: int) -> bool:
    """Whether an expert's width falls into ``devices`` parts of whole quantisation blocks; else experts stay whole."""
    scheme = QUANTISATIONS[quant]
    block = max(scheme.rows, scheme.columns) if scheme.kinds else 1
    return config.moe_intermediate_size % (devices * block) == 0 if devices > 1 else True


def _computed(config: ModelConfig) -> Iterable[Tensor]:
    """The tensors of a bf16 checkpoint of this configuration, made on the meta device."""
    for name, tensor in to_hugging_face(config, _meta_state(config)):
        yield Tensor(name, tuple(tensor.shape), tensor.numel() * BF16_BYTES)


def _meta_state(config: ModelConfig) -> dict[str, torch.Tensor]:
    with torch.device("meta"):
        return JoyFlash(config).state_dict()


def _from_headers(folder: Path) -> Checkpoint:
    config = ModelConfig.from_folder(folder)
    stored = ShardFiles(folder).tensors
    names = weight_names(set(stored))
    if config.num_nextn_predict_layers and not mtp_layer_present(config, names):
        config = replace(config, num_nextn_predict_layers=0)
    state = _meta_state(config)
    plan = places(config, names, state) | {
        copy: Place(ours) for copy, ours in stored_twice(config).items() if copy in names
    }
    sizes = {name: tuple(place.of(state).shape) for name, place in plan.items()}
    tensors = tuple(Tensor(name, shape, _stored_bytes(stored, name)) for name, shape in sizes.items())
    return Checkpoint(str(folder), True, config, tensors)


def _stored_bytes(stored: Mapping[str, StoredTensor], name: str) -> int:
    """Of a weight, or of the parts that a quantised one is stored in."""
    parts = (stored.get(name + part) for part in ("", PACKED, SCALE, SHAPE))
    return sum(part.end - part.start for part in parts if part)
