"""Every field of completions and responses acts, is accepted without effect and says so, or is refused."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from joyflash.server.chat_fields import UNHEARD
from joyflash.server.completion_fields import COMPLETION_FIELDS
from joyflash.server.responses_fields import LOGPROBS, RESPONSE_FIELDS
from joyflash.server.settings import ServerSettings
from tests.server.live import LiveServer, served
from tests.server.test_completions import Writer, hashed_engine
from tests.server.test_responses import ADD, ask

COMPLETION_EFFECTS = {field.name: field.effect for field in COMPLETION_FIELDS}
RESPONSE_EFFECTS = {field.name: field.effect for field in RESPONSE_FIELDS}


@pytest.fixture(scope="module")
def writer() -> Iterator[Writer]:
    engine = hashed_engine()
    with served(engine, ServerSettings()) as (url, admission, http):
        yield Writer(http, url, engine, admission)


def text(writer: Writer, **fields: Any) -> str:
    """The first choice's text, of ten tokens."""
    response = writer.ask(**{"max_tokens": 10, "ignore_eos": True, **fields})
    assert response.status_code == 200, response.text
    return response.json()["choices"][0]["text"]


HOT = {"temperature": 1.0, "seed": 5}


def biased(writer: Writer, first: float, second: float, **fields: Any) -> str:
    """Text of two letters only, the first preferred by so much."""
    ids = [str(writer.tokenizer.encode(letter)[0]) for letter in "xy"]
    return text(writer, logit_bias=dict(zip(ids, (first, second), strict=True)), **fields)


def penalised(name: str) -> Callable[[Writer], bool]:
    """Whether a penalty brings in the second letter, which without it never comes."""

    def probe(writer: Writer) -> bool:
        without = biased(writer, 100, 90)
        return without == "x" * 10 and "y" in biased(writer, 100, 90, **{name: 2.0, "max_tokens": 60})

    return probe


COMPLETIONS: dict[str, Callable[[Writer], bool]] = {
    "model": lambda w: w.ask(model="gpt-5").status_code == 404,
    "prompt": lambda w: text(w) != text(w, prompt="other"),
    "max_tokens": lambda w: w.ask(max_tokens=3, ignore_eos=True).json()["usage"]["completion_tokens"] == 3,
    "echo": lambda w: text(w, echo=True).endswith(text(w)) and text(w, echo=True) != text(w),
    "logprobs": lambda w: len(w.ask(logprobs=2, max_tokens=1).json()["choices"][0]["logprobs"]["tokens"]) == 1,
    "temperature": lambda w: text(w, **HOT) != text(w),
    "top_p": lambda w: text(w, **HOT, top_p=0) == text(w),
    "top_k": lambda w: text(w, **HOT, top_k=1) == text(w),
    "min_p": lambda w: text(w, **HOT, min_p=1) == text(w),
    "n": lambda w: len(w.ask(n=3).json()["choices"]) == 3,
    "seed": lambda w: text(w, **HOT) == text(w, **HOT) != text(w, temperature=1.0, seed=6),
    "stop": lambda w: text(w, stop=text(w)[3:5]) == text(w)[:3].partition(text(w)[3:5])[0],
    "stop_token_ids": lambda w: w.ask(
        logit_bias={str(w.tokenizer.encode("x")[0]): 100}, stop_token_ids=[w.tokenizer.encode("x")[0]]
    ).json()["usage"]["completion_tokens"] == 1,
    "ignore_eos": lambda w: [
        w.ask(logit_bias={str(w.tokenizer.eos_id): 100}, ignore_eos=on).json()["usage"]["completion_tokens"]
        for on in (False, True)
    ] == [1, 16],
    "presence_penalty": lambda w: biased(w, 100, 99.5) != biased(w, 100, 99.5, presence_penalty=2.0),
    "frequency_penalty": penalised("frequency_penalty"),
    "logit_bias": lambda w: biased(w, 100, 0) == "x" * 10 and biased(w, 0, 100) == "y" * 10,
    "stream": lambda w: w.ask(stream=True).headers["content-type"].startswith("text/event-stream"),
    "stream_options": lambda w: w.stream(stream_options={"include_usage": True})[-1]["usage"] is not None,
    "user": lambda w: text(w, user="me") == text(w),
    "best_of": lambda w: [w.ask(n=2, best_of=best).status_code for best in (2, 3)] == [200, 400],
    "suffix": lambda w: w.ask(suffix="x").status_code == 400,
}  # fmt: skip


@pytest.mark.parametrize("name", COMPLETION_EFFECTS)
def test_completions(writer: Writer, name: str) -> None:
    assert COMPLETIONS[name](writer)


def test_no_probe_of_completions_is_left_over() -> None:
    assert COMPLETIONS.keys() == COMPLETION_EFFECTS.keys()


def said(server: LiveServer, words: str = "hello", **fields: Any) -> str:
    """All texts of the output."""
    response = ask(server, words, **fields)
    assert response.status_code == 200, response.text
    items = response.json()["output"]
    return "|".join(part["text"] for item in items for part in item.get("content", []))


def kinds(server: LiveServer, words: str, **fields: Any) -> list[str]:
    return [item["type"] for item in ask(server, words, **fields).json()["output"]]


def unheard(name: str, value: Any) -> Callable[[LiveServer], bool]:
    """Accepted, without effect, and the table says so."""
    return lambda s: said(s, **{name: value}) == said(s) and "changes nothing" in RESPONSE_EFFECTS[name]


def refused(name: str, value: Any) -> Callable[[LiveServer], bool]:
    def probe(server: LiveServer) -> bool:
        response = ask(server, **{name: value})
        return response.status_code == 400 and response.json()["error"]["param"].startswith(name)

    return probe


def tokens(server: LiveServer, words: str = "hello", **fields: Any) -> int:
    return ask(server, words, **fields).json()["usage"]["input_tokens"]


DREAM = {"temperature": 1.0, "max_output_tokens": 30}
RESPONSES: dict[str, Callable[[LiveServer], bool]] = {
    "model": lambda s: ask(s, model="gpt-5").status_code == 404,
    "input": lambda s: said(s) != said(s, "think"),
    "instructions": lambda s: tokens(s, instructions="Be brief, and then be briefer.") != tokens(s),
    "previous_response_id": lambda s: tokens(s, previous_response_id=ask(s).json()["id"]) > tokens(s),
    "store": lambda s: s.http.get(f"/v1/responses/{ask(s, store=False).json()['id']}").status_code == 404,
    "max_output_tokens": lambda s: ask(s, max_output_tokens=2).json()["usage"]["output_tokens"] == 2,
    "temperature": lambda s: said(s, "dream", **DREAM) != said(s, "dream", **DREAM),
    "top_p": lambda s: said(s, "dream", **DREAM, top_p=0) == said(s, "dream", **DREAM, top_p=0),
    "top_logprobs": lambda s: all(
        len(entry["top_logprobs"]) == 2
        for entry in ask(s, include=[LOGPROBS], top_logprobs=2).json()["output"][0]["content"][0]["logprobs"]
    ),
    "stream": lambda s: ask(s, stream=True).headers["content-type"].startswith("text/event-stream"),
    "stream_options": lambda s: [
        ask(s, stream=True, stream_options={"include_obfuscation": value}).status_code for value in (False, True)
    ] == [200, 400],
    "tools": lambda s: kinds(s, "call", tools=[ADD])[-1] == "function_call" != kinds(s, "call")[-1],
    "tool_choice": lambda s: kinds(s, "call", tools=[ADD], tool_choice="none") == ["message"],
    "parallel_tool_calls": lambda s: [
        kinds(s, "two calls", tools=[ADD], parallel_tool_calls=on).count("function_call") for on in (True, False)
    ] == [2, 1],
    "reasoning": lambda s: kinds(s, "think", reasoning={"effort": "high"}) == ["reasoning", "message"],
    "text": refused("text", {"verbosity": "low"}),
    "include": lambda s: len(ask(s, include=[LOGPROBS]).json()["output"][0]["content"][0]["logprobs"]) > 0,
    "truncation": lambda s: [ask(s, truncation=how).status_code for how in ("disabled", "auto")] == [200, 400],
    "metadata": lambda s: ask(s, metadata={"a": "b"}).json()["metadata"] == {"a": "b"},
    "user": unheard("user", "me"),
    "safety_identifier": unheard("safety_identifier", "me"),
    "prompt_cache_key": unheard("prompt_cache_key", "key"),
    "prompt_cache_retention": unheard("prompt_cache_retention", "24h"),
    "prompt_cache_options": unheard("prompt_cache_options", {}),
    "service_tier": unheard("service_tier", "auto"),
    "max_tool_calls": unheard("max_tool_calls", 1),
    "background": lambda s: [ask(s, background=on).status_code for on in (False, True)] == [200, 400],
    **{
        name: refused(name, {})
        for name in (
            "background_options", "conversation", "prompt", "context_management", "moderation", "image",
            "access_programs",
        )
    },
}  # fmt: skip


@pytest.mark.parametrize("name", RESPONSE_EFFECTS)
def test_responses(server: LiveServer, name: str) -> None:
    assert RESPONSES[name](server)


def test_no_probe_of_responses_is_left_over() -> None:
    assert RESPONSES.keys() == RESPONSE_EFFECTS.keys()


def test_what_is_accepted_without_effect_says_so() -> None:
    assert json.dumps(RESPONSE_EFFECTS).count(UNHEARD) >= 7
