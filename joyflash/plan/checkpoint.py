"""What a plan knows of a checkpoint: names, shapes and formats of its tensors, from headers or from a preset."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import torch

from joyflash.errors import CheckpointError, ConfigError
from joyflash.model import checkpoint as folders
from joyflash.model.config import PRESETS, ModelConfig, preset
from joyflash.model.joyflash import JoyFlash
from joyflash.model.layout import Place, mtp_layer_present, places, stored_twice, to_hugging_face
from joyflash.model.loading import model_folder
from joyflash.model.packed_files import PACKED, SCALE, SHAPE, Foreign, foreign_quantisation
from joyflash.model.shards import ShardFiles, check_small_files
from joyflash.quantization.formats import Format
from joyflash.quantization.policy import EXPERTS, POLICIES, PROJECTIONS

_WHOLE = (".weight", ".e_score_correction_bias", ".experts.gate_up_proj", ".experts.down_proj")
"""How the names of unquantised tensors end."""


@dataclass(frozen=True)
class Tensor:
    """One tensor of a checkpoint.

    Attributes:
        name: Hugging Face's.
        shape: of the weight, also where it is stored quantised.
        stored_bytes: on disk, with scales.
        dtype: it is stored in; of a quantised one that of its scales.
        format: of a quantised one that joyflash reads.
        foreign: of one that it does not read; only ``stored_bytes`` says how much it takes.
        packed: whether several values share a word, as compressed-tensors has them.
    """

    name: str
    shape: tuple[int, ...]
    stored_bytes: int
    dtype: torch.dtype = torch.bfloat16
    format: Format | None = None
    foreign: Foreign | None = None
    packed: bool = False


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

    @property
    def quantisation(self) -> str | None:
        """The policy whose folder this is (int8, int4, int4-int8), "mixed" for others, None if it is not quantised.

        Of weights that joyflash does not read it is what ``config.json`` calls the method.
        """
        if self.foreign:
            return self.foreign.method
        formats = {tensor.name: tensor.format for tensor in self.tensors if tensor.format}
        if not formats:
            return None
        policy = {
            part: {format.name for name, format in formats.items() if (".mlp.experts." in name) == (part == EXPERTS)}
            for part in (EXPERTS, PROJECTIONS)
        }
        for name, known in POLICIES.items():
            wanted = {part: {format.name} for part, format in known.rules if part in policy}
            if policy == {EXPERTS: set(), PROJECTIONS: set()} | wanted:
                return name
        return "mixed"

    @property
    def foreign(self) -> Foreign | None:
        """How the weights are quantised, if joyflash does not read them."""
        return next((tensor.foreign for tensor in self.tensors if tensor.foreign), None)


def open_checkpoint(model: str, *, elsewhere: bool = False) -> Checkpoint:
    """A folder or bundled model by its files' headers, or a preset by its shapes.

    Args:
        model: its folder or name.
        elsewhere: for another engine: quantised weights may be of any kind.

    Raises:
        ConfigError: the name is neither, or the weights are quantised in a way that joyflash does not read.
        CheckpointError: the folder is damaged or not what its ``config.json`` says.
    """
    try:
        folder = model_folder(model)
    except CheckpointError:
        if model not in PRESETS:
            raise ConfigError(
                f"There is no model folder, bundled model or preset '{model}'; presets: {', '.join(PRESETS)}."
            ) from None
        return of_config(preset(model), f"/path/to/{model}", real=False)
    foreign = foreign_quantisation(folder) if elsewhere else None
    return _from_headers(folder) if foreign is None else _from_foreign_headers(folder, foreign)


def of_config(config: ModelConfig, path: str, *, real: bool) -> Checkpoint:
    """A bf16 checkpoint of this configuration, made on the meta device."""
    with torch.device("meta"):
        state = JoyFlash(config).state_dict()
    tensors = to_hugging_face(config, state)
    return Checkpoint(path, real, config, tuple(Tensor(n, tuple(t.shape), 2 * t.numel()) for n, t in tensors))


def _from_headers(folder: Path) -> Checkpoint:
    found = folders.open_checkpoint(folder, quantized=True)
    state = found.model.state_dict()
    copies = stored_twice(found.config).items()
    plan = found.plan | {copy: Place(ours) for copy, ours in copies if _parts(found.shards, copy)}
    tensors = []
    for name, place in plan.items():
        shape, parts = tuple(place.of(state).shape), _parts(found.shards, name)
        size = sum(found.shards.tensors[part].end - found.shards.tensors[part].start for part in parts)
        format = found.formats.get(name)
        if format is None and name not in found.shards.tensors:  # the MTP layer's copy of a quantised head
            format = found.formats.get(place.ours)
        dtype = format.scale_dtype if format else found.shards.tensors[name].dtype
        tensors.append(Tensor(name, shape, size, dtype, format, packed=format is not None))
    return Checkpoint(str(folder), True, found.config, tuple(tensors))


def _from_foreign_headers(folder: Path, foreign: Foreign) -> Checkpoint:
    """Names and bytes; what a module stores beside or in place of its weight belongs to that weight."""
    check_small_files(folder)
    shards, parts = ShardFiles(folder, any_dtype=True), defaultdict(list)
    for name, stored in shards.tensors.items():
        parts[name if name.endswith(_WHOLE) else name.rpartition(".")[0] + ".weight"].append(stored)
    config = ModelConfig.from_folder(folder)
    if not mtp_layer_present(config, set(parts)):
        config = dataclasses.replace(config, num_nextn_predict_layers=0)
    with torch.device("meta"):
        state = JoyFlash(config).state_dict()
    copies = {copy: Place(ours) for copy, ours in stored_twice(config).items() if copy in parts}
    tensors = []
    for name, place in (places(config, set(parts), state) | copies).items():
        size = sum(part.end - part.start for part in parts[name])
        quantised = [part.name for part in parts[name]] != [name]
        tensors.append(
            Tensor(
                name,
                tuple(place.of(state).shape),
                size,
                parts[name][0].dtype,
                foreign=foreign if quantised else None,
                packed=any(part.name == name + PACKED for part in parts[name]),
            )
        )
    return Checkpoint(str(folder), True, config, tuple(tensors))


def _parts(shards: ShardFiles, name: str) -> Iterable[str]:
    """What a folder holds for a weight: itself, or the parts of a quantised one."""
    return [name + part for part in ("", PACKED, SCALE, SHAPE) if name + part in shards.tensors]
