"""Compile the C step for this very processor, once; later starts find the library in the user's cache folder."""

from __future__ import annotations

import ctypes
import hashlib
import os
import platform
import shlex
import shutil
import subprocess
import tempfile
from pathlib import Path

from joyflash.errors import KernelError

_FOLDER = Path(__file__).parent
_SOURCES = ("linear.h", "quantized.h", "threads.h", "draw.h", "step.c")
# No fast-math, no contraction: the order and rounding of every sum is part of the promise that a row's bits do not
# depend on its batch.
_FLAGS = ("-std=gnu11", "-O3", "-march=native", "-ffp-contract=off", "-fno-math-errno", "-shared", "-fPIC")


def compiler() -> list[str] | None:
    """The C compiler that ``CC`` names, else cc, gcc or clang; None where there is none."""
    named = shlex.split(os.environ.get("CC", ""))
    for command in (named, ["cc"], ["gcc"], ["clang"]):
        if command and shutil.which(command[0]):
            return command
    return None


def cache_folder() -> Path:
    """``$JOYFLASH_CACHE``, else ``joyflash`` in the user's cache folder (``$XDG_CACHE_HOME`` or ``~/.cache``)."""
    if own := os.environ.get("JOYFLASH_CACHE"):
        return Path(own)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "joyflash"


def load_library(storage_bits: int) -> ctypes.CDLL:
    """Return the step for weights stored in 32 (float) or 16 (bfloat16) bits, compiled now if it never was.

    Raises:
        KernelError: there is no compiler, it fails, or the result does not load; the message says which.
    """
    command = compiler()
    if command is None:
        raise KernelError("There is no C compiler (cc, gcc or clang, or the one that CC names).")
    folder = cache_folder()
    path = folder / f"step-{_fingerprint(command, storage_bits)}.so"
    if not path.exists():
        _compile(command, storage_bits, path)
    try:
        return ctypes.CDLL(str(path))
    except OSError as error:
        raise KernelError(f"{path} does not load ({error}); delete it to have it compiled again.") from error


def _fingerprint(command: list[str], storage_bits: int) -> str:
    """A hash of all that the library depends on: sources, flags, compiler, processor."""
    parts = [(_FOLDER / name).read_bytes() for name in _SOURCES]
    version = subprocess.run([*command, "--version"], capture_output=True, check=False, timeout=60).stdout
    parts += [version, " ".join((*command, *_FLAGS, str(storage_bits), platform.machine(), _processor())).encode()]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:20]


def _processor() -> str:
    """What ``-march=native`` looks at, as far as it can be read; a cache folder may be shared by machines."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return platform.processor()
    return "".join(sorted({line for line in lines if line.startswith(("model name", "flags", "Features", "CPU part"))}))


def _compile(command: list[str], storage_bits: int, path: Path) -> None:
    """Compile beside ``path`` and rename, so that two processes at once do no harm."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent) as scratch:
            made = Path(scratch) / path.name
            arguments = [*command, *_FLAGS, f"-DSTORAGE={storage_bits}", str(_FOLDER / "step.c"), "-o", str(made)]
            result = subprocess.run([*arguments, "-lm", "-lpthread"], capture_output=True, check=False, timeout=600)
            if result.returncode:
                lines = result.stderr.decode("utf-8", "replace").strip().splitlines()
                raise KernelError(f"{command[0]} could not compile the CPU step: {lines[0] if lines else 'no message'}")
            made.replace(path)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise KernelError(f"The CPU step could not be compiled into {path.parent}: {error}.") from error
