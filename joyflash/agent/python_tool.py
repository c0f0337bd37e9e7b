"""Python for the model, in the sandbox."""

from __future__ import annotations

from typing import Any

from joyflash.agent.tools import Tool, ToolError, object_schema
from joyflash.errors import SandboxUnavailableError
from joyflash.sandbox import Limits, SandboxResult, isolation, run_python

DESCRIPTION = (
    "Run a Python 3 program and get what it prints. Standard library only; no network, no files but its own in /tmp, "
    "nothing is kept from one run to the next."
)


def python_tool(limits: Limits | None = None) -> Tool:
    """The tool.

    Raises:
        SandboxUnavailableError: this machine cannot isolate a program; the model gets no Python then.
    """
    found = isolation()
    if not found.complete:
        raise SandboxUnavailableError(
            f"Python needs isolation that this machine does not give ({', '.join(found.missing)}). Leave out the tool."
        )
    bounds = limits or Limits()

    def run(arguments: dict[str, Any]) -> str:
        return describe(run_python(arguments["code"], limits=bounds), bounds)

    code = {"type": "string", "description": "The program. Print what you want to know."}
    return Tool("python", DESCRIPTION, object_schema({"code": code}, ["code"]), run)


def describe(result: SandboxResult, limits: Limits) -> str:
    """What a program printed; ToolError when it failed, so that the model can mend it."""
    if result.ok:
        return (result.stdout + result.stderr).rstrip("\n") or "The program printed nothing; use print()."
    if result.limits:
        bounds = {
            "wall": f"{limits.wall_seconds:g} s",
            "cpu": f"{limits.cpu_seconds:g} s of processor time",
            "memory": f"{limits.memory_bytes >> 20} MiB of memory",
            "output": f"{limits.output_bytes} bytes of output",
        }
        reason = f"the program was stopped: more than {bounds[result.limits[0]]}"
    else:
        reason = f"the program ended with status {result.exit_code}"
    said = (result.stdout[-2000:] + result.stderr[-2000:]).strip()
    raise ToolError(f"{reason}\n{said}".strip())
