"""`joyflash generate`: an answer on the terminal, or a file of prompts to a file of answers."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from joyflash.cli.options import Model
from joyflash.errors import ConfigError


def generate(
    prompt: Annotated[
        str, typer.Argument(help="What the user says; with --raw: the text to continue; with -o: a file.")
    ],
    model: Model = "nano",
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="Answer all lines of the file PROMPT (OpenAI's batch format, or prompts) into this one.",
        ),
    ] = None,
    max_tokens: Annotated[int, typer.Option(help="At most so many new tokens.")] = 512,
    temperature: Annotated[float, typer.Option(help="0 always takes the most likely token.")] = 0.6,
    top_p: Annotated[float, typer.Option(help="Keep the most likely tokens up to this share.")] = 1.0,
    seed: Annotated[int | None, typer.Option(help="The same seed gives the same text.")] = None,
    raw: Annotated[bool, typer.Option("--raw", help="Continue the text instead of answering it.")] = False,
    concurrency: Annotated[
        int | None, typer.Option(min=1, help="With -o: sequences that run at once. Without: 32.")
    ] = None,
) -> None:
    """Answer one prompt as it is generated; with -o answer a file, and after a kill go on where it stopped."""
    if output is not None:
        if raw:
            raise ConfigError("--raw goes with a single prompt; lines of a file are chat requests. Leave it out.")
        defaults = {"max_tokens": max_tokens, "temperature": temperature, "top_p": top_p, "seed": seed}
        _batch(Path(prompt), output, model, concurrency or 32, defaults)
        return
    if concurrency is not None:
        raise ConfigError("--concurrency goes with -o; a single prompt runs alone. Leave it out.")
    from joyflash.engine.engine import Engine
    from joyflash.engine.request import Request, SamplingParams

    params = SamplingParams(temperature=temperature, top_p=top_p, max_tokens=max_tokens, seed=seed)
    engine = Engine.from_pretrained(model)
    ids = engine.encode_prompt(prompt if raw else [{"role": "user", "content": prompt}])
    engine.submit(Request(ids, params))
    while engine.has_work:
        for delta in engine.step():
            if delta.error is not None:
                raise delta.error
            print(delta.text, end="", flush=True)
    print()


def _batch(path: Path, output: Path, model: str, concurrency: int, defaults: dict[str, Any]) -> None:
    """Answer a file; exit status 1 when lines were bad."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    from joyflash.server.batch import run_batch
    from joyflash.server.batch_lines import read_batch

    def load() -> Any:
        from joyflash.engine.async_engine import AsyncEngine
        from joyflash.engine.engine import Engine

        return AsyncEngine(Engine.from_pretrained(model, max_batch=concurrency), max_waiting=1_000_000)

    lines = read_batch(path, {name: value for name, value in defaults.items() if value is not None})
    columns = (MofNCompleteColumn(), BarColumn(), TimeRemainingColumn(elapsed_when_finished=True))
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("lines", total=len(lines))
        report = run_batch(
            load, lines, output, concurrency=2 * concurrency,
            on_progress=lambda done, total: progress.update(task, completed=done, total=total),
        )  # fmt: skip
    for number, reason in sorted(report.faults):
        print(f"{path} line {number}: {reason}", file=sys.stderr)
    rate = report.tokens / report.seconds if report.seconds else 0.0
    print(
        f"{output}: {report.answered} answered, {report.failed} bad, {report.skipped} done before "
        f"({report.skipped_failed} of them bad); {report.tokens} tokens in {report.seconds:.1f} s, {rate:,.0f} a second"
    )
    if report.failed or report.skipped_failed:
        raise typer.Exit(1)
