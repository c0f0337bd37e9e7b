"""Which tensors a GGUF file of architecture ``deepseek2`` holds, and which stored rows each is made of.

Three things differ from a Hugging Face folder: routed experts are stacked, ``kv_b_proj`` is cut into its key part
(transposed, because llama.cpp absorbs it into the query) and its value part, and the MTP layer is absent. Everything is
a plan of small pieces, so that the export holds one piece in memory, not one stacked tensor. RoPE needs no
permutation: llama.cpp rotates neighbouring pairs for this architecture, as the model does.

Letters: E experts, I expert width, D hidden, N heads, H non-rotated head width, V value width, C latent.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

import torch

from joyflash.errors import CheckpointError
from joyflash.model.config import ModelConfig
from joyflash.model.joyflash import JoyFlash
from joyflash.model.layout import Place, is_mtp, places
from joyflash.model.shards import ShardFiles

Part = Literal["gate", "up", "whole"]
PIECE_VALUES = 1 << 24
"""Most values of one piece: 64 MB while it is float32."""


@dataclass(frozen=True)
class Piece:
    """Some rows of a stored tensor, turned if ``transposed``."""

    source: str
    part: tuple[slice, ...] = ()
    transposed: bool = False

    def read(self, shards: ShardFiles) -> torch.Tensor:
        """The rows as stored, [rows, length]; of a 1-D tensor the whole."""
        tensor = shards.read(self.source, self.part)
        if tensor.dim() > 1:
            tensor = tensor.flatten(0, -2)
        return tensor.t() if self.transposed else tensor


@dataclass(frozen=True)
class PlannedTensor:
    """One tensor of the GGUF file under the name a Hugging Face folder with stacked experts would give it."""

    name: str
    shape: tuple[int, ...]
    pieces: tuple[Piece, ...]


def plan_tensors(config: ModelConfig, stored: Mapping[str, tuple[int, ...]]) -> list[PlannedTensor]:
    """Plan the file for a folder that stores tensors of these names and shapes (of either expert layout).

    Raises:
        CheckpointError: a tensor is missing, left over, or of another shape than ``config.json`` says.
    """
    trunk = replace(config, num_nextn_predict_layers=0)
    with torch.device("meta"):
        state = JoyFlash(trunk).state_dict()
    names = {name for name in stored if not is_mtp(config, name)}
    sources: dict[Place, str] = {}
    for name, place in places(trunk, names, state).items():
        wanted = tuple(place.of(state).shape)
        if stored[name] != wanted:
            raise CheckpointError(f"{name} has the shape {stored[name]}; config.json calls for {wanted}.")
        sources[place] = name
    return [tensor for ours in state for tensor in _tensors(trunk, ours, tuple(state[ours].shape), sources)]


def _tensors(
    config: ModelConfig, ours: str, shape: tuple[int, ...], sources: Mapping[Place, str]
) -> Iterator[PlannedTensor]:
    """What becomes of one of our tensors."""
    prefix, _, last = ours.rpartition(".")
    if ours.endswith(".mlp.experts.gate_up_proj"):
        width = config.moe_intermediate_size
        halves: dict[Part, slice] = {"gate": slice(0, width), "up": slice(width, 2 * width)}
        for part, rows in halves.items():
            shape_EID = (shape[0], width, shape[2])
            yield PlannedTensor(f"{prefix}.{part}_proj.weight", shape_EID, _experts(ours, part, rows, shape, sources))
    elif ours.endswith(".mlp.experts.down_proj"):
        pieces = _experts(ours, "whole", slice(0, shape[1]), shape, sources)
        yield PlannedTensor(f"{prefix}.{last}.weight", shape, pieces)
    elif ours.endswith(".kv_b_proj.weight"):
        yield from _keys_and_values(config, ours, sources[Place(ours)])
    elif last == "e_score_correction_bias":
        yield PlannedTensor(f"{prefix}.e_score_correction.bias", shape, (Piece(sources[Place(ours)]),))
    elif len(shape) == 1:
        yield PlannedTensor(ours, shape, (Piece(sources[Place(ours)]),))
    else:
        yield PlannedTensor(ours, shape, tuple(_row_pieces(sources[Place(ours)], shape)))


def _experts(
    ours: str, part: Part, rows: slice, shape: tuple[int, ...], sources: Mapping[Place, str]
) -> tuple[Piece, ...]:
    """One piece per expert: a tensor of its own, or its rows of a tensor that is stacked on disk too."""
    stacked = sources.get(Place(ours))
    if stacked is not None:
        return tuple(Piece(stacked, (slice(expert, expert + 1), rows)) for expert in range(shape[0]))
    return tuple(Piece(sources[Place(ours, expert, part)]) for expert in range(shape[0]))


def _keys_and_values(config: ModelConfig, ours: str, source: str) -> Iterator[PlannedTensor]:
    """``kv_b_proj`` [N * (H + V), C], head by head: keys turned to [N, C, H], values [N, V, C]."""
    heads, keys, values = config.num_attention_heads, config.qk_nope_head_dim, config.v_head_dim
    starts = range(0, heads * (keys + values), keys + values)
    key_pieces = tuple(Piece(source, (slice(start, start + keys),), transposed=True) for start in starts)
    value_pieces = tuple(Piece(source, (slice(start + keys, start + keys + values),)) for start in starts)
    yield PlannedTensor(ours.replace("kv_b_proj", "k_b_proj"), (heads, config.kv_lora_rank, keys), key_pieces)
    yield PlannedTensor(ours.replace("kv_b_proj", "v_b_proj"), (heads, values, config.kv_lora_rank), value_pieces)


def _row_pieces(source: str, shape: tuple[int, ...]) -> Iterator[Piece]:
    step = max(1, PIECE_VALUES // math.prod(shape[1:]))
    for start in range(0, shape[0], step):
        yield Piece(source, (slice(start, min(start + step, shape[0])),))
