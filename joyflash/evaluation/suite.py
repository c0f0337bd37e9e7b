"""The named suites and `run_suite`, which runs one and writes its report."""

from __future__ import annotations

import dataclasses
import json
import random
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from joyflash.errors import ConfigError
from joyflash.evaluation.cache import AnswerCache
from joyflash.evaluation.client import ChatClient
from joyflash.evaluation.families import family_suite
from joyflash.evaluation.item import EvalItem
from joyflash.evaluation.report import Row, as_json, as_markdown, as_text, make_rows, save_plot
from joyflash.evaluation.runner import Result, Sampling, run_items
from joyflash.evaluation.tasks import LANGUAGES, example_suite, heldout_suite


def _heldout(seed: int) -> list[EvalItem]:
    return [item for language in LANGUAGES for item in heldout_suite(language, seed)]


def _families(seed: int) -> list[EvalItem]:
    return [item for language in LANGUAGES for item in family_suite(language, seed)]


def _paraphrases(seed: int) -> list[EvalItem]:
    return example_suite("examples_paraphrases.jsonl")


def _examples(seed: int) -> list[EvalItem]:
    return example_suite("examples_original.jsonl")


SUITES: Mapping[str, Callable[[int], list[EvalItem]]] = {
    "smoke": lambda seed: [*_heldout(seed), *_paraphrases(seed)],
    "heldout": _heldout,
    "families": _families,
    "paraphrases": _paraphrases,
    "examples": _examples,
}
"""Name -> seed of the slot values -> items: the bundled model's held-out prompts (560 a language), tool calls in known
phrasings under seen and new names (600 a language), twenty paraphrases of the two examples, held-out prompts and
paraphrases together (``smoke``), and the two examples themselves."""


def run_suite(
    suite: str,
    *,
    base_url: str,
    model: str,
    output: Path,
    seeds: Sequence[int] = (0,),
    temperature: float = 0.6,
    top_p: float = 1.0,
    max_tokens: int = 512,
    api_key: str | None = None,
    concurrency: int = 8,
    timeout: float = 300.0,
    items_seed: int = 0,
    limit: int | None = None,
    plot: bool = False,
    fresh: bool = False,
    extra: Mapping[str, Any] | None = None,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[Row]:
    """Run a suite against an OpenAI-compatible server and write the report into the folder ``output``.

    Writes ``answers.jsonl`` (the cache: a run that was killed goes on from it), ``results.jsonl`` (every prompt with
    its answer and score), ``report.txt``, ``report.md``, ``report.json`` and, if asked, ``accuracy_vs_tokens.png``.
    Kept answers belong to a model's *name*: after new weights use another folder, or ``fresh``.

    Args:
        suite: one of `SUITES`.
        seeds: sampling seeds; every item is asked once under each.
        items_seed: seed of the slot values and of the order of scenarios.
        limit: ask only so many items, spread evenly over the suite; None = all.
        plot: draw accuracy against tokens (needs matplotlib).
        fresh: forget the answers kept in ``output``.
        extra: further fields for every request body.
        on_progress: called with the number of answers so far and of all.

    Raises:
        ConfigError: no such suite, or numbers that make no sense.
        ServerUnreachableError, ModelNotFoundError: before the first prompt or when the server goes away.
    """
    if suite not in SUITES:
        raise ConfigError(f"There is no suite '{suite}': choose one of {', '.join(SUITES)}.")
    if not seeds or concurrency < 1 or (limit is not None and limit < 1):
        raise ConfigError("An evaluation needs at least one seed, one request at a time, and one item.")
    items = _spread(SUITES[suite](items_seed), limit)
    client = ChatClient(base_url, model, api_key=api_key, timeout=timeout)
    try:
        client.check()
        answers = output / "answers.jsonl"
        if fresh:
            answers.unlink(missing_ok=True)
        cache = AnswerCache(answers)
        done, start = 0, time.perf_counter()

        def count(result: Result) -> None:
            nonlocal done
            done += 1
            on_progress(done, len(items) * len(seeds))

        sampling = Sampling(temperature, top_p, max_tokens, dict(extra or {}))
        try:
            results = run_items(
                items, client, cache, sampling=sampling, seeds=seeds, concurrency=concurrency, on_result=count
            )
        finally:
            cache.close()
    finally:
        client.close()
    rows = make_rows(results)
    run = {
        "suite": suite, "model": model, "temperature": temperature, "top_p": top_p, "max_tokens": max_tokens,
        "seeds": list(seeds), "items_seed": items_seed, "shots": 0, "in_flight": concurrency, "answers": len(results),
        "answers_kept_from_before": cache.found, "wall_seconds": round(time.perf_counter() - start, 1), **(extra or {}),
    }  # fmt: skip
    (output / "report.txt").write_text(as_text(rows) + "\n", encoding="utf-8")
    (output / "report.md").write_text(as_markdown(rows, run), encoding="utf-8")
    (output / "report.json").write_text(as_json(rows, run), encoding="utf-8")
    _write_results(results, output / "results.jsonl")
    if plot:
        save_plot(rows, output / "accuracy_vs_tokens.png")
    return rows


def _spread(items: list[EvalItem], limit: int | None) -> list[EvalItem]:
    if limit is None or limit >= len(items):
        return items
    # Drawn, as suites take turns: every tenth of their items may be of one kind.
    return [items[number] for number in sorted(random.Random(0).sample(range(len(items)), limit))]


def _write_results(results: Sequence[Result], path: Path) -> None:
    with path.open("w", encoding="utf-8") as file:
        for result in results:
            row = {
                "id": result.item.id, "seed": result.seed, "score": result.score,
                "answer": dataclasses.asdict(result.answer), "expect": result.item.expect,
                "messages": list(result.item.messages), "tools": list(result.item.tools),
            }  # fmt: skip
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
