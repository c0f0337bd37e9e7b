"""One attempt at one task as tokens: what was shown, what was sampled and how likely that was, and what it earned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from joyflash.rl.environments.protocol import Task


@dataclass
class Trajectory:
    """Token in, token out: ``ids`` grows by sampled tokens and by tokens of results, and is never made anew from text.

    Attributes:
        domain: name of the domain.
        group: number of the prompt's group in the run; the same prompt in another batch is another group.
        sample: number of the attempt in its group.
        seed: of its sampling.
        task: what it attempts.
        ids: the whole sequence so far.
        spans: first and last-plus-one index of every stretch of sampled tokens.
        log_probs: of the sampled tokens, in order, under the weights that sampled them.
        versions: of the weights that sampled each of them.
        replies: what the environment was told (dicts of ``Reply``), enough to lead it here again.
        answers: what the environment said after each reply but the last (OpenAI-shaped messages).
        reward: None while the attempt goes on.
        failure: why it could not be scored.
        cut_off: the last reply ran into a limit.
        routes_TLK: experts of the tokens as far as recorded, int16; -1 = not recorded.
    """

    domain: str
    group: int
    sample: int
    seed: int
    task: Task
    ids: list[int]
    spans: list[tuple[int, int]] = field(default_factory=list)
    log_probs: list[float] = field(default_factory=list)
    versions: list[int] = field(default_factory=list)
    replies: list[dict[str, Any]] = field(default_factory=list)
    answers: list[list[dict[str, Any]]] = field(default_factory=list)
    reward: float | None = None
    failure: str | None = None
    cut_off: bool = False
    routes_TLK: Tensor | None = None

    @property
    def prompt_length(self) -> int:
        """Tokens before the first sampled one."""
        return self.spans[0][0] if self.spans else len(self.ids)

    def sampled_indices(self) -> list[int]:
        """Where the sampled tokens stand in ``ids``; equally many as ``log_probs``."""
        return [index for first, end in self.spans for index in range(first, end)]

    def messages(self) -> list[dict[str, Any]]:
        """The episode after its prompt, OpenAI-shaped: replies, and between them what the environment said."""
        found: list[dict[str, Any]] = []
        for index, reply in enumerate(self.replies):
            message: dict[str, Any] = {"role": "assistant", "content": reply["content"]}
            if reply["reasoning"]:
                message["reasoning_content"] = reply["reasoning"]
            if reply["calls"]:
                message["tool_calls"] = [{"type": "function", "function": dict(call)} for call in reply["calls"]]
            found.append(message)
            found += self.answers[index] if index < len(self.answers) else []
        return found

    def to_dict(self) -> dict[str, Any]:
        """As JSON-able data; Python's floats survive JSON bit for bit."""
        value = {name: getattr(self, name) for name in _PLAIN}
        value["task"] = self.task.to_dict()
        value["routes"] = None if self.routes_TLK is None else self.routes_TLK.tolist()
        return value

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Trajectory:
        """What ``to_dict`` wrote."""
        routes = value.get("routes")
        made = cls(
            **{name: value[name] for name in _PLAIN if name in value},  # older files know no ``answers``
            task=Task.from_dict(value["task"]),
            routes_TLK=None if routes is None else torch.tensor(routes, dtype=torch.int16),
        )
        made.spans = [(first, end) for first, end in made.spans]
        return made


_PLAIN = (
    "domain",
    "group",
    "sample",
    "seed",
    "ids",
    "spans",
    "log_probs",
    "versions",
    "replies",
    "answers",
    "reward",
    "failure",
    "cut_off",
)
