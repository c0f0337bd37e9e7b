"""Calls in known phrasings: what the items ask for, and on which side of the word split they stand."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from joyflash.evaluation.families import CALLS, NO_CALLS, family_suite
from joyflash.evaluation.scoring import Answer, score
from joyflash.tasks.words import fits

SUITES = {language: family_suite(language) for language in ("en", "zh")}


@pytest.fixture(params=SUITES)
def items(request):
    return SUITES[request.param]


def test_both_kinds_of_names_have_enough_items(items):
    counts = Counter((item.kind, item.names) for item in items)
    sizes = {"tool_call": CALLS, "call_or_not": NO_CALLS}
    assert counts == {(kind, names): size for kind, size in sizes.items() for names in ("seen", "new")}
    assert len({item.id for item in items}) == len(items)


def test_every_expected_call_names_a_listed_tool_and_its_parameters(items):
    for item in items:
        listed = {tool["function"]["name"]: tool["function"]["parameters"] for tool in item.tools}
        assert listed
        for call in item.expect.get("calls", ()):
            schema = listed[call["name"]]
            assert set(schema["required"]) <= set(call["arguments"]) <= set(schema["properties"])


def test_the_conversation_ends_with_the_users_turn_and_does_not_hold_the_answer(items):
    for item in items:
        assert item.messages[-1]["role"] == "user"
        assert not any(message.get("tool_calls") for message in item.messages)


def test_names_are_on_their_side_of_the_split(items):
    for item in items:
        side = "train" if item.names == "seen" else "heldout"
        assert all(fits(tool["function"]["name"], side) for tool in item.tools), item.id


def test_the_right_call_scores_one_and_a_wrong_value_zero():
    item = next(item for item in SUITES["en"] if item.kind == "tool_call" and len(item.expect["calls"]) == 1)
    call = item.expect["calls"][0]
    right = Answer(tool_calls=[{"name": call["name"], "arguments": json.dumps(call["arguments"])}])
    wrong = Answer(tool_calls=[{"name": call["name"], "arguments": json.dumps({**call["arguments"], "more": 1})}])
    assert (score(item, right), score(item, wrong)) == (1.0, 0.0)


def test_equal_seeds_give_equal_suites():
    assert family_suite("en") == SUITES["en"]
    assert family_suite("en", 1) != SUITES["en"]
