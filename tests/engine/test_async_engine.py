"""The engine's thread and its asyncio callers."""

import asyncio
import gc
import threading
import time

import pytest
import torch

from joyflash.engine.async_engine import AsyncEngine
from joyflash.engine.request import Request, SamplingParams
from joyflash.errors import (
    ContextLengthError,
    EngineBusyError,
    EngineClosedError,
    EngineError,
    RequestError,
)
from tests.engine.fakes import FakeTokenizer, Masking, hashed, make_engine

TOKENIZER = FakeTokenizer()
LONG = SamplingParams(max_tokens=400, ignore_eos=True)


def slow(seconds=0.002, fail_on=None):
    usual = hashed(TOKENIZER.vocab_size)

    def predict(tokens):
        time.sleep(seconds)
        if fail_on is not None and fail_on in tokens:
            raise RuntimeError("broken")
        return usual(tokens)

    return predict


@pytest.fixture
def make():
    """Make AsyncEngines that are closed at the end."""
    made = []

    def build(predict=None, *, max_waiting=256, **options):
        made.append(AsyncEngine(make_engine(predict, tokenizer=TOKENIZER, **options)[0], max_waiting=max_waiting))
        return made[-1]

    yield build
    for engine in made:
        engine.close(timeout=0)
        assert not engine._thread.is_alive()


async def read(stream):
    return [delta async for delta in stream]


async def until(condition, seconds=5.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        await asyncio.sleep(0.002)


def test_many_streams_give_what_generate_gives(make):
    params = SamplingParams(seed=3, temperature=1.0, max_tokens=15, n=2, ignore_eos=True)
    prompts = [[2], [3] * 20, [4, 5], [6]]
    expected = [output.token_ids for output in make_engine(hashed(TOKENIZER.vocab_size))[0].generate(prompts, params)]

    async def run():
        engine = make(hashed(TOKENIZER.vocab_size))
        return await asyncio.gather(*(read(engine.stream(Request(prompt, params))) for prompt in prompts))

    results = asyncio.run(run())
    got = [
        tuple(token for delta in deltas if delta.index == index for token in delta.token_ids)
        for deltas in results
        for index in (0, 1)
    ]
    assert got == expected
    assert all(sum(delta.finish_reason == "length" for delta in deltas) == 2 for deltas in results)


def test_wrong_requests_are_refused_at_once(make):
    async def run():
        engine = make(capacity=32)
        with pytest.raises(ContextLengthError):
            engine.stream(Request([2] * 40))
        with pytest.raises(RequestError):
            engine.stream(Request([]))
        stream = engine.stream(Request([2], SamplingParams(max_tokens=20), "x"))
        with pytest.raises(RequestError, match="'x'"):
            engine.stream(Request([2], request_id="x"))
        await read(stream)
        await read(engine.stream(Request([2], SamplingParams(max_tokens=1), "x")))

    asyncio.run(run())


def test_the_waiting_line_is_bounded(make):
    async def run():
        engine = make(slow(), slots=1, max_waiting=3)
        running = engine.stream(Request([2], LONG))
        await anext(running)
        waiting = [engine.stream(Request([2], SamplingParams(max_tokens=1))) for _ in range(3)]
        with pytest.raises(EngineBusyError, match="3 choices wait"):
            engine.stream(Request([2]))
        with pytest.raises(EngineBusyError):
            engine.stream(Request([2], SamplingParams(n=4)))
        await running.aclose()
        assert all([len(await read(stream)) == 1 for stream in waiting])

    asyncio.run(run())


def test_what_is_behind_a_request_takes_no_room_in_its_line(make):
    """A batch may fill its own line; other callers have theirs."""

    async def run():
        engine = make(slow(), slots=1, max_waiting=3)
        running = engine.stream(Request([2], LONG, priority=1))
        await anext(running)
        one = SamplingParams(max_tokens=1)
        behind = [engine.stream(Request([2], one, priority=-1)) for _ in range(3)]
        with pytest.raises(EngineBusyError, match="3 choices wait"):
            engine.stream(Request([2], one, priority=-1))
        ordinary = [engine.stream(Request([2], one)) for _ in range(3)]
        with pytest.raises(EngineBusyError, match="3 choices wait"):
            engine.stream(Request([2], one))
        with pytest.raises(EngineBusyError, match="6 choices wait"):
            engine.stream(Request([2], one, priority=-1))
        await running.aclose()
        assert all([len(await read(stream)) == 1 for stream in (*behind, *ordinary)])

    asyncio.run(run())


@pytest.mark.parametrize("way", ["break", "aclose", "with", "task", "never read"])
def test_the_request_ends_when_its_consumer_goes(make, way):
    async def run():
        engine = make(slow(), slots=2)
        request = Request([2], LONG)
        if way == "break":
            async for _ in engine.stream(request):
                break
        elif way == "aclose":
            stream = engine.stream(request)
            await anext(stream)
            await stream.aclose()
            assert await read(stream) == []
        elif way == "with":
            async with engine.stream(request) as stream:
                await anext(stream)
        elif way == "task":
            stream = engine.stream(request)
            task = asyncio.create_task(read(stream))
            await until(lambda: engine.engine.has_work)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert await read(stream) == []
        else:
            engine.stream(request)
        gc.collect()
        await until(lambda: not engine.engine.has_work and not engine._mailboxes, seconds=0.4)

    asyncio.run(run())


def test_a_failure_reaches_its_caller_and_no_other(make):
    async def run():
        engine = make(slow(0, fail_on=200))
        harmless = SamplingParams(max_tokens=20, ignore_eos=True, logit_bias={200: -100})
        good = asyncio.create_task(read(engine.stream(Request([2], harmless))))
        with pytest.raises(EngineError, match="log"):
            await read(engine.stream(Request([200], SamplingParams(n=3))))
        assert len(await good) == 20
        await until(lambda: not engine._mailboxes)

    asyncio.run(run())


def test_a_broken_step_fails_the_open_requests_and_the_engine_goes_on(make):
    async def run():
        engine = make()
        step, failures = engine.engine.step, iter([True])

        def break_once():
            if next(failures, False):
                raise RuntimeError("broken")
            return step()

        engine.engine.step = break_once
        with pytest.raises(EngineError, match="log"):
            await read(engine.stream(Request([2], LONG)))
        assert len(await read(engine.stream(Request([2], SamplingParams(max_tokens=1))))) == 1

    asyncio.run(run())


@pytest.mark.parametrize("where", ["the pass", "the step"])
def test_an_engine_whose_every_step_fails_is_in_trouble_until_one_works(make, where):
    one, failing = SamplingParams(max_tokens=1), []

    def predict(tokens):
        if failing and where == "the pass":
            raise RuntimeError("device lost")
        return hashed(TOKENIZER.vocab_size)(tokens)

    async def run():
        engine = make(predict)
        step = engine.engine.step
        engine.engine.step = lambda: 1 / 0 if failing and where == "the step" else step()
        failing.append(True)
        for count in range(8):
            assert engine.trouble is None, count
            with pytest.raises(EngineError):
                await read(engine.stream(Request([2], one)))
        assert "last 8 steps" in engine.trouble
        failing.clear()
        await read(engine.stream(Request([2], one)))
        assert engine.trouble is None

    asyncio.run(run())


def test_failures_of_requests_are_no_trouble_of_the_engine(make):
    """Neither beside others nor alone: the model ran."""

    class Impossible(Masking):
        def start(self):
            return self

        def mask(self):
            return torch.zeros(TOKENIZER.vocab_size, dtype=torch.bool)

    async def run():
        engine = make()
        for _ in range(10):
            with pytest.raises(EngineError):
                await read(engine.stream(Request([2], SamplingParams(max_tokens=1), constraint=Impossible())))
        assert engine.trouble is None

    asyncio.run(run())


def test_an_engine_that_has_ended_is_in_trouble(make):
    engine = make()
    engine.close()
    assert "ended" in engine.trouble


def test_an_engine_whose_thread_is_gone_refuses_requests_instead_of_letting_them_wait(make, monkeypatch):
    async def ask():
        engine.stream(Request([2], SamplingParams()))

    engine = make()
    with monkeypatch.context() as patched:
        patched.setattr(engine, "_thread", threading.Thread())
        with pytest.raises(EngineClosedError, match="has ended"):
            asyncio.run(ask())


def test_close_lets_the_open_requests_finish(make):
    async def run():
        engine = make(slow())
        task = asyncio.create_task(read(engine.stream(Request([2], SamplingParams(max_tokens=30, ignore_eos=True)))))
        await until(lambda: engine.engine.has_work)
        closing = asyncio.create_task(asyncio.to_thread(engine.close, 10))
        await until(lambda: engine._deadline is not None)
        with pytest.raises(EngineClosedError):
            engine.stream(Request([2]))
        assert len(await task) == 30
        await closing
        engine.close()

    asyncio.run(run())


def test_close_fails_what_is_not_done_in_time(make):
    async def run():
        engine = make(slow(0.05), slots=1)
        tasks = [asyncio.create_task(read(engine.stream(Request([2], LONG)))) for _ in range(2)]
        await until(lambda: engine.engine.has_work)
        started = time.monotonic()
        await asyncio.to_thread(engine.close, 0.05)
        assert time.monotonic() - started < 5  # two texts of 400 steps would take 40 s
        for result in await asyncio.gather(*tasks, return_exceptions=True):
            assert isinstance(result, EngineClosedError)

    asyncio.run(run())


def test_a_late_goodbye_does_not_end_the_next_request_of_that_name(make):
    """A finished stream that nobody read is closed just before its id is used again."""

    async def run():
        engine = make()
        params = SamplingParams(max_tokens=3, ignore_eos=True)
        first = engine.stream(Request([2], params, "same"))
        await until(lambda: not engine._mailboxes)
        with engine._wake:  # both reach the engine's thread together
            await first.aclose()
            second = engine.stream(Request([2], params, "same"))
        assert len(await read(second)) == 3

    asyncio.run(run())


def test_a_closed_event_loop_does_not_hurt_the_others(make):
    engine = make(slow())
    kept = []

    async def leave():
        kept.append(engine.stream(Request([2], LONG)))
        await anext(kept[0])

    asyncio.run(leave())
    assert len(asyncio.run(read_short(engine))) == 3


async def read_short(engine):
    return await read(engine.stream(Request([2], SamplingParams(max_tokens=3, ignore_eos=True))))


def test_the_thread_sleeps_when_there_is_nothing_to_do(make):
    engine = make()
    asyncio.run(read_short(engine))
    time.sleep(0.05)
    steps = []
    engine.engine.step = lambda: steps.append(1) or []
    time.sleep(0.05)
    assert not steps and engine._thread in threading.enumerate()
