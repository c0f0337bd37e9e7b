"""Runs environments in a process that may be killed: a crash, a hang or a flood costs one episode its reward."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from joyflash.errors import ConfigError, TrainingError
from joyflash.rl.environments.protocol import Reply, Task, Turn
from joyflash.tasks.words import Split

_LONGEST_ANSWER = 16 << 20  # bytes
_START_SECONDS = 60.0


@dataclass(frozen=True)
class Domain:
    """An environment as a recipe uses it.

    Attributes:
        name: what logs and reports call it.
        environment: a name of ``joyflash.rl.environments.ENVIRONMENTS``, or ``file.py:Class``.
        language: "en" or "zh".
        prompts: size of its training set.
        options: of the environment.
        weight: share of the prompts; None = in proportion to the root of ``prompts``.
    """

    name: str
    environment: str
    language: str = "en"
    prompts: int = 256
    options: Mapping[str, Any] = field(default_factory=dict)
    weight: float | None = None

    def __post_init__(self) -> None:
        if self.language not in ("en", "zh"):
            raise ConfigError(f"Domain {self.name}: language is {self.language!r}; it must be 'en' or 'zh'.")
        if self.prompts < 1 or (self.weight is not None and self.weight < 0):
            raise ConfigError(f"Domain {self.name}: prompts must be at least 1, and a weight at least 0.")


@dataclass
class _Open:
    """An open episode: what it takes to begin it again in another process."""

    domain: str
    task: dict[str, Any]
    replies: list[dict[str, Any]] = field(default_factory=list)
    life: int = -1


class _Failed(Exception):
    """The process crashed, hung or reported an error; the text says which."""


class EnvironmentHost:
    """Tasks and episodes of the domains of a recipe.

    Args:
        domains: by which names tasks and episodes are asked for.
        seconds: longest answer to one order; then the process is killed.
        memory_bytes: address space of the process.
        on_failure: told of each failure in a row for the log.

    Attributes:
        last_failure: why the last task that could not be made could not; "" before any.

    Raises:
        ConfigError: a domain's environment cannot be made.
    """

    def __init__(
        self,
        domains: list[Domain],
        *,
        seconds: float = 30.0,
        memory_bytes: int = 4 << 30,
        on_failure: Callable[[dict[str, Any]], None] | None = None,
    ) -> None:
        self.domains = {domain.name: domain for domain in domains}
        if len(self.domains) < len(domains):
            raise ConfigError("Two domains of the recipe have one name.")
        self._seconds, self._memory = seconds, memory_bytes
        self._on_failure = on_failure
        self.last_failure = ""
        self._process: subprocess.Popen[bytes] | None = None
        self._unread = b""
        self._life = 0
        self._open: dict[str, _Open] = {}
        self._count = 0
        self._begin()

    def task(self, domain: str, split: Split, seed: int, index: int) -> Task | None:
        """Problem ``index`` of a domain; None, and a row in the log, where the environment fails to make it."""
        given = {
            "domain": domain,
            "language": self.domains[domain].language,
            "split": split,
            "seed": seed,
            "index": index,
        }
        try:
            return Task.from_dict(self._ask("task", **given))
        except (_Failed, KeyError, TypeError) as failure:
            self.last_failure = str(failure)
            self._note(domain, f"no task {index}: {failure}")
            return None

    def start(self, domain: str, task: Task, replies: Sequence[dict[str, Any]] = ()) -> str:
        """Open an episode, behind ``replies`` (dicts of ``Reply``) that it had before; nothing runs before a step."""
        self._count += 1
        name = f"{domain}/{self._count}"
        self._open[name] = _Open(domain, task.to_dict(), list(replies))
        return name

    def step(self, episode: str, reply: Reply) -> Turn:
        """An episode's answer to a reply; an environment that fails gives reward 0 and a ``failure``."""
        record = self._open[episode]
        try:
            self._revive(episode, record)
            record.replies.append(asdict(reply))
            turn = Turn.from_dict(self._ask("step", episode=episode, reply=record.replies[-1]))
        except (_Failed, KeyError, TypeError) as failure:
            self._note(record.domain, str(failure))
            turn = Turn(reward=0.0, failure=str(failure))
        if turn.reward is not None:
            self._open.pop(episode, None)
        return turn

    def drop(self, episode: str) -> None:
        """Forget an episode that nobody will end."""
        record = self._open.pop(episode, None)
        if record is not None and record.life == self._life:
            with contextlib.suppress(_Failed):
                self._ask("drop", episode=episode)

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._kill()

    def __enter__(self) -> EnvironmentHost:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _revive(self, episode: str, record: _Open) -> None:
        """Begin the episode in the present process and lead it to where it was; its earlier answers are known."""
        if self._process is None:
            self._begin()
        if record.life == self._life:
            return
        self._ask("start", episode=episode, domain=record.domain, task=record.task)
        for reply in record.replies:
            self._ask("step", episode=episode, reply=reply)
        record.life = self._life

    def _begin(self) -> None:
        root = str(Path(__file__).resolve().parents[3])
        command = [sys.executable, "-m", "joyflash.rl.environments.worker", str(self._memory)]
        paths = [root, os.environ.get("PYTHONPATH", "")]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in paths if path)}
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(
            command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, env=environment, start_new_session=True
        )
        os.set_blocking(self._process.stdin.fileno(), False)  # pyright: ignore[reportOptionalMemberAccess]
        self._unread = b""
        self._life += 1
        for domain in self.domains.values():
            given = {"domain": domain.name, "environment": domain.environment, "options": dict(domain.options)}
            try:
                self._ask("open", **given, seconds=_START_SECONDS)
            except _Failed as failure:
                self.close()
                raise ConfigError(f"Domain {domain.name}: {failure}") from failure

    def _ask(self, do: str, *, seconds: float | None = None, **given: Any) -> Any:
        """Send an order and wait for the answer; the process is gone when this raises for more than a plain error."""
        if self._process is None:
            self._begin()
        deadline = time.monotonic() + (seconds or self._seconds)
        try:
            self._send(json.dumps({"do": do, "with": given}).encode() + b"\n", deadline)
            line = self._receive(deadline)
            answer = json.loads(line)
        except (OSError, ValueError) as error:
            self._kill()
            raise _Failed(f"the environment's process ended ({error})") from error
        if "ok" not in answer:
            raise _Failed(answer.get("error", "no answer"))
        return answer["ok"]

    def _send(self, data: bytes, deadline: float) -> None:
        assert self._process is not None and self._process.stdin is not None
        pipe = self._process.stdin.fileno()
        while data:
            _, ready, _ = select.select([], [pipe], [], max(0.0, deadline - time.monotonic()))
            if not ready:
                raise self._late()
            data = data[os.write(pipe, data[: 1 << 16]) :]

    def _receive(self, deadline: float) -> bytes:
        assert self._process is not None and self._process.stdout is not None
        pipe = self._process.stdout.fileno()
        while b"\n" not in self._unread:
            ready, _, _ = select.select([pipe], [], [], max(0.0, deadline - time.monotonic()))
            if not ready:
                raise self._late()
            piece = os.read(pipe, 1 << 16)
            if not piece:
                raise OSError("it ended in the middle of an order")
            self._unread += piece
            if len(self._unread) > _LONGEST_ANSWER:
                raise ValueError("its answer does not end")
        line, _, self._unread = self._unread.partition(b"\n")
        return line

    def _late(self) -> _Failed:
        self._kill()
        return _Failed(f"the environment did not answer within {self._seconds:g} s")

    def _kill(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()

    def _note(self, domain: str, failure: str) -> None:
        if self._on_failure is not None:
            self._on_failure({"domain": domain, "failure": failure})


def need_task(host: EnvironmentHost, domain: str, split: Split, seed: int, index: int, tries: int = 20) -> Task:
    """Problem ``index``, or where that cannot be made the nearest later one.

    Raises:
        TrainingError: many in a row cannot be made; it says why the first could not.
    """
    first = ""
    for further in range(tries):
        task = host.task(domain, split, seed, index + further * 1_000_003)
        if task is not None:
            return task
        first = first or host.last_failure
    raise TrainingError(f"Domain {domain} made no task in {tries} tries; the first failed with: {first}.")
