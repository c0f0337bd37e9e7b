"""Training checkpoints: everything a run needs to go on as if it had never stopped.

A checkpoint is the folder ``step-N``. It is written beside its place, flushed to the disk with the checksum of every
file, and only then renamed: whatever moment a run is killed at, the folders named ``step-N`` are whole, and an older
one leaves only after a newer one is on the disk. Nothing is loaded before every byte of the checkpoint is verified.
"""

from __future__ import annotations

import json
import pickle
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from joyflash.errors import TrainingError
from joyflash.model.averaging import average_states
from joyflash.model.joyflash import JoyFlash
from joyflash.train.run_folder import (
    BETWEEN,
    CHECKSUMS,
    TEAM_PROGRESS,
    checkpoints,
    checksum,
    planned,
    publish,
    remove_leftovers,
    remove_older,
)

_FILES = ("model.safetensors", "optimizers.pt", "progress.json")
_UNREADABLE = (OSError, SafetensorError, RuntimeError, ValueError, KeyError, TypeError, pickle.UnpicklingError)


@dataclass(frozen=True)
class Progress:
    """What a checkpoint knows beside tensors.

    Attributes:
        step: steps done.
        data: position in the data after them.
        between: saved where a stop asked for it, between those whose mean is the result.
    """

    step: int
    data: dict[str, Any]
    between: bool = False


def save_checkpoint(
    folder: Path, model: JoyFlash, optimizers: list[torch.optim.Optimizer], progress: Progress, *, keep: int = 2
) -> Path:
    """Write ``folder/step-N``; it appears whole or not at all.

    Afterwards it and the newest ``keep`` stay, without those ``between``. A checkpoint of a later step can only be one
    that could not be read when the run was resumed from an earlier one, and leaves too.

    Raises:
        TrainingError: the disk is full or cannot be written to; the checkpoints before stay.
    """
    target = folder / f"step-{progress.step:07d}"
    partial = folder / f".{target.name}.partial"
    try:
        remove_leftovers(folder)
        partial.mkdir(parents=True)
        state = {name: tensor.contiguous() for name, tensor in model.state_dict().items()}
        save_file(state, partial / "model.safetensors")
        torch.save([optimizer.state_dict() for optimizer in optimizers], partial / "optimizers.pt")
        (partial / "progress.json").write_text(json.dumps({"step": progress.step, "data": progress.data}))
        if progress.between:
            (partial / BETWEEN).touch()
        publish(partial, target, {name: checksum(partial / name) for name in _FILES})
    except (OSError, SafetensorError, RuntimeError) as error:
        shutil.rmtree(partial, ignore_errors=True)
        raise TrainingError(
            f"The checkpoint {target} cannot be written ({error}). Make room or give the folder write permission, then "
            "go on from the one before with --resume."
        ) from error
    remove_older(folder, target, keep)
    return target


def load_checkpoint(
    folder: Path,
    model: JoyFlash,
    optimizers: list[torch.optim.Optimizer] | None = None,
    *,
    notify: Callable[[str], None] | None = None,
) -> Progress:
    """Restore the newest readable checkpoint of a run folder into ``model`` and ``optimizers``.

    Args:
        notify: is told, in a sentence, of each damaged checkpoint that was passed over for the one before.

    Raises:
        TrainingError: there is none, every one is damaged, or it belongs to another model.
    """
    found = checkpoints(folder)
    if not found:
        raise TrainingError(f"{folder} holds no checkpoint to go on from; start without --resume.")
    damages: list[str] = []
    for checkpoint in reversed(found):
        try:
            state, optimizer_states, progress = _read(checkpoint)
        except _UNREADABLE as error:
            damages.append(f"The checkpoint {checkpoint} cannot be read ({error}).")
            continue
        if notify is not None:
            for damage in damages:
                notify(f"{damage} Going on from {checkpoint.name} instead.")
        _restore(checkpoint, model, state, optimizers, optimizer_states)
        return progress
    raise TrainingError(" ".join([*damages, "None is left to go on from: start again in another folder."]))


@torch.no_grad()
def average_checkpoints(folder: Path, model: JoyFlash, last: int) -> list[int]:
    """Put the mean of the newest ``last`` planned checkpoints of a run into ``model``; return their steps.

    Averaging in place of a learning-rate decay: the report's scaling-law study (section 2).

    Raises:
        TrainingError: there are fewer, or one cannot be read.
    """
    found = planned(folder)[-last:]
    if len(found) < last:
        raise TrainingError(
            f"{folder} holds {len(found)} checkpoints, {last} are to be merged. Validate more often or merge fewer."
        )
    steps, states = [], []
    for checkpoint in found:
        try:
            state, _, progress = _read(checkpoint)
        except _UNREADABLE as error:
            raise TrainingError(
                f"The checkpoint {checkpoint} cannot be merged: it cannot be read ({error})."
            ) from error
        steps.append(progress.step)
        states.append(state)
    model.load_state_dict(average_states(states))
    return steps


def has_checkpoint(folder: Path) -> bool:
    """Whether a run folder holds a checkpoint, damaged or not."""
    return bool(checkpoints(folder))


def last_step(folder: Path) -> int:
    """Steps of the newest checkpoint of a run folder, 0 without one; it may be damaged."""
    found = checkpoints(folder)
    return int(found[-1].name.removeprefix("step-")) if found else 0


def _read(checkpoint: Path) -> tuple[dict[str, torch.Tensor], list[dict[str, Any]], Progress]:
    if (checkpoint / TEAM_PROGRESS).is_file():
        raise TrainingError(
            f"{checkpoint} was written by several processes. Go on with: torchrun --nproc-per-node N -m joyflash ... "
            "--resume; N may be 1."
        )
    sums = json.loads((checkpoint / CHECKSUMS).read_text())
    for name in _FILES:
        if checksum(checkpoint / name) != sums[name]:
            raise ValueError(f"{name} is not what was written")
    states = torch.load(checkpoint / "optimizers.pt", map_location="cpu", weights_only=True)
    progress = json.loads((checkpoint / "progress.json").read_text())
    return load_file(checkpoint / "model.safetensors"), states, Progress(int(progress["step"]), progress["data"])


def _restore(
    checkpoint: Path,
    model: JoyFlash,
    state: dict[str, torch.Tensor],
    optimizers: list[torch.optim.Optimizer] | None,
    optimizer_states: list[dict[str, Any]],
) -> None:
    try:
        model.load_state_dict(state)
        for optimizer, saved in zip(optimizers or [], optimizer_states if optimizers else [], strict=True):
            _load_optimizer(optimizer, saved)
    except (RuntimeError, ValueError, KeyError) as error:
        raise TrainingError(
            f"The checkpoint {checkpoint} cannot be loaded: it is of another model or recipe ({error}). Resume with "
            "the recipe that the run began with."
        ) from error


def _load_optimizer(optimizer: torch.optim.Optimizer, saved: dict[str, Any]) -> None:
    """Take over a saved state; what the recipe and the device decide stays, also after they were changed."""
    own = [
        {
            "initial_lr": group.get("initial_lr", group["lr"]),  # "lr" may be the last rate of a stage loaded before
            **{name: group[name] for name in ("weight_decay", "fused") if name in group},
        }
        for group in optimizer.param_groups
    ]
    # Before loading: by "fused" PyTorch chooses where AdamW's step counts lie.
    groups = [each | mine for each, mine in zip(saved["param_groups"], own, strict=True)]
    optimizer.load_state_dict({**saved, "param_groups": groups})
