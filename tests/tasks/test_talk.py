"""Small talk and sums: never empty, honest about its name, held-out facts apart, sums exact."""

from __future__ import annotations

import random

import pytest

from joyflash.tasks import arithmetic
from joyflash.tasks.talk import facts, sample
from joyflash.tasks.talk_pairs import talk_pairs
from joyflash.tasks.talk_phrases_en import RULES as RULES_EN
from joyflash.tasks.talk_phrases_en import SOCIAL
from joyflash.tasks.talk_phrases_zh import RULES as RULES_ZH

FORBIDDEN = ("my_calculator", "rewrite", "use my functions")


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("split", ["train", "heldout"])
def test_turns_alternate_and_are_never_empty(language: str, split: str) -> None:
    rng, again = random.Random(5), random.Random(5)
    for index in range(3000):
        conversation = sample(rng, language, split)
        if index < 200:
            assert conversation == sample(again, language, split)
        roles = [message["role"] for message in conversation["messages"]]
        assert roles == ["user", "assistant"] * (len(roles) // 2)
        assert all(message["content"].strip() for message in conversation["messages"])
        text = str(conversation["messages"])
        assert not any(word in text for word in FORBIDDEN), text


@pytest.mark.parametrize("language", ["en", "zh"])
def test_written_pairs_are_said_in_training_only(language: str) -> None:
    written = {answered for _, answered in talk_pairs(language) if "[" not in answered}
    shares = {}
    for split in ("train", "heldout"):
        rng = random.Random(5)
        answers = [sample(rng, language, split)["messages"][-1]["content"] for _ in range(1000)]
        shares[split] = sum(answer in written for answer in answers) / 1000
    assert shares["train"] > 0.12
    assert shares["heldout"] < 0.02


@pytest.mark.parametrize("rules", [RULES_EN, RULES_ZH])
def test_identity_answers_name_no_company(rules: dict[str, list[str]]) -> None:
    for intent in ("who", "maker", "other", "human", "name_age", "size"):
        for answer in rules[f"{intent}_a"]:
            assert not any(name in answer for name in ("JD", "Joy AI", "JoyAI", "京东", "OpenAI", "Google"))
    assert all(intent in rules and f"{intent}_a" in rules for intent in SOCIAL)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_facts_are_many_and_split(language: str) -> None:
    train, heldout = facts(language, "train"), facts(language, "heldout")
    assert sum(map(len, train.values())) >= 1500
    asked = [{(fact.rule, fact.x) for items in side.values() for fact in items} for side in (train, heldout)]
    assert asked[1] and not asked[0] & asked[1]


def test_no_vegetable_is_said_to_be_no_plant() -> None:
    denied = [fact for fact in facts("en", "train")["kind"] if fact.answer.startswith("No") and fact.y == "a plant"]
    denied += [fact for fact in facts("zh", "train")["kind"] if fact.answer.startswith("不是") and fact.y == "植物"]
    assert denied and not [
        fact for fact in denied if any(word in fact.answer for word in ("vegetable", "fruit", "蔬菜"))
    ]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_sums_are_exact(language: str) -> None:
    rng = random.Random(6)
    for _ in range(2000):
        answer = arithmetic.sample(rng, language, "train")["messages"][1]["content"].rstrip(".。")
        for equation in answer.replace("；所以", ", ").replace("; so ", ", ").split(", "):
            left, right = equation.replace("×", "*").split(" = ")
            a, kind, b = left.split(" ")
            assert arithmetic.result(int(a), int(b), kind) == int(right)
