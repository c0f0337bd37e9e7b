"""Ways out of the sandbox that a program might try; each must fail in the way stated."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path

import pytest

from joyflash.errors import SandboxError
from joyflash.sandbox import Limits, SandboxResult, run, run_python

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the sandbox needs Linux")

# Runs a piece of code and prints what became of it: the name of the exception, or OUT when it worked.
TRY = """
import os, sys
def attempt(code):
    try:
        exec(code, {"os": os, "sys": sys})
        print("OUT")
    except BaseException as error:
        print(type(error).__name__, getattr(error, "errno", ""))
"""
# A system call by number, on x86-64 and aarch64, from a fresh libc.
CALL = """
import ctypes, platform
libc = ctypes.CDLL(None, use_errno=True)
def call(x86, arm, *arguments):
    number = x86 if platform.machine() == "x86_64" else arm
    if libc.syscall(number, *arguments) < 0:
        raise OSError(ctypes.get_errno(), "refused")
"""


def attempt(code: str, limits: Limits | None = None) -> str:
    result = run_python(f"{TRY}\nattempt({code!r})", limits=limits)
    assert result.exit_code == 0, result
    return result.stdout.strip()


DEAF = "PermissionError 1|ZeroDivisionError"  # it may not, or nothing comes of it
REFUSED = {  # name: (code, what the program is told: exception and errno; 1 EPERM, 2 ENOENT, 13 EACCES, 30 EROFS)
    "connect to the internet": ("import socket; socket.create_connection(('1.1.1.1', 53), 2)", "PermissionError 1"),
    "connect to loopback": ("import socket; socket.create_connection(('127.0.0.1', 8000), 2)", "PermissionError 1"),
    "UDP": ("import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM)", "PermissionError 1"),
    "unix socket": ("import socket; socket.socket(socket.AF_UNIX).connect('/run/docker.sock')", "PermissionError 1"),
    "netlink": ("import socket; socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)", "PermissionError 1"),
    "read /etc/shadow": ("open('/etc/shadow').read()", "FileNotFoundError 2"),
    "read /etc/passwd": ("open('/etc/passwd').read()", "FileNotFoundError 2"),
    "read /proc/self/environ": ("open('/proc/self/environ').read()", "FileNotFoundError 2"),
    "read the watcher's memory": ("open('/proc/1/mem', 'rb').read(1)", "FileNotFoundError 2"),
    "list /proc": ("print(os.listdir('/proc')); os.listdir('/proc')[0]", "[]\nIndexError"),
    "read /sys": ("os.listdir('/sys')", "FileNotFoundError 2"),
    "a disk": ("open('/dev/vda', 'rb').read(1)", "FileNotFoundError 2"),
    "shared memory": ("open('/dev/shm/x', 'w')", "FileNotFoundError 2"),
    "up to the host's root": ("open('/../../../../etc/hostname').read()", "FileNotFoundError 2"),
    "a symbolic link outwards": (
        "os.symlink('/etc/shadow', '/tmp/link'); open('/tmp/link').read()",
        "FileNotFoundError 2",
    ),
    "a hard link": ("os.link('/main.py', '/tmp/link')", "OSError 18"),
    "write into /": ("open('/new', 'w')", "OSError 30"),
    "change the program": ("open('/main.py', 'w')", "OSError 30"),
    "write to a library": ("open(os.__file__, 'a')", "OSError 30|PermissionError 13"),
    "write beside a library": ("open(os.path.dirname(os.__file__) + '/sitecustomize.py', 'w')", "OSError 30"),
    "write to a system library": ("open('/usr/lib/new.so', 'w')", "OSError 30"),
    "become root": ("os.setuid(0)", "OSError 22"),
    "a setuid file": (
        "open('/tmp/x', 'w'); os.chmod('/tmp/x', 0o4755); os.execv('/tmp/x', ['x'])",
        "PermissionError 13",
    ),
    "make a device": ("import stat; os.mknod('/tmp/sda', stat.S_IFBLK | 0o600, os.makedev(8, 0))", "PermissionError 1"),
    "chroot": ("os.chroot('/tmp')", "PermissionError 1"),
    "kill the watcher": ("os.kill(1, 9); os.kill(1, 2); os.kill(1, 15); os.kill(os.getppid(), 9); 1 / 0", DEAF),
    "raise a limit": (
        "import resource; resource.setrlimit(resource.RLIMIT_AS, (1 << 40, 1 << 40))",
        "ValueError",
    ),
    "a new user namespace": (CALL + "call(272, 97, 0x10000000)", "PermissionError 1"),
    "a new user namespace by clone": (CALL + "call(56, 220, 0x10000000 | 17, 0, 0, 0, 0)", "PermissionError 1"),
    "clone3": (CALL + "call(435, 435, 0, 0)", "OSError 38"),
    "mount": (CALL + "call(165, 40, b'x', b'/tmp', b'tmpfs', 0, 0)", "PermissionError 1"),
    "unmount": (CALL + "call(166, 39, b'/tmp', 2)", "PermissionError 1"),
    "trace": (CALL + "call(101, 117, 0, 0, 0, 0)", "PermissionError 1"),
    "read another process": (CALL + "call(310, 270, 1, 0, 0, 0, 0, 0)", "PermissionError 1"),
    "take a descriptor": (CALL + "call(438, 438, 0, 0, 0)", "PermissionError 1"),
    "memory file": ("os.memfd_create('x')", "PermissionError 1"),
    "System V memory": (CALL + "call(29, 194, 0, 4096, 0o1600)", "PermissionError 1"),
    "BPF": (CALL + "call(321, 280, 0, 0, 0)", "PermissionError 1"),
    "io_uring": (CALL + "call(425, 425, 1, 0)", "PermissionError 1"),
    "userfaultfd": (CALL + "call(323, 282, 0)", "PermissionError 1"),
    "key ring": (CALL + "call(250, 219, 0, 0, 0, 0, 0)", "PermissionError 1"),
    "kernel module": (CALL + "call(313, 273, 0, b'', 0)", "PermissionError 1"),
    "handle of a file elsewhere": (CALL + "call(304, 265, 0, 0, 0)", "PermissionError 1"),
    "reboot": (CALL + "call(169, 142, 0xfee1dead, 672274793, 0x1234567, 0)", "PermissionError 1"),
    "set the clock": ("import time; time.clock_settime(0, 0)", "PermissionError 1"),
    "host name": ("import socket; socket.sethostname('x')", "PermissionError 1"),
    "fill the disk": ("open('/tmp/x', 'wb').write(bytes(10)); os.truncate('/tmp/x', 1 << 40)", "OSError 27"),
    "a shell": ("import subprocess; subprocess.run(['/bin/sh', '-c', 'true'], check=True)", "FileNotFoundError 2"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    code, told = REFUSED[name]
    assert attempt(code) in told.split("|")


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="only x86-64 has a second set of numbers")
def test_the_same_calls_by_other_numbers() -> None:
    assert attempt(CALL + "call(0x40000000 + 41, 0, 2, 1, 0)") == "PermissionError 1"


def test_no_capabilities_and_no_groups() -> None:
    code = CALL + (
        "head = (ctypes.c_uint32 * 2)(0x20080522, 0); data = (ctypes.c_uint32 * 6)();"
        "call(125, 90, head, data); "
        "print(list(data), os.getresuid(), os.getresgid(), libc.prctl(39, 0, 0, 0, 0), libc.prctl(23, 21))"
    )
    said = attempt(code).splitlines()[0]
    assert said == f"[0, 0, 0, 0, 0, 0] {(65534,) * 3} {(65534,) * 3} 1 0"


def test_environment_and_descriptors_are_not_inherited(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SECRET_KEY", "hunter2")
    with (tmp_path / "secret").open("w+") as file:
        os.set_inheritable(file.fileno(), True)
        result = run_python(
            "import os\nprint(sorted(os.environ))\n"
            "def is_open(n):\n    try: return bool(os.fstat(n))\n    except OSError: return False\n"
            "print([n for n in range(1024) if is_open(n)])"
        )
    names, descriptors = result.stdout.splitlines()
    assert set(eval(names)) <= {"HOME", "LANG", "MALLOC_ARENA_MAX", "LC_CTYPE"}
    assert eval(descriptors) == [0, 1, 2]


def test_the_report_stays_with_the_launcher_of_a_caller_with_many_files() -> None:
    """Its number is then beyond those that are closed because the program could open them."""
    files = [os.open(os.devnull, os.O_RDONLY) for _ in range(300)]
    try:
        result = run_python(
            "import os\ndef is_open(n):\n    try: return bool(os.fstat(n))\n    except OSError: return False\n"
            "print([n for n in range(2048) if is_open(n)])"
        )
    finally:
        for file in files:
            os.close(file)
    assert result.stdout == "[0, 1, 2]\n"


def test_an_endless_report_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    report = "b' ' * (1 << 20) + b'{\"refused\": \"read to its end\"}'"
    monkeypatch.setattr(run, "_BOOT", f"import os, sys; os.fdopen(int(sys.argv[1]), 'wb').write({report})")
    with pytest.raises(SandboxError, match="without a report"):
        run_python("pass")


def ends(code: str, limit: str, limits: Limits | None = None) -> SandboxResult:
    start = time.monotonic()
    result = run_python(code, limits=limits or Limits(wall_seconds=2, cpu_seconds=2))
    assert limit in result.limits and result.exit_code is None, result
    assert time.monotonic() - start < 8
    return result


def test_sleep_is_ended_by_the_clock() -> None:
    ends("import time\ntime.sleep(60)", "wall", Limits(wall_seconds=0.5))


def test_ignored_signals_do_not_help() -> None:
    code = (
        "import signal, time\nfor n in range(1, 65):\n"
        "    try: signal.signal(n, signal.SIG_IGN)\n    except (OSError, ValueError): pass\n"
    )
    ends(code + "time.sleep(60)", "wall", Limits(wall_seconds=0.5))
    ends(code + "while True: pass", "cpu", Limits(cpu_seconds=0.5))


def test_processor_time_of_all_children_counts() -> None:
    code = "import os\nfor _ in range(4): os.fork()\nwhile True: pass"
    result = ends(code, "cpu", Limits(wall_seconds=20, cpu_seconds=1))
    assert result.cpu_seconds < 3


def test_memory_of_one_and_of_many_processes() -> None:
    limits = Limits(memory_bytes=200 << 20, wall_seconds=15, cpu_seconds=15)
    code = "try:\n    x = bytearray(1 << 30)\nexcept MemoryError:\n    print('no')"
    assert run_python(code, limits=limits).stdout == "no\n"
    many = "import os, time\nfor _ in range(4): os.fork()\nx = bytearray(b'x') * (60 << 20)\ntime.sleep(30)"
    result = ends(many, "memory", limits)
    assert result.peak_memory_bytes < 1200 << 20


def test_shared_memory_counts() -> None:
    code = (
        "import mmap, os, time\nfor _ in range(3): os.fork()\n"
        "m = mmap.mmap(-1, 90 << 20)\n\nfor n in range(0, 90 << 20, 4096): m[n] = 1\ntime.sleep(30)"
    )
    ends(code, "memory", Limits(memory_bytes=200 << 20, wall_seconds=15, cpu_seconds=15))


def test_fork_bomb() -> None:
    code = (
        "import os, time\nn = 0\n"
        "while True:\n    try:\n        if os.fork() == 0: time.sleep(60)\n"
        "        n += 1\n    except OSError: break\n"
        "print(n)"
    )
    result = run_python(code, limits=Limits(processes=16))
    assert result.stdout == "15\n" and result.exit_code == 0
    bomb = "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass"
    ends(bomb, "cpu", Limits(wall_seconds=20, cpu_seconds=1))


def test_thread_bomb() -> None:
    code = (
        "import threading, time\nthreading.stack_size(65536)\nn = 1\n"
        "try:\n    while True:\n        threading.Thread(target=time.sleep, args=(60,), daemon=True).start(); n += 1\n"
        "except RuntimeError:\n    print(n)"
    )
    assert run_python(code, limits=Limits(processes=16)).stdout == "16\n"


def test_output_flood_is_cut_off() -> None:
    limits = Limits(output_bytes=10_000, wall_seconds=20)
    for stream in ("stdout", "stderr"):
        result = ends(f"import sys\nwhile True: sys.{stream}.write('x' * 1000)", "output", limits)
        assert len(getattr(result, stream)) == 10_000


def test_daemon_does_not_outlive_the_run() -> None:
    """It would go on writing to standard output; the end of the pipe shows that nobody holds it."""
    code = (
        "import os, time\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n"
        "        while True: time.sleep(0.05); print('alive', flush=True)\n    os._exit(0)\n"
        "time.sleep(0.3)\nprint('end')"
    )
    start = time.monotonic()
    result = run_python(code)
    assert result.exit_code == 0 and "alive" in result.stdout and time.monotonic() - start < 5


def test_many_files_and_open_files() -> None:
    end = "except OSError as error: print(error.errno)"
    files = f"n = 0\ntry:\n    while True: open(f'/tmp/{{n}}', 'w'); n += 1\n{end}"
    assert run_python(files).stdout == "28\n"
    full = f"try:\n    for n in range(9): open(f'/tmp/{{n}}', 'wb').write(bytes(1 << 20))\n{end}"
    assert run_python(full, limits=Limits(disk_bytes=4 << 20)).stdout == "28\n"
    descriptors = "import os\ntry:\n    while True: n = os.open('/dev/null', 0)\nexcept OSError: print(n + 1)"
    assert run_python(descriptors, limits=Limits(open_files=20)).stdout == "20\n"


def test_crashes_are_reported_as_they_were() -> None:
    assert run_python("import os\nos._exit(7)").exit_code == 7
    assert run_python("import os\nos.kill(os.getpid(), 9)").exit_code == -signal.SIGKILL
    assert run_python("import os\nos.killpg(0, 9)").exit_code == -signal.SIGKILL
    assert run_python("import ctypes\nctypes.string_at(0)").exit_code == -signal.SIGSEGV
    code = "import sys\nsys.setrecursionlimit(10**9)\nf = lambda x: f(x)\nf(1)"
    assert not run_python(code, limits=Limits(wall_seconds=2)).ok
    assert "SyntaxError" in run_python("def").stderr


def test_two_runs_do_not_see_each_other() -> None:
    first: list[SandboxResult] = []
    code = "import time\nopen('/tmp/mark', 'w').write('x')\ntime.sleep(1)\nprint(open('/tmp/mark').read())"
    thread = threading.Thread(target=lambda: first.append(run_python(code)))
    thread.start()
    time.sleep(0.5)
    search = "for pid in range(3, 400):\n    try: os.kill(pid, 9)\n    except OSError: pass"
    second = run_python(f"import os\nprint(os.listdir('/tmp'))\n{search}")
    thread.join()
    assert second.stdout == "[]\n"
    assert first[0].stdout == "x\n"
