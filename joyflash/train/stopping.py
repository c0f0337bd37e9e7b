"""Ctrl-C and SIGTERM while a stage trains: the step (in RL the batch) is finished and saved before the run ends."""

from __future__ import annotations

import os
import signal
import threading
from types import FrameType
from typing import Any, Self

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class StopRequest:
    """Within its block, the first signal is noted in ``signal``; Ctrl-C after it does what it would have done without.

    A SIGTERM after the first signal does nothing: batch systems send it to every process, and torchrun once more.
    Only the main thread can take signals; elsewhere, and for a signal that the process ignores (as in a shell's
    background), nothing changes.

    Args:
        quiet: say nothing when it comes, as one of many processes.
        unit: what is finished first.

    Attributes:
        signal: number of the signal that came; None before.
    """

    def __init__(self, *, quiet: bool = False, unit: str = "step"):
        self.signal: int | None = None
        self._quiet = quiet
        self._unit = unit
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        for number in SIGNALS if threading.current_thread() is threading.main_thread() else ():
            before = signal.getsignal(number)
            if before not in (signal.SIG_IGN, None):  # None: not set from Python, so it could not be set again
                self._before[number] = before
                signal.signal(number, self._note)
        return self

    def __exit__(self, *_: object) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)
        self._before.clear()

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.signal is not None:
            return
        self.signal = number
        if signal.SIGINT in self._before:
            signal.signal(signal.SIGINT, self._before.pop(signal.SIGINT))
        if not self._quiet:  # no print: the signal may have come in the middle of one
            text = f"\nStopping after this {self._unit}, with a checkpoint; Ctrl-C then stops at once.\n"
            os.write(2, text.encode())
