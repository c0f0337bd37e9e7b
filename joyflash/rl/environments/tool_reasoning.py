"""Tool-integrated reasoning: questions that take a program, and the Python tool to run one; errors are fed back."""

from __future__ import annotations

import random
from collections.abc import Callable
from math import comb

from joyflash.agent.python_tool import python_tool
from joyflash.agent.tools import ToolBox
from joyflash.rl.environments.answers import is_answer
from joyflash.rl.environments.protocol import Reply, Task, Turn
from joyflash.rl.environments.tool_episode import ToolEpisode
from joyflash.sandbox import Limits
from joyflash.tasks.words import Split


class ToolReasoning:
    """Questions with one number as the answer.

    Args:
        calls: of the Python tool in one episode.
        seconds: of processor time of one call.

    Raises:
        SandboxUnavailableError: this machine cannot isolate a program.
    """

    def __init__(self, calls: int = 20, seconds: float = 4.0) -> None:
        self._calls = calls
        limits = Limits(wall_seconds=2 * seconds, cpu_seconds=seconds, memory_bytes=256 << 20)
        self._box = ToolBox([python_tool(limits)])

    def propose(self, rng: random.Random, language: str, split: Split) -> Task:
        """See Environment."""
        question, answer = rng.choice(QUESTIONS)(rng, language)
        tools = tuple(self._box.definitions())
        return Task(question, ({"role": "user", "content": question},), tools, {"answer": str(answer)})

    def start(self, task: Task) -> ToolEpisode:
        """See Environment."""

        def answer(reply: Reply) -> Turn:
            return Turn(reward=float(is_answer(reply.content, task.facts["answer"])))

        return ToolEpisode(self._box, answer, calls=self._calls, turns=self._calls + 2)


def _product(rng: random.Random, language: str) -> tuple[str, int]:
    a, b = rng.randint(10**4, 10**7), rng.randint(10**4, 10**7)
    return (f"What is {a} × {b}?" if language == "en" else f"{a} × {b} 等于多少？"), a * b


def _power(rng: random.Random, language: str) -> tuple[str, int]:
    base, exponent, modulus = rng.randint(3, 99), rng.randint(20, 400), rng.randint(11, 9999)
    question = (
        f"What is the remainder of {base}^{exponent} divided by {modulus}?"
        if language == "en"
        else f"{base}的{exponent}次方除以{modulus}的余数是多少？"
    )
    return question, pow(base, exponent, modulus)


def _primes(rng: random.Random, language: str) -> tuple[str, int]:
    low = rng.randint(10, 2000)
    high = low + rng.randint(20, 400)
    count = sum(all(n % d for d in range(2, int(n**0.5) + 1)) for n in range(max(low, 2), high + 1))
    question = (
        f"How many prime numbers are there from {low} to {high}?"
        if language == "en"
        else f"从{low}到{high}有多少个质数？"
    )
    return question, count


def _divisible(rng: random.Random, language: str) -> tuple[str, int]:
    top, a, b = rng.randint(200, 9000), rng.randint(3, 19), rng.randint(3, 19)
    total = sum(n for n in range(1, top + 1) if n % a == 0 and n % b)
    question = (
        f"Add all whole numbers from 1 to {top} that are divisible by {a} but not by {b}. What is the sum?"
        if language == "en"
        else f"把1到{top}中能被{a}整除但不能被{b}整除的整数相加，和是多少？"
    )
    return question, total


def _choose(rng: random.Random, language: str) -> tuple[str, int]:
    n = rng.randint(12, 60)
    k = rng.randint(3, 9)
    question = (
        f"In how many ways can {k} of {n} people be chosen?"
        if language == "en"
        else f"从{n}人中选{k}人，有多少种选法？"
    )
    return question, comb(n, k)


QUESTIONS: tuple[Callable[[random.Random, str], tuple[str, int]], ...] = (
    _product,
    _power,
    _primes,
    _divisible,
    _choose,
)
"""What may be asked."""
