"""`/v1/responses`: the answer in OpenAI's newer shapes, whole or as events, both from the same pieces."""

from __future__ import annotations

import time
import uuid
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from joyflash.engine.async_engine import AsyncEngine, DeltaStream
from joyflash.server.choices import ChoiceReader
from joyflash.server.errors import as_api_error
from joyflash.server.models import ModelNames
from joyflash.server.record import Deltas
from joyflash.server.responses_items import read_input
from joyflash.server.responses_output import OutputItems
from joyflash.server.responses_request import ResponseJob, read_response_request
from joyflash.server.responses_store import ResponseStore, StoredResponse
from joyflash.server.settings import ServerSettings
from joyflash.server.text_logprobs import TextLogprobs


class OpenAIResponses:
    """Answers requests for responses.

    Args:
        async_engine: generates.
        names: under which names the model answers.
        settings: bounds on one request, and on what is stored.
    """

    def __init__(self, async_engine: AsyncEngine, names: ModelNames, settings: ServerSettings):
        self.async_engine = async_engine
        self.engine = async_engine.engine
        self.names = names
        self.settings = settings
        self.store = ResponseStore(settings.max_stored_responses, settings.max_stored_bytes)

    def prepare(self, body: dict[str, Any], counting: bool = False) -> ResponseJob:
        """Check and translate a body; RequestError names the field that is wrong."""

        def resolve(name: str | None) -> str:
            return self.names.names[0] if name is None else self.names.resolve(name)

        return read_response_request(body, self.engine, self.settings, resolve, self.store, counting=counting)

    def count(self, body: dict[str, Any]) -> dict[str, Any]:
        """The body of `/v1/responses/input_tokens`: the very prompt is rendered that a response would get."""
        return {"object": "response.input_tokens", "input_tokens": self.prepare(body, counting=True).prompt_token_count}

    def start(self, job: ResponseJob, priority: int = 0, whole: bool = False) -> DeltaStream:
        """Put a request in line; EngineBusyError when the line is full. Closing the result cancels the request.

        ``whole``: nothing comes before the end, which costs less.
        """
        return self.async_engine.stream(replace(job.chat.request, priority=priority), whole=whole)

    async def complete(self, job: ResponseJob, deltas: Deltas) -> dict[str, Any]:
        """The whole response: what its last event carries. Cancelling this coroutine cancels the generation."""
        last: dict[str, Any] = {}
        async with aclosing(self._events(job, _empty(job), deltas)) as events:
            async for event in events:
                last = event
        return last["response"]

    async def chunks(self, job: ResponseJob, deltas: Deltas) -> AsyncGenerator[dict[str, Any], None]:
        """The response as events; a failure in the middle is one too. Closing this generator cancels the generation."""
        response, number = _empty(job), 0
        try:
            async with aclosing(self._events(job, response, deltas)) as events:
                async for event in events:
                    yield {**event, "sequence_number": number}
                    number += 1
        except Exception as error:
            refusal = as_api_error(error, response["id"])
            code = "rate_limit_exceeded" if refusal.status == 429 else "server_error"
            failed = {**response, "status": "failed", "error": {"code": code, "message": str(refusal)}}
            yield {"type": "response.failed", "response": failed, "sequence_number": number}

    async def _events(
        self, job: ResponseJob, response: dict[str, Any], deltas: Deltas
    ) -> AsyncGenerator[dict[str, Any], None]:
        """All events but those of a failure, without their numbers; ``response`` is brought up to date."""
        reader, output = ChoiceReader(job.chat), OutputItems()
        logprobs = TextLogprobs(self.engine.tokenizer, job.chat.top_logprobs is not None)
        yield {"type": "response.created", "response": dict(response)}
        yield {"type": "response.in_progress", "response": dict(response)}
        async with aclosing(deltas):
            async for delta in deltas:
                logprobs.note(delta.logprobs or ())
                for piece in reader.push(delta):
                    for event in output.add(piece, logprobs.take(piece)):
                        response["output"] = output.items
                        yield event
        cut = reader.finish_reason == "length"
        for event in output.finish("incomplete" if cut else "completed"):
            response["output"] = output.items
            yield event
        response |= {
            "status": "incomplete" if cut else "completed",
            "incomplete_details": {"reason": "max_output_tokens"} if cut else None,
            "completed_at": None if cut else int(time.time()),
            "usage": _usage(job, reader),
        }
        if job.fields["store"]:
            said = read_input(output.items, len(output.items))
            self.store.put(StoredResponse(dict(response), (*job.conversation, *said), job.input_items))
        yield {"type": f"response.{response['status']}", "response": dict(response)}


def _empty(job: ResponseJob) -> dict[str, Any]:
    """The response before its first token; it repeats what was asked."""
    fields = job.fields
    reasoning = fields["reasoning"] or {}
    return {
        "id": f"resp_{uuid.uuid4().hex}",
        "object": "response",
        "created_at": int(time.time()),
        "completed_at": None,
        "status": "in_progress",
        "background": False,
        "error": None,
        "incomplete_details": None,
        "instructions": fields["instructions"],
        "max_output_tokens": fields["max_output_tokens"],
        "max_tool_calls": fields["max_tool_calls"],
        "model": job.model,
        "output": [],
        "parallel_tool_calls": fields["parallel_tool_calls"],
        "previous_response_id": fields["previous_response_id"],
        "reasoning": {"effort": reasoning.get("effort"), "summary": reasoning.get("summary")},
        "service_tier": "default",
        "store": fields["store"],
        "temperature": fields["temperature"],
        "text": {"format": (fields["text"] or {}).get("format") or {"type": "text"}, "verbosity": "medium"},
        "tool_choice": fields["tool_choice"],
        "tools": [{"description": None, "parameters": None, "strict": False, **tool} for tool in fields["tools"]],
        "top_logprobs": fields["top_logprobs"] or 0,
        "top_p": fields["top_p"],
        "truncation": "disabled",
        "usage": None,
        "user": fields["user"],
        "safety_identifier": fields["safety_identifier"],
        "prompt_cache_key": fields["prompt_cache_key"],
        "metadata": fields["metadata"] or {},
    }


def _usage(job: ResponseJob, reader: ChoiceReader) -> dict[str, Any]:
    read, written = job.prompt_token_count, reader.token_count
    return {
        "input_tokens": read,
        "input_tokens_details": {"cached_tokens": reader.cached_token_count, "cache_write_tokens": 0},
        "output_tokens": written,
        "output_tokens_details": {"reasoning_tokens": reader.reasoning_token_count},
        "total_tokens": read + written,
    }
