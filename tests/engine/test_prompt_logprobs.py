"""Log-probabilities of a prompt's own tokens: equal to a full pass, whatever the engine does beside them."""

from __future__ import annotations

from typing import Any

import pytest
import torch

import joyflash
from joyflash.engine.engine import Engine
from joyflash.engine.request import Request, SamplingParams
from joyflash.errors import RequestError
from joyflash.kernels.cpu.build import compiler
from tests.engine.fakes import FakeTokenizer, hashed, make_engine, steps

TOKENIZER = FakeTokenizer()
PROMPT = TOKENIZER.encode("a prompt that takes several chunks and several blocks")
READ = SamplingParams(max_tokens=0, prompt_logprobs=2)
TEXTS = (
    "The quick brown fox jumps over the lazy dog. 你好，世界。",
    "The quick brown fox jumps over the lazy cat, and then it sleeps.",
    "def add(a, b):\n    return a + b\n",
    "Hi",
)


def expected(prompt: list[int]) -> list[float]:
    """What the fake model gives each token of the prompt but the first."""
    predict = hashed(TOKENIZER.vocab_size + 7)
    return [
        float(predict(prompt[:end])[: TOKENIZER.vocab_size].log_softmax(-1)[prompt[end]])
        for end in range(1, len(prompt))
    ]


@pytest.mark.parametrize("chunk", [1, 3, 16, 512])
def test_each_token_but_the_first_has_its_own(chunk: int) -> None:
    engine, _ = make_engine(chunk=chunk)
    (output,) = engine.generate([PROMPT], READ)
    assert output.prompt_logprobs is not None
    assert [entry.token_id for entry in output.prompt_logprobs] == PROMPT[1:]
    assert [entry.logprob for entry in output.prompt_logprobs] == expected(PROMPT)
    assert all(len(entry.top) == 2 and entry.top[0][1] >= entry.top[1][1] for entry in output.prompt_logprobs)
    assert output.token_ids == () and output.text == "" and output.finish_reason == "length"


def test_the_output_head_is_read_once_for_many_tokens_of_the_prompt() -> None:
    engine, model = make_engine(chunk=512)
    engine.generate([PROMPT], READ)
    assert model.heads == [32, len(PROMPT) - 1 - 32]


@pytest.mark.parametrize("drafts", [0, 2])
def test_reading_alone_needs_no_log_probabilities_and_leaves_the_prefix_behind(drafts: int) -> None:
    engine, _ = make_engine(draft=hashed(TOKENIZER.vocab_size + 7) if drafts else None, drafts=drafts)
    (output,) = engine.generate([PROMPT], SamplingParams(max_tokens=0))
    assert (output.token_ids, output.prompt_logprobs, output.finish_reason) == ((), None, "length")
    (later,) = engine.generate([PROMPT], SamplingParams(max_tokens=1))
    assert later.cached_token_count > 0


def test_a_prompt_as_long_as_the_context_can_be_read() -> None:
    engine, _ = make_engine(capacity=len(PROMPT), slots=1)
    (output,) = engine.generate([PROMPT], READ)
    assert [entry.logprob for entry in output.prompt_logprobs or ()] == expected(PROMPT)
    with pytest.raises(RequestError):
        engine.generate([PROMPT], SamplingParams(max_tokens=1))


def test_a_cached_prefix_is_computed_again() -> None:
    engine, _ = make_engine()
    engine.generate([PROMPT], SamplingParams(max_tokens=3))
    (output,) = engine.generate([PROMPT], READ)
    assert [entry.logprob for entry in output.prompt_logprobs or ()] == expected(PROMPT)
    assert output.cached_token_count == 0


def test_they_come_once_with_the_first_delta_of_the_first_choice() -> None:
    engine, _ = make_engine()
    params = SamplingParams(max_tokens=4, n=3, prompt_logprobs=0, ignore_eos=True)
    engine.submit(Request(PROMPT, params, "r"))
    seen: dict[int, list[bool]] = {}
    for deltas in steps(engine):
        for delta in deltas:
            seen.setdefault(delta.index, []).append(delta.prompt_logprobs is not None)
    assert seen == {0: [True, False, False, False], 1: [False] * 4, 2: [False] * 4}


def test_a_prompt_of_one_token_has_none() -> None:
    engine, _ = make_engine()
    (output,) = engine.generate([PROMPT[:1]], SamplingParams(max_tokens=2, prompt_logprobs=3, ignore_eos=True))
    assert output.prompt_logprobs == () and len(output.token_ids) == 2


@pytest.mark.parametrize("drafts", [0, 2])
def test_preemption_counts_no_token_twice(drafts: int) -> None:
    draft = hashed(TOKENIZER.vocab_size + 7) if drafts else None
    engine, _ = make_engine(blocks=20, capacity=80, slots=4, draft=draft, drafts=drafts)
    prompts = [[*PROMPT[: 8 + 4 * i], 20 + i] for i in range(6)]
    each = [SamplingParams(max_tokens=30, prompt_logprobs=1, ignore_eos=True, seed=i) for i in range(6)]
    outputs = engine.generate(prompts, each)
    assert engine.statistics.preemptions > 0
    for prompt, output in zip(prompts, outputs, strict=True):
        assert [entry.logprob for entry in output.prompt_logprobs or ()] == expected(prompt)


def test_a_failure_beside_it_changes_nothing() -> None:
    vocabulary = TOKENIZER.vocab_size + 7
    predict = hashed(vocabulary)

    def failing(tokens: list[int]) -> torch.Tensor:
        if tokens[0] == 99:
            raise RuntimeError("on purpose")
        return predict(tokens)

    engine, _ = make_engine(failing)
    engine.submit(Request(PROMPT, READ, "good"))
    engine.submit(Request([99, 5, 6], READ, "bad"))
    last = {delta.request_id: delta for deltas in steps(engine) for delta in deltas}
    assert last["bad"].finish_reason == "error" and last["bad"].prompt_logprobs is None
    assert [entry.logprob for entry in last["good"].prompt_logprobs or ()] == expected(PROMPT)


def test_numbers_that_are_not_finite_end_the_request_with_a_reason() -> None:
    engine, _ = make_engine(lambda tokens: torch.full([TOKENIZER.vocab_size], float("nan")))
    engine.submit(Request(PROMPT, READ, "r"))
    (last,) = [delta for deltas in steps(engine) for delta in deltas]
    assert "not finite" in str(last.error)


@pytest.mark.parametrize("value", [-1, 21, True, "1"])
def test_a_wrong_number_is_refused(value: Any) -> None:
    with pytest.raises(RequestError, match="prompt_logprobs"):
        SamplingParams(prompt_logprobs=value)


@pytest.mark.skipif(compiler() is None, reason="the compiled step needs a C compiler")
class TestCompiled:
    """The bundled model."""

    def outputs(self, engine: Engine, together: bool = True) -> list[Any]:
        params = SamplingParams(temperature=1.0, seed=3, max_tokens=12, logprobs=3, prompt_logprobs=3)
        prompts = [engine.encode_prompt(text) for text in TEXTS]
        batches = [prompts] if together else [[prompt] for prompt in prompts]
        found = [output for batch in batches for output in engine.generate(batch, params)]
        return [(output.token_ids, output.logprobs, output.prompt_logprobs) for output in found]

    def test_they_are_those_of_the_full_pass_and_no_setting_changes_a_bit(self) -> None:
        alone = self.outputs(build(mtp=0, prefix_cache=False), together=False)
        model, _ = joyflash.load_model("nano")
        engine = build(mtp=2, prefill_chunk=5, cache_tokens=160)
        for text, (_, _, scored) in zip(TEXTS, alone, strict=True):
            ids = engine.encode_prompt(text)
            with torch.inference_mode():
                rows = model(torch.tensor([ids]))[0, :-1, : engine.tokenizer.vocab_size].log_softmax(-1)
            for entry, token_id, row in zip(scored, ids[1:], rows, strict=True):
                assert entry.token_id == token_id
                for other, logprob in ((token_id, entry.logprob), *entry.top):
                    assert logprob == pytest.approx(float(row[other]), rel=1e-5, abs=5e-5)
        assert self.outputs(engine) == alone
        assert self.outputs(engine) == alone  # the prefix cache is warm now

    def test_a_generated_token_read_back_has_the_same_bits(self) -> None:
        engine = build(mtp=2)
        prompt = engine.encode_prompt(TEXTS[0])
        params = SamplingParams(temperature=1.0, seed=5, max_tokens=10, logprobs=2, ignore_eos=True)
        (first,) = engine.generate([prompt], params)
        (again,) = engine.generate([[*prompt, *first.token_ids]], READ)
        assert (again.prompt_logprobs or ())[len(prompt) - 1 :] == first.logprobs


def build(**options: Any) -> Engine:
    return Engine.from_pretrained("nano", max_context=160, compiled=True, **options)
