"""OpenAI's message forms, turned into the plain conversation that `joyflash.text` knows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from joyflash.errors import RequestError
from joyflash.server import checks
from joyflash.server.checks import STRING, Check
from joyflash.text.messages import Message

ROLES = ("system", "developer", "user", "assistant", "tool")


def _text_parts(value: Any, param: str) -> str:
    """The text of an array of content parts, joined without a separator.

    Raises:
        RequestError: a part that is not text, such as an image.
    """
    texts = []
    for index, part in enumerate(checks.LIST(value, param)):
        where = f"{param}[{index}]"
        kind = checks.OBJECT(part, where).get("type")
        if kind not in ("text", "refusal"):
            why = "'image_url', audio and files are not: the model reads text only"
            raise RequestError(f"'{where}.type' must be \"text\"; {why}.", f"{where}.type", "invalid_value")
        known = {"type": STRING, kind: STRING, "prompt_cache_breakpoint": checks.OBJECT}
        texts.append(checks.fields_of(known, required=[kind])(part, where)[kind])
    return "".join(texts)


CONTENT = checks.either("a string or an array of text parts", STRING, Check("an array of text parts", _text_parts))
CALL = checks.fields_of(
    {
        "id": STRING,
        "type": checks.one_of("function"),
        "index": checks.integer(0),
        # The official client sends back its own reading of the arguments beside them.
        "function": checks.fields_of(
            {"name": STRING, "arguments": STRING, "parsed_arguments": checks.ANY}, required=["name", "arguments"]
        ),
    },
    required=["id", "function"],
)


@dataclass(frozen=True)
class MessageField:
    """One field of a message: its check, the roles that may carry it, and what we do with it."""

    name: str
    check: Check
    roles: tuple[str, ...]
    effect: str


MESSAGE_FIELDS: tuple[MessageField, ...] = (
    MessageField("role", checks.one_of(*ROLES), ROLES, "`developer` is another word for `system`"),
    MessageField(
        "content", CONTENT, ROLES, "a string or text parts; null only in an `assistant` message that has `tool_calls`"
    ),
    MessageField("tool_calls", checks.list_of(CALL), ("assistant",), "calls the model made; `arguments` is JSON text"),
    MessageField("tool_call_id", STRING, ("tool",), "required; which call before it this is the result of"),
    MessageField("name", STRING, ROLES, "accepted, and changes nothing: the template has no place for it"),
    MessageField("reasoning_content", STRING, ("assistant",), "earlier reasoning, as this server returns it"),
    MessageField("refusal", STRING, ("assistant",), "accepted, and changes nothing"),
    MessageField("annotations", checks.LIST, ("assistant",), "accepted, and changes nothing"),
    MessageField(
        "parsed", checks.ANY, ("assistant",), "accepted, and changes nothing: what a client read in `content`"
    ),
    MessageField("audio", checks.refused("the model reads text only"), ("assistant",), "refused"),
    MessageField("function_call", checks.refused("it is the old form of 'tool_calls'"), ("assistant",), "refused"),
)
EFFECTIVE = ("role", "content", "tool_calls", "tool_call_id", "reasoning_content")


def read_messages(values: Sequence[Any], limit: int) -> list[Message]:
    """Check and translate the `messages` of a request.

    Args:
        values: the array of the request.
        limit: most messages allowed.

    Raises:
        RequestError: `param` names the message and the field, e.g. `messages[2].role`.
    """
    if not 1 <= len(values) <= limit:
        raise RequestError(f"'messages' must have 1 to {limit} items, not {len(values)}.", "messages", "invalid_value")
    return [_read_message(value, f"messages[{index}]") for index, value in enumerate(values)]


def _read_message(value: Any, param: str) -> Message:
    """One message, checked against the table and put into the house form."""
    role = checks.OBJECT(value, param).get("role")
    if role is None:
        raise RequestError(f"'{param}.role' is missing.", f"{param}.role", "missing_required_parameter")
    checks.one_of(*ROLES)(role, f"{param}.role")
    known = {field.name: field.check for field in MESSAGE_FIELDS if role in field.roles}
    given = checks.fields_of(known)(value, param)
    if given.get("content") is None and not given.get("tool_calls"):
        code = "missing_required_parameter"
        raise RequestError(f"'{param}.content' is missing; it must be text.", f"{param}.content", code)
    if role == "tool" and "tool_call_id" not in given:
        where = f"{param}.tool_call_id"
        raise RequestError(f"'{where}' is missing: say which call this answers.", where, "missing_required_parameter")
    plain = {name: given[name] for name in EFFECTIVE if name in given}
    return Message.from_dict(plain, param)
