"""The tables of what `/v1/responses` takes: they check requests, and docs/FIELDS.md is written from them."""

from __future__ import annotations

from joyflash.server import checks
from joyflash.server.chat_fields import CHAT_FIELDS, EFFORTS, UNHEARD, Field
from joyflash.server.checks import BOOLEAN, LIST, OBJECT, STRING

_CHAT = {field.name: field for field in CHAT_FIELDS}
LOGPROBS = "message.output_text.logprobs"
ENCRYPTED = "reasoning.encrypted_content"

RESPONSE_FIELDS: tuple[Field, ...] = (
    Field("model", STRING, None, "a served name; another is a 404, absent is the one that there is"),
    Field(
        "input",
        checks.either("a string or an array of items", STRING, LIST),
        None,
        "a user's message, or items as in the table below; absent, nothing is added to the conversation",
    ),
    Field("instructions", STRING, None, "a system message before all others; not carried over to later responses"),
    Field(
        "previous_response_id",
        STRING,
        None,
        "the conversation goes on from that stored response; one that is not stored (any more) is a 404",
    ),
    Field(
        "store",
        BOOLEAN,
        True,
        "keep the response in memory, for `previous_response_id` and `GET /v1/responses/{id}`; the oldest make room",
    ),
    Field("max_output_tokens", checks.integer(1), None, "bound on generated tokens, reasoning included"),
    _CHAT["temperature"],
    _CHAT["top_p"],
    Field(
        "top_logprobs", checks.integer(0, 20), None, f"alternatives for each token; `include` must ask for `{LOGPROBS}`"
    ),
    _CHAT["stream"],
    Field(
        "stream_options",
        checks.fields_of({"include_obfuscation": checks.one_of(False)}),
        None,
        "`include_obfuscation` may only be false; needs `stream`",
    ),
    Field("tools", LIST, [], "functions that the model may call; tools that the vendor runs are refused"),
    Field(
        "tool_choice",
        checks.either('"none", "auto", "required" or an object', checks.one_of("none", "auto", "required"), OBJECT),
        "auto",
        '`{"type": "function", "name"}` opens a call of that function; `{"type": "allowed_tools", "mode", "tools"}` '
        "shows the model only these",
    ),
    _CHAT["parallel_tool_calls"],
    Field(
        "reasoning",
        checks.fields_of(
            {
                "effort": checks.one_of(*EFFORTS),
                "summary": checks.one_of("auto", "concise", "detailed"),
                "generate_summary": checks.one_of("auto", "concise", "detailed"),
                "context": checks.refused("reasoning of the input is always shown to the model"),
                "mode": checks.refused("the model knows one"),
            }
        ),
        None,
        "`effort`: `none` and `minimal` answer at once (the default), the others think first; `summary` changes "
        "nothing: reasoning is given whole",
    ),
    Field(
        "text",
        checks.fields_of(
            {
                "format": checks.fields_of(
                    {
                        "type": checks.one_of("text", "json_object", "json_schema"),
                        "name": STRING,
                        "description": STRING,
                        "schema": OBJECT,
                        "strict": checks.BOOLEAN,
                    },
                    ["type"],
                ),
                "verbosity": checks.one_of("medium"),
            }
        ),
        None,
        "`format`: `json_object` and `json_schema` (with `name` and `schema`) hold an answer that is no call to JSON; "
        "the prompt is not changed. See the section on schemas. `verbosity`: only `medium`",
    ),
    Field(
        "include",
        checks.list_of(checks.one_of(LOGPROBS, ENCRYPTED)),
        [],
        f"`{LOGPROBS}` adds log-probabilities; `{ENCRYPTED}` changes nothing: reasoning comes in the open and may be "
        "sent back",
    ),
    Field(
        "truncation",
        checks.one_of("disabled", why="A conversation that is too long is a 400."),
        None,
        'only "disabled"',
    ),
    Field("metadata", checks.METADATA, None, "given back with the response"),
    _CHAT["user"],
    _CHAT["safety_identifier"],
    _CHAT["prompt_cache_key"],
    _CHAT["prompt_cache_retention"],
    _CHAT["prompt_cache_options"],
    _CHAT["service_tier"],
    Field("max_tool_calls", checks.integer(1), None, UNHEARD + "it bounds tools that the vendor runs"),
    Field("background", checks.one_of(False, why="Responses are not made in the background."), None, "only false"),
    Field("background_options", checks.refused("responses are not made in the background"), None, "refused"),
    Field("conversation", checks.refused("use 'previous_response_id'"), None, "refused"),
    Field("prompt", checks.refused("there are no stored prompts"), None, "refused"),
    Field("context_management", checks.refused("the conversation is taken as it is"), None, "refused"),
    Field("moderation", checks.refused("there is no moderation model"), None, "refused"),
    Field("image", checks.refused("the model writes text only"), None, "refused"),
    Field("access_programs", checks.refused("there are none"), None, "refused"),
)
COUNT_FIELDS = tuple(field for field in RESPONSE_FIELDS if field.name not in ("stream", "stream_options"))
"""`/v1/responses/input_tokens` takes the same, so that one body can be counted and then sent."""

STATUS = checks.one_of("in_progress", "completed", "incomplete")
INPUT_TEXT = checks.fields_of(
    {"type": checks.one_of("input_text"), "text": STRING, "prompt_cache_breakpoint": OBJECT}, ["type", "text"]
)
OUTPUT_TEXT = checks.fields_of(
    {"type": checks.one_of("output_text"), "text": STRING, "annotations": LIST, "logprobs": LIST}, ["type", "text"]
)
REFUSAL = checks.fields_of({"type": checks.one_of("refusal"), "refusal": STRING}, ["type", "refusal"])
FUNCTION_CALL = checks.fields_of(
    {"type": STRING, "id": STRING, "call_id": STRING, "name": STRING, "arguments": STRING, "status": STATUS},
    ["call_id", "name", "arguments"],
)
FUNCTION_CALL_OUTPUT = checks.fields_of(
    {
        "type": STRING,
        "id": STRING,
        "call_id": STRING,
        "output": checks.either("a string or an array of `input_text` parts", STRING, checks.list_of(INPUT_TEXT)),
        "status": STATUS,
    },
    ["call_id", "output"],
)
REASONING = checks.fields_of(
    {
        "type": STRING,
        "id": STRING,
        "summary": LIST,
        "content": checks.list_of(
            checks.fields_of({"type": checks.one_of("reasoning_text"), "text": STRING}, ["type", "text"])
        ),
        "encrypted_content": STRING,
        "status": STATUS,
    }
)
MESSAGE = {
    "type": checks.one_of("message"),
    "id": STRING,
    "role": checks.one_of("user", "system", "developer", "assistant"),
    "status": STATUS,
    "phase": checks.one_of("commentary", "final_answer"),
}
TOOL_KIND = checks.one_of("function", why="Tools that the vendor runs are not offered.")
TOOL = checks.fields_of(
    {
        "type": TOOL_KIND,
        "name": STRING,
        "description": STRING,
        "parameters": OBJECT,
        "strict": checks.BOOLEAN,
        "async": checks.one_of(False, why="Results are awaited."),
        "defer_loading": checks.one_of(False, why="All tools are shown to the model."),
        "allowed_callers": checks.list_of(checks.one_of("direct")),
        "output_schema": checks.refused("results are not checked"),
    },
    ["type", "name"],
)
NAMED = checks.fields_of({"type": checks.one_of("function"), "name": STRING}, ["type", "name"])
ALLOWED = checks.fields_of(
    {
        "type": checks.one_of("allowed_tools"),
        "mode": checks.one_of("auto", "required"),
        "tools": checks.list_of(NAMED, 1, 1000),
    },
    ["type", "mode", "tools"],
)

ITEMS: tuple[tuple[str, str], ...] = (
    (
        "message",
        "`role` (`user`, `system`, `developer` or `assistant`) and `content` (text, or `input_text`, `output_text` and "
        "`refusal` parts, joined without a separator); `type` may be absent; `id`, `status` and `phase` change nothing",
    ),
    ("function_call", "an earlier call: `call_id`, `name`, `arguments` as JSON text"),
    ("function_call_output", "its result: `call_id`, `output` (text or `input_text` parts)"),
    ("reasoning", "earlier reasoning: the text of its `content`; `summary` and `encrypted_content` are skipped"),
    ("item_reference and all others", "refused: items are not stored by themselves, and the model reads text only"),
)
