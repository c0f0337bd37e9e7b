"""Holds a reply to its rules while it is written: calls to the tools' schemas, JSON to a schema of its own.

The grammar library follows the text token by token. What the sampler would draw anyway is only checked, which costs
microseconds; all allowed tokens are worked out where the drawn one is refused.
"""

from __future__ import annotations

import json
import re
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import fields
from threading import Lock
from types import ModuleType
from typing import Any, Protocol

import numpy
import torch
from torch import Tensor

from joyflash.engine.call_grammar import OPTIONS, ReplyGrammar, ReplyRules
from joyflash.errors import ConstraintError, ToolSchemaError
from joyflash.extras import require
from joyflash.text.messages import ToolDefinition

_KEPT = 64
_LONGEST = 1_000_000
_LONGEST_SECONDS = 3.0
_ITEMS = 10_000
"""Possibilities that the grammar library may follow at once: four for each optional property of an object."""


class TokenSource(Protocol):
    """What the grammar needs of a tokenizer; ``joyflash.text.tokenizer.Tokenizer`` is one."""

    control_tokens: dict[str, int]

    @property
    def vocab_size(self) -> int: ...

    @property
    def eos_id(self) -> int: ...

    def token_bytes(self, token_id: int) -> bytes: ...


class ReplyConstraint:
    """A constraint (see ``request.Constraint``): a compiled grammar, from which every choice starts afresh."""

    def __init__(self, matcher: Any, size: int, eos_id: int) -> None:
        self._matcher = matcher
        self._size = size
        self._eos_id = eos_id

    def start(self) -> ReplyState:
        """Return the state before the first generated token."""
        return ReplyState(self._matcher.deep_copy(), self._size, self._eos_id)


class ReplyState:
    """Follows one reply. After an end token that was to be ignored everything is allowed."""

    def __init__(self, matcher: Any, size: int, eos_id: int) -> None:
        self._matcher = matcher
        self._size = size
        self._eos_id = eos_id
        self._ended = False

    def allows(self, token_id: int) -> bool:
        """Whether the next token may be this one."""
        if self._ended or token_id == self._eos_id:
            return self._ended or self._matcher.is_accepting()
        return self._matcher.validate_tokens([token_id]) == 1

    def mask(self) -> Tensor | None:
        """Return bool [vocabulary], True where the next token may be; None = every token may be.

        Raises:
            ConstraintError: the grammar has become too complex to follow, or nothing may come next.
        """
        if self._ended:
            return None
        bits = numpy.frombuffer(self._matcher.compute_bitmask(), dtype=numpy.uint8)
        mask = numpy.unpackbits(bits, count=self._size, bitorder="little").view(numpy.bool_)
        if self._matcher.is_error() or not mask.any():
            raise self._too_complex()
        return torch.from_numpy(mask)

    def accept(self, token_id: int) -> None:
        """Advance past a sampled token."""
        if self._ended or token_id == self._eos_id:
            self._ended = True
        elif not self._matcher.consume_token(token_id):
            if self._matcher.is_error():
                raise self._too_complex()
            raise ConstraintError("A token was taken that the request's rules forbid, which is a bug.")

    def _too_complex(self) -> ConstraintError:
        return ConstraintError(
            "What the request's schemas allow became too complex to follow, or contradicts itself. "
            f"Simplify them. {self._matcher.get_error()[:200]}".rstrip()
        )


class GrammarCompiler:
    """Makes constraints for one tokenizer; keeps those of the latest rules.

    Args:
        tokenizer: its tokens are the letters of the grammar.

    Raises:
        MissingExtraError: llguidance is not installed.
    """

    def __init__(self, tokenizer: TokenSource) -> None:
        self._library: ModuleType = require("llguidance", extra="serve")
        self._control = dict(tokenizer.control_tokens)
        self._eos_id = tokenizer.eos_id
        self._size = tokenizer.vocab_size
        self._tokens = self._library.LLTokenizer(_Vocabulary(tokenizer))
        self._limits = self._library.LLParserLimits(
            verbose_errors=False, max_lexer_states=50_000, max_items_in_row=_ITEMS
        )
        self._kept: OrderedDict[str, ReplyConstraint] = OrderedDict()
        self._lock = Lock()

    def constraint(self, rules: ReplyRules) -> ReplyConstraint:
        """The constraint for some rules; from any thread.

        Raises:
            ToolSchemaError: a schema cannot be held; ``param`` names the tool or the reply's schema.
        """
        key = json.dumps([getattr(rules, field.name) for field in fields(rules)], default=_held_part)
        with self._lock:
            kept = self._kept.pop(key, None)
        if kept is None:
            kept = self._compile(rules)
        with self._lock:
            self._kept[key] = kept
            if len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return kept

    def _compile(self, rules: ReplyRules) -> ReplyConstraint:
        """Compile in one go, as nearly all can be; if that fails, find the part at fault and do without or refuse."""
        param = "tools" if rules.tools else rules.schema_param
        deadline = time.monotonic() + _LONGEST_SECONDS

        def fault_of(part: str) -> str:
            if time.monotonic() > deadline:
                raise ToolSchemaError(
                    "The schemas take too long to compile; simplify them.", param, "unsupported_schema"
                )
            return self._fault(f"{OPTIONS}\n{part}")

        matcher, fault = None, ""
        for careful in (False, True):
            grammar = ReplyGrammar(rules, self._control, self._eos_id, fault_of, careful=careful)
            matcher, fault = self._matcher(grammar.text())
            if not fault:
                break
        if fault:
            raise ToolSchemaError(f"The schemas cannot be held together: {fault}", param, "unsupported_schema")
        return ReplyConstraint(matcher, self._size, self._eos_id)

    def _fault(self, grammar: str) -> str:
        """Why a grammar cannot be compiled, or that no text begins by it; "" if neither."""
        matcher, fault = self._matcher(grammar)
        if not fault and matcher.compute_bitmask() and matcher.is_stopped() and not matcher.is_accepting():
            return "Unsatisfiable schema: nothing matches it"
        return fault

    def _matcher(self, grammar: str) -> tuple[Any, str]:
        """A matcher, and why it is none, in a line."""
        if len(grammar) > _LONGEST:
            return None, f"they make a grammar of {len(grammar):,} characters; {_LONGEST:,} are the most."
        if re.search("[\ud800-\udfff]", grammar):
            return None, "they hold half a character (a lone surrogate)."
        matcher = self._library.LLMatcher(self._tokens, grammar, log_level=0, limits=self._limits)
        return matcher, _first_line(matcher.get_error()) if matcher.is_error() else ""


class _Vocabulary:
    """A tokenizer as the library wants it; grammars force no tokens, so that it never asks for ids of a text."""

    is_tokenizer_wrapper = True
    bos_token_id = None

    def __init__(self, tokenizer: TokenSource) -> None:
        self.eos_token_id = tokenizer.eos_id
        self.tokens = [tokenizer.token_bytes(i) for i in range(tokenizer.vocab_size)]
        self.special_token_ids = sorted(tokenizer.control_tokens.values())

    def __call__(self, text: bytes) -> Sequence[int]:
        """Byte by byte."""
        alphabet = {token: i for i, token in enumerate(self.tokens) if len(token) == 1}
        return [alphabet[bytes([byte])] for byte in text]


def _held_part(tool: ToolDefinition) -> tuple[Any, ...]:
    """What of a tool the grammar depends on."""
    return tool.name, tool.parameters, tool.strict


def _first_line(error: str) -> str:
    """The library's reason without its place in our grammar."""
    lines = [line.strip() for line in error.splitlines() if line.strip()]
    reason = lines[0] if lines else ""
    if reason.endswith("parse error:") and len(lines) > 3:
        reason = lines[3]
    return reason.partition("): ")[2] or reason
