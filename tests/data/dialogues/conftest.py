"""The dialogues of ``helpers`` as read from a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from joyflash.data.dialogues.reading import ToolDialogues, read_tool_dialogues
from tests.data.dialogues.helpers import CHINESE, FIRST, SECOND, write_dialogues


@pytest.fixture
def english(tmp_path: Path) -> ToolDialogues:
    return read_tool_dialogues(write_dialogues(tmp_path / "demo.jsonl", [FIRST, SECOND]))


@pytest.fixture
def chinese(tmp_path: Path) -> ToolDialogues:
    return read_tool_dialogues(write_dialogues(tmp_path / "zh.jsonl", [CHINESE], "zh"))
