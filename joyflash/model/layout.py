"""Our parameter names and the Hugging Face layout's: two pure mappings, tensor by tensor.

Ours differ in three ways: routed experts are stacked with gate above up, the MTP layer is ``mtp.*`` instead of the
layer after the last, and its copy of the output head does not exist.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import torch

from joyflash.errors import CheckpointError
from joyflash.model.config import ModelConfig

_MTP_NAMES = {"norm.": "shared_head.norm.", "block.": ""}


def to_hugging_face(config: ModelConfig, state: Mapping[str, torch.Tensor]) -> Iterator[tuple[str, torch.Tensor]]:
    """Yield every tensor of a checkpoint under its Hugging Face name; slices share memory with ``state``."""
    for name, tensor in state.items():
        if name.startswith("mtp."):
            yield _mtp_name(config, name.removeprefix("mtp.")), tensor
        elif name.endswith("mlp.experts.gate_up_proj"):
            prefix = name.removesuffix("gate_up_proj")
            for expert, both in enumerate(tensor):
                gate, up = both.chunk(2)
                yield f"{prefix}{expert}.gate_proj.weight", gate
                yield f"{prefix}{expert}.up_proj.weight", up
        elif name.endswith("mlp.experts.down_proj"):
            prefix = name.removesuffix("down_proj")
            for expert, down in enumerate(tensor):
                yield f"{prefix}{expert}.down_proj.weight", down
        else:
            yield name, tensor
    if config.num_nextn_predict_layers:
        yield f"model.layers.{config.num_hidden_layers}.shared_head.head.weight", state["lm_head.weight"]


@dataclass(frozen=True)
class Place:
    """Where a stored tensor goes: one of ours, or one expert's gate, up or down inside a stacked one."""

    ours: str
    expert: int | None = None
    part: Literal["gate", "up", "whole"] = "whole"

    def of(self, state: Mapping[str, torch.Tensor]) -> torch.Tensor:
        """The (part of the) tensor, sharing memory with ``state``."""
        tensor = state[self.ours] if self.expert is None else state[self.ours][self.expert]
        return tensor if self.part == "whole" else tensor.chunk(2)[self.part == "up"]


def places(config: ModelConfig, names: set[str], wanted: Mapping[str, torch.Tensor]) -> dict[str, Place]:
    """Stored name -> place, for every tensor that a model of this configuration takes.

    Args:
        config: of the checkpoint.
        names: all tensor names in the checkpoint.
        wanted: our names with tensors (meta is enough).

    Raises:
        CheckpointError: tensors are missing or left over (named).
    """
    plan = {source: place for ours in wanted for source, place in _sources(config, ours, names)}
    needed = set(plan)
    missing, extra = sorted(needed - names), sorted(names - needed - stored_twice(config).keys())
    if missing:
        raise CheckpointError(f"The checkpoint lacks {_listed(missing)}. Copy the folder again, all files of it.")
    if extra:
        raise CheckpointError(f"The checkpoint has {_listed(extra)}, which its config.json does not account for.")
    return plan


def stored_twice(config: ModelConfig) -> dict[str, str]:
    """Names in the MTP layer that repeat a tensor of the trunk, and our name of that tensor."""
    prefix = f"model.layers.{config.num_hidden_layers}"
    return {
        f"{prefix}.shared_head.head.weight": "lm_head.weight",
        f"{prefix}.embed_tokens.weight": "model.embed_tokens.weight",
    }


def mtp_layer_present(config: ModelConfig, names: set[str]) -> bool:
    """Whether a checkpoint carries the MTP layer that its configuration announces (transformers drops it)."""
    return any(is_mtp(config, name) for name in names)


def is_mtp(config: ModelConfig, name: str) -> bool:
    """Whether a stored tensor belongs to the MTP layer, the one after the last."""
    return name.startswith(f"model.layers.{config.num_hidden_layers}.")


def _mtp_name(config: ModelConfig, name: str) -> str:
    for ours, theirs in _MTP_NAMES.items():
        if name.startswith(ours):
            name = theirs + name.removeprefix(ours)
            break
    return f"model.layers.{config.num_hidden_layers}.{name}"


def _sources(config: ModelConfig, ours: str, names: set[str]) -> Iterator[tuple[str, Place]]:
    """The Hugging Face tensors that one of ours is made of, and where each belongs."""
    if ours.startswith("mtp."):
        yield _mtp_name(config, ours.removeprefix("mtp.")), Place(ours)
    elif ours in names or not ours.endswith((".experts.gate_up_proj", ".experts.down_proj")):  # stacked on disk too
        yield ours, Place(ours)
    else:
        prefix, _, stacked = ours.rpartition(".")
        for expert in range(config.n_routed_experts):
            if stacked == "down_proj":
                yield f"{prefix}.{expert}.down_proj.weight", Place(ours, expert)
            else:
                yield f"{prefix}.{expert}.gate_proj.weight", Place(ours, expert, "gate")
                yield f"{prefix}.{expert}.up_proj.weight", Place(ours, expert, "up")


def _listed(names: list[str]) -> str:
    shown = ", ".join(names[:3])
    return f"{shown} and {len(names) - 3} more tensors" if len(names) > 3 else shown
