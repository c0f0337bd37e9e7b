"""Sample: one tokenised piece of training data, and the protocol of the sources that give them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np


@dataclass(frozen=True)
class Sample:
    """Tokens of one document, of a piece of one, or of one conversation (n = number of tokens).

    Attributes:
        ids_n: int32 token ids.
        weights_n: float32 loss weight of each token as a target.
        kind: what it is, for shares and reports, e.g. ``text/zh_wiki``.
        splittable: whether it may be cut where a row ends (text) or must stay whole (conversations).
    """

    ids_n: np.ndarray
    weights_n: np.ndarray
    kind: str
    splittable: bool

    def __len__(self) -> int:
        return len(self.ids_n)

    def cut(self, start: int, end: int) -> Sample:
        """The piece ``[start, end)``; its first token, whose context is elsewhere, is no target."""
        weights_n = self.weights_n[start:end].copy()
        if len(weights_n):
            weights_n[0] = 0.0
        return Sample(self.ids_n[start:end], weights_n, self.kind, self.splittable)


class Source(Protocol):
    """An endless numbered list of samples: equal ``index``, equal sample, so a position is one integer.

    Attributes:
        name: of the source.
        size: of finite data, the number of pieces that are drawn in turn; None where samples are made up.
    """

    @property
    def name(self) -> str: ...
    @property
    def size(self) -> int | None: ...

    def sample(self, index: int) -> Sample:
        """The sample at ``index`` (from 0, without end; finite data repeats in a new order each epoch)."""
        ...
