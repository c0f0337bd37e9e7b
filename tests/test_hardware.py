"""The table of GPUs, and what is found on a machine."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from joyflash import hardware
from joyflash.errors import ConfigError
from joyflash.hardware import GIB, GPUS, Machine, detect, detected_gpu, find_gpu

CPUINFO = (
    "processor\t: 0\nmodel name\t: x\nflags\t\t: fpu avx2 avx512f avx512_bf16 amx_tile amx_bf16\n\nprocessor\t: 1\n"
)


def test_memory_is_what_the_driver_reports():
    mib = {name: gpu.memory / 2**20 for name, gpu in GPUS.items()}
    assert mib["rtx4090"] == 24_564
    assert mib["rtx3090"] == 24_576
    assert mib["h100"] == 81_559  # seen on the project's own machines, as is the next
    assert mib["h200"] == 143_771


@pytest.mark.parametrize("gpu", GPUS.values(), ids=GPUS.keys())
def test_figures_are_dense_and_in_plain_units(gpu: hardware.GPU):
    assert 20 * GIB < gpu.memory < 200 * GIB
    assert 2e11 < gpu.bandwidth < 1e13
    assert 5e13 < gpu.bf16 < 3e15
    assert gpu.fp8 is None or gpu.fp8 / gpu.bf16 == pytest.approx(2, rel=0.02)
    assert gpu.int8 / gpu.bf16 == pytest.approx(2, rel=0.02) or gpu.int8 / gpu.bf16 == pytest.approx(4, rel=0.01)


def test_an_unknown_gpu_lists_the_known_ones():
    assert find_gpu("RTX4090") is GPUS["rtx4090"]
    with pytest.raises(ConfigError, match=r"No GPU is called 'voodoo2'; the table has rtx3090, rtx4090, .*h200, b200"):
        find_gpu("voodoo2")


def test_this_machine(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(hardware, "_cuda_devices", lambda: ())
    machine = detect()
    assert machine.cores >= 1
    assert machine.gpus == ()
    if Path("/proc/meminfo").is_file():
        found = re.search(r"MemTotal: +(\d+) kB", Path("/proc/meminfo").read_text())
        assert found
        assert machine.memory is not None and 0 < machine.memory <= int(found[1]) * 1024


@pytest.mark.parametrize(("cpuinfo", "expected"), [(CPUINFO, (True, True, True)), ("", (False, False, False))])
def test_instructions_come_from_cpuinfo(
    monkeypatch: pytest.MonkeyPatch, cpuinfo: str, expected: tuple[bool, bool, bool]
):
    monkeypatch.setattr(hardware, "_text", lambda path: cpuinfo if path == "/proc/cpuinfo" else "")
    monkeypatch.setattr(hardware, "_cuda_devices", lambda: ())
    machine = detect()
    assert (machine.avx512, machine.avx512_bf16, machine.amx) == expected


@pytest.mark.parametrize(
    ("files", "pages", "expected"),
    [
        ({"/proc/meminfo": "MemTotal:   8388608 kB\n"}, 0, 8 * GIB),
        ({}, 4 << 20, 16 * GIB),  # macOS
        ({}, -1, None),
        ({"/proc/self/cgroup": "0::/\n", "/sys/fs/cgroup/memory.max": "2147483648\n"}, 4 << 20, 2 * GIB),
        ({"/proc/self/cgroup": "0::/\n", "/sys/fs/cgroup/memory.max": "max\n"}, 4 << 20, 16 * GIB),
        (  # a systemd unit in a slice that may have less than the unit
            {
                "/proc/self/cgroup": "0::/user.slice/joyflash.service\n",
                "/sys/fs/cgroup/user.slice/joyflash.service/memory.max": f"{4 * GIB}\n",
                "/sys/fs/cgroup/user.slice/memory.max": f"{3 * GIB}\n",
            },
            4 << 20,
            3 * GIB,
        ),
        (  # version 1 in a container: the path is the host's
            {
                "/proc/self/cgroup": "5:devices:/x\n4:memory:/docker/1a2b\n0::/\n",
                "/sys/fs/cgroup/memory/memory.limit_in_bytes": f"{GIB}\n",
            },
            4 << 20,
            GIB,
        ),
        (
            {
                "/proc/self/cgroup": "4:memory:/\n",
                "/sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
            },
            -1,
            None,
        ),
    ],
    ids=["linux", "macos", "unknown", "container", "max", "unit", "version 1", "version 1 without a limit"],
)
def test_memory_is_what_this_process_may_have(
    monkeypatch: pytest.MonkeyPatch, files: dict[str, str], pages: int, expected: int | None
):
    monkeypatch.setattr(hardware, "_text", lambda path: files.get(path, ""))
    monkeypatch.setattr(hardware.os, "sysconf", {"SC_PHYS_PAGES": pages, "SC_PAGE_SIZE": 4096}.__getitem__)
    monkeypatch.setattr(hardware, "_cuda_devices", lambda: ())
    assert detect().memory == expected


def _machine(*names: str) -> Machine:
    return Machine(8, 64 * GIB, False, False, False, tuple((name, 1) for name in names))


@pytest.mark.parametrize(
    ("driver_name", "name"),
    [
        ("NVIDIA GeForce RTX 4090", "rtx4090"),
        ("NVIDIA H100 80GB HBM3", "h100"),
        ("NVIDIA H200", "h200"),
        ("NVIDIA L4", "l4"),
        ("NVIDIA L40S", "l40s"),
        ("NVIDIA A100-SXM4-80GB", "a100-80"),
        ("NVIDIA B200", "b200"),
    ],
)
def test_the_drivers_names_are_known(driver_name: str, name: str):
    gpu, count = detected_gpu(_machine(driver_name, driver_name))
    assert (gpu.name, count) == (name, 2)


@pytest.mark.parametrize(
    ("machine", "message"),
    [
        (_machine(), r"no CUDA GPU \(8 processor cores, 64 GiB of memory\).*--gpu rtx3090"),
        (Machine(8, None, False, False, False), r"no CUDA GPU \(8 processor cores\)"),
        (_machine("NVIDIA H200", "NVIDIA H100 80GB HBM3"), "different GPUs"),
        (_machine("NVIDIA GB200"), "lacks 'NVIDIA GB200'"),
        (_machine("NVIDIA GeForce RTX 4090 Laptop GPU"), "lacks"),
    ],
    ids=["none", "none, memory unknown", "mixed", "unknown", "laptop"],
)
def test_a_machine_that_cannot_be_planned_for(machine: Machine, message: str):
    with pytest.raises(ConfigError, match=message):
        detected_gpu(machine)
