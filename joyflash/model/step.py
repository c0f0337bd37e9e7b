"""One step of the model over rows: tokens of any sequences, each at its own place behind the paged cache.

A row is one token of one sequence. Decoding is one row a sequence, verifying k drafts 1 + k, a chunk of a prompt many;
one step may mix them. ``TorchStep`` runs anywhere; ``joyflash.model.compiled.CompiledStep`` is its fast twin on a CPU.

Letters: n rows, m kept or drawn rows, h given hidden states, D hidden, V vocabulary, v some of its entries.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional as F

from joyflash.kernels.gumbel import NOT_FINITE, Draw, gumbel_argmax
from joyflash.model.cache import PagedCache
from joyflash.model.joyflash import JoyFlash
from joyflash.model.moe import Router


@dataclass(frozen=True)
class Rows:
    """Rows of one step; those of a sequence stand together, in ascending positions without gaps.

    Attributes:
        tokens, positions: of each row.
        sequences: for each row, the number of its table.
        tables: cache blocks of each sequence, in the order of its tokens.
    """

    tokens: Sequence[int]
    positions: Sequence[int]
    sequences: Sequence[int]
    tables: Sequence[Sequence[int]]


class StepModel(Protocol):
    """What the engine needs of a model."""

    @property
    def context_length(self) -> int:
        """Positions that the model knows."""
        ...

    @property
    def has_mtp(self) -> bool:
        """Whether ``mtp`` may be called."""
        ...

    @property
    def max_rows(self) -> int:
        """Most rows of one call."""
        ...

    @property
    def batch_invariant(self) -> bool:
        """Whether a row's numbers do not depend on the other rows, bit for bit."""
        ...

    @property
    def routes_nLK(self) -> Tensor | None:
        """Experts chosen for the rows of the last ``trunk`` in each mixture layer, int16; None if not recorded."""
        ...

    def weights_changed(self) -> None:
        """Take up the model's weights as they are now; they were changed in place."""
        ...

    def trunk(self, rows: Rows) -> Tensor:
        """Write the rows' latents and return their hidden states after the final norm, [n, D]."""
        ...

    def mtp(self, rows: Rows, hidden_hD: Tensor, lines: Sequence[int], kept: Sequence[int]) -> Tensor:
        """Run the MTP layer: row i has ``hidden_hD[lines[i]]``, the state at its position, and the token after it.

        Its own latents are written for every row; hidden states are returned for the rows ``kept``, [m, D].
        """
        ...

    def logits(self, hidden_mD: Tensor) -> Tensor:
        """float32 logits of the whole vocabulary, [m, V]."""
        ...

    def draw(self, hidden_hD: Tensor, lines: Sequence[int], draws: Sequence[Draw], ids: array[int] | int) -> list[int]:
        """Draw a token for each of ``lines`` of hidden states; NOT_FINITE (-2) where a logit is not finite.

        ``ids`` is how many of the vocabulary's first entries to draw from. Or it lists entries to draw a draft from
        (int32, ascending), which need not be done as exactly.
        """
        ...


class TorchStep:
    """A StepModel in plain PyTorch, on any device and in any dtype; not batch-invariant.

    Args:
        model: used where it lies; changes of its weights are seen at once.
        cache, context_length, max_rows: see StepModel.
        record_routes: keep the experts that each step chooses in ``routes_nLK``.
    """

    batch_invariant = False

    def __init__(
        self,
        model: JoyFlash,
        cache: PagedCache,
        context_length: int,
        max_rows: int = 4096,
        *,
        record_routes: bool = False,
    ) -> None:
        self._model = model.eval()
        self._cache = cache
        self.routes_nLK: Tensor | None = None
        self._recorder = _RouteRecorder(model) if record_routes else None
        self.max_rows = max_rows
        self.has_mtp = model.mtp is not None
        self.context_length = context_length

    def weights_changed(self) -> None:
        """See StepModel; the weights are read where they lie, and a trainer may have left its mode behind."""
        self._model.eval()

    def trunk(self, rows: Rows) -> Tensor:
        """See StepModel."""
        out_nD = self._model.lm_head.weight.new_empty(len(rows.tokens), self._model.config.hidden_size)
        if self._recorder is not None:
            self.routes_nLK = self._recorder.empty(len(rows.tokens))
        for index_BT, tables, starts in _batches(rows):
            tokens_BT = torch.tensor(rows.tokens, device=out_nD.device)[index_BT]
            out_nD[index_BT] = self._model.extend(tokens_BT, self._cache, tables, starts)
            if self._recorder is not None and self.routes_nLK is not None:
                self.routes_nLK[index_BT.flatten()] = self._recorder.take(index_BT.numel())
        return out_nD

    def mtp(self, rows: Rows, hidden_hD: Tensor, lines: Sequence[int], kept: Sequence[int]) -> Tensor:
        """See StepModel."""
        hidden_nD = hidden_hD[list(lines)].to(self._model.lm_head.weight.dtype)  # a compiled step's are float32
        out_nD = torch.empty_like(hidden_nD)
        for index_BT, tables, starts in _batches(rows):
            tokens_BT = torch.tensor(rows.tokens, device=out_nD.device)[index_BT]
            out_nD[index_BT] = self._model.extend_mtp(hidden_nD[index_BT], tokens_BT, self._cache, tables, starts)
        return out_nD[list(kept)]

    def logits(self, hidden_mD: Tensor) -> Tensor:
        """See StepModel."""
        return self._model.logits(hidden_mD)

    def draw(self, hidden_hD: Tensor, lines: Sequence[int], draws: Sequence[Draw], ids: array[int] | int) -> list[int]:
        """See StepModel."""
        hidden_mD = hidden_hD[list(lines)]
        ids_v = torch.arange(ids, dtype=torch.int32) if isinstance(ids, int) else torch.tensor(ids, dtype=torch.int32)
        head_vD = self._model.lm_head.weight
        head_vD = head_vD[:ids] if isinstance(ids, int) else head_vD[ids_v.to(hidden_mD.device)]
        return draw_tokens(F.linear(hidden_mD, head_vD).float(), draws, ids_v)


class _RouteRecorder:
    """Listens to the routers of a model; what they choose between two ``take`` is one pass."""

    def __init__(self, model: JoyFlash) -> None:
        routers = [module for module in model.model.modules() if isinstance(module, Router)]
        self._shape = (len(routers), model.config.num_experts_per_tok)
        self._chosen: list[Tensor] = []
        for router in routers:
            router.register_forward_hook(self._note)

    def empty(self, rows: int) -> Tensor:
        """Room for the routes of a step; nothing that the trainer did in between is left."""
        self._chosen.clear()
        return torch.full((rows, *self._shape), -1, dtype=torch.int16)

    def take(self, rows: int) -> Tensor:
        """Choices of the pass over ``rows`` rows that has just ended, [n, L, K]; L is 0 without a mixture layer."""
        if not self._shape[0]:
            return self.empty(rows)
        chosen, self._chosen = torch.stack(self._chosen, dim=1), []
        return chosen.to("cpu", torch.int16)

    def _note(self, router: torch.nn.Module, given: object, out: tuple[Tensor, Tensor]) -> None:
        if torch.is_inference_mode_enabled():
            self._chosen.append(out[0])


def draw_tokens(logits_mv: Tensor, draws: Sequence[Draw], ids_v: Tensor) -> list[int]:
    """Draw a token for each row of logits of ``ids_v`` (int32, on the CPU); NOT_FINITE where one is not finite."""
    finite = logits_mv.isfinite().all(dim=-1).tolist()
    tokens = ids_v.tolist()
    return [
        tokens[gumbel_argmax(logits_v, draw, ids_v)] if sound else NOT_FINITE
        for logits_v, draw, sound in zip(logits_mv, draws, finite, strict=True)
    ]


def _batches(rows: Rows) -> Iterator[tuple[Tensor, list[Sequence[int]], list[int]]]:
    """Sequences with equally many rows together: row numbers int64 [B, T], their tables, their first positions."""
    spans: dict[int, list[tuple[int, int]]] = {}
    at = 0
    for sequence, run in groupby(rows.sequences):
        count = sum(1 for _ in run)
        spans.setdefault(count, []).append((sequence, at))
        at += count
    for count, members in spans.items():
        index_BT = torch.tensor([[first + i for i in range(count)] for _, first in members])
        yield index_BT, [rows.tables[sequence] for sequence, _ in members], [rows.positions[at] for _, at in members]
