"""Model merging: the mean of several checkpoints of one run, which can stand in for a learning-rate decay.

The report uses it in its scaling-law study (section 2). Memory holds about two shards.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import torch

from joyflash.convert.export import (
    ExportReport,
    FolderTensors,
    check_new,
    finish,
    verify,
)
from joyflash.errors import CheckpointError
from joyflash.model.averaging import shares_of
from joyflash.model.checkpoint import open_checkpoint, write_folder

SHARD_BYTES = 2 * 10**9


def merge_folders(
    sources: Sequence[Path], out: Path, weights: Sequence[float] | None = None, *, shard_bytes: int = SHARD_BYTES
) -> ExportReport:
    """Write the weighted mean of model folders as a new one; tokenizer and other small files come from the last.

    Args:
        sources: folders that ``read_model`` reads, not quantised, of one shape.
        out: a new or empty folder.
        weights: one for each source, none negative; None weighs all alike.
        shard_bytes: a shard ends before it grows beyond this.

    Raises:
        CheckpointError: a source is missing, damaged, altered or quantised, shapes or weights do not fit, or ``out``
            holds something.
    """
    check_new(out)
    shares = shares_of(len(sources), weights)
    opened = []
    for source in sources:
        found = open_checkpoint(source)
        verify(source)
        opened.append(FolderTensors(found, "hf", None, padded=False, mtp=True))
    last = opened[-1]
    for source, tensors in zip(sources, opened, strict=True):
        if tensors.config != last.config:
            raise CheckpointError(
                f"{source} and {sources[-1]} are models of other shapes; merge checkpoints of one run."
            )
    mean = _Mean(opened, shares)
    write_folder(last.config, last.meta, mean.fetch, out, None, shard_bytes=shard_bytes)
    return finish(sources[-1], out, last.config)


class _Mean:
    """Reads a shard's tensors from one source after another and adds them up in the next wider dtype."""

    def __init__(self, sources: Sequence[FolderTensors], shares: Sequence[float]):
        self._sources = sources
        self._shares = shares

    def fetch(self, names: Iterable[str]) -> dict[str, torch.Tensor]:
        names = list(names)
        meta = self._sources[-1].meta
        total = {
            name: torch.zeros(
                meta[name].shape, dtype=torch.float64 if meta[name].dtype == torch.float32 else torch.float32
            )
            for name in names
        }
        for source, share in zip(self._sources, self._shares, strict=True):
            for name, tensor in source.fetch(names).items():
                total[name].add_(tensor.to(total[name].dtype), alpha=share)
        return {name: tensor.to(meta[name].dtype) for name, tensor in total.items()}
