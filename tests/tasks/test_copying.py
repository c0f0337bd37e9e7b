"""The copying drill: what the user spells is what the answer or the call holds."""

from __future__ import annotations

import json
import random

import jsonschema
import pytest

from joyflash.tasks.copying import sample
from joyflash.tasks.words import is_heldout
from tests.tasks.test_tool_use import LANGUAGES, leaves


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("split", ["train", "heldout"])
def test_a_drill_that_is_a_call_copies_every_value_into_its_schema(language: str, split) -> None:
    calls = several = 0
    for seed in range(200):
        drill = sample(random.Random(seed), language, split)
        if not drill["tools"]:
            continue
        (made,) = drill["messages"][-1]["tool_calls"]
        (tool,) = drill["tools"]
        arguments, text = json.loads(made["function"]["arguments"]), drill["messages"][0]["content"]
        assert made["function"]["name"] == tool["function"]["name"]
        jsonschema.validate(arguments, tool["function"]["parameters"])
        values = leaves(arguments)
        assert all(value in text for value in values)
        if isinstance(next(iter(arguments.values())), list):
            assert all(is_heldout(value) == (split == "heldout") for value in values)
        calls, several = calls + 1, several + (len(values) > 2)
    assert 60 < calls < 120
    assert several > 0.7 * calls


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_drill_in_words_repeats_what_was_given(language: str) -> None:
    drills = [sample(random.Random(seed), language, "train") for seed in range(100)]
    for drill in drills:
        asked, answer = drill["messages"][0]["content"], drill["messages"][-1].get("content")
        assert answer is None or all(line in asked for line in answer.split("\n"))
