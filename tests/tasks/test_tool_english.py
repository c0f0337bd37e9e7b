"""Chinese conversations whose tools are described in English."""

from __future__ import annotations

import random
import re

import pytest

from joyflash.tasks import SKILLS
from joyflash.tasks.tool_english import draw_phrases, english_tools
from joyflash.tasks.tool_use import load_phrases
from joyflash.tasks.tool_values import draw, options_of

HAN = re.compile("[一-鿿]")


def described(tools: list[dict]) -> list[str]:
    return [text for tool in tools if (text := tool["function"]["description"])]


def test_descriptions_are_in_english_and_requests_in_chinese() -> None:
    phrases = english_tools()
    assert len(phrases.tools) >= 300
    assert len(phrases.flags) >= 40
    texts = [text for tool in phrases.tools for text in tool.about]
    texts += [argument.about for tool in phrases.tools for argument in tool.arguments]
    texts += [flag.about for flag in phrases.flags]
    assert not [text for text in texts if HAN.search(text)]
    assert all(HAN.search("".join(tool.orders)) for tool in phrases.tools)


def test_a_description_comes_from_the_english_tool_of_the_same_names() -> None:
    transfer = next(tool for tool in english_tools().tools if tool.names[0] == "transfer_money")
    assert [(argument.slot, argument.about) for argument in transfer.arguments] == [
        ("amount", "how much"),
        ("name", "who gets the money"),
    ]
    assert any("money to a person" in text for text in transfer.about)


@pytest.mark.parametrize("skill", ["call", "call_many", "no_tool", "session", "choose", "match"])
def test_a_third_of_the_chinese_lists_are_english(skill: str) -> None:
    rng = random.Random(9)
    lists = [described(SKILLS[skill](rng, "zh", "train")["tools"]) for _ in range(200)]
    lists = [texts for texts in lists if texts]
    english = sum(not any(HAN.search(text) for text in texts) for texts in lists) / len(lists)
    assert 0.25 <= english <= 0.6


def test_english_conversations_keep_their_phrases() -> None:
    rng = random.Random(10)
    assert all(draw_phrases(rng, "en") is load_phrases("en") for _ in range(50))


def test_chinese_requests_say_english_options_in_chinese() -> None:
    kinds = [argument.kind for tool in english_tools().tools for argument in tool.arguments]
    named = [options_of(kind) for kind in kinds if "=" in kind]
    assert len(named) > 30
    assert all(option.isascii() and said != option for options in named for option, said in options.items())
    for options in named:
        value = draw(
            f"enum:{','.join('='.join(pair) for pair in options.items())}", random.Random(1), "train", english_tools()
        )
        assert options[str(value.data)] == value.spoken
    given = {value for tool in english_tools().tools for say in tool.says for _, value in say.given}
    assert {"arriving", "waxing"} <= given and not {"到达", "打蜡"} & given
