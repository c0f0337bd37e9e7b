"""`joyflash plan`: what fits where, how fast, and which command starts it."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from joyflash.errors import ConfigError


def plan(
    model: Annotated[str, typer.Argument(help="A model folder, a bundled model, or a preset: flash_48b_a3b, nano.")],
    gpu: Annotated[
        str | None, typer.Option(help="Kind of GPU, e.g. rtx4090, h100, or cpu. Without: this machine's GPU.")
    ] = None,
    count: Annotated[
        int | None, typer.Option(min=1, help="GPUs that share the model. Without: 1, or all here.")
    ] = None,
    quant: Annotated[
        str | None,
        typer.Option(
            help="bf16, fp8, int8, int4 (as released), int4-g32, int4-g128; with --gpu cpu: int8, int4, int4-int8. "
            "Without: as the folder is."
        ),
    ] = None,
    context: Annotated[int | None, typer.Option(min=1, help="Longest request. Without: the model's own.")] = None,
    concurrency: Annotated[int, typer.Option(min=1, help="Requests at once.")] = 8,
    mtp: Annotated[int | None, typer.Option(min=0, help="Drafts a step. Without: 3 if the model has MTP.")] = None,
    acceptance: Annotated[
        float | None, typer.Option(help="Probability that a draft is right. Without: 0.607, the report's.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON: bytes, seconds, tokens.")] = False,
) -> None:
    """Say what fits on which GPUs, how fast it can be, and which command starts it."""
    from joyflash.hardware import detect, detected_gpu, find_gpu
    from joyflash.plan import ACCEPTANCE, as_dict, cpu_as_dict, plan_cpu, render, render_cpu
    from joyflash.plan import plan as work_out

    if gpu == "cpu":
        if count not in (None, 1) or acceptance is not None:
            raise ConfigError("--gpu cpu is this one machine and says nothing of speed: no --count, no --acceptance.")
        host = plan_cpu(model, detect(), quant=quant, context=context, concurrency=concurrency, mtp=mtp)
        print(json.dumps(cpu_as_dict(host), indent=2) if as_json else render_cpu(host).rstrip("\n"))
        return
    device, present = (find_gpu(gpu), 1) if gpu else detected_gpu(detect())
    found = work_out(
        model,
        device,
        count=count or present,
        quant=quant,
        context=context,
        concurrency=concurrency,
        mtp=mtp,
        acceptance=ACCEPTANCE if acceptance is None else acceptance,
    )
    print(json.dumps(as_dict(found), indent=2) if as_json else render(found).rstrip("\n"))
