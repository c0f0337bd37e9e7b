"""Tools by name, as the command line asks for them."""

from __future__ import annotations

from pathlib import Path

from joyflash.agent.calculator import calculator
from joyflash.agent.file_tools import Folder
from joyflash.agent.python_tool import python_tool
from joyflash.agent.tools import Tool
from joyflash.errors import ConfigError

NAMES = ("calculator", "python", "files")


def make_tools(names: str, folder: Path) -> list[Tool]:
    """Tools from a list such as ``calculator,files``.

    Args:
        folder: what ``files`` looks into.

    Raises:
        ConfigError: a name is unknown.
        SandboxUnavailableError: ``python`` is asked for where it cannot be isolated.
        AgentError: the folder does not exist.
    """
    tools: list[Tool] = []
    for name in dict.fromkeys(name.strip() for name in names.split(",") if name.strip()):
        if name not in NAMES:
            raise ConfigError(f"No tool is called {name!r}; there are {', '.join(NAMES)}.")
        if name == "calculator":
            tools.append(calculator())
        elif name == "python":
            tools.append(python_tool())
        else:
            tools += Folder(folder).tools()
    return tools
