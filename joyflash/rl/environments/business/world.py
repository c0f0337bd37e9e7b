"""What the businesses share: a database that tools change, a customer who answers, and the check of the end state."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from joyflash.agent.tools import Tool, ToolBox, ToolError, object_schema
from joyflash.rl.environments.protocol import Reply, Task, Turn
from joyflash.rl.environments.tool_episode import ToolEpisode
from joyflash.tasks.words import Split

Database = dict[str, Any]
NAMES = {
    "en": ["Mia Novak", "Tom Reed", "Ana Costa", "Ben Okafor", "Lily Chen", "Omar Haddad", "Ivy Larsen", "Noah Weiss"],
    "zh": ["王敏", "李强", "张丽", "陈涛", "刘芳", "赵磊", "孙悦", "周宁"],
}


@dataclass(frozen=True)
class Scenario:
    """What a customer wants and what the policy makes of it.

    Attributes:
        request: the customer's first words.
        lines: what the customer says each time the assistant speaks without calling a tool; after the last the
            conversation is over.
        actions: calls (tool, arguments) that lead to the right end state; none where the policy forbids the wish.
        say: texts that the assistant must have told the customer.
        look_up: tools that must have been used, so that a refusal is one that knows why.
    """

    request: str
    lines: Sequence[str] = ()
    actions: Sequence[tuple[str, dict[str, Any]]] = ()
    say: Sequence[str] = ()
    look_up: Sequence[str] = ()


@dataclass(frozen=True)
class Action:
    """A tool of a business: ``run(database, arguments)`` gives the result as JSON or raises ToolError."""

    name: str
    description: str
    properties: dict[str, Any]
    run: Callable[[Database, dict[str, Any]], Any]
    optional: tuple[str, ...] = field(default=())


class Business:
    """An environment of one business; subclasses bring its data.

    Args:
        calls: tool calls of one conversation at most.
    """

    policy: ClassVar[dict[str, str]]
    actions: ClassVar[Sequence[Action]]

    def __init__(self, calls: int = 20) -> None:
        self._calls = calls

    def database(self, rng: random.Random, language: str) -> Database:
        """Draw the business's records."""
        raise NotImplementedError

    def scenario(self, rng: random.Random, language: str, database: Database) -> Scenario:
        """Draw a wish."""
        raise NotImplementedError

    def propose(self, rng: random.Random, language: str, split: Split) -> Task:
        """See Environment."""
        before = self.database(rng, language)
        scenario = self.scenario(rng, language, before)
        after = copy.deepcopy(before)
        tools = {action.name: action for action in self.actions}
        for name, arguments in scenario.actions:
            tools[name].run(after, arguments)
        messages = ({"role": "system", "content": self.policy[language]}, {"role": "user", "content": scenario.request})
        facts = {
            "before": before,
            "after": after,
            "lines": list(scenario.lines),
            "say": list(scenario.say),
            "look_up": list(scenario.look_up),
        }
        definitions = tuple(_tool(action, {}, []).definition() for action in self.actions)
        return Task(scenario.request, messages, definitions, facts)

    def start(self, task: Task) -> Conversation:
        """See Environment."""
        return Conversation(self.actions, task.facts, self._calls)


class Conversation:
    """One customer's conversation."""

    def __init__(self, actions: Sequence[Action], facts: dict[str, Any], calls: int) -> None:
        self._database: Database = copy.deepcopy(facts["before"])
        self._facts = facts
        self._lines = list(facts["lines"])
        self._used: list[str] = []
        self._said: list[str] = []
        box = ToolBox([_tool(action, self._database, self._used) for action in actions])
        self._episode = ToolEpisode(box, self._answer, calls=calls, turns=calls + len(self._lines) + 2)

    def step(self, reply: Reply) -> Turn:
        """Answer a reply."""
        self._said.append(reply.content)
        return self._episode.step(reply)

    def _answer(self, reply: Reply) -> Turn:
        if self._lines:
            return Turn(({"role": "user", "content": self._lines.pop(0)},))
        return Turn(reward=self._reward())

    def _reward(self) -> float:
        said = "\n".join(self._said)
        right = (
            self._database == self._facts["after"]
            and all(text in said for text in self._facts["say"])
            and set(self._facts["look_up"]) <= set(self._used)
        )
        return float(right)


def _tool(action: Action, database: Database, used: list[str]) -> Tool:
    def run(arguments: dict[str, Any]) -> str:
        result = action.run(database, arguments)
        used.append(action.name)
        return json.dumps(result, ensure_ascii=False)

    required = [name for name in action.properties if name not in action.optional]
    return Tool(action.name, action.description, object_schema(action.properties, required), run)


def find(table: dict[str, Any], key: str, what: str) -> dict[str, Any]:
    """A record; ToolError, which the model reads, where there is none."""
    if key not in table:
        raise ToolError(f"there is no {what} {key}")
    return table[key]


def text(about: str) -> dict[str, Any]:
    """Schema of a text."""
    return {"type": "string", "description": about}


def whole(about: str) -> dict[str, Any]:
    """Schema of a whole number."""
    return {"type": "integer", "description": about}


def choice(about: str, *values: str) -> dict[str, Any]:
    """Schema of one of some texts."""
    return {"type": "string", "enum": list(values), "description": about}
