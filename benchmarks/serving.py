"""Load on an OpenAI-compatible server: streaming chat completions, in open loop (Poisson arrivals) or closed loop.

    python benchmarks/serving.py --rate 4 --seconds 60 -o serving.json               # starts `joyflash serve` itself
    python benchmarks/serving.py --concurrency 8 --seconds 60 --serve "--mtp 0"
    python benchmarks/serving.py --base-url http://127.0.0.1:8000/v1 --model nano --rate 2

Open loop: requests start at times drawn beforehand, whether or not earlier ones are done, and the time to the first
token (TTFT) counts from the planned time, so a slow server or client cannot flatter itself; "lag" is how late a
request really left. Closed loop: so many callers, each sending its next request when its last one is answered; TTFT
counts from sending. TPOT is the time between further tokens of one answer. Only complete answers count; throughput is
over the time from the start to the end of the last answer. Prompts are held-out ones of joyflash.tasks. Some
requests warm the server up unmeasured. Client and server share this machine's cores unless --base-url is elsewhere.
The key, where a server wants one, comes from OPENAI_API_KEY.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import json
import os
import random
import shlex
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import measure
from measure import fail, markdown, number, percentile, positive

try:
    import httpx
except ImportError:
    fail("benchmarks/serving.py needs httpx; install it with: pip install 'joyflash[eval]'")

PERCENTILES = (50, 90, 99)
COMPLETE = "200"
PATIENCE_SECONDS = 10.0
LAG_SHARE = 0.1
"""Of the median TTFT; where the client lags more at its 99th percentile, the figures are the client's."""

Body = dict[str, Any]


@dataclass(frozen=True)
class Outcome:
    """One request; times are seconds since the start.

    ``status`` is "200" for a complete answer, another HTTP status, or what went wrong. ``counted`` says that ``tokens``
    are events of the stream, because the server reported no usage.
    """

    planned: float
    sent: float
    ended: float
    status: str
    first: float | None = None
    last: float | None = None
    tokens: int = 0
    counted: bool = False

    @property
    def per_token(self) -> float | None:
        """Seconds between tokens behind the first; None with fewer than two."""
        if self.first is None or self.last is None or self.tokens < 2:
            return None
        return (self.last - self.first) / (self.tokens - 1)


def poisson(rate: float, seconds: float, seed: int) -> list[float]:
    """Arrival times in [0, ``seconds``), with exponential gaps of 1 / ``rate`` on average."""
    draw, times = random.Random(seed), []
    at = draw.expovariate(rate)
    while at < seconds:
        times.append(at)
        at += draw.expovariate(rate)
    return times


def read_event(line: str) -> Body | None:
    """The JSON of a ``data:`` line; None for comments, other lines and the final ``[DONE]``."""
    if not line.startswith("data:") or line.removeprefix("data:").strip() == "[DONE]":
        return None
    return json.loads(line.removeprefix("data:"))


def says_something(event: Body) -> bool:
    """Whether an event carries a part of the answer: text, reasoning, or a call."""
    deltas = [choice.get("delta") or {} for choice in event.get("choices") or ()]
    return any(value for delta in deltas for name, value in delta.items() if name != "role")


async def send(client: httpx.AsyncClient, body: Body, planned: float | None, clock: Callable[[], float]) -> Outcome:
    """Send one request and read its stream to the end; failures are outcomes too."""
    sent = clock()
    first = last = None
    events, usage, finished, status = 0, None, False, ""
    try:
        async with client.stream("POST", "chat/completions", json=body) as response:
            status = str(response.status_code)
            async for line in response.aiter_lines():
                event = read_event(line) if status == COMPLETE else None
                if event is None:
                    continue
                if "error" in event:
                    status = "error in the stream"
                    break
                if says_something(event):
                    last = clock()
                    first, events = first or last, events + 1
                finished |= any(choice.get("finish_reason") for choice in event.get("choices") or ())
                usage = event.get("usage") or usage
        if status == COMPLETE and not finished:
            status = "stream ended early"
    except (httpx.HTTPError, ValueError) as error:
        status = type(error).__name__
    tokens = usage["completion_tokens"] if usage else events
    return Outcome(sent if planned is None else planned, sent, clock(), status, first, last, tokens, usage is None)


async def open_loop(client: httpx.AsyncClient, bodies: Iterator[Body], times: Sequence[float]) -> list[Outcome]:
    """Start a request at every one of ``times``."""
    start = time.perf_counter()

    def clock() -> float:
        return time.perf_counter() - start

    tasks = []
    for planned in times:
        body = next(bodies)
        await asyncio.sleep(max(0.0, planned - clock()))
        tasks.append(asyncio.create_task(send(client, body, planned, clock)))
    return list(await asyncio.gather(*tasks))


async def closed_loop(
    client: httpx.AsyncClient, bodies: Iterator[Body], concurrency: int, seconds: float
) -> list[Outcome]:
    """Let ``concurrency`` callers send for ``seconds``; what is open then may end."""
    start = time.perf_counter()
    outcomes: list[Outcome] = []

    def clock() -> float:
        return time.perf_counter() - start

    async def caller() -> None:
        while clock() < seconds:
            outcomes.append(await send(client, next(bodies), None, clock))

    await asyncio.gather(*(caller() for _ in range(concurrency)))
    return outcomes


def summary(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Throughput, percentiles in milliseconds, errors by status; ValueError without any outcome."""
    if not outcomes:
        raise ValueError("no request was sent")
    complete = [outcome for outcome in outcomes if outcome.status == COMPLETE]
    elapsed = max(outcome.ended for outcome in outcomes)
    ttft = [outcome.first - outcome.planned for outcome in complete if outcome.first is not None]
    tpot = [outcome.per_token for outcome in complete if outcome.per_token is not None]
    return {
        "requests": len(outcomes),
        "completed": len(complete),
        "errors": dict(Counter(outcome.status for outcome in outcomes if outcome.status != COMPLETE)),
        "seconds": elapsed,
        "requests_per_second": len(complete) / elapsed,
        "tokens_per_second": sum(outcome.tokens for outcome in complete) / elapsed,
        "tokens_counted_by_events": any(outcome.counted for outcome in complete),
        "ttft_ms": milliseconds(ttft),
        "tpot_ms": milliseconds(tpot),
        "lag_ms": milliseconds([outcome.sent - outcome.planned for outcome in outcomes]),
    }


def milliseconds(seconds: Sequence[float]) -> dict[str, float | None]:
    """Percentiles and the largest value; None where nothing was measured."""
    named = {f"p{percent}": percentile(seconds, percent) * 1e3 if seconds else None for percent in PERCENTILES}
    return {**named, "max": max(seconds) * 1e3 if seconds else None}


def report(found: dict[str, Any]) -> str:
    """The summary for reading."""
    counts = f"{found['requests']} requests, {found['completed']} completed in {found['seconds']:.1f} s: "
    rates = f"{number(found['requests_per_second'])} requests/s, {number(found['tokens_per_second'])} tokens/s"
    errors = ", ".join(f"{count} × {status}" for status, count in found["errors"].items()) or "none"
    names = {"TTFT": "ttft_ms", "TPOT": "tpot_ms", "lag": "lag_ms"}
    rows = [[f"{name} ms", *map(number, found[key].values())] for name, key in names.items()]
    table = markdown(["", *(f"p{percent}" for percent in PERCENTILES), "max"], rows)
    lines = [counts + rates, f"errors: {errors}", "", table, ""]
    if found["tokens_counted_by_events"]:
        lines.append("tokens: the server reported no usage for some answers; events of their streams are counted")
    if (found["lag_ms"]["p99"] or 0) > LAG_SHARE * (found["ttft_ms"]["p50"] or 0):
        lines.append("warning: requests left late; the client is too slow for this rate, so do not use these figures")
    return "\n".join(lines).rstrip()


def bodies_of(options: argparse.Namespace, model: str) -> Iterator[Body]:
    """Endless requests, English and Chinese in turns."""
    from joyflash.tasks import generate

    mixture = {(options.kind, language): 1.0 for language in ("en", "zh")}
    for index, sample in enumerate(generate(options.seed, "heldout", mixture=mixture)):
        body = {"model": model, "messages": sample["messages"][:-1], "temperature": options.temperature, "seed": index}
        body |= {"max_tokens": options.max_tokens, "stream": True, "stream_options": {"include_usage": True}}
        yield {**body, "tools": sample["tools"]} if sample["tools"] else body


@contextlib.contextmanager
def server(options: argparse.Namespace) -> Iterator[str]:
    """The base URL: the one given, or that of a server started for this block."""
    if options.base_url:
        yield options.base_url
        return
    command = [
        sys.executable,
        "-c",
        "from joyflash.cli import main; main()",
        "serve",
        "--model",
        options.model or "nano",
    ]
    command += ["--port", str(options.port), *shlex.split(options.serve)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        line = next((line for line in process.stdout if "http://" in line), None)
        if line is None:
            fail("the server ended before it listened; its own message stands above.")
        yield line[line.index("http://") :].split("/ ")[0] + "/v1"
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()


async def first_model(client: httpx.AsyncClient, patience: float) -> str:
    """The first model that the server lists; one that does not listen yet has ``patience`` seconds."""
    end = time.monotonic() + patience
    while True:
        try:
            reply = await client.get("models")
            reply.raise_for_status()
            return reply.json()["data"][0]["id"]
        except httpx.TransportError as error:
            if time.monotonic() > end:
                fail(f"{client.base_url} cannot be reached ({error}).")
        except (httpx.HTTPError, ValueError, LookupError, TypeError) as error:
            fail(f"{client.base_url}models lists no model: {error}")
        await asyncio.sleep(0.2)


async def load(options: argparse.Namespace, url: str) -> list[Outcome]:
    """Warm up, then send what was asked for."""
    headers = {"Authorization": f"Bearer {os.environ.get('OPENAI_API_KEY') or 'EMPTY'}"}
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    base = url.rstrip("/") + "/"
    async with httpx.AsyncClient(base_url=base, headers=headers, timeout=options.timeout, limits=limits) as client:
        listed = await first_model(client, PATIENCE_SECONDS)
        bodies = bodies_of(options, (options.base_url and options.model) or listed)
        for body in itertools.islice(bodies, options.warm_up):
            outcome = await send(client, body, None, time.perf_counter)
            if outcome.status != COMPLETE:
                fail(f"A first request ended with {outcome.status}; is {base} an OpenAI-compatible server?")
        if options.concurrency:
            return await closed_loop(client, bodies, options.concurrency, options.seconds)
        return await open_loop(client, bodies, poisson(options.rate, options.seconds, options.seed))


def above_zero(text: str) -> float:
    """An argparse type: a number above 0."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")
    return value


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--base-url", help="of a running server, up to /v1; without: start `joyflash serve`")
    add("--model", default="", help="to serve (default nano), or the name to ask a running server for (its first)")
    add("--port", type=int, default=0, help="of the started server (default 0: a free one)")
    add("--serve", default="", metavar="OPTIONS", help='more options of the started server, e.g. "--mtp 0"')
    loops = parser.add_mutually_exclusive_group()
    loops.add_argument("--rate", type=above_zero, default=2.0, help="arrivals a second, open loop (default 2)")
    loops.add_argument("--concurrency", type=positive, help="callers, closed loop instead")
    add("--seconds", type=above_zero, default=60.0, help="how long requests arrive (default 60)")
    add("--kind", choices=("talk", "copying", "compare", "call"), default="talk", help="of the prompts (default talk)")
    add("--max-tokens", type=positive, default=128, help="of an answer (default 128)")
    add("--temperature", type=float, default=0.6, help="default 0.6")
    add("--seed", type=int, default=0, help="of prompts and arrivals (default 0)")
    add("--warm-up", type=positive, default=4, help="unmeasured requests at the start (default 4)")
    add("--timeout", type=above_zero, default=120.0, help="seconds of silence that a request bears (default 120)")
    add("-o", "--out", type=Path, help="write the figures and every request as JSON")
    return parser.parse_args()


def main() -> None:
    """Measure and print."""
    measure.clean_up_when_terminated()
    options = arguments()
    here = measure.machine(os.cpu_count() or 1)
    with server(options) as url:
        outcomes = asyncio.run(load(options, url))
    if not outcomes:
        fail(f"No request arrived in {options.seconds:g} s; raise --seconds or --rate.")
    found = summary(outcomes)
    loop = f"closed loop of {options.concurrency}" if options.concurrency else f"{options.rate:g} arrivals/s"
    print(
        f"{loop} for {options.seconds:g} s, {options.warm_up} warm-up requests excluded; {measure.machine_line(here)}\n"
    )
    print(report(found))
    if options.out:
        settings = {name: value for name, value in vars(options).items() if name not in ("out", "base_url")}
        figures = {"machine": here, "settings": settings, **found, "outcomes": [asdict(each) for each in outcomes]}
        measure.write_json(options.out, figures)


if __name__ == "__main__":
    main()
