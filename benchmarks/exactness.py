"""Whether a request's tokens and log-probabilities are the same bits whatever else runs, and whether sampling is exact.

    python benchmarks/exactness.py --prompts 200 --tokens 48 -o exactness.json

Prompts are held-out conversations from joyflash.tasks, with and without tools, English and Chinese; half greedy, half
at T 0.6 and 1.0; one in four has penalties, truncation, a logit bias or stop strings, one in sixteen two choices, one
in three goes on after its end; all ask for log-probabilities. Reference: every choice alone, no drafts, no prefix
cache, whole prompts in one chunk. A text is equal if its token ids, characters and reasons to stop are; log-
probabilities if every float has the same bits, those of the alternatives included. "must" marks settings of a batch-
invariant engine: one difference there makes the exit status 1, and so does a small cache that never preempts. "mixed"
is an engine that is not (`batch_invariant=False`), "plain" the step in PyTorch.

Chi-square: many seeds against the softmax of the plain model (its training form, no cache). Without drafts the first
token; with two drafts the first three together, of which the second and third are drafted: token sequences form a tree,
a branch with an expected count below 5 joins the rest of its parent, and every leaf and every rest is a cell. So the
third token is tested under all likely beginnings at once, behind accepted and behind rejected drafts alike (both must
occur). Seeds are fixed; a p-value below 1e-4 makes the exit status 1.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import islice, product
from pathlib import Path
from typing import Any

import measure
import torch
from measure import fail, markdown, names_of, number, positive

from joyflash.engine.engine import Engine, Prompt
from joyflash.engine.request import RequestOutput, SamplingParams
from joyflash.errors import JoyflashError
from joyflash.model.joyflash import JoyFlash
from joyflash.model.loading import load_model
from joyflash.tasks import generate

SKILLS = ("call", "call_many", "answer", "no_tool", "session", "talk", "compare", "copying")
PROMPTS: dict[str, Prompt] = {
    "English": "The old lighthouse stood at the edge of the cliff. Every evening",
    "Chinese": "春天来了，河边的柳树发出了新芽。孩子们",
    "chat": [{"role": "user", "content": "Tell me about the sea."}],
}
STOPS = ("。", "？", ". ", "\n", "</", "的")
ALONE: dict[str, Any] = {"mtp": 0, "max_batch": 1, "prefix_cache": False, "prefill_chunk": 4096}
BATCH: dict[str, Any] = {**ALONE, "max_batch": 16, "prefill_chunk": 256}
LEAST_EXPECTED = 5.0
LEAST_P = 1e-4
REST = -1
"""Stands for all tokens of a branch that are no branches themselves."""

Case = tuple[list[int], SamplingParams]
Cells = dict[tuple[int, ...], float]


GROUPS = ["fp32", "bf16", "mixed fp32", "mixed bf16", "plain fp32", "plain bf16", "sampling"]


@dataclass(frozen=True)
class Setting:
    """How an engine is made and used."""

    name: str
    options: dict[str, Any]
    together: bool = True
    passes: int = 1
    preempts: bool = False


@dataclass(frozen=True)
class Row:
    """What came of a setting; ``differing`` are numbers of outputs."""

    group: str
    setting: str
    must: bool
    must_preempt: bool
    outputs: int
    equal_texts: int
    equal_logprobs: int
    differing: list[int]
    steps: int
    preemptions: int
    accepted: int
    tokens_per_second: float

    @property
    def failure(self) -> str | None:
        """What is wrong, if anything."""
        if self.must and self.differing:
            return f"{self.group}, {self.setting}: outputs {self.differing[:8]} differ"
        if self.must_preempt and not self.preemptions:
            return f"{self.group}, {self.setting}: nothing was preempted; give more prompts or tokens"
        return None

    def cells(self) -> list[object]:
        """Of the table."""
        equal = [f"{count}/{self.outputs}" for count in (self.equal_texts, self.equal_logprobs)]
        counts = [self.steps, self.preemptions, self.accepted, number(self.tokens_per_second)]
        return [self.group, self.setting, "must" if self.must else "", *equal, *counts]


def cases_of(engine: Engine, count: int, tokens: int) -> list[Case]:
    """Prompts, and parameters that depend on nothing but their number."""
    if engine.template is None:
        fail(f"{engine.model_name} has no chat template.")
    mixture = {(skill, language): 1.0 for skill in SKILLS for language in ("en", "zh")}
    samples = islice(generate(23, "heldout", mixture=mixture), count)
    prompts = [engine.template.render(sample["messages"][:-1], sample["tools"]) for sample in samples]
    return [(prompt, _params(place, prompt, tokens)) for place, prompt in enumerate(prompts)]


def _params(place: int, prompt: Sequence[int], tokens: int) -> SamplingParams:
    rng = random.Random(f"exactness/{place}")
    more: dict[str, Any] = {"n": 2} if place % 16 == 3 else {}
    if place % 8 in (0, 5):  # one greedy, one sampled
        more |= (
            {"presence_penalty": 0.7, "frequency_penalty": -0.4},
            {"logit_bias": {token: rng.uniform(-6, 6) for token in prompt[-24:]}},
            {"stop": STOPS},
            {"top_p": 0.9, "top_k": 40, "min_p": 0.02},
        )[place // 8 % 4]
    temperature = (0.0, 0.6, 0.0, 1.0)[place % 4]
    more["ignore_eos"] = place % 3 == 0  # else most texts are short
    return SamplingParams(temperature=temperature, max_tokens=tokens, seed=place, logprobs=2, **more)


def groups_of(options: argparse.Namespace, small: int) -> Iterator[tuple[str, int, dict[str, Any], list[Setting]]]:
    """Name, cases, options of all engines, settings (the reference first); a cache of ``small`` tokens is tight."""
    reference, batch = Setting("reference", ALONE, together=False), Setting("batch 16", BATCH)
    tight = {**BATCH, "cache_tokens": small}
    all_at_once = [
        Setting(
            f"all at once, mtp {mtp or 'auto'}, chunk {chunk}",
            {**tight, "prefix_cache": True, "mtp": mtp, "prefill_chunk": chunk},
            passes=2,
            preempts=True,
        )
        for mtp, chunk in ((3, 101), (None, 64))
    ]
    one_by_one = [
        *(Setting(f"mtp {mtp or 'auto'}", {**ALONE, "mtp": mtp}, together=False) for mtp in (1, 2, 3, 4, None)),
        batch,
        Setting("batch 16, prefix cache, twice", {**BATCH, "prefix_cache": True}, passes=2),
        *(Setting(f"batch 16, chunk {chunk}", {**BATCH, "prefill_chunk": chunk}) for chunk in (7, 64)),
        Setting("batch 16, small cache", tight, preempts=True),
    ]
    yield "fp32", options.prompts, {"dtype": torch.float32}, [reference, *one_by_one, *all_at_once]
    yield "bf16", options.prompts, {"dtype": torch.bfloat16}, [reference, batch, *all_at_once]
    shorter = Setting("batch 16, chunk 128", {**BATCH, "prefill_chunk": 128})
    for name, dtype in (("mixed fp32", torch.float32), ("mixed bf16", torch.bfloat16)):
        yield name, options.prompts, {"dtype": dtype, "batch_invariant": False}, [reference, batch, shorter]
    for name, dtype in (("plain fp32", torch.float32), ("plain bf16", torch.bfloat16)):
        yield name, options.plain_prompts, {"dtype": dtype, "compiled": False}, [reference, batch]


def compare(options: argparse.Namespace, cases: Sequence[Case]) -> Iterator[Row]:
    """Run every group."""
    lengths = [len(prompt) + options.tokens for prompt, _ in cases]
    needed = max(lengths)
    # Half of what a full batch wants: many sequences that grow into little room.
    small = max(needed, sum(lengths) * min(16, len(cases)) // len(cases) // 2)
    for group, count, common, settings in groups_of(options, small):
        if group not in options.groups:
            continue
        reference: list[RequestOutput] = []
        for setting in settings:
            print(f"{group}: {setting.name} …", file=sys.stderr, flush=True)
            engine = Engine.from_pretrained(options.model, max_context=needed, **common, **setting.options)
            started = time.perf_counter()
            outputs = complete(engine, setting, cases[:count])
            seconds = time.perf_counter() - started
            reference = reference or outputs
            yield compared(group, setting, engine, seconds, list(zip(outputs, reference * setting.passes, strict=True)))


def complete(engine: Engine, setting: Setting, cases: Sequence[Case]) -> list[RequestOutput]:
    """All cases, at once or one after another, as many times as the setting says."""
    parts = [cases] if setting.together else [[case] for case in cases]
    return [
        output
        for part in parts * setting.passes
        for output in engine.generate([prompt for prompt, _ in part], [params for _, params in part])
    ]


def compared(
    group: str, setting: Setting, engine: Engine, seconds: float, pairs: list[tuple[RequestOutput, RequestOutput]]
) -> Row:
    """Count the outputs of a setting that equal the reference's, which come second."""

    def said(output: RequestOutput) -> tuple[object, ...]:
        return output.token_ids, output.text, output.finish_reason, output.stop_reason

    texts = [said(own) == said(right) for own, right in pairs]
    # A float's repr names its bits: 0.0 and -0.0 are two.
    logprobs = [repr(own.logprobs) == repr(right.logprobs) for own, right in pairs]
    return Row(
        group,
        setting.name,
        engine.batch_invariant,
        setting.preempts,
        len(pairs),
        sum(texts),
        sum(logprobs),
        [place for place, equal in enumerate(zip(texts, logprobs, strict=True)) if not all(equal)],
        engine.statistics.steps,
        engine.statistics.preemptions,
        sum(engine.statistics.accepted),
        engine.statistics.tokens / seconds,
    )


def cells_of(model: JoyFlash, prompt: list[int], temperature: float, vocabulary: int, seeds: int, depth: int) -> Cells:
    """Expected counts of the leaves of the tree of sequences; those of a rest end in REST, and may be small."""
    cells: Cells = {}
    branches: Cells = {(): float(seeds)}
    for level in range(depth):
        deeper: Cells = {}
        for beginning, expected in branches.items():
            with torch.inference_mode():
                logits_V = model(torch.tensor([[*prompt, *beginning]]))[0, -1, :vocabulary].double()
            counts_V = expected * torch.softmax(logits_V / temperature, 0)
            tokens = (counts_V >= LEAST_EXPECTED).nonzero()[:, 0].tolist()
            likely = {(*beginning, token): float(counts_V[token]) for token in tokens}
            cells[(*beginning, REST)] = max(0.0, expected - sum(likely.values()))
            for key, count in likely.items():
                splits = level + 1 < depth and count >= 2 * LEAST_EXPECTED
                (deeper if splits else cells)[key] = count
        branches = deeper
    return cells


def cell_of(tokens: tuple[int, ...], cells: Cells) -> tuple[int, ...]:
    """The cell that a sequence of tokens belongs to."""
    for end in range(1, len(tokens) + 1):
        if tokens[:end] in cells:
            return tokens[:end]
        if (*tokens[:end], REST) not in cells:
            return (*tokens[: end - 1], REST)
    raise AssertionError("the tree is as deep as the sequence is long")


def frequencies(
    engine: Engine, prompt: list[int], temperature: float, seeds: int, depth: int, cells: Cells
) -> Counter[tuple[int, ...]]:
    """How often the first ``depth`` tokens fall into each cell."""
    observed: Counter[tuple[int, ...]] = Counter()
    # The last token of a text is never drafted: one more than are tested.
    common: dict[str, Any] = {"temperature": temperature, "max_tokens": depth + (depth > 1), "ignore_eos": True}
    for first in range(0, seeds, 256):
        params = [SamplingParams(seed=seed, **common) for seed in range(first, min(first + 256, seeds))]
        outputs = engine.generate([prompt] * len(params), params)
        observed.update(cell_of(output.token_ids[:depth], cells) for output in outputs)
    return observed


def chi_square(observed: Counter[tuple[int, ...]], cells: Cells) -> tuple[int, float, float]:
    """Number of cells, statistic, p-value; small cells are pooled, if need be with the smallest of the others."""
    pairs = sorted((expected, observed[key]) for key, expected in cells.items())
    while len(pairs) > 1 and pairs[0][0] < LEAST_EXPECTED:
        (expected, seen), (more_expected, more_seen), *others = pairs
        pairs = sorted([(expected + more_expected, seen + more_seen), *others])
    statistic = sum((seen - expected) ** 2 / expected for expected, seen in pairs)
    freedom = torch.tensor(len(pairs) - 1.0, dtype=torch.float64)
    p = float(torch.special.gammaincc(freedom / 2, freedom.new_tensor(statistic / 2))) if len(pairs) > 1 else 1.0
    return len(pairs), statistic, p


def sampling(options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Frequencies of tokens against the model's own probabilities."""
    model, tokenizer = load_model(options.model)
    model.eval()
    for mtp, depth in ((0, 1), (2, 3)):
        print(f"chi-square: mtp {mtp} …", file=sys.stderr, flush=True)
        engine = Engine.from_pretrained(options.model, mtp=mtp, max_batch=32, max_context=1024)
        for (name, prompt), temperature in product(PROMPTS.items(), (1.0, 0.6)):
            ids, counts = engine.encode_prompt(prompt), engine.statistics
            cells = cells_of(model, ids, temperature, tokenizer.vocab_size, options.seeds, depth)
            before = sum(counts.accepted), sum(counts.drafted)
            count, statistic, p = chi_square(frequencies(engine, ids, temperature, options.seeds, depth, cells), cells)
            accepted, drafted = sum(counts.accepted) - before[0], sum(counts.drafted) - before[1]
            yield {
                "prompt": name,
                "temperature": temperature,
                "mtp": mtp,
                "cells": count,
                "chi_square": statistic,
                "p": p,
                "accepted": accepted,
                "drafted": drafted,
                "sound": p >= LEAST_P and (mtp == 0 or 0 < accepted < drafted),
            }


def report(rows: Sequence[Row], tests: Sequence[dict[str, Any]]) -> str:
    """Both tables."""
    header = ["group", "setting", "", "equal texts", "equal logprobs", "steps", "preemptions", "accepted", "tok/s"]
    table = markdown(header, [row.cells() for row in rows])
    shown = [{**test, "chi_square": number(test["chi_square"]), "p": f"{test['p']:.3g}"} for test in tests]
    return "\n\n".join([table, *([markdown(list(tests[0]), [list(test.values()) for test in shown])] if tests else [])])


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--model", default="nano", help="bundled name or folder of a model with an MTP layer (default nano)")
    add("--prompts", type=positive, default=200, help="default 200")
    add("--plain-prompts", type=positive, default=20, help="for the plain PyTorch step (default 20)")
    add("--tokens", type=positive, default=48, help="most of each text (default 48)")
    add("--groups", type=names_of(*GROUPS), default=GROUPS, help=f"of {','.join(GROUPS)} (default all)")
    add("--seeds", type=positive, default=4000, help="of each chi-square test (default 4000)")
    add("--threads", type=positive, default=os.cpu_count() or 1, help="default: all cores")
    add("-o", "--out", type=Path, help="write the figures as JSON")
    return parser.parse_args()


def main() -> None:
    """Compare, test, print."""
    options = arguments()
    torch.set_num_threads(options.threads)
    here = measure.machine(options.threads)
    try:
        engine = Engine.from_pretrained(options.model, mtp=0)
        rows = list(compare(options, cases_of(engine, options.prompts, options.tokens)))
        tests = list(sampling(options)) if "sampling" in options.groups else []
    except JoyflashError as error:
        fail(str(error))
    print(f"{engine.model_name}: {measure.machine_line(here)}; {options.prompts} prompts, {options.seeds} seeds\n")
    print(report(rows, tests))
    if options.out:
        settings = {name: value for name, value in vars(options).items() if name not in ("out", "model")}
        figures = {"model": engine.model_name, "machine": here, "settings": settings}
        measure.write_json(options.out, {**figures, "rows": [asdict(row) for row in rows], "chi_square": tests})
    failures = [row.failure for row in rows if row.failure] + [
        f"unsound: {test}" for test in tests if not test["sound"]
    ]
    for failure in failures:
        print(f"FAILED: {failure}", file=sys.stderr)
    raise SystemExit(1 if failures else 0)


if __name__ == "__main__":
    main()
