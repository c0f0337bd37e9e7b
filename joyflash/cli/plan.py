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
            help="bf16, fp8, int8, int8-block and int4 (as released), int4-g32, int4-g128; with --gpu cpu: int8, int4, "
            "int4-int8; with --train one of these three, for training aware of it. Without: as the folder is."
        ),
    ] = None,
    context: Annotated[int | None, typer.Option(min=1, help="Longest request. Without: the model's own.")] = None,
    concurrency: Annotated[int | None, typer.Option(min=1, help="Requests at once. Without: 8.")] = None,
    mtp: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Drafts a step. Without: 3 if the model has MTP; with --gpu cpu as many as pay, with --train none.",
        ),
    ] = None,
    acceptance: Annotated[
        float | None, typer.Option(help="Probability that a draft is right. Without: 0.607, the report's.")
    ] = None,
    train: Annotated[bool, typer.Option("--train", help="Plan pretraining in place of serving.")] = False,
    tokens: Annotated[
        int | None, typer.Option(min=1, help="With --train: of the whole run. Without: the report's 20.7 T.")
    ] = None,
    batch: Annotated[
        int | None,
        typer.Option(min=1, help="With --train: tokens of a step. Without: the report's 38 M; fewer for a short run."),
    ] = None,
    expert_parallel: Annotated[
        int | None, typer.Option(min=1, help="With --train: GPUs that share one set of experts. Without: the best.")
    ] = None,
    mfu: Annotated[
        float | None, typer.Option(help="With --train: share of the peak that products reach. Without: 0.4.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON: bytes, seconds, tokens.")] = False,
) -> None:
    """Say what fits on which GPUs, how fast it can be, and which command starts it.

    With --train: --context is the length of a row, --mtp 1 adds the MTP loss.
    """
    serving = {"--acceptance": acceptance, "--concurrency": concurrency}
    training = {"--tokens": tokens, "--batch": batch, "--expert-parallel": expert_parallel, "--mfu": mfu}
    for name, value in (serving if train else training).items():
        if value is not None:
            raise ConfigError(f"{name} says nothing {'with' if train else 'without'} --train; leave it out.")
    gpu = gpu and gpu.lower()
    if train:
        _plan_training(
            model,
            gpu,
            count,
            tokens,
            context,
            batch,
            mtp=mtp,
            quantize=quant,
            share=mfu,
            expert_parallel=expert_parallel,
            as_json=as_json,
        )
        return
    from joyflash.hardware import detect, detected_gpu, find_gpu
    from joyflash.kernels.cpu.build import compiler
    from joyflash.plan import ACCEPTANCE, CONCURRENCY, as_dict, cpu_as_dict, plan_cpu, render, render_cpu
    from joyflash.plan import plan as work_out

    concurrency = CONCURRENCY if concurrency is None else concurrency
    if gpu == "cpu":
        if count not in (None, 1) or acceptance is not None:
            raise ConfigError("--gpu cpu is this one machine and says nothing of speed: no --count, no --acceptance.")
        host = plan_cpu(
            model,
            detect(),
            quant=quant,
            context=context,
            concurrency=concurrency,
            mtp=mtp,
            compiled=compiler() is not None,
        )
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


def _plan_training(
    model: str,
    gpu: str | None,
    count: int | None,
    tokens: int | None,
    row: int | None,
    batch: int | None,
    *,
    mtp: int | None,
    quantize: str | None,
    share: float | None,
    expert_parallel: int | None,
    as_json: bool,
) -> None:
    from joyflash.hardware import detect, detected_gpu, find_gpu
    from joyflash.plan import plan_training, render_training, training_as_dict
    from joyflash.plan.training import SHARE, TOKENS

    if gpu == "cpu" or mtp not in (None, 0, 1):
        raise ConfigError("--train plans for GPUs, and there is one MTP layer: --gpu is no cpu, --mtp 0 or 1.")
    device, present = (find_gpu(gpu), 1) if gpu else detected_gpu(detect())
    found = plan_training(
        model,
        device,
        count=count or present,
        tokens=tokens or TOKENS,
        row_tokens=row,
        batch_tokens=batch,
        mtp=bool(mtp),
        quantize=quantize,
        share=SHARE if share is None else share,
        expert_parallel=expert_parallel,
    )
    print(json.dumps(training_as_dict(found), indent=2) if as_json else render_training(found).rstrip("\n"))
