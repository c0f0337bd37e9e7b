"""StepLoop: what one step does, and what happens when a part of it fails."""

from __future__ import annotations

import dataclasses
import logging
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from joyflash.engine.admission import Admission
from joyflash.engine.block_pool import NoFreeBlock
from joyflash.engine.request import Delta, TokenLogprob
from joyflash.engine.runner import Runner
from joyflash.engine.sampler import sample, token_logprob
from joyflash.engine.scheduler import Scheduler
from joyflash.engine.sequence import SequenceState
from joyflash.engine.speculation import DraftPolicy
from joyflash.engine.statistics import Statistics
from joyflash.errors import ConstraintError, EngineError
from joyflash.kernels.gumbel import NOT_FINITE

_log = logging.getLogger(__name__)


@dataclass
class _Work:
    """A sequence's part of a step: the tokens to run, of which the last ones may be drafts.

    ``first`` is its first row of the step. After its last token and after each draft there is what was drawn there
    (``drawn``), if that may be enough, or else the logits [V].
    """

    sequence: SequenceState
    tokens: Sequence[int]
    drafts: Sequence[int] = ()
    first: int = 0
    drawn: Sequence[int] = ()
    logits: Sequence[Tensor] = ()

    @property
    def plain(self) -> int:
        """Tokens that are no drafts."""
        return len(self.tokens) - len(self.drafts)

    @property
    def lines(self) -> range:
        """Rows behind which the next token is sampled, and the one after each draft."""
        end = self.first + len(self.tokens)
        return range(end - len(self.drafts) - 1, end)


class StepLoop:
    """Moves sequences from the scheduler through the runner and the sampler.

    One step is one pass of the model: a row for every running sequence, rows for its drafts, and a chunk of the
    prompts that are not cached yet, so a long prompt never stops the others. A draft counts if it is the token that
    the ordinary sampler picks at its place; so a text does not depend on drafts, only its speed does.

    Args:
        runner, scheduler: shared with the engine.
        policy: how many tokens to draft.
        vocabulary: entries of the tokenizer; tokens beyond are never sampled.
        prefill_chunk: tokens of prompts that one step caches.
        max_batch: sequences that run at once.
    """

    def __init__(
        self,
        runner: Runner,
        scheduler: Scheduler,
        policy: DraftPolicy,
        vocabulary: int,
        prefill_chunk: int,
        max_batch: int,
    ) -> None:
        self.statistics = Statistics()
        self._runner = runner
        self._scheduler = scheduler
        self._policy = policy
        self._vocabulary = vocabulary
        self._prefill_chunk = prefill_chunk
        self._admission = Admission(runner, scheduler, self.statistics, max_batch)
        self._cancelled: list[str] = []

    def cancel(self, request_id: str) -> None:
        """End a request at the next step."""
        if self._scheduler.of_request(request_id):
            self._cancelled.append(request_id)

    def step(self) -> list[Delta]:
        """Advance every running sequence by a token or more, and prompts by a chunk.

        A failure ends only the sequences that it concerns: their last delta has finish reason "error".

        Raises:
            EngineError: the engine is idle and yet a cache block is held, which is a bug.
        """
        with torch.inference_mode():
            deltas = self._end_cancelled()
            self._admission.admit()
            planned, started = self._plan(), time.perf_counter()
            deltas += self._run(planned)
            if planned and all(work.plain == 1 for work in planned):
                self._note_step(sum(len(work.tokens) for work in planned), time.perf_counter() - started)
            self._draft()
            self._share(planned)
        pool = self._runner.pool
        if not self._scheduler.has_work and pool.free_blocks < pool.blocks:
            pool.check([])
        return deltas

    def reset(self) -> None:
        """Drop every request without a word and free every block."""
        for sequence in self._scheduler.all():
            self._end(sequence)
        self._cancelled.clear()

    def _end_cancelled(self) -> list[Delta]:
        cancelled = dict.fromkeys(self._cancelled)
        ended = [sequence for request_id in cancelled for sequence in self._scheduler.of_request(request_id)]
        self._cancelled.clear()
        deltas = [sequence.cancelled() for sequence in ended]
        for sequence in ended:
            self._end(sequence)
        return deltas

    def _plan(self) -> list[_Work]:
        """Decoding sequences with their drafts, then chunks of prompts; every one with the blocks for it."""
        planned: list[_Work] = []
        for sequence in self._scheduler.decoding():
            drafts = list(sequence.drafts)
            if self._reserve(sequence, len(sequence.known) + len(drafts), planned):
                planned.append(_Work(sequence, [sequence.known[-1], *drafts], drafts))
        left = self._prefill_chunk
        for sequence in self._scheduler.prefilling():
            start = sequence.place.cached
            count = min(left, sequence.pending)
            if count and self._reserve(sequence, start + count, planned):
                planned.append(_Work(sequence, sequence.known[start : start + count]))
                self._scheduler.end_turn(sequence)
                left -= count
        return planned

    def _reserve(self, sequence: SequenceState, length: int, planned: list[_Work]) -> bool:
        """Get blocks for a sequence, if need be from a weaker one; False if it had to go itself."""
        while self._scheduler.runs(sequence):
            try:
                self._runner.reserve(sequence, length)
                return True
            except NoFreeBlock:
                victim = self._admission.preempt_weakest()
                planned[:] = [work for work in planned if work.sequence is not victim]
        return False

    def _run(self, planned: list[_Work]) -> list[Delta]:
        """One pass over all work; after a failure one by one, to find whose it is."""
        if not planned:
            return []
        try:
            hidden_nD = self._runner.run([(work.sequence, work.tokens) for work in planned])
            first = 0
            for work in planned:
                work.first = first
                first += len(work.tokens)
            ready = [work for work in planned if work.plain == work.sequence.pending]
            self._draw([work for work in ready if work.sequence.left], hidden_nD)
            for work in planned:
                self._score(work, hidden_nD)
        except Exception as error:
            if len(planned) == 1:
                return [self._fail(planned[0].sequence, error)]
            return [delta for work in planned for delta in self._run([work])]
        self.statistics.steps += 1
        for work in planned:
            self._runner.keep(work.sequence, hidden_nD, work.first, work.plain)
            work.sequence.drafts = []
        return [self._verify(work, hidden_nD) if work.sequence.left else self._read(work) for work in ready]

    def _score(self, work: _Work, hidden_nD: Tensor) -> None:
        """Log-probabilities of a prompt's own tokens, where they are asked for: the same numbers a sampled one gets."""
        sequence = work.sequence
        top = sequence.request.params.prompt_logprobs
        places = sequence.unscored(work.plain)
        lines = [work.first + place - sequence.place.cached for place in places]
        for place, logits_V in zip(places, self._runner.logits(hidden_nD, lines), strict=True):
            logprob = token_logprob(logits_V[: self._vocabulary].float(), sequence.known[place + 1], top or 0)
            if not math.isfinite(logprob.logprob):
                raise EngineError("The model's log-probabilities are not finite; check the checkpoint's weights.")
            sequence.score(logprob)

    def _read(self, work: _Work) -> Delta:
        """End a sequence whose prompt was all that was to be read."""
        delta = work.sequence.only_read()
        self._end(work.sequence, finished=True)
        return delta

    def _draw(self, ready: Sequence[_Work], hidden_nD: Tensor) -> None:
        """Draw what the model alone would say next, and behind every draft; logits for sequences that need more."""
        plainly = [work for work in ready if work.sequence.draws_plainly]
        if plainly:
            lines = [line for work in plainly for line in work.lines]
            draws = [work.sequence.draw(depth) for work in plainly for depth in range(len(work.lines))]
            drawn = iter(self._runner.model.draw(hidden_nD, lines, draws, self._vocabulary))
            for work in plainly:
                work.drawn = [next(drawn) for _ in work.lines]
        others = [work for work in ready if not work.sequence.draws_plainly]
        logits = self._runner.logits(hidden_nD, [line for work in others for line in work.lines])
        for work in others:
            work.logits = [next(logits) for _ in work.lines]

    def _verify(self, work: _Work, hidden_nD: Tensor) -> Delta:
        """Sample a sequence's next token; where it is the draft, go on with the one after it."""
        sequence, depth = work.sequence, 0
        delta, token = self._next(work, depth, hidden_nD)
        while depth < len(work.drafts) and token == work.drafts[depth] and delta.finish_reason is None:
            self._runner.keep(sequence, hidden_nD, work.lines[depth + 1], 1)
            depth += 1
            more, token = self._next(work, depth, hidden_nD)
            delta = delta.joined(more)
        if work.drafts:
            # Where the text ended, the draft at its end was right too.
            accepted = depth + (depth < len(work.drafts) and token == work.drafts[depth])
            self.statistics.note_drafts(len(work.drafts), accepted)
            delta = dataclasses.replace(delta, drafted_count=len(work.drafts), accepted_count=accepted)
            if sequence.acceptance is not None:
                self._policy.note(sequence.acceptance, len(work.drafts), accepted)
        if delta.finish_reason is not None:
            self._end(sequence, finished=delta.error is None)
        return delta

    def _next(self, work: _Work, depth: int, hidden_nD: Tensor) -> tuple[Delta, int | None]:
        """Take the token ``depth`` places after the next; None if that failed."""
        sequence = work.sequence
        try:
            token, logprob = self._choose(work, depth, hidden_nD)
            self.statistics.tokens += 1
            return sequence.append(token, logprob), token
        except Exception as error:
            return self._failed(sequence, error), None

    def _choose(self, work: _Work, depth: int, hidden_nD: Tensor) -> tuple[int, TokenLogprob | None]:
        """The token that was drawn if nothing forbids it, else what the sampler makes of the logits."""
        sequence = work.sequence
        if work.drawn and work.drawn[depth] != NOT_FINITE:
            # The best of all tokens is also the best of the allowed ones, if it is one of them.
            token = work.drawn[depth]
            if sequence.allows(token):
                return token, None
        logits_V = work.logits[depth] if work.logits else next(self._runner.logits(hidden_nD, [work.lines[depth]]))
        tokens, logprobs = sample([logits_V], [sequence.sampling_row()], self._vocabulary)
        return tokens[0], logprobs[0]

    def _note_step(self, rows: int, seconds: float) -> None:
        if self._policy.costs is not None:
            self._policy.costs.note_step(rows, seconds)

    def _draft(self) -> None:
        """Draft for the sequences that decode in the next step; a failure costs speed, never a text."""
        decoding = [sequence for sequence in self._scheduler.decoding() if not sequence.place.without_mtp]
        known, unread = [], []
        for sequence in decoding:
            sequence.acceptance = sequence.acceptance or self._policy.newcomer()
            known.append(sequence.acceptance)
            unread.append(sequence.place.cached - sequence.place.mtp_cached)
        counts = self._policy.choose(known, unread, self._scheduler.running_count - len(decoding))
        if not any(counts):
            return
        try:
            started = time.perf_counter()
            self._runner.draft(list(zip(decoding, counts, strict=True)))
            if self._policy.costs is not None:
                read = sum(tokens for tokens, count in zip(unread, counts, strict=True) if count)
                self._policy.costs.note_drafting(counts, read, time.perf_counter() - started)
        except Exception:
            self._runner.go_without_mtp([sequence for sequence, count in zip(decoding, counts, strict=True) if count])

    def _share(self, planned: Sequence[_Work]) -> None:
        """Let others find the prompts that are through, and of the rest what is waited for; a failure costs speed."""
        through = [work.sequence for work in planned if work.plain > 1 and work.sequence.pending == 1]
        try:
            self._runner.share([*through, *self._admission.awaited])
        except Exception:
            _log.exception("the MTP layer failed over a prompt; the prefix cache does not learn it yet")

    def _fail(self, sequence: SequenceState, error: Exception) -> Delta:
        delta = self._failed(sequence, error)
        self._end(sequence)
        return delta

    def _failed(self, sequence: SequenceState, error: Exception) -> Delta:
        name = sequence.request.request_id, sequence.index
        if isinstance(error, ConstraintError):  # the request's own fault
            _log.warning("request %s, choice %d failed: %s", *name, error)
            return sequence.failed(error)
        _log.error("request %s, choice %d failed", *name, exc_info=error)
        if isinstance(error, EngineError):
            return sequence.failed(error)
        failure = EngineError("The engine failed while generating this text; the cause is in its log.")
        failure.__cause__ = error
        return sequence.failed(failure)

    def _end(self, sequence: SequenceState, *, finished: bool = False) -> None:
        self._scheduler.remove(sequence)
        self._runner.release(sequence, finished=finished)
