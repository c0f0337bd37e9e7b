"""The child of a run: builds the walls, starts the program behind them, watches it, reports how it ended.

It is a fresh interpreter, because only a process with a single thread may change its namespaces, and it becomes three
processes: this one outside, a second that is process 1 of the new PID namespace and watches (when it ends, the kernel
kills all that is left in there), and the program.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from joyflash.sandbox import file_system
from joyflash.sandbox.inside import ERRORS, become_nobody, become_program, map_user
from joyflash.sandbox.system_calls import (
    CLONE_NEWCGROUP,
    CLONE_NEWIPC,
    CLONE_NEWNET,
    CLONE_NEWNS,
    CLONE_NEWPID,
    CLONE_NEWUSER,
    CLONE_NEWUTS,
    PR_SET_CHILD_SUBREAPER,
    PR_SET_PDEATHSIG,
    prctl,
    unshare,
)
from joyflash.sandbox.watch import Watch

_NAMESPACES = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP


class _WallMissing(Exception):
    """A wall cannot be had, and the caller wants all."""


class _Walls:
    """Notes which walls stand.

    Args:
        require_all: raise when one cannot be had.
        pipe: also tell a parent process through this descriptor.
    """

    def __init__(self, require_all: bool, pipe: int | None = None):
        self.require_all = require_all
        self.pipe = pipe
        self.reasons: dict[str, str | None] = {}

    def attempt(self, name: str, build: Callable[[], Any]) -> None:
        """Build the wall ``name``; note or raise what the kernel says."""
        try:
            build()
            self.note(name, None)
        except OSError as error:
            self.note(name, str(error))

    def note(self, name: str, reason: str | None) -> None:
        """Take down that a wall stands (None), or why not."""
        self.reasons[name] = reason
        if self.pipe is not None:
            os.write(self.pipe, json.dumps({name: reason}).encode() + b"\n")
        if reason is not None and self.require_all:
            raise _WallMissing(f"{name}: {reason}")


def main() -> None:
    """Read the order from standard input, run it, write the report to descriptor ``argv[1]``."""
    report = int(sys.argv[1])
    os.set_inheritable(report, False)  # its number is the caller's, and may lie beyond those that the program closes
    os.umask(0o022)  # the caller's may hide from "nobody" what is built here
    order = json.loads(_read_line(0))
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != order["parent"]:
        os._exit(1)
    walls = _Walls(order["require_all"])
    try:
        private = _leave_namespaces(walls)
    except _WallMissing as error:
        _finish(report, {"refused": str(error)})
    watcher = os.fork()
    if watcher == 0:
        try:
            answer = _supervise(order, walls, private)
        except _WallMissing as error:
            answer = {"refused": str(error)}
        except Exception as error:  # whatever it is, the caller gets a sentence instead of a silent end
            answer = {"failed": f"{type(error).__name__}: {error}"}
        _finish(report, answer)
    os.close(report)
    os.waitpid(watcher, 0)


def _read_line(descriptor: int) -> bytes:
    """Bytes up to a newline, and not one more: the pipe stays open as a sign that the caller lives."""
    parts = []
    while not parts or not parts[-1].endswith(b"\n"):
        part = os.read(descriptor, 1 << 16)
        if not part:
            os._exit(1)
        parts.append(part)
    return b"".join(parts)


def _finish(report: int, answer: dict[str, Any]) -> NoReturn:
    os.write(report, json.dumps(answer).encode())
    os._exit(0)


def _leave_namespaces(walls: _Walls) -> bool:
    """New namespaces for what comes; as root directly, else by way of a user namespace. Whether that worked."""
    try:
        unshare(_NAMESPACES)
    except OSError:
        try:
            become_nobody()
            uid, gid = os.getuid(), os.getgid()
            unshare(_NAMESPACES | CLONE_NEWUSER)
            map_user(uid, gid)
        except OSError as error:
            for name in ("processes", "network", "files"):
                walls.note(name, str(error))
            return False
        walls.note("user", None)
    walls.note("processes", None)
    walls.note("network", None)
    return True


def _supervise(order: dict[str, Any], walls: _Walls, private: bool) -> dict[str, Any]:
    """Start the program and watch it to its end; the report."""
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # process 1 is deaf to signals from inside, unless it handles them
    limits, processes, folder = order["limits"], None, order["root"]
    program, text = folder + file_system.PROGRAM, folder + file_system.INPUT
    python = file_system.interpreter()  # the links that lead to it are soon out of sight
    if private:
        socket.sethostname("sandbox")
        try:
            processes = file_system.enter(folder, limits["disk_bytes"], order["program"], order["stdin"])
        except OSError as error:
            raise _WallMissing(f"files: {error}") from error  # half a file system is no place to go on from
        walls.note("files", None)
        program, text, folder = file_system.PROGRAM, file_system.INPUT, file_system.WORK
    else:
        prctl(PR_SET_CHILD_SUBREAPER, 1)
        for path, content in ((program, order["program"]), (text, order["stdin"])):
            Path(path).write_text(content, encoding="utf-8", errors="surrogatepass")
    receive, send = os.pipe()
    child = os.fork()
    if child == 0:
        os.dup2(send, ERRORS, inheritable=False)
        inside = _Walls(walls.require_all, ERRORS)
        try:
            command = [python, "-I", "-B", "-X", "utf8", program]
            new_user = "user" not in walls.reasons
            become_program(
                command, text, limits, processes=processes, new_user=new_user, folder=folder,
                attempt=inside.attempt,
            )  # fmt: skip
        except Exception as error:
            os.write(ERRORS, json.dumps({"": f"{type(error).__name__}: {error}"}).encode() + b"\n")
        os._exit(127)
    os.close(send)
    with os.fdopen(receive, "rb") as pipe:
        for line in pipe:
            walls.reasons |= json.loads(line)
    watch = Watch(child, limits, processes)
    ended = watch.wait()
    failure = walls.reasons.pop("", None)
    if failure is not None:
        return {"refused" if failure.startswith("_WallMissing") else "failed": failure.removeprefix("_WallMissing: ")}
    present = [name for name, reason in walls.reasons.items() if reason is None]
    reasons = {name: reason for name, reason in walls.reasons.items() if reason is not None}
    return {**ended, "present": present, "reasons": reasons}
