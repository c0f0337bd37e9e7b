"""Writes docs/FIELDS.md from the tables that check the requests.

Run: `python -m joyflash.server.fields_page > docs/FIELDS.md`
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from joyflash.server import anthropic_fields, responses_fields
from joyflash.server.batch_routes import BATCH_FIELDS
from joyflash.server.chat_fields import CHAT_FIELDS, Field
from joyflash.server.completion_fields import COMPLETION_FIELDS
from joyflash.server.openai_messages import MESSAGE_FIELDS, ROLES
from joyflash.server.settings import ServerSettings
from joyflash.server.tokenizing import DETOKENIZE_FIELDS, TOKENIZE_FIELDS
from joyflash.server.uploads import UPLOAD_FIELDS

INTRODUCTION = """# What the server does with each field

Every field of a request is honoured, or accepted without effect and listed as such here, or refused with a 400 that
names it in `param`. A field that is not in these tables is refused too, with the nearest known name as a hint. A field
that is `null` counts as absent.

This page is written from the tables in `joyflash/server/` (`chat_fields.py`, `openai_messages.py`,
`completion_fields.py`, `responses_fields.py`, `uploads.py`, `batch_routes.py`, `tokenizing.py`,
`anthropic_fields.py`) by
`python -m joyflash.server.fields_page > docs/FIELDS.md`; a test keeps the two in step.
"""

TOOLS = """`{"type": "function", "function": {"name", "description", "parameters", "strict"}}`: the name has 1 to 128
characters without spaces, `<` or `>`; `parameters` is a JSON Schema of type object. What is no such thing is a 400 that
names the part at fault. Calls are held to the tools while the model writes: the function's name, each parameter's
name at most once, the required ones before the end, and every value by its schema (next section). In a stream the
arguments come while they are written. A call that was cut off (by `max_tokens` or `stop`) is not reported; a
stream that had begun one does not end with `tool_calls` (`tool_use`).
"""

SCHEMAS = """Calls, `response_format` and `output_config.format` are held to JSON Schemas by
[llguidance](https://github.com/guidance-ai/llguidance). Held: `type`, `enum`, `const`, `properties`, `required`,
`additionalProperties`, `patternProperties`, `items`, `prefixItems`, `minItems`, `maxItems`, `minLength`, `maxLength`,
`pattern` (without looking around), `minimum`, `maximum`, their exclusive forms, `multipleOf`, `anyOf`, `oneOf` (as
`anyOf`), `allOf`, and `$ref` within the schema; of `format` date, time, date-time, email, ipv4 and uuid, inside JSON
also duration, hostname, ipv6 and uri. Not held: `not`, `if`, `dependentRequired`, `contains`, `uniqueItems`,
`propertyNames`, `unevaluatedProperties`, a `multipleOf` of more than 10,000 (decimals counted) or one beside other
conditions (`allOf`), and what refers to a call's parameters as a whole. These are left out, and
a pattern or object that the library cannot take is held to its type alone; with `"strict": true` either is a 400
that says which. Schemas that nothing matches, that refer elsewhere, are nested more than 32 levels deep or too large to
compile (about a megabyte, or some seconds) are a 400 in any case. So are parameters of a function that name none: a
call gives values by name, so `properties` must list them, at the root or in what its `$ref` or `allOf` say.

What is written is narrower than the schema in a few ways. JSON is one line, with at most one space after `,` and `:`;
properties come in the schema's order, and an object whose properties are named gets no others unless
`additionalProperties` says so. Integers have at most 18 digits; numbers inside JSON have no exponent and stay within
9 × 10^18. Texts never hold `</parameter>`. Where a value may be a text or a bounded number, it is a text; a text that
reads like one of the value's other types is that type. `joyflash serve --free-tool-calls` leaves calls free unless a
request asks for more (`strict`, `tool_choice`, `parallel_tool_calls`, a format).
"""

ANTHROPIC = """`POST /v1/messages/count_tokens` takes the same fields but `stream`, and `max_tokens` may be absent. The
headers `anthropic-version` and `anthropic-beta` are accepted, and change nothing but the shape of `/v1/models`.
`usage.input_tokens` leaves out what the prefix cache held, which is `cache_read_input_tokens`; together they are what
`count_tokens` says.
"""

RESPONSES = """Responses are kept in memory unless `store` is false: the newest {count} within {size} MiB, until the
server ends. `GET` and `DELETE /v1/responses/{{id}}` and `GET /v1/responses/{{id}}/input_items` (`after`, `limit`,
`order`) reach them; an id is the only key to one. `POST /v1/responses/input_tokens` takes the same fields but `stream`
and counts. The events of a stream are those of messages, reasoning texts and function calls; a failure is
`response.failed`.
"""
BATCHES = """A form with one file. Files and batches lie in the folder that `joyflash serve --files` names, and are
there again after a restart, when open batches go on without asking twice; without `--files` they end with the server.
At most {files} files of {each} MiB, {all} MiB together; {batches} batches of {lines} lines. `GET /v1/files`
(`purpose`, `after`, `limit`, `order`), `GET` and `DELETE /v1/files/{{id}}`, `GET /v1/files/{{id}}/content`, `GET
/v1/batches`, `GET /v1/batches/{{id}}` and `POST /v1/batches/{{id}}/cancel` do the rest. Lines are OpenAI's
(`custom_id`, `method`, `url`, `body`); one that is wrong, or gets an error, goes into the error file. Batches run one
after the other, behind all other callers.
"""
HEAD = ("field", "takes", "default", "what we do with it")


def fields_page() -> str:
    """The whole page as Markdown."""
    bounds = ServerSettings()
    messages = [(f"`{field.name}`", field.check.words, _roles(field.roles), field.effect) for field in MESSAGE_FIELDS]
    return "\n".join(
        [
            INTRODUCTION,
            "## `POST /v1/chat/completions`",
            "",
            *_table(HEAD, _rows(CHAT_FIELDS)),
            "",
            f"At most {bounds.max_choices} choices, {bounds.max_stop} stop strings, {bounds.max_tools} tools, "
            f"{bounds.max_messages:,} messages and {bounds.max_body_bytes // 2**20} MiB a request. A head has "
            f"{bounds.head_seconds:g} s; a body {bounds.body_seconds:g} s and more as long as 16 KiB a second come, "
            f"else 408; an answer that nobody reads for {bounds.read_seconds:g} s is ended.",
            "",
            "## `messages[i]`",
            "",
            *_table(("field", "takes", "roles", "what we do with it"), messages),
            "",
            "## `tools[i]`",
            "",
            TOOLS,
            "## Schemas",
            "",
            SCHEMAS,
            *_completions_part(bounds),
            *_responses_part(bounds),
            *_batches_part(bounds),
            *_tokens_part(),
            *_anthropic_part(),
        ]
    )


def _completions_part(bounds: ServerSettings) -> list[str]:
    """What `/v1/completions` takes."""
    return [
        "## `POST /v1/completions`",
        "",
        *_table(HEAD, _rows(COMPLETION_FIELDS)),
        "",
        f"At most {bounds.max_prompts} prompts, and as many choices of all prompts together.",
        "",
    ]


def _responses_part(bounds: ServerSettings) -> list[str]:
    """What `/v1/responses` takes."""
    return [
        "## `POST /v1/responses`",
        "",
        RESPONSES.format(count=f"{bounds.max_stored_responses:,}", size=bounds.max_stored_bytes // 2**20),
        *_table(HEAD, _rows(responses_fields.RESPONSE_FIELDS)),
        "",
        "## `input[i]` of `/v1/responses`",
        "",
        *_table(("type", "what we do with it"), responses_fields.ITEMS),
        "",
        f"A tool is {responses_fields.TOOL.words}; only the type `function` is taken.",
        "",
    ]


def _batches_part(bounds: ServerSettings) -> list[str]:
    """What `/v1/files` and `/v1/batches` take."""
    numbers = {
        "files": f"{bounds.max_files:,}",
        "each": bounds.max_file_bytes // 2**20,
        "all": bounds.max_files_bytes // 2**20,
        "batches": bounds.max_batches,
        "lines": f"{bounds.max_batch_lines:,}",
    }
    return [
        "## `POST /v1/files`",
        "",
        BATCHES.format(**numbers),
        *_table(HEAD, _rows(UPLOAD_FIELDS)),
        "",
        "## `POST /v1/batches`",
        "",
        *_table(HEAD, _rows(BATCH_FIELDS)),
        "",
    ]


def _tokens_part() -> list[str]:
    """What `/tokenize` and `/detokenize` take."""
    return [
        "## `POST /tokenize`",
        "",
        *_table(HEAD, _rows(TOKENIZE_FIELDS)),
        "",
        "## `POST /detokenize`",
        "",
        *_table(HEAD, _rows(DETOKENIZE_FIELDS)),
        "",
    ]


def _anthropic_part() -> list[str]:
    """What `/v1/messages` takes."""
    return [
        "## `POST /v1/messages`",
        "",
        ANTHROPIC,
        *_table(HEAD, _rows(anthropic_fields.MESSAGE_FIELDS)),
        "",
        "## Content blocks of `/v1/messages`",
        "",
        *_table(("type", "roles", "what we do with it"), anthropic_fields.BLOCKS),
        "",
        f"A message has `role` (`user`, `assistant` or `system`) and `content` (text or blocks). "
        f"A tool is {anthropic_fields.TOOL.words}.",
        "",
    ]


def _rows(fields: Iterable[Field]) -> list[tuple[str, ...]]:
    return [
        (f"`{field.name}`", field.check.words, "required" if field.required else _shown(field.default), field.effect)
        for field in fields
    ]


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    lines = [head, tuple("---" for _ in head), *rows]
    return ["| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines]


def _shown(default: object) -> str:
    return "absent" if default is None else f"`{json.dumps(default)}`"


def _roles(roles: tuple[str, ...]) -> str:
    return "all" if roles == ROLES else ", ".join(f"`{role}`" for role in roles)


if __name__ == "__main__":
    print(fields_page(), end="")
