"""Every field of chat completions and messages acts, is accepted without effect and says so, or is refused."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from joyflash.engine.async_engine import AsyncEngine
from joyflash.engine.block_pool import BlockPool
from joyflash.engine.engine import Engine
from joyflash.server.anthropic_fields import COUNT_FIELDS, MESSAGE_FIELDS
from joyflash.server.chat_fields import CHAT_FIELDS, UNHEARD
from joyflash.server.settings import ServerSettings
from joyflash.text.template import ChatTemplate
from joyflash.text.tokenizer import Tokenizer
from tests.engine.fakes import FakeStep, hashed
from tests.server.fakes import NANO
from tests.server.live import CHAT, LiveServer, served

HOT = {"temperature": 1.0, "seed": 5}
ADD = {"name": "add", "parameters": {"type": "object", "properties": {"a": {"type": "string"}, "b": {}}}}
FUNCTION = {"type": "function", "function": ADD}
TOOL = {"name": "add", "input_schema": ADD["parameters"]}


@dataclass
class Talker:
    """A server whose model says something else after every prompt."""

    http: httpx.Client
    tokenizer: Tokenizer

    def post(self, path: str = CHAT, **fields: Any) -> httpx.Response:
        own = {"model": "nano", "messages": [{"role": "user", "content": "hello"}], "max_tokens": 10, "temperature": 0}
        body = {**own, **({"ignore_eos": True} if path == CHAT else {}), **fields}
        return self.http.post(path, json={name: value for name, value in body.items() if value is not None})

    def json(self, path: str = CHAT, **fields: Any) -> Any:
        response = self.post(path, **fields)
        assert response.status_code == 200, response.text
        return response.json()

    def text(self, **fields: Any) -> str:
        """The first choice's text."""
        return self.json(**fields)["choices"][0]["message"]["content"]

    def said(self, **fields: Any) -> str:
        """The text of a message of Anthropic's."""
        return "".join(block.get("text", "") for block in self.json("/v1/messages", **fields)["content"])

    def statuses(self, name: str, *values: Any, path: str = CHAT) -> list[int]:
        return [self.post(path, **{name: value}).status_code for value in values]

    def letters(self, first: float, second: float, **fields: Any) -> str:
        """Text of two letters only, the first preferred by so much."""
        ids = [str(self.tokenizer.encode(letter)[0]) for letter in "xy"]
        return self.text(logit_bias=dict(zip(ids, (first, second), strict=True)), **fields)


@pytest.fixture(scope="module")
def talker() -> Iterator[Talker]:
    tokenizer = Tokenizer.from_pretrained(NANO)
    step = FakeStep(hashed(tokenizer.vocab_size), block_size=16, context_length=512)
    template = ChatTemplate.from_pretrained(NANO, tokenizer)
    engine = Engine(step, BlockPool(128, 16), tokenizer, template, model_name="nano", max_batch=4)
    with served(AsyncEngine(engine), ServerSettings()) as (_, _, http):
        yield Talker(http, tokenizer)


Probe = Callable[[Talker, LiveServer], bool]


def unheard(name: str, value: Any) -> Probe:
    """Accepted, without effect, and the table says so."""
    effect = next(field.effect for field in CHAT_FIELDS if field.name == name)
    return lambda t, _: t.text(**{name: value}) == t.text() and effect.startswith(UNHEARD)


def only(name: str, good: Any, bad: Any) -> Probe:
    """One value is taken and another refused."""
    return lambda t, _: t.statuses(name, good, bad) == [200, 400]


def refused(name: str, path: str = CHAT) -> Probe:
    def probe(talker: Talker, _: LiveServer) -> bool:
        response = talker.post(path, **{name: {}})
        return response.status_code == 400 and f"'{name}" in response.text

    return probe


def calls(server: LiveServer, words: str, **fields: Any) -> int:
    """How many calls the scripted model's answer holds."""
    answer = server.chat(words, **fields).json()["choices"][0]["message"]
    return len(answer.get("tool_calls", []))


def held(server: LiveServer) -> bool:
    schema = {"type": "json_schema", "json_schema": {"name": "x", "schema": {"enum": [7]}}}
    return json.loads(server.chat(response_format=schema).json()["choices"][0]["message"]["content"]) == 7


def thinks(server: LiveServer, **fields: Any) -> bool:
    return "reasoning_content" in server.chat("think", **fields).json()["choices"][0]["message"]


CHAT_PROBES: dict[str, Probe] = {
    "model": lambda t, _: t.statuses("model", "nano", "gpt-5") == [200, 404],
    "messages": lambda t, _: t.text() != t.text(messages=[{"role": "user", "content": "other"}]),
    "max_tokens": lambda t, _: t.json(max_tokens=3)["usage"]["completion_tokens"] == 3,
    "max_completion_tokens": lambda t, _: t.json(max_tokens=None, max_completion_tokens=4)["usage"][
        "completion_tokens"
    ] == 4,
    "temperature": lambda t, _: t.text(**HOT) != t.text(),
    "top_p": lambda t, _: t.text(**HOT, top_p=0) == t.text(),
    "top_k": lambda t, _: t.text(**HOT, top_k=1) == t.text(),
    "min_p": lambda t, _: t.text(**HOT, min_p=1) == t.text(),
    "n": lambda t, _: len(t.json(n=3)["choices"]) == 3,
    "seed": lambda t, _: t.text(**HOT) == t.text(**HOT) != t.text(temperature=1.0, seed=6),
    "stop": lambda t, _: t.text(stop=t.text()[3:5]) == t.text().partition(t.text()[3:5])[0],
    "stop_token_ids": lambda t, _: t.letters(100, 0, stop_token_ids=[t.tokenizer.encode("x")[0]]) in ("", "x"),
    "ignore_eos": lambda t, _: [
        t.json(logit_bias={str(t.tokenizer.eos_id): 100}, ignore_eos=on)["usage"]["completion_tokens"]
        for on in (False, True)
    ] == [1, 10],
    "presence_penalty": lambda t, _: t.letters(100, 99.5) != t.letters(100, 99.5, presence_penalty=2.0),
    "frequency_penalty": lambda t, _: "y" in t.letters(100, 90, frequency_penalty=2.0, max_tokens=60),
    "logit_bias": lambda t, _: t.letters(100, 0) == "x" * 10 and t.letters(0, 100) == "y" * 10,
    "logprobs": lambda t, _: len(t.json(logprobs=True)["choices"][0]["logprobs"]["content"]) > 0,
    "top_logprobs": lambda t, _: all(
        len(entry["top_logprobs"]) == 3
        for entry in t.json(logprobs=True, top_logprobs=3)["choices"][0]["logprobs"]["content"]
    ),
    "stream": lambda t, _: t.post(stream=True).headers["content-type"].startswith("text/event-stream"),
    "stream_options": lambda t, _: '"prompt_tokens"' in t.post(
        stream=True, stream_options={"include_usage": True}
    ).text.split("\n\n")[-3],
    "tools": lambda _, s: (calls(s, "call", tools=[FUNCTION]), calls(s, "call")) == (1, 0),
    "tool_choice": lambda _, s: calls(s, "call", tools=[FUNCTION], tool_choice="none") == 0,
    "parallel_tool_calls": lambda _, s: [
        calls(s, "two calls", tools=[FUNCTION], parallel_tool_calls=on) for on in (True, False)
    ] == [2, 1],
    "response_format": lambda _, s: held(s),
    "reasoning_effort": lambda _, s: thinks(s, reasoning_effort="high") and not thinks(s, reasoning_effort="none"),
    "chat_template_kwargs": lambda _, s: thinks(s, chat_template_kwargs={"enable_thinking": True}),
    "user": unheard("user", "me"),
    "safety_identifier": unheard("safety_identifier", "me"),
    "metadata": unheard("metadata", {"a": "b"}),
    "store": unheard("store", True),
    "prompt_cache_key": unheard("prompt_cache_key", "key"),
    "prompt_cache_retention": unheard("prompt_cache_retention", "24h"),
    "prompt_cache_options": unheard("prompt_cache_options", {}),
    "service_tier": unheard("service_tier", "auto"),
    "modalities": only("modalities", ["text"], ["audio"]),
    "verbosity": only("verbosity", "medium", "high"),
    **{
        name: refused(name)
        for name in ("audio", "prediction", "moderation", "web_search_options", "functions", "function_call")
    },
}  # fmt: skip


@pytest.mark.parametrize("name", [field.name for field in CHAT_FIELDS])
def test_chat(talker: Talker, server: LiveServer, name: str) -> None:
    assert CHAT_PROBES[name](talker, server)


def test_no_probe_of_chat_is_left_over() -> None:
    assert CHAT_PROBES.keys() == {field.name for field in CHAT_FIELDS}


MESSAGES = "/v1/messages"
EFFECTS = {field.name: field.effect for field in MESSAGE_FIELDS}


def without_effect(name: str, value: Any) -> Probe:
    return lambda t, _: (
        t.said(**{name: value}) == t.said()
        and any(words in EFFECTS[name] for words in ("changes nothing", "cache", "only `"))
    )


def counted(talker: Talker, **fields: Any) -> int:
    return talker.json(f"{MESSAGES}/count_tokens", **fields)["input_tokens"]


def used(server: LiveServer, words: str, **fields: Any) -> int:
    """How many calls the scripted model's message holds."""
    body = {"model": "nano", "max_tokens": 200, "messages": [{"role": "user", "content": words}], **fields}
    answer = server.http.post(MESSAGES, json=body)
    assert answer.status_code == 200, answer.text
    return sum(block["type"] == "tool_use" for block in answer.json()["content"])


def thought(talker: Talker) -> bool:
    blocks = talker.json(MESSAGES, thinking={"type": "enabled", "budget_tokens": 3}, max_tokens=20)["content"]
    return blocks[0]["type"] == "thinking"


ONE = {"type": "auto", "disable_parallel_tool_use": True}
SEVEN = {"format": {"type": "json_schema", "schema": {"enum": [7]}}}
MESSAGE_PROBES: dict[str, Probe] = {
    "model": lambda t, _: t.statuses("model", "nano", "gpt-5", path=MESSAGES) == [200, 404],
    "messages": lambda t, _: t.said() != t.said(messages=[{"role": "user", "content": "other"}]),
    "max_tokens": lambda t, _: t.json(MESSAGES, max_tokens=2)["usage"]["output_tokens"] <= 2,
    "system": lambda t, _: counted(t, system="Be brief, and then be briefer.") != counted(t),
    "stop_sequences": lambda t, _: t.said(stop_sequences=[t.said()[1:3]]) == t.said().partition(t.said()[1:3])[0],
    "stream": lambda t, _: t.post(MESSAGES, stream=True).headers["content-type"].startswith("text/event-stream"),
    "temperature": lambda t, _: len({t.said(temperature=1.0) for _ in range(4)} | {t.said()}) > 1,
    "top_p": lambda t, _: t.said(temperature=1.0, top_p=0) == t.said(),
    "top_k": lambda t, _: t.said(temperature=1.0, top_k=1) == t.said(),
    "thinking": lambda t, _: thought(t),
    "tools": lambda _, s: (used(s, "call", tools=[TOOL]), used(s, "call")) == (1, 0),
    "tool_choice": lambda _, s: used(s, "two calls", tools=[TOOL], tool_choice=ONE) == 1,
    "metadata": without_effect("metadata", {"user_id": "me"}),
    "cache_control": without_effect("cache_control", {"type": "ephemeral"}),
    "service_tier": without_effect("service_tier", "auto"),
    "speed": without_effect("speed", "standard"),
    "output_config": lambda t, _: t.said(output_config=SEVEN) == "7",
    **{
        name: refused(name, MESSAGES)
        for name in (
            "billing_policy", "compaction", "container", "context_management", "diagnostics", "fallback_credit_token",
            "fallbacks", "inference_geo", "mcp_servers", "thread",
        )
    },
}  # fmt: skip


@pytest.mark.parametrize("name", [field.name for field in MESSAGE_FIELDS])
def test_messages(talker: Talker, server: LiveServer, name: str) -> None:
    assert MESSAGE_PROBES[name](talker, server)


def test_no_probe_of_messages_is_left_over() -> None:
    assert MESSAGE_PROBES.keys() == {field.name for field in MESSAGE_FIELDS}


def test_counting_takes_what_a_message_takes(talker: Talker) -> None:
    assert {field.name for field in COUNT_FIELDS} == {field.name for field in MESSAGE_FIELDS} - {"stream"}
    usage = talker.json(MESSAGES)["usage"]
    assert counted(talker) == usage["input_tokens"] + usage["cache_read_input_tokens"]
