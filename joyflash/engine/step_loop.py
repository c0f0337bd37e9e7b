"""StepLoop: what one step does, and what happens when a part of it fails."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import torch

from joyflash.engine.request import Delta, TokenLogprob
from joyflash.engine.runner import Runner
from joyflash.engine.sampler import sample
from joyflash.engine.scheduler import Scheduler
from joyflash.engine.sequence import SequenceState
from joyflash.errors import EngineError

_log = logging.getLogger(__name__)


class StepLoop:
    """Moves sequences from the scheduler through the runner and the sampler.

    A step generates one token for every running sequence and then caches one chunk of one waiting prompt, so a long
    prompt never stops the others.

    Args:
        runner, scheduler: shared with the engine.
        vocabulary: entries of the tokenizer; tokens beyond are never sampled.
        prefill_chunk: tokens of a prompt that one step caches.
    """

    def __init__(self, runner: Runner, scheduler: Scheduler, vocabulary: int, prefill_chunk: int) -> None:
        self._runner = runner
        self._scheduler = scheduler
        self._vocabulary = vocabulary
        self._prefill_chunk = prefill_chunk
        self._cancelled: list[str] = []

    def cancel(self, request_id: str) -> None:
        """End a request at the next step."""
        if self._scheduler.of_request(request_id):
            self._cancelled.append(request_id)

    def step(self) -> list[Delta]:
        """Advance every running sequence by a token and one prompt by a chunk.

        A failure ends only the sequences that it concerns: their last delta has finish reason "error".

        Raises:
            EngineError: the engine is idle and yet a cache slot is taken, which is a bug.
        """
        with torch.inference_mode():
            deltas = self._end_cancelled()
            self._scheduler.admit(self._runner.free_slots, self._runner.allocate)
            decoding = self._scheduler.decoding()
            if decoding:
                deltas += self._decode(decoding)
            prefilling = self._scheduler.next_prefill()
            if prefilling is not None:
                deltas += self._prefill(prefilling)
        if not self._scheduler.has_work and self._runner.held_slots:
            raise EngineError(f"Cache slots {sorted(self._runner.held_slots)} are taken while nothing runs.")
        return deltas

    def reset(self) -> None:
        """Drop every request without a word and free every slot."""
        for sequence in self._scheduler.all():
            self._end(sequence)
        for slot in self._runner.held_slots:
            self._runner.release(slot)
        self._cancelled.clear()

    def _end_cancelled(self) -> list[Delta]:
        cancelled = dict.fromkeys(self._cancelled)
        ended = [sequence for request_id in cancelled for sequence in self._scheduler.of_request(request_id)]
        self._cancelled.clear()
        for sequence in ended:
            self._end(sequence)
        return [sequence.cancelled() for sequence in ended]

    def _decode(self, sequences: Sequence[SequenceState]) -> list[Delta]:
        """One token for each sequence; after a failure one by one, to find whose it is."""
        try:
            slots = [_slot(sequence) for sequence in sequences]
            logits_BV = self._runner.decode(slots, [sequence.output[-1] for sequence in sequences])
            tokens, logprobs = self._sample(logits_BV, sequences)
        except Exception as error:
            if len(sequences) == 1:
                return [self._fail(sequences[0], error)]
            for sequence in sequences:
                self._runner.rewind(_slot(sequence), sequence.cached)
            return [delta for sequence in sequences for delta in self._decode([sequence])]
        return [self._take(*taken) for taken in zip(sequences, tokens, logprobs, strict=True)]

    def _prefill(self, sequence: SequenceState) -> list[Delta]:
        """Cache the next chunk of a prompt; after the last one the first token is sampled."""
        try:
            chunk = sequence.prompt[sequence.prefilled : sequence.prefilled + self._prefill_chunk]
            logits_1V = self._runner.prefill(_slot(sequence), chunk)
            sequence.prefilled += len(chunk)
            self._scheduler.prefilled(sequence)
            if sequence.needs_prefill:
                return []
            tokens, logprobs = self._sample(logits_1V, [sequence])
        except Exception as error:
            return [self._fail(sequence, error)]
        return [self._take(sequence, tokens[0], logprobs[0])]

    def _sample(
        self, logits_BV: torch.Tensor, sequences: Sequence[SequenceState]
    ) -> tuple[list[int], list[TokenLogprob | None]]:
        return sample(logits_BV, [sequence.sampling_row() for sequence in sequences], self._vocabulary)

    def _take(self, sequence: SequenceState, token_id: int, logprob: TokenLogprob | None) -> Delta:
        try:
            delta = sequence.append(token_id, logprob)
        except Exception as error:
            return self._fail(sequence, error)
        if delta.finish_reason is not None:
            self._end(sequence)
        return delta

    def _fail(self, sequence: SequenceState, error: Exception) -> Delta:
        self._end(sequence)
        _log.error("request %s, choice %d failed", sequence.request.request_id, sequence.index, exc_info=error)
        if isinstance(error, EngineError):
            return sequence.failed(error)
        failure = EngineError("The engine failed while generating this text; the cause is in its log.")
        failure.__cause__ = error
        return sequence.failed(failure)

    def _end(self, sequence: SequenceState) -> None:
        self._scheduler.remove(sequence)
        if sequence.slot is not None:
            self._runner.release(sequence.slot)
            sequence.slot = None


def _slot(sequence: SequenceState) -> int:
    if sequence.slot is None:
        raise EngineError("A sequence without a cache slot was scheduled.")
    return sequence.slot
