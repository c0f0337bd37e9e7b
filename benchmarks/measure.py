"""What the benchmarks share: medians and spread, tables, JSON, the machine, turns, and workers in own processes.

Only the standard library is imported at the top: the interpreters of other engines load this file too.
"""

from __future__ import annotations

import argparse
import datetime
import json
import math
import os
import platform
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

RESULT = "RESULT "
"""Begins a worker's answer: libraries print to standard output too."""


@dataclass(frozen=True)
class Spread:
    """A figure measured several times."""

    median: float
    low: float
    high: float
    count: int

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Summarise at least one value; ValueError without any."""
        if not values:
            raise ValueError("no values to summarise")
        return cls(statistics.median(values), min(values), max(values), len(values))

    def __str__(self) -> str:
        if self.count == 1:
            return number(self.median)
        return f"{number(self.median)} ({number(self.low)}–{number(self.high)})"

    def to_dict(self) -> dict[str, float]:
        """For JSON."""
        return {"median": self.median, "min": self.low, "max": self.high, "n": self.count}


def number(value: float | None) -> str:
    """At least three digits that count, thousands separated; a dash for what was not measured."""
    if value is None or not math.isfinite(value):
        return "–"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def percentile(values: Sequence[float], percent: float) -> float:
    """The value below which ``percent`` of the values lie, linear between neighbours; ValueError without any."""
    if not values:
        raise ValueError("no values to take a percentile of")
    if not 0 <= percent <= 100:
        raise ValueError(f"there is no percentile {percent}")
    ordered = sorted(values)
    place = (len(ordered) - 1) * percent / 100
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def markdown(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table whose columns line up; ValueError where a row has another number of cells than the header."""
    lines = [list(header), *([str(cell).replace("|", "\\|") for cell in row] for row in rows)]
    if any(len(line) != len(header) for line in lines):
        raise ValueError("a row has another number of cells than the header")
    widths = [max(3, *(len(line[column]) for line in lines)) for column in range(len(header))]
    lines.insert(1, ["-" * width for width in widths])
    return "\n".join(f"| {' | '.join(map(str.ljust, line, widths))} |" for line in lines)


def turns(names: Sequence[str], repetitions: int) -> Iterator[tuple[int, str]]:
    """(repetition, name): each name once in every repetition, beginning with another one each time.

    Interleaved, so that a busy neighbour hits all alike; rotated, so that nobody is always first.
    """
    for repetition in range(repetitions):
        for place in range(len(names)):
            yield repetition, names[(repetition + place) % len(names)]


def machine(threads: int) -> dict[str, Any]:
    """What the figures were measured on, without anything that names a person or a place."""
    import torch

    from joyflash.hardware import GIB, detect

    found = detect()
    return {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "processor": _processor() or platform.machine(),
        "cores": found.cores,
        "threads": threads,
        "memory_gib": None if found.memory is None else round(found.memory / GIB, 1),
        "avx512": found.avx512,
        "avx512_bf16": found.avx512_bf16,
        "amx": found.amx,
        "load_before": [round(load, 2) for load in os.getloadavg()],
        "python": platform.python_version(),
        "torch": torch.__version__,
    }


def machine_line(found: Mapping[str, Any]) -> str:
    """``machine`` in one line."""
    extras = [name for name in ("avx512", "avx512_bf16", "amx") if found[name]]
    return (
        f"{found['date']}, {found['processor']}, {found['cores']} cores, {found['threads']} threads, "
        f"{', '.join(extras) or 'no AVX-512'}, torch {found['torch']}, load before the run {found['load_before'][0]}"
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")


def read_bandwidth(threads: int, gigabytes: float = 1.0, repeats: int = 5) -> float:
    """Bytes/s of summing a tensor that no cache holds; the best of several, because it serves as a limit."""
    import torch

    torch.set_num_threads(threads)
    values = torch.rand(int(gigabytes * 1e9 / 4))
    seconds = []
    for _ in range(repeats + 1):
        start = time.perf_counter()
        values.sum()
        seconds.append(time.perf_counter() - start)
    return values.numel() * 4 / min(seconds[1:])  # the first one warms up


def write_json(path: Path, figures: object) -> None:
    """Write figures, or end with one line that says why not."""
    try:
        path.write_text(json.dumps(figures, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    except OSError as error:
        fail(f"cannot write {path}: {error.strerror}")


def fail(message: str) -> NoReturn:
    """End with one line on standard error and exit status 2."""
    print(f"error: {' '.join(message.split())}", file=sys.stderr)
    raise SystemExit(2)


def clean_up_when_terminated() -> None:
    """Let SIGTERM unwind like Ctrl-C, so that processes and files of a benchmark go with it."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))


def positive(text: str) -> int:
    """An argparse type: an integer of at least 1."""
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not an integer of at least 1")
    return int(text)


def positives(text: str) -> list[int]:
    """An argparse type: integers of at least 1 between commas, each once."""
    return list(dict.fromkeys(positive(part.strip()) for part in text.split(",")))


def names_of(*known: str) -> Callable[[str], list[str]]:
    """An argparse type: known names between commas, each once."""

    def read(text: str) -> list[str]:
        names = list(dict.fromkeys(part.strip() for part in text.split(",")))
        for name in names:
            if name not in known:
                raise argparse.ArgumentTypeError(f"{name!r} is unknown; there are {', '.join(known)}")
        return names

    return read


class WorkerError(Exception):
    """A worker could not do what was asked; the message is its reason in one line."""


class Worker:
    """A process that takes a JSON line and answers with one: memory, threads and libraries of its own.

    Args:
        command: started at once; it calls ``answer``.
        environment: added to this process's own.
        timeout: seconds that an answer may take.
    """

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], timeout: float) -> None:
        self._errors = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115, as long as self
        self._timeout = timeout
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                text=True,
                env={**os.environ, **environment},
            )
        except OSError as error:
            raise WorkerError(f"{command[0]} cannot be started: {error.strerror}") from error

    def ask(self, message: Mapping[str, Any]) -> dict[str, Any]:
        """Send a message and wait for the answer; WorkerError when it fails, ends, or takes too long."""
        assert self._process.stdin and self._process.stdout
        timer = threading.Timer(self._timeout, self._process.kill)
        timer.start()
        try:
            self._process.stdin.write(json.dumps(message) + "\n")
            self._process.stdin.flush()
            line = next((line for line in self._process.stdout if line.startswith(RESULT)), None)
        except BrokenPipeError:
            line = None
        finally:
            late = not timer.is_alive()
            timer.cancel()
        if line is None:
            raise WorkerError(
                f"no answer in {self._timeout:g} s" if late else f"the process ended: {self._last_words()}"
            )
        answer = json.loads(line.removeprefix(RESULT))
        if "error" in answer:
            raise WorkerError(answer["error"])
        return answer

    def _last_words(self) -> str:
        status = self._process.wait()
        self._errors.seek(0)
        lines = [line.strip() for line in self._errors if line.strip()]
        return lines[-1] if lines else f"status {status}, no message"

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.communicate()
        self._errors.close()


def answer(handle: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """A worker's side: hand every line of standard input to ``handle``, and its peak memory along with the answer.

    An exception is an answer too, in one line.
    """
    for line in sys.stdin:
        try:
            done = handle(json.loads(line))
        except Exception as error:
            done = {"error": " ".join(f"{type(error).__name__}: {error}".split())[:300]}
        print(RESULT + json.dumps({**done, "peak_memory_mb": peak_memory() // (1 << 20)}), flush=True)


def peak_memory() -> int:
    """Most bytes that this process has held."""
    try:
        status = Path("/proc/self/status").read_text(encoding="utf-8")
    except OSError:
        units = 1 if sys.platform == "darwin" else 1 << 10
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * units
    # Not ru_maxrss here: on Linux it begins with what the parent held when it started this process.
    line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) << 10
