"""Which decimal is bigger, in the many forms of the skill generator."""

from __future__ import annotations

import random

from joyflash.rl.environments.protocol import SingleTurn, Task
from joyflash.tasks.compare import check_compare, comparison
from joyflash.tasks.compare_reasoning import pair_key
from joyflash.tasks.words import Split

_LONGEST = 2000  # characters; a verdict needs no more, and patterns are tried on all of it


class Comparison:
    """Questions about two or three numbers; the verdict in the last sentence counts."""

    def propose(self, rng: random.Random, language: str, split: Split) -> Task:
        """See Environment."""
        item = comparison(rng, "en" if language == "en" else "zh", split)
        facts = {"expected": item.expected, "numbers": [] if item.story else list(item.numbers)}
        reply = {"role": "assistant", "content": f"{item.steps} {item.conclusion}"}
        return Task(pair_key(item.numbers), ({"role": "user", "content": item.question},), facts=facts, reply=reply)

    def start(self, task: Task) -> SingleTurn:
        """See Environment."""
        expected, numbers = task.facts["expected"], task.facts.get("numbers", ())
        return SingleTurn(lambda text: float(len(text) <= _LONGEST and check_compare(text, expected, numbers)))
