"""A file of prompts beside the engine's own rate, and whether a killed run goes on with every line answered once.

    python benchmarks/batch.py --prompts 2000 --repeats 3 -o batch.json
    python benchmarks/batch.py --prompts 2000 --max-tokens 16 --kills 3 --repeats 0

"rate" answers the same prompts by `engine.generate` and by `run_batch`, what `joyflash generate FILE -o OUT` calls, in
one process, in turns, each first every other time, without a prefix cache. Their texts must be equal, but for those
with control tokens or bytes that are no characters, which a server's replies never hold. "kill" starts the command,
kills it with SIGKILL at random moments, and starts it again until it is done. Exit status 1 when the median of the
batch's rate is more than 5 % below the engine's, a text differs, or a line is missing or answered twice.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from itertools import islice
from pathlib import Path
from typing import Any

import measure
from measure import Spread, markdown, positive

from joyflash.engine.async_engine import AsyncEngine
from joyflash.engine.engine import Engine
from joyflash.engine.request import SamplingParams
from joyflash.server.batch import run_batch
from joyflash.server.batch_lines import read_batch
from joyflash.tasks import generate

MARGIN = 0.05
BROKEN_CHARACTER = "\ufffd"


def prompts_of(count: int) -> list[str]:
    """Different questions, English and Chinese."""
    mixture = {("talk", language): 1.0 for language in ("en", "zh")}
    samples = islice(generate(0, "heldout", mixture=mixture), count)
    return [f"{sample['messages'][-2]['content']} ({index})" for index, sample in enumerate(samples)]


def write_prompts(path: Path, prompts: list[str], **fields: Any) -> None:
    """A batch file."""
    rows = ({"prompt": prompt, "seed": index, **fields} for index, prompt in enumerate(prompts))
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def answers_in(path: Path) -> list[tuple[str, str]]:
    """custom_id and text of every line of an output."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]
    return [(row["custom_id"], row["response"]["body"]["choices"][0]["message"]["content"]) for row in rows]


def measure_rates(engine: Engine, prompts: list[str], options: argparse.Namespace) -> tuple[dict[str, Any], list[str]]:
    """Tokens a second of both ways, and what was wrong."""
    rates: dict[str, list[float]] = {"engine": [], "batch": []}
    costs: dict[str, list[float]] = {"engine": [], "batch": []}
    broken: list[str] = []
    own = {"temperature": options.temperature, "max_tokens": options.max_tokens}
    params = [SamplingParams(seed=index, **own) for index in range(len(prompts))]
    chats = [[{"role": "user", "content": prompt}] for prompt in prompts]
    texts: list[str] = []
    unsaid = (BROKEN_CHARACTER, *engine.tokenizer.control_tokens)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "in.jsonl"
        write_prompts(file, prompts, **own)
        engine.generate(chats[:16], params[:16])  # warms up what is made when first used
        for repetition, way in measure.turns(("engine", "batch"), options.repeats):
            start, worked = time.perf_counter(), time.process_time()
            if way == "engine":
                outputs = engine.generate(chats, params)
                tokens, texts = sum(len(output.token_ids) for output in outputs), [output.text for output in outputs]
            else:
                out = Path(folder) / f"out-{repetition}.jsonl"
                lines = read_batch(file, {})
                report = run_batch(
                    lambda: AsyncEngine(engine, max_waiting=1_000_000), lines, out, concurrency=2 * options.concurrency
                )
                tokens, found = report.tokens, dict(answers_in(out))
                said = [found[f"line-{index + 1}"] for index in range(len(prompts))]
                both = zip(texts, said, strict=True) if texts else ()
                differing = [text for text, reply in both if text != reply and not any(mark in text for mark in unsaid)]
                if differing:
                    broken.append(f"{len(differing)} texts differ, such as {differing[0]!r}")
            rates[way].append(tokens / (time.perf_counter() - start))
            costs[way].append((time.process_time() - worked) / tokens * 1e6)
            print(f"{way}: {rates[way][-1]:,.0f} tokens/s, {costs[way][-1]:,.0f} µs of processor time each", flush=True)
    ratio = Spread.of(rates["batch"]).median / Spread.of(rates["engine"]).median
    if ratio < 1 - MARGIN:
        broken.append(f"the batch ran at {ratio:.3f} of the engine's rate")
    figures = {way: Spread.of(values).to_dict() for way, values in rates.items()}
    pairs = [batch / own for batch, own in zip(rates["batch"], rates["engine"], strict=True)]
    rows = [[way, str(Spread.of(values)), str(Spread.of(costs[way]))] for way, values in rates.items()]
    print(markdown(["way", "tokens/s", "processor µs a token"], rows))
    print(f"ratio of medians {ratio:.3f}; of pairs {Spread.of(pairs)}")
    return {"rates": figures, "processor_us_a_token": costs, "ratio": ratio, "pairs": pairs}, broken


def kill_and_resume(prompts: list[str], options: argparse.Namespace) -> tuple[dict[str, Any], list[str]]:
    """Lines after each kill, and what was wrong at the end."""
    draw, counts = random.Random(options.seed), []
    with tempfile.TemporaryDirectory() as folder:
        file, out = Path(folder) / "in.jsonl", Path(folder) / "out.jsonl"
        write_prompts(file, prompts, max_tokens=options.max_tokens, temperature=options.temperature)
        program = "from joyflash.cli import main; main()"
        command = [sys.executable, "-c", program, "generate", str(file), "-o", str(out)]
        command += ["--concurrency", str(options.concurrency)]
        for kill in range(options.kills):
            running = subprocess.Popen(command, stdout=subprocess.DEVNULL)
            goal = int(len(prompts) * (kill + draw.random()) / options.kills)
            while running.poll() is None and _lines(out) < goal:
                time.sleep(0.005)
            running.kill()
            running.wait()
            counts.append(_lines(out))
            print(f"killed at {counts[-1]} lines", flush=True)
        last = subprocess.run(command, capture_output=True, text=True, check=False)
        print(last.stdout.strip())
        answered = Counter(name for name, _ in answers_in(out))
    wanted = {f"line-{index + 1}" for index in range(len(prompts))}
    broken = [] if last.returncode == 0 else [f"the last run ended with {last.returncode}: {last.stderr[-300:]}"]
    if missing := wanted - answered.keys():
        broken.append(f"{len(missing)} lines have no answer")
    if twice := [name for name, count in answered.items() if count > 1]:
        broken.append(f"{len(twice)} lines were answered twice, {twice[0]} among them")
    return {"killed_at": counts, "answered": len(answered), "of": len(prompts)}, broken


def _lines(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0


def main() -> None:
    """Measure, print, judge."""
    measure.clean_up_when_terminated()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--prompts", type=positive, default=2000, help="lines of the file (default 2000)")
    add("--max-tokens", type=positive, default=64, help="of an answer (default 64)")
    add("--temperature", type=float, default=0.6, help="default 0.6")
    add("--concurrency", type=positive, default=32, help="sequences at once (default 32)")
    add("--repeats", type=int, default=3, help="of each way; 0 leaves the rates out (default 3)")
    add("--kills", type=int, default=2, help="0 leaves them out (default 2)")
    add("--seed", type=int, default=0, help="of the moments of the kills (default 0)")
    add("-o", "--out", type=Path, help="write the figures as JSON")
    options = parser.parse_args()
    import torch

    here = measure.machine(torch.get_num_threads())
    print(f"{options.prompts} prompts, at most {options.max_tokens} tokens each; {measure.machine_line(here)}\n")
    prompts = prompts_of(options.prompts)
    figures: dict[str, Any] = {"machine": here, "settings": {**vars(options), "out": None}}
    broken: list[str] = []
    if options.repeats:
        engine = Engine.from_pretrained("nano", max_batch=options.concurrency, prefix_cache=False)
        found, faults = measure_rates(engine, prompts, options)
        figures, broken = {**figures, **found}, faults
    if options.kills:
        found, faults = kill_and_resume(prompts, options)
        figures, broken = {**figures, "kill": found}, [*broken, *faults]
    if options.out:
        measure.write_json(options.out, {**figures, "broken": broken})
    print("\n".join(f"broken: {fault}" for fault in broken) or "no rule was broken")
    raise SystemExit(1 if broken else 0)


if __name__ == "__main__":
    main()
