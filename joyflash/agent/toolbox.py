"""Tools by name, as the command line asks for them."""

from __future__ import annotations

from pathlib import Path

from joyflash.agent.calculator import calculator
from joyflash.agent.file_tools import Folder
from joyflash.agent.python_tool import python_tool
from joyflash.agent.tools import Tool
from joyflash.errors import ConfigError

NAMES = ("calculator", "python", "files")


def make_tools(names: str, folder: Path | None = None) -> list[Tool]:
    """Tools from a list such as ``calculator,files``.

    Args:
        folder: what ``files`` looks into; None is the current one.

    Raises:
        ConfigError: a name is unknown, or there is a folder but no ``files`` to look into it.
        SandboxUnavailableError: ``python`` is asked for where it cannot be isolated.
        AgentError: the folder does not exist.
    """
    tools: list[Tool] = []
    wanted = dict.fromkeys(name.strip() for name in names.split(",") if name.strip())
    if folder is not None and "files" not in wanted:
        raise ConfigError("A folder is for the tool files alone; add it to --tools, or leave --folder out.")
    for name in wanted:
        if name not in NAMES:
            raise ConfigError(f"No tool is called {name!r}; there are {', '.join(NAMES)}.")
        if name == "calculator":
            tools.append(calculator())
        elif name == "python":
            tools.append(python_tool())
        else:
            tools += Folder(folder or Path()).tools()
    return tools
