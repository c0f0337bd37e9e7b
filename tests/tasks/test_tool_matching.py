"""Conversations in which a call is nothing but the choice of a tool."""

from __future__ import annotations

import re
from random import Random

import pytest

from joyflash.tasks.tool_matching import _some_words
from tests.tasks.test_tool_use import LANGUAGES, samples


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_call_names_a_listed_tool_and_nothing_else(language: str) -> None:
    refused = chosen = 0
    places: set[float] = set()
    for sample in samples(150, language, kinds=("match",)):
        names = [tool["function"]["name"] for tool in sample["tools"]]
        assert len(set(names)) == len(names) >= 2
        assert all(tool["function"]["description"] for tool in sample["tools"])
        assert not any(tool["function"]["parameters"]["properties"] for tool in sample["tools"])
        asked, answers = sample["messages"][::2], sample["messages"][1::2]
        assert {message["role"] for message in asked} == {"user"} and len(asked) == len(answers) >= 6
        for answer in answers:
            calls = answer.get("tool_calls", ())
            refused += not calls
            chosen += len(calls)
            for call in calls:
                assert call["function"]["arguments"] == "{}"
                places.add(names.index(call["function"]["name"]))
    assert 0.05 < refused / (refused + chosen) < 0.2
    assert places == set(range(6))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_request_in_words_of_one_description_calls_that_tool(language: str) -> None:
    for sample in samples(100, language, kinds=("match_words",)):
        abouts = {tool["function"]["name"]: tool["function"]["description"] for tool in sample["tools"]}
        assert 2 <= len(abouts) == len(sample["tools"])
        for asked, answer in zip(sample["messages"][::2], sample["messages"][1::2], strict=True):
            (call,) = answer["tool_calls"]
            name = call["function"]["name"]
            words = abouts[name].split() if language == "en" else re.findall("..", abouts[name])
            assert any(word in asked["content"] for word in [*words, name])


def test_words_of_a_description_point_at_one_tool_only() -> None:
    assert _some_words("Opens a support ticket.", "closes a ticket. | returns a ticket", Random(1), "en").split()
    for seed in range(50):
        kept = _some_words("Opens a support ticket.", "closes a ticket.", Random(seed), "en").split()
        assert {"Opens", "support"} & set(kept)
        assert "a" not in kept
    assert _some_words("A ticket.", "closes a ticket.", Random(1), "en") == "A ticket."
