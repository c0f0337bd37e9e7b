"""Whether the engine stays right, tidy and small over thousands of requests that come and go at random.

    python benchmarks/soak.py --requests 2000 -o soak.json

Prompts of 1 to 400 tokens (half of them begin like others, the rest is random), 1 to 80 new ones, greedy or sampled,
random priorities, one in ten with two choices; drafts chosen by cost, prefix cache on, a cache so small that sequences
are preempted. Two parts over one engine. "steps": some requests are cancelled between two steps, while they wait, while
their prompt is computed, or later; now and then no request comes until the engine is idle. "streams": consumers of an
AsyncEngine leave: they drop the stream, close it, leave its block, or their task is cancelled.

Afterwards every request is computed again alone, without drafts and prefix cache (--solo-sample: a share of them). One
that was not cut short must be equal to that, tokens and log-probabilities to the bit; one that was must be how it
begins. Exit status 1 if one is not (where the engine is batch-invariant), nothing was preempted, an error was logged,
or memory grew by more than --slack MB from the first quarter of a part to its end; 2 if a block leaked. The requests
depend on the seed alone; how many steps they take, and when they are cut short, also on timing.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import logging
import os
import random
import sys
import time
from array import array
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import measure
import torch
from measure import fail, markdown, positive

from joyflash.engine.async_engine import AsyncEngine, DeltaStream
from joyflash.engine.engine import Engine
from joyflash.engine.request import Delta, Request, RequestOutput, SamplingParams
from joyflash.errors import EngineError, JoyflashError
from joyflash.tasks import generate

LONGEST_PROMPT, MOST_NEW = 400, 80
ENDS = {"steps": ("cancel",), "streams": ("drop", "close", "leave", "cancel")}
"""How requests of each part are cut short."""
CHECK_EVERY = 64
IDLE_WITHIN = 120.0
"""Seconds after the last consumer has left."""


@dataclass(frozen=True)
class Plan:
    """A request, how it ends ("read" = by itself), and after how many steps or tokens."""

    request: Request
    end: str
    after: int


@dataclass
class Got:
    """What came of a choice."""

    tokens: array[int] = field(default_factory=lambda: array("i"))
    logprobs: array[float] = field(default_factory=lambda: array("d"))
    finished: bool = False

    def add(self, delta: Delta) -> None:
        """Take a delta; EngineError if it reports one."""
        if delta.error is not None:
            raise delta.error
        self.tokens.extend(delta.token_ids)
        self.logprobs.extend(entry.logprob for entry in delta.logprobs or ())
        self.finished = delta.finish_reason in ("stop", "length")

    def agrees(self, solo: RequestOutput) -> bool:
        """Whether it is the solo run, or how that begins if it was cut short."""
        count = len(solo.token_ids) if self.finished else len(self.tokens)
        logprobs = array("d", [entry.logprob for entry in (solo.logprobs or ())[:count]])
        return self.tokens == array("i", solo.token_ids[:count]) and self.logprobs.tobytes() == logprobs.tobytes()


Results = dict[tuple[str, int], Got]
"""By request and choice."""


class Soak:
    """Both parts over one engine that nobody else uses."""

    def __init__(self, engine: Engine, options: argparse.Namespace) -> None:
        self.engine = engine
        self._options = options
        if engine.template is None:
            fail(f"{engine.model_name} has no chat template.")
        mixture = {(skill, language): 1.0 for skill in ("call", "talk", "session") for language in ("en", "zh")}
        samples = islice(generate(29, "heldout", mixture=mixture), 16)
        self._beginnings = [engine.template.render(sample["messages"], sample["tools"]) for sample in samples]

    def plan(self, number: int, part: str) -> Plan:
        """A request of a part, the same in every run."""
        rng = random.Random(f"{self._options.seed}/{part}/{number}")
        length = rng.randint(1, LONGEST_PROMPT)
        shared = rng.choice(self._beginnings)[: rng.randint(1, length)] if rng.random() < 0.5 else []
        prompt = [*shared, *(rng.randrange(self.engine.tokenizer.vocab_size) for _ in range(length - len(shared)))]
        params = SamplingParams(
            temperature=rng.choice((0.0, 0.6, 1.0)),
            max_tokens=rng.randint(1, MOST_NEW),
            seed=number,
            n=2 if rng.random() < 0.1 else 1,
            logprobs=0,
            ignore_eos=rng.random() < 0.5,
        )
        end = rng.choice(ENDS[part]) if rng.random() < self._options.cut else "read"
        after = rng.choice((0, rng.randint(1, 5), rng.randint(1, 60)))
        return Plan(Request(prompt, params, request_id=str(number), priority=rng.randint(-1, 2)), end, after)

    def with_steps(self, numbers: Sequence[int], results: Results) -> None:
        """Submit, cancel and step until all requests are over."""
        rng = random.Random(numbers[0])
        scheduler, pool = self.engine._scheduler, self.engine._runner.pool
        waiting = [self.plan(number, "steps") for number in reversed(numbers)]
        left: dict[str, int] = {}  # steps until an open request is cancelled
        lull, steps = False, 0
        while waiting or self.engine.has_work:
            lull = self.engine.has_work and (lull or rng.random() < 0.005)
            for _ in range(0 if lull else rng.choice((0, 0, 1, 3))):
                if waiting and len(left) < self._options.open:
                    plan = waiting.pop()
                    self.engine.submit(plan.request)
                    left[plan.request.request_id] = plan.after if plan.end == "cancel" else sys.maxsize
            for request_id, count in left.items():
                if count <= 0:
                    self.engine.cancel(request_id)
            for delta in self.engine.step():
                results.setdefault((delta.request_id, delta.index), Got()).add(delta)
            left = {name: count - 1 for name, count in left.items() if scheduler.of_request(name)}
            steps += 1
            if steps % CHECK_EVERY == 0:
                pool.check([sequence.place.blocks for sequence in scheduler.all()])

    async def with_streams(self, owner: AsyncEngine, numbers: Sequence[int], results: Results) -> None:
        """Let consumers read and leave until all are gone and the engine has noticed."""
        room = asyncio.Semaphore(self._options.open)

        async def one(plan: Plan) -> None:
            mine = [results.setdefault((plan.request.request_id, i), Got()) for i in range(plan.request.params.n)]
            async with room:
                await consume(owner, plan, mine)

        await asyncio.gather(*(one(self.plan(number, "streams")) for number in numbers))
        deadline = time.monotonic() + IDLE_WITHIN
        while self.engine.has_work or owner._arrivals or owner._mailboxes:
            if time.monotonic() > deadline:
                raise EngineError(f"The engine is not idle {IDLE_WITHIN:g} s after the last consumer left.")
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)  # the thread may still be at the end of its last step

    def check_idle(self) -> None:
        """EngineError if a block is held."""
        pool = self.engine._runner.pool
        pool.check([])
        if pool.free_blocks != pool.blocks:
            raise EngineError(f"{pool.blocks - pool.free_blocks} of {pool.blocks} blocks are held by nobody.")


async def consume(owner: AsyncEngine, plan: Plan, mine: Sequence[Got]) -> None:
    """Read a stream for as long as planned, then leave it in the planned way."""
    if plan.end == "read":
        await read(owner.stream(plan.request), mine)
    elif plan.end == "drop":
        await read(owner.stream(plan.request), mine, plan.after)
    elif plan.end == "close":
        stream = owner.stream(plan.request)
        await read(stream, mine, plan.after)
        await stream.aclose()
    elif plan.end == "leave":
        async with owner.stream(plan.request) as stream:
            await read(stream, mine, plan.after)
    else:
        task = asyncio.create_task(read(owner.stream(plan.request), mine))
        while len(mine[0].tokens) < plan.after and not task.done():
            await asyncio.sleep(0.001)
        task.cancel()  # with ``after`` 0 before it has begun
        for outcome in await asyncio.gather(task, return_exceptions=True):
            if isinstance(outcome, Exception):
                raise outcome


async def read(stream: DeltaStream, mine: Sequence[Got], tokens: int = sys.maxsize) -> None:
    """Read until the first choice has so many tokens, or to the end."""
    while len(mine[0].tokens) < tokens:
        try:
            delta = await anext(stream)
        except StopAsyncIteration:
            return
        mine[delta.index].add(delta)


class Errors(logging.Handler):
    """Counts what the package logs as an error, and keeps the first one."""

    count, first = 0, ""

    def emit(self, record: logging.LogRecord) -> None:
        """Count."""
        cause = record.exc_info[1] if record.exc_info else None
        self.first = self.first or f"{record.getMessage()} ({cause!r})"
        self.count += 1


def resident_mb() -> float:
    """Resident memory of this process."""
    gc.collect()
    try:
        lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    except OSError as error:
        fail(f"cannot read /proc/self/status: {error.strerror}")
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))


def run(soak: Soak, part: str, options: argparse.Namespace, errors: Errors) -> tuple[Results, dict[str, Any]]:
    """One part; its results and its figures."""

    def counts() -> dict[str, int]:
        now = soak.engine.statistics
        drafts = {"drafted": sum(now.drafted), "accepted": sum(now.accepted)}
        return {
            "steps": now.steps,
            "tokens": now.tokens,
            "preemptions": now.preemptions,
            **drafts,
            "errors": errors.count,
        }

    results: Results = {}
    resident: list[float] = []
    owner = AsyncEngine(soak.engine) if part == "streams" else None
    before, started = counts(), time.perf_counter()
    for quarter in range(4):
        numbers = range(options.requests * quarter // 4, options.requests * (quarter + 1) // 4)
        if owner is None:
            soak.with_steps(numbers, results)
        else:
            asyncio.run(soak.with_streams(owner, numbers, results))
        soak.check_idle()
        resident.append(resident_mb())
        print(f"{part}: {25 * (quarter + 1)} %, {resident[-1]:.0f} MB", file=sys.stderr, flush=True)
    if owner is not None:
        owner.close()
    figures = {name: now - before[name] for name, now in counts().items()}
    return results, {"part": part, "seconds": time.perf_counter() - started, **figures, "resident_mb": resident}


def verify(soak: Soak, part: str, numbers: Sequence[int], results: Results, solo: Engine) -> dict[str, Any]:
    """Compare choices, finished and cut short, with runs alone; ``wrong`` are numbers of requests."""
    equal, checked, wrong = Counter[str](), Counter[str](), []
    for number in numbers:
        plan = soak.plan(number, part)
        for output in solo.generate([plan.request.prompt_ids], plan.request.params):
            got = results.get((str(number), output.index), Got())
            kind = "finished" if got.finished or plan.end == "read" else "cut"
            good = got.agrees(output) and (got.finished or kind == "cut")
            checked[kind] += 1
            equal[kind] += good
            wrong += [] if good else [number]
    return {"equal": equal, "checked": checked, "wrong": wrong}


def failures_of(figures: dict[str, Any], must: bool, slack: float) -> list[str]:
    """What of a part is not as it has to be."""
    resident = figures["resident_mb"]
    found = {
        f"requests {figures['wrong'][:8]} differ from their runs alone": must and figures["wrong"],
        "nothing was preempted; lower --cache-tokens": not figures["preemptions"],
        f"{figures['errors']} errors were logged": figures["errors"],
        f"memory grew from {resident[0]:.0f} to {resident[-1]:.0f} MB": resident[-1] - resident[0] > slack,
    }
    return [f"{figures['part']}: {text}" for text, bad in found.items() if bad]


def report(parts: Sequence[dict[str, Any]]) -> str:
    """The table."""
    names = ("steps", "tokens", "preemptions", "drafted", "accepted", "errors")
    header = ["part", "finished equal", "cut short equal", *names, "RSS in MB at 25, 50, 75, 100 %"]
    rows = []
    for each in parts:
        equal = [f"{each['equal'][kind]}/{each['checked'][kind]}" for kind in ("finished", "cut")]
        resident = ", ".join(f"{value:.0f}" for value in each["resident_mb"])
        rows.append([each["part"], *equal, *(each[name] for name in names), resident])
    return markdown(header, rows)


def share(text: str) -> float:
    """An argparse type: a number from 0 to 1."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0 to 1")
    return value


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--model", default="nano", help="bundled name or model folder (default nano)")
    add("--requests", type=positive, default=2000, help="of each part, at least 4 (default 2000)")
    add("--cut", type=share, default=0.3, help="share that is cancelled or left (default 0.3)")
    add("--open", type=positive, default=24, help="most requests at once (default 24)")
    add("--max-batch", type=positive, default=8, help="sequences that run at once (default 8)")
    add("--cache-tokens", type=positive, default=1024, help="for all of them together (default 1024)")
    add("--solo-sample", type=share, default=1.0, help="share that is computed again alone (default 1)")
    add("--slack", type=float, default=16.0, help="MB that memory may grow in a part (default 16)")
    add("--seed", type=int, default=0, help="default 0")
    add("--threads", type=positive, default=os.cpu_count() or 1, help="default: all cores")
    add("-o", "--out", type=Path, help="write the figures as JSON")
    options = parser.parse_args()
    if options.requests < 4:
        fail("--requests must be at least 4, one for each quarter.")
    if options.open > 128:
        fail("--open must be at most 128: an AsyncEngine lets 256 choices wait.")
    if options.cache_tokens < LONGEST_PROMPT + MOST_NEW:
        fail(f"--cache-tokens must be at least {LONGEST_PROMPT + MOST_NEW}, or the longest request does not fit.")
    return options


def soak_and_verify(options: argparse.Namespace, errors: Errors) -> tuple[Engine, list[dict[str, Any]]]:
    """The engine of the runs alone, and the figures of both parts."""
    longest = LONGEST_PROMPT + MOST_NEW
    batch, tokens = options.max_batch, options.cache_tokens
    engine = Engine.from_pretrained(
        options.model, max_batch=batch, cache_tokens=tokens, max_context=longest, prefill_chunk=64
    )
    soak = Soak(engine, options)
    done = {part: run(soak, part, options, errors) for part in ENDS}
    # Only now, so that the measured memory is the soaked engine's alone.
    solo = Engine.from_pretrained(options.model, mtp=0, max_batch=1, max_context=longest, prefix_cache=False)
    numbers = sorted(random.Random(1).sample(range(options.requests), round(options.requests * options.solo_sample)))
    return solo, [{**figures, **verify(soak, part, numbers, got, solo)} for part, (got, figures) in done.items()]


def main() -> None:
    """Soak, verify, print."""
    options = arguments()
    torch.set_num_threads(options.threads)
    errors = Errors(logging.ERROR)
    logging.getLogger("joyflash").addHandler(errors)
    here = measure.machine(options.threads)
    try:
        solo, parts = soak_and_verify(options, errors)
    except JoyflashError as error:
        fail(str(error))
    print(f"{solo.model_name}: {measure.machine_line(here)}; {options.requests} requests a part\n\n{report(parts)}")
    if options.out:
        settings = {name: value for name, value in vars(options).items() if name not in ("out", "model")}
        measure.write_json(
            options.out, {"model": solo.model_name, "machine": here, "settings": settings, "parts": parts}
        )
    failures = [text for figures in parts for text in failures_of(figures, solo.batch_invariant, options.slack)]
    failures += [f"the first error: {errors.first}"] if errors.count else []
    for text in failures:
        print(f"FAILED: {text}", file=sys.stderr)
    raise SystemExit(1 if failures else 0)


if __name__ == "__main__":
    main()
