"""Writes docs/FIELDS.md from the tables that check the requests.

Run: `python -m joyflash.server.fields_page > docs/FIELDS.md`
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from joyflash.server import anthropic_fields
from joyflash.server.chat_fields import CHAT_FIELDS, Field
from joyflash.server.openai_messages import MESSAGE_FIELDS, ROLES
from joyflash.server.settings import ServerSettings

INTRODUCTION = """# What the server does with each field

Every field of a request is honoured, or accepted without effect and listed as such here, or refused with a 400 that
names it in `param`. A field that is not in these tables is refused too, with the nearest known name as a hint. A field
that is `null` counts as absent.

This page is written from the tables in `joyflash/server/chat_fields.py`, `joyflash/server/openai_messages.py` and
`joyflash/server/anthropic_fields.py` by
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
`propertyNames`, `unevaluatedProperties` and what refers to a call's parameters as a whole. These are left out, and
a pattern or object that the library cannot take is held to its type alone; with `"strict": true` either is a 400
that says which. Schemas that nothing matches, that refer elsewhere, are nested more than 32 levels deep or too large to
compile (about a megabyte, or some seconds) are a 400 in any case.

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


def fields_page() -> str:
    """The whole page as Markdown."""
    bounds = ServerSettings()
    messages = [(f"`{field.name}`", field.check.words, _roles(field.roles), field.effect) for field in MESSAGE_FIELDS]
    return "\n".join(
        [
            INTRODUCTION,
            "## `POST /v1/chat/completions`",
            "",
            *_table(("field", "takes", "default", "what we do with it"), _rows(CHAT_FIELDS)),
            "",
            f"At most {bounds.max_choices} choices, {bounds.max_stop} stop strings, {bounds.max_tools} tools, "
            f"{bounds.max_messages:,} messages and {bounds.max_body_bytes // 2**20} MiB a request.",
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
            *_anthropic_part(),
        ]
    )


def _anthropic_part() -> list[str]:
    """What `/v1/messages` takes."""
    return [
        "## `POST /v1/messages`",
        "",
        ANTHROPIC,
        *_table(("field", "takes", "default", "what we do with it"), _rows(anthropic_fields.MESSAGE_FIELDS)),
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
