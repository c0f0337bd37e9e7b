"""Model merging: the mean of several checkpoints of one run, which can stand in for a learning-rate decay.

The report uses it in its scaling-law study (section 2). Memory holds about two shards.
"""

from __future__ import annotations

import dataclasses
import functools
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import torch

from joyflash.convert.export import ExportReport, FolderTensors, check_new, finish, verify
from joyflash.errors import CheckpointError
from joyflash.model.averaging import shares_of
from joyflash.model.checkpoint import open_checkpoint, write_folder
from joyflash.model.config import ModelConfig

SHARD_BYTES = 2 * 10**9
_FREE = ("model_type", "bos_token_id", "eos_token_id")
"""Fields of a configuration that say nothing about weights: models that differ in them have a mean."""


def merge_folders(
    sources: Sequence[Path], out: Path, weights: Sequence[float] | None = None, *, shard_bytes: int = SHARD_BYTES
) -> ExportReport:
    """Write the weighted mean of model folders as a new one.

    The model type, the token ids, the tokenizer and other small files are those of the last. A tensor has the narrowest
    dtype that holds every source's: that of one in bfloat16 and one in float32 is float32.

    Args:
        sources: folders that ``read_model`` reads, not quantised, of one shape and with one tokenizer, if any.
        out: a new or empty folder.
        weights: one for each source, none negative; None weighs all alike.
        shard_bytes: a shard ends before it grows beyond this.

    Raises:
        CheckpointError: a source is missing, damaged, altered or quantised, shapes, settings, tokenizers or weights do
            not fit, or ``out`` holds something.
    """
    check_new(out)
    shares = shares_of(len(sources), weights)
    opened = [FolderTensors(open_checkpoint(source), None, None, padded=False, mtp=True) for source in sources]
    config = opened[-1].config
    for source, tensors in zip(sources, opened, strict=True):
        _check_alike(source, tensors.config, sources[-1], config)
    _check_tokenizers(sources)
    for source in sources:
        verify(source)
    mean = _Mean(opened, shares)
    write_folder(config, mean.meta, mean.fetch, out, None, shard_bytes=shard_bytes)
    return finish(sources[-1], out, config)


def _check_alike(source: Path, config: ModelConfig, last: Path, wanted: ModelConfig) -> None:
    """Raise CheckpointError with every setting in which two models differ so that they have no mean."""
    ours, theirs = dataclasses.asdict(config), dataclasses.asdict(wanted)
    differing = [
        f"{name} ({value} and {theirs[name]})"
        for name, value in ours.items()
        if value != theirs[name] and name not in _FREE
    ]
    if differing:
        raise CheckpointError(f"{source} and {last} differ in {', '.join(differing)}; merge checkpoints of one run.")


def _check_tokenizers(sources: Sequence[Path]) -> None:
    """Raise CheckpointError where two sources have tokenizers that say different things."""
    having = [source for source in sources if (source / "tokenizer.json").is_file()]
    if not having:
        return
    wanted = _tokenizer(having[-1])
    for source in having[:-1]:
        if _tokenizer(source) != wanted:
            raise CheckpointError(
                f"{source} and {having[-1]} have different tokenizers: one id is another text to each. Merge "
                "checkpoints of one run."
            )


def _tokenizer(folder: Path) -> Any:
    file = folder / "tokenizer.json"
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise CheckpointError(f"{file} is not valid JSON ({error}). Copy the file again.") from error


class _Mean:
    """Reads a shard's tensors from one source after another and adds them up in the next wider dtype."""

    def __init__(self, sources: Sequence[FolderTensors], shares: Sequence[float]):
        self._sources = sources
        self._shares = shares
        self.meta = {
            name: tensor.to(functools.reduce(torch.promote_types, (source.meta[name].dtype for source in sources)))
            for name, tensor in sources[-1].meta.items()
        }

    def fetch(self, names: Iterable[str]) -> dict[str, torch.Tensor]:
        names = list(names)
        total = {
            name: torch.zeros(
                self.meta[name].shape, dtype=torch.float32 if self.meta[name].dtype.itemsize == 2 else torch.float64
            )
            for name in names
        }
        for source, share in zip(self._sources, self._shares, strict=True):
            for name, tensor in source.fetch(names).items():
                total[name].add_(tensor.to(total[name].dtype), alpha=share)
        return {name: tensor.to(self.meta[name].dtype) for name, tensor in total.items()}
