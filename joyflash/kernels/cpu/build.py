"""Compile our C programs for this very processor, once; later starts find the library in the user's cache folder."""

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
_SOURCES = {
    "step": ("vectors.h", "linear.h", "quantized.h", "threads.h", "draw.h", "step.c"),
    "attention": ("vectors.h", "matrix.h", "attention_matrix.h", "attention.c"),
    "experts": ("vectors.h", "matrix.h", "experts.c"),
    "rows": ("vectors.h", "rows.c"),
}
"""What each program is made of; the last file is compiled."""
# No fast-math, no contraction: the order and rounding of every sum is part of the promise that a row's bits do not
# depend on its batch.
_FLAGS = ("-std=gnu11", "-O3", "-march=native", "-ffp-contract=off", "-fno-math-errno", "-fPIC")
_OPENMP = "-fopenmp"


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


def load_step(storage_bits: int) -> ctypes.CDLL:
    """The step for weights stored in 32 (float) or 16 (bfloat16) bits.

    Raises:
        KernelError: see ``_load``.
    """
    return _load("step", f"-DSTORAGE={storage_bits}")


def load_parallel(program: str) -> tuple[ctypes.CDLL, bool]:
    """A program, of all but "step", whose loops run on PyTorch's own threads, and whether they do.

    The functions of OpenMP are left open when it is linked, and found in this process. With a compiler that does not
    know OpenMP, or calls another one than PyTorch's, the loops are serial.

    Raises:
        KernelError: see ``_load``.
    """
    try:
        return _load(program, _OPENMP), True
    except KernelError as error:
        if not any(text in str(error) for text in ("could not compile", "undefined symbol", "symbol not found")):
            raise
        return _load(program), False


def _load(program: str, *flags: str) -> ctypes.CDLL:
    """A program's library, compiled now if it never was.

    Raises:
        KernelError: there is no compiler, it fails, or the result does not load; the message says which.
    """
    command = compiler()
    if command is None:
        raise KernelError("There is no C compiler (cc, gcc or clang, or the one that CC names).")
    path = cache_folder() / f"{program}-{_fingerprint(command, program, flags)}.so"
    if not path.exists():
        _compile(command, program, flags, path)
    try:
        return ctypes.CDLL(str(path))
    except OSError as error:
        raise KernelError(f"{path} does not load ({error}); delete it to have it compiled again.") from error


def _fingerprint(command: list[str], program: str, flags: tuple[str, ...]) -> str:
    """A hash of all that the library depends on: sources, flags, compiler, processor."""
    parts = [(_FOLDER / name).read_bytes() for name in _SOURCES[program]]
    version = subprocess.run([*command, "--version"], capture_output=True, check=False, timeout=60).stdout
    parts += [version, " ".join((*command, *_FLAGS, *flags, platform.machine(), _processor())).encode()]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:20]


def _processor() -> str:
    """What ``-march=native`` looks at, as far as it can be read; a cache folder may be shared by machines."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return platform.processor()
    return "".join(sorted({line for line in lines if line.startswith(("model name", "flags", "Features", "CPU part"))}))


def _compile(command: list[str], program: str, flags: tuple[str, ...], path: Path) -> None:
    """Compile beside ``path`` and rename, so that two processes at once do no harm."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent) as scratch:
            made, compiled = Path(scratch) / path.name, Path(scratch) / "program.o"
            source = str(_FOLDER / _SOURCES[program][-1])
            # In two steps: linking with OpenMP's flag would bring a second runtime beside PyTorch's.
            for arguments in (
                [*_FLAGS, *flags, "-c", source, "-o", str(compiled)],
                ["-shared", str(compiled), "-o", str(made), "-lm", "-lpthread"],
            ):
                result = subprocess.run([*command, *arguments], capture_output=True, check=False, timeout=600)
                if result.returncode:
                    lines = result.stderr.decode("utf-8", "replace").strip().splitlines()
                    raise KernelError(
                        f"{command[0]} could not compile the CPU {program}: {lines[0] if lines else 'no message'}"
                    )
            made.replace(path)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise KernelError(f"The CPU {program} could not be compiled into {path.parent}: {error}.") from error
