"""The one table of what `/v1/messages` takes: it checks requests, and docs/FIELDS.md is written from it."""

from __future__ import annotations

from joyflash.server import checks
from joyflash.server.chat_fields import UNHEARD, Field
from joyflash.server.checks import BOOLEAN, LIST, OBJECT, STRING

THREADS_UNSUPPORTED = "thread_unsupported_request"
"""By this code the official client sees that it must send whole conversations."""
STOPS = "strings that end the answer; not part of its text, nor looked for in thoughts and calls"
CACHED_ANYWAY = UNHEARD + "equal beginnings of prompts are cached anyway"

MESSAGE_FIELDS: tuple[Field, ...] = (
    Field("model", STRING, None, "a served name (`GET /v1/models`); another is a 404", required=True),
    Field("messages", LIST, None, "the conversation; see the table of content blocks", required=True),
    Field(
        "system",
        checks.either("a string or an array of text blocks", STRING, LIST),
        None,
        "put before the conversation; a leading `x-anthropic-billing-header:` line is dropped, as it would change "
        "the prompt each time",
    ),
    Field("max_tokens", checks.integer(1), None, "bound on generated tokens, thoughts included", required=True),
    Field(
        "temperature",
        checks.number(0, 1),
        0.6,
        "0 is greedy, which makes equal requests give equal text: this API knows no seed",
    ),
    Field("top_p", checks.number(0, 1), 1.0, "nucleus sampling; 0 keeps the likeliest token"),
    Field("top_k", checks.integer(0), 0, "keep the k likeliest tokens; 0: all"),
    Field("stop_sequences", checks.list_of(STRING), [], STOPS),
    Field("stream", BOOLEAN, False, "server-sent events instead of one body"),
    Field(
        "thinking",
        OBJECT,
        None,
        '`{"type": "enabled", "budget_tokens"}`: the thought is ended after that many tokens (at least 1, fewer than '
        '`max_tokens`); `{"type": "adaptive"}`: no bound; `{"type": "disabled"}`: the default. `display` may only be '
        '`"summarized"`, and the thought is given whole',
    ),
    Field("tools", LIST, [], "functions that the model may call; only those of the caller's own (type `custom`)"),
    Field(
        "tool_choice",
        OBJECT,
        None,
        "`auto`, `any`, `tool` with a `name`, or `none`; `disable_parallel_tool_use` ends the answer after one call",
    ),
    Field("metadata", checks.fields_of({"user_id": STRING}), None, UNHEARD + "no record of users is kept"),
    Field("cache_control", OBJECT, None, CACHED_ANYWAY),
    Field("service_tier", checks.one_of("auto", "standard_only"), None, UNHEARD + "there is one tier"),
    Field("speed", checks.one_of("standard"), None, 'only `"standard"`: there is one speed'),
    Field(
        "output_config",
        checks.fields_of(
            {
                "effort": checks.one_of("low", "medium", "high", "xhigh", "max"),
                "format": checks.fields_of(
                    {"type": checks.one_of("json_schema"), "schema": OBJECT}, required=["type", "schema"]
                ),
            }
        ),
        None,
        "`effort` is accepted, and changes nothing: the model knows one; `format` holds an answer that is no call to "
        "its `schema`. See the section on schemas",
    ),
    Field("billing_policy", checks.refused("nothing is billed"), None, "refused"),
    Field("compaction", checks.refused("the caller's messages are taken as they are"), None, "refused"),
    Field("container", checks.refused("there are no containers"), None, "refused"),
    Field("context_management", checks.refused("the caller's messages are taken as they are"), None, "refused"),
    Field("diagnostics", checks.refused("there are none"), None, "refused"),
    Field("fallbacks", checks.refused("there is no other model to fall back to"), None, "refused"),
    Field("fallback_credit_token", checks.refused("nothing is billed"), None, "refused"),
    Field("inference_geo", checks.refused("the model runs on this machine only"), None, "refused"),
    Field("mcp_servers", checks.refused("the server calls no other"), None, "refused"),
    Field(
        "thread",
        checks.refused("no conversations are kept; send all messages", THREADS_UNSUPPORTED),
        None,
        "refused, in words that make the official tool runner go on without",
    ),
)

COUNT_FIELDS = tuple(
    Field(field.name, field.check, field.default, field.effect, field.required and field.name != "max_tokens")
    for field in MESSAGE_FIELDS
    if field.name not in ("stream",)
)
"""`/v1/messages/count_tokens` takes the same, so that one body can be counted and then sent."""

CACHE = {"cache_control": OBJECT}
TEXT_BLOCK = checks.fields_of(
    {"type": checks.one_of("text"), "text": STRING, "citations": LIST, **CACHE}, required=["text"]
)
THINKING_BLOCK = checks.fields_of(
    {"type": STRING, "thinking": STRING, "signature": STRING}, required=["thinking", "signature"]
)
REDACTED_BLOCK = checks.fields_of({"type": STRING, "data": STRING}, required=["data"])
TOOL_USE_BLOCK = checks.fields_of(
    {"type": STRING, "id": STRING, "name": STRING, "input": OBJECT, "caller": OBJECT, **CACHE},
    required=["id", "name", "input"],
)
TOOL_RESULT_BLOCK = checks.fields_of(
    {
        "type": STRING,
        "tool_use_id": STRING,
        "content": checks.either("a string or an array of text blocks", STRING, LIST),
        "is_error": BOOLEAN,
        **CACHE,
    },
    required=["tool_use_id"],
)

BLOCKS: tuple[tuple[str, str, str], ...] = (
    ("text", "all", "joined without a separator; `citations` are not shown to the model"),
    ("thinking", "`assistant`", "an earlier thought; its `signature` must be the one that this server gave, else 400"),
    ("redacted_thinking", "`assistant`", "accepted and skipped"),
    ("tool_use", "`assistant`", "an earlier call"),
    ("tool_result", "`user`", "text; its `tool_use_id` must be that of an earlier call; `is_error` adds `Error: `"),
    ("image, document and all others", "none", "refused: the model reads text only"),
)

TOOL = checks.fields_of(
    {
        "type": checks.one_of("custom", why="Tools that the vendor runs are not offered."),
        "name": STRING,
        "description": STRING,
        "input_schema": OBJECT,
        "strict": BOOLEAN,
        "eager_input_streaming": BOOLEAN,
        "defer_loading": checks.one_of(False, why="All tools are shown to the model."),
        "allowed_callers": checks.list_of(checks.one_of("direct")),
        "input_examples": checks.refused("put examples into the description"),
        **CACHE,
    },
    required=["name", "input_schema"],
)
TOOL_CHOICE = checks.fields_of(
    {"type": checks.one_of("auto", "any", "tool", "none"), "name": STRING, "disable_parallel_tool_use": BOOLEAN},
    required=["type"],
)
THINKING = checks.fields_of(
    {
        "type": checks.one_of("enabled", "adaptive", "disabled"),
        "budget_tokens": checks.integer(1),
        "display": checks.one_of("summarized", why="Thoughts are given whole."),
    },
    required=["type"],
)
