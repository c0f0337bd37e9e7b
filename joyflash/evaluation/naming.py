"""Held-out identifiers for functions and parameters: odd spellings of real words, or pseudo-words."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

from joyflash.evaluation.slots import draw_heldout, pseudo_word
from joyflash.tasks.words import is_heldout

_FUNCTION_AFFIXES = (
    ("", "get", "fetch", "do", "perform", "handle", "run", "api", "my", "app", "new", "quick", "the"),
    ("", "tool", "v2", "action", "task", "endpoint", "service", "now", "api", "helper", "fn", "cmd", "request"),
)
_PARAMETER_AFFIXES = (
    ("", "the", "in", "a", "which", "chosen", "wanted", "input", "target", "my", "req", "user", "new"),
    ("", "value", "arg", "input", "choice", "data", "spec", "param", "field", "v2", "in"),
)


def identifier(words: Sequence[str], rng: random.Random, *, real: bool, function: bool) -> str:
    """A held-out identifier.

    Args:
        words: the words that a real name is built from.
        real: build it from ``words`` with an affix or two, in snake or camel case; otherwise from pseudo-words.
        function: whether the affixes are those of a function or of a parameter.
    """
    prefixes, suffixes = _FUNCTION_AFFIXES if function else _PARAMETER_AFFIXES
    if not real:
        return str(draw_heldout(lambda: _join(_pseudo_parts(rng), rng), "a pseudo-word"))
    short = [[prefix, *words] for prefix in prefixes] + [[*words, suffix] for suffix in suffixes]
    for parts in rng.sample(short, len(short)):
        name = _join(parts, rng)
        if is_heldout(name):
            return name
    return str(draw_heldout(lambda: _join([rng.choice(prefixes), *words, rng.choice(suffixes)], rng), " ".join(words)))


def _pseudo_parts(rng: random.Random) -> list[str]:
    return [pseudo_word(rng, rng.choice((2, 2, 3))) for _ in range(rng.choice((1, 1, 2)))]


def _join(parts: Sequence[str], rng: random.Random) -> str:
    parts = [part for part in parts if part]
    if rng.random() < 0.6:
        return "_".join(parts)
    return parts[0] + "".join(part.capitalize() for part in parts[1:])


class RenamedTool:
    """A catalogue tool under held-out names, in one language.

    Attributes:
        name: the function's new name.
        parameters: the catalogue's parameter name -> the new one.
        definition: the OpenAI-shaped tool.
    """

    def __init__(self, tool: Mapping[str, Any], language: str, rng: random.Random, *, real: bool):
        self.name = identifier(tool["words"], rng, real=real, function=True)
        self.parameters: dict[str, str] = {}
        properties: dict[str, Any] = {}
        required: list[str] = []
        for parameter in tool["parameters"]:
            new = parameter["name"]
            while new in properties or new == parameter["name"]:
                new = identifier(parameter["name"].split("_"), rng, real=real, function=False)
            self.parameters[parameter["name"]] = new
            properties[new] = {**parameter["schema"], "description": parameter[language]}
            if "enum" in parameter:
                properties[new]["enum"] = parameter["enum"][language]
            if parameter["required"]:
                required.append(new)
        schema = {"type": "object", "properties": properties, "required": required, "additionalProperties": False}
        self.definition = {
            "type": "function",
            "function": {"name": self.name, "description": tool[language], "parameters": schema},
        }

    def arguments(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """``values`` under the new names; what a string parameter gets is a string."""
        properties = self.definition["function"]["parameters"]["properties"]
        renamed = {self.parameters[name]: value for name, value in values.items()}
        return {name: str(value) if properties[name]["type"] == "string" else value for name, value in renamed.items()}
