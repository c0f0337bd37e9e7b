"""`joyflash agent` and `joyflash chat`: a model with tools, once or in conversation."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from joyflash.errors import ConfigError

if TYPE_CHECKING:
    from joyflash.agent import ChatClient, Tool

Tools = Annotated[str, typer.Option(help="Which: calculator, python, files; with commas, or empty for none.")]
FilesFolder = Annotated[
    Path | None, typer.Option("--folder", help="What the tool files may look into. Without: where you are.")
]
Mcp = Annotated[list[str] | None, typer.Option(help="MCP server: a command or an address; may be repeated.")]
BaseUrl = Annotated[
    str | None, typer.Option(help="Any OpenAI-compatible server. Without: the model runs inside this command.")
]
ModelName = Annotated[
    str | None, typer.Option("--model", help="With --base-url its name there, else a folder or bundled: nano.")
]
ApiKey = Annotated[str | None, typer.Option(envvar="OPENAI_API_KEY", help="Key of the server.")]
Temperature = Annotated[float | None, typer.Option(help="Sampling temperature. Without: the server's own.")]
MaxTokens = Annotated[int | None, typer.Option(min=1, help="At most so many tokens an answer.")]
Seed = Annotated[int | None, typer.Option(help="The same seed gives the same text.")]
MaxCalls = Annotated[int, typer.Option(min=1, help="At most so many tool calls.")]
MaxTotal = Annotated[int, typer.Option(min=1, help="Budget of tokens, prompts included.")]
Seconds = Annotated[float, typer.Option(min=0.1, help="Budget of time.")]


def agent(
    task: Annotated[str, typer.Argument(help="What to do.")],
    tools: Tools = "calculator",
    folder: FilesFolder = None,
    mcp: Mcp = None,
    base_url: BaseUrl = None,
    model: ModelName = None,
    api_key: ApiKey = None,
    trace: Annotated[Path | None, typer.Option(help="Write every step to this JSON Lines file.")] = None,
    max_calls: MaxCalls = 20,
    token_budget: MaxTotal = 200_000,
    seconds: Seconds = 600.0,
    max_tokens: MaxTokens = None,
    temperature: Temperature = None,
    seed: Seed = None,
) -> None:
    """Let a model do a task with tools; the answer goes to standard output, calls and results to standard error."""
    from joyflash.agent import Agent, Budget
    from joyflash.agent.loop import Trace
    from joyflash.agent.terminal import Terminal

    with ExitStack() as stack:
        own_tools = _tools(stack, tools, folder, mcp)
        client = _client(stack, base_url, model, api_key)
        watchers: list[Callable[[dict[str, Any]], None]] = [Terminal(_to_stderr).note]
        if trace is not None:
            written = Trace(trace)
            stack.callback(written.close)
            watchers.append(written)

        def tell(event: dict[str, Any]) -> None:
            for watch in watchers:
                watch(event)

        outcome = Agent(
            client,
            own_tools,
            budget=Budget(max_calls, token_budget, seconds),
            options=_sampling(temperature, seed, max_tokens),
            on_event=tell,
        ).run([{"role": "user", "content": task}])
    print(outcome.text)
    if outcome.reason != "answered":
        print(f"error: not finished, but stopped: {outcome.reason}.", file=sys.stderr)
        raise typer.Exit(1)


def chat(
    tools: Tools = "",
    folder: FilesFolder = None,
    mcp: Mcp = None,
    base_url: BaseUrl = None,
    model: ModelName = None,
    api_key: ApiKey = None,
    system: Annotated[str, typer.Option(help="System prompt.")] = "",
    max_tokens: MaxTokens = None,
    temperature: Temperature = None,
    seed: Seed = None,
) -> None:
    """Chat with a model on the terminal; /help lists what else can be said."""
    from joyflash.agent import Agent
    from joyflash.agent.terminal import Terminal

    terminal = Terminal(_to_stdout)
    terminal.system = system
    with ExitStack() as stack:
        own_tools = _tools(stack, tools, folder, mcp)
        client = _client(stack, base_url, model, api_key)
        options = _sampling(temperature, seed, max_tokens)
        terminal.attach(Agent(client, own_tools, options=options, on_event=terminal.note, on_piece=terminal.show))
        if sys.stdin.isatty():
            print(f"{client.model} at {client.base_url}. /help lists commands, Ctrl-D ends.")
        terminal.talk(_lines())


def _tools(stack: ExitStack, names: str, folder: Path | None, mcp: list[str] | None) -> list[Tool]:
    from joyflash.agent.toolbox import make_tools

    tools = make_tools(names, folder)
    if mcp:
        from joyflash.agent.mcp_servers import McpServers

        tools += stack.enter_context(McpServers(mcp)).tools
    return tools


def _client(stack: ExitStack, base_url: str | None, model: str | None, api_key: str | None) -> ChatClient:
    """A client of the given server, or of one that runs in this process until the stack unwinds."""
    from joyflash.agent import ChatClient

    if base_url is None:
        from joyflash.server.background import background_server

        base_url, api_key = stack.enter_context(background_server(lambda: _load(model or "nano")))
        model = None
    elif not base_url.startswith(("http://", "https://")):
        raise ConfigError(f"--base-url is {base_url!r}; it begins with http:// or https:// and mostly ends in /v1.")
    client = ChatClient(base_url, model, api_key=api_key)
    stack.callback(client.close)
    return client


def _load(model: str) -> Any:
    from joyflash.engine.async_engine import AsyncEngine
    from joyflash.engine.engine import Engine

    return AsyncEngine(Engine.from_pretrained(model))


def _sampling(temperature: float | None, seed: int | None, max_tokens: int | None) -> dict[str, Any]:
    given = {"temperature": temperature, "seed": seed, "max_tokens": max_tokens}
    return {name: value for name, value in given.items() if value is not None}


def _lines() -> Iterator[str]:
    """What the user types; Ctrl-C drops a line that is not yet sent."""
    prompt = "> " if sys.stdin.isatty() else ""
    if prompt:
        import readline  # noqa: F401  # gives input() editing and a history
    elif isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(errors="replace")  # what is piped in may be in any encoding
    while True:
        try:
            yield input(prompt)
        except EOFError:
            return
        except KeyboardInterrupt:
            print()


def _to_stdout(text: str) -> None:
    print(text, end="", flush=True)


def _to_stderr(text: str) -> None:
    print(text.lstrip("\n"), end="", file=sys.stderr, flush=True)
