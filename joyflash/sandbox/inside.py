"""The last steps of the child before it becomes the program: give up rights, set limits, execute."""

from __future__ import annotations

import os
import resource
import signal
from collections.abc import Callable
from typing import Any

from joyflash.sandbox import seccomp
from joyflash.sandbox.system_calls import (
    CLONE_NEWUSER,
    PR_SET_DUMPABLE,
    PR_SET_NO_NEW_PRIVS,
    PR_SET_PDEATHSIG,
    drop_capabilities,
    prctl,
    unshare,
)

NOBODY = 65534
ERRORS = 63  # descriptor for what goes wrong before the program begins; above all that the launcher opens
ENVIRONMENT = {"HOME": "/tmp", "LANG": "C.UTF-8", "MALLOC_ARENA_MAX": "1"}
Attempt = Callable[[str, Callable[[], None]], None]


def become_nobody() -> None:
    """As root: turn into the user that owns nothing. As anybody else: stay."""
    if os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
        prctl(PR_SET_DUMPABLE, 1)  # else /proc/self still belongs to root


def map_user(uid: int, gid: int, processes: int | None = None) -> None:
    """In a new user namespace: call user and group of outside "nobody".

    Args:
        processes: descriptor of /proc, where it is out of sight.
    """
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{NOBODY} {uid} 1"),
        ("gid_map", f"{NOBODY} {gid} 1"),
    ):
        path = f"self/{name}" if processes is not None else f"/proc/self/{name}"
        file = os.open(path, os.O_WRONLY, dir_fd=processes)
        try:
            os.write(file, text.encode())
        finally:
            os.close(file)


def set_limits(limits: dict[str, Any], shared_processes: int) -> None:
    """Resource limits of this process and its children.

    Args:
        shared_processes: processes of this user besides the program's that count towards the bound.
    """
    cpu = max(1, int(limits["cpu_seconds"] + 0.999))
    bounds = {
        resource.RLIMIT_AS: limits["memory_bytes"],
        resource.RLIMIT_CPU: cpu,
        resource.RLIMIT_FSIZE: limits["disk_bytes"],
        resource.RLIMIT_NPROC: limits["processes"] + shared_processes,
        resource.RLIMIT_NOFILE: limits["open_files"],
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_MEMLOCK: 0,
        resource.RLIMIT_MSGQUEUE: 0,
        resource.RLIMIT_SIGPENDING: 64,
        resource.RLIMIT_STACK: 8 << 20,
    }
    for kind, value in bounds.items():
        hard = resource.getrlimit(kind)[1]
        bound = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (bound, bound))


def become_program(
    command: list[str],
    text: str,
    limits: dict[str, Any],
    *,
    processes: int | None,
    new_user: bool,
    folder: str,
    attempt: Attempt,
) -> None:
    """Turn this process into the program; never returns normally. Descriptors from 3 on are closed.

    Args:
        command: what to execute.
        text: file for standard input.
        limits: see Limits.
        processes: descriptor of /proc, if the program lives in a file system of its own.
        new_user: change to "nobody" in a new user namespace (otherwise that has happened).
        folder: where the program begins.
        attempt: runs a step and notes a failure, which may be fatal.
    """
    os.setsid()  # signals to its own group then reach nothing of ours
    source = os.open(text, os.O_RDONLY)
    os.dup2(source, 0)
    signal.pthread_sigmask(signal.SIG_SETMASK, set())
    if new_user:
        attempt("user", lambda: _own_user(processes))
    set_limits(limits, 0 if new_user else 2)
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    drop_capabilities()
    os.chdir(folder)
    attempt("system_calls", seccomp.install)
    os.closerange(3, ERRORS)
    os.closerange(ERRORS + 1, max(256, os.sysconf("SC_OPEN_MAX")))
    os.execve(command[0], command, ENVIRONMENT)


def _own_user(processes: int | None) -> None:
    """Nobody, in a user namespace whose processes are counted apart."""
    become_nobody()
    uid, gid = os.getuid(), os.getgid()
    unshare(CLONE_NEWUSER)
    map_user(uid, gid, processes)
