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
        for sequence in self._scheduler.waiting:
            if self._scheduler.running_count >= self._max_batch and not self._weaker(sequence):
                return
            if self._enter(sequence):
                for other in refused:
                    other.overtaken += 1
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

    def _enter(self, sequence: SequenceState) -> bool:
        """Admit a sequence if it fits."""
        # Room grows only when a running sequence goes, and to match a long prompt takes milliseconds.
        if sequence.refused_after == self._scheduler.departures:
            return False
        self._runner.match(sequence)
        if not self._make_room(sequence):
            self._runner.release(sequence, finished=False)
            sequence.refused_after = self._scheduler.departures
            return False
        self._scheduler.admit(sequence)
        self._runner.note_found(sequence)
        return True

    def _make_room(self, sequence: SequenceState) -> bool:
        """Whether a matched sequence fits, if need be once weaker ones have gone; none goes if that would not do."""
        if not self._fits(sequence):
            weaker = self._weaker(sequence)
            if not weaker or not self._fits(sequence, weaker):
                return False
            while not self._fits(sequence):
                self.preempt_weakest()
        return True

    def _fits(self, sequence: SequenceState, without: Sequence[SequenceState] = ()) -> bool:
        """Whether a slot and blocks are left for a matched sequence, if some went; alone it always fits."""
        running = [other for other in self._scheduler.running if other not in without]
        # What running prompts still lack is spoken for.
        promised = sum(self._runner.needed(other) for other in running)
        pool = self._runner.pool
        free = pool.free_blocks + pool.freed_by(other.place.blocks for other in without)
        enough = promised + self._runner.needed(sequence) <= free
        return not running or (len(running) < self._max_batch and enough)

    def _weaker(self, sequence: SequenceState) -> list[SequenceState]:
        """The running sequences of lower priority."""
        return [other for other in self._scheduler.running if other.request.priority < sequence.request.priority]
