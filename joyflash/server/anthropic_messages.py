"""`/v1/messages`: the answer in Anthropic's shapes, whole or as events, both from the same pieces."""

from __future__ import annotations

import json
import uuid
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from typing import Any

from joyflash.engine.async_engine import AsyncEngine, DeltaStream
from joyflash.server.anthropic_request import read_message_request
from joyflash.server.chat_job import ChatJob
from joyflash.server.choices import ArgumentsPiece, CallPiece, ChoiceReader, Piece, ReasoningPiece, TextPiece
from joyflash.server.models import ModelNames
from joyflash.server.record import Deltas
from joyflash.server.settings import ServerSettings
from joyflash.server.signatures import ThoughtSigner
from joyflash.text.schemas import strict_json

STOP_REASONS = {"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use"}


class AnthropicMessages:
    """Answers message requests.

    Args:
        async_engine: generates.
        names: under which names the model answers.
        settings: bounds on one request; its keys also make the key of the signatures on thoughts.
    """

    def __init__(self, async_engine: AsyncEngine, names: ModelNames, settings: ServerSettings):
        self.async_engine = async_engine
        self.engine = async_engine.engine
        self.names = names
        self.settings = settings
        self.signer = ThoughtSigner(settings.api_keys)

    def prepare(self, body: dict[str, Any], counting: bool = False) -> ChatJob:
        """Check and translate a body; RequestError names the field that is wrong."""
        return read_message_request(
            body, self.engine, self.settings, self.names.resolve, self.signer, counting=counting
        )

    def count(self, body: dict[str, Any]) -> dict[str, int]:
        """The body of `/v1/messages/count_tokens`: the very prompt is rendered that a message would get."""
        return {"input_tokens": len(self.prepare(body, counting=True).request.prompt_ids)}

    def start(self, job: ChatJob) -> DeltaStream:
        """Put a request in line; EngineBusyError when the line is full. Closing the result cancels the request."""
        return self.async_engine.stream(job.request)

    async def complete(self, job: ChatJob, deltas: Deltas) -> dict[str, Any]:
        """The whole message, put together from the events. Cancelling this coroutine cancels the generation."""
        message: dict[str, Any] = {}
        arguments = ""
        async with aclosing(self.chunks(job, deltas)) as events:
            async for event in events:
                match event:
                    case {"type": "message_start"}:
                        message = event["message"]
                    case {"type": "content_block_start"}:
                        message["content"].append(event["content_block"])
                        arguments = ""
                    case {"type": "content_block_delta", "delta": {"type": "input_json_delta", "partial_json": more}}:
                        arguments += more
                    case {"type": "content_block_delta", "delta": delta}:
                        name = delta["type"].removesuffix("_delta")
                        message["content"][-1][name] += delta[name]
                    case {"type": "content_block_stop"} if message["content"][-1]["type"] == "tool_use":
                        message["content"][-1]["input"] = _input(arguments)
                    case {"type": "message_delta"}:
                        message |= event["delta"] | {"usage": message["usage"] | event["usage"]}
        return message

    async def chunks(self, job: ChatJob, deltas: Deltas) -> AsyncGenerator[dict[str, Any], None]:
        """The answer as events. Closing this generator cancels the generation."""
        reader, blocks = ChoiceReader(job), _Blocks(self.signer)
        yield {"type": "message_start", "message": _empty_message(job)}
        try:
            async with aclosing(deltas):
                async for delta in deltas:
                    for piece in reader.push(delta):
                        for event in blocks.add(piece):
                            yield event
        except Exception:
            for event in blocks.close():
                yield event
            raise
        for event in blocks.finish():
            yield event
        reason = "stop_sequence" if reader.stop_string is not None else STOP_REASONS.get(reader.finish_reason or "")
        end = {"stop_reason": reason, "stop_sequence": reader.stop_string}
        yield {"type": "message_delta", "delta": end, "usage": _usage(job, reader)}
        yield {"type": "message_stop"}


class _Blocks:
    """Content blocks in the making: one is open at a time, and each has its own index."""

    def __init__(self, signer: ThoughtSigner):
        self._signer = signer
        self._index = -1
        self._open: str | None = None
        self._thought = ""

    def add(self, piece: Piece) -> Iterator[dict[str, Any]]:
        """The events that one piece makes; a piece of another kind closes the open block first."""
        match piece:
            case TextPiece(text):
                yield from self._ensure("text", {"type": "text", "text": ""})
                yield self._delta({"type": "text_delta", "text": text})
            case ReasoningPiece(text):
                yield from self._ensure("thinking", {"type": "thinking", "thinking": "", "signature": ""})
                self._thought += text
                yield self._delta({"type": "thinking_delta", "thinking": text})
            case CallPiece(_, call_id, name):
                yield from self.close()
                call = {"type": "tool_use", "id": f"toolu_{call_id.removeprefix('call_')}", "name": name, "input": {}}
                yield from self._ensure("tool_use", call)
            case ArgumentsPiece(_, text):
                yield self._delta({"type": "input_json_delta", "partial_json": text})

    def close(self) -> Iterator[dict[str, Any]]:
        """End the open block, if there is one; a thought gets its signature."""
        if self._open is None:
            return
        if self._open == "thinking":
            yield self._delta({"type": "signature_delta", "signature": self._signer.sign(self._thought)})
            self._thought = ""
        self._open = None
        yield {"type": "content_block_stop", "index": self._index}

    def finish(self) -> Iterator[dict[str, Any]]:
        """End the content; an empty answer is one empty text block."""
        if self._index < 0:
            yield from self._ensure("text", {"type": "text", "text": ""})
        yield from self.close()

    def _ensure(self, kind: str, block: dict[str, Any]) -> Iterator[dict[str, Any]]:
        if self._open == kind:
            return
        yield from self.close()
        self._index, self._open = self._index + 1, kind
        yield {"type": "content_block_start", "index": self._index, "content_block": block}

    def _delta(self, delta: dict[str, Any]) -> dict[str, Any]:
        return {"type": "content_block_delta", "index": self._index, "delta": delta}


def _input(arguments: str) -> dict[str, Any]:
    """The arguments of a call; what a body of JSON cannot carry is given as the text that the model wrote."""
    try:
        value = strict_json(arguments)
        json.dumps(value, ensure_ascii=False).encode()  # half a surrogate pair cannot be encoded
    except (ValueError, RecursionError):
        return {"arguments": arguments}
    return value


def _empty_message(job: ChatJob) -> dict[str, Any]:
    """The message before its first token. What the cache holds of the prompt is not known yet; the end says it."""
    return {
        "id": f"msg_{uuid.uuid4().hex}",
        "type": "message",
        "role": "assistant",
        "model": job.model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {
            "input_tokens": len(job.request.prompt_ids),
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 0,
            "output_tokens": 0,
        },
    }


def _usage(job: ChatJob, reader: ChoiceReader) -> dict[str, Any]:
    """Anthropic counts the cached part of a prompt beside `input_tokens`, not in it."""
    cached = reader.cached_token_count
    return {
        "input_tokens": len(job.request.prompt_ids) - cached,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": cached,
        "output_tokens": reader.token_count,
    }
