"""Our parameter names and the Hugging Face layout's: two pure mappings, tensor by tensor.

Ours differ in three ways: routed experts are stacked with gate above up, the MTP layer is ``mtp.*`` instead of the
layer after the last, and its copy of the output head does not exist.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

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


def from_hugging_face(
    config: ModelConfig, names: set[str], read: Callable[[str], torch.Tensor], wanted: Mapping[str, torch.Tensor]
) -> Iterator[tuple[str, torch.Tensor]]:
    """Yield our tensors, reading each Hugging Face tensor when its turn comes.

    Args:
        config: of the checkpoint.
        names: all tensor names in the checkpoint.
        read: returns one tensor by name.
        wanted: our names with tensors (meta is enough) of the expected shapes.

    Raises:
        CheckpointError: tensors are missing or left over (named), or one has another shape.
    """
    plan = {ours: _sources(config, ours, names) for ours in wanted}
    needed = {source for sources in plan.values() for source in sources}
    ignored = {f"model.layers.{config.num_hidden_layers}.{part}" for part in _STORED_TWICE}
    missing, extra = sorted(needed - names), sorted(names - needed - ignored)
    if missing:
        raise CheckpointError(f"The checkpoint lacks {_listed(missing)}. Copy the folder again, all files of it.")
    if extra:
        raise CheckpointError(f"The checkpoint has {_listed(extra)}, which its config.json does not account for.")
    for ours, sources in plan.items():
        parts = [read(source) for source in sources]
        tensor = parts[0] if len(parts) == 1 else _stack(ours, parts)
        if tensor.shape != wanted[ours].shape:
            raise CheckpointError(
                f"{sources[0]} makes a tensor of shape {tuple(tensor.shape)}; config.json calls for "
                f"{tuple(wanted[ours].shape)}."
            )
        yield ours, tensor


_STORED_TWICE = ("shared_head.head.weight", "embed_tokens.weight")


def mtp_layer_present(config: ModelConfig, names: set[str]) -> bool:
    """Whether a checkpoint carries the MTP layer that its configuration announces (transformers drops it)."""
    return any(name.startswith(f"model.layers.{config.num_hidden_layers}.") for name in names)


def _mtp_name(config: ModelConfig, name: str) -> str:
    for ours, theirs in _MTP_NAMES.items():
        if name.startswith(ours):
            name = theirs + name.removeprefix(ours)
            break
    return f"model.layers.{config.num_hidden_layers}.{name}"


def _sources(config: ModelConfig, ours: str, names: set[str]) -> list[str]:
    """The Hugging Face tensors that one of ours is made of."""
    if ours.startswith("mtp."):
        return [_mtp_name(config, ours.removeprefix("mtp."))]
    for stacked, parts in (("gate_up_proj", ("gate_proj", "up_proj")), ("down_proj", ("down_proj",))):
        if ours.endswith(f"mlp.experts.{stacked}"):
            if ours in names:  # stacked on disk too
                return [ours]
            prefix = ours.removesuffix(stacked)
            return [f"{prefix}{e}.{part}.weight" for e in range(config.n_routed_experts) for part in parts]
    return [ours]


def _stack(ours: str, parts: list[torch.Tensor]) -> torch.Tensor:
    if len({part.shape for part in parts}) > 1:
        raise CheckpointError(f"The experts that make up {ours} have different shapes.")
    if ours.endswith("gate_up_proj"):
        parts = [torch.cat(pair) for pair in zip(parts[::2], parts[1::2], strict=True)]
    return torch.stack(parts)


def _listed(names: list[str]) -> str:
    shown = ", ".join(names[:3])
    return f"{shown} and {len(names) - 3} more tensors" if len(names) > 3 else shown
