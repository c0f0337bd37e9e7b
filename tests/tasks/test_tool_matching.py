"""Conversations in which a call is nothing but the choice of a tool."""

from __future__ import annotations

import pytest

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


def test_words_of_a_description_point_at_one_tool_only() -> None:
    from random import Random

    from joyflash.tasks.tool_matching import _some_words

    assert _some_words("Opens a support ticket.", "closes a ticket. | returns a ticket", Random(1), "en").split()
    for seed in range(50):
        kept = _some_words("Opens a support ticket.", "closes a ticket.", Random(seed), "en").split()
        assert {"Opens", "support"} & set(kept)
        assert "a" not in kept
    assert _some_words("A ticket.", "closes a ticket.", Random(1), "en") == "A ticket."
