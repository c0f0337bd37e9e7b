"""Tool calls in the phrasings of the training generators, under names seen in training and under new ones."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from typing import Any, Literal

from joyflash.evaluation.item import EvalItem
from joyflash.tasks import SKILLS
from joyflash.tasks.words import Split

CALLS = 200
NO_CALLS = 100
_SPLITS: Mapping[Literal["seen", "new"], Split] = {"seen": "train", "new": "heldout"}
_CALL_SKILLS = (("call", 70), ("call_many", 15), ("calc", 15))


def family_suite(language: str, seed: int = 0) -> list[EvalItem]:
    """600 prompts a language that separate new names from new phrasing.

    Phrasings are those of ``joyflash.tasks``. Under ``names="seen"`` all words come from the side of the split that
    training uses; under ``"new"`` function names, parameter names and values come from the held-out tenth. With the
    held-out suite, whose phrasings are new too, this tells which of the two a model lacks.

    Args:
        language: ``en`` or ``zh``.
        seed: chooses the samples; none of them is a sample of a recipe, whose indices are numbered otherwise.
    """
    items = []
    for names, split in _SPLITS.items():
        rng = random.Random(f"families-{language}-{names}-{seed}")
        for number in range(CALLS):
            skill = rng.choices([name for name, _ in _CALL_SKILLS], [weight for _, weight in _CALL_SKILLS])[0]
            sample = _with_tools(skill, rng, language, split)
            before, answer = _cut(sample["messages"])
            calls = [
                {"name": call["function"]["name"], "arguments": json.loads(call["function"]["arguments"])}
                for call in answer["tool_calls"]
            ]
            expect = {"type": "calls", "calls": calls}
            identity = f"family-call-{language}-{names}-{number:03d}"
            tools = sample["tools"]
            items.append(EvalItem(identity, "tool_call", language, before, expect, tools, names, number < NO_CALLS))
        for number in range(NO_CALLS):
            sample = SKILLS["no_tool"](rng, language, split)
            identity = f"family-none-{language}-{names}-{number:03d}"
            expect = {"type": "decision", "call": False}
            before, tools = sample["messages"][:-1], sample["tools"]
            items.append(EvalItem(identity, "call_or_not", language, before, expect, tools, names, True, 0.5))
    return items


def _with_tools(skill: str, rng: random.Random, language: str, split: Split) -> dict[str, Any]:
    """A sample whose conversation lists its tools (some end in an answer after the tools are gone)."""
    while True:
        sample = SKILLS[skill](rng, language, split)
        if sample["tools"]:
            return sample


def _cut(messages: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The messages before the first one with calls, and that one."""
    place = next(index for index, message in enumerate(messages) if message.get("tool_calls"))
    return messages[:place], messages[place]
