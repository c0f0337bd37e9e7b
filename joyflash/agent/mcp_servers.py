"""Tools of MCP servers (Model Context Protocol), through the official package."""

from __future__ import annotations

import asyncio
import shlex
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import suppress
from typing import Any

from joyflash.agent.tools import Tool, ToolError
from joyflash.errors import AgentError
from joyflash.extras import require

_START_SECONDS = 30.0
_END_SECONDS = 10.0


class _Connection:
    """One server: the task that lives with it, and what is known of it."""

    def __init__(self) -> None:
        self.stop = asyncio.Event()
        self.ready: Future[list[Tool]] = Future()
        self.done: Future[None] = Future()
        self.task: asyncio.Task[None] | None = None

    def end(self) -> None:
        """In the loop: let the task end; one that still starts does not wait for the event."""
        if self.ready.done() or self.task is None:
            self.stop.set()
        else:
            self.task.cancel()


class McpServers:
    """Connections to MCP servers, for a ``with`` block; ``tools`` are theirs.

    They live in an event loop in a thread of their own, as the package is asynchronous and the agent is not.

    Args:
        servers: each a command line to start (it then speaks over standard input and output) or an http(s) address.
        call_seconds: how long one call may take.

    Raises:
        MissingExtraError: the package mcp is not installed.
        AgentError: on entering, a server cannot be reached.
    """

    def __init__(self, servers: Sequence[str], *, call_seconds: float = 60.0):
        self._mcp = require("mcp", extra="agent")
        self._servers = servers
        self._call_seconds = call_seconds
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="joyflash-mcp", daemon=True)
        self._open: list[_Connection] = []
        self.tools: list[Tool] = []

    def __enter__(self) -> McpServers:
        self._thread.start()
        try:
            for server in self._servers:
                self.tools += self._connect(server)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """End all connections, and the servers that were started."""
        for connection in self._open:
            self._loop.call_soon_threadsafe(connection.end)
            with suppress(TimeoutError):  # it hangs; the loop ends without it
                connection.done.exception(timeout=_END_SECONDS)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _connect(self, server: str) -> list[Tool]:
        connection = _Connection()
        connection.done = asyncio.run_coroutine_threadsafe(self._live(server, connection), self._loop)
        self._open.append(connection)
        try:
            return connection.ready.result(timeout=_START_SECONDS)
        except TimeoutError as error:
            raise AgentError(
                f"The MCP server '{server}' did not answer within {_START_SECONDS:g} seconds. Try its command by "
                "itself: it may download something first, or speak another protocol."
            ) from error
        except Exception as error:
            why = str(error) or type(error).__name__
            raise AgentError(f"The MCP server '{server}' cannot be used: {why}. Try its command by itself.") from error

    async def _live(self, server: str, connection: _Connection) -> None:
        """One connection from beginning to end, in one task, as the package's cancel scopes demand."""
        connection.task = asyncio.current_task()
        try:
            async with self._mcp.Client(self._target(server)) as client:
                connection.ready.set_result(await self._list(client))
                await connection.stop.wait()
        except BaseException as error:
            if connection.ready.done():
                raise
            connection.ready.set_exception(_first(error))

    def _target(self, server: str) -> Any:
        if server.startswith(("http://", "https://")):
            return server
        command, *arguments = shlex.split(server) or [""]
        return self._mcp.StdioServerParameters(command=command, args=arguments)

    async def _list(self, client: Any) -> list[Tool]:
        tools, page = [], await client.list_tools()
        while True:
            tools += [self._tool(client, found) for found in page.tools]
            if not page.next_cursor:
                return tools
            page = await client.list_tools(cursor=page.next_cursor)

    def _tool(self, client: Any, found: Any) -> Tool:
        def run(arguments: dict[str, Any]) -> str:
            call = client.call_tool(found.name, arguments, read_timeout_seconds=self._call_seconds)
            try:
                result = asyncio.run_coroutine_threadsafe(call, self._loop).result(timeout=self._call_seconds + 5)
            except Exception as error:
                raise ToolError(f"{found.name} failed: {str(error) or type(error).__name__}") from error
            text = "\n".join(getattr(part, "text", None) or f"[{part.type}]" for part in result.content)
            if result.is_error:
                raise ToolError(text)
            return text

        return Tool(found.name, found.description or "", found.input_schema, run)


def _first(error: BaseException) -> BaseException:
    """The cause inside groups of errors."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
