"""What the hardware can do: a table of GPUs, and what this machine has."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from joyflash.errors import ConfigError

MIB = 1 << 20
GIB = 1 << 30
_UNLIMITED = 1 << 60  # version 1 of control groups says about 2^63 bytes where there is no limit


@dataclass(frozen=True)
class GPU:
    """One GPU by its data sheet; memory is what ``nvidia-smi`` reports.

    Attributes:
        name: ours, for ``--gpu``.
        driver_name: what the driver calls it, or the part of that which tells it from the others.
        memory: bytes (``nvidia-smi --query-gpu=memory.total``); a CUDA program sees about half a GiB less.
        bandwidth: of its memory, bytes/s.
        bf16: dense matrix products with fp32 sums, FLOP/s.
        fp8: the same in fp8; None where the hardware has none.
        int8: dense, operations/s.
    """

    name: str
    driver_name: str
    memory: int
    bandwidth: float
    bf16: float
    fp8: float | None
    int8: float


def _gpu(name: str, driver_name: str, mib: int, gbs: float, bf16: float, fp8: float | None, int8: float) -> GPU:
    tera = 1e12
    return GPU(name, driver_name, mib * MIB, gbs * 1e9, bf16 * tera, fp8 * tera if fp8 else None, int8 * tera)


# Name, driver's name, MiB by nvidia-smi, GB/s, and dense TFLOP/s in bf16, fp8 and int8. All vendor tables print the
# matrix rates with 2:4 sparsity too; these are the dense ones, half of that.
_TABLE = (
    # NVIDIA Ampere GA102 whitepaper v2, table 9 (936 GB/s; FP16 tensor with FP32 accumulate 71, INT8 284)
    _gpu("rtx3090", "RTX 3090", 24_576, 936, 71, None, 284),
    # NVIDIA Ada whitepaper v2, appendix A (1008 GB/s; 165.2; FP8 with FP32 accumulate 330.3; INT8 660.6)
    _gpu("rtx4090", "RTX 4090", 24_564, 1008, 165.2, 330.3, 660.6),
    # NVIDIA RTX Blackwell whitepaper, appendix A (1792 GB/s; 209.5; FP8 with FP32 accumulate 419; INT8 838)
    _gpu("rtx5090", "RTX 5090", 32_607, 1792, 209.5, 419, 838),
    # NVIDIA L4 data sheet (300 GB/s; 242 / 485 / 485 with sparsity)
    _gpu("l4", "NVIDIA L4", 23_034, 300, 121, 242.5, 242.5),
    # NVIDIA L40S data sheet (864 GB/s; 362.05 / 733 / 733)
    _gpu("l40s", "L40S", 46_068, 864, 362.05, 733, 733),
    # NVIDIA A100 data sheet, SXM (40 GB: 1,555 GB/s, 80 GB: 2,039 GB/s; 312; INT8 624)
    _gpu("a100-40", "A100-SXM4-40GB", 40_960, 1555, 312, None, 624),
    _gpu("a100-80", "A100-SXM4-80GB", 81_920, 2039, 312, None, 624),
    # NVIDIA H100 data sheet, SXM5 (3.35 TB/s; 1,979 / 3,958 / 3,958 with sparsity)
    _gpu("h100", "H100 80GB HBM3", 81_559, 3350, 989.4, 1978.9, 1978.9),
    # NVIDIA H200 data sheet, SXM (4.8 TB/s; rates of the H100)
    _gpu("h200", "H200", 143_771, 4800, 989.4, 1978.9, 1978.9),
    # NVIDIA HGX B200 data sheet, one of eight (8 TB/s; 4,500 / 9,000 / 9,000 with sparsity)
    _gpu("b200", "B200", 183_359, 8000, 2250, 4500, 4500),
)
GPUS = {gpu.name: gpu for gpu in _TABLE}


@dataclass(frozen=True)
class Machine:
    """What this machine has.

    Attributes:
        cores: processor cores that this process may use.
        memory: bytes of main memory that this process may have; None where that is unknown.
        avx512, avx512_bf16, amx: whether the processor has these instructions (AMX: matrix tiles in bf16 or int8).
        gpus: driver's name and bytes as CUDA reports them, one per CUDA device.
    """

    cores: int
    memory: int | None
    avx512: bool
    avx512_bf16: bool
    amx: bool
    gpus: tuple[tuple[str, int], ...] = ()


def find_gpu(name: str) -> GPU:
    """Return a GPU of the table; ConfigError lists the names."""
    if name.lower() not in GPUS:
        raise ConfigError(f"No GPU is called {name!r}; the table has {', '.join(GPUS)}.")
    return GPUS[name.lower()]


def detect() -> Machine:
    """Look at this machine: /proc and control groups on Linux, sysconf elsewhere, and torch for CUDA devices."""
    flags = _processor_flags(_text("/proc/cpuinfo"))
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return Machine(
        cores=cores,
        memory=min(filter(None, (_installed_memory(), *_memory_limits())), default=None),
        avx512="avx512f" in flags,
        avx512_bf16="avx512_bf16" in flags,
        amx="amx_tile" in flags,
        gpus=_cuda_devices(),
    )


def detected_gpu(machine: Machine) -> tuple[GPU, int]:
    """The machine's GPU from the table and how many of it there are.

    Raises:
        ConfigError: there is no CUDA device, they differ, or the table lacks it.
    """
    if not machine.gpus:
        memory = "" if machine.memory is None else f", {machine.memory / GIB:.0f} GiB of memory"
        raise ConfigError(
            f"This machine has no CUDA GPU ({machine.cores} processor cores{memory})."
            f" Name the one to plan for: --gpu {', '.join(GPUS)}, or cpu."
        )
    names = {name for name, _ in machine.gpus}
    if len(names) > 1:
        raise ConfigError(f"This machine has different GPUs ({', '.join(sorted(names))}); name one with --gpu.")
    driver_name = names.pop()
    for gpu in GPUS.values():
        if f" {driver_name}".endswith(f" {gpu.driver_name}"):
            return gpu, len(machine.gpus)
    raise ConfigError(f"The table of GPUs lacks {driver_name!r}; name a like one: --gpu {', '.join(GPUS)}.")


def return_freed_memory() -> None:
    """Give memory that was freed back to the system, where the C library (glibc) can do that on demand.

    It keeps what is freed in pieces of up to 32 MB for later; after a model was loaded and its weights were packed
    anew, that can be as much as the model itself.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(ctypes.c_size_t(0))


def _text(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _processor_flags(cpuinfo: str) -> set[str]:
    """Flags that the first processor of ``/proc/cpuinfo`` lists."""
    for line in cpuinfo.splitlines():
        if line.partition(":")[0].strip() in ("flags", "Features"):
            return set(line.partition(":")[2].split())
    return set()


def _installed_memory() -> int | None:
    """Bytes of main memory from ``/proc/meminfo``, else from sysconf (macOS); None where neither says."""
    for line in _text("/proc/meminfo").splitlines():
        if line.startswith("MemTotal:"):
            return int(line.split()[1]) * 1024
    try:
        size = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return None
    return size if size > 0 else None


def _memory_limits() -> Iterator[int]:
    """Bytes that this process's control groups, version 2 or 1, may have: a container's, a systemd unit's.

    A group is bound by those around it too. Inside a container the path may be one of the host's; then only the
    outermost folder is there, and it is the container's own.
    """
    for line in _text("/proc/self/cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        root, file = "/sys/fs/cgroup", "memory.max"
        if controllers:
            root, file = "/sys/fs/cgroup/memory", "memory.limit_in_bytes"
        if controllers and "memory" not in controllers.split(","):
            continue
        group = PurePosixPath(path)
        for part in (group, *group.parents):
            limit = _text(str(PurePosixPath(f"{root}{part}") / file)).strip()
            if limit.isdigit() and int(limit) < _UNLIMITED:
                yield int(limit)


def _cuda_devices() -> tuple[tuple[str, int], ...]:
    import torch

    if not torch.cuda.is_available():
        return ()
    found = (torch.cuda.get_device_properties(index) for index in range(torch.cuda.device_count()))
    return tuple((device.name, device.total_memory) for device in found)
