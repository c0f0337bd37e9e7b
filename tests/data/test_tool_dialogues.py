"""Tool dialogues in short: values as the user wrote them, nothing invented, declines without a fitting tool."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from joyflash.data.conversations import parse_conversation
from joyflash.data.tool_dialogues import ToolDialogues, ToolDialogueSource, read_tool_dialogues, written
from joyflash.errors import DataError
from tests.data.helpers import ByteTokenizer, PlainTemplate

EAT, BOOK, SKY = "Restaurants_1.FindRestaurants", "Restaurants_1.ReserveRestaurant", "Weather_1.GetWeather"


def _tool(name: str, about: str, required: list[str], *optional: str) -> dict[str, Any]:
    properties = {key: {"type": "string", "description": f"The {key} wanted"} for key in (*required, *optional)}
    schema = {"type": "object", "properties": properties, "required": required}
    return {"type": "function", "function": {"name": name, "description": about, "parameters": schema}}


TOOLS = [
    _tool(EAT, "Find a restaurant of a particular cuisine in a city", ["cuisine", "city"], "price_range"),
    _tool(BOOK, "Reserve a table at a restaurant", ["restaurant_name", "time"], "date", "party_size"),
    _tool(SKY, "Get the weather of a certain location on a date", ["city"], "date"),
]


def _user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": text}


def _says(text: str) -> dict[str, Any]:
    return {"role": "assistant", "content": text}


def _calls(name: str, results: list[Any], **arguments: str) -> list[dict[str, Any]]:
    call = {"type": "function", "function": {"name": name, "arguments": arguments}}
    content = json.dumps(results, ensure_ascii=False)
    return [
        {"role": "assistant", "content": "", "tool_calls": [call]},
        {"role": "tool", "name": name, "content": content},
    ]


FIRST = [
    _user("Hello, I would like to eat out."),
    _says("What cuisine, and where?"),
    _user("Some THAI food in oakland, something cheap."),
    *_calls(
        EAT,
        [{"restaurant_name": "Blue Lotus", "street_address": "9 Elm Road", "phone_number": "555-0101"}],
        cuisine="Thai",
        city="Oakland",
        price_range="inexpensive",
    ),
    _says("Blue Lotus at 9 Elm Road is a good one."),
    _user("Please book it for dinner at the restaurant."),
    *_calls(BOOK, [], restaurant_name="Blue Lotus", time="19:00"),
    _says("It is booked."),
    _user("Thanks, bye."),
    _says("Have a nice meal!"),
]
SECOND = [
    _user("What is the weather in Fresno next Friday?"),
    *_calls(SKY, [{"temperature": "71", "wind": "4"}], city="Fresno", date="2019-03-08"),
    _says("It should be 71 degrees with 12 percent rain."),
    _user("Book a table at Taco Hut for 3 on the 9th at 7 pm"),
    *_calls(BOOK, [], restaurant_name="Taco Hut", time="19:00", date="2019-03-09", party_size="3"),
    _says("Done."),
    _user("Thank you so much!"),
    _says("You're welcome."),
]
CHINESE = [
    _user("你好，帮我找一家评分4.5分以上、价格在400到500元的酒店。"),
    *_calls("search_hotel", [{"名称": "和颐酒店", "评分": 4.7}], 评分="4.5分以上", 价格="400-500元", 名称="绿茶"),
    _says("推荐您去和颐酒店。"),
    _user("我要坐出租车从和颐酒店到故宫。"),
    *_calls("book_taxi", ["x"], 出发地="和颐酒店", 目的地="故宫"),
    _says("好的。"),
    _user("谢谢，再见。"),
    _says("不客气。"),
]


def _write(path: Path, dialogues: list[list[dict[str, Any]]], language: str = "en") -> Path:
    tools = TOOLS if language == "en" else []
    rows = [{"messages": messages, "tools": tools, "lang": language} for messages in dialogues]
    path.write_text("\n".join(json.dumps(row) for row in rows), "utf-8")
    return path


@pytest.fixture
def english(tmp_path: Path) -> ToolDialogues:
    return read_tool_dialogues(_write(tmp_path / "demo.jsonl", [FIRST, SECOND]))


@pytest.fixture
def chinese(tmp_path: Path) -> ToolDialogues:
    return read_tool_dialogues(_write(tmp_path / "zh.jsonl", [CHINESE], "zh"))


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
    turns = [_user("Is there a Thai restaurant?"), _says("In which city?"), _user("In Oakland.")]
    rows = [[_user("Hi"), _says("Hi!"), *turns, *_calls(EAT, [], cuisine="Thai", city="Oakland"), _says("No.")]]
    (window,) = read_tool_dialogues(_write(tmp_path / "turns.jsonl", rows)).windows
    assert [text for _, text in window.turns] == [turn["content"] for turn in turns]
    row = ToolDialogueSource("turns", ToolDialogues("en", {}, [window]), PlainTemplate(), seed=0)
    row.dialogues.functions.update(read_tool_dialogues(_write(tmp_path / "again.jsonl", rows)).functions)
    messages = [m for m in row.row(3)["messages"] if m["role"] == "assistant"]
    assert [message.get("weight", 1) for message in messages] == [0, 1]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_samples_repeat_and_hold_together(language: str, request: pytest.FixtureRequest):
    dialogues = request.getfixturevalue("english" if language == "en" else "chinese")
    source = ToolDialogueSource("demo", dialogues, PlainTemplate(), seed=1, longest=2_000)
    assert source.name == "demo_short"
    kinds = set()
    for index in range(150):
        row = source.row(index)
        kinds.add(row["kind"])
        parse_conversation(row)
        names = [tool["function"]["name"] for tool in row["tools"]]
        assert 1 <= len(names) <= 5
        assert len({name.lower() for name in names}) == len(names)
        assert all(re.fullmatch(r"[A-Za-z0-9_-]{1,64}", name) for name in names)
        assert all(len(tool["function"]["parameters"]["properties"]) <= 4 for tool in row["tools"])
        said = " ".join(m["content"] for m in row["messages"] if m["role"] == "user")
        calls = [call for message in row["messages"] for call in message.get("tool_calls", [])]
        assert bool(calls) == (row["kind"] == "dialogue_call")
        for call in calls:
            (tool,) = [t["function"] for t in row["tools"] if t["function"]["name"] == call["function"]["name"]]
            arguments = json.loads(call["function"]["arguments"])
            assert set(tool["parameters"]["required"]) <= set(arguments) <= set(tool["parameters"]["properties"])
            assert all(str(value) in said for value in arguments.values())
    assert kinds == {"dialogue_call", "dialogue_no_tool", "dialogue_talk"}
    for index in (0, 5, 99_999):
        sample, again = source.sample(index), source.sample(index)
        assert np.array_equal(sample.ids_n, again.ids_n)
        assert sample.weights_n.any()
        assert not sample.splittable
        assert sample.kind == "dialogues/demo_short"
    other = ToolDialogueSource("demo", dialogues, PlainTemplate(), seed=2)
    assert [other.row(index) for index in range(9)] != [source.row(index) for index in range(9)]


def test_a_declined_request_has_no_fitting_tool(english: ToolDialogues, chinese: ToolDialogues):
    # Names are restyled; the descriptions, where given, still tell what a function is for.
    for dialogues in (english, chinese):
        source = ToolDialogueSource("demo", dialogues, PlainTemplate(), seed=1)
        declined = [row for row in map(source.row, range(300)) if row["kind"] == "dialogue_no_tool"]
        assert declined
        for row in declined:
            food = any(word in row["messages"][-2]["content"] for word in ("food", "table", "Taco"))
            about = " ".join(tool["function"]["description"].lower() for tool in row["tools"])
            if dialogues is english:
                assert not any(word in about for word in (("restaurant",) if food else ("weather",)))
            assert "tool_calls" not in row["messages"][-1]


class _ListingTemplate(PlainTemplate):
    """The plain template with the listed tools as JSON before the messages."""

    def render_training(self, messages, tools=(), /) -> tuple[list[int], list[float]]:
        ids, weights = super().render_training(messages, tools)
        listed = ByteTokenizer().encode(json.dumps([tool.to_dict() for tool in tools]))
        return [ids[0], *listed, *ids[1:]], [weights[0], *[0.0] * len(listed), *weights[1:]]


def test_long_samples_lose_tools_first(english: ToolDialogues):
    wide = ToolDialogueSource("demo", english, _ListingTemplate(), seed=1, longest=5_000)
    narrow = ToolDialogueSource("demo", english, _ListingTemplate(), seed=1, longest=900)
    lengths = [[len(source.sample(index)) for index in range(40)] for source in (wide, narrow)]
    assert max(lengths[1]) < max(lengths[0])
    assert np.mean(np.array(lengths[1]) <= 900) > 0.5


def test_chinese_functions_need_no_definition(chinese: ToolDialogues):
    first, second = chinese.windows
    assert first.arguments == {"评分": "4.5分以上", "价格": "400到500元"}
    assert first.reply == "推荐您去和颐酒店。"
    assert first.results == ({"名称": "和颐酒店"},)
    assert second.arguments == {"出发地": "和颐酒店", "目的地": "故宫"}


@pytest.mark.parametrize(
    "value, text, expected",
    [
        ("2", "on March 2 for 2 people", "2"),
        ("2", "at 2 pm", None),
        ("1", "is there another one?", None),
        ("1", "one ticket", "one"),
        ("13:30", "at 1:30 in the afternoon", "1:30 in the afternoon"),
        ("13:00", "1:30 pm", None),
        ("2019-03-11", "on the 11th of March", "11th of March"),
        ("2019-03-11", "on the 11th of April", None),
        ("2019-03-02", "the day after tomorrow", None),
        ("Art", "a Party", None),
        ("3小时 - 4小时", "玩3-4小时吧", "3-4小时"),
        ("4分以上", "4.4分以上", None),
    ],
)
def test_spellings(value: str, text: str, expected: str | None):
    span = written(value, text)
    assert (text[slice(*span)] if span else None) == expected


@pytest.mark.parametrize(
    "row, reason",
    [
        ({"messages": FIRST, "tools": TOOLS, "lang": "tlh"}, "'lang' must be one of"),
        ({"messages": FIRST, "tools": [], "lang": "en"}, "line 1 is no tool dialogue"),
        ({"tools": TOOLS, "lang": "en"}, "line 1 is no tool dialogue"),
        ({"messages": [_user("Hi"), _says("Hi!")], "lang": "en"}, "no call whose values"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, row: dict[str, Any], reason: str):
    path = tmp_path / "bad.jsonl"
    path.write_text(json.dumps(row), "utf-8")
    with pytest.raises(DataError, match=reason):
        read_tool_dialogues(path)
    with pytest.raises(DataError, match="no call whose values"):
        ToolDialogueSource("x", ToolDialogues("en"), PlainTemplate(), seed=0)
