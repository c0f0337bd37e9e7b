"""The grammar of a parameter's value: bare text for strings, JSON for the rest, as the reader of calls expects it.

<parameter=NAME>
VALUE
</parameter>
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import count
from typing import Any

from joyflash.engine.held_schema import MOST_PARTS, NOT_HELD, HeldSchema
from joyflash.engine.text_patterns import INTEGER, LOOKS_LIKE, NUMBER, literal, string_parts, without
from joyflash.errors import ToolSchemaError
from joyflash.text.marks import PARAMETER_END
from joyflash.text.messages import to_json
from joyflash.text.schemas import read_value
from joyflash.text.value_forms import ValueForm, value_forms

SIMPLE = {"boolean": "/true|false/", "null": '"null"', "integer": f"/{INTEGER}/", "number": f"/{NUMBER}/"}


class ValueGrammar:
    """Rules and terminals for values, each written once however many parameters share it.

    Args:
        value_end: what a value's own lexeme ends with, up to where a token of its own takes over.
        fault: why the library cannot compile a grammar, or what it allows nothing by, or "".
        careful: ask about every part that the library may refuse.

    Attributes:
        lines: of the grammar.
    """

    def __init__(self, value_end: str, fault: Callable[[str], str], careful: bool) -> None:
        self._careful = careful
        self.lines: list[str] = []
        self._end = literal(value_end)
        self._fault = fault
        self._names: dict[str, str] = {}
        self._parts = count(MOST_PARTS, -1)

    def rule(self, schema: Any, root: Mapping[str, Any], strict: bool) -> str:
        """The name of a rule for a value of ``schema`` and the end of its lexeme.

        Raises:
            ToolSchemaError: nothing matches the schema, or ``strict`` is asked of one that cannot be held.
        """
        forms = value_forms(schema, root)
        held = HeldSchema(root, strict, self._parts)
        held.dropped.update(key for form in forms for key in NOT_HELD if form.schema.get(key))
        bodies = [body for form in _told_apart(forms) if (body := self._form(form, forms, held, strict))]
        if strict and held.dropped:
            raise ToolSchemaError(f"{listed(held.dropped)} cannot be held strictly; leave it out, or 'strict'.")
        if not bodies:
            raise ToolSchemaError("no value matches the schema.")
        return self._named("v", " | ".join(dict.fromkeys(bodies)))

    def _form(self, form: ValueForm, forms: Sequence[ValueForm], held: HeldSchema, strict: bool) -> str:
        """The alternative for one form, or ""; what would be read as a value of another form is no text."""
        if form.allowed is not None:
            texts = [value if isinstance(value, str) else to_json(value) for value in form.allowed]
            if form.kind == "string":
                texts = [text for text in texts if read_value(text, forms) == text]
            texts = [literal(text) for text in dict.fromkeys(texts) if PARAMETER_END not in text]
            return self._lexeme(" | ".join(texts)) if texts else ""
        if form.kind == "string":
            return self._string(form.schema, {other.kind for other in forms} - {"string"}, strict)
        simple = SIMPLE.get(form.kind)
        if simple and not form.constrained:
            return self._lexeme(simple)
        body = f"%json {json.dumps(held.document(form.schema))}"
        fault = self._fault(f"start: {body}") if self._careful else ""
        if fault and (strict or "nsatisfiable" in fault):
            raise ToolSchemaError(f"cannot be held: {fault}")
        if fault:
            body = f"%json {json.dumps(held.document({'type': form.kind}))}"
        return f"{self._named('j', body)} {self._end}"

    def _string(self, schema: Mapping[str, Any], read_as: set[str], strict: bool) -> str:
        """A terminal for bare text that is not read as a value of one of the other types."""
        unlike = [f"~/{LOOKS_LIKE[kind]}/" for kind in sorted(read_as)]

        def text(parts: Iterable[str]) -> str:
            return " & ".join([without(PARAMETER_END), *parts, *unlike])

        try:
            parts = string_parts(schema)
        except ValueError as error:
            if strict:
                raise ToolSchemaError(f"its pattern cannot be held: {error}") from None
            parts = string_parts({**schema, "pattern": None})
        if self._careful or len(parts) + len(unlike) > 1:  # several conditions may exclude each other
            faults = {key: self._fault(f"start: S\nS: {text([part])}") for key, part in parts.items()}
            for key, fault in faults.items():
                if fault and (strict or "nsatisfiable" in fault):
                    raise ToolSchemaError(f"its {key} cannot be held: {fault}")
            parts = {key: part for key, part in parts.items() if not faults[key]}
            if self._fault(f"start: S\nS: {text(parts.values())}"):
                raise ToolSchemaError("no value matches the schema.")
        return self._lexeme(text(parts.values()))

    def _lexeme(self, expression: str) -> str:
        return self._named("S", f"({expression}) {self._end}")

    def _named(self, prefix: str, body: str) -> str:
        name = self._names.get(prefix + body)
        if name is None:
            name = self._names[prefix + body] = f"{prefix}{len(self.lines)}"
            self.lines.append(f"{name}: {body}")
        return name


def _told_apart(forms: Sequence[ValueForm]) -> list[ValueForm]:
    """The forms without bounded numbers where free text is possible too: the lexer reads the longer text, not both."""
    if not any(form.kind == "string" and form.allowed is None for form in forms):
        return list(forms)
    return [form for form in forms if form.kind not in ("integer", "number") or not form.constrained]


def listed(names: set[str]) -> str:
    """Names in quotation marks."""
    return ", ".join(f"'{name}'" for name in sorted(names))
