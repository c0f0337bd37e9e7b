"""Folders that transformers, vLLM and SGLang load: streamed from the source, in memory of about one shard.

A tensor that the target has under the source's own name and dtype is copied bit by bit; stacked experts are cut, dtypes
converted and latents padded on the way.
"""

from __future__ import annotations

import dataclasses
import json
import logging
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch

from joyflash.convert.padding import pad_tensor, padded_config
from joyflash.errors import CheckpointError, ConfigError, TemplateError, TokenizerError
from joyflash.model.checkpoint import PARTIAL, SHARD_BYTES, OpenCheckpoint, open_checkpoint, write_folder
from joyflash.model.config import ModelConfig
from joyflash.model.layout import stored_twice, to_hugging_face
from joyflash.model.shards import ShardFiles, check, checksum, read_checksums, write_checksums
from joyflash.text.template import TEMPLATE_FILE, ChatTemplate
from joyflash.text.tokenizer import Tokenizer

_LOG = logging.getLogger(__name__)

Format = Literal["hf", "deepseek_v3"]
MODEL_TYPE_OF: dict[Format, str] = {"hf": "joyai_llm_flash", "deepseek_v3": "deepseek_v3"}
DTYPE_OF = {"bf16": torch.bfloat16, "f16": torch.float16, "f32": torch.float32}
COPIED = (
    "tokenizer*.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "merges.txt",
    "chat_template*",
    "generation_config.json",
    "LICENSE*",
    "NOTICE*",
)
"""What of a source's small files goes along."""
SAMPLING = {"do_sample": True, "temperature": 0.6, "top_p": 1.0}
"""Defaults that engines take over, where the source brings no ``generation_config.json``; the released model's."""


@dataclass(frozen=True)
class ExportReport:
    """What was written: tensors, bytes of all files, and whether the MTP layer is among them."""

    folder: Path
    tensors: int
    size: int
    mtp: bool


def export_folder(
    source: Path,
    out: Path,
    format: Format = "deepseek_v3",
    dtype: torch.dtype | None = None,
    *,
    padded: bool = False,
    mtp: bool | None = None,
    own_mtp_shard: bool = False,
    shard_bytes: int = SHARD_BYTES,
) -> ExportReport:
    """Write a checkpoint as a Hugging Face folder for other libraries.

    Beside the weights it holds ``config.json``, ``generation_config.json``, the tokenizer's files, the chat template,
    the checkpoint's licence, and checksums of all of them.

    Args:
        source: a folder that ``read_model`` reads.
        out: a new or empty folder.
        format: "hf" writes model_type ``joyai_llm_flash``, "deepseek_v3" the one that stock libraries know.
        dtype: of the weights; None keeps each tensor's own.
        padded: fill up to latent 512 and rotated width 64 (see ``convert.padding``).
        mtp: keep the MTP layer; None = if there is one.
        own_mtp_shard: put it into ``mtp-1-of-1.safetensors``.
        shard_bytes: a shard ends before it grows beyond this.

    Raises:
        CheckpointError: the source is missing, damaged or altered, ``out`` holds something, or a value does not fit
            into float16.
        ConfigError: the source is another architecture, cannot be padded, or lacks the MTP layer that is asked for.
    """
    check_new(out)
    found = open_checkpoint(source)
    if (mtp or own_mtp_shard) and not found.config.num_nextn_predict_layers:
        raise ConfigError(f"{source} holds no MTP layer. Leave out --mtp and --mtp-shard.")
    if own_mtp_shard and mtp is False:
        raise ConfigError("--mtp-shard writes the MTP layer, --no-mtp leaves it out. Drop one of them.")
    verify(source)
    tensors = FolderTensors(found, format, dtype, padded=padded, mtp=mtp is not False)
    write_folder(
        tensors.config,
        tensors.meta,
        tensors.fetch,
        out,
        dtype,
        own_mtp_shard=own_mtp_shard,
        shard_bytes=shard_bytes,
    )
    return finish(source, out, tensors.config)


def format_of(name: str) -> Format:
    """A folder format by its name on the command line; ConfigError lists them."""
    if name not in MODEL_TYPE_OF:
        raise ConfigError(f"There is no format {name!r}; there are {', '.join(MODEL_TYPE_OF)} and gguf.")
    return name


def dtype_of(name: str | None) -> torch.dtype | None:
    """A folder's dtype by its name on the command line, None for the stored one; ConfigError lists them."""
    if name is not None and name not in DTYPE_OF:
        raise ConfigError(f"Folders hold {', '.join(DTYPE_OF)}, not {name}; q8_0 needs --format gguf.")
    return None if name is None else DTYPE_OF[name]


class FolderTensors:
    """The target's tensors: names and shapes at once, values when fetched.

    Args:
        found: the source.
        format, dtype, padded: as of ``export_folder``; None keeps the source's own model type or dtypes.
        mtp: keep the MTP layer if there is one.
    """

    def __init__(
        self, found: OpenCheckpoint, format: Format | None, dtype: torch.dtype | None, *, padded: bool, mtp: bool
    ) -> None:
        self.folder = found.shards.folder
        self._source = found.config
        self._shards = found.shards
        self._dtype = dtype
        self._padded = padded
        config = found.config
        if format is not None:
            config = dataclasses.replace(config, model_type=MODEL_TYPE_OF[format])
        state = dict(found.model.state_dict())
        if not mtp:
            config = dataclasses.replace(config, num_nextn_predict_layers=0)
            state = {name: tensor for name, tensor in state.items() if not name.startswith("mtp.")}
        self.config = padded_config(config) if padded else config
        self.meta = {
            name: self._pad(name, tensor).to(dtype or self._shards.tensors[self._stored(name)].dtype)
            for name, tensor in to_hugging_face(config, state)
        }

    def fetch(self, names: Iterable[str]) -> dict[str, torch.Tensor]:
        """Read these tensors as they go into the file."""
        stored_of = {name: self._stored(name) for name in names}
        tensors = {stored: self._shards.tensors[stored] for stored in stored_of.values() if not _is_stacked(stored)}
        read = {
            stored: torch.empty(tensor.shape, dtype=self._read_dtype(tensor.dtype))
            for stored, tensor in tensors.items()
        }
        self._shards.read_into(read)
        result = {}
        for name, stored in stored_of.items():
            tensor = self._cut(name, stored) if _is_stacked(stored) and name != stored else read[stored]
            tensor = tensor if name == stored else tensor.clone()  # no two tensors of a file may share memory
            result[name] = self._converted(name, self._pad(name, tensor))
        return result

    def _read_dtype(self, stored: torch.dtype) -> torch.dtype:
        """The file's dtype already while reading; for padding, which computes, the wider of the two."""
        target = self._dtype or stored
        return torch.promote_types(stored, target) if self._padded else target

    def _stored(self, name: str) -> str:
        """The source's tensor that the target's ``name`` is, or is a part of."""
        if name in self._shards.tensors:
            return name
        twice = stored_twice(self._source)
        if name in twice:  # a head that the source's MTP layer does not repeat
            return twice[name]
        prefix, _, part, _ = name.rsplit(".", 3)
        return f"{prefix}.{'down_proj' if part == 'down_proj' else 'gate_up_proj'}"

    def _cut(self, name: str, stacked: str) -> torch.Tensor:
        """One expert's matrix out of stacked ones; only its bytes are read."""
        _, expert, part, _ = name.rsplit(".", 3)
        matrix = self._shards.read(stacked, (slice(int(expert), int(expert) + 1),))[0]
        return matrix if part == "down_proj" else matrix.chunk(2)[part == "up_proj"]

    def _pad(self, name: str, tensor: torch.Tensor) -> torch.Tensor:
        return pad_tensor(self._source, name, tensor) if self._padded else tensor

    def _converted(self, name: str, tensor: torch.Tensor) -> torch.Tensor:
        result = tensor.to(self._dtype or tensor.dtype)
        if result.dtype == torch.float16 and not result.isfinite().all():
            raise CheckpointError(f"{name} has values beyond float16's largest, 65504. Export as bf16 or f32.")
        return result


def _is_stacked(stored: str) -> bool:
    return stored.endswith((".experts.gate_up_proj", ".experts.down_proj"))


def check_new(out: Path) -> None:
    """Raise CheckpointError unless ``out`` is new or empty; what a killed process began to write counts for nothing."""
    if out.exists() and (not out.is_dir() or any(file.name != PARTIAL for file in out.iterdir())):
        raise CheckpointError(f"{out} exists and is not an empty folder. Name a new one, or empty it first.")


def verify(source: Path) -> None:
    """Read every file of a folder; CheckpointError names one that its checksum does not fit."""
    for name, stored in read_checksums(source).items():
        check(source / name, checksum(source / name), stored)


def finish(source: Path, out: Path, config: ModelConfig) -> ExportReport:
    """Put what ``source`` has beside its weights next to those in ``out``, and checksums of all of it."""
    copy_small_files(source, out, config)
    write_checksums(out)
    return ExportReport(
        out,
        len(ShardFiles(out).tensors),
        sum(file.stat().st_size for file in out.iterdir() if file.is_file()),
        bool(config.num_nextn_predict_layers),
    )


def copy_small_files(source: Path, out: Path, config: ModelConfig) -> None:
    """Copy tokenizer, template and licence, and make what the source lacks of template and sampling defaults."""
    for pattern in COPIED:
        for file in source.glob(pattern):
            if file.is_file():
                shutil.copyfile(file, out / file.name)
    pad_id = None
    try:
        tokenizer = Tokenizer.from_pretrained(source)
        pad_id = tokenizer.control_tokens.get(tokenizer.pad_token or "")
        template = ChatTemplate.from_pretrained(source, tokenizer)
    except (TokenizerError, TemplateError) as error:
        _LOG.warning("The export lacks a tokenizer or a chat template: %s", error)
    else:
        (out / TEMPLATE_FILE).write_text(template.source, encoding="utf-8")
    if not (out / "generation_config.json").is_file():
        values = {
            "bos_token_id": config.bos_token_id,
            "eos_token_id": config.eos_token_id,
            **({} if pad_id is None else {"pad_token_id": pad_id}),
            **SAMPLING,
        }
        (out / "generation_config.json").write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")
