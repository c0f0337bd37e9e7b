"""One device's share of a checkpoint, for tensor or expert parallelism: only the share's bytes are read.

Heads (``q_b``, ``kv_b``, ``o``), feed-forward widths and the vocabulary are divided; experts by their width, or whole
ones are dealt out. What makes or reads the latents of all heads, the router, norms and ``eh_proj`` are the same on
every device. Sums over the devices of what ``o``, ``down`` and the experts return are the undivided model's.

Letters: E experts, I their width, D hidden, R number of devices.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch

from joyflash.errors import CheckpointError, ConfigError
from joyflash.model.checkpoint import open_checkpoint
from joyflash.model.config import ModelConfig
from joyflash.model.layout import Place
from joyflash.model.shards import ShardFiles, StoredTensor

Index = tuple[int | slice, ...]
_ROWS = ("q_b_proj.weight", "q_proj.weight", "kv_b_proj.weight", "gate_proj.weight", "up_proj.weight")
_VOCABULARY = ("embed_tokens.weight", "lm_head.weight")
_COLUMNS = ("o_proj.weight", "down_proj.weight")
_EXPERTS = (".experts.gate_up_proj", ".experts.down_proj")
_READERS = 4


@dataclass(frozen=True)
class Share:
    """Which part of a model a device holds.

    Attributes:
        rank: of the device, from 0.
        count: of the devices.
        experts: divided by their ``width``, or dealt out ``whole`` (rank r has the r-th E / R of them).
    """

    rank: int
    count: int
    experts: Literal["width", "whole"] = "width"

    def check(self, config: ModelConfig) -> None:
        """Raise ConfigError unless the model divides evenly."""
        if not 0 <= self.rank < self.count:
            raise ConfigError(f"rank is {self.rank}; with {self.count} devices it must lie from 0 to {self.count - 1}.")
        divided = {
            "attention heads": config.num_attention_heads,
            "vocabulary": config.vocab_size,
            "dense width": config.intermediate_size,
            "shared experts' width": config.moe_intermediate_size * config.n_shared_experts,
            ("experts' width" if self.experts == "width" else "experts"): (
                config.moe_intermediate_size if self.experts == "width" else config.n_routed_experts
            ),
        }
        for name, size in divided.items():
            if size % self.count:
                raise ConfigError(
                    f"{self.count} devices cannot share the {name} ({size}) evenly. Choose another number."
                )

    def part(self, size: int) -> slice:
        """This device's of ``size`` things."""
        width = size // self.count
        return slice(self.rank * width, (self.rank + 1) * width)


@dataclass(frozen=True)
class Piece:
    """What is read of a stored tensor, and where in ours it goes."""

    stored: StoredTensor
    source: Index
    ours: str
    target: Index


def read_share(
    folder: Path, share: Share, device: torch.device | str = "cpu", dtype: torch.dtype = torch.float32
) -> tuple[ModelConfig, dict[str, torch.Tensor]]:
    """Read one device's share of a folder of either expert layout.

    Names, shapes and dtypes of the whole folder are checked first, by its headers. A file's checksum covers all of it,
    so that altered weights are not noticed here; ``read_model`` or ``joyflash export`` notices them.

    Args:
        folder: a Hugging Face folder, not quantised.
        share: which.
        device: where the weights go.
        dtype: of the weights; router biases stay float32.

    Returns:
        The whole model's configuration, and our parameter names with this device's part of each.

    Raises:
        CheckpointError: a file is missing or damaged, or tensors and configuration do not fit each other.
        ConfigError: the model does not divide so, or is another architecture.
    """
    found = open_checkpoint(folder)
    share.check(found.config)
    state = found.model.state_dict()
    result = {}
    for name, whole in state.items():
        kept = torch.float32 if name.endswith("e_score_correction_bias") else dtype
        result[name] = torch.empty(
            share_shape(found.config, share, name, tuple(whole.shape)), dtype=kept, device=device
        )
    by_file: dict[Path, list[Piece]] = {}
    for piece in pieces(found.config, share, found.plan, found.shards):
        by_file.setdefault(piece.stored.file, []).append(piece)

    def read(file: Path) -> None:
        for piece in sorted(by_file[file], key=lambda piece: piece.stored.start):
            result[piece.ours][piece.target].copy_(_read(piece))

    with ThreadPoolExecutor(_READERS) as pool:
        list(pool.map(read, sorted(by_file)))  # raises what the first reader raised
    return found.config, result


def share_shape(config: ModelConfig, share: Share, name: str, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Shape of a device's part of one of our tensors."""
    dim = _divided(share, name)
    if dim is None:
        return shape
    return tuple(size // share.count if i == dim else size for i, size in enumerate(shape))


def pieces(config: ModelConfig, share: Share, plan: Mapping[str, Place], shards: ShardFiles) -> Iterator[Piece]:
    """All that a device reads of a folder, once each."""
    for name, place in plan.items():
        for source, target in _cuts(config, share, place, shards.tensors[name].shape):
            yield Piece(shards.tensors[name], source, place.ours, target)


def _divided(share: Share, name: str) -> int | None:
    """The dimension of our tensor that is divided, if any."""
    if name.endswith(_EXPERTS):
        return 0 if share.experts == "whole" else (1 if name.endswith("gate_up_proj") else 2)
    if name.endswith(_COLUMNS):
        return 1
    return 0 if name.endswith(_ROWS + _VOCABULARY) else None


def _cuts(config: ModelConfig, share: Share, place: Place, shape: tuple[int, ...]) -> Iterator[tuple[Index, Index]]:
    """Parts of a stored tensor, and where they go in this device's part of ours."""
    dim = _divided(share, place.ours)
    if not place.ours.endswith(_EXPERTS):
        yield ((slice(None),) * (dim or 0) + (share.part(shape[dim]),) if dim is not None else ()), ()
        return
    width = config.moe_intermediate_size
    mine = share.part(width) if share.experts == "width" else slice(0, width)
    held = share.part(config.n_routed_experts) if share.experts == "whole" else slice(0, config.n_routed_experts)
    rows = mine.stop - mine.start
    gate_up = place.ours.endswith("gate_up_proj")
    if place.expert is not None:
        if held.start <= place.expert < held.stop:
            at = place.expert - held.start
            where = {"gate": slice(0, rows), "up": slice(rows, 2 * rows), "whole": slice(None)}[place.part]
            yield (mine,) if gate_up else (slice(None), mine), (at, where)
    elif gate_up:
        yield (held, mine), (slice(None), slice(0, rows))
        yield (held, slice(width + mine.start, width + mine.stop)), (slice(None), slice(rows, 2 * rows))
    else:
        yield (held, slice(None), mine), ()


def _read(piece: Piece) -> torch.Tensor:
    """Only the pages in which the piece lies are read."""
    stored = piece.stored
    size = stored.dtype.itemsize
    if not stored.shape or not stored.end > stored.start:
        raise CheckpointError(f"{stored.file}: {stored.name} is empty; a weight is not. Copy the file again.")
    mapped = np.memmap(stored.file, np.uint8, "r", stored.start, (*stored.shape, size))
    part = np.array(mapped[piece.source])  # a copy, which reads it
    return torch.from_numpy(part.reshape(-1)).view(stored.dtype).reshape(part.shape[:-1])
