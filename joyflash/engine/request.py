"""What goes into the engine and what comes out: sampling parameters, requests, deltas, outputs."""

from __future__ import annotations

import dataclasses
import math
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from torch import Tensor

from joyflash.engine.stops import HiddenText
from joyflash.errors import EngineError, RequestError

MAX_TOP_LOGPROBS = 20


def _check_number(name: str, value: Any, low: float, high: float) -> None:
    """Raise RequestError unless ``value`` is a finite number from ``low`` to ``high``."""
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    if not is_number or not low <= value <= high:
        bounds = f"from {low:g} to {high:g}" if math.isfinite(high) else f"of at least {low:g}"
        raise RequestError(f"{name} must be a number {bounds}; got {value!r}.", param=name)


def _check_int(name: str, value: Any, low: int | None = None, high: int | None = None) -> None:
    """Raise RequestError unless ``value`` is an integer in [low, high]; None leaves a side open."""
    is_int = isinstance(value, int) and not isinstance(value, bool)
    if not is_int or (low is not None and value < low) or (high is not None and value > high):
        bounds = "" if low is None else f" of at least {low}" if high is None else f" from {low} to {high}"
        raise RequestError(f"{name} must be an integer{bounds}; got {value!r}.", param=name)


@dataclass(frozen=True)
class SamplingParams:
    """How to choose tokens and when to stop. Every field is checked; a wrong one raises RequestError naming it.

    Args:
        temperature: 0 takes the most likely token; otherwise logits are divided by it.
        top_k, top_p, min_p: keep the ``top_k`` most likely tokens (0 or -1 = all); of these the smallest set whose
            share of the probability reaches ``top_p`` (0 = the most likely one); of these the ones at least ``min_p``
            times as likely as the best. All see the probabilities after temperature.
        max_tokens: at most so many new tokens; None = up to the end of the context; 0 = only read the prompt.
        stop: strings that end the text; none of their characters is given out.
        seed: the same seed, prompt and parameters give the same text, alone or in any batch; None = a fresh seed.
        n: independent completions of the same prompt.
        presence_penalty, frequency_penalty: subtracted from the logits of tokens already generated, once and per
            occurrence.
        logit_bias: token id -> number added to its logit.
        logprobs: None = none; k = the log-probability of each token and of the k most likely ones, under the model
            itself: before temperature, truncation, penalties, bias and grammar.
        prompt_logprobs: None = none; k = the same for the tokens of the prompt, once for all choices. The prompt is
            then computed in full, whatever the prefix cache holds of it.
        ignore_eos: go on after the end token.
        stop_token_ids: further tokens that end the text.
    """

    temperature: float = 0.6
    top_p: float = 1.0
    top_k: int = 0
    min_p: float = 0.0
    max_tokens: int | None = None
    stop: Sequence[str] = ()
    seed: int | None = None
    n: int = 1
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0
    logit_bias: Mapping[int, float] | None = None
    logprobs: int | None = None
    prompt_logprobs: int | None = None
    ignore_eos: bool = False
    stop_token_ids: Sequence[int] = ()

    def __post_init__(self) -> None:
        if isinstance(self.stop, str):
            object.__setattr__(self, "stop", (self.stop,))
        _check_number("temperature", self.temperature, 0.0, math.inf)
        _check_number("top_p", self.top_p, 0.0, 1.0)
        _check_number("min_p", self.min_p, 0.0, 1.0)
        _check_int("top_k", self.top_k, low=-1)
        _check_int("n", self.n, low=1)
        _check_number("presence_penalty", self.presence_penalty, -2.0, 2.0)
        _check_number("frequency_penalty", self.frequency_penalty, -2.0, 2.0)
        if self.max_tokens is not None:
            _check_int("max_tokens", self.max_tokens, low=0)
        if self.seed is not None:
            _check_int("seed", self.seed)
        for name in ("logprobs", "prompt_logprobs"):
            if getattr(self, name) is not None:
                _check_int(name, getattr(self, name), low=0, high=MAX_TOP_LOGPROBS)
        if not isinstance(self.ignore_eos, bool):
            raise RequestError(f"ignore_eos must be true or false; got {self.ignore_eos!r}.", param="ignore_eos")
        self._check_collections()
        object.__setattr__(self, "stop", tuple(self.stop))
        object.__setattr__(self, "stop_token_ids", tuple(self.stop_token_ids))

    @property
    def draws_plainly(self) -> bool:
        """Whether a token is drawn from the model's own logits at a temperature, and nothing else is asked for."""
        shaped = self.logprobs is not None or self.logit_bias or self.presence_penalty or self.frequency_penalty
        return not shaped and self.top_k <= 0 and self.top_p == 1.0 and self.min_p == 0.0

    def _check_collections(self) -> None:
        if not isinstance(self.stop, Sequence) or not all(isinstance(text, str) and text for text in self.stop):
            raise RequestError(f"stop must be a string or a list of non-empty strings; got {self.stop!r}.", "stop")
        if not isinstance(self.stop_token_ids, Sequence) or isinstance(self.stop_token_ids, str):
            raise RequestError("stop_token_ids must be a list of token ids.", param="stop_token_ids")
        for token_id in self.stop_token_ids:
            _check_int("stop_token_ids", token_id, low=0)
        if self.logit_bias is not None:
            if not isinstance(self.logit_bias, Mapping):
                raise RequestError("logit_bias must map token ids to numbers.", param="logit_bias")
            for token_id, bias in self.logit_bias.items():
                _check_int("logit_bias", token_id, low=0)
                _check_number("logit_bias", bias, -100.0, 100.0)


class ConstraintState(Protocol):
    """A constraint in the middle of one completion."""

    def allows(self, token_id: int) -> bool:
        """Whether the next token may be this one: the same as ``mask`` says, and cheaper."""
        ...

    def mask(self) -> Tensor | None:
        """Return bool [vocabulary], True where the next token may be; None = every token may be."""
        ...

    def accept(self, token_id: int) -> None:
        """Advance past a sampled token."""
        ...


class Constraint(Protocol):
    """Restricts which tokens may follow; immutable, so that one object serves all choices of a request."""

    def start(self) -> ConstraintState:
        """Return a fresh state at the first generated token."""
        ...


@dataclass(frozen=True)
class Request:
    """One prompt to complete: token ids, how to sample, and who asks (``request_id``, unique among open requests).

    Requests of higher ``priority`` are admitted first and keep their memory longest; equal ones in order of arrival.
    ``hidden`` says which parts of the completion are no text to its reader: stop strings are not looked for there.
    """

    prompt_ids: Sequence[int]
    params: SamplingParams = SamplingParams()
    request_id: str = field(default_factory=lambda: uuid.uuid4().hex)
    constraint: Constraint | None = None
    priority: int = 0
    hidden: HiddenText | None = None


@dataclass(frozen=True)
class TokenLogprob:
    """Natural log-probability of a token and of the most likely tokens at its place, best first."""

    token_id: int
    logprob: float
    top: tuple[tuple[int, float], ...] = ()


@dataclass(frozen=True)
class Delta:
    """What one step added to one choice of a request; of ``drafted_count`` drafts ``accepted_count`` proved right.

    ``token_ids`` are the tokens sampled now, an end token included; ``text`` is what became certain now and may lag
    behind the tokens: incomplete characters and beginnings of stop strings are held back. ``logprobs`` has one entry a
    token when asked for. ``finish_reason`` is "stop", "length", "cancelled" or "error" on the last delta of a choice;
    ``stop_reason`` is the stop string or the stop token's id; ``error`` says why the finish reason is "error".
    ``cached_token_count`` says how many tokens of the prompt were found in the prefix cache. ``routes_TLK``, on the
    last delta of an engine that records them: experts of every known token but the last, int16; -1 where the prefix
    cache had the token. ``prompt_logprobs`` come once, on the first
    delta of choice 0 when asked for: an entry for every token of the prompt but the very first.
    """

    request_id: str
    index: int
    text: str = ""
    token_ids: tuple[int, ...] = ()
    logprobs: tuple[TokenLogprob, ...] | None = None
    finish_reason: str | None = None
    stop_reason: str | int | None = None
    error: EngineError | None = None
    cached_token_count: int = 0
    routes_TLK: Tensor | None = None
    prompt_logprobs: tuple[TokenLogprob, ...] | None = None
    drafted_count: int = 0
    accepted_count: int = 0

    def joined(self, later: Delta) -> Delta:
        """Return both as one delta: what one step adds when several drafts prove right."""
        both = None if later.logprobs is None else (*(self.logprobs or ()), *later.logprobs)
        return dataclasses.replace(
            later,
            text=self.text + later.text,
            token_ids=self.token_ids + later.token_ids,
            logprobs=both,
            prompt_logprobs=self.prompt_logprobs,
        )


def join_deltas(deltas: Sequence[Delta]) -> Delta:
    """All deltas of one choice, from its first to its last, as one."""
    logprobs = [entry for delta in deltas for entry in delta.logprobs or ()]
    return dataclasses.replace(
        deltas[-1],
        text="".join(delta.text for delta in deltas),
        token_ids=tuple(token_id for delta in deltas for token_id in delta.token_ids),
        logprobs=tuple(logprobs) if any(delta.logprobs is not None for delta in deltas) else None,
        prompt_logprobs=next((delta.prompt_logprobs for delta in deltas if delta.prompt_logprobs is not None), None),
        drafted_count=sum(delta.drafted_count for delta in deltas),
        accepted_count=sum(delta.accepted_count for delta in deltas),
    )


@dataclass(frozen=True)
class RequestOutput:
    """One finished choice; fields as in Delta, gathered over all steps."""

    request_id: str
    index: int
    prompt_token_count: int
    token_ids: tuple[int, ...]
    text: str
    finish_reason: str
    stop_reason: str | int | None = None
    logprobs: tuple[TokenLogprob, ...] | None = None
    cached_token_count: int = 0
    routes_TLK: Tensor | None = None
    prompt_logprobs: tuple[TokenLogprob, ...] | None = None
