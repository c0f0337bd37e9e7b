"""The arithmetic of the benchmarks: what they would report, from figures that are known."""

from __future__ import annotations

import argparse
import asyncio
import importlib
import itertools
import json
import sys
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import httpx
import pytest

from joyflash.engine.request import Delta, Request

FOLDER = Path(__file__).parents[2] / "benchmarks"
# As when a script runs: its own folder comes first. The scripts are no package.
with mock.patch.object(sys, "path", [str(FOLDER), *sys.path]):
    measure: Any = importlib.import_module("measure")
    decode: Any = importlib.import_module("decode")
    mtp: Any = importlib.import_module("mtp")
    serving: Any = importlib.import_module("serving")
    stages: Any = importlib.import_module("stages")
    rl_study: Any = importlib.import_module("rl_study")


# measure


def test_spread_is_median_and_extremes() -> None:
    spread = measure.Spread.of([3.0, 1.0, 200.0])
    assert (spread.median, spread.low, spread.high, spread.count) == (3.0, 1.0, 200.0, 3)
    assert str(spread) == "3.00 (1.00–200)"
    assert str(measure.Spread.of([12.34])) == "12.3"
    with pytest.raises(ValueError, match="no values"):
        measure.Spread.of([])


@pytest.mark.parametrize(("percent", "value"), [(0, 10), (50, 25), (90, 37), (100, 40)])
def test_percentiles_lie_between_neighbours(percent: float, value: float) -> None:
    assert measure.percentile([40, 10, 30, 20], percent) == pytest.approx(value)


def test_percentiles_that_do_not_exist_are_refused() -> None:
    assert measure.percentile([7], 99) == 7
    with pytest.raises(ValueError, match="no values"):
        measure.percentile([], 50)
    with pytest.raises(ValueError, match="101"):
        measure.percentile([1], 101)


def test_numbers_for_reading() -> None:
    assert [measure.number(value) for value in (12345.6, 99.96, 1.234, None, float("nan"))] == [
        "12,346", "100.0", "1.23", "–", "–",
    ]  # fmt: skip


def test_a_table_lines_up_and_refuses_ragged_rows() -> None:
    assert measure.markdown(["a", "long one"], [["x|y", 1]]).splitlines() == [
        "| a    | long one |",
        "| ---- | -------- |",
        "| x\\|y | 1        |",
    ]
    with pytest.raises(ValueError, match="cells"):
        measure.markdown(["a"], [["x", "y"]])


def test_everyone_has_a_turn_in_every_repetition_and_is_first_once() -> None:
    order = list(measure.turns(["a", "b", "c"], 3))
    for repetition in range(3):
        assert sorted(name for turn, name in order if turn == repetition) == ["a", "b", "c"]
    assert [order[place][1] for place in (0, 3, 6)] == ["a", "b", "c"]


def test_lists_on_the_command_line() -> None:
    assert measure.positives("1, 8,1") == [1, 8]
    assert measure.names_of("x", "y")("y,x,y") == ["y", "x"]
    for read, text in ((measure.positives, "1,0"), (measure.positive, "two"), (measure.names_of("x"), "z")):
        with pytest.raises(argparse.ArgumentTypeError):
            read(text)


WORKER = """
import os, sys
sys.path.insert(0, sys.argv[1])
import measure
def handle(message):
    print("a library talks")
    if "end" in message:
        sys.exit("its last words")
    return {"double": 2 * message["value"]}
measure.answer(handle)
"""


def test_a_worker_answers_fails_and_ends() -> None:
    worker = measure.Worker([sys.executable, "-c", WORKER, str(FOLDER)], {}, 60)
    try:
        done = worker.ask({"value": 21})
        # Its own, which is a bare interpreter's: not what this process has held, with torch and more.
        assert done["double"] == 42 and 1 < done["peak_memory_mb"] < 150 < measure.peak_memory() >> 20
        with pytest.raises(measure.WorkerError, match="KeyError: 'value'"):
            worker.ask({})
        assert worker.ask({"value": 1})["double"] == 2  # an error did not end it
        with pytest.raises(measure.WorkerError, match="its last words"):
            worker.ask({"end": True})
    finally:
        worker.close()


def test_a_worker_that_is_too_slow_or_not_there() -> None:
    worker = measure.Worker([sys.executable, "-c", "import time; time.sleep(60)"], {}, 0.2)
    with pytest.raises(measure.WorkerError, match=r"no answer in 0.2 s"):
        worker.ask({})
    worker.close()
    with pytest.raises(measure.WorkerError, match="cannot be started"):
        measure.Worker(["/no/such/python"], {}, 1)


# decode


def test_decoding_is_what_tokens_behind_the_first_take() -> None:
    assert decode.decode_rates(8, 11, [0.9, 1.0, 30.0], [3.0, 5.0]) == pytest.approx([40.0, 20.0])
    with pytest.raises(measure.WorkerError, match="--new"):
        decode.decode_rates(1, 11, [1.0], [2.0, 0.9])


def test_rates_of_all_cases() -> None:
    options = SimpleNamespace(batches=[1, 4], new=3, prefill=100)
    seconds = {(1, 1): [1.0], (1, 3): [2.0], (4, 1): [1.0], (4, 3): [5.0], (1, 0): [4.0]}
    assert decode.rates(seconds, options) == {"batch 1": [2.0], "batch 4": [2.0], "prefill": [25.0]}


def test_weights_read_are_counted_from_the_shapes_of_nano() -> None:
    """Hidden 256, vocabulary 8192, 6 heads, 8 layers of which 7 have 16 experts of width 128, 4 chosen, 1 shared."""
    attention = 256 * 128 + 128 + 128 * 6 * 64 + 256 * (128 + 16) + 128 + 128 * 6 * (48 + 64) + 6 * 64 * 256 + 2 * 256
    outside = 8192 * 256 + 256 + 8 * attention + 3 * 256 * 640 + 7 * (3 * 256 * 128 + 16 * 256 + 16)
    expert = 3 * 256 * 128
    assert decode.weight_bytes("nano", "fp32", 1) == pytest.approx(4 * (outside + 7 * 4 * expert))
    unique = 16 * (1 - (1 - 4 / 16) ** 8)
    assert decode.weight_bytes("nano", "bf16", 8) == pytest.approx(2 * (outside + 7 * unique * expert) / 8)
    assert decode.weight_bytes("nano", "q8_0", 1) == pytest.approx(34 / 32 * (outside + 7 * 4 * expert))


def rows() -> list[Any]:
    def row(engine: str, precision: str, rate: float) -> Any:
        values = {"batch 1": [rate, rate, 2 * rate], "prefill": [10 * rate]}
        return decode.Row(engine, precision, values=values, weight_bytes={"batch 1": 100.0}, peak_memory_mb=7)

    return [row("joyflash", "fp32", 50), row("joyflash", "bf16", 80), row("peer", "f16", 100), row("peer", "q8_0", 120)]


def test_ratios_are_to_equal_precision_and_shares_to_the_bandwidth() -> None:
    found = [decode.figures(row, rows(), 20_000.0)["tokens_per_second"] for row in rows()]
    assert [each["batch 1"]["over_joyflash"] for each in found] == [1, 1, 1.25, None]
    assert [each["batch 1"]["share_of_bandwidth"] for each in found] == pytest.approx([0.25, 0.4, 0.5, 0.6])
    table = decode.tables(rows(), 20_000.0)
    assert "| 100 (100–200)" in table and "| 60%" in table
    assert next(decode.fastest(rows())) == "batch 1: joyflash bf16 is 0.67 times the fastest peer, peer q8_0"
    assert not list(decode.fastest(rows()[:2]))


def test_an_unnamed_vllm_is_skipped_with_its_reason(monkeypatch, tmp_path) -> None:
    monkeypatch.delenv("JOYFLASH_VLLM_PYTHON", raising=False)
    options = SimpleNamespace(engines=["vllm"], modes=["eager", "static"], dtypes=[], gguf=[])
    (row,) = decode.planned(options)
    with pytest.raises(measure.WorkerError, match="JOYFLASH_VLLM_PYTHON names no interpreter"):
        decode.provide(row, tmp_path, tmp_path)


# mtp


@dataclass
class FakeEngine:
    """Writes one letter a step for each open request, and drafts two of which the first is right."""

    length: int = 3
    letter: str = "é"
    most_open: int = 0
    open: dict[str, int] = field(default_factory=dict)
    statistics: Any = field(default_factory=lambda: SimpleNamespace(steps=0, drafted=[], accepted=[]))

    @property
    def has_work(self) -> bool:
        return bool(self.open)

    def submit(self, request: Request) -> None:
        self.open[request.request_id] = 0
        self.most_open = max(self.most_open, len(self.open))

    def step(self) -> list[Delta]:
        self.statistics.steps += 1
        self.statistics.drafted = [count + 1 for count in self.statistics.drafted or [0, 0]]
        self.statistics.accepted = [(self.statistics.accepted or [0])[0] + 1, 0]
        deltas = []
        for name in list(self.open):
            self.open[name] += 1
            last = self.open[name] == self.length
            deltas.append(Delta(name, 0, self.letter, (7, 8), finish_reason="stop" if last else None))
            if last:
                del self.open[name]
        return deltas


def fake_pass(engine: FakeEngine, batch: int = 2) -> Any:
    return mtp.complete(engine, [Request([1, 2]) for _ in range(5)], batch)


def test_a_batch_is_kept_full_and_its_counts_are_differences() -> None:
    engine = FakeEngine()
    fake_pass(engine, 1)
    assert engine.most_open == 1
    done = fake_pass(engine)
    assert engine.most_open == 2
    assert (done.tokens, done.texts) == (2 * 3 * 5, ("ééé",) * 5)
    # The first step of every text reads its prompt.
    assert done.decode_tokens == 2 * 2 * 5 and 0 < done.decode_seconds < done.seconds
    # 5 texts of 3 steps, two at a time: 9 passes.
    assert done.counts == mtp.Counts(9, (9, 9), (9, 0))
    assert done.counts.acceptance == [1.0, 0.0]
    assert done.counts.length == 2.0


def test_counts_grow_in_length_too() -> None:
    counts = mtp.Counts(5, (3, 1), (2, 1)) - mtp.Counts(2, (1,), (1,))
    assert counts == mtp.Counts(3, (2, 1), (1, 1))
    assert mtp.Counts() + counts == counts
    assert mtp.Counts(4).length is None and mtp.Counts(4).acceptance == []


def test_speed_ups_are_ratios_on_the_same_prompts() -> None:
    def case(setting: str, *passes: tuple[float, str]) -> Any:
        counts = mtp.Counts(5, (5,), (4,))
        made = [mtp.Pass(seconds, 10, (text, "b"), counts, 0.5, 4) for seconds, text in passes]
        return mtp.Case(1, "talk", setting, made)

    plain, drafting = case("0", (2.0, "a"), (8.0, "c")), case("3", (1.0, "a"), (2.0, "d"))
    assert drafting.speed_ups(plain, 1) == [2.0, 4.0]
    assert drafting.speeds(0) == [8.0, 8.0] and drafting.speed_ups(plain, 0) == [1.0, 1.0]
    assert drafting.equal(plain) == (3, 4) and plain.equal(plain) == (4, 4)
    table = mtp.report([plain, drafting])
    assert "3.00 (2.00–4.00)" in table and "| 3/4" in table
    assert drafting.to_dict(plain)["equal_texts"] == 3 and drafting.to_dict(plain)["length"] == 1.8


def test_every_setting_sees_the_same_prompts_and_the_warm_up_does_not_count() -> None:
    seen: dict[str, list[Any]] = {"0": [], "auto": []}
    done = fake_pass(FakeEngine())

    def note(engine: Any, requests: Any, batch: int) -> Any:
        seen[engine.model_name] += [(tuple(r.prompt_ids), r.params.seed, r.params.temperature) for r in requests]
        return done

    engines = {name: SimpleNamespace(model_name=name, encode_prompt=lambda text: [len(text)]) for name in seen}
    options = SimpleNamespace(batches=[1], kinds=["free"], repetitions=2, prompts=3, temperature=0.5, max_tokens=4)
    with mock.patch.object(mtp, "complete", note):
        cases = mtp.run(engines, options)
    assert sorted(seen["0"]) == sorted(seen["auto"]) and len(set(seen["0"])) == 9
    assert [(case.setting, len(case.passes)) for case in cases] == [("0", 2), ("auto", 2)]


@pytest.mark.parametrize("kind", list(mtp.KINDS))
def test_prompts_are_of_both_languages_and_new_in_every_repetition(kind: str) -> None:
    rendered: list[str] = []

    def render(messages: Any, tools: Any) -> list[int]:
        assert messages[-1]["role"] == "user" and bool(tools) == (kind == "tools")
        rendered.append(messages[-1]["content"])
        return [1]

    engine = SimpleNamespace(encode_prompt=lambda text: rendered.append(text) or [1])
    engine.template = SimpleNamespace(render=render)
    for repetition in range(2):
        mtp.prompts_of(engine, kind, 8, repetition)
    assert len(set(rendered)) == 16
    chinese = [any("一" <= letter <= "鿿" for letter in text) for text in rendered]
    assert not any(chinese[0::2]) and sum(chinese[1::2]) >= 6  # a Chinese list to copy may hold invented words only


@pytest.mark.parametrize("kind", ["tools", "template"])
def test_only_prompts_whose_answer_is_a_call_list_tools(kind: str) -> None:
    listed: list[bool] = []
    engine = SimpleNamespace(template=SimpleNamespace(render=lambda _, tools: listed.append(bool(tools)) or [1]))
    mtp.prompts_of(engine, kind, 64, 0)
    assert listed == [kind == "tools"] * 64


# serving


def test_arrivals_are_poisson_and_repeat_with_their_seed() -> None:
    times = serving.poisson(20.0, 200.0, 3)
    assert times == serving.poisson(20.0, 200.0, 3) != serving.poisson(20.0, 200.0, 4)
    assert times == sorted(times) and times[0] >= 0 and times[-1] < 200
    assert len(times) == pytest.approx(4000, rel=0.06)
    gaps = [after - before for before, after in itertools.pairwise(times)]
    # Of exponential gaps 1 - 1/e are shorter than the mean; of even ones half, or all.
    assert sum(gap < 1 / 20 for gap in gaps) / len(gaps) == pytest.approx(0.632, abs=0.03)


def outcome(planned: float, sent: float, first: float, last: float, tokens: int, status: str = "200") -> Any:
    return serving.Outcome(planned, sent, last, status, first, last, tokens)


def test_a_summary_counts_from_the_planned_time_and_complete_answers_only() -> None:
    found = serving.summary([
        outcome(0.0, 0.0, 1.0, 2.0, 11),
        outcome(1.0, 2.0, 4.0, 4.0, 1),
        outcome(3.0, 3.0, 3.5, 10.0, 500, "ReadTimeout"),
        serving.Outcome(4.0, 4.0, 4.1, "429"),
    ])  # fmt: skip
    assert (found["requests"], found["completed"]) == (4, 2)
    assert found["errors"] == {"ReadTimeout": 1, "429": 1}
    assert found["requests_per_second"] == pytest.approx(0.2) and found["tokens_per_second"] == pytest.approx(1.2)
    assert found["ttft_ms"]["p50"] == pytest.approx(2000) and found["ttft_ms"]["max"] == pytest.approx(3000)
    assert found["tpot_ms"]["p99"] == pytest.approx(100)
    assert found["lag_ms"]["max"] == pytest.approx(1000)
    assert "warning: requests left late" in serving.report(found)
    assert "1 × ReadTimeout, 1 × 429" in serving.report(found)
    calm = serving.summary([outcome(0.0, 0.01, 1.0, 2.0, 11)])
    assert "warning" not in serving.report(calm) and "errors: none" in serving.report(calm)
    with pytest.raises(ValueError, match="no request"):
        serving.summary([])


def test_a_run_in_which_everything_failed_can_still_be_reported() -> None:
    assert "errors: 1 × 500" in serving.report(serving.summary([serving.Outcome(0.0, 0.0, 1.0, "500")]))


def delta(finish: str | None = None, **fields: Any) -> dict[str, Any]:
    return {"choices": [{"delta": fields, "finish_reason": finish}]}


HELLO = [delta(role="assistant", content=""), delta(content="Hel"), delta(content="lo"), delta("stop")]
USAGE = {"choices": [], "usage": {"completion_tokens": 5}}


@pytest.mark.parametrize(
    ("events", "code", "status", "tokens", "counted"),
    [
        ([*HELLO, USAGE], 200, "200", 5, False),
        (HELLO, 200, "200", 2, True),
        (HELLO[:-1], 200, "stream ended early", 2, True),
        ([*HELLO[:2], {"error": {"message": "no"}}], 200, "error in the stream", 1, True),
        ([{"error": {"message": "busy"}}], 429, "429", 0, True),
    ],
)
def test_streams_whole_and_broken(events, code: int, status: str, tokens: int, counted: bool) -> None:
    lines = [": still working", *(f"data: {json.dumps(event)}" for event in events), "data: [DONE]"]
    answer = httpx.Response(code, text="\n\n".join(lines))
    got = asyncio.run(_send(lambda request: answer))
    assert (got.status, got.tokens, got.counted) == (status, tokens, counted)
    assert (got.first is None) == (tokens == 0)


def test_a_connection_that_fails_is_an_outcome() -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    assert asyncio.run(_send(refuse)).status == "ConnectError"


def test_open_loop_keeps_its_schedule_while_answers_are_slow() -> None:
    """Three requests 50 ms apart at a server that takes half a second each."""
    body = "\n\n".join(f"data: {json.dumps(event)}" for event in HELLO)

    async def slow(request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(0.5)
        return httpx.Response(200, text=body)

    async def run() -> list[Any]:
        async with client_of(slow) as client:
            return await serving.open_loop(client, iter([{}] * 3), [0.0, 0.05, 0.1])

    outcomes = asyncio.run(run())
    assert [each.planned for each in outcomes] == [0.0, 0.05, 0.1]
    assert all(each.sent >= each.planned for each in outcomes)
    assert max(each.sent for each in outcomes) < 0.5, "a request waited for the answer to another"


def client_of(handler: Any) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url="http://test/v1/", transport=httpx.MockTransport(handler))


async def _send(handler: Any) -> Any:
    ticks = iter(range(100))
    async with client_of(handler) as client:
        return await serving.send(client, {}, 0.0, lambda: float(next(ticks)))


# stages, rl_study


def test_stages_beside_each_other() -> None:
    before = {"sums": stages.Scores([[0.0, 1.0], [0.0, 0.0]], [[3, 5], [4, 4]])}
    after = {"sums": stages.Scores([[1.0, 1.0], [1.0, 0.5]], [[1, 1], [1, 1]])}
    sums, everything, failed, tokens = stages.rows_of({"base": before, "rl": after})
    assert sums == ["sums", "0.250 ± 0.250", f"0.875 ± 0.125 (p {stages.p_value([0.5, 0.0], [1.0, 0.75]):.4f})"]
    assert everything == ["all", *sums[1:]]
    assert failed == ["attempts failed", "75.0%", "25.0%"]
    assert tokens == ["tokens an answer", "4.0", "1.0"]


def test_p_values_of_paired_differences() -> None:
    """By random flips and by all of them; two of 32 sign patterns of five equal signs are as far out."""
    assert rl_study.exact_p([0.1, 0.2, 0.3, 0.4, 0.5], [0.0] * 5) == 2 / 32
    assert stages.p_value([0.0] * 5, [0.1, 0.2, 0.3, 0.4, 0.5]) == pytest.approx(2 / 32, abs=0.006)
    assert stages.p_value([0.3, 0.4], [0.3, 0.4]) == rl_study.exact_p([0.3, 0.4], [0.3, 0.4]) == 1.0
    assert stages.p_value([0.0, 1.0], [1.0, 0.0]) == 1.0
