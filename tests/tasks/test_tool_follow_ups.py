"""Messages after the answer to a call: each reply carries what the call has returned."""

from __future__ import annotations

import random

import pytest

from joyflash.tasks.tool_follow_ups import follow_ups
from joyflash.tasks.tool_lists import draw_tool
from joyflash.tasks.tool_requests import Clause, clause
from joyflash.tasks.tool_results import Outcome
from joyflash.tasks.tool_use import load_phrases
from joyflash.tasks.tool_wording import Slots
from tests.tasks.test_tool_use import LANGUAGES


def _wanted(language: str, rng: random.Random) -> list[Clause]:
    phrases = load_phrases(language)
    return [clause(draw_tool(rng, "train", phrases, real=0.5), rng, "train", phrases, Slots())]


def _talks(language: str, content: str, answer: str, *, failed: bool = False) -> list[list[dict]]:
    phrases, found = load_phrases(language), []
    for seed in range(300):
        rng = random.Random(f"follow-{language}-{seed}")
        outcome = Outcome([content], answer, failed)
        found.append(follow_ups(_wanted(language, rng), outcome, rng, "train", phrases))
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_reply_to_a_question_about_the_result_carries_it(language: str) -> None:
    talks = _talks(language, '{"value": 8317}', "8317.")
    assert all("8317" in messages[-1]["content"] for messages in talks)
    assert all([m["role"] for m in messages] == ["assistant", "user"] * (len(messages) // 2) + ["assistant"]
               for messages in talks)  # fmt: skip
    unsaid = sum("8317" not in messages[0]["content"] for messages in talks)
    assert 80 < unsaid < 160
    assert sum(len(messages) > 3 for messages in talks) > 60
    assert len({messages[1]["content"] for messages in talks}) > 150


@pytest.mark.parametrize("language", LANGUAGES)
def test_another_field_is_told_where_it_is_asked_for(language: str) -> None:
    fields = {"depth": "8317", "mood_word": "glum"}
    told = 0
    for messages in _talks(language, '{"depth": 8317, "mood_word": "glum", "list": [1]}', "ANSWER"):
        asked, reply = messages[-2]["content"].lower(), messages[-1]["content"]
        named = [value for name, value in fields.items() if name.replace("_", " ") in asked]
        assert not named or (named[0] in reply and len(named) == 1)
        assert named or "ANSWER" in reply
        told += bool(named)
    assert 30 < told < 120


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_wrong_value_is_put_right(language: str) -> None:
    talks = [messages[-2:] for messages in _talks(language, "8317", "ANSWER 8317.")]
    guesses = [(asked["content"], reply["content"]) for asked, reply in talks if "ANSWER" not in reply["content"]]
    right = [reply for asked, reply in guesses if "8317" in asked]
    wrong = [reply for asked, reply in guesses if "8317" not in asked]
    assert len(right) > 15
    assert len(wrong) > 15
    assert all("8317" in reply for reply in right + wrong)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("content", ["done", "no such value; sorry", "没有成功。", "[8317]"])
def test_what_is_no_single_value_is_not_asked_for_by_itself(language: str, content: str) -> None:
    talks = _talks(language, content, f"ANSWER {content}")
    assert all("ANSWER" in messages[-1]["content"] for messages in talks)


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_error_is_told_at_once_and_again(language: str) -> None:
    for messages in _talks(language, '{"error": "no", "code": 200}', "ANSWER", failed=True):
        assert {message["content"] for message in messages if message["role"] == "assistant"} == {"ANSWER"}
