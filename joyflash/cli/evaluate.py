"""`joyflash eval`: score a served model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def evaluate(
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            help="Folder for answers and report. A killed run goes on; answers are kept by the model's name, so new "
            "weights under an old name need --fresh.",
        ),
    ],
    suite: Annotated[
        str, typer.Option(help="heldout, families, paraphrases, examples, or smoke (held-out and paraphrases).")
    ] = "smoke",
    base_url: Annotated[str, typer.Option(help="Any OpenAI-compatible server.")] = "http://127.0.0.1:8000/v1",
    model: Annotated[str, typer.Option(help="Model name to ask for.")] = "nano",
    seeds: Annotated[int, typer.Option(min=1, help="Ask everything under the seeds 0 to N - 1.")] = 1,
    temperature: Annotated[float, typer.Option(help="Sampling temperature.")] = 0.6,
    top_p: Annotated[float, typer.Option(help="Nucleus.")] = 1.0,
    max_tokens: Annotated[int, typer.Option(help="At most so many tokens an answer.")] = 512,
    concurrency: Annotated[int, typer.Option(min=1, help="Requests in flight.")] = 8,
    limit: Annotated[int | None, typer.Option(min=1, help="Only so many prompts, spread over the suite.")] = None,
    api_key: Annotated[str | None, typer.Option(help="Key of the server.")] = None,
    plot: Annotated[bool, typer.Option("--plot", help="Draw accuracy against tokens.")] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget the answers kept in the folder.")] = False,
) -> None:
    """Score a served model: accuracy, standard error, tokens per answer."""
    from rich.progress import Progress

    from joyflash.evaluation import run_suite

    with Progress(transient=True) as progress:
        task = progress.add_task(suite)
        run_suite(
            suite,
            base_url=base_url,
            model=model,
            output=output,
            seeds=tuple(range(seeds)),
            temperature=temperature,
            top_p=top_p,
            max_tokens=max_tokens,
            concurrency=concurrency,
            limit=limit,
            api_key=api_key,
            plot=plot,
            fresh=fresh,
            on_progress=lambda done, total: progress.update(task, completed=done, total=total),
        )
    print((output / "report.txt").read_text(encoding="utf-8"), end="")
