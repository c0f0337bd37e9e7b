"""`/v1/completions`: every form of a prompt, the echo and its log-probabilities, streams, refusals."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import openai
import pytest

from joyflash.engine.async_engine import AsyncEngine
from joyflash.engine.block_pool import BlockPool
from joyflash.engine.engine import Engine
from joyflash.server.admission import Admission
from joyflash.server.completion_fields import COMPLETION_FIELDS
from joyflash.server.settings import ServerSettings
from joyflash.text.tokenizer import Tokenizer
from tests.engine.fakes import FakeStep, hashed
from tests.server.fakes import NANO
from tests.server.live import served

PATH = "/v1/completions"
TEXT = "Once upon a time 你好"


@dataclass
class Writer:
    """A server whose model says something else after every prompt."""

    http: httpx.Client
    url: str
    engine: AsyncEngine
    admission: Admission

    @property
    def tokenizer(self) -> Tokenizer:
        return self.engine.engine.tokenizer

    def ask(self, **fields: Any) -> httpx.Response:
        return self.http.post(PATH, json={"model": "nano", "prompt": TEXT, "temperature": 0, "seed": 1, **fields})

    def stream(self, **fields: Any) -> list[dict[str, Any]]:
        """The chunks of a stream that must end well."""
        blocks = self.ask(stream=True, **fields).text.strip().split("\n\n")
        assert blocks.pop() == "data: [DONE]"
        return [json.loads(block.removeprefix("data: ")) for block in blocks]


def hashed_engine(slots: int = 4, max_waiting: int = 256) -> AsyncEngine:
    tokenizer = Tokenizer.from_pretrained(NANO)
    step = FakeStep(hashed(tokenizer.vocab_size), block_size=16, context_length=512)
    pool = BlockPool(slots * 32, 16)
    engine = Engine(step, pool, tokenizer, None, model_name="nano", max_batch=slots)
    return AsyncEngine(engine, max_waiting=max_waiting)


@pytest.fixture(scope="module")
def writer() -> Iterator[Writer]:
    engine = hashed_engine()
    with served(engine, ServerSettings()) as (url, admission, http):
        yield Writer(http, url, engine, admission)


def test_a_text_goes_on(writer: Writer) -> None:
    body = writer.ask(max_tokens=7, ignore_eos=True).json()
    assert body["object"] == "text_completion" and body["id"].startswith("cmpl-") and body["model"] == "nano"
    (choice,) = body["choices"]
    assert choice["index"] == 0 and choice["logprobs"] is None and choice["finish_reason"] == "length"
    count = 1 + len(writer.tokenizer.encode(TEXT))
    usage = body["usage"]
    assert (usage["prompt_tokens"], usage["completion_tokens"], usage["total_tokens"]) == (count, 7, count + 7)
    assert writer.ask(ignore_eos=True).json()["usage"]["completion_tokens"] == 16
    assert not writer.ask(max_tokens=5).json()["choices"][0]["text"].startswith(TEXT)


def test_all_forms_of_a_prompt(writer: Writer) -> None:
    tokenizer = writer.tokenizer
    ids = [tokenizer.bos_id, *tokenizer.encode(TEXT)]
    (one,) = writer.ask().json()["choices"]
    (same,) = writer.ask(prompt=ids).json()["choices"]
    assert same == one
    for several in ([TEXT, "other"], [ids, [tokenizer.bos_id, *tokenizer.encode("other")]]):
        both = writer.ask(prompt=several).json()
        assert [choice["index"] for choice in both["choices"]] == [0, 1]
        assert both["choices"][0] == one
        assert both["choices"][1]["text"] == writer.ask(prompt="other").json()["choices"][0]["text"] != one["text"]
    assert writer.ask(prompt="").status_code == 200


def test_choices_come_prompt_by_prompt(writer: Writer) -> None:
    fields = {"n": 3, "temperature": 1.0, "max_tokens": 5}
    choices = writer.ask(prompt=[TEXT, "other"], **fields).json()["choices"]
    assert [choice["index"] for choice in choices] == list(range(6))
    texts = [choice["text"] for choice in choices]
    assert len(set(texts)) == 6
    assert texts[:3] == [choice["text"] for choice in writer.ask(**fields).json()["choices"]]


def test_control_tokens_in_a_text_are_plain_characters(writer: Writer) -> None:
    spelled = writer.ask(prompt="<|User|>", echo=True, max_tokens=0, logprobs=0).json()
    assert spelled["usage"]["prompt_tokens"] > 2
    assert len(spelled["choices"][0]["logprobs"]["tokens"]) == spelled["usage"]["prompt_tokens"] - 1


@pytest.mark.parametrize("as_ids", [False, True])
def test_the_echo_has_the_log_probabilities_of_the_full_pass(writer: Writer, as_ids: bool) -> None:
    tokenizer = writer.tokenizer
    ids = [tokenizer.bos_id, *tokenizer.encode(TEXT)]
    shown = ids if as_ids else ids[1:]
    fields = {"prompt": ids if as_ids else TEXT, "echo": True, "logprobs": 1, "max_tokens": 1, "ignore_eos": True}
    (choice,) = writer.ask(**fields).json()["choices"]
    lists = choice["logprobs"]
    assert all(len(values) == len(shown) + 1 for values in lists.values())
    predict = hashed(tokenizer.vocab_size)
    expected = [float(predict(ids[:end]).log_softmax(-1)[ids[end]]) for end in range(1, len(ids))]
    start = 1 if as_ids else 0
    assert lists["token_logprobs"][start:-1] == expected
    if as_ids:
        assert lists["token_logprobs"][0] is None and lists["top_logprobs"][0] is None
    for token, value, top in list(zip(lists["tokens"], lists["token_logprobs"], lists["top_logprobs"], strict=True))[
        start:
    ]:
        assert top[token] == value and max(top.values()) >= value and len(top) <= 2
    prefix = tokenizer.decode(shown, skip_control=False)
    assert choice["text"].startswith(prefix)
    assert lists["text_offset"][0] == 0 and lists["text_offset"] == sorted(lists["text_offset"])
    assert lists["text_offset"][-1] == len(prefix)
    for token, at in zip(lists["tokens"], lists["text_offset"], strict=True):
        assert token.startswith("bytes:") or choice["text"][at:].startswith(token)


def test_the_echo_alone_reads_and_generates_nothing(writer: Writer) -> None:
    for fields in ({}, {"logprobs": 2}):
        body = writer.ask(echo=True, max_tokens=0, **fields).json()
        (choice,) = body["choices"]
        assert choice["text"] == TEXT and choice["finish_reason"] == "length"
        assert body["usage"]["completion_tokens"] == 0
        assert (choice["logprobs"] is None) == (not fields)
    body = writer.ask(max_tokens=0).json()
    assert body["choices"][0]["text"] == ""


def test_the_end_token_is_among_the_log_probabilities(writer: Writer) -> None:
    """lm-eval cuts one generated token off the lists; if the end token were missing it would lose a real one."""
    eos = writer.tokenizer.eos_id
    body = writer.ask(logit_bias={str(eos): 100}, logprobs=0, max_tokens=4).json()
    (choice,) = body["choices"]
    assert choice["text"] == "" and choice["finish_reason"] == "stop"
    assert choice["logprobs"]["tokens"] == [writer.tokenizer.token_bytes(eos).decode()]
    assert body["usage"]["completion_tokens"] == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"max_tokens": 9},
        {"prompt": [TEXT, "other", "third"], "n": 2, "temperature": 1.0, "max_tokens": 6},
        {"echo": True, "logprobs": 3, "n": 3, "max_tokens": 6, "ignore_eos": True},
        {"echo": True, "max_tokens": 0, "prompt": ["a", "b"]},
        {"logprobs": 0, "stop": ["e"], "max_tokens": 40},
    ],
    ids=str,
)
def test_a_stream_says_what_the_whole_answer_says(writer: Writer, fields: dict[str, Any]) -> None:
    whole = writer.ask(**fields).json()
    chunks = writer.stream(stream_options={"include_usage": True}, **fields)
    assert chunks[-1]["choices"] == [] and chunks[-1]["usage"]["total_tokens"] == whole["usage"]["total_tokens"]
    assert all(chunk["usage"] is None for chunk in chunks[:-1])
    for choice in whole["choices"]:
        own = [each for chunk in chunks[:-1] for each in chunk["choices"] if each["index"] == choice["index"]]
        assert "".join(each["text"] for each in own) == choice["text"]
        assert own[-1]["finish_reason"] == choice["finish_reason"]
        assert all(each["finish_reason"] is None for each in own[:-1])
        if choice["logprobs"] is not None:
            for name, values in choice["logprobs"].items():
                joined = [value for each in own if each["logprobs"] for value in each["logprobs"][name]]
                assert joined == values, name


def test_the_official_client(writer: Writer) -> None:
    client = openai.OpenAI(base_url=f"{writer.url}/v1", api_key="x", max_retries=0)
    whole = client.completions.create(model="nano", prompt=TEXT, temperature=0, seed=1)
    streamed = client.completions.create(model="nano", prompt=TEXT, temperature=0, seed=1, stream=True)
    assert "".join(chunk.choices[0].text for chunk in streamed) == whole.choices[0].text


def test_stop_and_biases_act(writer: Writer) -> None:
    free = writer.ask(max_tokens=30, ignore_eos=True, logprobs=0).json()["choices"][0]
    letter = next(char for char in free["text"][3:] if char.isalpha())
    cut = writer.ask(max_tokens=30, ignore_eos=True, stop=[letter]).json()["choices"][0]
    assert cut["text"] == free["text"].partition(letter)[0] and cut["finish_reason"] == "stop"
    token = writer.tokenizer.encode("x")[0]
    assert writer.ask(max_tokens=4, logit_bias={str(token): 100}).json()["choices"][0]["text"] == "xxxx"
    ended = writer.ask(max_tokens=4, logit_bias={str(token): 100}, stop_token_ids=[token]).json()["choices"][0]
    assert ended["finish_reason"] == "stop"


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"prompt": None}, "prompt"),
        ({"prompt": []}, "prompt"),
        ({"prompt": 5}, "prompt"),
        ({"prompt": {"text": "a"}}, "prompt"),
        ({"prompt": [[]]}, "prompt[0]"),
        ({"prompt": ["a", 5]}, "prompt[1]"),
        ({"prompt": [5, "a"]}, "prompt[1]"),
        ({"prompt": [[5], "a"]}, "prompt[1]"),
        ({"prompt": [-1]}, "prompt[0]"),
        ({"prompt": [True]}, "prompt[0]"),
        ({"prompt": [99_999_999]}, "prompt"),
        ({"prompt": [[5], [99_999_999]]}, "prompt[1]"),
        ({"prompt": "word " * 600}, "prompt"),
        ({"prompt": ["a", "word " * 600]}, "prompt[1]"),
        ({"prompt": ["a"] * 129}, "prompt"),
        ({"prompt": ["a"] * 20, "n": 16}, "n"),
        ({"max_tokens": 5000}, "max_tokens"),
        ({"max_tokens": -1}, "max_tokens"),
        ({"n": 17}, "n"),
        ({"best_of": 2}, "best_of"),
        ({"best_of": 0}, "best_of"),
        ({"suffix": "end"}, "suffix"),
        ({"logprobs": 21}, "logprobs"),
        ({"logprobs": True}, "logprobs"),
        ({"echo": "yes"}, "echo"),
        ({"temperature": 3}, "temperature"),
        ({"top_p": 2}, "top_p"),
        ({"top_k": -2}, "top_k"),
        ({"min_p": 2}, "min_p"),
        ({"seed": "a"}, "seed"),
        ({"stop": [""]}, "stop"),
        ({"stop_token_ids": ["a"]}, "stop_token_ids[0]"),
        ({"ignore_eos": 1}, "ignore_eos"),
        ({"presence_penalty": 3}, "presence_penalty"),
        ({"frequency_penalty": 3}, "frequency_penalty"),
        ({"logit_bias": {"a": 1}}, "logit_bias"),
        ({"stream": 1}, "stream"),
        ({"stream_options": {}}, "stream_options"),
        ({"user": 5}, "user"),
        ({"model": 5}, "model"),
        ({"max_token": 5}, "max_token"),
        ({"messages": []}, "messages"),
    ],
)
def test_a_wrong_value_is_a_400_that_names_the_field(writer: Writer, fields: dict[str, Any], param: str) -> None:
    response = writer.ask(**fields)
    assert response.status_code == 400, response.text
    assert response.json()["error"]["param"] == param, response.json()


def test_every_field_of_the_official_client_is_known() -> None:
    from openai.types import completion_create_params

    theirs = set(completion_create_params.CompletionCreateParamsBase.__annotations__) | {"stream"}
    assert theirs <= {field.name for field in COMPLETION_FIELDS}


def test_a_line_without_room_for_all_prompts_takes_none() -> None:
    engine = hashed_engine(slots=1, max_waiting=3)
    with served(engine, ServerSettings()) as (_, admission, http):
        body = {"model": "nano", "prompt": ["a", "b", "c", "d", "e", "f"], "max_tokens": 5}
        for stream in (False, True):
            response = http.post(PATH, json={**body, "stream": stream})
            assert response.status_code == 429 and "retry-after" in response.headers
        assert http.post(PATH, json={**body, "prompt": ["a", "b"]}).status_code == 200
        assert admission.in_flight == 0


def test_a_caller_who_hangs_up_cancels_all_prompts(writer: Writer) -> None:
    body = {"model": "nano", "prompt": ["a", "b", "c", "d", "e"], "max_tokens": 480, "ignore_eos": True, "stream": True}
    before = writer.engine.engine.statistics.tokens
    with writer.http.stream("POST", PATH, json=body) as response:
        next(response.iter_lines())
    end = time.monotonic() + 30
    while writer.engine.engine.has_work or writer.admission.in_flight:
        assert time.monotonic() < end, "the prompts go on"
        time.sleep(0.01)
    assert writer.engine.engine.statistics.tokens < before + 5 * 400
