"""How much a run may use, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass

from joyflash.errors import ConfigError
from joyflash.sandbox.isolation import Isolation

MEBIBYTE = 1 << 20


@dataclass(frozen=True)
class Limits:
    """Bounds on one run; all hold for the program with all its children together unless said otherwise.

    Attributes:
        wall_seconds, cpu_seconds: beyond either, everything is killed.
        memory_bytes: address space of each process; and resident memory of all together, watched every 25 ms.
        disk_bytes: files in /tmp together (they lie in memory too); also the longest single file.
        processes: processes and threads at once, the first included.
        open_files: file descriptors of each process.
        output_bytes: of standard output and of standard error, each; beyond, everything is killed.

    Raises:
        ConfigError: a bound is not a positive number.
    """

    wall_seconds: float = 10.0
    cpu_seconds: float = 10.0
    memory_bytes: int = 512 * MEBIBYTE
    disk_bytes: int = 64 * MEBIBYTE
    processes: int = 32
    open_files: int = 128
    output_bytes: int = 64 * 1024

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            whole = isinstance(value, int) or name.endswith("seconds")
            if isinstance(value, bool) or not isinstance(value, int | float) or not whole or not 0 < value < 2**62:
                raise ConfigError(f"The sandbox limit {name} must be a positive number; got {value!r}.")


@dataclass(frozen=True)
class SandboxResult:
    """What a program did.

    Attributes:
        stdout, stderr: as text; what is not UTF-8 shows as replacement characters.
        exit_code: its own, -N if signal N ended it, None if a limit ended it.
        limits: limits that ended it: "wall", "cpu", "memory", "output". Others show as errors inside the program.
        seconds, cpu_seconds: by the clock, and of processors.
        peak_memory_bytes: most resident memory that the watch saw.
        isolation: the walls that stood around this run.
    """

    stdout: str
    stderr: str
    exit_code: int | None
    limits: tuple[str, ...]
    seconds: float
    cpu_seconds: float
    peak_memory_bytes: int
    isolation: Isolation

    @property
    def ok(self) -> bool:
        """Whether the program ended by itself with status 0."""
        return self.exit_code == 0 and not self.limits
