"""The process that environments run in: orders in, answers out, one JSON object a line.

Whatever an environment or an answer does here (crash, hang, eat memory, print) cannot reach the training run: the host
kills this process and starts another.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from dataclasses import asdict
from typing import Any

from joyflash.errors import ConfigError, JoyflashError
from joyflash.rl.environments import make_environment
from joyflash.rl.environments.protocol import Environment, Episode, Reply, Task, checked, make_task


class Worker:
    """Environments and open episodes of this process."""

    def __init__(self) -> None:
        self._environments: dict[str, Environment] = {}
        self._episodes: dict[str, Episode] = {}

    def answer(self, order: dict[str, Any]) -> dict[str, Any]:
        """Carry out one order; every mistake of an environment becomes the text of an ``error``."""
        try:
            return {"ok": getattr(self, f"do_{order['do']}")(**order["with"])}
        except JoyflashError as error:
            return {"error": str(error), "config": isinstance(error, ConfigError)}
        except RecursionError:
            return {"error": "RecursionError: the environment recursed too deeply"}
        except MemoryError:
            return {"error": "MemoryError: the environment ran out of memory"}
        except Exception as error:
            return {"error": f"{type(error).__name__}: {error}"[:2000]}

    def do_open(self, domain: str, environment: str, options: dict[str, Any]) -> None:
        """Make a domain's environment."""
        self._environments[domain] = make_environment(environment, options)

    def do_task(self, domain: str, language: str, split: Any, seed: int, index: int) -> dict[str, Any]:
        """Make a problem."""
        made = make_task(
            self._environments[domain], name=domain, language=language, split=split, seed=seed, index=index
        )
        return made.to_dict()

    def do_start(self, episode: str, domain: str, task: dict[str, Any]) -> None:
        """Begin an episode."""
        self._episodes[episode] = self._environments[domain].start(Task.from_dict(task))

    def do_step(self, episode: str, reply: dict[str, Any]) -> dict[str, Any]:
        """Answer a reply; an episode that ends is forgotten."""
        turn = checked(self._episodes[episode].step(Reply.from_dict(reply)))
        if turn.reward is not None:
            del self._episodes[episode]
        return asdict(turn)

    def do_drop(self, episode: str) -> None:
        """Forget an episode."""
        self._episodes.pop(episode, None)


def main() -> None:
    """Read orders from standard input until it closes."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what an environment prints must not look like an answer
    memory = int(sys.argv[1])
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    worker = Worker()
    for line in sys.stdin:
        try:
            text = json.dumps(worker.answer(json.loads(line)))
        except (ValueError, TypeError, RecursionError) as error:
            text = json.dumps({"error": f"the environment's answer is no plain data: {error}"[:2000]})
        answers.write(text + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
