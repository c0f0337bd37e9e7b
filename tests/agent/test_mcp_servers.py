"""A real MCP server, written with the official package, behind the loop."""

from __future__ import annotations

import shlex
import sys
import time
from pathlib import Path

import pytest

from joyflash.agent import Agent, ChatClient
from joyflash.agent.mcp_servers import McpServers
from joyflash.agent.tools import ToolBox
from joyflash.errors import AgentError
from tests.agent.scripted_server import Say, scripted_server

SERVER = '''
import os, pathlib, sys
from mcp.server import MCPServer

server = MCPServer("weather")

@server.tool()
def temperature(city: str, kelvin: bool = False) -> str:
    """Temperature of a city."""
    if city != "Oslo":
        raise ValueError("only Oslo is known")
    return "275 K" if kelvin else "2 °C"

@server.tool()
def pid() -> str:
    """Process number."""
    return str(os.getpid())

server.run("stdio")
'''


@pytest.fixture
def command(tmp_path: Path) -> str:
    file = tmp_path / "weather server.py"
    file.write_text(SERVER)
    return shlex.join([sys.executable, str(file)])


def test_loop_over_a_stdio_server(command: str) -> None:
    with (
        McpServers([command]) as servers,
        scripted_server(
            [
                Say(calls=[("temperature", {"city": "Rome"}), ("temperature", {"city": "Oslo", "kelvin": True})]),
                Say(calls=[("temperature", {"town": "Oslo"})]),
                Say("cold"),
            ]
        ) as server,
    ):
        assert [tool.name for tool in servers.tools] == ["temperature", "pid"]
        assert servers.tools[0].description == "Temperature of a city."
        assert servers.tools[0].parameters["required"] == ["city"]
        outcome = Agent(ChatClient(server.url), servers.tools).run([{"role": "user", "content": "?"}])
    told = [message["content"] for message in outcome.messages if message["role"] == "tool"]
    assert outcome.text == "cold" and told[1] == "275 K"
    assert told[0].startswith("Error:") and "temperature" in told[0]
    assert "'city' is a required property" in told[2]


def test_the_server_ends_with_the_block(command: str) -> None:
    with McpServers([command]) as servers:
        pid = int(ToolBox(servers.tools).run("pid", "{}")[1])
        assert Path(f"/proc/{pid}").exists()
    deadline = time.monotonic() + 10
    while Path(f"/proc/{pid}").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not Path(f"/proc/{pid}").exists()


def test_a_server_that_says_nothing_is_named_and_ended(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("joyflash.agent.mcp_servers._START_SECONDS", 2.0)
    file, started = tmp_path / "silent.py", time.monotonic()
    file.write_text(
        "import os, pathlib, time\n"
        f"pathlib.Path({str(tmp_path / 'pid')!r}).write_text(str(os.getpid()))\n"
        "time.sleep(60)"
    )
    with (
        pytest.raises(AgentError, match="did not answer within 2 seconds"),
        McpServers([shlex.join([sys.executable, str(file)])]),
    ):
        pass
    assert time.monotonic() - started < 20
    assert not Path(f"/proc/{(tmp_path / 'pid').read_text()}").exists()


@pytest.mark.parametrize("server", ["no-such-command-anywhere", f"{sys.executable} -c pass", ""])
def test_a_server_that_cannot_be_used_is_named(server: str) -> None:
    with pytest.raises(AgentError, match="MCP server"), McpServers([server]):
        pass
