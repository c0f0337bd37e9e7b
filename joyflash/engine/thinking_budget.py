"""ThinkingBudget: ends a thought after so many tokens, as one more constraint on what may follow.

A constraint only masks what the ordinary sampler picks from, so a draft that the budget forbids is refused like any
other and the text is the same with and without drafts.
"""

from __future__ import annotations

import torch
from torch import Tensor

from joyflash.engine.request import Constraint, ConstraintState


class ThinkingBudget:
    """A constraint for a completion that begins inside a thought.

    Args:
        end_id: the token that ends the thought.
        tokens: how many tokens the thought may have before it; at least 0.
        vocabulary: entries of the tokenizer.
        inner: a further constraint, or None. Where it does not allow the end, the thought goes on until it does.
    """

    def __init__(self, end_id: int, tokens: int, vocabulary: int, inner: Constraint | None = None) -> None:
        self._end_id = end_id
        self._tokens = tokens
        self._only_end_V = torch.zeros(vocabulary, dtype=torch.bool)
        self._only_end_V[end_id] = True
        self._inner = inner

    def start(self) -> ThinkingBudgetState:
        """Return the state before the first generated token."""
        inner = self._inner.start() if self._inner is not None else None
        return ThinkingBudgetState(self._end_id, self._tokens, self._only_end_V, inner)


class ThinkingBudgetState:
    """Counts the tokens of one thought."""

    def __init__(self, end_id: int, tokens: int, only_end_V: Tensor, inner: ConstraintState | None) -> None:
        self._end_id = end_id
        self._left: int | None = tokens  # None once the thought has ended
        self._only_end_V = only_end_V
        self._inner = inner

    def allows(self, token_id: int) -> bool:
        """Whether the next token may be this one."""
        if self._is_over():
            return token_id == self._end_id
        return self._inner is None or self._inner.allows(token_id)

    def mask(self) -> Tensor | None:
        """Return bool [vocabulary], True where the next token may be; None = every token may be."""
        if self._is_over():
            return self._only_end_V
        return self._inner.mask() if self._inner is not None else None

    def _is_over(self) -> bool:
        """Whether the thought must end here; a character that several tokens spell is spelt out first."""
        return self._left == 0 and (self._inner is None or self._inner.allows(self._end_id))

    def accept(self, token_id: int) -> None:
        """Advance past a sampled token."""
        if token_id == self._end_id:
            self._left = None
        elif self._left:
            self._left -= 1
        if self._inner is not None:
            self._inner.accept(token_id)
