"""Runner: the model and the blocks of its cache behind the verbs of a step: match, reserve, run, draft, release.

Letters: n rows, D hidden, V vocabulary.
"""

from __future__ import annotations

import logging
from array import array
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor

from joyflash.engine.block_pool import BlockPool
from joyflash.engine.sequence import CachePlace, SequenceState
from joyflash.kernels.gumbel import NOT_FINITE
from joyflash.model.step import Rows, StepModel

_log = logging.getLogger(__name__)
_BACKLOG = 1024
"""Hidden states of a sequence that may wait for the MTP layer; the tokens of one step may come on top."""
_SHARED_ROWS = 16
"""Largest result of a step that a sequence keeps whole for the sake of its own few lines."""
_HEAD_ROWS = 32
"""Most lines that one reading of the output head serves; each gives logits of the whole vocabulary."""


class Runner:
    """Moves sequences through the model and keeps account of the blocks they hold.

    Args:
        model: behind a cache of ``pool.blocks`` blocks.
        pool: who holds which block.
        drafting: whether the MTP layer's part of the cache is kept in step, so that ``draft`` may be called.
        draft_ids: vocabulary entries that drafts come from, next to those of the sequence itself.
    """

    def __init__(self, model: StepModel, pool: BlockPool, *, drafting: bool, draft_ids: int) -> None:
        self.model = model
        self.pool = pool
        self._drafting = drafting and model.has_mtp
        self._draft_ids = array("i", range(draft_ids))
        self._mtp_failed = False  # the last time that the MTP layer was asked

    @property
    def capacity(self) -> int:
        """Tokens that one sequence may have."""
        return min(self.model.context_length, self.pool.blocks * self.pool.block_size)

    def match(self, sequence: SequenceState) -> None:
        """Give a sequence the blocks that already hold its beginning, all but its last known token at most."""
        blocks = self.pool.match(sequence.known[: sequence.reusable])
        cached = len(blocks) * self.pool.block_size
        sequence.place = CachePlace(blocks, cached, cached, len(blocks))

    def note_found(self, sequence: SequenceState) -> None:
        """Count what a sequence found when it was admitted; not what it finds of its own when it was preempted."""
        if sequence.found is None:
            sequence.found = sequence.place.cached
            self.pool.note_lookup(sequence.reusable, sequence.found)

    def needed(self, sequence: SequenceState) -> int:
        """Blocks that a sequence lacks for its known tokens and one more."""
        return self._lacking(sequence, len(sequence.known) + 1)

    def reserve(self, sequence: SequenceState, length: int) -> None:
        """Give a sequence the blocks for ``length`` tokens; NoFreeBlock if there are not enough."""
        for _ in range(self._lacking(sequence, length)):
            sequence.place.blocks.append(self.pool.allocate())

    def run(self, work: Sequence[tuple[SequenceState, Sequence[int]]]) -> Tensor:
        """Run each sequence's tokens from its first pending position on; hidden states [n, D] in their order."""
        return self.model.trunk(
            Rows(
                [token for _, tokens in work for token in tokens],
                [sequence.place.cached + i for sequence, tokens in work for i in range(len(tokens))],
                [number for number, (_, tokens) in enumerate(work) for _ in tokens],
                [sequence.place.blocks for sequence, _ in work],
            )
        )

    def logits(self, hidden_nD: Tensor, lines: Sequence[int]) -> Iterator[Tensor]:
        """Logits [V] behind each of these lines of hidden states, float32, in their order; computed as they are taken.

        The output head is read once for many lines: reading it is most of what a row costs.
        """
        for first in range(0, len(lines), _HEAD_ROWS):
            with _one_thread():
                hidden_mD = hidden_nD[list(lines[first : first + _HEAD_ROWS])]
            yield from self.model.logits(hidden_mD)

    def keep(self, sequence: SequenceState, hidden_nD: Tensor, first: int, count: int) -> None:
        """Count tokens of a sequence's last run, whose hidden states these lines are, as cached for good."""
        place = sequence.place
        routes_nLK = self.model.routes_nLK
        if routes_nLK is not None:
            sequence.note_routes(place.cached, routes_nLK[first : first + count])
        # The layer needs the token after each position, and that after the last of these is not sampled yet: so what
        # waits already is read, and these wait.
        if place.backlog and place.cached - place.mtp_cached >= _BACKLOG:
            self._read_backlog([sequence])
        place.cached += count
        if self._drafting and not place.without_mtp:
            if hidden_nD.shape[0] > max(count, _SHARED_ROWS):
                with _one_thread():
                    hidden_nD, first = hidden_nD[first : first + count].clone(), 0
            place.backlog.append((hidden_nD, first, count))
        elif not self._drafting:
            place.mtp_cached = place.cached
            self._seal(sequence)

    def share(self, sequences: Sequence[SequenceState]) -> None:
        """Let others find the full blocks of these sequences now, although the MTP layer could read them later."""
        size = self.pool.block_size
        behind = [own for own in sequences if own.place.backlog and own.place.cached // size > own.place.sealed]
        if behind and self.pool.prefix_cache:
            self._read_backlog(behind)

    def draft(self, wishes: Sequence[tuple[SequenceState, int]]) -> None:
        """Set the drafts of decoding sequences, as many as wished; those that end too soon get fewer."""
        asked = wishes = [(sequence, room) for sequence, count in wishes if (room := self._make_room(sequence, count))]
        if not wishes:
            return
        hidden_mD = self._catch_up([sequence for sequence, _ in wishes], wanted=True)
        lines = range(len(wishes))
        ids = self._draft_vocabulary([sequence for sequence, _ in wishes])
        depth = 0
        while wishes:
            draws = [sequence.draw(depth) for sequence, _ in wishes]
            for (sequence, _), token in zip(wishes, self.model.draw(hidden_mD, lines, draws, ids), strict=True):
                sequence.drafts.append(token)
            depth += 1
            # A draft that is no token, because a number was not finite, ends the drafting: the trunk will say why.
            going_on = [i for i, (own, count) in enumerate(wishes) if count > depth and own.drafts[-1] != NOT_FINITE]
            lines = range(len(going_on))
            wishes = [wishes[i] for i in going_on]
            if wishes:
                # Behind a draft there is no hidden state of the trunk yet: the layer goes on from its own. The next
                # step overwrites what this writes to the cache.
                rows = Rows(
                    [sequence.drafts[-1] for sequence, _ in wishes],
                    [sequence.place.cached + depth - 1 for sequence, _ in wishes],
                    list(range(len(wishes))),
                    [sequence.place.blocks for sequence, _ in wishes],
                )
                hidden_mD = self.model.mtp(rows, hidden_mD, going_on, lines)
        for sequence, _ in asked:
            if sequence.drafts and sequence.drafts[-1] == NOT_FINITE:
                sequence.drafts.pop()
        self._mtp_failed = False

    def go_without_mtp(self, sequences: Sequence[SequenceState]) -> None:
        """Let sequences go on without the MTP layer, which has just failed over them; call it in the ``except`` block.

        Only the first of failures in a row is shown by the log: they tend to be many, and all for one reason.
        """
        level = logging.DEBUG if self._mtp_failed else logging.ERROR
        message = "the MTP layer failed; texts go on without drafts, and the prefix cache learns no more of them"
        _log.log(level, message, exc_info=True)
        self._mtp_failed = True
        for sequence in sequences:
            sequence.drafts = []
            sequence.place.backlog = []
            sequence.place.without_mtp = True

    def release(self, sequence: SequenceState, *, finished: bool) -> None:
        """Give a sequence's blocks back; those of a ``finished`` one stay known to the prefix cache."""
        place = sequence.place
        if finished and place.backlog and place.cached == len(sequence.known):
            # Nothing was generated: behind its last token there is none, which the MTP layer would need.
            hidden_hD, first, count = place.backlog.pop()
            place.cached -= 1
            place.backlog += [(hidden_hD, first, count - 1)] if count > 1 else []
        if finished and place.backlog and self.pool.prefix_cache:
            self._read_backlog([sequence])
        self.pool.release(place.blocks)
        sequence.drafts = []
        sequence.place = CachePlace()

    def _lacking(self, sequence: SequenceState, length: int) -> int:
        return max(0, -(-length // self.pool.block_size) - len(sequence.place.blocks))

    def _make_room(self, sequence: SequenceState, count: int) -> int:
        """Reserve blocks for up to ``count`` drafts; how many the completion, the context and free blocks allow."""
        count = min(count, sequence.left - 1, self.capacity - len(sequence.known) - 1)
        places = (len(sequence.place.blocks) + self.pool.free_blocks) * self.pool.block_size
        count = max(0, min(count, places - len(sequence.known)))
        if count:
            self.reserve(sequence, len(sequence.known) + count)
        return count

    def _draft_vocabulary(self, sequences: Sequence[SequenceState]) -> array[int]:
        """The common entries, then those that occur in the sequences; int32, ascending."""
        rare = set[int]().union(*(sequence.rare_tokens for sequence in sequences))
        return self._draft_ids + array("i", sorted(rare))

    def _read_backlog(self, sequences: Sequence[SequenceState]) -> None:
        """Run the MTP layer on what waits for it; where that fails, the sequences go on without."""
        try:
            self._catch_up(sequences, wanted=False)
            self._mtp_failed = False
        except Exception:
            self.go_without_mtp(sequences)

    def _catch_up(self, sequences: Sequence[SequenceState], *, wanted: bool) -> Tensor:
        """Run the MTP layer on every hidden state that waits and seal the blocks that this completes.

        Returns its own state after each sequence's last, [m, D], if wanted.
        """
        kept: list[Tensor] = []
        batch: list[SequenceState] = []
        rows = 0
        for sequence in sequences:
            waiting = sequence.place.cached - sequence.place.mtp_cached
            if batch and rows + waiting > self.model.max_rows:
                kept.append(self._run_mtp(batch, wanted))
                batch, rows = [], 0
            batch.append(sequence)
            rows += waiting
        kept.append(self._run_mtp(batch, wanted))
        return kept[0] if len(kept) == 1 else torch.cat(kept)

    def _run_mtp(self, sequences: Sequence[SequenceState], wanted: bool) -> Tensor:
        spans = [range(sequence.place.mtp_cached, sequence.place.cached) for sequence in sequences]
        hidden_hD, lines = _gather([piece for sequence in sequences for piece in sequence.place.backlog])
        ends: list[int] = []
        for span in spans:
            ends.append((ends[-1] if ends else -1) + len(span))
        rows = Rows(
            [sequence.known[i + 1] for sequence, span in zip(sequences, spans, strict=True) for i in span],
            [i for span in spans for i in span],
            [number for number, span in enumerate(spans) for _ in span],
            [sequence.place.blocks for sequence in sequences],
        )
        out_mD = self._run_slices(rows, hidden_hD, lines, ends if wanted else [])
        for sequence in sequences:
            sequence.place.mtp_cached = sequence.place.cached
            sequence.place.backlog = []
            self._seal(sequence)
        return out_mD

    def _run_slices(self, rows: Rows, hidden_hD: Tensor, lines: Sequence[int], kept: Sequence[int]) -> Tensor:
        """One call, or several where a single sequence has more rows waiting than fit."""
        limit, out = self.model.max_rows, []
        if len(lines) <= limit:
            return self.model.mtp(rows, hidden_hD, lines, kept)
        for first in range(0, len(rows.tokens), limit):
            part = slice(first, first + limit)
            some = Rows(rows.tokens[part], rows.positions[part], rows.sequences[part], rows.tables)
            wanted = [i - first for i in kept if first <= i < first + limit]
            out.append(self.model.mtp(some, hidden_hD, lines[part], wanted))
        return torch.cat(out)

    def _seal(self, sequence: SequenceState) -> None:
        """Let other sequences find the blocks that are full in every layer."""
        place, size = sequence.place, self.pool.block_size
        for index in range(place.sealed, place.mtp_cached // size):
            self.pool.seal(place.blocks, index, sequence.known[index * size : (index + 1) * size])
            place.sealed = index + 1


def _gather(pieces: Sequence[tuple[Tensor, int, int]]) -> tuple[Tensor, Sequence[int]]:
    """One tensor of hidden states and the lines of all pieces in it; copied only if they lie in several."""
    hidden_hD = pieces[0][0]
    if all(hidden is hidden_hD for hidden, _, _ in pieces):
        return hidden_hD, [line for _, first, count in pieces for line in range(first, first + count)]
    with _one_thread():
        hidden_hD = torch.cat([hidden[first : first + count] for hidden, first, count in pieces])
    return hidden_hD, range(hidden_hD.shape[0])


@contextmanager
def _one_thread() -> Iterator[None]:
    """Copies that PyTorch would share out to its threads: those wait for milliseconds, for cores that the threads of a
    compiled step keep.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
