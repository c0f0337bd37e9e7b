"""`joyflash generate`: answers on the terminal."""

from __future__ import annotations

from typing import Annotated

import typer

from joyflash.cli.options import Model


def generate(
    prompt: Annotated[str, typer.Argument(help="What the user says; with --raw: the text to continue.")],
    model: Model = "nano",
    max_tokens: Annotated[int, typer.Option(help="At most so many new tokens.")] = 512,
    temperature: Annotated[float, typer.Option(help="0 always takes the most likely token.")] = 0.6,
    top_p: Annotated[float, typer.Option(help="Keep the most likely tokens up to this share.")] = 1.0,
    seed: Annotated[int | None, typer.Option(help="The same seed gives the same text.")] = None,
    raw: Annotated[bool, typer.Option("--raw", help="Continue the text instead of answering it.")] = False,
) -> None:
    """Answer one prompt on the terminal, as it is generated."""
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
