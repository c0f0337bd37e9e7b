"""Watches a sandboxed program: time, processor time and memory of all its processes together."""

from __future__ import annotations

import contextlib
import os
import resource
import select
import signal
import time
from pathlib import Path
from typing import Any

_TICK_MS = 25


class Watch:
    """Waits for the end of a program, or brings it about.

    Args:
        child: the program's first process.
        limits: see Limits.
        processes: descriptor of the /proc of its own PID namespace; None: no namespace, its descendants are looked for.
    """

    def __init__(self, child: int, limits: dict[str, Any], processes: int | None):
        self.child, self.limits, self.processes = child, limits, processes
        self.start = time.monotonic()
        self.peak = 0
        self._tick = os.sysconf("SC_CLK_TCK")

    def wait(self) -> dict[str, Any]:
        """Watch to the end; its exit code (see SandboxResult), limits, seconds, processor seconds, peak memory."""
        limits: list[str] = []
        exit_code = None
        ended = os.pidfd_open(self.child)
        poll = select.poll()
        poll.register(ended, select.POLLIN)
        poll.register(0, select.POLLIN)  # hangs up when the caller is gone, or has seen enough
        while True:
            ready = {descriptor for descriptor, _ in poll.poll(_TICK_MS)}
            cpu, memory = self._usage()
            self.peak = max(self.peak, memory)
            if ended in ready:
                exit_code = os.waitstatus_to_exitcode(os.waitpid(self.child, 0)[1])
                break
            limits = self._exceeded(cpu, memory)
            if limits or 0 in ready:
                break
        seconds = time.monotonic() - self.start
        self._kill_all()
        cpu = max(cpu, _reaped_seconds())
        if exit_code == -signal.SIGXCPU or (exit_code == -signal.SIGKILL and cpu >= self.limits["cpu_seconds"]):
            limits, exit_code = ["cpu"], None
        return {
            "exit_code": exit_code, "limits": limits, "seconds": seconds, "cpu_seconds": cpu, "peak": self.peak,
        }  # fmt: skip

    def _exceeded(self, cpu: float, memory: int) -> list[str]:
        over = {
            "wall": time.monotonic() - self.start > self.limits["wall_seconds"],
            "cpu": cpu > self.limits["cpu_seconds"],
            "memory": memory > self.limits["memory_bytes"],
        }
        return [name for name, hit in over.items() if hit]

    def _usage(self) -> tuple[float, int]:
        """Processor seconds and resident bytes of all processes now."""
        cpu, memory = _reaped_seconds(), 0
        for pid in self._pids():
            with contextlib.suppress(OSError, ValueError, IndexError):  # it ended meanwhile
                fields = self._read(f"{pid}/stat").rpartition(")")[2].split()
                cpu += sum(map(int, fields[11:15])) / self._tick
                for line in self._read(f"{pid}/status").splitlines():
                    if line.startswith(("RssAnon:", "RssShmem:")):
                        memory += int(line.split()[1]) * 1024
        return cpu, memory

    def _pids(self) -> list[int]:
        if self.processes is not None:
            with os.scandir(self.processes) as entries:
                return [int(entry.name) for entry in entries if entry.name.isdigit() and entry.name != "1"]
        found = [os.getpid()]
        for pid in found:
            with contextlib.suppress(OSError):
                for thread in Path(f"/proc/{pid}/task").iterdir():
                    found += map(int, self._read(f"{pid}/task/{thread.name}/children").split())
        return found[1:]

    def _read(self, name: str) -> str:
        path = name if self.processes is not None else f"/proc/{name}"
        file = os.open(path, os.O_RDONLY, dir_fd=self.processes)
        try:
            return os.read(file, 1 << 16).decode("utf-8", "replace")
        finally:
            os.close(file)

    def _kill_all(self) -> None:
        """End what is left. With a PID namespace one round is enough, as nothing can come in from outside."""
        while pids := self._pids():
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass
            time.sleep(0.001)


def _reaped_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
