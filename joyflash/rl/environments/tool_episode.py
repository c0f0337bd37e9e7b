"""An episode with tools: calls are run as the agent runs them, and their results are the next messages."""

from __future__ import annotations

from collections.abc import Callable

from joyflash.agent.tools import ToolBox
from joyflash.rl.environments.protocol import Reply, Turn

Answer = Callable[[Reply], Turn]


class ToolEpisode:
    """Runs the calls of every reply; a reply without a call goes to ``answer``.

    Nothing a model writes in a call can raise: an unknown tool, arguments that are no JSON or do not fit the schema,
    and a failing tool are texts that it reads (``joyflash.agent.tools.ToolBox``, which the agent uses too).

    Args:
        box: the tools.
        answer: the turn after a reply without calls.
        calls: most calls of the episode; further ones are refused with a text.
        turns: most replies of the episode; the last one goes to ``answer`` whatever it is.
    """

    def __init__(self, box: ToolBox, answer: Answer, *, calls: int = 20, turns: int = 24) -> None:
        self._box, self._answer = box, answer
        self._calls_left, self._most_calls, self._turns_left = calls, calls, turns

    def step(self, reply: Reply) -> Turn:
        """Answer a reply."""
        self._turns_left -= 1
        if reply.cut_off:
            return Turn(reward=0.0)
        if not reply.calls or self._turns_left <= 0:
            turn = self._answer(reply)
            return turn if turn.reward is not None or self._turns_left > 0 else Turn(reward=0.0)
        return Turn(tuple({"role": "tool", "content": self._run(call.name, call.arguments)} for call in reply.calls))

    def _run(self, name: str, arguments: str) -> str:
        if self._calls_left <= 0:
            return f"Error: no more than {self._most_calls} calls are allowed; answer with what you know."
        self._calls_left -= 1
        return self._box.run(name, arguments)[1]
