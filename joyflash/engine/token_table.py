"""TokenTable: which tokens spell what; built once per tokenizer, used by every constraint."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

import torch
from torch import Tensor

_WHITESPACE = b" \t\r\n"


class TokenSource(Protocol):
    """What the table needs of a tokenizer; ``joyflash.text.tokenizer.Tokenizer`` is one."""

    control_tokens: dict[str, int]

    @property
    def vocab_size(self) -> int: ...

    @property
    def eos_id(self) -> int: ...

    def token_bytes(self, token_id: int) -> bytes: ...


class TokenTable:
    """The bytes of every ordinary token, found by what they begin with; control tokens have none.

    Attributes:
        size: entries of the vocabulary.
        eos_id: the token that ends a text.
        control: name -> id of the control tokens.
    """

    def __init__(self, tokenizer: TokenSource) -> None:
        self.size = tokenizer.vocab_size
        self.eos_id = tokenizer.eos_id
        self.control: Mapping[str, int] = dict(tokenizer.control_tokens)
        control_ids = set(self.control.values())
        ordinary = (i for i in range(self.size) if i not in control_ids)
        self._bytes = {i: text for i in ordinary if (text := tokenizer.token_bytes(i))}
        self._sorted = sorted((text, i) for i, text in self._bytes.items())
        self._by_bytes: dict[bytes, list[int]] = defaultdict(list)
        self._closing: dict[bytes, list[int]] = defaultdict(list)
        for i, text in self._bytes.items():
            self._by_bytes[text].append(i)
            if (base := text.rstrip(_WHITESPACE)) != text and base.endswith(b">"):
                self._closing[base].append(i)
        self.whitespace = tuple(i for i, text in self._bytes.items() if not text.strip(_WHITESPACE))

    def token_bytes(self, token_id: int) -> bytes:
        """Return the bytes of an ordinary token; nothing for a control token."""
        return self._bytes.get(token_id, b"")

    def spelling(self, rest: bytes) -> list[int]:
        """Return the tokens that are a beginning of ``rest``, or all of it and then only white space."""
        found = [i for length in range(1, len(rest) + 1) for i in self._by_bytes.get(rest[:length], ())]
        return found + self._closing.get(rest, [])

    def starting_with(self, prefix: bytes) -> list[int]:
        """Return the tokens that begin with ``prefix``."""
        found = []
        for text, i in self._sorted[bisect_left(self._sorted, (prefix, -1)) :]:
            if not text.startswith(prefix):
                break
            found.append(i)
        return found

    def containing(self, parts: Iterable[bytes]) -> list[int]:
        """Return the tokens in which one of ``parts`` occurs."""
        wanted = tuple(parts)
        return [i for i, text in self._bytes.items() if any(part in text for part in wanted)]

    def only(self, ids: Sequence[int]) -> Tensor:
        """Return a mask that allows ``ids``, bool [size]."""
        mask_V = torch.zeros(self.size, dtype=torch.bool)
        mask_V[list(ids)] = True
        return mask_V

    def all_but(self, ids: Sequence[int]) -> Tensor | None:
        """Return a mask that forbids ``ids``, bool [size]; None when there is nothing to forbid."""
        if not ids:
            return None
        mask_V = torch.ones(self.size, dtype=torch.bool)
        mask_V[list(ids)] = False
        return mask_V
