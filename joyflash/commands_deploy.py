"""Commands for other hardware and other engines: `joyflash plan`, and `joyflash serve --engine vllm|sglang`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from joyflash.errors import ConfigError

if TYPE_CHECKING:
    from joyflash.server.settings import ServerSettings


def plan(
    model: Annotated[str, typer.Argument(help="A model folder, a bundled model, or a preset: flash_48b_a3b, nano.")],
    gpu: Annotated[str | None, typer.Option(help="Kind of GPU, e.g. rtx4090, h100. Without: this machine's.")] = None,
    count: Annotated[
        int | None, typer.Option(min=1, help="GPUs that share the model. Without: 1, or all here.")
    ] = None,
    quant: Annotated[str, typer.Option(help="bf16, fp8, int8, int4 (as released), int4-g32, int4-g128.")] = "bf16",
    context: Annotated[int | None, typer.Option(min=1, help="Longest request. Without: the model's own.")] = None,
    concurrency: Annotated[int, typer.Option(min=1, help="Requests at once.")] = 8,
    mtp: Annotated[int | None, typer.Option(min=0, help="Drafts a step. Without: 3 if the model has MTP.")] = None,
    acceptance: Annotated[float, typer.Option(help="Probability that a draft is right.")] = 0.607,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON: bytes, seconds, tokens.")] = False,
) -> None:
    """Say what fits on which GPUs, how fast it can be, and which command starts it."""
    from joyflash.hardware import detect, detected_gpu, find_gpu
    from joyflash.plan import as_dict, render
    from joyflash.plan import plan as work_out

    device, present = (find_gpu(gpu), 1) if gpu else detected_gpu(detect())
    found = work_out(
        model,
        device,
        count=count or present,
        quant=quant,
        context=context,
        concurrency=concurrency,
        mtp=mtp,
        acceptance=acceptance,
    )
    print(json.dumps(as_dict(found), indent=2) if as_json else render(found).rstrip("\n"))


def drafts(text: str) -> int | None:
    """The value of ``--mtp``: None for ``auto``, else a number; ConfigError for anything else."""
    if text == "auto":
        return None
    if not text.isascii() or not text.isdigit():
        raise ConfigError(f"--mtp is {text!r}; it takes auto or a number of drafts, 0 for none.")
    return int(text)


def serve_elsewhere(
    engine: str,
    model: str,
    settings: ServerSettings,
    *,
    gpus: int,
    context: int | None,
    concurrency: int | None,
    mtp: int | None,
) -> NoReturn:
    """Replace this process by vLLM's or SGLang's server for the same model and address.

    Raises:
        ConfigError: the engine is unknown or cannot do what is asked; nothing is ignored.
        MissingExtraError: the engine is not installed.
    """
    from joyflash.plan.estimate import DEFAULT_MTP
    from joyflash.plan.launch import ENGINES, OTHER_ENGINES, LaunchSettings, launch, start
    from joyflash.plan.weights import divides_width, open_checkpoint
    from joyflash.server.auth import check_exposure

    if engine not in OTHER_ENGINES:
        raise ConfigError(f"No engine is called {engine!r}; there are {', '.join(ENGINES)}.")
    refused: Mapping[str, bool] = {
        "--any-model-name": settings.any_model_name,
        "--free-tool-names": not settings.hold_tool_names,
        "--port 0": settings.port == 0,
    }
    for option, given in refused.items():
        if given:
            raise ConfigError(f"{OTHER_ENGINES[engine]} cannot do {option}. Leave it out, or use --engine joyflash.")
    check_exposure(settings)
    checkpoint = open_checkpoint(model)
    if not checkpoint.real:
        raise ConfigError(f"{model} is a preset without weights; give the folder that holds them.")
    has_mtp = checkpoint.config.num_nextn_predict_layers > 0
    if mtp and not has_mtp:
        raise ConfigError(f"--mtp is {mtp}, but {model} has no MTP layer. Leave it out or pass 0.")
    command = launch(
        engine,
        LaunchSettings(
            checkpoint.path,
            host=settings.host,
            port=settings.port,
            api_keys=settings.api_keys,
            served_names=settings.served_model_names or (checkpoint.name,),
            gpus=gpus,
            context=context,
            concurrency=concurrency,
            mtp=(DEFAULT_MTP if has_mtp else 0) if mtp is None else mtp,
            whole_experts=not divides_width(checkpoint.config, "bf16", gpus),
        ),
    )
    start(command)
