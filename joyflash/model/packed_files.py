"""Folders with quantised weights in compressed-tensors' layout "pack-quantized", which vLLM and transformers read too.

Instead of ``X.weight`` such a folder holds ``X.weight_packed`` (int32, values of 4 or 8 bits from the lowest bits on,
each plus half their range), ``X.weight_scale`` [O, groups] and ``X.weight_shape``; ``config.json`` says in
``quantization_config`` how many bits and how wide a group. Symmetric integers only.

Letters: O outputs, W 32-bit words of a row, G groups.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch.nn import functional as F

from joyflash.errors import CheckpointError, ConfigError
from joyflash.model.layout import Place
from joyflash.model.shards import ShardFiles
from joyflash.quantization.formats import FORMATS, Format, QuantizedTensor

PACKED, SCALE, SHAPE = "_packed", "_scale", "_shape"
"""What follows the name of a weight, for each of its parts."""
_FORMAT_OF = {4: FORMATS["int4"], 8: FORMATS["int8"]}


@dataclasses.dataclass(frozen=True)
class Foreign:
    """Quantised weights that other engines read and joyflash does not.

    Attributes:
        method: ``quant_method`` of ``config.json``: fp8, awq, …
        block: outputs and inputs that share a scale, as far as ``config.json`` says.
    """

    method: str
    block: tuple[int, int]


def described_formats(folder: Path) -> list[Format]:
    """The formats that ``config.json`` describes; empty for a folder that is not quantised.

    A format whose groups are as wide as a row has a block of 2^31 inputs.

    Raises:
        ConfigError: they are not symmetric integers of 4 or 8 bits in the layout above.
    """
    values = _quantization_config(folder)
    if not values:
        return []
    try:
        if values["quant_method"] != "compressed-tensors":
            raise ConfigError(_refused(folder, f"quant_method {values['quant_method']!r}"))
        return [_described(folder, values, group) for group in values["config_groups"].values()]
    except (KeyError, TypeError, AttributeError) as error:
        raise ConfigError(f"{folder}/config.json: quantization_config is incomplete ({error!r}).") from error


def foreign_quantisation(folder: Path) -> Foreign | None:
    """What ``config.json`` says of quantised weights that ``described_formats`` refuses; None where it does not."""
    values = _quantization_config(folder)
    try:
        described_formats(folder)
    except ConfigError:
        if isinstance(values, dict) and isinstance(values.get("quant_method"), str):
            return Foreign(values["quant_method"], _block(values))
        raise
    return None


def _quantization_config(folder: Path) -> Any:
    return json.loads((folder / "config.json").read_text(encoding="utf-8")).get("quantization_config")


def _block(values: Mapping[str, Any]) -> tuple[int, int]:
    """The largest block of a foreign ``quantization_config``: two sizes, or one of groups along the inputs."""
    groups = values.get("config_groups")
    described = [group.get("weights") for group in groups.values()] if isinstance(groups, dict) else []
    rows = columns = 1
    for each in (values, *filter(None, described)):
        block = each.get("weight_block_size") or each.get("block_structure") or [1, each.get("group_size") or 1]
        if isinstance(block, list) and len(block) == 2 and all(isinstance(size, int) for size in block):
            rows, columns = max(rows, block[0]), max(columns, block[1])
    return rows, columns


def refuse_quantized(folder: Path) -> None:
    """Raise CheckpointError for a folder that is quantised; ConfigError as of ``described_formats``."""
    if described_formats(folder):
        raise CheckpointError(f"{folder} holds quantised weights. Take the checkpoint that it was made from.")


def _described(folder: Path, values: Mapping[str, Any], group: Mapping[str, Any]) -> Format:
    weights, layout = group["weights"], group.get("format") or values["format"]
    if layout != "pack-quantized" or weights["type"] != "int" or weights["num_bits"] not in _FORMAT_OF:
        raise ConfigError(_refused(folder, f"{weights['type']}{weights['num_bits']} in the layout {layout!r}"))
    if not weights.get("symmetric", True) or weights.get("actorder") or group.get("input_activations"):
        raise ConfigError(_refused(folder, "zero points, reordered groups or quantised activations"))
    size = weights.get("group_size") or -1
    return dataclasses.replace(_FORMAT_OF[weights["num_bits"]], block=(1, size if size > 0 else 2**31))


def _refused(folder: Path, what: str) -> str:
    return (
        f"{folder}/config.json: quantization_config has {what}; joyflash reads symmetric int4 and int8 weights in "
        "compressed-tensors' layout pack-quantized. Take the unquantised checkpoint and run: joyflash quantize"
    )


def weight_names(names: set[str]) -> set[str]:
    """All names of a folder, with the weight's own in place of its packed parts."""
    packed = {name.removesuffix(PACKED) for name in names if name.endswith(".weight" + PACKED)}
    return packed | (names - {name + part for name in packed for part in (PACKED, SCALE, SHAPE)})


def packed_shape(format: Format, shape: tuple[int, ...]) -> tuple[int, ...]:
    """[O, W] of a weight."""
    return (*shape[:-1], math.ceil(shape[-1] * format.bits / 32))


def scale_shape(format: Format, shape: tuple[int, ...]) -> tuple[int, ...]:
    """[O, G] of a weight."""
    return (*shape[:-1], math.ceil(shape[-1] / format.block[1]))


def format_of_stored(shards: ShardFiles, name: str, shape: tuple[int, ...], formats: list[Format]) -> Format:
    """The one of ``formats`` that the stored parts of a weight are of; CheckpointError where none is."""
    missing = [name + part for part in (PACKED, SCALE) if name + part not in shards.tensors]
    if missing:
        raise CheckpointError(f"{shards.folder} lacks {missing[0]}. Copy the folder again, all files of it.")
    packed, scale = shards.tensors[name + PACKED], shards.tensors[name + SCALE]
    for format in formats:
        if packed.shape == packed_shape(format, shape) and scale.shape == scale_shape(format, shape):
            return dataclasses.replace(format, scale_dtype=scale.dtype)
    raise CheckpointError(
        f"{packed.file}: {name} is stored as {packed.shape} words with {scale.shape} scales, which no format in "
        f"config.json's quantization_config gives a weight of the shape {shape}."
    )


def check_alike(shards: ShardFiles, plan: Mapping[str, Place], formats: Mapping[str, Format]) -> None:
    """Raise CheckpointError where experts that are stacked here have different formats, or only some have one.

    Args:
        shards: the folder's files.
        plan: where each weight belongs.
        formats: of the quantised ones, by stored name.
    """
    first: dict[str, str] = {}
    for name, place in plan.items():
        other = first.setdefault(place.ours, name)
        if formats.get(other) != formats.get(name):
            raise CheckpointError(
                f"{shards.folder}: {other} and {name} have different formats; joyflash reads a layer's experts in one. "
                "Take the unquantised checkpoint and run: joyflash quantize"
            )


def read_packed(
    shards: ShardFiles, plan: Mapping[str, Place], formats: Mapping[str, Format], state: Mapping[str, torch.Tensor]
) -> dict[str, QuantizedTensor]:
    """Read the quantised weights of a folder, by our names.

    Args:
        shards: the folder's files.
        plan: where each weight belongs.
        formats: of the quantised ones, by stored name; ``check_alike`` found them to fit.
        state: our names with shapes (meta is enough).

    Raises:
        CheckpointError: a file is damaged.
    """
    format_by_ours = {plan[name].ours: format for name, format in formats.items()}
    words, scales = {}, {}
    for ours, format in format_by_ours.items():
        shape = tuple(state[ours].shape)
        words[ours] = torch.empty(packed_shape(format, shape), dtype=torch.int32)
        scales[ours] = torch.empty(scale_shape(format, shape), dtype=format.scale_dtype)
    shards.read_into(
        {name + PACKED: plan[name].of(words) for name in formats}
        | {name + SCALE: plan[name].of(scales) for name in formats}
    )
    return {
        ours: QuantizedTensor(format, tuple(state[ours].shape), _values(format, words[ours], state[ours]), scales[ours])
        for ours, format in format_by_ours.items()
    }


def _values(format: Format, words: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """The same memory as ``QuantizedTensor`` has it."""
    held = words.view(torch.uint8)
    if format.bits == 4:
        return held[..., : math.ceil(weight.shape[-1] / 2)]
    return held.bitwise_xor_(128).view(torch.int8)[..., : weight.shape[-1]]


def packed_parts(tensor: QuantizedTensor, name: str) -> dict[str, torch.Tensor]:
    """What a folder holds for the quantised weight ``name`` [O, I]."""
    held = tensor.values if tensor.format.bits == 4 else tensor.values.view(torch.uint8) ^ 128
    held = F.pad(held, (0, -held.shape[-1] % 4))
    return {
        name + PACKED: held.contiguous().view(torch.int32),
        name + SCALE: tensor.scales,
        name + SHAPE: torch.tensor(tensor.shape),
    }
