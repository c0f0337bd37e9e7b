"""StepLoop: what one step does, and what happens when a part of it fails."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from joyflash.engine.block_pool import NoFreeBlock
from joyflash.engine.request import Delta, TokenLogprob
from joyflash.engine.runner import Runner
from joyflash.engine.sampler import sample
from joyflash.engine.scheduler import Scheduler, weakest
from joyflash.engine.sequence import SequenceState
from joyflash.engine.speculation import DraftPolicy
from joyflash.engine.statistics import Statistics
from joyflash.errors import EngineError

_log = logging.getLogger(__name__)


@dataclass
class _Work:
    """A sequence's part of a step: the tokens to run, of which the last ones may be drafts."""

    sequence: SequenceState
    tokens: Sequence[int]
    drafts: Sequence[int] = ()

    @property
    def plain(self) -> int:
        """Tokens that are no drafts."""
        return len(self.tokens) - len(self.drafts)


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
        self._max_batch = max_batch
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
            self._admit()
            deltas += self._run(self._plan())
            self._draft()
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

    def _admit(self) -> None:
        """Admit the first in line while there is room for the whole of what they know; the very first always fits."""
        while len(running := self._scheduler.running) < self._max_batch:
            sequence = self._scheduler.first_waiting()
            if sequence is None:
                return
            self._runner.admit(sequence)
            # What running prompts still lack is spoken for.
            promised = sum(self._runner.needed(other) for other in running)
            if running and promised + self._runner.needed(sequence) > self._runner.pool.free_blocks:
                self._runner.release(sequence, finished=False)
                return
            self._scheduler.admit(sequence)

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
        while sequence in self._scheduler.running:
            try:
                self._runner.reserve(sequence, length)
                return True
            except NoFreeBlock:
                victim = weakest(self._scheduler.running)
                planned[:] = [work for work in planned if work.sequence is not victim]
                self._runner.release(victim, finished=False)
                self._scheduler.put_back(victim)
                self.statistics.preemptions += 1
        return False

    def _run(self, planned: list[_Work]) -> list[Delta]:
        """One pass over all work; after a failure one by one, to find whose it is."""
        if not planned:
            return []
        try:
            hidden_nD = self._runner.run([(work.sequence, work.tokens) for work in planned])
            parts = hidden_nD.split([len(work.tokens) for work in planned])
            ready = [
                (work, part[work.plain - 1 :])
                for work, part in zip(planned, parts, strict=True)
                if work.plain == work.sequence.pending
            ]
            logits = self._runner.model.logits(torch.cat([part for _, part in ready])) if ready else None
        except Exception as error:
            if len(planned) == 1:
                return [self._fail(planned[0].sequence, error)]
            return [delta for work in planned for delta in self._run([work])]
        self.statistics.steps += 1
        for work, part in zip(planned, parts, strict=True):
            self._runner.keep(work.sequence, part[: work.plain])
            work.sequence.drafts = []
        if logits is None:
            return []
        each = logits.split([part.shape[0] for _, part in ready])
        return self._verify([(work, part, own) for (work, part), own in zip(ready, each, strict=True)])

    def _verify(self, ready: list[tuple[_Work, Tensor, Tensor]]) -> list[Delta]:
        """Sample the next token of each; where it is the draft, go on with the one after it."""
        deltas: dict[int, Delta] = {}
        depth = 0
        while ready:
            taken = self._sample([own[depth] for _, _, own in ready], [work.sequence for work, _, _ in ready])
            going_on = []
            for (work, hidden, own), outcome in zip(ready, taken, strict=True):
                sequence = work.sequence
                delta = outcome if isinstance(outcome, Delta) else self._take(sequence, *outcome)
                deltas[id(sequence)] = deltas[id(sequence)].joined(delta) if id(sequence) in deltas else delta
                right = depth < len(work.drafts) and not isinstance(outcome, Delta) and outcome[0] == work.drafts[depth]
                if right and delta.finish_reason is None:
                    self._runner.keep(sequence, hidden[depth + 1 : depth + 2])
                    going_on.append((work, hidden, own))
                elif work.drafts:
                    accepted = depth + right
                    self.statistics.note_drafts(len(work.drafts), accepted)
                    sequence.acceptance.note(len(work.drafts), accepted)
                if delta.finish_reason is not None:
                    self._end(sequence, finished=delta.error is None)
            ready = going_on
            depth += 1
        return list(deltas.values())

    def _sample(
        self, logits: Sequence[Tensor], sequences: Sequence[SequenceState]
    ) -> list[tuple[int, TokenLogprob | None] | Delta]:
        """A token for each sequence, or its last delta where that failed."""
        try:
            rows = [sequence.sampling_row() for sequence in sequences]
            tokens, logprobs = sample(logits, rows, self._vocabulary)
        except Exception as error:
            if len(sequences) == 1:
                return [self._failed(sequences[0], error)]
            each = zip(logits, sequences, strict=True)
            return [outcome for logits_V, own in each for outcome in self._sample([logits_V], [own])]
        return list(zip(tokens, logprobs, strict=True))

    def _take(self, sequence: SequenceState, token_id: int, logprob: TokenLogprob | None) -> Delta:
        self.statistics.tokens += 1
        try:
            return sequence.append(token_id, logprob)
        except Exception as error:
            return self._failed(sequence, error)

    def _draft(self) -> None:
        """Draft for the sequences that decode in the next step; a failure costs speed, never a text."""
        decoding = self._scheduler.decoding()
        counts = self._policy.choose([sequence.acceptance for sequence in decoding])
        try:
            self._runner.draft(list(zip(decoding, counts, strict=True)))
        except Exception:
            _log.exception("drafting failed; the step goes on without drafts")
            for sequence in decoding:
                sequence.drafts = []

    def _fail(self, sequence: SequenceState, error: Exception) -> Delta:
        delta = self._failed(sequence, error)
        self._end(sequence)
        return delta

    def _failed(self, sequence: SequenceState, error: Exception) -> Delta:
        _log.error("request %s, choice %d failed", sequence.request.request_id, sequence.index, exc_info=error)
        if isinstance(error, EngineError):
            return sequence.failed(error)
        failure = EngineError("The engine failed while generating this text; the cause is in its log.")
        failure.__cause__ = error
        return sequence.failed(failure)

    def _end(self, sequence: SequenceState, *, finished: bool = False) -> None:
        self._scheduler.remove(sequence)
        self._runner.release(sequence, finished=finished)
