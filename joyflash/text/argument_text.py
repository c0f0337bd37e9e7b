"""One argument of a call while it is written: where its text ends, and its JSON as early as it is certain.

A text goes out as it comes. So does an object or an array where its writer is held to the schema; anything else waits
for its end, because what it is shows only then.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from joyflash.text.marks import PARAMETER_END
from joyflash.text.messages import to_json
from joyflash.text.schemas import typed_value
from joyflash.text.thinking import held_back
from joyflash.text.value_forms import parameter_forms

_IN_JSON = re.compile(rf'"|\\.|{PARAMETER_END}', re.DOTALL)

IsEnd = Callable[[str, int, bool], bool | None]
"""Whether the ``</parameter>`` of a text that ends before a place ends the value; None while that is not certain."""


class ArgumentText:
    """Reads the text of one argument.

    Args:
        parameters: the tool's parameter schema; empty for an unknown tool.
        name: of the parameter.
        held: the writer is held to the schema, so that JSON is JSON.

    Attributes:
        value: the typed value, after its end.
    """

    def __init__(self, parameters: Mapping[str, Any], name: str, held: bool) -> None:
        self._parameters = parameters
        self._name = name
        kinds = {form.kind for form in parameter_forms(parameters, name)}
        self._is_text = kinds <= {"string"}
        self._is_json = held and kinds <= {"object", "array"} and not self._is_text
        # Inside the strings of JSON nothing ends the value. None: its first character will say.
        self._openings = {bracket for bracket, kind in (("{", "object"), ("[", "array")) if held and kind in kinds}
        self._in_json: bool | None = None if self._openings else False
        self._in_string = False
        self._settled: list[str] = []
        self._tail = ""  # not settled yet: it may belong to the value's end
        self._scanned = 0  # how much of the tail was searched
        self._begun = False
        self.value: Any = None

    def push(self, text: str, is_end: IsEnd, final: bool) -> tuple[str, str | None]:
        """Take more text; return the JSON that became certain, and what follows the value, or None before its end."""
        self._tail += text
        end, kept = self._search(is_end, final)
        if end is None:
            settled = self._settle(len(self._tail) - kept)
            return self._json(settled), None
        rest = self._tail[end + len(PARAMETER_END) :]
        settled = self._settle(len(self._tail[:end].removesuffix("\n")))
        self.value = typed_value("".join(self._settled), self._parameters, self._name)
        if self._is_text:
            return self._json(settled) + '"', rest
        return self._json(settled) if self._is_json else to_json(self.value), rest

    def _settle(self, length: int) -> str:
        """Move so much of the tail to the value."""
        settled, self._tail = self._tail[:length], self._tail[length:]
        self._settled.append(settled)
        self._scanned = max(0, self._scanned - length)
        return settled

    def _json(self, text: str) -> str:
        """The JSON of settled text that can go out before the value's end."""
        if self._is_json:
            return text
        if not self._is_text:
            return ""
        opening, self._begun = "" if self._begun else '"', True
        return opening + to_json(text)[1:-1]

    def _search(self, is_end: IsEnd, final: bool) -> tuple[int | None, int]:
        """Where the end of the value begins; if not in sight, how much at the tail's end must wait."""
        if self._in_json is None and self._tail.strip():
            self._in_json = self._tail.lstrip()[0] in self._openings
        kept = max(held_back(self._tail, PARAMETER_END), held_back(self._tail, f"\n{PARAMETER_END}"))
        if self._in_json is None:
            return None, len(self._tail)
        if self._in_json:
            return self._search_json(kept)
        while (end := self._tail.find(PARAMETER_END, self._scanned)) >= 0:
            verdict = is_end(self._tail, end + len(PARAMETER_END), final)
            if verdict:
                return end, 0
            if verdict is None:
                self._scanned = end
                return None, len(self._tail) - len(self._tail[:end].removesuffix("\n"))
            self._scanned = end + len(PARAMETER_END)
        self._scanned = max(self._scanned, len(self._tail) - kept)
        return None, kept

    def _search_json(self, kept: int) -> tuple[int | None, int]:
        for found in _IN_JSON.finditer(self._tail, self._scanned):
            if found.group() == '"':
                self._in_string = not self._in_string
            elif found.group() == PARAMETER_END and not self._in_string:
                return found.start(), 0
            self._scanned = found.end()
        if self._tail.endswith("\\") and self._scanned < len(self._tail):
            kept = max(kept, 1)  # an escape whose second half is still to come
        self._scanned = max(self._scanned, len(self._tail) - kept)
        return None, kept
