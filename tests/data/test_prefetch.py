"""Prefetching: the same rows as without it, exact resume, errors delivered, workers stopped."""

from __future__ import annotations

import functools
import itertools
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from joyflash.data.packing import Packer
from joyflash.data.prefetch import Prefetcher
from joyflash.errors import ConfigError, DataError
from tests.data.helpers import make_packer


def _tokens(rows, count: int) -> list[torch.Tensor]:
    return [row.tokens_T for row in itertools.islice(rows, count)]


def _same(one: list[torch.Tensor], two: list[torch.Tensor]) -> bool:
    return len(one) == len(two) and all(torch.equal(a, b) for a, b in zip(one, two, strict=True))


def test_one_thread_gives_the_rows_of_the_packer():
    with Prefetcher(make_packer) as rows:
        assert _same(_tokens(rows, 10), _tokens(make_packer(), 10))


@pytest.mark.parametrize("stop", [0, 1, 5])
def test_resume_ignores_what_was_made_ahead(stop: int):
    with Prefetcher(make_packer, workers=2) as rows:
        _tokens(rows, stop)
        state = json.loads(json.dumps(rows.state_dict()))
        expected = _tokens(rows, 8)
    with Prefetcher(make_packer, workers=2, state=state) as rows:
        assert _same(_tokens(rows, 8), expected)
    with pytest.raises(DataError, match="2 workers"):
        Prefetcher(make_packer, workers=1, state=state)


def test_processes_give_the_same_rows_as_threads():
    make = functools.partial(make_packer, row_tokens=256)
    with Prefetcher(make, processes=True) as rows:
        found = _tokens(rows, 6)
    assert _same(found, _tokens(make_packer(row_tokens=256), 6))


@pytest.mark.skipif(os.name != "posix", reason="sends a signal to a process")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_to_the_whole_group_leave_the_processes_to_their_reader(number):
    """A terminal and torchrun send them to all; the reader still wants the rows of its last step."""
    with Prefetcher(functools.partial(make_packer, row_tokens=256), processes=True, depth=1) as rows:
        next(rows)
        (worker,) = rows._workers
        os.kill(worker.pid, number)
        assert len(_tokens(rows, 6)) == 6


def test_a_process_that_is_killed_in_the_middle_of_a_row_is_noticed():
    """A row of 8,192 tokens is more than a pipe holds: the reader finds the beginning of one."""
    with Prefetcher(functools.partial(make_packer, row_tokens=8192), processes=True) as rows:
        next(rows)
        (worker,) = rows._workers
        assert rows._queues[0]._reader.poll(30)
        worker.kill()
        worker.join()
        with pytest.raises(DataError, match="died without a message"):
            _tokens(rows, 9)


@pytest.mark.skipif(os.name != "posix", reason="kills a process")
def test_processes_end_when_their_reader_was_killed():
    program = (
        "import functools, os, signal\n"
        "from joyflash.data.prefetch import Prefetcher\n"
        "from tests.data.helpers import make_packer\n"
        "rows = Prefetcher(functools.partial(make_packer, row_tokens=8192), processes=True)\n"
        "next(rows)\n"
        "print(rows._workers[0].pid, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as killed:
        assert killed.stdout is not None
        worker, end = int(killed.stdout.readline()), time.monotonic() + 60
    while _runs(worker):
        assert time.monotonic() < end
        time.sleep(0.1)


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{process}/stat")
    return not (stat.exists() and stat.read_text().rpartition(")")[2].split()[0] == "Z")  # ended, nobody asked


def _broken(part: int, parts: int) -> Packer:
    raise ValueError("no such thing")


def test_errors_reach_the_reader():
    with Prefetcher(_broken) as rows, pytest.raises(DataError, match="ValueError: no such thing"):
        next(rows)


def test_closed_prefetchers_stop_their_workers():
    rows = Prefetcher(make_packer, workers=2, depth=1)
    next(rows)
    rows.close()
    assert not any(worker.is_alive() for worker in rows._workers)
    with pytest.raises(DataError, match="closed"):
        for _ in rows:
            pass
    with pytest.raises(ConfigError):
        Prefetcher(make_packer, workers=0)
