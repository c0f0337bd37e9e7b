"""The body of `/v1/messages`, translated into one engine request."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from joyflash.engine.engine import Engine
from joyflash.engine.request import SamplingParams
from joyflash.errors import ContextLengthError, RequestError, ToolSchemaError
from joyflash.server.anthropic_blocks import read_conversation, read_system
from joyflash.server.anthropic_fields import COUNT_FIELDS, MESSAGE_FIELDS, THINKING, TOOL, TOOL_CHOICE
from joyflash.server.chat_fields import read_fields
from joyflash.server.chat_job import ChatJob, ReplySchema, ToolUse, build_job
from joyflash.server.settings import ServerSettings
from joyflash.server.signatures import ThoughtSigner
from joyflash.text.messages import ToolDefinition
from joyflash.text.schemas import check_schema

CHOICES = {"auto": "auto", "any": "required", "tool": "required", "none": "none"}


def read_message_request(
    body: dict[str, Any],
    engine: Engine,
    settings: ServerSettings,
    resolve_model: Callable[[str], str],
    signer: ThoughtSigner,
    *,
    counting: bool = False,
) -> ChatJob:
    """Check a body and translate it.

    Args:
        body: the decoded JSON object.
        engine: renders and checks the prompt.
        settings: bounds on one request.
        resolve_model: maps the asked name to the one to answer under.
        signer: checks the signatures of thoughts.
        counting: only the prompt is wanted: it may be too long, and `max_tokens` may be absent.

    Raises:
        RequestError: a field is wrong (ContextLengthError, ModelNotFoundError, ToolSchemaError among them).
    """
    fields = read_fields(body, COUNT_FIELDS if counting else MESSAGE_FIELDS)
    model = resolve_model(fields["model"])
    conversation = read_conversation(fields["messages"], settings.max_messages, signer)
    messages = [*read_system(fields["system"]), *conversation]
    tools = _read_tools(fields["tools"], settings.max_tools)
    thinking, budget = _read_thinking(fields["thinking"], fields["max_tokens"])
    job = build_job(
        engine,
        messages,
        _read_tool_choice(fields["tool_choice"], tools),
        _sampling(fields, settings),
        model=model,
        thinking=thinking,
        stream=fields.get("stream", False),
        hold_calls=settings.hold_calls,
        reply_schema=_read_format((fields["output_config"] or {}).get("format")),
        thinking_budget=budget,
        most_tokens=settings.most_counted(engine.context_length) if counting else None,
    )
    if not counting:
        _check_length(engine, job)
    return job


def _sampling(fields: dict[str, Any], settings: ServerSettings) -> SamplingParams:
    stops = fields["stop_sequences"]
    if len(stops) > settings.max_stop:
        message = f"'stop_sequences' has {len(stops)} items; at most {settings.max_stop} are allowed."
        raise RequestError(message, "stop_sequences", "invalid_value")
    if "" in stops:
        raise RequestError("'stop_sequences' has an empty string.", "stop_sequences", "invalid_value")
    return SamplingParams(
        temperature=fields["temperature"],
        top_p=fields["top_p"],
        top_k=fields["top_k"],
        max_tokens=fields["max_tokens"],
        stop=tuple(stops),
    )


def _read_tools(values: list[Any], limit: int) -> tuple[ToolDefinition, ...]:
    """Tool definitions; names must differ."""
    if len(values) > limit:
        raise RequestError(f"'tools' has {len(values)} items; at most {limit} are allowed.", "tools", "invalid_value")
    tools: dict[str, ToolDefinition] = {}
    for index, value in enumerate(values):
        where = f"tools[{index}]"
        given = TOOL(value, where)
        if given["name"] in tools:
            message = f"'{where}.name' is '{given['name'][:80]}', which another tool already has."
            raise RequestError(message, f"{where}.name", "invalid_value")
        tools[given["name"]] = _define(given, where)
    return tuple(tools.values())


def _define(given: dict[str, Any], where: str) -> ToolDefinition:
    """The house's own check, with its field names translated into the caller's."""
    function = {
        "name": given["name"],
        "description": given.get("description"),
        "parameters": given["input_schema"],
        "strict": given.get("strict"),
    }
    try:
        return ToolDefinition.from_dict({"type": "function", "function": function}, where)
    except ToolSchemaError as error:
        ours, theirs = f"{where}.function", where

        def translate(text: str) -> str:
            return text.replace(f"{ours}.parameters", f"{theirs}.input_schema").replace(ours, theirs)

        raise ToolSchemaError(translate(str(error)), translate(error.param or where), error.code) from None


def _read_tool_choice(value: Any, tools: tuple[ToolDefinition, ...]) -> ToolUse:
    """Whether to call, the function to call if one is named, and whether more than one call is allowed."""
    if value is None:
        return ToolUse(tools)
    given = TOOL_CHOICE(value, "tool_choice")
    kind, name = given["type"], given.get("name")
    if (kind == "tool") != (name is not None):
        message = '\'tool_choice.name\' goes with "type": "tool", and only with it.'
        raise RequestError(message, "tool_choice.name", "invalid_value")
    if name is not None and name not in [tool.name for tool in tools]:
        message = f"'tool_choice.name' is '{name[:80]}', which is not among 'tools'."
        raise RequestError(message, "tool_choice.name", "invalid_value")
    if kind == "any" and not tools:
        raise RequestError("'tool_choice' is \"any\", but 'tools' lists none.", "tool_choice", "invalid_value")
    return ToolUse(tools, CHOICES[kind], name, not given.get("disable_parallel_tool_use", False))


def _read_format(value: dict[str, Any] | None) -> ReplySchema | None:
    """The schema of the answer, if it is to be JSON."""
    if value is None:
        return None
    where = "output_config.format.schema"
    check_schema(value["schema"], where)
    return ReplySchema(value["schema"], False, where)


def _read_thinking(value: Any, max_tokens: int | None) -> tuple[bool, int | None]:
    """Whether to think first, and for how many tokens at most."""
    if value is None:
        return False, None
    given = THINKING(value, "thinking")
    budget, where = given.get("budget_tokens"), "thinking.budget_tokens"
    if given["type"] != "enabled":
        if budget is not None:
            raise RequestError(f'\'{where}\' goes with "type": "enabled" only.', where, "invalid_value")
        return given["type"] == "adaptive", None
    if budget is None:
        raise RequestError(f"'{where}' is missing.", where, "missing_required_parameter")
    if max_tokens is not None and budget >= max_tokens:
        message = f"'{where}' is {budget}; it must be less than 'max_tokens', which is {max_tokens}."
        raise RequestError(message, where, "invalid_value")
    return True, budget


def _check_length(engine: Engine, job: ChatJob) -> None:
    """The engine's own check, with its field names translated into the caller's."""
    try:
        engine.check(job.request)
    except ContextLengthError as error:
        param = "max_tokens" if error.param == "max_tokens" else "messages"
        raise ContextLengthError(f"'{param}': {error}", param, "context_length_exceeded") from None
