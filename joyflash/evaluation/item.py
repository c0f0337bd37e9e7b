"""One prompt of an evaluation and what a right answer to it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["compare", "tool_call", "tool_answer", "call_or_not", "talk", "example"]
Names = Literal["real", "pseudo", "seen", "new"]
KINDS: tuple[Kind, ...] = ("compare", "tool_call", "tool_answer", "call_or_not", "talk", "example")


@dataclass(frozen=True)
class EvalItem:
    """A conversation to continue and the expectation that scores the continuation.

    Attributes:
        id: unique within a suite, e.g. ``call-en-017/203``.
        kind: the skill that is asked for; the report has a row for each kind and language.
        language: ``en`` or ``zh``.
        messages: OpenAI-shaped messages.
        tools: OpenAI-shaped tools; empty = none are sent.
        expect: ``{"type": …}`` and what that type needs; the types are listed in `joyflash.evaluation.scoring`.
        names: whether function and parameter names are made of real words or of pseudo-words, or whether training saw
            their words; None = no names.
        counts_for_decision: whether the item also enters the "call or not" row, as one where a call is right.
        chance: expected score of a random guess.
    """

    id: str
    kind: Kind
    language: str
    messages: Sequence[dict[str, Any]]
    expect: dict[str, Any]
    tools: Sequence[dict[str, Any]] = ()
    names: Names | None = None
    counts_for_decision: bool = False
    chance: float = 0.0
