"""Listing: functions of a file as the tools of one sample, under fresh names and with a few of their parameters."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from joyflash.data.dialogues.functions import MOST_PARAMETERS, Function, Parameter
from joyflash.data.dialogues.windows import Window
from joyflash.tasks.words import fits, identifier, join_words

_STRANGE = 0.2  # share of names that say nothing, so that only the description tells what is meant
_MOST_CHOICES = 3
_LONGEST_NAME = 64  # characters, as OpenAI allows


@dataclass(frozen=True)
class Listed:
    """A function as one sample lists it: the tool, and (name, is integer) of each parameter by its key."""

    tool: dict[str, Any]
    parameters: dict[str, tuple[str, bool]]

    @property
    def name(self) -> str:
        """Name of the tool."""
        return self.tool["function"]["name"]


@dataclass(frozen=True)
class Lister:
    """Lists functions for one sample.

    Attributes:
        language: "en" or "zh".
        rng: source of randomness.
        english: whether parameters and result fields of a Chinese sample have English names.
    """

    language: str
    rng: random.Random
    english: bool

    def beside(self, targets: Sequence[Listed], others: Iterable[Function], count: int) -> list[Listed]:
        """The targets and the first ``count`` others whose names differ, in random order."""
        tools = list(targets)
        for function in others:
            if len(tools) >= count + len(targets):
                break
            listed = self.list_function(function)
            if all(listed.name.lower() != other.name.lower() for other in tools):
                tools.append(listed)
        self.rng.shuffle(tools)
        return tools

    def list_function(self, function: Function, window: Window | None = None) -> Listed:
        """A function under fresh names with at most four parameters.

        Args:
            function: what to list.
            window: the call that the function must be able to answer: it keeps the parameters of the call and never
                those that the call dropped. None for a tool that is only listed.
        """
        rng = self.rng
        shown = self._shown(function, window)
        about = self._about(function.about)
        strange = bool(about) and rng.random() < _STRANGE
        name = identifier(rng, "train", self.language) if strange else _restyled(function.names, rng, affixes=True)
        properties: dict[str, Any] = {}
        parameters: dict[str, tuple[str, bool]] = {}
        for parameter in shown:
            value = window.arguments.get(parameter.key) if window else None
            key, schema = self._parameter(parameter, value)
            while key in properties:
                key, schema = self._parameter(parameter, value, fresh=True)
            properties[key] = schema
            parameters[parameter.key] = (key, schema["type"] == "integer")
        required = [parameters[parameter.key][0] for parameter in shown if parameter.required]
        schema = {"type": "object", "properties": properties, "required": required}
        tool: dict[str, Any] = {"name": name[:_LONGEST_NAME], "description": "", "parameters": schema}
        if strange or rng.random() < 0.85:
            tool["description"] = about
        return Listed({"type": "function", "function": tool}, parameters)

    def _shown(self, function: Function, window: Window | None) -> list[Parameter]:
        """The parameters to list: those of the call or the required ones, and a few more."""
        rng = self.rng
        used = set(window.arguments) if window else {p.key for p in function.parameters if p.required}
        dropped = window.dropped if window else frozenset()
        free = [p.key for p in function.parameters if p.key not in used and p.key not in dropped and not p.required]
        extra = rng.choices((0, 1, 2), (50, 35, 15))[0] if used else rng.choice((1, 2, 2, 3))
        kept = set(sorted(used)[:MOST_PARAMETERS])
        kept |= set(rng.sample(free, min(len(free), extra, MOST_PARAMETERS - len(kept))))
        shown = [parameter for parameter in function.parameters if parameter.key in kept]
        if rng.random() < 0.3:
            rng.shuffle(shown)
        return shown

    def _parameter(self, parameter: Parameter, value: str | None, *, fresh: bool = False) -> tuple[str, dict[str, Any]]:
        """Name and schema of a parameter whose argument is ``value``; ``fresh``: with a name that says nothing."""
        rng = self.rng
        about = self._about(parameter.about)
        strange = fresh or (bool(about) and rng.random() < _STRANGE)
        if strange:
            key = identifier(rng, "train", self.language)
        elif self.language == "zh" and not self.english:
            key = parameter.key
        else:
            key = _restyled(parameter.names, rng)
        schema = self._schema(parameter, value)
        if about and (strange or rng.random() < 0.25):
            schema["description"] = about
        return key, schema

    def _schema(self, parameter: Parameter, value: str | None) -> dict[str, Any]:
        """The type; whole numbers are often typed as such, and choices hold the user's spelling."""
        rng = self.rng
        digits = parameter.choices and all(choice.isdigit() for choice in parameter.choices)
        number = value.isascii() and value.isdigit() if value is not None else bool(digits)
        counts = digits or parameter.key.startswith("number_of") or parameter.key == "amount"
        schema: dict[str, Any] = {"type": "integer" if number and counts and rng.random() < 0.6 else "string"}
        choices = [choice for choice in parameter.choices if choice not in ("True", "False")]
        if not digits and choices and (value is None or value in choices) and rng.random() < 0.35:
            others = [choice for choice in choices if choice != value]
            shown = rng.sample(others, min(len(others), _MOST_CHOICES - (value is not None)))
            shown += [value] if value else []
            rng.shuffle(shown)
            schema["enum"] = shown
        return schema

    def _about(self, about: tuple[str, ...]) -> str:
        """A description: in Chinese, half of them English; sometimes in lower case or with a full stop."""
        rng = self.rng
        if not about:
            return ""
        text = rng.choice(about)
        if text.isascii():
            text = text[0].lower() + text[1:] if rng.random() < 0.25 else text[0].upper() + text[1:]
            return text + ("." if rng.random() < 0.4 else "")
        return text + ("。" if rng.random() < 0.4 else "")


def _restyled(names: tuple[str, ...], rng: random.Random, *, affixes: bool = False) -> str:
    """One of ``names`` in snake_case, camelCase or another style, at times with a prefix or suffix."""
    extra = 0.12 if affixes else 0.0
    while True:
        words = rng.choice(names).split("_")
        if rng.random() < extra:
            if rng.random() < 0.4:
                words = [rng.choice(("my", "api", "do", "app", "new", "svc")), *words]
            else:
                words = [*words, rng.choice(("tool", "api", "v2", "fn", "now", "service", "helper"))]
        name = join_words(rng, words) if rng.random() < 0.45 else "_".join(words)
        if fits(name, "train"):
            return name
        extra = min(0.9, extra + 0.05)  # a name that belongs to the held-out side needs an affix
