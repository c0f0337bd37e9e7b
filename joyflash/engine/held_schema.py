"""A JSON Schema in the form that the grammar library can hold a text to.

References into the caller's schema become definitions of the result's own, numbers get bounds, and what cannot be held is
left out: noted for the caller, who may have asked for all or nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from joyflash.errors import ToolSchemaError
from joyflash.text.value_forms import NUMERIC, look_up

BOUND = 9 * 10**18
"""Numbers without bounds of their own stay within this: every reader of JSON can hold them, and a text of digits ends."""

LAYOUT = {"whitespace_flexible": False, "item_separator": ", ?", "key_separator": ": ?"}
"""JSON is written on one line; white space without end would be a way to never finish."""

FORMATS = ("date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid", "uri")
"""Formats that the library knows; others are notes for people."""

KEPT = frozenset(
    ("type", "enum", "const", "required", "minItems", "maxItems", "minProperties", "maxProperties", "minLength")
    + ("maxLength", "pattern", *NUMERIC)
)
ONE = frozenset(("items", "additionalProperties"))
LISTS = frozenset(("anyOf", "allOf", "prefixItems"))
MAPS = frozenset(("properties", "patternProperties"))
NOT_HELD = frozenset(
    ("not", "if", "then", "else", "dependentRequired", "dependentSchemas", "dependencies", "contains", "minContains")
    + ("maxContains", "uniqueItems", "propertyNames", "unevaluatedProperties", "unevaluatedItems", "$dynamicRef")
)
COMBINED = ("anyOf", "oneOf", "allOf", "$ref")
ANY = {"$ref": "#/$defs/any"}
ANY_VALUE: dict[str, Any] = {
    "anyOf": [
        {"type": ["string", "boolean", "null"]},
        {"type": "number", "minimum": -BOUND, "maximum": BOUND},
        {"type": "array", "items": ANY},
        {"type": "object", "additionalProperties": ANY},
    ]
}
_DEEPEST = 64


class HeldSchema:
    """Rewrites the parts of one root schema.

    Args:
        root: what references point into.
        strict: leave alternatives that exclude each other to the library, which refuses what it cannot prove.

    Attributes:
        dropped: keywords met so far that cannot be held.
    """

    def __init__(self, root: Any, strict: bool) -> None:
        self._root = root
        self._strict = strict
        self._names: dict[str, str] = {}
        self._references: list[str] = []
        self.dropped: set[str] = set()

    def document(self, schema: Any) -> dict[str, Any]:
        """``schema`` as a schema of its own, definitions and layout included.

        Raises:
            ToolSchemaError: it is nested too deeply, or a reference has no target.
        """
        self._names, self._references = {}, []
        body = self._part(schema, 0)
        definitions: dict[str, Any] = {"any": ANY_VALUE}
        for reference in self._references:  # a definition may add more of them
            definitions[self._names[reference]] = self._part(look_up(reference, self._root), 0)
        return {"x-guidance": LAYOUT, **(body if isinstance(body, dict) else {"not": {}}), "$defs": definitions}

    def _part(self, schema: Any, depth: int, open_object: bool = True) -> Any:
        """One schema; ``open_object`` false leaves unnamed properties out of account, where schemas are merged."""
        if depth > _DEEPEST:
            raise ToolSchemaError(f"The schema is nested more than {_DEEPEST} levels deep.")
        if not isinstance(schema, Mapping):
            return False if schema is False else ANY
        self.dropped.update(key for key in NOT_HELD if schema.get(key))
        part: dict[str, Any] = {}
        for key, value in schema.items():
            if key in NUMERIC and (isinstance(value, bool) or not isinstance(value, int | float)):
                self.dropped.add(key)  # an older draft said exclusiveMinimum: true
            elif key in KEPT or (key == "format" and value in FORMATS):
                part[key] = value
            elif key == "$ref":
                part[key] = self._reference(value)
            elif key in ONE:
                part[key] = self._part(value, depth + 1)
            elif key == "oneOf":
                part["oneOf" if self._strict else "anyOf"] = [self._part(one, depth + 1) for one in value]
            elif key in LISTS:
                part[key] = [self._part(one, depth + 1, key != "allOf") for one in value]
            elif key in MAPS:
                part[key] = {name: self._part(one, depth + 1) for name, one in value.items()}
        if not part:
            return ANY
        if not any(key in part for key in (*COMBINED, "enum", "const")):
            _bound(part, open_object)
        return part

    def _reference(self, reference: Any) -> str:
        if reference not in self._names:
            if look_up(reference, self._root) is None:
                raise ToolSchemaError(f"The schema refers to {str(reference)[:80]!r}, which it does not hold.")
            self._names[reference] = f"d{len(self._names)}"
            self._references.append(reference)
        return f"#/$defs/{self._names[reference]}"


def _bound(part: dict[str, Any], open_object: bool) -> None:
    """Give numbers bounds, and values that nothing is said of the form of bounded ones."""
    kinds = part.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if "integer" in kinds or "number" in kinds:
        if part.get("minimum", part.get("exclusiveMinimum")) is None:
            part["minimum"] = -BOUND
        if part.get("maximum", part.get("exclusiveMaximum")) is None:
            part["maximum"] = BOUND
    if open_object and ("object" in kinds or "properties" in part):
        part.setdefault("additionalProperties", ANY)
    if "array" in kinds or "prefixItems" in part:
        part.setdefault("items", ANY)
