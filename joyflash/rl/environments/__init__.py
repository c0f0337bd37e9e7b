"""Environments with verifiable rewards, by name; each is imported when it is asked for."""

from __future__ import annotations

import runpy
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Any

from joyflash.errors import ConfigError, JoyflashError
from joyflash.rl.environments.protocol import Environment

_HERE = "joyflash.rl.environments"
ENVIRONMENTS: Mapping[str, str] = MappingProxyType(
    {
        "arithmetic": f"{_HERE}.arithmetic:Arithmetic",
        "comparison": f"{_HERE}.comparison:Comparison",
        "word_problems": f"{_HERE}.word_problems:WordProblems",
        "problem_file": f"{_HERE}.problem_file:ProblemFile",
        "instructions": f"{_HERE}.instructions:Instructions",
        "code": f"{_HERE}.code:Code",
        "tool_reasoning": f"{_HERE}.tool_reasoning:ToolReasoning",
        "tool_requests": f"{_HERE}.tool_requests:ToolRequests",
        "retrieval": f"{_HERE}.retrieval:Retrieval",
        "retail": f"{_HERE}.business.retail:Retail",
        "airline": f"{_HERE}.business.airline:Airline",
        "telecom": f"{_HERE}.business.telecom:Telecom",
    }
)
"""Name -> module and class. An own environment is named ``path/to/file.py:Class`` and needs no entry."""


def make_environment(name: str, options: Mapping[str, Any] | None = None) -> Environment:
    """The environment of a name, or of ``file.py:Class``.

    Raises:
        ConfigError: there is no such environment, or it does not take these options.
    """
    place = ENVIRONMENTS.get(name, name)
    where, _, attribute = place.rpartition(":")
    if not where:
        raise ConfigError(f"No environment is called {name!r}; there are {', '.join(ENVIRONMENTS)}, or file.py:Class.")
    try:
        found = _load(where, attribute)
    except ConfigError:
        raise
    except Exception as error:
        raise ConfigError(f"The environment {name} cannot be loaded ({type(error).__name__}: {error}).") from error
    try:
        return found(**(options or {}))
    except JoyflashError as error:
        raise ConfigError(f"The environment {name} cannot be made: {error}") from error
    except TypeError as error:
        raise ConfigError(
            f"The environment {name} does not take the options {dict(options or {})}: {error}."
        ) from error


def _load(where: str, attribute: str) -> Any:
    if where.endswith(".py"):
        if not Path(where).is_file():
            raise ConfigError(f"There is no file {where} with an environment {attribute}.")
        found = runpy.run_path(where).get(attribute)
    else:
        found = getattr(import_module(where), attribute, None)
    if found is None:
        raise ConfigError(f"{where} defines no {attribute}.")
    return found
