"""Chat files of a recipe: which rows a key stands for, and bad rows refused, or left out and named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from joyflash.data.chat_files import ChatFiles, Selection
from joyflash.data.conversations import parse_conversation
from joyflash.data.sources import ConversationSource
from joyflash.errors import ConfigError, DataError, TemplateError
from tests.data.helpers import PlainTemplate


def _row(text: str, domain: str = "", thought: str | None = None) -> dict:
    answer = {"role": "assistant", "content": text, **({"reasoning_content": thought} if thought else {})}
    return {"messages": [{"role": "user", "content": "?"}, answer], "domain": domain}


ROWS = [_row("a", "maths", "hm"), _row("b", "maths"), _row("c", "code"), _row("d", "code", "hm"), _row("e")]


def _write(folder: Path, rows: list, name: str = "mix") -> None:
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    (folder / f"{name}.jsonl").write_text("\n".join(lines), "utf-8")


class Refusing(PlainTemplate):
    """Renders every conversation but one."""

    def render_training(self, messages, tools=(), /):
        if messages[-1].content == "c":
            raise TemplateError("no c")
        return super().render_training(messages, tools)


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("mix", "abcde"),
        ("mix/maths", "ab"),
        ("mix/code:thinking", "d"),
        ("mix:thinking", "ad"),
        ("mix:plain", "bce"),
    ],
)
def test_a_key_stands_for_its_rows(key: str, said: str, tmp_path: Path):
    _write(tmp_path, ROWS)
    files = ChatFiles(tmp_path, [key, "mix"], PlainTemplate(), skip=False)
    assert "".join(row.messages[-1].content for row in files.conversations(key)) == said
    assert files.notes == []


def test_keys_that_say_nothing_are_refused(tmp_path: Path):
    _write(tmp_path, ROWS)
    for key in ("mix:loud", "/maths", ":plain"):
        with pytest.raises(ConfigError, match="must read"):
            Selection.of(key)
    files = ChatFiles(tmp_path, ["mix"], PlainTemplate(), skip=False)
    with pytest.raises(DataError, match=r"Its domains: code, maths; 2 of its 5 rows think"):
        files.conversations("mix/poems")
    with pytest.raises(DataError, match="no chat file other"):
        ChatFiles(tmp_path, ["other"], PlainTemplate(), skip=False)


def test_bad_rows_are_refused_or_left_out_and_named(tmp_path: Path):
    _write(tmp_path, [ROWS[0], "{", *ROWS[1:4], {"messages": []}])
    with pytest.raises(DataError, match=r"2 bad rows\. Line 2: .*Line 6: .*bad_rows to 'skip'"):
        ChatFiles(tmp_path, ["mix"], Refusing(), skip=False)
    files = ChatFiles(tmp_path, ["mix"], Refusing(), skip=True)
    assert [row.line for row in files.conversations("mix")] == [1, 3, 5]
    (note,) = files.notes
    assert "3 bad rows" in note and "Line 2:" in note and "Line 4: no c" in note and "Line 6:" in note


def test_a_row_that_fails_in_the_middle_of_a_run_is_named():
    source = ConversationSource("mix", [parse_conversation(ROWS[2])], Refusing(), seed=0)
    with pytest.raises(DataError, match="Line 0 of the chat file mix cannot be rendered: no c"):
        source.sample(0)
