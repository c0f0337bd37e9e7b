"""What a tool is, and how a call of the model becomes a result that the model can read."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from joyflash.errors import AgentError, JoyflashError
from joyflash.extras import require

MAX_RESULT = 8000  # characters


class ToolError(JoyflashError):
    """What a tool tells the model when it cannot do what was asked."""


@dataclass(frozen=True)
class Tool:
    """A function that the model may call.

    Attributes:
        name, description: shown to the model.
        parameters: JSON Schema of an object.
        run: takes the arguments, already checked; gives text back, or raises ToolError. May run in any thread.
    """

    name: str
    description: str
    parameters: Mapping[str, Any]
    run: Callable[[dict[str, Any]], str]

    def definition(self) -> dict[str, Any]:
        """The tool as the API wants it."""
        function = {"name": self.name, "description": self.description, "parameters": dict(self.parameters)}
        return {"type": "function", "function": function}


class ToolBox:
    """The tools of one conversation.

    Raises:
        AgentError: two tools have one name.
    """

    def __init__(self, tools: Sequence[Tool]):
        self.tools = {tool.name: tool for tool in tools}
        if len(self.tools) < len(tools):
            names = [tool.name for tool in tools]
            twice = next(name for name in names if names.count(name) > 1)
            raise AgentError(f"Two tools are called '{twice}'; leave one of them out.")
        self._jsonschema = require("jsonschema", extra="agent") if tools else None

    def definitions(self) -> list[dict[str, Any]]:
        """All tools as the API wants them."""
        return [tool.definition() for tool in self.tools.values()]

    def run(self, name: str, arguments: str) -> tuple[bool, str]:
        """Run a call; whether it went well, and the text for the model. Nothing a model writes can raise here."""
        done, text = True, ""
        try:
            text = self._run(name, arguments)
        except ToolError as error:
            done, text = False, f"Error: {error}"
        except Exception as error:  # a tool's own mistake; the model may find another way
            done, text = False, f"Error: {name} failed: {type(error).__name__}: {error}"[:MAX_RESULT]
        if len(text) > MAX_RESULT:
            text = f"{text[:MAX_RESULT]}\n[cut off: {len(text) - MAX_RESULT} more characters]"
        return done, text.encode("utf-8", "replace").decode()  # names of files may hold what is no Unicode

    def _run(self, name: str, arguments: str) -> str:
        tool = self.tools.get(name)
        if tool is None:
            known = ", ".join(self.tools) or "none"
            raise ToolError(f"there is no tool called '{name}'. Tools: {known}.")
        try:
            values = json.loads(arguments or "{}")
        except (ValueError, RecursionError) as error:
            raise ToolError(f"the arguments are not valid JSON: {error}.") from error
        assert self._jsonschema is not None
        fault = self._jsonschema.exceptions.best_match(
            self._jsonschema.Draft202012Validator(tool.parameters).iter_errors(values)
        )
        if fault is not None:
            place = "/".join(map(str, fault.absolute_path)) or "arguments"
            raise ToolError(f"wrong {place}: {fault.message}. Schema: {json.dumps(tool.parameters)}")
        return tool.run(values)


def object_schema(properties: Mapping[str, Any], required: Sequence[str]) -> dict[str, Any]:
    """The schema of an object with just these properties."""
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(required),
        "additionalProperties": False,
    }
