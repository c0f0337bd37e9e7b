"""What forms a value may have by its schema: one JSON type each, references and alternatives followed.

The reader of a call and the grammar that holds the writer both go by this list, so that they agree.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count, islice
from typing import Any

TYPES = ("string", "integer", "number", "boolean", "object", "array", "null")
NUMERIC = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")
_REMARKS = frozenset(("title", "description", "default", "examples", "deprecated", "$comment", "readOnly", "writeOnly"))
_MOST_FORMS = 256
_MOST_STEPS = 2000
_DEEPEST = 32


@dataclass(frozen=True)
class ValueForm:
    """One JSON type that a value may have, the schema for that case, and its values if only these are allowed."""

    kind: str
    schema: Mapping[str, Any]
    allowed: tuple[Any, ...] | None = None

    @property
    def constrained(self) -> bool:
        """Whether the type alone does not say all about a number."""
        return any(key in self.schema for key in (*NUMERIC, "allOf"))


def parameter_forms(parameters: Mapping[str, Any], name: str) -> list[ValueForm]:
    """The forms of parameter ``name`` of a tool."""
    properties = parameters.get("properties")
    return value_forms(properties.get(name) if isinstance(properties, Mapping) else None, parameters)


def value_forms(schema: Any, root: Mapping[str, Any]) -> list[ValueForm]:
    """The forms of a value. Of what says no type the text itself is the value; of very many forms the first count."""
    return list(islice(_forms(schema, root, count(_MOST_STEPS, -1), 0), _MOST_FORMS))


def joined_root(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A schema whose root says itself what its own ``$ref`` and ``allOf`` say, as far as these add up."""
    whole = dict(_resolved(schema, schema))
    members = whole.get("allOf")
    if not members:
        return whole
    joined: Mapping[str, Any] = {key: value for key, value in whole.items() if key != "allOf"}
    for member in members:
        joined = _both(joined, _resolved(member, schema))
    return whole if "allOf" in joined else dict(joined)


def is_kind(value: Any, kind: str) -> bool:
    """Whether a value is of a JSON type; an integer is a number too."""
    if kind in ("integer", "number"):
        is_number = isinstance(value, int) or (kind == "number" and isinstance(value, float))
        return is_number and not isinstance(value, bool)
    types: dict[str, type] = {"string": str, "boolean": bool, "object": dict, "array": list, "null": type(None)}
    return isinstance(value, types[kind])


def look_up(reference: Any, root: Any) -> Any:
    """The target of a ``#/$defs/Name`` reference, or None."""
    if not isinstance(reference, str) or not reference.startswith("#"):
        return None
    target: Any = root
    for part in filter(None, reference[1:].split("/")):
        target = target.get(part.replace("~1", "/").replace("~0", "~")) if isinstance(target, Mapping) else None
    return target


def _forms(schema: Any, root: Mapping[str, Any], steps: Iterator[int], depth: int) -> Iterator[ValueForm]:
    """The forms of one schema; ``steps`` counts down to where alternatives of alternatives are followed no more."""
    if next(steps) < 0 or depth > _DEEPEST:
        return
    if not isinstance(schema, Mapping):
        if schema is not False:
            yield ValueForm("string", {})
        return
    rest = {key: value for key, value in schema.items() if key not in ("$ref", "allOf", "anyOf", "oneOf")}
    if isinstance(schema.get("$ref"), str):
        target = look_up(schema["$ref"], root)
        yield from _forms(_both(rest, target if isinstance(target, Mapping) else {}), root, steps, depth + 1)
        return
    if schema.get("allOf"):
        for member in schema["allOf"]:
            rest = _both(rest, _resolved(member, root))
        if "allOf" not in rest:
            alternatives = {key: schema[key] for key in ("anyOf", "oneOf") if schema.get(key)}
            yield from _forms(_both(rest, alternatives), root, steps, depth + 1)
            return
    for key in ("anyOf", "oneOf"):
        if schema.get(key):
            for member in schema[key]:
                whole = _both(rest, _resolved(member, root)) if isinstance(member, Mapping) else member
                yield from _forms(whole, root, steps, depth + 1)
            return
    yield from _typed(rest)


def _typed(schema: Mapping[str, Any]) -> Iterator[ValueForm]:
    """The forms of a schema without references and alternatives."""
    kinds = schema.get("type")
    kinds = [kinds] if isinstance(kinds, str) else kinds
    allowed = [schema["const"]] if "const" in schema else schema.get("enum")
    if allowed is None:
        for kind in kinds if kinds is not None else _implied(schema):
            yield ValueForm(kind, {**schema, "type": kind})
        return
    left = list(allowed)
    for kind in kinds if kinds is not None else TYPES:
        own = tuple(value for value in left if is_kind(value, kind))
        left = [value for value in left if not is_kind(value, kind)]
        if own:
            yield ValueForm(kind, schema, own)


def _implied(schema: Mapping[str, Any]) -> Sequence[str]:
    """The type of a schema that names none: what its keywords speak of, else text."""
    if any(key in schema for key in ("properties", "additionalProperties", "patternProperties")):
        return ("object",)
    if "items" in schema or "prefixItems" in schema:
        return ("array",)
    members = schema.get("allOf") or ()
    return [kind for member in members if isinstance(member, Mapping) for kind in _kinds(member)][:1] or ("string",)


def _kinds(schema: Mapping[str, Any]) -> Sequence[str]:
    kinds = schema.get("type") or ()
    return (kinds,) if isinstance(kinds, str) else kinds


def _narrower(kind: str, kinds: Sequence[str]) -> bool:
    return kind == "integer" and "number" in kinds and "integer" not in kinds


def _resolved(schema: Any, root: Mapping[str, Any]) -> Mapping[str, Any]:
    """A member of a combination, its own reference followed."""
    for _ in range(_DEEPEST):
        if not isinstance(schema, Mapping) or not isinstance(schema.get("$ref"), str):
            break
        rest = {key: value for key, value in schema.items() if key != "$ref"}
        target = look_up(schema["$ref"], root)
        schema = _both(rest, target if isinstance(target, Mapping) else {})
    return schema if isinstance(schema, Mapping) else {}


def _both(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """A schema for what matches both; ``allOf`` of them where their keywords do not simply add up."""
    joined = dict(one)
    for key, value in other.items():
        if key not in joined or (key in _REMARKS and joined[key] is not None):
            joined.setdefault(key, value)
        elif key == "type":
            joined[key] = [kind for kind in _kinds(one) if kind in _kinds(other) or _narrower(kind, _kinds(other))]
            joined[key] += [kind for kind in _kinds(other) if _narrower(kind, _kinds(one))]
        elif key == "required":
            joined[key] = [*joined[key], *(name for name in value if name not in joined[key])]
        elif key == "properties" and not joined[key].keys() & value.keys():
            joined[key] = {**joined[key], **value}
        elif joined[key] != value:
            return {**_type_of(one, other), "allOf": [dict(one), dict(other)]}
    return joined


def _type_of(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """The type that two schemas leave."""
    only = [{"type": schema["type"]} for schema in (one, other) if "type" in schema]
    return _both(only[0], only[-1]) if only else {}
