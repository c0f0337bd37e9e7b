"""An environment of your own is one class in one file. This one asks for words backwards.

Try it:          python examples/custom_environment.py
In a recipe:     Domain("backwards", "examples/custom_environment.py:Backwards", prompts=500)
"""

from __future__ import annotations

import random

from joyflash.rl.environments.host import Domain, EnvironmentHost
from joyflash.rl.environments.protocol import Reply, SingleTurn, Task
from joyflash.tasks.words import Split, pseudo_word


class Backwards:
    """Write a word backwards.

    Args:
        longest: letters of the longest word.
    """

    def __init__(self, longest: int = 6) -> None:
        self._longest = longest

    def propose(self, rng: random.Random, language: str, split: Split) -> Task:
        """A task is a key (which decides the held-out split), a prompt, and what the verifier needs to know."""
        word = pseudo_word(rng, split, longest=self._longest)
        question = f"Write '{word}' backwards." if language == "en" else f"把“{word}”倒着写。"
        return Task(word, ({"role": "user", "content": question},), facts={"answer": word[::-1]})

    def start(self, task: Task) -> SingleTurn:
        """An episode of one turn is a function from the answer's text to a reward between 0 and 1."""
        return SingleTurn(lambda text: float(text.strip(" .'\"").endswith(task.facts["answer"])))


def main() -> None:
    """Give one task a right and a wrong answer."""
    domain = Domain("backwards", f"{__file__}:Backwards")
    with EnvironmentHost([domain]) as host:
        task = host.task("backwards", "train", seed=0, index=0)
        assert task is not None
        print(task.messages[-1]["content"])
        for answer in (task.facts["answer"], task.key):
            turn = host.step(host.start("backwards", task), Reply(answer))
            print(f"  {answer!r} earns {turn.reward}")


if __name__ == "__main__":
    main()
