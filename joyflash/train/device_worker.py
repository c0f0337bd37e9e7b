"""Gradients of several rows at once on one accelerator: the rows of a step joined into a few long ones.

Letters: those of ``joyflash.batch``.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from joyflash.batch import PackedBatch
from joyflash.errors import ConfigError
from joyflash.hardware import detect
from joyflash.model.joyflash import JoyFlash
from joyflash.model.moe import MixtureOfExperts
from joyflash.parallel.clipping import clip_gradients
from joyflash.train.workers import Objective, refresh, working_copy


def training_precision(name: str, device: torch.device) -> torch.dtype:
    """The dtype of products: "fp32", "bf16", or "auto" for bf16 on a GPU or a processor that multiplies in it.

    Raises:
        ConfigError: another name, or fp32 on a GPU, where only bf16 is offered.
    """
    if name not in ("auto", "fp32", "bf16"):
        raise ConfigError(f"The precision of training is auto, fp32 or bf16, not {name!r}.")
    if device.type != "cpu":
        if name == "fp32":
            raise ConfigError("On a GPU products run in bf16. Leave out --precision, or train on the CPU.")
        return torch.bfloat16
    machine = detect()
    fast = machine.avx512_bf16 or machine.amx
    return torch.bfloat16 if name == "bf16" or (name == "auto" and fast) else torch.float32


def training_device(name: str) -> torch.device:
    """The device called "cpu" or "cuda"; ConfigError if training does not run there or torch does not find it."""
    if name not in ("cpu", "cuda"):
        raise ConfigError(f"Training runs on cpu or cuda, not on {name!r}.")
    if name == "cuda" and not torch.cuda.is_available():
        raise ConfigError("torch finds no CUDA GPU here. Leave out --device, or install a torch built for your GPU.")
    return torch.device(name)


class DeviceWorker:
    """Runs an objective forward and backward where ``model`` lies; the counterpart of ``RowWorkers`` for a GPU.

    The optimiser works on ``model`` in float32; products run on a copy in ``dtype`` that every call refreshes.

    Args:
        model: its parameters receive the summed gradients, in float32.
        dtype: of the copy.
        tokens_at_once: rows are joined up to this many tokens; the rest follows in further passes.
    """

    def __init__(self, model: JoyFlash, dtype: torch.dtype = torch.bfloat16, tokens_at_once: int = 65_536):
        self.model = model
        self.tokens_at_once = tokens_at_once
        self._copy = working_copy(model, dtype)
        self._pairs = [
            (mine, theirs)
            for mine, theirs in zip(self._copy.parameters(), model.parameters(), strict=True)
            if theirs.requires_grad
        ]
        self._moes = [module for module in self._copy.modules() if isinstance(module, MixtureOfExperts)]

    def run(self, rows: Sequence[PackedBatch], objective: Objective) -> list[dict[str, float]]:
        """Put the summed gradients of all rows into the model's ``grad``; return the sums of each pass."""
        refresh(self._copy, self.model)
        device = self.model.lm_head.weight.device
        together = max(1, self.tokens_at_once // rows[0].tokens_T.numel())
        found = []
        for start in range(0, len(rows), together):
            joined = PackedBatch.join(rows[start : start + together]).to(device)
            loss, sums = objective(self._copy, joined)
            loss.backward()
            self._take_gradients()
            found.append(sums)
        return found

    def clip(self, largest: float) -> float:
        """Scale the model's gradients so that their norm is at most ``largest``; return the norm before."""
        return clip_gradients([p.grad for p in self.model.parameters() if p.grad is not None], largest)

    def take_loads(self) -> list[torch.Tensor]:
        """Tokens per expert of each MoE layer since the last call; the counters restart."""
        loads = [moe.tokens_per_expert_E.clone() for moe in self._moes]
        for moe in self._moes:
            moe.tokens_per_expert_E.zero_()
        return loads

    def close(self) -> None:
        """Nothing to stop; the interface of ``RowWorkers``."""

    def _take_gradients(self) -> None:
        for mine, theirs in self._pairs:
            if mine.grad is not None:
                gradient = mine.grad.float()
                theirs.grad = gradient if theirs.grad is None else theirs.grad.add_(gradient)
                mine.grad = None
