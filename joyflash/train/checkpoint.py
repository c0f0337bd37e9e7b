"""Training checkpoints: everything a run needs to go on as if it had never stopped."""

from __future__ import annotations

import json
import pickle
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from joyflash.errors import TrainingError
from joyflash.model.joyflash import JoyFlash

KEPT = 2


@dataclass(frozen=True)
class Progress:
    """What a checkpoint knows beside tensors: steps done and the data position after them."""

    step: int
    data: dict[str, Any]


def save_checkpoint(folder: Path, model: JoyFlash, optimizers: list[torch.optim.Optimizer], progress: Progress) -> Path:
    """Write ``folder/step-N``; it appears whole or not at all, and only the newest two stay."""
    target = folder / f"step-{progress.step:07d}"
    partial = folder / f".{target.name}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    save_file({name: tensor.contiguous() for name, tensor in model.state_dict().items()}, partial / "model.safetensors")
    torch.save([optimizer.state_dict() for optimizer in optimizers], partial / "optimizers.pt")
    (partial / "progress.json").write_text(json.dumps({"step": progress.step, "data": progress.data}))
    shutil.rmtree(target, ignore_errors=True)
    partial.replace(target)
    for old in _checkpoints(folder)[:-KEPT]:
        shutil.rmtree(old)
    return target


def load_checkpoint(folder: Path, model: JoyFlash, optimizers: list[torch.optim.Optimizer] | None = None) -> Progress:
    """Restore the newest checkpoint of a run folder into ``model`` and ``optimizers``.

    Raises:
        TrainingError: there is none, or it is damaged or of another model.
    """
    found = _checkpoints(folder)
    if not found:
        raise TrainingError(f"{folder} holds no checkpoint to go on from; start without --resume.")
    newest = found[-1]
    try:
        model.load_state_dict(load_file(newest / "model.safetensors"))
        if optimizers is not None:
            states = torch.load(newest / "optimizers.pt", map_location="cpu", weights_only=True)
            for optimizer, state in zip(optimizers, states, strict=True):
                rates = [group["lr"] for group in optimizer.param_groups]
                optimizer.load_state_dict(state)
                for group, rate in zip(optimizer.param_groups, rates, strict=True):
                    group["initial_lr"] = rate  # the recipe decides, also after it was edited
        progress = json.loads((newest / "progress.json").read_text())
        return Progress(int(progress["step"]), progress["data"])
    except (OSError, SafetensorError, RuntimeError, ValueError, KeyError, pickle.UnpicklingError) as error:
        raise TrainingError(
            f"The checkpoint {newest} cannot be loaded ({error}). Remove that folder to go on from the one before."
        ) from error


def _checkpoints(folder: Path) -> list[Path]:
    return sorted(folder.glob("step-*"))
