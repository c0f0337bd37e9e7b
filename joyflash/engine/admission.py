"""Admission: who runs, and who has to make room for others."""

from __future__ import annotations

from collections.abc import Sequence

from joyflash.engine.runner import Runner
from joyflash.engine.scheduler import Scheduler, weakest
from joyflash.engine.sequence import SequenceState
from joyflash.engine.statistics import Statistics

_REFUSALS = 8
"""Sequences in line that may be found not to fit before the rest has to wait."""
_OVERTAKINGS = 16
"""How often others may go before a sequence that does not fit; then what becomes free is kept for it."""


class Admission:
    """Lets sequences in while there are slots, and blocks for all that they know; sequences of lower priority yield.

    A sequence that begins like a prompt that is being computed waits for those blocks, in a slot that is kept for it,
    instead of computing them too.

    Args:
        runner, scheduler, statistics: shared with the step loop.
        max_batch: sequences that run at once.
    """

    def __init__(self, runner: Runner, scheduler: Scheduler, statistics: Statistics, max_batch: int) -> None:
        self._runner = runner
        self._scheduler = scheduler
        self._statistics = statistics
        self._max_batch = max_batch

    def admit(self) -> None:
        """Admit those in line that fit; a few that do not may be overtaken a bounded number of times."""
        refused: list[SequenceState] = []
        slots = self._max_batch
        for sequence in self._scheduler.waiting:
            if self._scheduler.running_count >= slots and not self._weaker(sequence):
                return
            if self._enter(sequence, slots):
                for other in refused:
                    other.overtaken += 1
            elif sequence.awaited is not None:
                slots -= 1
            else:
                refused.append(sequence)
            if len(refused) == _REFUSALS or any(other.overtaken >= _OVERTAKINGS for other in refused):
                return

    def preempt_weakest(self) -> SequenceState:
        """Make the running sequence with the weakest claim wait again, without its blocks, and return it."""
        victim = weakest(self._scheduler.running)
        self._runner.release(victim, finished=False)
        self._scheduler.put_back(victim)
        self._statistics.preemptions += 1
        return victim

    @property
    def awaited(self) -> list[SequenceState]:
        """The running prompts for whose blocks others wait."""
        makers = {sequence.awaited[0] for sequence in self._scheduler.waiting if sequence.awaited is not None}
        return [sequence for sequence in self._scheduler.prefilling() if sequence in makers]

    def _enter(self, sequence: SequenceState, slots: int) -> bool:
        """Admit a sequence if it fits and does better not to wait for the blocks of another."""
        # Room grows only when a running sequence goes, and to match a long prompt takes milliseconds.
        if self._still_waits(sequence) or sequence.refused_after == self._scheduler.departures:
            return False
        self._runner.match(sequence)
        sequence.awaited = self._maker(sequence)
        if sequence.awaited is None:
            if self._make_room(sequence, slots):
                self._scheduler.admit(sequence)
                self._runner.note_found(sequence)
                return True
            sequence.refused_after = self._scheduler.departures
        self._runner.release(sequence, finished=False)
        return False

    def _still_waits(self, sequence: SequenceState) -> bool:
        """Whether the blocks that a sequence waits for are still to come."""
        if sequence.awaited is None:
            return False
        maker, blocks = sequence.awaited
        return self._scheduler.runs(maker) and maker.pending > 1 and maker.place.sealed < blocks

    def _maker(self, sequence: SequenceState) -> tuple[SequenceState, int] | None:
        """The running prompt that is about to compute what a matched sequence lacks, and how many blocks they share.

        None of lower priority, which may be long in coming.
        """
        pool = self._runner.pool
        if not pool.prefix_cache:
            return None
        wanted = sequence.known[: sequence.reusable]
        lacking = slice(sequence.place.cached, sequence.place.cached + pool.block_size)
        for other in self._scheduler.prefilling():
            # Most prompts differ there; to compare a long one from its beginning takes milliseconds.
            if other.request.priority >= sequence.request.priority and other.known[lacking] == wanted[lacking]:
                common = _common_blocks(wanted, other.known, pool.block_size)
                if common > len(sequence.place.blocks):
                    return other, common
        return None

    def _make_room(self, sequence: SequenceState, slots: int) -> bool:
        """Whether a matched sequence fits, if need be once weaker ones have gone; none goes if that would not do."""
        if not self._fits(sequence, slots):
            weaker = self._weaker(sequence)
            if not weaker or not self._fits(sequence, slots, weaker):
                return False
            while not self._fits(sequence, slots):
                self.preempt_weakest()
        return True

    def _fits(self, sequence: SequenceState, slots: int, without: Sequence[SequenceState] = ()) -> bool:
        """Whether a slot and blocks are left for a matched sequence, if some went; alone it always fits."""
        running = [other for other in self._scheduler.running if other not in without]
        # What running prompts still lack is spoken for.
        promised = sum(self._runner.needed(other) for other in running)
        pool = self._runner.pool
        free = pool.free_blocks + pool.freed_by(other.place.blocks for other in without)
        enough = promised + self._runner.needed(sequence) <= free
        return not running or (len(running) < slots and enough)

    def _weaker(self, sequence: SequenceState) -> list[SequenceState]:
        """The running sequences of lower priority."""
        return [other for other in self._scheduler.running if other.request.priority < sequence.request.priority]


def _common_blocks(one: Sequence[int], other: Sequence[int], size: int) -> int:
    """Full blocks of ``size`` tokens with which both begin."""
    count = 0
    for end in range(size, min(len(one), len(other)) + 1, size):
        if one[end - size : end] != other[end - size : end]:
            break
        count += 1
    return count
