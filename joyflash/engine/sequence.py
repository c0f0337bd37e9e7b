"""One choice of a request while it runs: its tokens, its place in the cache, its text, and when it ends."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Protocol

import torch
from torch import Tensor

from joyflash.engine.request import Delta, Request, TokenLogprob
from joyflash.engine.sampler import SamplingRow
from joyflash.engine.speculation import Acceptance
from joyflash.engine.stops import StopStrings
from joyflash.errors import EngineError
from joyflash.kernels.gumbel import Draw, place_key, text_key


class StreamDecoder(Protocol):
    """Turns token ids into text piece by piece; incomplete characters wait."""

    def push(self, ids: list[int]) -> str:
        """Return the text that ``ids`` complete."""
        ...

    def flush(self) -> str:
        """Return what is left at the end."""
        ...


@dataclass
class CachePlace:
    """What of a sequence is in the cache.

    Attributes:
        blocks: that it holds, in the order of its tokens.
        cached: tokens whose latents are written.
        mtp_cached: tokens whose latents of the MTP layer are written too.
        sealed: blocks that the prefix cache knows.
        backlog: where the trunk's hidden states from ``mtp_cached`` to ``cached`` are, for the MTP layer to catch up:
            results [h, D] of the trunk, each with the first and the count of this sequence's lines in it.
        without_mtp: the MTP layer failed over it and is asked no more: no drafts, and no more blocks are sealed.
    """

    blocks: list[int] = field(default_factory=list)
    cached: int = 0
    mtp_cached: int = 0
    sealed: int = 0
    backlog: list[tuple[Tensor, int, int]] = field(default_factory=list)
    without_mtp: bool = False


class SequenceState:
    """A choice of a request from submission to its last delta.

    Args:
        request: what was asked; its prompt is shared by all choices.
        index: number of the choice.
        seed: the request's seed, or the fresh one drawn for it.
        max_tokens: how many tokens may be generated, the context's end included.
        eos_ids: tokens that end the text.
        decoder: a fresh stream decoder of the tokenizer.
        common_tokens: vocabulary entries below this are no ``rare_tokens``.
    """

    def __init__(
        self,
        request: Request,
        index: int,
        *,
        seed: int,
        max_tokens: int,
        eos_ids: frozenset[int],
        decoder: StreamDecoder,
        common_tokens: int = 0,
    ) -> None:
        self._common_tokens = common_tokens
        self.request = request
        self.index = index
        self.known = list(request.prompt_ids)  # prompt and completion
        self.rare_tokens = {token for token in self.known if token >= common_tokens}
        self.arrival = 0
        self.overtaken = 0  # sequences that were admitted while this one did not fit
        self.awaited: tuple[SequenceState, int] | None = None  # whose blocks it waits for, and how many of them
        self.refused_after: int | None = None  # the scheduler's departures when it last did not fit
        self.place = CachePlace()
        self.found: int | None = None  # tokens that the prefix cache held when it was first admitted
        self.drafts: list[int] = []
        self.acceptance: Acceptance | None = None  # from its first draft on
        self.draws_plainly = request.params.draws_plainly
        self._text_key = text_key(seed, index)
        self._max_tokens = max_tokens
        self._eos_ids = eos_ids
        self._decoder = decoder
        self._stops = StopStrings(request.params.stop, request.hidden)
        self._counts: Counter[int] = Counter()
        self._constraint = request.constraint.start() if request.constraint is not None else None
        self._routes: list[tuple[int, Tensor]] = []
        scored = request.params.prompt_logprobs is not None and index == 0
        self._prompt_logprobs: list[TokenLogprob] | None = [] if scored else None
        self._told = not scored

    @property
    def reusable(self) -> int:
        """How many of the known tokens need no computing if the cache has them: log-probabilities need it once."""
        most = len(self.known) - 1
        return most if self._prompt_logprobs is None else min(most, self._unscored)

    def unscored(self, count: int) -> range:
        """Places of the next ``count`` tokens to be cached behind which a log-probability of the prompt is missing."""
        if self._prompt_logprobs is None:
            return range(0)
        start = self.place.cached
        return range(max(start, self._unscored), min(start + count, len(self.request.prompt_ids) - 1))

    def score(self, logprob: TokenLogprob) -> None:
        """Take the log-probability of the next token of the prompt."""
        if self._prompt_logprobs is not None:
            self._prompt_logprobs.append(logprob)

    @property
    def _unscored(self) -> int:
        """The first place whose logits are still wanted for the prompt's log-probabilities."""
        return len(self._prompt_logprobs or ())

    @property
    def pending(self) -> int:
        """Known tokens that the cache does not hold; at least 1, because the last sampled token is cached later."""
        return len(self.known) - self.place.cached

    @property
    def left(self) -> int:
        """Tokens that may still be generated."""
        return self._max_tokens - self._generated

    @property
    def _generated(self) -> int:
        return len(self.known) - len(self.request.prompt_ids)

    def sampling_row(self) -> SamplingRow:
        """Describe the next token to the sampler."""
        return SamplingRow(
            params=self.request.params,
            draw=self.draw(0),
            counts=self._counts,
            mask=self._constraint.mask() if self._constraint is not None else None,
        )

    def draw(self, ahead: int) -> Draw:
        """How the token ``ahead`` places after the next one is drawn."""
        return Draw(place_key(self._text_key, len(self.known) + ahead), self.request.params.temperature)

    def allows(self, token_id: int) -> bool:
        """Whether the constraint allows a token next."""
        return self._constraint is None or self._constraint.allows(token_id)

    def append(self, token_id: int, logprob: TokenLogprob | None) -> Delta:
        """Take a sampled token; the delta's ``finish_reason`` is set when it was the last."""
        params = self.request.params
        self.known.append(token_id)
        if token_id >= self._common_tokens:
            self.rare_tokens.add(token_id)
        self._counts[token_id] += 1
        if self._constraint is not None:
            self._constraint.accept(token_id)
        reason: str | None = None
        stop: str | int | None = None
        text = ""
        if token_id in params.stop_token_ids:
            reason, stop = "stop", token_id
        elif token_id in self._eos_ids:
            reason = None if params.ignore_eos else "stop"
        else:
            text, stop = self._stops.push(self._decoder.push([token_id]))
            reason = "stop" if stop is not None else None
        if reason is None and self._generated >= self._max_tokens:
            reason = "length"
        if reason is not None and not isinstance(stop, str):
            rest, found = self._stops.finish(self._decoder.flush())
            text += rest
            if found is not None:
                reason, stop = "stop", found
        return self._delta(
            text=text,
            token_ids=(token_id,),
            logprobs=None if logprob is None else (logprob,),
            finish_reason=reason,
            stop_reason=stop,
        )

    def note_routes(self, first: int, routes_nLK: Tensor) -> None:
        """Take the experts of the tokens from ``first`` on."""
        self._routes.append((first, routes_nLK))

    def only_read(self) -> Delta:
        """Return the one delta of a choice that was to generate nothing."""
        return self._delta(finish_reason="length")

    def cancelled(self) -> Delta:
        """Return the last delta of a choice whose request was cancelled; text held back stays unsaid."""
        return self._delta(finish_reason="cancelled")

    def failed(self, error: EngineError) -> Delta:
        """Return the last delta of a choice that cannot go on."""
        return self._delta(finish_reason="error", error=error)

    def _delta(
        self,
        *,
        text: str = "",
        token_ids: tuple[int, ...] = (),
        logprobs: tuple[TokenLogprob, ...] | None = None,
        finish_reason: str | None = None,
        stop_reason: str | int | None = None,
        error: EngineError | None = None,
    ) -> Delta:
        prompt_logprobs = None
        if not self._told and error is None and finish_reason != "cancelled":
            self._told, prompt_logprobs = True, tuple(self._prompt_logprobs or ())
        return Delta(
            self.request.request_id,
            self.index,
            text,
            token_ids,
            logprobs,
            finish_reason,
            stop_reason,
            error,
            self.found or 0,
            self._joined_routes() if finish_reason is not None and self._routes else None,
            prompt_logprobs,
        )

    def _joined_routes(self) -> Tensor:
        """Experts of all known tokens but the last; what was run twice counts as last run."""
        shape = self._routes[0][1].shape[1:]
        joined_TLK = torch.full((len(self.known) - 1, *shape), -1, dtype=torch.int16)
        for first, routes_nLK in self._routes:
            # The last token has been run too where none was sampled behind it.
            part_nLK = routes_nLK[: len(joined_TLK) - first]
            joined_TLK[first : first + len(part_nLK)] = part_nLK
        return joined_TLK
