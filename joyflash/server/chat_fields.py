"""The one table of what `/v1/chat/completions` takes: it checks requests, and docs/FIELDS.md is written from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from joyflash.errors import RequestError
from joyflash.server import checks
from joyflash.server.checks import BOOLEAN, LIST, OBJECT, STRING, Check

THINKING_EFFORTS = ("low", "medium", "high", "xhigh", "max")
EFFORTS = ("none", "minimal", *THINKING_EFFORTS)
UNHEARD = "accepted, and changes nothing: "


@dataclass(frozen=True)
class Field:
    """One field: its check, what it is when absent or null, and what we do with it."""

    name: str
    check: Check
    default: Any
    effect: str
    required: bool = False


CHAT_FIELDS: tuple[Field, ...] = (
    Field("model", STRING, None, "a served name (`GET /v1/models`); another is a 404", required=True),
    Field("messages", LIST, None, "the conversation; see the table of message fields", required=True),
    Field("max_tokens", checks.integer(1), None, "bound on generated tokens; absent: what the context leaves"),
    Field("max_completion_tokens", checks.integer(1), None, "the newer name of `max_tokens`; both only if equal"),
    Field("temperature", checks.number(0, 2), 0.6, "0 is greedy"),
    Field("top_p", checks.number(0, 1), 1.0, "nucleus sampling; 0 keeps the likeliest token"),
    Field("top_k", checks.integer(-1), 0, "keep the k likeliest tokens; 0 or -1: all"),
    Field("min_p", checks.number(0, 1), 0.0, "keep tokens at least this share as likely as the likeliest"),
    Field("n", checks.integer(1), 1, "number of choices, each with its own sampling noise"),
    Field("seed", checks.integer(-(2**63), 2**63 - 1), None, "equal requests with equal seeds give equal text"),
    Field(
        "stop",
        checks.either("a string or an array of strings", STRING, checks.list_of(STRING)),
        None,
        "strings at which a choice ends; they are not part of the text. Looked for in the answer's text, not in "
        "reasoning and calls",
    ),
    Field("stop_token_ids", checks.list_of(checks.integer(0)), [], "token ids that end a choice"),
    Field("ignore_eos", BOOLEAN, False, "go on past the end token, up to `max_tokens`"),
    Field("presence_penalty", checks.number(-2, 2), 0.0, "taken once from each token that the choice already has"),
    Field("frequency_penalty", checks.number(-2, 2), 0.0, "taken once per occurrence"),
    Field("logit_bias", OBJECT, None, "token id (as a string) to a number from -100 to 100, added to its logit"),
    Field("logprobs", BOOLEAN, False, "log-probabilities of the untruncated model for each token"),
    Field("top_logprobs", checks.integer(0, 20), None, "that many alternatives for each token; needs `logprobs`"),
    Field("stream", BOOLEAN, False, "server-sent events instead of one body"),
    Field(
        "stream_options",
        checks.fields_of(
            {
                "include_usage": BOOLEAN,
                "continuous_usage_stats": BOOLEAN,
                "include_obfuscation": checks.one_of(False),
            }
        ),
        None,
        "`include_usage` sends a last chunk with the usage; `continuous_usage_stats`, which is not OpenAI's, puts the "
        "usage so far into every chunk, and into each usage `joyflash`: `drafted_tokens` of the MTP layer and those "
        "that proved right, `accepted_tokens`; needs `stream`",
    ),
    Field("tools", LIST, [], "functions that the model may call; an invalid one is a 400 naming it"),
    Field(
        "tool_choice",
        checks.either('"none", "auto", "required" or a function', checks.one_of("none", "auto", "required"), OBJECT),
        "auto",
        '`none` hides the tools; `required` and a named function begin the answer with a call; `{"type": '
        '"allowed_tools", "allowed_tools": {"mode", "tools"}}` shows the model only these',
    ),
    Field("parallel_tool_calls", BOOLEAN, True, "false ends the answer after its first call"),
    Field(
        "response_format",
        checks.fields_of(
            {"type": checks.one_of("text", "json_object", "json_schema"), "json_schema": OBJECT}, ["type"]
        ),
        None,
        "`json_object` and `json_schema` hold an answer that is no call to JSON, to the schema in `json_schema` "
        "(`name`, `description`, `schema`, `strict`); the prompt is not changed. See the section on schemas",
    ),
    Field(
        "reasoning_effort",
        checks.one_of(*EFFORTS),
        None,
        "`none` and `minimal` answer at once (the default), the others think first",
    ),
    Field(
        "chat_template_kwargs",
        checks.fields_of({"enable_thinking": BOOLEAN}),
        None,
        "`enable_thinking`; a `reasoning_effort` that says otherwise is a 400",
    ),
    Field("user", STRING, None, UNHEARD + "no record of users is kept"),
    Field("safety_identifier", STRING, None, UNHEARD + "no record of users is kept"),
    Field("metadata", OBJECT, None, UNHEARD + "nothing is stored"),
    Field("store", BOOLEAN, None, UNHEARD + "nothing is stored"),
    Field("prompt_cache_key", STRING, None, UNHEARD + "it is a hint for routing between machines"),
    Field("prompt_cache_retention", STRING, None, UNHEARD + "it is a hint for caches between requests"),
    Field("prompt_cache_options", OBJECT, None, UNHEARD + "it is a hint for caches between requests"),
    Field("service_tier", checks.one_of("auto", "default"), None, UNHEARD + "there is one tier"),
    Field("modalities", checks.list_of(checks.one_of("text"), 1, 1), None, 'only `["text"]`'),
    Field("verbosity", checks.one_of("medium"), None, 'only `"medium"`: the model knows no other'),
    Field("audio", checks.refused("the model writes text only"), None, "refused"),
    Field("prediction", checks.refused("there is no predicted output"), None, "refused"),
    Field("moderation", checks.refused("there is no moderation model"), None, "refused"),
    Field("web_search_options", checks.refused("there is no web search"), None, "refused"),
    Field("functions", checks.refused("it is the old form of 'tools'; use that"), None, "refused"),
    Field("function_call", checks.refused("it is the old form of 'tool_choice'; use that"), None, "refused"),
)


def read_fields(body: dict[str, Any], table: tuple[Field, ...] = CHAT_FIELDS) -> dict[str, Any]:
    """Check a body against the table and fill in defaults.

    Returns:
        One value for every field of the table.

    Raises:
        RequestError: a field is unknown, missing, or of a wrong type or value; `param` names it.
    """
    checks.refuse_unknown(body, [field.name for field in table])
    values = {}
    for field in table:
        given = body.get(field.name)
        if given is None and field.required:
            raise RequestError(f"'{field.name}' is missing.", field.name, "missing_required_parameter")
        values[field.name] = field.default if given is None else field.check(given, field.name)
    return values
