"""The tools themselves."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from joyflash.agent.calculator import calculate
from joyflash.agent.file_tools import PART, Folder
from joyflash.agent.python_tool import python_tool
from joyflash.agent.tools import ToolBox, ToolError
from joyflash.errors import AgentError
from joyflash.sandbox import Limits


@pytest.mark.parametrize(
    "text",
    ["1 + 2 * 3", "-(4 - 6) ** 2", "7 // 2 + 7 % 4", "2 ** -2", "1e3 / 8", " (3.5+4)*2 ", "2 ** 4096 // 2 ** 4095"],
)
def test_calculator_agrees_with_python(text: str) -> None:
    if "4096" in text:
        with pytest.raises(ToolError, match="too large"):
            calculate(text)
    else:
        assert calculate(text) == eval(text)


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('id')", "9 ** 9 ** 9", "1 / 0", "'a' * 9", "True + 1", "x", "", "1 +", "(-8) ** 0.5",
        "1e308 * 10 ** 400", "[1]", "2 << 99", "(" * 400 + "1" + ")" * 400, "1" * 2000, "(lambda: 1)()", "1j",
        "3 if 1 else 2",
        "10 ** 1000 * 10 ** 1000", "0.0 ** -1",
    ],
)  # fmt: skip
def test_calculator_refuses(text: str) -> None:
    with pytest.raises(ToolError):
        calculate(text)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    (tmp_path / "secret.txt").write_text("the Treasure is outside")
    root = tmp_path / "root"
    (root / "notes").mkdir(parents=True)
    (root / "notes" / "one.txt").write_text("first\nthe Treasure is here\n")
    (root / "long.txt").write_text("".join(f"{n:05d}\n" for n in range(3000)))
    (root / "picture.bin").write_bytes(b"treasure\0\1")
    (root / "out").symlink_to(tmp_path / "secret.txt")
    (root / "up").symlink_to(tmp_path)
    (root / "loop").symlink_to(root / "loop")
    (root / "inner").symlink_to(root / "notes" / "one.txt")
    return Folder(root)


def test_names_that_are_no_unicode_can_be_told(folder: Folder) -> None:
    (folder.root / b"caf\xe9.txt".decode("utf-8", "surrogateescape")).write_text("Treasure")
    box = ToolBox(folder.tools())
    for name, arguments in (("list_files", "{}"), ("search_files", '{"text": "treasure"}'), ("no \ud800", "{}")):
        assert "?" in box.run(name, arguments)[1].encode().decode()


def test_listing_and_search_stay_inside(folder: Folder) -> None:
    listed = [line.split(" ")[0] for line in folder.listing().splitlines()]
    assert listed == ["inner", "long.txt", "picture.bin", "notes/one.txt"]
    assert folder.search("tREASURE") == "inner:2: the Treasure is here\nnotes/one.txt:2: the Treasure is here"
    assert folder.search("nowhere") == "No line contains 'nowhere'."
    found = folder.search("0").splitlines()
    assert len(found) == 41 and "more than 40" in found[-1]


def test_reading_by_parts(folder: Folder) -> None:
    whole = "".join(folder.read("long.txt", part).partition("\n")[2] for part in (1, 2, 3))
    assert whole == (folder.root / "long.txt").read_text() and len(whole) == 3 * PART
    assert folder.read("long.txt", 2).startswith("[long.txt, part 2 of 3]\n")
    with pytest.raises(ToolError, match="has 3 parts, not 4"):
        folder.read("long.txt", 4)
    with pytest.raises(ToolError, match="not a text"):
        folder.read("picture.bin")


@pytest.mark.parametrize(
    "name",
    [
        "../secret.txt",
        "/etc/passwd",
        "out",
        "up/secret.txt",
        "notes/../../secret.txt",
        "loop",
        "a\0b",
        "notes",
        ".",
        "no",
    ],
)
def test_nothing_outside_can_be_read(folder: Folder, name: str) -> None:
    with pytest.raises(ToolError, match="there is no file"):
        folder.read(name)


def test_no_folder() -> None:
    with pytest.raises(AgentError, match="--folder"):
        Folder(Path("/nowhere/at/all"))


def test_arguments_of_reading_are_checked(folder: Folder) -> None:
    box = ToolBox(folder.tools())
    assert box.run("read_file", '{"path": "notes/one.txt"}') == (
        True,
        "[notes/one.txt, part 1 of 1]\nfirst\nthe Treasure is here\n",
    )
    ok, text = box.run("read_file", '{"path": "notes/one.txt", "part": 0}')
    assert not ok and "minimum" in text
    assert box.run("list_files", "")[0]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the sandbox needs Linux")
def test_python() -> None:
    box = ToolBox([python_tool(Limits(wall_seconds=1))])
    assert box.run("python", '{"code": "print(6 * 7)"}') == (True, "42")
    assert "use print()" in box.run("python", '{"code": "6 * 7"}')[1]
    ok, text = box.run("python", '{"code": "print(5)\\n1 / 0"}')
    assert not ok and "status 1" in text and "5\n" in text and "ZeroDivisionError" in text
    ok, text = box.run("python", '{"code": "while True: pass"}')
    assert not ok and text == "Error: the program was stopped: more than 1 s"
