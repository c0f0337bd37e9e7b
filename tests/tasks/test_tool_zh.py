"""The Chinese tool phrases: complete, varied, natural at the seams, free of the names that training must not hold."""

from __future__ import annotations

import random

import pytest

from joyflash.tasks import SKILLS
from joyflash.tasks.tool_phrases_zh import PHRASES
from joyflash.tasks.tool_use import load_phrases

KINDS = ("call", "call_many", "answer", "no_tool", "calc")


def test_sixty_real_tools() -> None:
    assert load_phrases("zh") is PHRASES
    assert len(PHRASES.tools) >= 60
    assert len({tool.names[0] for tool in PHRASES.tools}) == len(PHRASES.tools)
    assert all(len(tool.orders) + len(tool.questions) + len(tool.notes) >= 3 for tool in PHRASES.tools)
    assert all(tool.gives and tool.replies for tool in PHRASES.tools)


@pytest.mark.parametrize("split", ["train", "heldout"])
def test_samples_are_sound(split: str) -> None:
    rng = random.Random(7)
    for index in range(300):
        conversation = SKILLS[KINDS[index % len(KINDS)]](rng, "zh", split)
        text = str(conversation)
        assert conversation["language"] == "zh"
        assert not any(word in text for word in ("my_calculator", "rewrite", "use my functions"))
        assert not any(0xE000 <= ord(letter) <= 0xF8FF for letter in text)
        assert all("{" not in message["content"] for message in conversation["messages"] if message["role"] == "user")


def test_requests_are_varied() -> None:
    rng = random.Random(8)
    questions = [SKILLS["call"](rng, "zh", "train")["messages"][-2]["content"] for _ in range(300)]
    assert len(set(questions)) >= 295
