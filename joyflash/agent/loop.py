"""The loop: ask, run the calls, give back the results, ask again, until the model answers or a budget is spent."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from joyflash.agent.client import ChatClient, OnPiece, Reply
from joyflash.agent.tools import Tool, ToolBox
from joyflash.errors import ConfigError, JoyflashError

OnEvent = Callable[[dict[str, Any]], None]


@dataclass(frozen=True)
class Budget:
    """Bounds on one run.

    Attributes:
        calls: tool calls; further ones are refused, and the model is asked for an answer without tools.
        tokens: prompt and completion tokens of all requests together; the run ends after the request that passes it.
        seconds: by the clock, tools included.
    """

    calls: int = 20
    tokens: int = 200_000
    seconds: float = 600.0

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if value <= 0:
                raise ConfigError(f"The budget of {name} must be positive; got {value!r}.")


@dataclass(frozen=True)
class Outcome:
    """How a run ended.

    Attributes:
        text: the model's last words.
        reason: "answered"; "calls", "tokens" or "seconds" for a spent budget; "length" for a cut-off answer;
            "interrupted" after Ctrl-C.
        messages: the whole conversation, in OpenAI's shape.
        calls, tokens, seconds: what it took.
    """

    text: str
    reason: str
    messages: list[dict[str, Any]]
    calls: int
    tokens: int
    seconds: float


class Agent:
    """Lets a model use tools.

    Args:
        client: the model.
        tools: what it may call.
        budget: bounds on each run.
        options: further fields of every request, e.g. ``temperature``.
        on_event: told of every request, reply, call, result and end; see Trace.
        on_piece: see ChatClient.ask.
    """

    def __init__(
        self,
        client: ChatClient,
        tools: Sequence[Tool] = (),
        *,
        budget: Budget | None = None,
        options: Mapping[str, Any] | None = None,
        on_event: OnEvent | None = None,
        on_piece: OnPiece | None = None,
    ):
        self.client = client
        self.box = ToolBox(tools)
        self.budget = budget or Budget()
        self.options = dict(options or {})
        self._on_event = on_event
        self._on_piece = on_piece

    def run(self, messages: Sequence[Mapping[str, Any]]) -> Outcome:
        """Carry a conversation on until the model answers without a call.

        Raises:
            AgentError, ServerUnreachableError: the server failed; the trace says how far it came.
        """
        return _Run(self, messages).run()

    def tell(self, event: str, **details: Any) -> None:
        """Report an event."""
        if self._on_event is not None:
            self._on_event({"event": event, "time": time.time(), **details})


class _Run:
    """One run of an agent."""

    def __init__(self, agent: Agent, messages: Sequence[Mapping[str, Any]]):
        self.agent = agent
        self.messages = [dict(message) for message in messages]
        self.start = time.monotonic()
        self.calls = self.tokens = 0

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.start

    @property
    def left(self) -> float:
        return self.agent.budget.seconds - self.seconds

    def run(self) -> Outcome:
        try:
            reply, reason = self._loop()
        except JoyflashError as error:
            self.agent.tell("error", message=str(error), calls=self.calls, tokens=self.tokens, seconds=self.seconds)
            raise
        spent = {"calls": self.calls, "tokens": self.tokens, "seconds": self.seconds}
        self.agent.tell("end", reason=reason, text=reply.content, **spent)
        return Outcome(reply.content, reason, self.messages, **spent)

    def _loop(self) -> tuple[Reply, str]:
        budget = self.agent.budget
        while True:
            may_call = self.calls < budget.calls
            reply = self._ask(self.agent.box.definitions() if may_call else [])
            self.messages.append(reply.as_message())
            if not reply.calls or not may_call:
                reply.calls.clear()
                self.messages[-1].pop("tool_calls", None)
                ended = reply.finish_reason in ("length", "interrupted")
                return reply, reply.finish_reason if ended else "answered" if may_call else "calls"
            self._run_calls(reply.calls)
            if self.tokens >= budget.tokens:
                return reply, "tokens"
            if self.left <= 0:
                return reply, "seconds"

    def _ask(self, tools: list[dict[str, Any]]) -> Reply:
        agent = self.agent
        agent.tell("request", model=agent.client.model, messages=len(self.messages), tools=len(tools))
        reply = agent.client.ask(
            self.messages, tools, agent.options, on_piece=agent._on_piece, timeout=max(self.left, 0.1)
        )
        self.tokens += reply.prompt_tokens + reply.completion_tokens
        agent.tell("reply", **vars(reply))
        return reply

    def _run_calls(self, calls: Sequence[dict[str, Any]]) -> None:
        """Run the calls of one message at the same time; results in the order of the calls."""
        allowed = calls[: self.agent.budget.calls - self.calls]
        self.calls += len(allowed)
        pool = ThreadPoolExecutor(max_workers=max(1, len(allowed)))
        try:
            started = [pool.submit(self._run_call, call) for call in allowed]
            for place, call in enumerate(calls):
                ok, text = self._result(started[place] if place < len(started) else None)
                self.agent.tell("result", id=call["id"], name=call["function"]["name"], ok=ok, text=text)
                self.messages.append({"role": "tool", "tool_call_id": call["id"], "content": text})
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def _run_call(self, call: dict[str, Any]) -> tuple[bool, str]:
        function = call["function"]
        self.agent.tell("call", id=call["id"], name=function["name"], arguments=function["arguments"])
        return self.agent.box.run(function["name"], function["arguments"])

    def _result(self, future: Future[tuple[bool, str]] | None) -> tuple[bool, str]:
        if future is None:
            return False, f"Error: no more than {self.agent.budget.calls} calls are allowed; answer with what you know."
        try:
            return future.result(timeout=max(self.left, 0.0))
        except FutureTimeoutError:
            return False, "Error: there is no time left; the call was given up."


class Trace:
    """Writes every event as one line of a JSON Lines file, at once.

    Args:
        path: added to if it exists.
    """

    def __init__(self, path: Path):
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("a", encoding="utf-8")

    def __call__(self, event: dict[str, Any]) -> None:
        """Write one event."""
        self._file.write(json.dumps(event, ensure_ascii=False) + "\n")
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()
