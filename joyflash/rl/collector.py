"""Batches of rollouts: groups of attempts at one prompt, kept on disk as soon as they are scored.

In the synchronous form a batch is sampled by one set of weights. In the asynchronous form episodes stay in flight while
the weights change, so that no long one makes the others wait; a group is trained on at most ``staleness`` batches after
the one in which it began.
"""

from __future__ import annotations

import random
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from joyflash.rl.curriculum import Curriculum
from joyflash.rl.environments.host import need_task
from joyflash.rl.recipe import RLRecipe
from joyflash.rl.rollout import Rollouts
from joyflash.rl.spool import append_rows, recover_rows
from joyflash.rl.trajectory import Trajectory

SPOOL = "rollouts.jsonl"


@dataclass
class Group:
    """Attempts at one prompt.

    Attributes:
        number: of the group in the run.
        start: batch in which it began.
        prompt: number of the prompt in its domain.
        attempts: all of them; the group is complete when each has a reward.
    """

    number: int
    start: int
    prompt: int
    attempts: list[Trajectory]

    @property
    def complete(self) -> bool:
        """Whether every attempt is scored."""
        return all(attempt.reward is not None for attempt in self.attempts)

    def to_dict(self) -> dict[str, Any]:
        """As JSON-able data."""
        return {**vars(self), "attempts": [attempt.to_dict() for attempt in self.attempts]}

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Group:
        """What ``to_dict`` wrote."""
        attempts = [Trajectory.from_dict(attempt) for attempt in value["attempts"]]
        return cls(value["number"], value["start"], value["prompt"], attempts)


class Collector:
    """Fills batches.

    Args:
        recipe: how many of what.
        rollouts: runs the episodes.
        curriculum: chooses the prompts.
        folder: run folder; complete groups since the last checkpoint are kept there.
        state: what ``state`` gave at the checkpoint that the run goes on from.
    """

    def __init__(
        self,
        recipe: RLRecipe,
        rollouts: Rollouts,
        curriculum: Curriculum,
        folder: Path,
        state: Mapping[str, Any] | None = None,
    ) -> None:
        self._recipe, self._rollouts, self._curriculum = recipe, rollouts, curriculum
        self._path = folder / SPOOL
        self._staleness = recipe.staleness if recipe.asynchronous else 0
        self._groups = {group["number"]: Group.from_dict(group) for group in (state or {}).get("groups", ())}
        self._next = (state or {}).get("next", 0)
        self._spooled = self._read_spool()
        self._begun: set[int] = set()
        # Numbers that a killed run gave away must not be given again; without asynchrony they come out the same.
        kept = [group.number for groups in self._spooled.values() for group in groups]
        self._taken = set(kept) if recipe.asynchronous else set()

    def next_batch(self, batch: int) -> list[Group]:
        """Complete groups for batch number ``batch`` (from 0), the oldest first."""
        self._adopt(batch)
        for group in self._groups.values():
            self._begin(group)
        while not self._enough(batch):
            self._top_up(batch)
            # Several attempts of a group may end in one step; the group is kept once.
            for number in dict.fromkeys(attempt.group for attempt in self._rollouts.step()):
                if self._groups[number].complete:
                    self._keep(batch, self._groups[number])
        ready = [group for group in sorted(self._groups.values(), key=lambda g: g.number) if group.complete]
        chosen = [group for group in ready if self._due(group, batch)]
        chosen += [group for group in ready if group not in chosen][: max(0, self._recipe.groups - len(chosen))]
        for group in chosen:
            del self._groups[group.number]
        return chosen

    def state(self) -> dict[str, Any]:
        """What a checkpoint needs, once ``Rollouts.pause`` was called: groups in flight or unused, and the count."""
        return {"groups": [group.to_dict() for group in self._groups.values()], "next": self._next_number()}

    def forget_spool(self) -> None:
        """A checkpoint holds everything now."""
        self._path.unlink(missing_ok=True)

    def _next_number(self) -> int:
        """The lowest number that no group has had."""
        while self._next in self._begun or self._next in self._taken:
            self._next += 1
        return self._next

    def _due(self, group: Group, batch: int) -> bool:
        return batch - group.start >= self._staleness

    def _enough(self, batch: int) -> bool:
        complete = sum(group.complete for group in self._groups.values())
        waiting = any(self._due(group, batch) and not group.complete for group in self._groups.values())
        return complete >= self._recipe.groups and not waiting

    def _top_up(self, batch: int) -> None:
        """Begin groups: as many as the batch lacks, or so that the engine stays full."""
        recipe = self._recipe
        while len(self._groups) < recipe.groups * (1 + self._staleness):
            open_groups = sum(not group.complete for group in self._groups.values())
            if open_groups >= recipe.groups:
                return
            self._new_group(batch)

    def _new_group(self, batch: int) -> None:
        recipe, number = self._recipe, self._next_number()
        rng = random.Random(f"{recipe.seed}/group/{number}")
        domain, prompt = self._curriculum.choose(rng, batch / max(1, recipe.batches - 1))
        task = need_task(self._rollouts.host, domain, "train", recipe.seed, prompt)
        attempts = [
            self._rollouts.new(domain, task, number, sample, sampling_seed(recipe.seed, "train", number, sample))
            for sample in range(recipe.samples)
        ]
        self._groups[number] = Group(number, batch, prompt, attempts)
        self._begin(self._groups[number])

    def _begin(self, group: Group) -> None:
        if group.number in self._begun:
            return
        self._begun.add(group.number)
        for attempt in group.attempts:
            if attempt.reward is None:
                self._rollouts.begin(attempt)

    def _adopt(self, batch: int) -> None:
        """Take the groups that a killed run completed in this batch; they need not be sampled again."""
        for group in self._spooled.pop(batch, ()):
            if group.number not in self._begun:
                self._groups[group.number] = group
                self._begun.add(group.number)

    def _keep(self, batch: int, group: Group) -> None:
        append_rows(self._path, [{"batch": batch, "group": group.to_dict()}])

    def _read_spool(self) -> dict[int, list[Group]]:
        """Groups by the batch that completed them."""
        found: dict[int, list[Group]] = {}
        for row in recover_rows(self._path):
            found.setdefault(row["batch"], []).append(Group.from_dict(row["group"]))
        return found


def sampling_seed(*parts: Any) -> int:
    """A seed of 63 bits from numbers and names."""
    text = "/".join(map(str, parts)).encode()
    return (zlib.crc32(text) << 31) ^ zlib.crc32(b"joyflash" + text)
