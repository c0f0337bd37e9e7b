"""The body of `/v1/chat/completions`, translated into one engine request."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from joyflash.engine.engine import Engine
from joyflash.engine.request import Request, SamplingParams
from joyflash.errors import ContextLengthError, RequestError
from joyflash.server.chat_fields import THINKING_EFFORTS, read_fields
from joyflash.server.chat_job import ChatJob, ReplySchema, ToolUse, build_job
from joyflash.server.checks import BOOLEAN, OBJECT, STRING, fields_of, list_of, one_of, refuse_unknown
from joyflash.server.openai_messages import read_messages
from joyflash.server.sampling import read_sampling
from joyflash.server.settings import ServerSettings
from joyflash.text.messages import ToolDefinition
from joyflash.text.schemas import check_schema

NAMED_FUNCTION = fields_of(
    {"type": one_of("function"), "function": fields_of({"name": STRING}, ["name"])}, ["type", "function"]
)
ALLOWED_TOOLS = fields_of(
    {
        "type": STRING,
        "allowed_tools": fields_of(
            {"mode": one_of("auto", "required"), "tools": list_of(NAMED_FUNCTION, 1)}, ["mode", "tools"]
        ),
    },
    ["allowed_tools"],
)
JSON_SCHEMA = fields_of({"name": STRING, "description": STRING, "schema": OBJECT, "strict": BOOLEAN}, ["name"])
ANY_OBJECT = {"type": "object"}


def read_chat_request(
    body: dict[str, Any],
    engine: Engine,
    settings: ServerSettings,
    resolve_model: Callable[[str], str],
    *,
    check_length: bool = True,
) -> ChatJob:
    """Check a body and translate it.

    Args:
        body: the decoded JSON object.
        engine: renders and checks the prompt.
        settings: bounds on one request.
        resolve_model: maps the asked name to the one to answer under.
        check_length: refuse what the context cannot hold; off where only the prompt is wanted.

    Raises:
        RequestError: a field is wrong (ContextLengthError, ModelNotFoundError, ToolSchemaError among them).
    """
    fields = read_fields(body)
    model = resolve_model(fields["model"])
    messages = read_messages(fields["messages"], settings.max_messages)
    tools = _read_tools(fields["tools"], settings.max_tools)
    use = _read_tool_choice(fields["tool_choice"], tools, fields["parallel_tool_calls"])
    thinking = _wants_thinking(fields)
    params = _sampling(fields, settings)
    options = fields["stream_options"] or {}
    job = build_job(
        engine,
        messages,
        use,
        params,
        model=model,
        thinking=thinking,
        stream=fields["stream"],
        hold_calls=settings.hold_calls,
        reply_schema=_read_response_format(fields["response_format"]),
        most_tokens=None if check_length else settings.most_counted(engine.context_length),
        include_usage=bool(options.get("include_usage")),
        continuous_usage=bool(options.get("continuous_usage_stats")),
    )
    if check_length:
        _check_length(engine, job.request, fields)
    if fields["stream_options"] is not None and not fields["stream"]:
        raise RequestError("'stream_options' needs \"stream\": true.", "stream_options", "invalid_value")
    return job


def _read_tools(values: list[Any], limit: int) -> tuple[ToolDefinition, ...]:
    """Tool definitions; names must differ."""
    if len(values) > limit:
        raise RequestError(f"'tools' has {len(values)} items; at most {limit} are allowed.", "tools", "invalid_value")
    tools = tuple(_read_tool(value, f"tools[{index}]") for index, value in enumerate(values))
    names = [tool.name for tool in tools]
    for index, name in enumerate(names):
        if name in names[:index]:
            param = f"tools[{index}].function.name"
            raise RequestError(f"'{param}' is '{name}', which another tool already has.", param, "invalid_value")
    return tools


def _read_tool(value: Any, param: str) -> ToolDefinition:
    """One tool; fields that `ToolDefinition` does not read are refused, so that none is ignored in silence."""
    if isinstance(value, dict):
        refuse_unknown(value, ("type", "function"), param)
        function = value.get("function")
        if isinstance(function, dict):
            refuse_unknown(function, ("name", "description", "parameters", "strict"), f"{param}.function")
            if function.get("strict") is not None:
                BOOLEAN(function["strict"], f"{param}.function.strict")
    return ToolDefinition.from_dict(value, param)


def _read_tool_choice(value: Any, tools: tuple[ToolDefinition, ...], parallel: bool) -> ToolUse:
    """Whether to call, the function to call if one is named, and of which the model is to know."""
    if isinstance(value, str):
        if value == "required" and not tools:
            message = "'tool_choice' is \"required\", but 'tools' lists none."
            raise RequestError(message, "tool_choice", "invalid_value")
        return ToolUse(tools, value, None, parallel)
    by_name = {tool.name: tool for tool in tools}
    if value.get("type") == "allowed_tools":
        given = ALLOWED_TOOLS(value, "tool_choice")["allowed_tools"]
        names = dict.fromkeys(_known(each, by_name) for each in given["tools"])
        return ToolUse(tuple(by_name[name] for name in names), given["mode"], None, parallel)
    return ToolUse(tools, "required", _known(NAMED_FUNCTION(value, "tool_choice"), by_name), parallel)


def _known(given: dict[str, Any], tools: Mapping[str, ToolDefinition]) -> str:
    """The name of a listed function."""
    name = given["function"]["name"]
    if name not in tools:
        message = f"'tool_choice' names the function '{name}', which is not among 'tools'."
        raise RequestError(message, "tool_choice", "invalid_value")
    return name


def _read_response_format(value: dict[str, Any] | None) -> ReplySchema | None:
    """The schema of the answer, if it is to be JSON."""
    kind = (value or {}).get("type", "text")
    where = "response_format.json_schema"
    if value is None or kind != "json_schema":
        if value is not None and "json_schema" in value:
            raise RequestError(f'\'{where}\' goes with "type": "json_schema" only.', where, "invalid_value")
        return None if kind == "text" else ReplySchema(ANY_OBJECT, False, "response_format")
    if "json_schema" not in value:
        raise RequestError(f"'{where}' is missing.", where, "missing_required_parameter")
    return read_reply_schema(JSON_SCHEMA(value["json_schema"], where), where)


def read_reply_schema(given: dict[str, Any], where: str) -> ReplySchema:
    """The schema that a checked object with ``schema`` and ``strict`` at ``where`` asks the reply to follow."""
    schema = given.get("schema", ANY_OBJECT)
    check_schema(schema, f"{where}.schema")
    return ReplySchema(schema, given.get("strict", False), f"{where}.schema")


def _wants_thinking(fields: dict[str, Any]) -> bool:
    """Whether to think first; the two ways of saying it must agree."""
    effort = fields["reasoning_effort"]
    switch = (fields["chat_template_kwargs"] or {}).get("enable_thinking")
    by_effort = None if effort is None else effort in THINKING_EFFORTS
    if switch is not None and by_effort is not None and switch != by_effort:
        said = str(switch).lower()
        message = f"'reasoning_effort' is \"{effort}\", but 'chat_template_kwargs.enable_thinking' is {said}."
        raise RequestError(message, "reasoning_effort", "invalid_value")
    return bool(switch if switch is not None else by_effort)


def _sampling(fields: dict[str, Any], settings: ServerSettings) -> SamplingParams:
    """Sampling parameters within the server's bounds."""
    if fields["top_logprobs"] is not None and not fields["logprobs"]:
        raise RequestError("'top_logprobs' needs \"logprobs\": true.", "top_logprobs", "invalid_value")
    logprobs = (fields["top_logprobs"] or 0) if fields["logprobs"] else None
    return read_sampling(fields, settings, max_tokens=_max_tokens(fields), logprobs=logprobs)


def _max_tokens(fields: dict[str, Any]) -> int | None:
    old, new = fields["max_tokens"], fields["max_completion_tokens"]
    if old is not None and new is not None and old != new:
        message = f"'max_completion_tokens' is {new}, but 'max_tokens' is {old}; give one of them."
        raise RequestError(message, "max_completion_tokens", "invalid_value")
    return new if new is not None else old


def _check_length(engine: Engine, request: Request, fields: dict[str, Any]) -> None:
    """The engine's own check, with its field names translated into the caller's."""
    try:
        engine.check(request)
    except ContextLengthError as error:
        asked = "max_completion_tokens" if fields["max_completion_tokens"] is not None else "max_tokens"
        param = asked if error.param == "max_tokens" else "messages"
        raise ContextLengthError(str(error), param, "context_length_exceeded") from None
