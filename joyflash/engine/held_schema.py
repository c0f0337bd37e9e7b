"""A JSON Schema in the form that the grammar library can hold a text to.

References into the caller's schema become definitions of the result's own, numbers get bounds, and what cannot be held
is left out: noted for the caller, who may have asked for all or nothing. An object whose properties are named gets no
others unless its schema speaks of them: what is allowed only because nobody forbade it is not what the caller wants.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from decimal import Decimal
from itertools import count
from typing import Any

from joyflash.errors import ToolSchemaError
from joyflash.text.value_forms import NUMERIC, look_up

BOUND = 9 * 10**18
"""Numbers without bounds of their own stay within this, so that every reader of JSON can hold them."""

LAYOUT = {"whitespace_flexible": False, "item_separator": ", ?", "key_separator": ": ?"}
"""JSON is written on one line; white space without end would be a way to never finish."""

FORMATS = ("date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid", "uri")
"""Formats that the library knows; others are notes for people."""

COUNTS = ("minItems", "maxItems", "minProperties", "maxProperties", "minLength", "maxLength")
KEPT = ("type", "enum", "const", "required", "pattern", *COUNTS, *NUMERIC)
MAPS = ("properties", "patternProperties")
INSIDE = (*MAPS, "additionalProperties", "items", "prefixItems")
COMBINED = ("anyOf", "oneOf", "allOf", "$ref")
SPOKEN = frozenset((*KEPT, *INSIDE, *COMBINED))
CONDITIONS = ("not", "if", "then", "else", "dependentRequired", "dependentSchemas", "dependencies", "$dynamicRef")
CONTENTS = ("contains", "minContains", "maxContains", "uniqueItems", "propertyNames")
NOT_HELD = (*CONDITIONS, *CONTENTS, "unevaluatedProperties", "unevaluatedItems")
ANY = {"$ref": "#/$defs/any"}
ANY_VALUE: dict[str, Any] = {
    "anyOf": [
        {"type": ["string", "boolean", "null"]},
        {"type": "number", "minimum": -BOUND, "maximum": BOUND},
        {"type": "array", "items": ANY},
        {"type": "object", "additionalProperties": ANY},
    ]
}
MOST_REMAINDERS = 10_000
"""Of a division by ``multipleOf``, decimals counted: the library has a state for each, and for each pair of two."""
MOST_PARTS = 100_000
MOST_PROPERTIES = 2_500
"""Of one object: the library's work grows with their square, to a second at this many."""
_DEEPEST = 64


class HeldSchema:
    """Rewrites the parts of one root schema.

    Args:
        root: what references point into.
        strict: leave alternatives that exclude each other to the library, which refuses what it cannot prove.
        parts: counts down to where the schemas are too large.

    Attributes:
        dropped: keywords met so far that cannot be held.
    """

    def __init__(self, root: Any, strict: bool, parts: Iterator[int] | None = None) -> None:
        self._root = root
        self._strict = strict
        self._parts = parts or count(MOST_PARTS, -1)
        self._names: dict[tuple[str, bool], str] = {}
        self._targets: list[tuple[str, bool]] = []
        self.dropped: set[str] = set()

    def document(self, schema: Any) -> dict[str, Any]:
        """``schema`` as a schema of its own, definitions and layout included.

        Raises:
            ToolSchemaError: it is nested too deeply or too large, or a reference has no target.
        """
        self._names, self._targets = {}, []
        body = self._part(schema, True, 0)
        definitions: dict[str, Any] = {"any": ANY_VALUE}
        for reference, alone in self._targets:  # a definition may add more of them
            target = self._part(look_up(reference, self._root), alone, 0)
            definitions[self._names[reference, alone]] = target
        return {"x-guidance": LAYOUT, **body, "$defs": definitions}

    def _part(self, schema: Any, alone: bool, depth: int) -> Any:
        """One schema; ``alone``: no other speaks of the same value."""
        if depth > _DEEPEST:
            raise ToolSchemaError(f"the schema is nested more than {_DEEPEST} levels deep.")
        if next(self._parts) < 0:
            raise ToolSchemaError(f"the schemas have more than {MOST_PARTS:,} parts.")
        if not isinstance(schema, Mapping):
            return False if schema is False else ANY
        self.dropped.update(key for key in NOT_HELD if schema.get(key))
        spoken = [key for key in schema if key in SPOKEN]
        members_alone = alone and len(spoken) == 1
        part: dict[str, Any] = {}
        for key, value in schema.items():
            if key in NUMERIC and type(value) not in (int, float):
                self.dropped.add(key)  # an older draft said exclusiveMinimum: true
            elif key == "multipleOf" and not (alone and _remainders(value) <= MOST_REMAINDERS):
                self.dropped.add(key)  # the library would work for minutes and fill the memory
            elif key in KEPT or (key == "format" and value in FORMATS):
                part[key] = value
            elif key == "$ref":
                part[key] = self._reference(value, members_alone)
            elif key in MAPS:
                if len(value) > MOST_PROPERTIES:
                    raise ToolSchemaError(f"an object of the schema has more than {MOST_PROPERTIES:,} properties.")
                part[key] = {name: self._part(one, True, depth + 1) for name, one in value.items()}
            elif key == "prefixItems":
                part[key] = [self._part(one, True, depth + 1) for one in value]
            elif key in INSIDE:
                part[key] = self._part(value, True, depth + 1)
            elif key in COMBINED:
                name = "anyOf" if key == "oneOf" and not self._strict and "anyOf" not in schema else key
                part[name] = [self._part(one, members_alone and key != "allOf", depth + 1) for one in value]
        if not any(key in part for key in (*COMBINED, "enum", "const")):
            _bound(part, alone)
        return part or ANY

    def _reference(self, reference: str, alone: bool) -> str:
        if (reference, alone) not in self._names:
            if look_up(reference, self._root) is None:
                raise ToolSchemaError(f"the schema refers to {reference[:80]!r}, which it does not hold.")
            self._names[reference, alone] = f"d{len(self._names)}"
            self._targets.append((reference, alone))
        return f"#/$defs/{self._names[reference, alone]}"


def _remainders(step: float) -> float:
    """How many remainders a division by ``step`` may leave, in units of its last decimal."""
    _, digits, exponent = Decimal(str(step)).as_tuple()
    if not isinstance(exponent, int):
        return math.inf
    return int("".join(map(str, digits)) or "0") * 10 ** max(0, min(exponent, 20))


def _bound(part: dict[str, Any], alone: bool) -> None:
    """Give numbers bounds, and say what the schema leaves open about what is inside a value."""
    kinds = part.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if "integer" in kinds or "number" in kinds:
        if part.get("minimum", part.get("exclusiveMinimum")) is None:
            part["minimum"] = -BOUND
        if part.get("maximum", part.get("exclusiveMaximum")) is None:
            part["maximum"] = BOUND
    if alone and ("object" in kinds or "properties" in part) and "additionalProperties" not in part:
        named = part.get("properties", {})
        open_ended = not named or "patternProperties" in part or part.get("minProperties", 0) > len(named)
        part["additionalProperties"] = ANY if open_ended or set(part.get("required", ())) - set(named) else False
    if "array" in kinds or "prefixItems" in part:
        part.setdefault("items", ANY)
