"""Requests beside listed tools, as the skill generators make them: right calls count, or none where no tool helps."""

from __future__ import annotations

import json
import random
import re
from typing import Any

from joyflash.errors import ConfigError
from joyflash.evaluation.scoring import calls_equal
from joyflash.rl.environments.protocol import Reply, Task, Turn
from joyflash.tasks import SKILLS
from joyflash.tasks.words import Split
from joyflash.text.marks import CALL

_KINDS = ("call", "call_many", "calc", "choose", "no_tool", "session")


class ToolRequests:
    """One reply to a user, somewhere in a generated conversation with tools.

    The reward is 1 for exactly the expected calls, in any order, with typed arguments equal; where no call is expected,
    for a reply in words. Final answers to results are not asked for: their wording is free, so nothing verifies them.
    A task's key is the request alone, so that the same words are never on both sides of the split.

    Args:
        skill: of ``joyflash.tasks.SKILLS``: call, call_many, calc, choose, no_tool or session.

    Raises:
        ConfigError: no such skill, or one without requests to tools.
    """

    def __init__(self, skill: str = "call") -> None:
        if skill not in _KINDS:
            raise ConfigError(f"skill is {skill!r}; it must be one of {', '.join(_KINDS)}.")
        self._sample = SKILLS[skill]

    def propose(self, rng: random.Random, language: str, split: Split) -> Task:
        """See Environment."""
        sample = self._sample(rng, language, split)
        while not sample["tools"]:  # the second half of a conversation whose tools are no longer listed
            sample = self._sample(rng, language, split)
        messages = sample["messages"]
        replies = [n for n, message in enumerate(messages) if n and _answers_user(messages[n - 1], message)]
        end = rng.choice(replies)
        wanted = [
            {"name": call["function"]["name"], "arguments": json.loads(call["function"]["arguments"])}
            for call in messages[end].get("tool_calls", ())
        ]
        asked, facts = messages[end - 1]["content"], {"calls": wanted}
        return Task(asked, tuple(messages[:end]), tuple(sample["tools"]), facts, reply=messages[end])

    def start(self, task: Task) -> _OneReply:
        """See Environment."""
        return _OneReply(task.facts["calls"])


class _OneReply:
    """An episode of one reply. ``wanted``: the expected calls."""

    def __init__(self, wanted: list[dict[str, Any]]) -> None:
        self._wanted = wanted

    def step(self, reply: Reply) -> Turn:
        """Score the reply."""
        made = [{"name": call.name, "arguments": call.arguments} for call in reply.calls]
        right = calls_equal(self._wanted, made) if self._wanted or made else _declines(reply.content)
        return Turn(reward=float(right and not reply.cut_off))


def _declines(content: str) -> bool:
    """Whether a reply without calls says something: markup of a call that cannot be read is none, nor is a dot."""
    return CALL not in content and re.search(r"\w{2}", content) is not None


def _answers_user(before: dict[str, Any], message: dict[str, Any]) -> bool:
    return before["role"] == "user" and message["role"] == "assistant"
