"""The loop against a scripted server, through the official client."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from joyflash.agent import Agent, Budget, ChatClient, Outcome, Tool, ToolError
from joyflash.agent.calculator import calculator
from joyflash.agent.loop import Trace
from joyflash.agent.tools import object_schema
from joyflash.errors import AgentError, ConfigError, ServerUnreachableError
from tests.agent.scripted_server import Say, ScriptedServer, scripted_server

TASK = [{"role": "user", "content": "do it"}]
PRICES = {"apple": 3, "pear": 4}


def shop() -> Tool:
    def price(arguments: dict[str, Any]) -> str:
        if arguments["item"] not in PRICES:
            raise ToolError("unknown item; there are apple and pear")
        return str(PRICES[arguments["item"]])

    return Tool("price", "Price of an item.", object_schema({"item": {"type": "string"}}, ["item"]), price)


def run(server: ScriptedServer, tools: list[Tool] | None = None, **settings: Any) -> Outcome:
    return Agent(ChatClient(server.url), [shop(), calculator()] if tools is None else tools, **settings).run(TASK)


def shopper(body: dict[str, Any]) -> Say:
    """Depends on what it is told: a wrong guess, a better one, a computation with the result, an answer with that."""
    results = [message["content"] for message in body["messages"] if message["role"] == "tool"]
    if not results:
        return Say("Let me see.", [("price", {"item": "plum"})])
    if "apple and pear" in results[-1]:
        return Say(calls=[("price", {"item": "pear"})])
    if len(results) == 2:
        return Say(calls=[("calculator", {"expression": f"{results[-1]} * 12"})])
    return Say(f"That is {results[-1]}.")


@pytest.mark.parametrize("streamed", [False, True])
def test_three_dependent_calls_of_which_the_first_fails(streamed: bool, tmp_path: Path) -> None:
    pieces: list[str] = []
    trace = Trace(tmp_path / "runs" / "trace.jsonl")
    on_piece = (lambda kind, text: pieces.append(text)) if streamed else None
    with scripted_server(shopper) as server:
        outcome = run(server, on_event=trace, on_piece=on_piece)
    events = [json.loads(line) for line in (tmp_path / "runs" / "trace.jsonl").read_text().splitlines()]
    trace.close()
    assert (outcome.text, outcome.reason, outcome.calls, outcome.tokens) == ("That is 48.", "answered", 3, 60)
    assert [message["role"] for message in outcome.messages] == ["user"] + ["assistant", "tool"] * 3 + ["assistant"]
    assert outcome.messages[1]["content"] == "Let me see."
    assert outcome.messages[1]["tool_calls"][0]["function"] == {"name": "price", "arguments": '{"item": "plum"}'}
    assert "".join(pieces) == ("Let me see.That is 48." if streamed else "")
    assert all(body.get("stream", False) is streamed for body in server.bodies)
    assert [tool["function"]["name"] for tool in server.bodies[0]["tools"]] == ["price", "calculator"]
    assert server.bodies[1]["messages"] == outcome.messages[:3]
    assert [event["event"] for event in events] == ["request", "reply", "call", "result"] * 3 + [
        "request", "reply", "end",
    ]  # fmt: skip
    assert [event["ok"] for event in events if event["event"] == "result"] == [False, True, True]
    assert events[-1]["text"] == "That is 48." and events[-1]["calls"] == 3


@pytest.mark.parametrize(
    ("name", "arguments", "told"),
    [
        ("price", '{"item": "app', "not valid JSON"),
        ("price", "[1]", "not of type 'object'"),
        ("price", {"item": 5}, "wrong item: 5 is not of type 'string'"),
        ("price", {}, "'item' is a required property"),
        ("price", {"item": "apple", "shop": 1}, "'shop' was unexpected"),
        ("price", "[" * 100_000, "Error: the arguments are not valid JSON"),
        ("prize", {}, "there is no tool called 'prize'. Tools: price, calculator."),
        ("calculator", {"expression": "__import__('os')"}, "only numbers"),
    ],
)
def test_bad_calls_are_told_to_the_model(name: str, arguments: Any, told: str) -> None:
    with scripted_server([Say(calls=[(name, arguments)]), Say("ok")]) as server:
        outcome = run(server)
    result = outcome.messages[2]
    assert outcome.text == "ok"
    assert result["tool_call_id"] == f"call_{name}_0" and result["content"].startswith("Error: ")
    assert told in result["content"]


def test_a_tool_that_breaks_does_not_break_the_run() -> None:
    broken = Tool("broken", "", object_schema({}, []), lambda _: str(1 // 0))
    with scripted_server([Say(calls=[("broken", "")]), Say("ok")]) as server:
        outcome = run(server, [broken])
    assert (
        outcome.messages[2]["content"] == "Error: broken failed: ZeroDivisionError: integer division or modulo by zero"
    )


def test_long_results_are_cut() -> None:
    long = Tool("long", "", object_schema({}, []), lambda _: "x" * 10_000)
    with scripted_server([Say(calls=[("long", {})]), Say("ok")]) as server:
        outcome = run(server, [long])
    assert outcome.messages[2]["content"] == "x" * 8000 + "\n[cut off: 2000 more characters]"


def test_parallel_calls_run_at_once_and_keep_their_order() -> None:
    meeting = threading.Barrier(3, timeout=20)  # passed only when all three run at the same time

    def meet(arguments: dict[str, Any]) -> str:
        meeting.wait()
        time.sleep(0.05 * (3 - arguments["n"]))
        return f"met {arguments['n']}"

    tool = Tool("meet", "", object_schema({"n": {"type": "integer"}}, ["n"]), meet)
    with scripted_server([Say(calls=[("meet", {"n": n}) for n in range(3)]), Say("ok")]) as server:
        outcome = run(server, [tool])
    results = outcome.messages[2:5]
    assert [result["content"] for result in results] == ["met 0", "met 1", "met 2"]
    assert [result["tool_call_id"] for result in results] == ["call_meet_0", "call_meet_1", "call_meet_2"]


def test_budget_of_calls_ends_in_an_answer_without_tools() -> None:
    def script(body: dict[str, Any]) -> Say:
        return Say(calls=[("price", {"item": "pear"})] * 2) if "tools" in body else Say("enough")

    with scripted_server(script) as server:
        outcome = run(server, budget=Budget(calls=3))
    assert (outcome.reason, outcome.text, outcome.calls) == ("calls", "enough", 3)
    told = [message["content"] for message in outcome.messages if message["role"] == "tool"]
    assert told[:3] == ["4"] * 3 and "no more than 3 calls" in told[3] and len(server.bodies) == 3


def test_a_model_that_calls_without_tools_is_stopped() -> None:
    with scripted_server([Say("again", [("price", {"item": "pear"})])]) as server:
        outcome = run(server, budget=Budget(calls=1))
    assert outcome.reason == "calls" and len(server.bodies) == 2 and "tool_calls" not in outcome.messages[-1]


def test_budget_of_tokens() -> None:
    with scripted_server([Say("on", [("price", {"item": "pear"})], tokens=100)]) as server:
        outcome = run(server, budget=Budget(tokens=200))
    assert (outcome.reason, outcome.tokens, len(server.bodies)) == ("tokens", 210, 2)


def test_budget_of_time_covers_tools_and_server() -> None:
    slow = Tool("slow", "", object_schema({}, []), lambda _: time.sleep(3) or "late")
    with scripted_server([Say("on", [("slow", {})])]) as server:
        outcome = run(server, [slow], budget=Budget(seconds=0.5))
    assert outcome.reason == "seconds" and outcome.seconds < 2
    assert "no time left" in outcome.messages[-1]["content"]
    with scripted_server([Say("x", wait=2)]) as server, pytest.raises(AgentError, match="too long"):
        Agent(ChatClient(server.url), budget=Budget(seconds=0.2)).run(TASK)
    assert len(server.bodies) == 1  # no second attempt: it would take more than is left


def test_cut_off_answer_is_called_so() -> None:
    with scripted_server([Say("and then", finish="length")]) as server:
        assert run(server).reason == "length"


def test_server_errors() -> None:
    events: list[dict[str, Any]] = []
    with (
        scripted_server([Say("no such field", status=400)]) as server,
        pytest.raises(AgentError, match="no such field"),
    ):
        run(server, on_event=events.append)
    assert events[-1]["event"] == "error" and "HTTP 400" in events[-1]["message"] and len(server.bodies) == 1
    with scripted_server([Say("busy", status=503), Say("busy", status=429), Say("ok")]) as server:
        assert run(server).text == "ok"  # asked again
    with pytest.raises(ServerUnreachableError, match="joyflash serve"):
        Agent(ChatClient("http://127.0.0.1:9/v1", "toy")).run(TASK)


def test_no_proxy_stands_between_programs_of_one_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "gopher://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    with scripted_server([Say("ok")]) as server:
        assert run(server).text == "ok"
    with pytest.raises(ConfigError, match="proxy"):
        ChatClient("http://example.org/v1", "toy")


def test_interrupt_ends_the_answer_and_keeps_its_beginning() -> None:
    heard: list[str] = []

    def on_piece(kind: str, text: str) -> None:
        heard.append(text)
        if len(heard) == 3:
            signal.raise_signal(signal.SIGINT)

    with scripted_server([Say("abcdefgh")]) as server:
        outcome = run(server, on_piece=on_piece)
    assert outcome.reason == "interrupted" and outcome.text == "abc"
    assert outcome.messages[-1] == {"role": "assistant", "content": "abc"}


def test_interrupt_in_the_middle_of_a_call_drops_it() -> None:
    begun = threading.Event()

    def script(body: dict[str, Any]) -> Say:
        begun.set()
        return Say(calls=[("price", {"item": "p" * 200})], wait=0.02)

    def interrupt() -> None:
        begun.wait(20)
        time.sleep(0.5)
        os.kill(os.getpid(), signal.SIGINT)

    with scripted_server(script) as server:
        threading.Thread(target=interrupt, daemon=True).start()
        outcome = run(server, on_piece=lambda kind, text: None)
    assert (outcome.reason, outcome.calls) == ("interrupted", 0) and "tool_calls" not in outcome.messages[-1]


def test_options_and_key_reach_the_server() -> None:
    with scripted_server([Say("ok")]) as server:
        Agent(ChatClient(server.url, api_key="k"), options={"temperature": 0, "chat_template_kwargs": {"a": 1}}).run(
            TASK
        )
    assert server.keys == ["Bearer k"]
    assert server.bodies[0]["temperature"] == 0 and server.bodies[0]["chat_template_kwargs"] == {"a": 1}
    assert server.bodies[0]["model"] == "toy" and "tools" not in server.bodies[0]


def test_wrong_settings_are_refused() -> None:
    with pytest.raises(AgentError, match="'calculator'"):
        Agent(ChatClient("http://127.0.0.1:9/v1"), [calculator(), calculator()])
    with pytest.raises(ConfigError, match="calls"):
        Budget(calls=0)
