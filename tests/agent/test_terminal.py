"""The chat and the commands, against the scripted server and against our own."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from joyflash.agent import Agent, ChatClient
from joyflash.agent.calculator import calculator
from joyflash.agent.terminal import Terminal
from joyflash.cli import app
from tests.agent.scripted_server import Say, Script, scripted_server
from tests.server.fakes import scripted_engine


def parrot(body: dict[str, Any]) -> Say:
    last = body["messages"][-1]["content"]
    if last == "sum":
        return Say("Wait.", [("calculator", {"expression": "2+3"})])
    if last == "fail":
        return Say("no", status=400)
    thinking = body.get("chat_template_kwargs", {}).get("enable_thinking")
    return Say(f"{len(body['messages'])}: {last}", reasoning="hm" if thinking else "")


def talk(*lines: str, script: Script = parrot, terminal: Terminal | None = None) -> tuple[str, list[dict[str, Any]]]:
    """Say lines to a chat; what it shows, and the bodies that the server got."""
    shown: list[str] = []
    terminal = terminal or Terminal(shown.append)
    with scripted_server(script) as server:
        agent = Agent(ChatClient(server.url), [calculator()], on_event=terminal.note, on_piece=terminal.show)
        terminal.attach(agent)
        terminal.talk(iter(lines))
    return "".join(shown), server.bodies


def test_history_grows_and_is_cleared() -> None:
    shown, bodies = talk("one", "", "two", "/clear", "three")
    assert shown == "1: one\n3: two\nForgotten.\n1: three\n"
    assert [message["content"] for message in bodies[1]["messages"]] == ["one", "1: one", "two"]
    assert all(body["stream"] for body in bodies)


def test_system_prompt_stays() -> None:
    shown, bodies = talk("/system Be brief.", "one", "/clear", "two", "/system", "three")
    assert [body["messages"][0]["role"] for body in bodies] == ["system", "system", "user"]
    assert "2: one" in shown and "2: two" in shown and "3: three" in shown
    assert bodies[0]["messages"][0]["content"] == "Be brief."


def test_thinking() -> None:
    shown, bodies = talk("/think", "one", "/think off", "two", "/think perhaps")
    assert "[thinking] hm\n[answer] 1: one\n" in shown and "Say /think on" in shown
    assert [body["chat_template_kwargs"] for body in bodies] == [{"enable_thinking": True}, {"enable_thinking": False}]
    assert "hm" not in json.dumps(bodies[1]["messages"])


def test_tools_and_their_results_are_shown_and_kept() -> None:
    shown, bodies = talk("sum", "next")
    assert shown.startswith('Wait.\n[call] calculator({"expression": "2+3"})\n[result] 5\n3: 5\n')
    roles = [message["role"] for message in bodies[-1]["messages"]]
    assert roles == ["user", "assistant", "tool", "assistant", "user"]


def test_file_goes_with_the_next_message_only(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("alpha\n")
    (tmp_path / "b.bin").write_bytes(b"\0")
    shown, bodies = talk(
        f"/file {tmp_path}/a.txt", "what?", "and?", f"/file {tmp_path}/b.bin", "/file nowhere", "/file"
    )
    assert bodies[0]["messages"][0]["content"] == "File a.txt:\nalpha\n\nwhat?"
    assert bodies[1]["messages"][-1]["content"] == "and?"
    assert "not a text" in shown and "Cannot read nowhere" in shown


def test_save(tmp_path: Path) -> None:
    file = tmp_path / "talk.json"
    shown, _ = talk(
        "/system S", "one", f"/save {file}", "/save /no/such/folder/x", "/nonsense", "/help", "/quit", "two"
    )
    saved = json.loads(file.read_text())["messages"]
    assert [(message["role"], message["content"]) for message in saved] == [
        ("system", "S"), ("user", "one"), ("assistant", "2: one"),
    ]  # fmt: skip
    assert "Cannot write" in shown and "no command /nonsense" in shown and "/think" in shown and "two" not in shown


def test_a_path_that_no_file_can_have_is_one_line() -> None:
    shown, _ = talk("/file ~nobody-of-that-name/x", "/save ~nobody-of-that-name/x", "/file a\0b", "one")
    assert shown.count("Cannot read") == 2 and "Cannot write" in shown and "1: one" in shown


def test_after_an_error_the_chat_goes_on_as_if_nothing_was_said() -> None:
    shown, bodies = talk("one", "fail", "two")
    assert "error: The server at" in shown and "HTTP 400" in shown
    assert [message["content"] for message in bodies[-1]["messages"]] == ["one", "1: one", "two"]


def test_lines_go_on_after_a_backslash() -> None:
    _, bodies = talk("one\\", "two")
    assert bodies[0]["messages"][0]["content"] == "one\ntwo"


def test_interrupt_stops_the_answer_only() -> None:
    shown: list[str] = []

    def write(text: str) -> None:
        shown.append(text)
        if "".join(shown).endswith("1: o"):
            signal.raise_signal(signal.SIGINT)

    _, bodies = talk("one", "two", terminal=Terminal(write))
    assert "".join(shown) == "1: o\n[stopped]\n3: two\n"
    assert bodies[1]["messages"][1] == {"role": "assistant", "content": "1: o"}


def test_chat_command_on_a_pipe() -> None:
    with scripted_server(parrot) as server:
        options = ["chat", "--base-url", server.url, "--tools", "calculator", "--temperature", "0", "--system", "S"]
        result = CliRunner().invoke(app, options, input="sum\n/quit\n")
    assert result.exit_code == 0 and "[result] 5" in result.stdout
    assert server.bodies[0]["temperature"] == 0 and server.bodies[0]["messages"][0]["content"] == "S"


def test_lines_in_another_encoding_are_read_as_well_as_can_be() -> None:
    with scripted_server(parrot) as server:
        result = CliRunner().invoke(app, ["chat", "--base-url", server.url], input=b"caf\xe9\n")
    assert result.exit_code == 0 and server.bodies[0]["messages"][-1]["content"] == "caf\ufffd"


def test_agent_command(tmp_path: Path) -> None:
    trace = tmp_path / "trace.jsonl"
    with scripted_server(parrot) as server:
        options = ["agent", "sum", "--base-url", server.url, "--model", "toy", "--trace", str(trace), "--api-key", "k"]
        result = CliRunner().invoke(app, options)
        stopped = CliRunner().invoke(app, [*options[:4], "--token-budget", "1"])
    assert result.exit_code == 0 and result.stdout == "3: 5\n" and "[result] 5" in result.stderr
    assert [json.loads(line)["event"] for line in trace.read_text().splitlines()][-1] == "end"
    assert server.keys[0] == "Bearer k"
    assert stopped.exit_code == 1 and "stopped: tokens" in stopped.stderr


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--tools", "hammer", "--base-url", "http://127.0.0.1:9/v1"], "No tool is called 'hammer'"),
        (["--folder", ".", "--base-url", "http://127.0.0.1:9/v1"], "add it to --tools"),
        (["--base-url", "localhost:8000"], "--base-url is 'localhost:8000'"),
        (["--tools", "files", "--folder", "/nowhere", "--base-url", "http://127.0.0.1:9/v1"], "does not exist"),
        (["--base-url", "http://127.0.0.1:9/v1"], "Start one with: joyflash serve"),
        (["--model", "no-such-model"], "no model folder 'no-such-model'"),
    ],
)
def test_what_cannot_be_done_is_one_line(options: list[str], message: str) -> None:
    result = CliRunner().invoke(app, ["agent", "x", *options])
    assert result.exit_code == 2 and message in result.stderr and "Traceback" not in result.stderr


def test_a_model_inside_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    """Our own server, template and parser, with a model that recites."""
    monkeypatch.setattr("joyflash.cli.agent._load", lambda name: scripted_engine(adder)[0])
    result = CliRunner().invoke(app, ["agent", "please add", "--max-tokens", "200"])
    assert result.exit_code == 0 and result.stdout == "It is 5.\n", result.stderr
    assert '[call] calculator({"expression": "2+3"})' in result.stderr


def adder(prompt: str) -> str:
    turn = prompt.rpartition("<|User|>")[2]
    if "<tool_response>" in turn:
        return f"It is {turn.partition('<tool_response>')[2].partition('</tool_response>')[0].strip()}."
    return "<tool_call>\n<function=calculator>\n<parameter=expression>\n2+3\n</parameter>\n</function>\n</tool_call>"
