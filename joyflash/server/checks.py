"""Small checks for values of a JSON body; each returns the value or raises an error that names the field."""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

from joyflash.errors import RequestError

SCHEMA_NAMES = {str: "string", bool: "boolean", dict: "object", list: "array"}
JSON_NAMES = {type(None): "null", bool: "a boolean", int: "an integer", float: "a number", str: "a string"}


@dataclass(frozen=True)
class Check:
    """A test of one JSON value: `words` say what passes (they go into messages and docs), `run` does the work.

    ``schema`` is the same as JSON Schema, as far as that can say it; it goes into the OpenAPI document.
    """

    words: str
    run: Callable[[Any, str], Any]
    schema: dict[str, Any] = field(default_factory=dict)

    def __call__(self, value: Any, param: str) -> Any:
        return self.run(value, param)


def json_name(value: Any) -> str:
    """What a JSON value is, in words."""
    return JSON_NAMES.get(type(value), "an array" if isinstance(value, list) else "an object")


def wrong_type(value: Any, param: str, wanted: str) -> RequestError:
    """The error for a value of the wrong type or outside its bounds."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    shown = str(value)[:40] if is_number else json_name(value)
    return RequestError(f"'{param}' must be {wanted}, not {shown}.", param, "invalid_value")


def number(low: float, high: float) -> Check:
    """A finite number in [low, high]."""
    words = f"a number from {low:g} to {high:g}"

    def run(value: Any, param: str) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise wrong_type(value, param, words)
        return float(value)

    return Check(words, run, {"type": "number", "minimum": low, "maximum": high})


def integer(low: int, high: int | None = None) -> Check:
    """An integer in [low, high]; a float without a fraction counts, as JSON knows only numbers."""
    words = f"an integer from {low} to {high}" if high is not None else f"an integer of at least {low}"

    def run(value: Any, param: str) -> int:
        # An int may be too long for math.isfinite, which makes a float of it.
        whole = type(value) is int or (isinstance(value, float) and math.isfinite(value))
        if not whole or value != int(value) or value < low or (high is not None and value > high):
            raise wrong_type(value, param, words)
        return int(value)

    bounds = {"minimum": low} if high is None else {"minimum": low, "maximum": high}
    return Check(words, run, {"type": "integer", **bounds})


def instance(kind: type, words: str) -> Check:
    """A value of one JSON type."""

    def run(value: Any, param: str) -> Any:
        if not isinstance(value, kind):
            raise wrong_type(value, param, words)
        return value

    return Check(words, run, {"type": SCHEMA_NAMES[kind]})


def one_of(*values: Any, why: str = "") -> Check:
    """One of a few values; `why` is added to the refusal of others."""
    words = "one of " + ", ".join(f'"{value}"' if isinstance(value, str) else str(value).lower() for value in values)

    def run(value: Any, param: str) -> Any:
        if not any(type(value) is type(allowed) and value == allowed for allowed in values):
            shown = f"{value[:40]!r}" if isinstance(value, str) else json_name(value)
            raise RequestError(f"'{param}' must be {words}, not {shown}. {why}".rstrip(), param, "invalid_value")
        return value

    return Check(words, run, {"enum": list(values)})


def refused(why: str, code: str = "unsupported_parameter") -> Check:
    """No value but null passes."""

    def run(value: Any, param: str) -> Any:
        raise RequestError(f"'{param}' is not supported here: {why}.", param, code)

    return Check("only null", run, {"type": "null"})


def list_of(item: Check, low: int = 0, high: int | None = None, words: str = "") -> Check:
    """An array whose items all pass `item`."""
    bounds = f" ({low} to {high} of them)" if high is not None else ""
    words = words or f"an array{bounds}, each item {item.words}"

    def run(value: Any, param: str) -> list[Any]:
        if not isinstance(value, list):
            raise wrong_type(value, param, words)
        if len(value) < low or (high is not None and len(value) > high):
            limit = f"at least {low}" if len(value) < low else f"at most {high}"
            raise RequestError(f"'{param}' has {len(value)} items; {limit} are allowed.", param, "invalid_value")
        return [item(entry, f"{param}[{index}]") for index, entry in enumerate(value)]

    bounds = {"minItems": low} if high is None else {"minItems": low, "maxItems": high}
    return Check(words, run, {"type": "array", "items": item.schema, **bounds})


def either(words: str, *checks: Check) -> Check:
    """What passes any of `checks`. When none passes, the error that points deepest into the value wins."""

    def run(value: Any, param: str) -> Any:
        inner: RequestError | None = None
        for check in checks:
            try:
                return check(value, param)
            except RequestError as error:
                if (error.param or "") > param or "items;" in str(error):
                    inner = error
        raise inner or wrong_type(value, param, words)

    return Check(words, run, {"anyOf": [check.schema for check in checks]})


def map_of_strings(pairs: int, key: int, value: int) -> Check:
    """An object of at most so many names (of at most ``key`` characters) and strings (of at most ``value``)."""
    words = f"an object of at most {pairs} strings ({value} characters; names {key})"

    def run(given: Any, param: str) -> dict[str, str]:
        if not isinstance(given, dict) or len(given) > pairs or any(len(name) > key for name in given):
            raise wrong_type(given, param, words)
        for name, text in given.items():
            if not isinstance(text, str) or len(text) > value:
                raise wrong_type(text, f"{param}.{name}", f"a string of at most {value} characters")
        return given

    strings = {"type": "string", "maxLength": value}
    return Check(words, run, {"type": "object", "maxProperties": pairs, "additionalProperties": strings})


ANY = Check("any value", lambda value, param: value)
STRING = instance(str, "a string")
BOOLEAN = instance(bool, "a boolean")
OBJECT = instance(dict, "an object")
LIST = instance(list, "an array")
METADATA = map_of_strings(16, 64, 512)
"""OpenAI's bounds on what is given back with an object."""


def fields_of(known: dict[str, Check], required: Collection[str] = ()) -> Check:
    """An object with these fields and no others; null counts as absent."""
    words = "an object with " + ", ".join(f"`{name}`" for name in known)

    def run(value: Any, param: str) -> dict[str, Any]:
        OBJECT(value, param)
        refuse_unknown(value, known, param)
        for name in required:
            if value.get(name) is None:
                raise RequestError(f"'{param}.{name}' is missing.", f"{param}.{name}", "missing_required_parameter")
        return {name: known[name](item, f"{param}.{name}") for name, item in value.items() if item is not None}

    properties = {name: check.schema for name, check in known.items()}
    more = {"required": list(required), "additionalProperties": False}
    return Check(words, run, {"type": "object", "properties": properties, **more})


def refuse_unknown(given: Iterable[str], known: Iterable[str], prefix: str = "") -> None:
    """Refuse the first field that is not known, and say which known one was probably meant.

    Raises:
        RequestError: `param` names the unknown field.
    """
    names = list(known)
    for name in given:
        if name in names:
            continue
        param = f"{prefix}.{name[:80]}" if prefix else name[:80]
        close = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
        hint = f"did you mean '{close[0]}'?" if close else "docs/FIELDS.md lists the known ones."
        raise RequestError(f"Unknown field '{param}': {hint}", param, "unknown_parameter")
