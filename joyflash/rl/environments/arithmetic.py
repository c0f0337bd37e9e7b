"""Sums in words, as the skill generator asks them; any wording of the answer counts if its final number is right."""

from __future__ import annotations

import random
import re

from joyflash.rl.environments.answers import is_answer
from joyflash.rl.environments.protocol import SingleTurn, Task
from joyflash.tasks import arithmetic
from joyflash.tasks.words import Split

_RESULT = re.compile(r"(-?\d+) ([+×-]) (-?\d+) = (-?\d+)[.。]$")


class Arithmetic:
    """Sums of one- and two-digit numbers.

    Args:
        largest: with it, plain sums of numbers up to this size instead of the generator's phrasings.
    """

    def __init__(self, largest: int | None = None) -> None:
        self._largest = largest

    def propose(self, rng: random.Random, language: str, split: Split) -> Task:
        """See Environment."""
        if self._largest is not None:
            a, b = rng.randint(0, self._largest), rng.randint(0, self._largest)
            sign = rng.choice("+-*")
            question = f"{a} {'×' if sign == '*' else sign} {b} = ?"
            facts = {"answer": str(arithmetic.result(a, b, sign))}
            return Task(f"{a}{sign}{b}", ({"role": "user", "content": question},), facts=facts)
        row = arithmetic.sample(rng, "en" if language == "en" else "zh", split)
        found = _RESULT.search(row["messages"][1]["content"])
        assert found is not None
        key = f"{found[1]}{found[2].replace('×', '*')}{found[3]}"
        return Task(key, (row["messages"][0],), facts={"answer": found[4]})

    def start(self, task: Task) -> SingleTurn:
        """See Environment."""
        return SingleTurn(lambda text: float(is_answer(text, task.facts["answer"])))
