"""The sandbox as an ordinary user, where the kernel refuses, and when its caller dies."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import joyflash
from joyflash.errors import ConfigError, SandboxError
from joyflash.sandbox import WALLS, Limits, isolation, run, run_python

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the sandbox needs Linux")
SYSTEM_PYTHON = "/usr/bin/python3"


@pytest.fixture
def package() -> Iterator[Path]:
    """A copy of what the sandbox consists of, in a folder that everybody may read."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        source = Path(joyflash.__file__).parent
        (folder / "joyflash").mkdir()
        for file in ("__init__.py", "errors.py"):
            shutil.copy(source / file, folder / "joyflash")
        shutil.copytree(source / "sandbox", folder / "joyflash" / "sandbox")
        yield folder


def as_ordinary_user(package: Path, code: str) -> subprocess.Popen[str]:
    """Run code as a user without rights: as this one, or, for root, as nobody with the system's Python."""
    user = {"user": 65534, "group": 65534, "extra_groups": []} if os.getuid() == 0 else {}
    python = SYSTEM_PYTHON if user else sys.executable
    if not Path(python).exists():
        pytest.skip(f"root's Python may be out of nobody's reach, and there is no {python}")
    pipe = subprocess.PIPE
    return subprocess.Popen(
        [python, "-B", "-c", code], stdout=pipe, stderr=pipe, text=True, cwd=package, env={"PYTHONPATH": str(package)},
        **user,
    )  # fmt: skip


def output(package: Path, code: str) -> str:
    process = as_ordinary_user(package, code)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    return out


def test_this_machine_gives_all_walls() -> None:
    found = isolation()
    assert found.complete and found.present == set(WALLS) and not found.reasons
    assert str(found).count(" yes ") == len(WALLS)


def test_isolation_says_when_python_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "Limits", lambda: Limits(memory_bytes=4 << 20))
    with pytest.raises(SandboxError, match=r"An empty program fails.*Use a Python that"):
        isolation()


def test_python_behind_a_linked_folder(tmp_path: Path) -> None:
    """As uv installs it: home names a link to the folder of the exact version."""
    real = Path(sys.executable).resolve()
    (tmp_path / "linked").symlink_to(real.parent.parent)
    python = tmp_path / "linked" / real.relative_to(real.parent.parent)
    code = "from joyflash.sandbox import *\nprint(run_python('import os; print(os.__file__)'))"
    path = {"PYTHONPATH": str(Path(joyflash.__file__).parents[1])}
    done = subprocess.run([python, "-B", "-c", code], env=path, capture_output=True, text=True, timeout=60)
    assert f"{Path(os.__file__).resolve()}\\n" in done.stdout, done


def test_a_caller_whose_files_are_private() -> None:
    before = os.umask(0o077)
    try:
        result = run_python("import os\nopen('/tmp/x', 'w')\nprint(oct(os.stat('/tmp/x').st_mode))")
    finally:
        os.umask(before)
    assert result.stdout == "0o100644\n", result


def test_ordinary_user(package: Path) -> None:
    code = (
        "from joyflash.sandbox import *\nprint(isolation().complete)\n"
        "print(run_python('import os; print(os.getuid(), os.listdir(\"/tmp\"))').stdout, end='')\n"
        "bomb = 'import os, time\\nn = 1\\nwhile True:\\n try:\\n  if not os.fork(): time.sleep(9)\\n  n += 1\\n'\n"
        "print(run_python(bomb + ' except OSError: break\\nprint(n)', limits=Limits(processes=9)).stdout, end='')\n"
        "kill = 'import os\\nfor pid, sign in ((-1, 15), (0, 0), (1, 2), (1, 15), (1, 9)):\\n'\n"
        "kill += ' try: os.kill(pid, sign)\\n except OSError: pass\\n'\n"
        "print(run_python(kill + 'print(5)').stdout, end='')\n"
        "print(run_python('while True: pass', limits=Limits(cpu_seconds=0.3)).limits)\n"
    )
    assert output(package, code) == "True\n65534 []\n9\n5\n('cpu',)\n"


REFUSING = "from joyflash.sandbox.seccomp import install\ninstall()\n"  # our own filter refuses namespaces


def test_refuses_where_a_wall_is_missing(package: Path) -> None:
    code = REFUSING + (
        "from joyflash.errors import SandboxUnavailableError\nfrom joyflash.sandbox import *\n"
        "try: run_python('print(1)')\nexcept SandboxUnavailableError as error: print(error)\n"
        "print(isolation().missing)\n"
        "result = run_python('import socket\\nprint(1)\\nsocket.socket()', allow_incomplete=True)\n"
        "print(result.stdout, end='')\nprint(result.stderr.splitlines()[-1])\nprint(result.isolation.complete)\n"
    )
    refusal, missing, *ran = output(package, code).splitlines()
    assert "processes: [Errno 1] unshare" in refusal and "user namespaces" in refusal
    assert {"processes", "network", "files"} <= set(eval(missing)) and "system_calls" not in eval(missing)
    assert ran == ["1", "PermissionError: [Errno 1] Operation not permitted", "False"]


def test_daemons_end_without_a_namespace_too(package: Path) -> None:
    program = (
        "import os, time\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n"
        "        print(os.getpid(), flush=True)\n        time.sleep(60)\n    os._exit(0)\ntime.sleep(0.5)"
    )
    code = REFUSING + (
        "import os\nfrom joyflash.sandbox import *\n"
        f"pid = int(run_python({program!r}, allow_incomplete=True).stdout)\n"
        "try: os.kill(pid, 0)\nexcept ProcessLookupError: print('gone')\n"
    )
    assert output(package, code) == "gone\n"


def test_ends_with_its_caller(package: Path) -> None:
    code = "from joyflash.sandbox import *\nprint('go', flush=True)\nrun_python('import time; time.sleep(60)')"
    process = as_ordinary_user(package, code)
    assert process.stdout and process.stdout.readline() == "go\n"
    deadline = time.monotonic() + 10
    while True:
        family = descendants(process.pid)
        ours = [pid for pid, command in family.items() if str(package) in command]
        if len(family) == 3 and len(ours) == 2:  # the launcher outside, the watcher in the namespace, the user's code
            break
        assert time.monotonic() < deadline, family
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    while any(map(command_line, family)) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not any(map(command_line, family))


def descendants(root: int) -> dict[int, str]:
    """The processes that ``root`` started, itself or through others, and their command lines."""
    parents = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                status = (folder / "stat").read_text()
            except OSError:  # it has ended
                continue
            parents[int(folder.name)] = int(status.rpartition(")")[2].split()[1])
    found: set[int] = {root}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return {pid: line for pid in found - {root} if (line := command_line(pid))}


def command_line(pid: int) -> str:
    """What started a process, "" where it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode()
    except OSError:
        return ""


@pytest.mark.parametrize("bad", [{"wall_seconds": 0}, {"memory_bytes": -1}, {"processes": 1.5}, {"open_files": True}])
def test_bad_limits_are_named(bad: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match=next(iter(bad))):
        Limits(**bad)  # pyright: ignore[reportArgumentType]
