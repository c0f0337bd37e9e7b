"""Long prompts end to end: seconds, memory, cost against the prediction, and how far fresh copying weights can look.

    python benchmarks/long_context.py --lengths 4096,16384,65536,131072 -o long_context.json
    python benchmarks/long_context.py --no-batch-invariant --chunk 4096

The model has the bundled size, a longer context, and untrained weights from joyflash.model.initialise: random, but for
a circuit that finds the place whose two predecessors are the present token and the one before, and repeats what came
next.

Cost: a prompt of random tokens is computed chunk by chunk, then a few tokens are generated. Matrix work grows with the
tokens, attention with their square: seconds = a n + b n^2 is solved on the two shortest lengths and predicts the rest.
Memory is the peak of the whole process so far; lengths go from short to long. Exit status 1 if it exceeds 8 GB.

Needles: among the random tokens of each prompt stand sequences of 6 random tokens, at each depth (0 = begin, 1 = end)
next to each other with as many random tokens between them. A question is the whole prompt and the first 3 tokens of a
needle; the prefix cache answers for the prompt. Shown is how often greedy decoding goes on with exactly the other 3,
and in brackets how often with the first of these. Nothing was trained or tuned for this: where the circuit does not
carry, the numbers are low. Short lengths take several prompts, and --needle-lengths are searched but not timed.
"""

from __future__ import annotations

import argparse
import dataclasses
import math
import os
import random
import resource
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import measure
import torch
from measure import fail, markdown, number, positive, positives

from joyflash.engine.engine import Engine
from joyflash.engine.request import Request, SamplingParams
from joyflash.engine.setup import StepOptions, make_step
from joyflash.errors import EngineError, JoyflashError
from joyflash.model.config import sized
from joyflash.model.initialise import initialise
from joyflash.model.joyflash import JoyFlash
from joyflash.model.loading import model_folder
from joyflash.text.tokenizer import Tokenizer

NEEDLE, SHOWN = 6, 3
SLOT = 2 * NEEDLE
LEAST_TOKEN = 20
"""Below are control tokens."""
GENERATED = 16
BATCH = 8
ROOM = 64 * BATCH
"""Cache tokens beyond the longest prompt, for questions and answers."""
MOST_BYTES = 8e9


@dataclass
class Length:
    """What came of a length; hits by depth, as (exact, first token right)."""

    tokens: int
    prefill_seconds: float | None = None
    decode_seconds: float | None = None
    peak_bytes: int = 0
    trials: int = 0
    hits: dict[float, tuple[int, int]] = field(default_factory=dict)


@dataclass(frozen=True)
class Haystack:
    """Random tokens, and the needles in them with their depths."""

    tokens: list[int]
    needles: list[tuple[float, list[int]]]

    @classmethod
    def draw(cls, rng: random.Random, length: int, vocabulary: int, depths: Sequence[float], each: int) -> Haystack:
        """``each`` needles at each depth."""
        tokens = [rng.randrange(LEAST_TOKEN, vocabulary) for _ in range(length)]
        needles = []
        for depth in depths:
            first = round(depth * (length - each * SLOT))
            for start in range(first, first + each * SLOT, SLOT):
                needles.append((depth, tokens[start : start + NEEDLE]))
        return cls(tokens, needles)


def needles_at_once(length: int, depths: Sequence[float]) -> int:
    """How many needles per depth a haystack holds without overlap."""
    ordered = sorted(depths)
    gap = min((high - low for low, high in pairwise(ordered)), default=1.0)
    return int(length * gap / (1 + gap)) // SLOT


def make_engine(options: argparse.Namespace, longest: int) -> Engine:
    """An engine for prompts of ``longest`` tokens over fresh weights."""
    tokenizer = Tokenizer.from_pretrained(model_folder("nano"))
    config = dataclasses.replace(
        sized(options.width, tokenizer.vocab_size),
        max_position_embeddings=longest + ROOM,
        rope_theta=options.rope_theta,
    )
    dtype = {"fp32": torch.float32, "bf16": torch.bfloat16}[options.dtype]
    model = initialise(JoyFlash(config), torch.Generator().manual_seed(0)).to(dtype).eval()
    step, pool, policy = make_step(
        model,
        StepOptions(
            max_batch=BATCH,
            max_context=None,
            cache_tokens=longest + ROOM,
            prefill_chunk=options.chunk,
            prefix_cache=True,
            mtp=options.mtp,
            compiled=None,
            batch_invariant=options.batch_invariant,
        ),
        torch.device("cpu"),
        dtype,
    )
    name = f"fresh weights, width {options.width}" + ("" if options.batch_invariant else ", not batch-invariant")
    return Engine(
        step, pool, tokenizer, None, model_name=name, policy=policy, prefill_chunk=options.chunk, max_batch=BATCH
    )


def timed(engine: Engine, prompt: list[int]) -> tuple[float, float]:
    """Seconds to the first token, and seconds per token after it."""
    engine.submit(Request(prompt, SamplingParams(temperature=0, max_tokens=1 + GENERATED, ignore_eos=True)))
    started = time.perf_counter()
    first = None
    while engine.has_work:
        for delta in engine.step():
            if delta.error is not None:
                raise delta.error
            first = first or time.perf_counter()
    assert first is not None
    return first - started, (time.perf_counter() - first) / GENERATED


def search(engine: Engine, haystack: Haystack, found: Length) -> None:
    """Ask for every needle and count the hits."""
    params = SamplingParams(temperature=0, max_tokens=NEEDLE - SHOWN, ignore_eos=True)
    for start in range(0, len(haystack.needles), BATCH):
        some = haystack.needles[start : start + BATCH]
        outputs = engine.generate([[*haystack.tokens, *needle[:SHOWN]] for _, needle in some], params)
        for (depth, needle), output in zip(some, outputs, strict=True):
            if output.cached_token_count < len(haystack.tokens) // 16 * 16:
                raise EngineError(f"Only {output.cached_token_count} of {len(haystack.tokens)} tokens were cached.")
            exact, first = found.hits.get(depth, (0, 0))
            right = list(output.token_ids)
            found.hits[depth] = exact + (right == needle[SHOWN:]), first + (right[0] == needle[SHOWN])


def measure_length(engine: Engine, tokens: int, options: argparse.Namespace, *, timing: bool) -> Length:
    """Time the first prompt of a length, if asked for, and search all."""
    found = Length(tokens)
    rng = random.Random(f"{options.seed}/{tokens}")
    vocabulary = engine.tokenizer.vocab_size
    most = needles_at_once(tokens, options.depths)
    while found.trials < options.trials:
        each = min(most, options.trials - found.trials)
        haystack = Haystack.draw(rng, tokens, vocabulary, options.depths, each)
        if timing and not found.trials:
            found.prefill_seconds, found.decode_seconds = timed(engine, haystack.tokens)
        else:  # once, instead of with each of the first questions
            engine.generate([haystack.tokens], SamplingParams(max_tokens=1))
        search(engine, haystack, found)
        found.trials += each
    units = 1 if sys.platform == "darwin" else 1024
    found.peak_bytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * units
    return found


def fit(lengths: Sequence[Length]) -> tuple[float, float] | None:
    """a and b of seconds = a n + b n^2 through the two shortest lengths that were timed."""
    timed_ones = [(each.tokens, each.prefill_seconds) for each in lengths if each.prefill_seconds is not None]
    if len(timed_ones) < 2:
        return None
    (n, s), (m, t) = timed_ones[:2]
    b = (t / m - s / n) / (m - n)
    return s / n - b * n, b


def cost_table(lengths: Sequence[Length]) -> str:
    """Seconds against the prediction."""
    solved = fit(lengths)
    rows = []
    for place, each in enumerate(each for each in lengths if each.prefill_seconds is not None):
        assert each.prefill_seconds is not None and each.decode_seconds is not None
        linear, square = (solved[0] * each.tokens, solved[1] * each.tokens**2) if solved else (math.nan, math.nan)
        predicted = linear + square
        cells = [each.prefill_seconds, each.tokens / each.prefill_seconds, 1 / each.decode_seconds]
        ratio = "fitted" if place < 2 and solved else number(each.prefill_seconds / predicted)
        rows.append(
            [
                f"{each.tokens:,}",
                *map(number, cells),
                number(predicted),
                ratio,
                f"{square / predicted:.0%}" if solved else "–",
                f"{each.peak_bytes / 1e9:.2f}",
            ]
        )
    header = ["prompt", "prefill s", "prefill tok/s", "decode tok/s", "predicted s", "measured / predicted"]
    return markdown([*header, "attention share", "peak GB"], rows)


def needle_table(lengths: Sequence[Length], depths: Sequence[float]) -> str:
    """Hits by length and depth."""
    rows = [
        [f"{each.tokens:,}", *(f"{each.hits[d][0]}/{each.trials} ({each.hits[d][1]})" for d in depths)]
        for each in sorted(lengths, key=lambda each: each.tokens)
    ]
    return markdown(["prompt", *(f"depth {depth:g}" for depth in depths)], rows)


def depths_of(text: str) -> list[float]:
    """An argparse type: numbers from 0 to 1 between commas, each once."""
    try:
        depths = list(dict.fromkeys(float(part) for part in text.split(",")))
    except ValueError:
        depths = []
    if not depths or not all(0 <= depth <= 1 for depth in depths):
        raise argparse.ArgumentTypeError(f"{text!r} are not numbers from 0 to 1 between commas")
    return depths


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--lengths", type=positives, default=[4096, 16384, 65536, 131072], help="default 4096,16384,65536,131072")
    add("--needle-lengths", type=positives, default=[256, 512, 1024, 2048], help="default 256,512,1024,2048")
    add("--depths", type=depths_of, default=[0.0, 0.25, 0.5, 0.75, 1.0], help="default 0,0.25,0.5,0.75,1")
    add("--trials", type=positive, default=20, help="needles at each depth (default 20)")
    add("--width", type=positive, default=256, help="of the model (default 256, the bundled size)")
    add("--rope-theta", type=float, default=10_000.0, help="rotary base (default 10000, as the bundled model's)")
    add("--dtype", choices=("fp32", "bf16"), default="fp32", help="of weights and cache (default fp32)")
    add("--no-batch-invariant", dest="batch_invariant", action="store_false", help="prompts by the matrix library")
    add("--chunk", type=positive, default=256, help="tokens of a prompt that a step computes (default 256)")
    add("--mtp", type=int, default=0, help="drafts per step, 0 to 4 (default 0)")
    add("--seed", type=int, default=0, help="of the prompts (default 0)")
    add("--threads", type=positive, default=os.cpu_count() or 1, help="default: all cores")
    add("-o", "--out", type=Path, help="write the figures as JSON")
    options = parser.parse_args()
    shortest = min([*options.lengths, *options.needle_lengths])
    if needles_at_once(shortest, options.depths) < 1:
        fail(f"{shortest} tokens are too short, or --depths too close, for needles of {NEEDLE} tokens.")
    if options.rope_theta <= 1:
        fail(f"--rope-theta is {options.rope_theta:g}; it must be above 1.")
    return options


def main() -> None:
    """Measure and print."""
    options = arguments()
    torch.set_num_threads(options.threads)
    here = measure.machine(options.threads)
    longest = max([*options.lengths, *options.needle_lengths])
    done: list[Length] = []
    try:
        engine = make_engine(options, longest)
        timed(engine, [1] * SLOT)  # warms up
        for tokens in sorted({*options.lengths, *options.needle_lengths}):
            print(f"{tokens} tokens …", file=sys.stderr, flush=True)
            done.append(measure_length(engine, tokens, options, timing=tokens in options.lengths))
    except JoyflashError as error:
        fail(str(error))
    print(f"{engine.model_name}, {options.dtype}: {measure.machine_line(here)}\n\n{cost_table(done)}\n")
    print(f"{NEEDLE - SHOWN} tokens of a needle exact (its next token right)\n\n{needle_table(done, options.depths)}")
    if options.out:
        settings = {name: value for name, value in vars(options).items() if name != "out"}
        figures = {"machine": here, "settings": settings, "fit": fit(done)}
        measure.write_json(options.out, {**figures, "lengths": [dataclasses.asdict(each) for each in done]})
    if done[-1].peak_bytes > MOST_BYTES:
        print(f"FAILED: {done[-1].peak_bytes / 1e9:.1f} GB of memory, over {MOST_BYTES / 1e9:g}", file=sys.stderr)
        raise SystemExit(1)


if __name__ == "__main__":
    main()
