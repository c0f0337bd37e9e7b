"""The body of `/v1/responses`, translated into one chat job."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from joyflash.engine.engine import Engine
from joyflash.errors import ContextLengthError, RequestError, ToolSchemaError
from joyflash.server import checks
from joyflash.server.chat_fields import THINKING_EFFORTS, read_fields
from joyflash.server.chat_job import ChatJob, ReplySchema, ToolUse, build_job
from joyflash.server.openai_request import ANY_OBJECT, read_reply_schema
from joyflash.server.responses_fields import ALLOWED, COUNT_FIELDS, LOGPROBS, NAMED, RESPONSE_FIELDS, TOOL, TOOL_KIND
from joyflash.server.responses_items import listed, read_input
from joyflash.server.responses_store import ResponseStore
from joyflash.server.sampling import read_sampling
from joyflash.server.settings import ServerSettings
from joyflash.text.messages import Message, ToolDefinition


@dataclass(frozen=True)
class ResponseJob:
    """A checked request to `/v1/responses`.

    Attributes:
        chat: the chat job that answers it.
        fields: the checked fields, which the response repeats.
        conversation: all messages but the instructions.
        input_items: the input as it is listed later.
    """

    chat: ChatJob
    fields: dict[str, Any]
    conversation: tuple[Message, ...]
    input_items: tuple[dict[str, Any], ...]

    @property
    def model(self) -> str:
        """The name to answer under."""
        return self.chat.model

    @property
    def stream(self) -> bool:
        """Whether events are wanted."""
        return self.chat.stream

    @property
    def prompt_token_count(self) -> int:
        """Tokens of the prompt."""
        return self.chat.prompt_token_count


def read_response_request(
    body: dict[str, Any],
    engine: Engine,
    settings: ServerSettings,
    resolve_model: Callable[[str | None], str],
    store: ResponseStore,
    *,
    counting: bool = False,
) -> ResponseJob:
    """Check a body and translate it.

    Args:
        body: the decoded JSON object.
        engine: renders and checks the prompt.
        settings: bounds on one request.
        resolve_model: maps the asked name, or None, to the one to answer under.
        store: knows earlier responses.
        counting: only the prompt is wanted, and it may be too long.

    Raises:
        RequestError: a field is wrong (ContextLengthError, ModelNotFoundError, ToolSchemaError among them).
        ApiError: 404, the previous response is not stored.
    """
    fields = read_fields(body, COUNT_FIELDS if counting else RESPONSE_FIELDS)
    model = resolve_model(fields["model"])
    given = read_input(fields["input"], settings.max_messages)
    previous = fields["previous_response_id"]
    earlier = store.get(previous, "previous_response_id").conversation if previous is not None else ()
    conversation = (*earlier, *given)
    instructions = [] if fields["instructions"] is None else [Message("system", fields["instructions"])]
    stream = fields.get("stream", False)
    if fields.get("stream_options") is not None and not stream:
        raise RequestError("'stream_options' needs \"stream\": true.", "stream_options", "invalid_value")
    chat = build_job(
        engine,
        [*instructions, *conversation],
        _read_tool_use(fields, settings),
        read_sampling(fields, settings, max_tokens=fields["max_output_tokens"], logprobs=_logprobs(fields)),
        model=model,
        thinking=(fields["reasoning"] or {}).get("effort") in THINKING_EFFORTS,
        stream=stream,
        hold_calls=settings.hold_calls,
        reply_schema=_read_format((fields["text"] or {}).get("format") or {}),
        most_tokens=settings.most_counted(engine.context_length) if counting else None,
        param="input",
    )
    if not counting:
        _check_length(engine, chat)
    count = len(fields["input"]) if isinstance(fields["input"], list) else int(fields["input"] is not None)
    items = listed(fields["input"], [f"item_{uuid.uuid4().hex}" for _ in range(count)])
    return ResponseJob(chat, fields, conversation, tuple(items))


def _read_format(given: dict[str, Any]) -> ReplySchema | None:
    """What ``text.format`` holds the reply to, if it is to be JSON."""
    kind = given.get("type", "text")
    if kind == "json_schema":
        for name in ("name", "schema"):
            if name not in given:
                raise RequestError(
                    f"'text.format.{name}' is missing.", f"text.format.{name}", "missing_required_parameter"
                )
        return read_reply_schema(given, "text.format")
    for name in ("name", "description", "schema", "strict"):
        if name in given:
            message = f'\'text.format.{name}\' goes with "type": "json_schema" only.'
            raise RequestError(message, f"text.format.{name}", "invalid_value")
    return ReplySchema(ANY_OBJECT, False, "text.format") if kind == "json_object" else None


def _logprobs(fields: dict[str, Any]) -> int | None:
    wanted = LOGPROBS in fields["include"]
    if fields["top_logprobs"] is not None and not wanted:
        message = f"'top_logprobs' needs \"{LOGPROBS}\" in 'include'."
        raise RequestError(message, "top_logprobs", "invalid_value")
    return (fields["top_logprobs"] or 0) if wanted else None


def _read_tool_use(fields: dict[str, Any], settings: ServerSettings) -> ToolUse:
    """Which functions may be called, and whether one must be."""
    tools = _read_tools(fields["tools"], settings.max_tools)
    choice, parallel = fields["tool_choice"], fields["parallel_tool_calls"]
    if isinstance(choice, str):
        if choice == "required" and not tools:
            message = "'tool_choice' is \"required\", but 'tools' lists none."
            raise RequestError(message, "tool_choice", "invalid_value")
        return ToolUse(tuple(tools.values()), choice, None, parallel)
    if choice.get("type") == "allowed_tools":
        given = ALLOWED(choice, "tool_choice")
        names = [_known(tool["name"], tools, f"tool_choice.tools[{i}].name") for i, tool in enumerate(given["tools"])]
        return ToolUse(tuple(tools[name] for name in dict.fromkeys(names)), given["mode"], None, parallel)
    name = _known(NAMED(choice, "tool_choice")["name"], tools, "tool_choice.name")
    return ToolUse(tuple(tools.values()), "required", name, parallel)


def _known(name: str, tools: dict[str, ToolDefinition], param: str) -> str:
    if name not in tools:
        raise RequestError(f"'{param}' is '{name[:80]}', which is not among 'tools'.", param, "invalid_value")
    return name


def _read_tools(values: list[Any], limit: int) -> dict[str, ToolDefinition]:
    """Tool definitions by name; names must differ."""
    if len(values) > limit:
        raise RequestError(f"'tools' has {len(values)} items; at most {limit} are allowed.", "tools", "invalid_value")
    tools: dict[str, ToolDefinition] = {}
    for index, value in enumerate(values):
        where = f"tools[{index}]"
        # The kind first: of a tool of another kind the other fields say nothing.
        TOOL_KIND(checks.OBJECT(value, where).get("type"), f"{where}.type")
        given = TOOL(value, where)
        function = {name: given[name] for name in ("name", "description", "parameters", "strict") if name in given}
        try:
            tool = ToolDefinition.from_dict({"type": "function", "function": function}, where)
        except ToolSchemaError as error:
            # The house's own check, with its field names translated into the caller's.
            text = str(error).replace(f"{where}.function", where)
            param = (error.param or where).replace(f"{where}.function", where)
            raise ToolSchemaError(text, param, error.code) from None
        if tool.name in tools:
            message = f"'{where}.name' is '{tool.name}', which another tool already has."
            raise RequestError(message, f"{where}.name", "invalid_value")
        tools[tool.name] = tool
    return tools


def _check_length(engine: Engine, job: ChatJob) -> None:
    """The engine's own check, with its field names translated into the caller's."""
    try:
        engine.check(job.request)
    except ContextLengthError as error:
        param = "max_output_tokens" if error.param == "max_tokens" else "input"
        raise ContextLengthError(str(error), param, "context_length_exceeded") from None
