"""Whether a model called the right tools with the right arguments."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any


def check_call(expected: Sequence[Mapping[str, Any]], calls: Sequence[Mapping[str, Any]]) -> bool:
    """True if both lists hold the same calls in the same order: equal names and equal JSON arguments.

    A call is an OpenAI tool call, or a mapping with ``name`` and ``arguments``; arguments are a mapping or JSON text.
    Arguments that are no JSON object never match. 30 and 30.0 are equal; true and 1 are not.
    """
    if len(expected) != len(calls):
        return False
    return all(_same_call(wanted, made) for wanted, made in zip(expected, calls, strict=True))


def _same_call(wanted: Mapping[str, Any], made: Mapping[str, Any]) -> bool:
    wanted, made = wanted.get("function", wanted), made.get("function", made)
    if wanted.get("name") != made.get("name"):
        return False
    first, second = _arguments(wanted), _arguments(made)
    return first is not None and second is not None and _equal(first, second)


def _arguments(call: Mapping[str, Any]) -> dict[str, Any] | None:
    arguments = call.get("arguments", {})
    if isinstance(arguments, str):
        try:
            arguments = json.loads(arguments)
        except ValueError:
            return None
    return dict(arguments) if isinstance(arguments, Mapping) else None


def _equal(first: Any, second: Any) -> bool:
    if isinstance(first, Mapping) and isinstance(second, Mapping):
        return first.keys() == second.keys() and all(_equal(first[key], second[key]) for key in first)
    if isinstance(first, list) and isinstance(second, list):
        return len(first) == len(second) and all(map(_equal, first, second))
    return isinstance(first, bool) == isinstance(second, bool) and first == second
