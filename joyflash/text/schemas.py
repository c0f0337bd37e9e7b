"""Checking the JSON Schemas of tools and replies, and typing a value that the model wrote as text."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from joyflash.errors import ToolSchemaError
from joyflash.text.value_forms import TYPES, ValueForm, is_kind, joined_root, parameter_forms

_DEEPEST = 32
LONGEST_NAME = 256
MAX_DEPTH = 64
"""Levels of a request's body, and of a call's arguments: what readers that call themselves can walk."""
_LISTS = ("anyOf", "oneOf", "allOf", "prefixItems")
_MAPS = ("properties", "patternProperties", "$defs", "definitions")
_TEXTS = ("$ref", "pattern", "format")
_COUNTS = ("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties")
_UNSET = object()


def check_parameters(schema: Any, where: str) -> None:
    """Check that ``schema`` is an object schema whose parts have the right form.

    Raises:
        ToolSchemaError: ``param`` names the part at fault.
    """
    if not isinstance(schema, Mapping):
        raise ToolSchemaError(f"{where} must be a JSON Schema object.", where)
    if schema.get("type", "object") != "object":
        raise ToolSchemaError(f"{where}.type must be 'object'.", f"{where}.type")
    check_schema(schema, where)
    for name in [*schema.get("properties", {}), *schema.get("required", [])]:
        if not 0 < len(name) <= LONGEST_NAME or re.search(r"[<>\n\ud800-\udfff]", name):
            raise ToolSchemaError(
                f"{where}.properties: {name[:80]!r} cannot be a parameter name: these have 1 to {LONGEST_NAME} "
                "characters, and none is '<', '>' or a line break.",
                where,
            )


def as_one_object(parameters: Mapping[str, Any], where: str) -> dict[str, Any]:
    """A tool's parameters with what a reference or ``allOf`` at their root says put in its place.

    A call is written and shown parameter by parameter, so ``properties`` must name them.

    Raises:
        ToolSchemaError: they are named in alternatives only, or not at all although there are some.
    """
    whole = joined_root(parameters)
    if whole.get("type") == ["object"]:
        whole["type"] = "object"
    if whole != parameters:
        check_parameters(whole, where)
    unnamed = [key for key in ("anyOf", "oneOf", "allOf", "additionalProperties") if whole.get(key) not in (None, True)]
    named = whole.get("properties") or whole.get("required")
    if not named and any(whole[key] for key in unnamed):
        raise ToolSchemaError(
            f"{where}: no parameter that a call could give is named, only {' and '.join(unnamed)}. List the parameters "
            "under 'properties'.",
            where,
            "unsupported_schema",
        )
    return whole


def check_schema(schema: Any, where: str, depth: int = 0) -> None:
    """Check that the parts of ``schema`` have the right form.

    Raises:
        ToolSchemaError: ``param`` names the part at fault.
    """
    if isinstance(schema, bool):
        return
    if not isinstance(schema, Mapping):
        raise ToolSchemaError(f"{where} must be a JSON Schema object.", where)
    if depth > _DEEPEST:
        raise ToolSchemaError(f"{where} is nested more than {_DEEPEST} levels deep.", where)
    kinds = schema.get("type", [])
    for kind in [kinds] if isinstance(kinds, str) else kinds if isinstance(kinds, list) else [kinds]:
        if kind not in TYPES:
            raise ToolSchemaError(f"{where}.type {kind!r} is none of {', '.join(TYPES)}.", f"{where}.type")
    for key in ("required", "enum", *_LISTS):
        if key in schema and not isinstance(schema[key], list):
            raise ToolSchemaError(f"{where}.{key} must be a list.", f"{where}.{key}")
    if not all(isinstance(name, str) for name in schema.get("required", [])):
        raise ToolSchemaError(f"{where}.required must list parameter names.", f"{where}.required")
    for key in _TEXTS:
        if key in schema and not isinstance(schema[key], str):
            raise ToolSchemaError(f"{where}.{key} must be a string.", f"{where}.{key}")
    for key in _COUNTS:
        value = schema.get(key, 0)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**31:
            raise ToolSchemaError(f"{where}.{key} must be an integer of at least 0.", f"{where}.{key}")
    for name, member in _members(schema, where):
        check_schema(member, name, depth + 1)


def _members(schema: Mapping[str, Any], where: str) -> Iterator[tuple[str, Any]]:
    """The schemas inside a schema, and where they are."""
    for key in _MAPS:
        members = schema.get(key, {})
        if not isinstance(members, Mapping):
            raise ToolSchemaError(f"{where}.{key} must be an object.", f"{where}.{key}")
        for name, member in members.items():
            yield f"{where}.{key}.{name}", member
    for key in _LISTS:
        for index, member in enumerate(schema.get(key, [])):
            yield f"{where}.{key}[{index}]", member
    for key in ("items", "additionalProperties"):
        if key in schema:
            yield f"{where}.{key}", schema[key]


def typed_value(text: str, parameters: Mapping[str, Any], name: str) -> Any:
    """The value of parameter ``name`` that the model wrote as ``text``.

    A string parameter keeps its text even when that reads ``null`` or ``12``; so does a parameter the schema does not
    know or gives no type, and a text that is no value of the parameter's type. Of several possible types those other
    than string are tried first, in the schema's order.

    Args:
        parameters: the tool's whole parameter schema (``$ref`` is looked up in it).
    """
    return read_value(text, parameter_forms(parameters, name))


def read_value(text: str, forms: Iterable[ValueForm]) -> Any:
    """The value that ``text`` stands for where it may have these forms; see ``typed_value``."""
    for form in forms:
        if form.kind != "string":
            value = _parse(text.strip(), form.kind)
            if value is not _UNSET and (form.allowed is None or "type" in form.schema or value in form.allowed):
                return value
    return text


def strict_json(text: str | bytes) -> Any:
    """``json.loads`` that takes no NaN or infinity, which JSON lacks, nor a number too large for a float.

    Raises:
        ValueError: ``text`` is anything else.
    """
    try:
        return json.loads(text, parse_constant=_refuse, parse_float=_finite)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def is_deeper(value: Any, most: int) -> bool:
    """Whether lists and objects lie in each other more than ``most`` times, the outermost counted."""
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(most):
        level = [
            child
            for item in level
            for child in (item.values() if isinstance(item, dict) else item)
            if isinstance(child, dict | list)
        ]
        if not level:
            return False
    return bool(level)


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"the number {text[:40]} is too large")
    return value


def _parse(text: str, kind: str) -> Any:
    """``text`` as a value of one JSON type, or ``_UNSET``."""
    if kind == "boolean":
        return {"true": True, "false": False}.get(text.lower(), _UNSET)
    try:
        value = strict_json(text)
    except ValueError:
        return _UNSET
    if kind == "integer" and isinstance(value, float) and value.is_integer():
        return int(value)
    return value if is_kind(value, kind) and not is_deeper(value, MAX_DEPTH) else _UNSET
