"""The source: samples that repeat and hold together, declines without a fitting tool, a limit on the length."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

from joyflash.data.conversations import parse_conversation
from joyflash.data.dialogues.reading import ToolDialogues
from joyflash.data.dialogues.source import ToolDialogueSource
from tests.data.helpers import ByteTokenizer, PlainTemplate


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
