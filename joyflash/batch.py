"""PackedBatch: one row of tokens made of whole documents, the contract between data and model.

Letters: T tokens of the row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch


@dataclass(frozen=True)
class PackedBatch:
    """One packed row; every mask and shift derives from it.

    Attributes:
        tokens_T: int64 token ids.
        positions_T: int64 position inside the document; a restart at 0 begins a document.
        weights_T: float32 loss weight of token i **as a target** (0 for the first token of a document).
        document_T: int32 document number, rising by one at every restart.
        extras: named per-token or per-document columns of later stages.
    """

    tokens_T: torch.Tensor
    positions_T: torch.Tensor
    weights_T: torch.Tensor
    document_T: torch.Tensor
    extras: dict[str, torch.Tensor] = field(default_factory=dict)

    @classmethod
    def join(cls, rows: Sequence[PackedBatch]) -> PackedBatch:
        """Lay rows side by side, extras too; documents are numbered on.

        Extras that refer to places of their row must not be joined.
        """
        documents, first = [], 0
        for row in rows:
            documents.append(row.document_T + first)
            first += int(row.document_T[-1]) + 1
        tokens_T, positions_T, weights_T = (
            torch.cat([getattr(row, name) for row in rows]) for name in ("tokens_T", "positions_T", "weights_T")
        )
        extras = {name: torch.cat([row.extras[name] for row in rows]) for name in rows[0].extras}
        return cls(tokens_T, positions_T, weights_T, torch.cat(documents), extras)

    def to(self, device: torch.device) -> PackedBatch:
        """The batch on ``device``."""
        return PackedBatch(
            self.tokens_T.to(device),
            self.positions_T.to(device),
            self.weights_T.to(device),
            self.document_T.to(device),
            {name: column.to(device) for name, column in self.extras.items()},
        )

    def lengths(self) -> list[int]:
        """Token count of each document, in order; they sum to T."""
        starts = (self.positions_T == 0).nonzero().flatten().tolist()
        return [end - start for start, end in zip(starts, [*starts[1:], self.tokens_T.numel()], strict=True)]
