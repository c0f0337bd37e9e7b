# ruff: noqa: E501 (wordings read best one idea a line)
"""Instruction following: write about a topic under one to three constraints that a program can check."""

from __future__ import annotations

import random

from joyflash.rl.environments.instruction_checks import CHECKS, words_of
from joyflash.rl.environments.protocol import SingleTurn, Task
from joyflash.tasks.words import Split

_TOPICS = {
    "en": "a rainy morning|the sea|learning to cook|a lost key|the first snow|riding a bicycle|an old library|bees|"
    "a long train journey|how bread is made|a market at noon|why the sky is blue|a letter to a friend|mountains",
    "zh": "下雨的早晨|大海|学做饭|丢失的钥匙|第一场雪|骑自行车|老图书馆|蜜蜂|长途火车|面包的做法|中午的集市|天空为什么是蓝色的|给朋友的信|大山",
}
_ASK = {"en": "Write about {topic}.", "zh": "写一写{topic}。"}
_LONGEST = 20_000  # characters


class Instructions:
    """Constraints in the manner of IFEval.

    The reward is the share of constraints kept, and 0 for a text that says nothing: one that is empty, or repeats a
    few words, keeps many constraints without following any instruction.

    Args:
        most: constraints of one task at most.
        strict: all constraints or nothing.
    """

    def __init__(self, most: int = 3, strict: bool = False) -> None:
        self._most, self._strict = most, strict

    def propose(self, rng: random.Random, language: str, split: Split) -> Task:
        """See Environment."""
        topic = rng.choice(_TOPICS[language].split("|"))
        chosen: dict[str, dict] = {}
        wanted = rng.randint(1, self._most)
        for name in rng.sample(sorted(CHECKS), len(CHECKS)):
            check = CHECKS[name]
            if len(chosen) < wanted and not any(name in CHECKS[o].clashes or o in check.clashes for o in chosen):
                chosen[name] = check.draw(rng, language)
        said = [CHECKS[name].say[language].format(**drawn) for name, drawn in chosen.items()]
        gap = " " if language == "en" else ""
        content = gap.join([_ASK[language].format(topic=topic), *said])
        return Task(content, ({"role": "user", "content": content},), facts={"checks": chosen})

    def start(self, task: Task) -> SingleTurn:
        """See Environment."""
        return SingleTurn(lambda text: self._reward(text, task.facts["checks"]))

    def _reward(self, text: str, checks: dict[str, dict]) -> float:
        if len(text) > _LONGEST or not says_something(text):
            return 0.0
        kept = [CHECKS[name].holds(text, drawn) for name, drawn in checks.items()]
        return float(all(kept)) if self._strict else sum(kept) / len(kept)


def says_something(text: str) -> bool:
    """Whether a text has at least three words and does not merely repeat a few."""
    words = words_of(text.lower())
    if len(words) < 3:
        return False
    return len(words) < 20 or len(set(words)) >= 0.25 * min(len(words), 200)
