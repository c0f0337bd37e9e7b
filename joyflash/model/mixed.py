"""MixedStep: decoding by the compiled step, long stretches of prompts by PyTorch's matrix library.

On a CPU a compiled step keeps a row's bits whatever stands beside it, and pays for that where many rows stand together:
it attends in the absorbed form, and its products are not the library's. Here stretches of a prompt take the library's
products and the expanded form. So this step is not batch-invariant: how a prompt was cut shows in its last digits.

Letters: n rows, m kept rows, h given hidden states, D hidden.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from itertools import groupby

import torch
from torch import Tensor

from joyflash.kernels.gumbel import Draw
from joyflash.model.compiled import CompiledStep
from joyflash.model.step import Rows, TorchStep

LONG = 96
"""Rows of one sequence from which on the library is faster (nano, two cores)."""


class MixedStep:
    """A StepModel of two, which share weights and cache.

    Args:
        compiled: takes the rows of sequences that have few of them, and draws.
        library: takes those that have at least ``LONG``.
    """

    batch_invariant = False

    def __init__(self, compiled: CompiledStep, library: TorchStep) -> None:
        self._compiled = compiled
        self._library = library
        self.max_rows = min(compiled.max_rows, library.max_rows)
        self.has_mtp = compiled.has_mtp
        self.context_length = compiled.context_length

    @property
    def routes_nLK(self) -> Tensor | None:
        """See StepModel; not recorded."""
        return None

    def weights_changed(self) -> None:
        """See StepModel."""
        self._compiled.weights_changed()
        self._library.weights_changed()

    def trunk(self, rows: Rows) -> Tensor:
        """See StepModel."""
        few, many = _divided(rows)
        if not many:
            return self._compiled.trunk(rows)
        if not few:
            return self._library.trunk(rows).float()
        long_mD = self._library.trunk(_some(rows, many)).float()
        out_nD = long_mD.new_empty(len(rows.tokens), long_mD.shape[1])
        out_nD[many] = long_mD
        out_nD[few] = self._compiled.trunk(_some(rows, few))
        return out_nD

    def mtp(self, rows: Rows, hidden_hD: Tensor, lines: Sequence[int], kept: Sequence[int]) -> Tensor:
        """See StepModel."""
        few, many = _divided(rows)
        if not many:
            return self._compiled.mtp(rows, hidden_hD, lines, kept)
        wanted = {row: place for place, row in enumerate(kept)}
        out_mD = torch.empty(len(kept), hidden_hD.shape[1])
        for step, chosen in ((self._library, many), (self._compiled, few)):
            own = [i for i, row in enumerate(chosen) if row in wanted]
            if chosen:
                some_mD = step.mtp(_some(rows, chosen), hidden_hD, [lines[row] for row in chosen], own)
                out_mD[[wanted[chosen[i]] for i in own]] = some_mD.float()
        return out_mD

    def logits(self, hidden_mD: Tensor) -> Tensor:
        """See StepModel."""
        return self._compiled.logits(hidden_mD)

    def draw(self, hidden_hD: Tensor, lines: Sequence[int], draws: Sequence[Draw], ids: array[int] | int) -> list[int]:
        """See StepModel."""
        return self._compiled.draw(hidden_hD, lines, draws, ids)


def _divided(rows: Rows) -> tuple[list[int], list[int]]:
    """Row numbers of the sequences with few rows, and of those with many."""
    few: list[int] = []
    many: list[int] = []
    at = 0
    for _, run in groupby(rows.sequences):
        count = sum(1 for _ in run)
        (many if count >= LONG else few).extend(range(at, at + count))
        at += count
    return few, many


def _some(rows: Rows, chosen: Sequence[int]) -> Rows:
    return Rows(
        [rows.tokens[row] for row in chosen],
        [rows.positions[row] for row in chosen],
        [rows.sequences[row] for row in chosen],
        rows.tables,
    )
