"""Regular expressions for values written as bare text: JSON Schema's words about strings, in Lark's spelling."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

ANY_TEXT = "/(?s:.*)/"
INTEGER = "-?(0|[1-9][0-9]{0,17})"
NUMBER = rf"{INTEGER}(\.[0-9]{{1,17}})?([eE][+-]?[0-9]{{1,2}})?"

_LONG, _SHORT = r"(0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])", r"(0[469]|11)-(0[1-9]|[12][0-9]|30)"
_DAY = rf"({_LONG}|{_SHORT}|02-(0[1-9]|1[0-9]|2[0-8]))"  # no 29th of February: no year to ask
_DATE = rf"[0-9]{{4}}-{_DAY}"
_TIME = r"([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,6})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])"
_BYTE = r"(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
TEXT_FORMATS: Mapping[str, str] = {
    "date": _DATE,
    "time": _TIME,
    "date-time": f"{_DATE}T{_TIME}",
    "uuid": r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
    "ipv4": rf"({_BYTE}\.){{3}}{_BYTE}",
    "email": r"[A-Za-z0-9_+-]{1,32}(\.[A-Za-z0-9_+-]{1,32})?@[A-Za-z0-9-]{1,32}(\.[A-Za-z]{2,16}){1,3}",
}

# What the reader of a call would take for a value of another type, white space around it included.
_WHITE = r"[\s\x1c-\x1f]*"
_NUMBER = rf"{_WHITE}-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?{_WHITE}"
LOOKS_LIKE: Mapping[str, str] = {
    "integer": _NUMBER,
    "number": _NUMBER,
    "boolean": rf"{_WHITE}(?i:true|false){_WHITE}",
    "null": rf"{_WHITE}null{_WHITE}",
    "object": rf"{_WHITE}\{{(?s:.*)",
    "array": rf"{_WHITE}\[(?s:.*)",
}


def literal(text: str) -> str:
    """A string of a Lark grammar that means ``text``."""
    spelled = json.dumps(text, ensure_ascii=False)
    return re.sub(r"[\x7f-\x9f\u2028\u2029]", lambda found: f"\\u{ord(found.group()):04x}", spelled)


def without(text: str) -> str:
    """An expression for all texts in which ``text`` does not occur."""
    return f"{ANY_TEXT} & ~/(?s:.*){re.escape(text).replace('/', chr(92) + '/')}(?s:.*)/"


def string_parts(schema: Mapping[str, Any]) -> dict[str, str]:
    """The expressions that a string must all match, by the keyword that each comes from.

    Raises:
        ValueError: the pattern means something that has no such expression.
    """
    parts: dict[str, str] = {}
    low, high = schema.get("minLength"), schema.get("maxLength")
    if low or high is not None:
        parts["maxLength" if low is None else "minLength"] = f"/(?s:.){{{low or 0},{'' if high is None else high}}}/"
    if isinstance(schema.get("pattern"), str):
        parts["pattern"] = _searched(schema["pattern"])
    if schema.get("format") in TEXT_FORMATS:
        parts["format"] = f"/{TEXT_FORMATS[schema['format']]}/"
    return parts


def _searched(pattern: str) -> str:
    """A pattern that may match anywhere, as an expression for the whole text."""
    return "(" + " | ".join(_whole(branch) for branch in _branches(pattern)) + ")"


def _whole(branch: str) -> str:
    begins, ends = branch.startswith("^"), re.search(r"(?<!\\)(\\\\)*\$\Z", branch) is not None
    core = branch[begins : len(branch) - ends]
    if _has_anchor(core):
        raise ValueError("'^' and '$' may only stand at the ends of a pattern")
    inner = f"/{_spelled(core)}/" if core else '""'
    return " ".join([*([] if begins else [ANY_TEXT]), inner, *([] if ends else [ANY_TEXT])])


def _spelled(pattern: str) -> str:
    """A pattern between Lark's slashes, ``\\d`` and ``\\w`` as in JavaScript."""
    found, inside = [], False
    for piece in re.findall(r"\\.|.", pattern, re.DOTALL):
        if piece in ("\\d", "\\w"):
            classes = {"\\d": "0-9", "\\w": "0-9A-Za-z_"}[piece]
            found.append(classes if inside else f"[{classes}]")
            continue
        inside = piece == "[" or (inside and piece != "]")
        found.append({"/": "\\/", "\\/": "\\/", "\n": "\\n", "\\D": "[^0-9]", "\\W": "[^0-9A-Za-z_]"}.get(piece, piece))
    return "".join(found)


def _pieces(pattern: str) -> list[tuple[str, int, bool]]:
    """Characters and escapes of a pattern, each with how many groups are open and whether a class is."""
    pieces, depth, inside = [], 0, False
    for piece in re.findall(r"\\.|.", pattern, re.DOTALL):
        if not inside:
            depth -= piece == ")"
        pieces.append((piece, depth, inside))
        if not inside:
            depth += piece == "("
        inside = piece == "[" or (inside and piece != "]")
    return pieces


def _branches(pattern: str) -> list[str]:
    """The alternatives on a pattern's top level."""
    branches = [""]
    for piece, depth, inside in _pieces(pattern):
        if piece == "|" and depth == 0 and not inside:
            branches.append("")
        else:
            branches[-1] += piece
    return branches


def _has_anchor(pattern: str) -> bool:
    return any(piece in ("^", "$") and not inside for piece, _, inside in _pieces(pattern))
