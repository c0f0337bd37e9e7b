"""Reading: values as the user wrote them, no more turns than needed, replies that invent nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from joyflash.data.dialogues.reading import ToolDialogues, read_tool_dialogues
from joyflash.data.dialogues.source import ToolDialogueSource
from joyflash.errors import DataError
from tests.data.dialogues.helpers import BOOK, EAT, FIRST, SKY, TOOLS, calls, says, user, write_dialogues
from tests.data.helpers import PlainTemplate


def test_values_are_as_the_user_wrote_them_and_missing_ones_skip_the_call(english: ToolDialogues):
    found = {window.function: window for window in english.windows}
    assert [window.function for window in english.windows] == [EAT, SKY, BOOK]  # not the one without a name
    assert found[EAT].arguments == {"cuisine": "THAI", "city": "oakland"}
    assert found[EAT].dropped == {"price_range"}
    assert [role for role, _ in found[EAT].turns] == ["user"]
    assert found[SKY].arguments == {"city": "Fresno", "date": "next Friday"}
    assert found[BOOK].arguments == {"restaurant_name": "Taco Hut", "time": "7 pm", "date": "9th", "party_size": "3"}


def test_a_reply_is_kept_only_where_the_result_says_it(english: ToolDialogues):
    found = {window.function: window for window in english.windows}
    assert found[EAT].results == ({"restaurant_name": "Blue Lotus", "street_address": "9 Elm Road"},)
    assert found[EAT].reply.startswith("Blue Lotus")
    assert found[SKY].reply == ""  # 12 percent comes from nowhere
    assert [talk.reply for talk in english.talks] == ["Have a nice meal!", "You're welcome."]


def test_several_turns_are_kept_only_as_needed(tmp_path: Path):
    turns = [user("Is there a Thai restaurant?"), says("In which city?"), user("In Oakland.")]
    rows = [[user("Hi"), says("Hi!"), *turns, *calls(EAT, [], cuisine="Thai", city="Oakland"), says("No.")]]
    (window,) = read_tool_dialogues(write_dialogues(tmp_path / "turns.jsonl", rows)).windows
    assert [text for _, text in window.turns] == [turn["content"] for turn in turns]
    row = ToolDialogueSource("turns", ToolDialogues("en", {}, [window]), PlainTemplate(), seed=0)
    row.dialogues.functions.update(read_tool_dialogues(write_dialogues(tmp_path / "again.jsonl", rows)).functions)
    messages = [m for m in row.row(3)["messages"] if m["role"] == "assistant"]
    assert [message.get("weight", 1) for message in messages] == [0, 1]


def test_chinese_functions_need_no_definition(chinese: ToolDialogues):
    first, second = chinese.windows
    assert first.arguments == {"评分": "4.5分以上", "价格": "400到500元"}
    assert first.reply == "推荐您去和颐酒店。"
    assert first.results == ({"名称": "和颐酒店"},)
    assert second.arguments == {"出发地": "和颐酒店", "目的地": "故宫"}


@pytest.mark.parametrize(
    "row, reason",
    [
        ({"messages": FIRST, "tools": TOOLS, "lang": "tlh"}, "'lang' must be one of"),
        ({"messages": FIRST, "tools": [], "lang": "en"}, "line 1 is no tool dialogue"),
        ({"tools": TOOLS, "lang": "en"}, "line 1 is no tool dialogue"),
        ({"messages": [user("Hi"), says("Hi!")], "lang": "en"}, "no call whose values"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, row: dict[str, Any], reason: str):
    path = tmp_path / "bad.jsonl"
    path.write_text(json.dumps(row), "utf-8")
    with pytest.raises(DataError, match=reason):
        read_tool_dialogues(path)
    with pytest.raises(DataError, match="no call whose values"):
        ToolDialogueSource("x", ToolDialogues("en"), PlainTemplate(), seed=0)
