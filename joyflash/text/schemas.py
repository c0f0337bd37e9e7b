"""JSON Schema as far as tool calls need it: checking a definition, and typing a value the model wrote as text."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from joyflash.errors import ToolSchemaError

TYPES = ("string", "integer", "number", "boolean", "object", "array", "null")
_DEEPEST = 32
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
    for name in schema.get("properties") or {}:
        if not isinstance(name, str) or not name or re.search(r"[<>\n]", name):
            raise ToolSchemaError(
                f"{where}.properties: {name!r} cannot be a parameter name; leave out '<', '>' and line breaks.", where
            )
    _check_schema(schema, where, 0)


def _check_schema(schema: Any, where: str, depth: int) -> None:
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
    for key in ("required", "enum", "anyOf", "oneOf", "allOf"):
        if key in schema and not isinstance(schema[key], list):
            raise ToolSchemaError(f"{where}.{key} must be a list.", f"{where}.{key}")
    if not all(isinstance(name, str) for name in schema.get("required", [])):
        raise ToolSchemaError(f"{where}.required must list parameter names.", f"{where}.required")
    for key in ("properties", "$defs", "definitions"):
        members = schema.get(key, {})
        if not isinstance(members, Mapping):
            raise ToolSchemaError(f"{where}.{key} must be an object.", f"{where}.{key}")
        for name, member in members.items():
            _check_schema(member, f"{where}.{key}.{name}", depth + 1)
    for key in ("anyOf", "oneOf", "allOf"):
        for i, member in enumerate(schema.get(key, [])):
            _check_schema(member, f"{where}.{key}[{i}]", depth + 1)
    if "items" in schema:
        _check_schema(schema["items"], f"{where}.items", depth + 1)


def typed_value(text: str, parameters: Mapping[str, Any], name: str) -> Any:
    """The value of parameter ``name`` that the model wrote as ``text``.

    A string parameter keeps its text even when that reads ``null`` or ``12``; so does a parameter the schema does not
    know or gives no type, and a text that is no value of the parameter's type. Of several possible types those other
    than string are tried first, in the schema's order.

    Args:
        parameters: the tool's whole parameter schema (``$ref`` is looked up in it).
    """
    properties = parameters.get("properties")
    schema = properties.get(name) if isinstance(properties, Mapping) else None
    for kind, allowed in _alternatives(schema, parameters, 0):
        value = _parse(text.strip(), kind)
        if value is not _UNSET and (allowed is None or value in allowed):
            return value
    return text


def strict_json(text: str) -> Any:
    """``json.loads`` that takes no NaN or infinity, which JSON lacks; ValueError for anything that is no JSON."""
    try:
        return json.loads(text, parse_constant=_refuse, parse_float=_finite)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _finite(text: str) -> float:
    value = float(text)
    return value if math.isfinite(value) else _refuse(text)


def _alternatives(schema: Any, root: Mapping[str, Any], depth: int) -> list[tuple[str, Sequence[Any] | None]]:
    """The non-string types a value may have; an enumeration comes along where the schema names no type itself."""
    if not isinstance(schema, Mapping) or depth > _DEEPEST:
        return []
    if isinstance(schema.get("$ref"), str):
        return _alternatives(_look_up(schema["$ref"], root), root, depth + 1)
    for key in ("anyOf", "oneOf", "allOf"):
        if schema.get(key):
            return [found for member in schema[key] for found in _alternatives(member, root, depth + 1)]
    kinds = schema.get("type")
    if kinds is not None:
        return [(kind, None) for kind in ([kinds] if isinstance(kinds, str) else kinds) if kind != "string"]
    allowed = [schema["const"]] if "const" in schema else schema.get("enum")
    return [(kind, allowed) for kind in _implied_types(schema, allowed) if kind != "string"]


def _implied_types(schema: Mapping[str, Any], allowed: Sequence[Any] | None) -> list[str]:
    """Types of a schema that names none: those of its enumeration, or what its keywords speak of."""
    if allowed is not None:
        return [kind for kind in TYPES if any(_is_kind(value, kind) for value in allowed)]
    if "properties" in schema:
        return ["object"]
    return ["array"] if "items" in schema else []


def _look_up(reference: str, root: Mapping[str, Any]) -> Any:
    """The target of a ``#/$defs/Name`` reference, or None."""
    target: Any = root
    for part in reference.removeprefix("#").strip("/").split("/"):
        target = target.get(part.replace("~1", "/").replace("~0", "~")) if isinstance(target, Mapping) else None
    return target


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
    return value if _is_kind(value, kind) else _UNSET


def _is_kind(value: Any, kind: str) -> bool:
    if kind in ("integer", "number"):
        is_number = isinstance(value, int) or (kind == "number" and isinstance(value, float))
        return is_number and not isinstance(value, bool)
    types: dict[str, type] = {"string": str, "boolean": bool, "object": dict, "array": list, "null": type(None)}
    return isinstance(value, types[kind])
