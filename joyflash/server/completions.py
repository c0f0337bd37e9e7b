"""`/v1/completions`: text that goes on, in OpenAI's shape, whole or as chunks, both from the same parts."""

from __future__ import annotations

import time
import uuid
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any

from joyflash.engine.async_engine import AsyncEngine
from joyflash.engine.request import Delta, TokenLogprob
from joyflash.server.completion_job import CompletionJob, Prompt, read_completion_request
from joyflash.server.completion_logprobs import LogprobLists
from joyflash.server.merging import MergedDeltas, start_all
from joyflash.server.models import ModelNames
from joyflash.server.record import Deltas
from joyflash.server.settings import ServerSettings


@dataclass
class Part:
    """More of one choice: its text, its tokens' log-probabilities in lists, and its end."""

    index: int
    text: str
    logprobs: dict[str, Any] | None
    finish_reason: str | None


class OpenAICompletions:
    """Answers completion requests.

    Args:
        async_engine: generates.
        names: under which names the model answers.
        settings: bounds on one request.
    """

    def __init__(self, async_engine: AsyncEngine, names: ModelNames, settings: ServerSettings):
        self.async_engine = async_engine
        self.engine = async_engine.engine
        self.names = names
        self.settings = settings

    def prepare(self, body: dict[str, Any]) -> CompletionJob:
        """Check and translate a body; RequestError names the field that is wrong."""
        return read_completion_request(body, self.engine, self.settings, self.names.resolve)

    def start(self, job: CompletionJob, priority: int = 0, whole: bool = False) -> MergedDeltas:
        """Put all prompts in line; EngineBusyError when it is full. Closing the result cancels them.

        ``whole``: nothing comes before a choice's end, which costs less.
        """
        requests = [replace(prompt.request, priority=priority) for prompt in job.prompts]
        return start_all(self.async_engine, requests, whole=whole)

    async def complete(self, job: CompletionJob, deltas: Deltas) -> dict[str, Any]:
        """The whole answer, put together from the parts. Cancelling this coroutine cancels the generation."""
        usage = _Usage(job)
        choices: list[dict[str, Any]] = [
            {"text": "", "index": index, "logprobs": None, "finish_reason": None}
            for index in range(len(job.prompts) * job.n)
        ]
        async with aclosing(self._parts(job, deltas, usage)) as parts:
            async for part in parts:
                choice = choices[part.index]
                choice["text"] += part.text
                choice["finish_reason"] = part.finish_reason
                if choice["logprobs"] is None:
                    choice["logprobs"] = part.logprobs
                elif part.logprobs is not None:
                    for name, values in part.logprobs.items():
                        choice["logprobs"][name] += values
        return {**_head(job), "choices": choices, "usage": usage.body()}

    async def chunks(self, job: CompletionJob, deltas: Deltas) -> AsyncGenerator[dict[str, Any], None]:
        """The answer as chunks. Closing this generator cancels the generation."""
        usage, head = _Usage(job), _head(job)
        if job.include_usage:
            head["usage"] = None
        async with aclosing(self._parts(job, deltas, usage)) as parts:
            async for part in parts:
                if part.text or part.logprobs or part.finish_reason:
                    yield {**head, "choices": [vars(part)]}
        if job.include_usage:
            yield {**head, "choices": [], "usage": usage.body()}

    async def _parts(self, job: CompletionJob, deltas: Deltas, usage: _Usage) -> AsyncGenerator[Part, None]:
        """What each delta adds, the echo first. Choices wait for the prompt's log-probabilities, which come once."""
        writers = {prompt.request.request_id: _PromptWriter(self, job, i) for i, prompt in enumerate(job.prompts)}
        async with aclosing(deltas):
            async for delta in deltas:
                usage.note(delta)
                for part in writers[delta.request_id].push(delta):
                    yield part


class _PromptWriter:
    """Writes the choices of one prompt."""

    def __init__(self, service: OpenAICompletions, job: CompletionJob, number: int):
        self._tokenizer = service.engine.tokenizer
        self._job = job
        self._prompt: Prompt = job.prompts[number]
        self._first = number * job.n
        self._lists = [LogprobLists(self._tokenizer) for _ in range(job.n)]
        self._echoed = [not job.echo] * job.n
        self._held: list[Delta] = []
        self._scores: tuple[TokenLogprob, ...] | None = None

    def push(self, delta: Delta) -> list[Part]:
        """The parts that a delta makes, or none while the prompt's log-probabilities are to come."""
        if delta.prompt_logprobs is not None:
            self._scores = delta.prompt_logprobs
        self._held.append(delta)
        if self._prompt.request.params.prompt_logprobs is not None and self._scores is None:
            return []
        ready, self._held = self._held, []
        return [self._part(each) for each in ready]

    def _part(self, delta: Delta) -> Part:
        index, text = delta.index, delta.text
        entries: list[TokenLogprob | int] = list(delta.logprobs or ())
        if not self._echoed[index]:
            self._echoed[index] = True
            own = self._prompt.request.prompt_ids[self._prompt.added :]
            text = self._tokenizer.decode(own, skip_control=False) + text
            scores = (self._scores or ())[-len(own) :] if own else ()
            # The prompt's very first token has nothing before it; one behind an added begin token has.
            entries = [*own[: len(own) - len(scores)], *scores, *entries]
        logprobs = self._lists[index].lists(entries) if self._job.logprobs is not None else None
        return Part(self._first + index, text, logprobs, delta.finish_reason)


class _Usage:
    """Counts tokens as deltas pass."""

    def __init__(self, job: CompletionJob):
        self._prompt = job.prompt_token_count
        self._completion = 0
        self._cached: dict[str, int] = {}

    def note(self, delta: Delta) -> None:
        self._completion += len(delta.token_ids)
        known = self._cached.get(delta.request_id, delta.cached_token_count)
        self._cached[delta.request_id] = min(known, delta.cached_token_count)

    def body(self) -> dict[str, Any]:
        return {
            "prompt_tokens": self._prompt,
            "completion_tokens": self._completion,
            "total_tokens": self._prompt + self._completion,
            "prompt_tokens_details": {"cached_tokens": sum(self._cached.values())},
        }


def _head(job: CompletionJob) -> dict[str, Any]:
    return {
        "id": f"cmpl-{uuid.uuid4().hex}",
        "object": "text_completion",
        "created": int(time.time()),
        "model": job.model,
    }
