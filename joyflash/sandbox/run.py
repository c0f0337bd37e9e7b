"""Starts a sandboxed run and reads what comes out of it, up to a bound."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from joyflash.errors import SandboxError, SandboxUnavailableError
from joyflash.sandbox.isolation import WALLS, Isolation
from joyflash.sandbox.result import Limits, SandboxResult

_BOOT = "import sys; sys.path.insert(0, sys.argv[2]); from joyflash.sandbox.launcher import main; main()"
_REPORT_BYTES = 64 * 1024
_GRACE_SECONDS = 10.0  # for building the walls and for ending; the launcher itself keeps the time of the program


def run_python(
    program: str, *, stdin: str = "", limits: Limits | None = None, allow_incomplete: bool = False
) -> SandboxResult:
    """Run a Python program that nobody has read. Safe to call from several threads at once; about 0.1 s of overhead.

    It sees the standard library, ``stdin`` and an empty folder /tmp, and can reach nothing else; all it leaves running
    is killed with it.

    Args:
        program: source text.
        stdin: what the program reads from standard input.
        limits: bounds; None = ``Limits()``.
        allow_incomplete: run even where the kernel lacks a wall; then the program may reach what that wall would hide.

    Raises:
        SandboxUnavailableError: a wall is missing and ``allow_incomplete`` is false, or this is not Linux.
        SandboxError: the sandbox itself failed.
    """
    if not sys.platform.startswith("linux"):
        raise SandboxUnavailableError(f"The sandbox needs Linux, not {sys.platform}. Run it in a container or on one.")
    limits = limits or Limits()
    with tempfile.TemporaryDirectory(prefix="joyflash-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755 if not allow_incomplete else 0o777)
        order = {
            "program": program,
            "stdin": stdin,
            "limits": asdict(limits),
            "root": folder,
            "require_all": not allow_incomplete,
            "parent": os.getpid(),
        }
        streams = _run(json.dumps(order).encode() + b"\n", limits)
    return _result(*streams, limits)


def isolation() -> Isolation:
    """Which walls this machine gives to this user, found out by a run of an empty program.

    Raises:
        SandboxError: the sandbox itself failed, or Python does not start in it.
    """
    try:
        result = run_python("pass", allow_incomplete=True)
    except SandboxUnavailableError as error:
        return Isolation(frozenset(), dict.fromkeys(WALLS, str(error)))
    if not result.ok:
        said = result.stderr.strip().splitlines() or [f"status {result.exit_code}, limits {result.limits}"]
        raise SandboxError(
            f"An empty program fails in the sandbox ({said[-1]}). Use a Python that is installed outside /tmp, with "
            "its library in its own lib folder."
        )
    return result.isolation


def _run(order: bytes, limits: Limits) -> tuple[bytes, bytes, bytes]:
    """Run the launcher; standard output, standard error and report, each read up to a bound."""
    receive, send = os.pipe()
    package_root = str(Path(__file__).resolve().parents[2])
    command = [sys.executable, "-I", "-S", "-B", "-c", _BOOT, str(send), package_root]
    pipe = subprocess.PIPE
    process = subprocess.Popen(
        command, stdin=pipe, stdout=pipe, stderr=pipe, env={}, pass_fds=[send], start_new_session=True
    )
    os.close(send)
    assert process.stdin and process.stdout and process.stderr
    streams = [process.stdout.fileno(), process.stderr.fileno(), receive]
    try:
        with contextlib.suppress(BrokenPipeError):  # it ended already; the report, or its absence, says why
            process.stdin.write(order)
            process.stdin.flush()
        found = _read(streams, process, limits)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        with contextlib.suppress(BrokenPipeError):
            process.stdin.close()
        process.stdout.close()
        process.stderr.close()
        os.close(receive)
    return found


def _read(streams: list[int], process: subprocess.Popen[bytes], limits: Limits) -> tuple[bytes, bytes, bytes]:
    """Read all streams until the report is complete, too much has come, or time is long over."""
    deadline = time.monotonic() + limits.wall_seconds + _GRACE_SECONDS
    bounds = dict(zip(streams, (limits.output_bytes, limits.output_bytes, _REPORT_BYTES), strict=True))
    parts: dict[int, bytearray] = {stream: bytearray() for stream in streams}
    assert process.stdin
    with selectors.DefaultSelector() as selector:
        for stream in streams:
            selector.register(stream, selectors.EVENT_READ)
        while selector.get_map() and time.monotonic() < deadline:
            for key, _ in selector.select(timeout=0.5):
                data = os.read(key.fd, 1 << 16)
                if not data:
                    selector.unregister(key.fd)
                elif len(parts[key.fd]) <= bounds[key.fd]:
                    parts[key.fd] += data
                    if len(parts[key.fd]) > bounds[key.fd]:
                        with contextlib.suppress(BrokenPipeError):
                            process.stdin.close()  # the launcher takes this as the order to end
    out, err, report = (bytes(parts[stream]) for stream in streams)
    return out, err, report


def _result(out: bytes, err: bytes, report: bytes, limits: Limits) -> SandboxResult:
    """Put the pieces together; raise where the launcher refused or failed."""
    try:
        answer: dict[str, Any] = json.loads(report)
    except ValueError:
        said = err.decode("utf-8", "replace").strip().splitlines()
        raise SandboxError(f"The sandbox ended without a report: {said[-1] if said else 'killed'}.") from None
    if "refused" in answer:
        raise SandboxUnavailableError(
            f"This machine does not let the sandbox build all its walls ({answer['refused']}). Allow user namespaces "
            "and seccomp, or, if a program may reach what the missing wall would hide, allow incomplete isolation."
        )
    if "failed" in answer:
        raise SandboxError(f"The sandbox could not start the program: {answer['failed']}.")
    hit = list(answer["limits"])
    if max(len(out), len(err)) > limits.output_bytes:
        hit.append("output")
    return SandboxResult(
        stdout=out[: limits.output_bytes].decode("utf-8", "replace"),
        stderr=err[: limits.output_bytes].decode("utf-8", "replace"),
        exit_code=None if hit else answer["exit_code"],
        limits=tuple(hit),
        seconds=answer["seconds"],
        cpu_seconds=answer["cpu_seconds"],
        peak_memory_bytes=answer["peak"],
        isolation=Isolation(frozenset(answer["present"]), answer["reasons"]),
    )
