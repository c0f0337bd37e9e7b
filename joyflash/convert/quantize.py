"""A Hugging Face folder with weights of 8 or 4 bits, in compressed-tensors' layout "pack-quantized".

Streamed: memory holds one shard of the result and one weight at a time. Weights that the policy leaves alone are
copied bit by bit; so are those whose inputs do not fall into whole groups, which the layout does not know.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import torch

from joyflash.convert.export import MODEL_TYPE_OF, ExportReport, FolderTensors, Format, check_new, finish, verify
from joyflash.errors import ConfigError
from joyflash.model import packed_files
from joyflash.model.checkpoint import SHARD_BYTES, open_checkpoint, write_folder
from joyflash.quantization import formats
from joyflash.quantization.formats import quantize
from joyflash.quantization.policy import EXPERTS, Policy, savings_table

NOT_EXPERTS = (
    r"re:.*self_attn\..*",
    r"re:.*mlp\.(gate|gate_proj|up_proj|gate_up_proj|down_proj)$",
    r"re:.*shared_experts\..*",
    r"re:.*(eh_proj|lm_head|shared_head\.head)$",
)
"""Patterns of all linear layers but routed experts, under other engines' names too."""


def quantize_folder(
    source: Path,
    out: Path,
    policy: Policy,
    *,
    format: Format = "hf",
    head: bool = False,
    shard_bytes: int = SHARD_BYTES,
) -> tuple[ExportReport, str]:
    """Write a checkpoint with quantised weights, and return what was written and a table of what became of what.

    Args:
        source: a folder that ``read_model`` reads, not quantised.
        out: a new or empty folder.
        policy: which weights take which format.
        format: "hf" writes model_type ``joyai_llm_flash``, "deepseek_v3" the one that stock libraries know.
        head: let the policy have the output head too. Other engines want it unquantised.
        shard_bytes: a shard ends before it grows beyond this.

    Raises:
        CheckpointError: the source is missing, damaged, altered or quantised, or ``out`` holds something.
        ConfigError: the source is another architecture, or a weight is not finite.
    """
    check_new(out)
    found = open_checkpoint(source)
    verify(source)
    tensors = _QuantizedTensors(FolderTensors(found, format, None, padded=False, mtp=True), policy, head=head)
    write_folder(
        tensors.source.config,
        tensors.meta,
        tensors.fetch,
        out,
        None,
        shard_bytes=shard_bytes,
        settings={"quantization_config": tensors.description()},
    )
    return finish(source, out, tensors.source.config), tensors.table()


def model_type_of(name: str) -> Format:
    """How the folder names its architecture, by its name on the command line; ConfigError lists them."""
    if name not in MODEL_TYPE_OF:
        raise ConfigError(f"There is no model type {name!r}; there are {' and '.join(MODEL_TYPE_OF)}.")
    return name


class _QuantizedTensors:
    """The target's tensors: names and shapes at once, values when fetched."""

    def __init__(self, source: FolderTensors, policy: Policy, *, head: bool) -> None:
        self.source = source
        self._policy = policy if head else policy.without_head()
        self._formats: dict[str, formats.Format] = {}
        self.meta: dict[str, torch.Tensor] = {}
        for name, tensor in source.meta.items():
            shape = tuple(tensor.shape)
            chosen = self._policy.stored(name, shape[-1]) if shape else None
            if chosen is None:
                self.meta[name] = tensor
                continue
            self._formats[name] = chosen
            for part, size, dtype in (
                (packed_files.PACKED, packed_files.packed_shape(chosen, shape), torch.int32),
                (packed_files.SCALE, packed_files.scale_shape(chosen, shape), chosen.scale_dtype),
                (packed_files.SHAPE, (len(shape),), torch.int64),
            ):
                self.meta[name + part] = torch.empty(size, dtype=dtype, device="meta")
        if not self._formats:
            raise ConfigError(f"The policy {policy.name} finds nothing to quantise in this model.")

    def fetch(self, names: Iterable[str]) -> dict[str, torch.Tensor]:
        """Read or make these tensors as they go into the file."""
        result: dict[str, torch.Tensor] = {}
        made: dict[str, torch.Tensor] = {}
        for name in names:
            if name in self.source.meta:
                result |= self.source.fetch([name])
                continue
            if name not in made:  # the parts of a weight follow each other
                weight = name.rpartition("_")[0]
                values = self.source.fetch([weight])[weight]
                quantized = quantize(values, self._formats[weight], f"{self.source.folder}: {weight}")
                made = packed_files.packed_parts(quantized, weight)
            result[name] = made[name]
        return result

    def table(self) -> str:
        """What becomes of what; see ``savings_table``."""
        tensors = {name: (tuple(t.shape), t.numel() * t.dtype.itemsize) for name, t in self.source.meta.items()}
        return savings_table(self._formats, tensors)

    def description(self) -> dict[str, Any]:
        """``quantization_config`` of the folder's ``config.json``.

        The last format has all linear layers but a list of exceptions, the form that every engine reads. Others,
        before it, have patterns of names, which weigh more.
        """
        used = set(self._formats.values())
        # Engines join layers and give those of the MTP layer other names: where nothing but experts is quantised,
        # patterns say so for all of them.
        only_experts = all(re.search(EXPERTS, name) for name in self._formats)
        chosen = list(dict.fromkeys(format for _, format in self._policy.rules if format in used))
        groups = {}
        for number, format in enumerate(chosen):
            targets = ["Linear"] if format == chosen[-1] else self._patterns(format)
            groups[f"group_{number}"] = _group(format, targets)
        linear = [
            name
            for name in self.source.meta
            if re.search(r"(_proj|_head|\.head|kv_a_proj_with_mqa|\.gate)\.weight$", name)
        ]
        return {
            "quant_method": "compressed-tensors",
            "format": "pack-quantized",
            "quantization_status": "compressed",
            "kv_cache_scheme": None,
            "global_compression_ratio": None,
            "config_groups": groups,
            "ignore": [
                *(name.removesuffix(".weight") for name in linear if name not in self._formats),
                *(NOT_EXPERTS if only_experts else ()),
            ],
        }

    def _patterns(self, format: formats.Format) -> list[str]:
        """The policy's patterns for a format, as they match names of modules, which lack ``.weight``."""
        patterns = [pattern.replace(r"\.weight$", "$") for pattern, taken in self._policy.rules if taken == format]
        return [f"re:{pattern}" if pattern.startswith("^") else f"re:.*{pattern}" for pattern in patterns]


def _group(format: formats.Format, targets: list[str]) -> Mapping[str, Any]:
    weights = {
        "num_bits": format.bits,
        "type": "int",
        "symmetric": True,
        "strategy": "group",
        "group_size": format.block[1],
        "dynamic": False,
    }
    return {
        "targets": targets,
        "weights": weights,
        "input_activations": None,
        "output_activations": None,
        "format": "pack-quantized",
    }
