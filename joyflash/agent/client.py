"""One question to an OpenAI-compatible server, whole or as a stream, through the official client."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from joyflash.errors import AgentError, ConfigError, ServerUnreachableError
from joyflash.extras import require
from joyflash.loopback import is_on_this_machine

INTERRUPTED = "interrupted"
OnPiece = Callable[[str, str], None]
"""Told of each piece of a stream: its kind, "reasoning" or "content", and the text."""


@dataclass
class Reply:
    """What the model said.

    Attributes:
        content, reasoning: its texts.
        calls: its tool calls in OpenAI's shape, ``function.arguments`` being JSON text.
        finish_reason: the server's, or INTERRUPTED when Ctrl-C cut a stream.
        prompt_tokens, completion_tokens: as the server counted them; 0 if it does not.
    """

    content: str = ""
    reasoning: str = ""
    calls: list[dict[str, Any]] = field(default_factory=list)
    finish_reason: str = ""
    prompt_tokens: int = 0
    completion_tokens: int = 0

    def as_message(self) -> dict[str, Any]:
        """The reply as a message of the history; reasoning stays out, as templates drop it there."""
        message: dict[str, Any] = {"role": "assistant", "content": self.content}
        return {**message, "tool_calls": self.calls} if self.calls else message


class ChatClient:
    """Asks one model of one server.

    Args:
        base_url: up to and including ``/v1``.
        model: name to ask for; None takes the first that the server lists.
        api_key: sent as a bearer token, if given.
        timeout: seconds to wait for one answer, or for its next piece.

    Raises:
        MissingExtraError: the package openai is not installed.
        ConfigError: the environment names a proxy that cannot be used; for this machine's servers none is.
    """

    def __init__(self, base_url: str, model: str | None = None, *, api_key: str | None = None, timeout: float = 300.0):
        self.base_url = base_url.rstrip("/")
        self._asked_model = model
        self._openai = require("openai", extra="agent")
        try:
            self._client = self._openai.OpenAI(
                base_url=self.base_url,
                api_key=api_key or "EMPTY",
                timeout=timeout,
                http_client=self._openai.DefaultHttpxClient(trust_env=not is_on_this_machine(self.base_url)),
            )
        except (ImportError, ValueError) as error:
            raise ConfigError(f"The proxy that the environment names cannot be used: {error}") from error
        self._timeout = timeout

    @cached_property
    def model(self) -> str:
        """The name to ask for."""
        if self._asked_model:
            return self._asked_model
        listed = self._guard(lambda: list(self._client.models.list()))
        if not listed:
            raise AgentError(f"The server at {self.base_url} lists no model; name one with --model.")
        return listed[0].id

    def ask(
        self,
        messages: Sequence[Mapping[str, Any]],
        tools: Sequence[Mapping[str, Any]] = (),
        options: Mapping[str, Any] | None = None,
        *,
        on_piece: OnPiece | None = None,
        timeout: float | None = None,
    ) -> Reply:
        """Ask for the next message.

        Args:
            options: further fields of the request, e.g. ``temperature``; any the server knows.
            on_piece: stream the answer and tell of each piece; Ctrl-C then ends the answer, not the program.
            timeout: seconds, if less than the client's own.

        Raises:
            ServerUnreachableError: no server answers, or what answers is none.
            AgentError: the server refused or failed, after two more attempts where that may help.
        """
        body: dict[str, Any] = {"model": self.model, "messages": list(messages), "extra_body": dict(options or {})}
        client = self._client
        if timeout is not None and timeout < self._timeout:
            client = client.with_options(timeout=timeout, max_retries=0)  # more attempts would take more than is left
        if tools:
            body["tools"] = list(tools)
        if on_piece is None:
            return self._guard(lambda: _whole(client.chat.completions.create(**body)))
        return self._guard(lambda: self._stream(client, body, on_piece))

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    def _stream(self, client: Any, body: dict[str, Any], on_piece: OnPiece) -> Reply:
        reply = Reply()
        stream = client.chat.completions.create(**body, stream=True, stream_options={"include_usage": True})
        try:
            for chunk in stream:
                _add_chunk(reply, chunk, on_piece)
        except KeyboardInterrupt:
            reply.finish_reason, reply.calls = INTERRUPTED, []  # half a call cannot be run
        finally:
            stream.close()
        return reply

    def _guard(self, ask: Callable[[], Any]) -> Any:
        """Run a request; the client's errors as ours."""
        api = self._openai
        try:
            return ask()
        except api.APITimeoutError as error:
            raise AgentError(f"The server at {self.base_url} took too long over one answer.") from error
        except api.APIConnectionError as error:
            raise ServerUnreachableError(
                f"No server answers at {self.base_url} ({error.__cause__ or error}). Start one with: joyflash serve"
            ) from error
        except api.APIStatusError as error:
            raise AgentError(
                f"The server at {self.base_url} refused (HTTP {error.status_code}): {error.message}"
            ) from error
        except api.APIError as error:  # an error in the middle of a stream
            raise AgentError(f"The server at {self.base_url} failed: {error.message}") from error
        except (AttributeError, IndexError, TypeError, ValueError) as error:
            raise ServerUnreachableError(
                f"{self.base_url} does not answer as an OpenAI-compatible server does. Does the address end in /v1?"
            ) from error


def _whole(answer: Any) -> Reply:
    choice = answer.choices[0]
    message = choice.message
    usage = answer.usage
    return Reply(
        content=message.content or "",
        reasoning=getattr(message, "reasoning_content", None) or "",
        calls=[_call(call.id, call.function.name, call.function.arguments) for call in message.tool_calls or ()],
        finish_reason=choice.finish_reason or "",
        prompt_tokens=usage.prompt_tokens if usage else 0,
        completion_tokens=usage.completion_tokens if usage else 0,
    )


def _call(call_id: str, name: str, arguments: str) -> dict[str, Any]:
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments or ""}}


def _add_chunk(reply: Reply, chunk: Any, on_piece: OnPiece) -> None:
    if chunk.usage:
        reply.prompt_tokens, reply.completion_tokens = chunk.usage.prompt_tokens, chunk.usage.completion_tokens
    if not chunk.choices:
        return
    choice = chunk.choices[0]
    reply.finish_reason = choice.finish_reason or reply.finish_reason
    if thought := getattr(choice.delta, "reasoning_content", None):
        reply.reasoning += thought
        on_piece("reasoning", thought)
    for part in choice.delta.tool_calls or ():
        if part.index >= len(reply.calls):
            reply.calls.append(_call(part.id, "", ""))
        function = reply.calls[part.index]["function"]
        function["name"] += part.function.name or ""
        function["arguments"] += part.function.arguments or ""
    if choice.delta.content:
        reply.content += choice.delta.content
        on_piece("content", choice.delta.content)
