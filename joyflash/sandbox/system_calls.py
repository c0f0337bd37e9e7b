"""Linux calls that Python does not have, through ctypes. Every failure is an OSError that names the call."""

from __future__ import annotations

import ctypes
import os
import platform

CLONE_NEWNS, CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC = 0x00020000, 0x02000000, 0x04000000, 0x08000000
CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x10000000, 0x20000000, 0x40000000
MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_BIND, MS_REC, MS_PRIVATE = 2, 4, 8, 4096, 16384, 1 << 18
ATTR_RDONLY, ATTR_NOSUID, ATTR_NODEV, ATTR_NOEXEC = 1, 2, 4, 8
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_SECCOMP, PR_CAPBSET_DROP = 1, 4, 22, 24
PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS = 36, 38

_AT_FDCWD, _AT_RECURSIVE, _MNT_DETACH = -100, 0x8000, 2
_MOUNT_SETATTR = 442  # the same everywhere: newer than the common table
_NUMBERS = {"x86_64": {"pivot_root": 155, "capset": 126}, "aarch64": {"pivot_root": 41, "capset": 91}}


def _checked(name: str, result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
    return result


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _number(name: str) -> int:
    machine = platform.machine()
    if machine not in _NUMBERS:
        raise OSError(38, f"{name}: its number on {machine} is not known here")
    return _NUMBERS[machine][name]


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else os.fsencode(text)


def unshare(flags: int) -> None:
    """Leave the namespaces in ``flags`` for new ones; a new PID namespace begins with the next child."""
    _checked("unshare", _libc().unshare(ctypes.c_int(flags)))


def prctl(option: int, value: int | ctypes.c_void_p, other: ctypes.c_void_p | None = None) -> None:
    """Set one attribute of this process."""
    first = value if isinstance(value, ctypes.c_void_p) else ctypes.c_ulong(value)
    zero = ctypes.c_ulong(0)
    _checked("prctl", _libc().prctl(ctypes.c_int(option), first, other or zero, zero, zero))


def mount(source: str, target: str, kind: str | None, flags: int, data: str | None = None) -> None:
    """Mount a file system, or with MS_BIND a path a second time."""
    done = _libc().mount(_bytes(source), _bytes(target), _bytes(kind), ctypes.c_ulong(flags), _bytes(data))
    _checked(f"mount {target}", done)


def unmount(target: str) -> None:
    """Take a mount out of the tree; files open in it stay usable."""
    _checked(f"umount {target}", _libc().umount2(_bytes(target), _MNT_DETACH))


def restrict_mount(target: str, attributes: int, *, recursive: bool) -> None:
    """Add ``attributes`` such as read-only to a mount; ``recursive``: and to all below (Linux 5.12)."""
    fields = (ctypes.c_uint64 * 4)(attributes, 0, 0, 0)
    flags = _AT_RECURSIVE if recursive else 0
    done = _libc().syscall(_MOUNT_SETATTR, _AT_FDCWD, _bytes(target), flags, fields, ctypes.sizeof(fields))
    _checked(f"mount_setattr {target}", done)


def pivot_root(new: str) -> None:
    """Make the mount ``new`` the root of this mount namespace; the old one disappears from sight."""
    os.chdir(new)
    _checked("pivot_root", _libc().syscall(_number("pivot_root"), b".", b"."))
    unmount(".")
    os.chdir("/")


def drop_capabilities() -> None:
    """Give up all capabilities, and the way to get any back."""
    for capability in range(64):
        try:
            prctl(PR_CAPBSET_DROP, capability)
        except OSError:  # beyond the kernel's last one, or not ours to drop; what counts is capset below
            break
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)  # _LINUX_CAPABILITY_VERSION_3, this process
    _checked("capset", _libc().syscall(_number("capset"), header, (ctypes.c_uint32 * 6)()))
