"""What an environment is: it proposes tasks, and an episode answers every reply of the model until it gives a reward.

Everything that crosses this line is plain data (JSON), because episodes run in a process of their own (see ``host``).
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

from joyflash.errors import TrainingError
from joyflash.tasks.words import Split, fits

_ATTEMPTS = 2000


@dataclass(frozen=True)
class Task:
    """One problem.

    Attributes:
        key: what makes it this problem and no other; the key alone decides on which side of the held-out split it is.
        messages: the prompt, OpenAI-shaped.
        tools: tool definitions, OpenAI-shaped.
        facts: what the verifier needs and the model must not see; JSON.
        reply: a message of the assistant that earns the full reward, OpenAI-shaped, where the environment knows one.
    """

    key: str
    messages: tuple[dict[str, Any], ...]
    tools: tuple[dict[str, Any], ...] = ()
    facts: dict[str, Any] = field(default_factory=dict)
    reply: dict[str, Any] | None = None

    def to_dict(self) -> dict[str, Any]:
        """As JSON-able data."""
        return asdict(self)

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Task:
        """What ``to_dict`` wrote."""
        return cls(value["key"], tuple(value["messages"]), tuple(value["tools"]), value["facts"], value.get("reply"))


@dataclass(frozen=True)
class Call:
    """A tool call of a reply; ``arguments`` is JSON text."""

    name: str
    arguments: str


@dataclass(frozen=True)
class Reply:
    """What the model said in one turn.

    Attributes:
        content: text without reasoning and calls.
        reasoning: its thought.
        calls: tool calls, in order.
        cut_off: the reply ran into its token limit.
    """

    content: str
    reasoning: str = ""
    calls: tuple[Call, ...] = ()
    cut_off: bool = False

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Reply:
        """What ``dataclasses.asdict`` wrote."""
        calls = tuple(Call(**call) for call in value["calls"])
        return cls(value["content"], value["reasoning"], calls, value["cut_off"])


@dataclass(frozen=True)
class Turn:
    """An episode's answer to a reply: more messages (tool results, a user's next words), or the reward that ends it.

    Attributes:
        messages: OpenAI-shaped, of the roles "tool" and "user"; empty at the end.
        reward: from 0 to 1 at the end, else None.
        failure: why the environment could not score the episode; the reward is 0 then.
    """

    messages: tuple[dict[str, Any], ...] = ()
    reward: float | None = None
    failure: str | None = None

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Turn:
        """What ``dataclasses.asdict`` wrote."""
        return cls(tuple(value["messages"]), value["reward"], value["failure"])


class Episode(Protocol):
    """One attempt at one task. Given the same replies it must come to the same reward."""

    def step(self, reply: Reply) -> Turn:
        """Answer a reply."""
        ...


class Environment(Protocol):
    """A kind of task. One class, one file; options of the recipe are its constructor's keyword arguments."""

    def propose(self, rng: random.Random, language: str, split: Split) -> Task:
        """Make a problem in ``language`` ("en" or "zh"), determined by ``rng`` alone.

        ``split`` is a hint for environments whose words are split too; the key decides.
        """
        ...

    def start(self, task: Task) -> Episode:
        """Begin an attempt."""
        ...


class SingleTurn:
    """An episode of one reply; a reply that was cut off earns nothing.

    Args:
        verify: the reward of a reply's content.
    """

    def __init__(self, verify: Callable[[str], float]) -> None:
        self._verify = verify

    def step(self, reply: Reply) -> Turn:
        """Score the reply."""
        return Turn(reward=0.0 if reply.cut_off else self._verify(reply.content))


def make_task(environment: Environment, *, name: str, language: str, split: Split, seed: int, index: int) -> Task:
    """Problem ``index`` of a domain: the first proposal whose key belongs to ``split``.

    The two splits never share a problem, whatever the seeds.

    Raises:
        TrainingError: no proposal of many belongs to the split: the environment has too few problems.
    """
    for attempt in range(_ATTEMPTS):
        rng = random.Random(f"{seed}/{name}/{language}/{split}/{index}/{attempt}")
        task = environment.propose(rng, language, split)
        if fits(task.key, split):
            return task
    raise TrainingError(f"The environment {name} ({language}) found no {split} problem; its keys vary too little.")


def checked(turn: Turn) -> Turn:
    """The turn, if it is one an episode may give.

    Raises:
        TrainingError: the reward is no number from 0 to 1, or there is neither a reward nor a message.
    """
    if turn.reward is None:
        if not turn.messages:
            raise TrainingError("An episode answered with neither a message nor a reward.")
        return turn
    reward = float(turn.reward)
    if not (math.isfinite(reward) and 0.0 <= reward <= 1.0):
        raise TrainingError(f"An episode gave the reward {turn.reward!r}; rewards lie between 0 and 1.")
    return Turn(reward=reward, failure=turn.failure)
