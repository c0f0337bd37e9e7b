"""The file system that a sandboxed program sees: interpreter and libraries read-only, /tmp, five devices."""

from __future__ import annotations

import os
import sys
import sysconfig
from pathlib import Path

from joyflash.sandbox.system_calls import (
    ATTR_NODEV,
    ATTR_NOEXEC,
    ATTR_NOSUID,
    ATTR_RDONLY,
    MS_BIND,
    MS_NODEV,
    MS_NOEXEC,
    MS_NOSUID,
    MS_PRIVATE,
    MS_REC,
    mount,
    pivot_root,
    restrict_mount,
    unmount,
)

PROGRAM, INPUT, WORK = "/main.py", "/stdin", "/tmp"
DEVICES = ("null", "zero", "full", "random", "urandom")


def visible_paths() -> list[Path]:
    """What the interpreter needs to start: itself, its library, the system's libraries and the linker's cache."""
    wanted = [Path(text) for text in ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/etc/ld.so.cache")]
    libraries = [Path(sys.base_prefix) / "lib", Path(sysconfig.get_path("stdlib"))]
    # An interpreter behind linked folders looks for its library where it really lies.
    wanted += [Path("/usr/share/zoneinfo"), *libraries, *(path.resolve() for path in libraries), Path(interpreter())]
    chosen: list[Path] = []
    for path in wanted:
        if path.exists() and not any(path == other or path.is_relative_to(other) for other in chosen):
            chosen.append(path)
    return chosen


def interpreter() -> str:
    """Path of the interpreter itself, behind all links and virtual environments."""
    return os.path.realpath(sys.executable)


def enter(root: str, disk_bytes: int, program: str, text: str) -> int:
    """Build the file system on the empty folder ``root`` and move into it, for good.

    Args:
        disk_bytes: room in /tmp.
        program, text: what to put into PROGRAM and INPUT.

    Returns:
        A descriptor of /proc for this PID namespace; the program itself gets no /proc.

    Raises:
        OSError: the kernel refuses a step.
    """
    mount("none", "/", None, MS_REC | MS_PRIVATE)
    mount("tmpfs", root, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755")
    for path in visible_paths():
        _show(root, path, ATTR_RDONLY | ATTR_NOSUID | ATTR_NODEV)
    for name in DEVICES:
        _show(root, Path("/dev") / name, ATTR_RDONLY | ATTR_NOSUID | ATTR_NOEXEC)
    for folder in (WORK, "/proc"):
        Path(root + folder).mkdir(parents=True, exist_ok=True)
    Path(root + PROGRAM).write_text(program, encoding="utf-8", errors="surrogatepass")
    Path(root + INPUT).write_text(text, encoding="utf-8", errors="surrogatepass")
    own = MS_NOSUID | MS_NODEV | MS_NOEXEC
    mount("tmpfs", root + WORK, "tmpfs", own, f"mode=1777,size={disk_bytes},nr_inodes=16384")
    mount("proc", root + "/proc", "proc", own)
    pivot_root(root)
    processes = os.open("/proc", os.O_RDONLY | os.O_DIRECTORY)
    unmount("/proc")
    restrict_mount("/", ATTR_RDONLY, recursive=False)
    return processes


def _show(root: str, path: Path, attributes: int) -> None:
    """Make ``path`` visible at the same place below ``root``."""
    target = Path(root + str(path))
    target.parent.mkdir(parents=True, exist_ok=True)
    if path.is_symlink() and path.is_dir():  # /lib -> usr/lib; what it names is shown by itself
        target.symlink_to(path.readlink())
        return
    if path.is_dir():
        target.mkdir(exist_ok=True)
    else:
        target.touch()
    mount(str(path), str(target), None, MS_BIND | MS_REC)
    restrict_mount(str(target), attributes, recursive=True)
