"""Packing beside the training loop: background workers keep a few rows ready."""

from __future__ import annotations

import multiprocessing
import queue
import signal
import threading
from collections.abc import Callable, Iterator
from typing import Any, Self

import torch

from joyflash.batch import PackedBatch
from joyflash.data.packing import Packer
from joyflash.errors import ConfigError, DataError, JoyflashError

MakePacker = Callable[[int, int], Packer]  # (part, parts) -> the packer of that part
_COLUMNS = ("tokens_T", "positions_T", "weights_T", "document_T")
_DIED = "A data worker died without a message; it may have run out of memory."
_WAIT_S = 0.2  # how long a blocked worker or reader takes to notice that the other side is gone


class Prefetcher:
    """Iterates over packed rows that background workers made ahead of time.

    Worker w of ``workers`` packs part w of the mixture; rows are handed out in turn, so the stream depends on
    ``workers`` but not on timing. Every row travels with the state after it, so ``state_dict`` always describes what
    was handed out, whatever the workers did since.

    One thread is enough beside a CPU training loop, whose kernels release the interpreter. A GPU eats rows faster than
    one interpreter renders them: use processes there (``make_packer`` must then be importable, e.g. a
    ``functools.partial`` of a module's function).

    Args:
        make_packer: builds the packer of ``(part, parts)``.
        workers: number of workers.
        processes: processes instead of threads.
        depth: rows that each worker keeps ready.
        state: of an earlier ``state_dict``, to go on from there.
    """

    def __init__(
        self,
        make_packer: MakePacker,
        *,
        workers: int = 1,
        processes: bool = False,
        depth: int = 4,
        state: dict[str, Any] | None = None,
    ):
        if workers < 1 or depth < 1:
            raise ConfigError("A prefetcher needs at least one worker and one row of depth.")
        if state is not None and "workers" not in state:
            raise DataError(
                "The saved data position is one of another stage; resume with the recipe that the run began with."
            )
        states: list[dict[str, Any] | None] = [None] * workers if state is None else list(state["workers"])
        if len(states) != workers:
            raise DataError(f"The saved data position has {len(states)} workers, this run {workers}; use as many.")
        self._states = states
        self._turn = 0 if state is None else int(state["turn"])
        context: Any = multiprocessing.get_context("spawn") if processes else None
        self._stop = context.Event() if processes else threading.Event()
        self._queues: list[Any] = [context.Queue(depth) if processes else queue.Queue(depth) for _ in range(workers)]
        start: Any = context.Process if processes else threading.Thread
        self._workers = [
            start(
                target=_work_apart if processes else _work,
                args=(make_packer, part, workers, states[part], self._queues[part], self._stop),
                daemon=True,
            )
            for part in range(workers)
        ]
        for worker, rows in zip(self._workers, self._queues, strict=True):
            worker.start()
            if processes:
                rows._writer.close()  # else the rest of what a killed worker was writing would be waited for

    def __iter__(self) -> Iterator[PackedBatch]:
        return self

    def __next__(self) -> PackedBatch:
        columns, state = self._receive(self._turn)
        self._states[self._turn] = state
        self._turn = (self._turn + 1) % len(self._workers)
        tokens_T, positions_T, weights_T, document_T = (torch.from_numpy(columns[name]) for name in _COLUMNS)
        return PackedBatch(tokens_T, positions_T, weights_T, document_T)

    def state_dict(self) -> dict[str, Any]:
        """JSON-able state after the last row handed out; a worker that has handed out none yet stands as None."""
        return {"turn": self._turn, "workers": list(self._states)}

    def close(self) -> None:
        """Stop the workers and wait for them."""
        self._stop.set()
        for worker, rows in zip(self._workers, self._queues, strict=True):
            while worker.is_alive():
                _drain(rows)
                worker.join(_WAIT_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _receive(self, part: int) -> tuple[dict[str, Any], dict[str, Any]]:
        while True:
            try:
                columns, state, error = self._queues[part].get(timeout=_WAIT_S)
            except queue.Empty:
                if self._stop.is_set():
                    raise DataError("The prefetcher is closed.") from None
                if not self._workers[part].is_alive() and self._queues[part].empty():
                    raise DataError(_DIED) from None
                continue
            except (EOFError, OSError):
                raise DataError(_DIED) from None
            if error is not None:
                raise error
            return columns, state


def _work_apart(*args: Any) -> None:
    """``_work`` in a process of its own: signals to the whole group reach it, but its reader decides when it ends."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    _work(*args)


def _work(make_packer: MakePacker, part: int, parts: int, state: dict[str, Any] | None, rows: Any, stop: Any) -> None:
    """A worker's life: make rows until told to stop; an error is sent to the reader instead of a row."""
    try:
        packer = make_packer(part, parts)
        if state is not None:
            packer.load_state_dict(state)
        for row in packer:
            columns = {name: getattr(row, name).numpy() for name in _COLUMNS}
            if not _send(rows, (columns, packer.state_dict(), None), stop):
                return
    except JoyflashError as error:
        _send(rows, (None, None, error), stop)
    except Exception as error:
        _send(rows, (None, None, DataError(f"A data worker failed: {type(error).__name__}: {error}")), stop)


def _send(rows: Any, item: tuple[Any, ...], stop: Any) -> bool:
    while not stop.is_set():
        try:
            rows.put(item, timeout=_WAIT_S)
            return True
        except queue.Full:
            parent = multiprocessing.parent_process()
            if not isinstance(rows, queue.Queue) and parent is not None and not parent.is_alive():
                rows.cancel_join_thread()  # nobody reads the row that it is writing
                return False
    return False


def _drain(rows: Any) -> None:
    try:
        while True:
            rows.get_nowait()
    except (queue.Empty, EOFError, OSError):
        return
