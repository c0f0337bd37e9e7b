"""`/v1/chat/completions`: the answer in OpenAI's shapes, whole or as chunks, both from the same pieces."""

from __future__ import annotations

import time
import uuid
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from joyflash.engine.async_engine import AsyncEngine, DeltaStream
from joyflash.server.chat_job import ChatJob
from joyflash.server.choices import ArgumentsPiece, CallPiece, ChoiceReader, Piece, ReasoningPiece, TextPiece
from joyflash.server.models import ModelNames
from joyflash.server.openai_request import read_chat_request
from joyflash.server.record import Deltas
from joyflash.server.settings import ServerSettings
from joyflash.server.text_logprobs import TextLogprobs


class OpenAIChat:
    """Answers chat requests.

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

    def prepare(self, body: dict[str, Any]) -> ChatJob:
        """Check and translate a body; RequestError names the field that is wrong."""
        return read_chat_request(body, self.engine, self.settings, self.names.resolve)

    def start(self, job: ChatJob, priority: int = 0, whole: bool = False) -> DeltaStream:
        """Put a request in line; EngineBusyError when the line is full. Closing the result cancels the request.

        ``whole``: nothing comes before the end, which costs less.
        """
        return self.async_engine.stream(replace(job.request, priority=priority), whole=whole)

    async def complete(self, job: ChatJob, deltas: Deltas) -> dict[str, Any]:
        """The whole `chat.completion`. Cancelling this coroutine cancels the generation."""
        readers = self._readers(job)
        messages = [_GrowingMessage() for _ in readers]
        logprobs = self._text_logprobs(job)
        content: list[list[dict[str, Any]]] = [[] for _ in readers]
        async with aclosing(deltas):
            async for delta in deltas:
                logprobs[delta.index].note(delta.logprobs or ())
                for piece in readers[delta.index].push(delta):
                    messages[delta.index].add(piece)
                    content[delta.index] += logprobs[delta.index].take(piece)
        choices = [
            {
                "index": index,
                "message": messages[index].as_dict(),
                "logprobs": {"content": content[index], "refusal": None} if job.top_logprobs is not None else None,
                "finish_reason": reader.finish_reason,
            }
            for index, reader in enumerate(readers)
        ]
        head = self._head(job, "chat.completion")
        return {**head, "choices": choices, "usage": _usage(job, readers)}

    async def chunks(self, job: ChatJob, deltas: Deltas) -> AsyncGenerator[dict[str, Any], None]:
        """The answer as `chat.completion.chunk`s. Closing this generator cancels the generation."""
        readers = self._readers(job)
        text_logprobs = self._text_logprobs(job)
        head = self._head(job, "chat.completion.chunk")
        if job.include_usage:
            head["usage"] = None

        def chunk(
            index: int, delta: dict[str, Any], finish_reason: str | None = None, content: Sequence[Any] = ()
        ) -> dict[str, Any]:
            logprobs = {"content": content, "refusal": None} if content else None
            choice = {"index": index, "delta": delta, "logprobs": logprobs, "finish_reason": finish_reason}
            usage = {"usage": _usage(job, readers)} if job.continuous_usage else {}
            return {**head, "choices": [choice], **usage}

        for index in range(len(readers)):
            yield chunk(index, {"role": "assistant", "content": "", "refusal": None})
        async with aclosing(deltas):
            async for delta in deltas:
                reader = readers[delta.index]
                logprobs = text_logprobs[delta.index]
                logprobs.note(delta.logprobs or ())
                for piece in reader.push(delta):
                    yield chunk(delta.index, _chunk_delta(piece), content=logprobs.take(piece))
                if reader.finish_reason is not None:
                    yield chunk(delta.index, {}, reader.finish_reason)
        if job.include_usage:
            yield {**head, "choices": [], "usage": _usage(job, readers)}

    def _readers(self, job: ChatJob) -> list[ChoiceReader]:
        return [ChoiceReader(job) for _ in range(job.request.params.n)]

    def _head(self, job: ChatJob, kind: str) -> dict[str, Any]:
        return {"id": f"chatcmpl-{uuid.uuid4().hex}", "object": kind, "created": int(time.time()), "model": job.model}

    def _text_logprobs(self, job: ChatJob) -> list[TextLogprobs]:
        wanted = job.top_logprobs is not None
        return [TextLogprobs(self.engine.tokenizer, wanted) for _ in range(job.request.params.n)]


class _GrowingMessage:
    """An assistant message that fills up piece by piece."""

    def __init__(self) -> None:
        self.content = ""
        self.reasoning = ""
        self.calls: list[dict[str, Any]] = []

    def add(self, piece: Piece) -> None:
        """Append one piece."""
        match piece:
            case TextPiece(text):
                self.content += text
            case ReasoningPiece(text):
                self.reasoning += text
            case CallPiece(_, call_id, name):
                self.calls.append({"id": call_id, "type": "function", "function": {"name": name, "arguments": ""}})
            case ArgumentsPiece(index, text):
                self.calls[index]["function"]["arguments"] += text

    def as_dict(self) -> dict[str, Any]:
        """The message in OpenAI's shape; `content` is null when there are calls and nothing else."""
        content = self.content if self.content or not self.calls else None
        message: dict[str, Any] = {"role": "assistant", "content": content, "refusal": None}
        if self.reasoning:
            message["reasoning_content"] = self.reasoning
        if self.calls:
            message["tool_calls"] = self.calls
        return message


def _chunk_delta(piece: Piece) -> dict[str, Any]:
    """The `delta` of a chunk that carries one piece."""
    match piece:
        case TextPiece(text):
            return {"content": text}
        case ReasoningPiece(text):
            return {"reasoning_content": text}
        case CallPiece(index, call_id, name):
            function = {"name": name, "arguments": ""}
            return {"tool_calls": [{"index": index, "id": call_id, "type": "function", "function": function}]}
        case ArgumentsPiece(index, text):
            return {"tool_calls": [{"index": index, "function": {"arguments": text}}]}


def _usage(job: ChatJob, readers: Sequence[ChoiceReader]) -> dict[str, Any]:
    prompt = len(job.request.prompt_ids)
    completion = sum(reader.token_count for reader in readers)
    usage: dict[str, Any] = {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": {"cached_tokens": min(reader.cached_token_count for reader in readers)},
        "completion_tokens_details": {"reasoning_tokens": sum(reader.reasoning_token_count for reader in readers)},
    }
    if job.continuous_usage:
        usage["joyflash"] = {
            "drafted_tokens": sum(reader.drafted_count for reader in readers),
            "accepted_tokens": sum(reader.accepted_count for reader in readers),
        }
    return usage
