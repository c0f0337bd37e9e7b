"""`joyflash serve`: our own engine, or vLLM or SGLang on the same model and address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from joyflash.cli.options import Model
from joyflash.errors import ConfigError

if TYPE_CHECKING:
    from joyflash.engine.async_engine import AsyncEngine
    from joyflash.model.config import ModelConfig
    from joyflash.server.settings import ServerSettings


class LogFormat(StrEnum):
    """What the request log looks like."""

    off = "off"
    text = "text"
    json = "json"


def serve(
    model: Model = "nano",
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes a free one.")] = 8000,
    api_key: Annotated[
        list[str] | None,
        typer.Option(help="Key that callers must send; may be repeated.", envvar="JOYFLASH_API_KEY"),
    ] = None,
    served_model_name: Annotated[list[str] | None, typer.Option(help="Name to answer under; may be repeated.")] = None,
    any_model_name: Annotated[bool, typer.Option("--any-model-name", help="Answer under every name.")] = False,
    allow_open: Annotated[
        bool, typer.Option("--allow-open", help="Without a key, let other machines and web pages in.")
    ] = False,
    free_tool_calls: Annotated[
        bool, typer.Option("--free-tool-calls", help="Do not hold tool calls to the listed tools and their schemas.")
    ] = False,
    max_requests: Annotated[
        int, typer.Option(min=1, help="Requests in flight, waiting ones too, beyond which callers get 429.")
    ] = 256,
    max_prompt_tokens: Annotated[
        int, typer.Option(min=1, help="Tokens of their prompts together, beyond which callers get 429.")
    ] = 1_048_576,
    drain_seconds: Annotated[
        float, typer.Option(min=0, help="How long running requests may go on after SIGTERM.")
    ] = 30.0,
    keep_alive_seconds: Annotated[
        float, typer.Option(min=0.01, help="Silence on a stream after which a sign of life is sent.")
    ] = 15.0,
    files: Annotated[
        str | None,
        typer.Option(help="Folder of uploads and batches, which then outlive the server. Without: a temporary one."),
    ] = None,
    log_format: Annotated[
        LogFormat, typer.Option(help="A line for every request on standard error, without its text.")
    ] = LogFormat.off,
    log_bodies: Annotated[
        bool, typer.Option("--log-bodies", help="Put the bodies of requests, prompts included, into the log.")
    ] = False,
    engine: Annotated[str, typer.Option(help="Who serves: joyflash, vllm or sglang.")] = "joyflash",
    gpus: Annotated[int, typer.Option(min=1, help="GPUs that share the model (vllm, sglang).")] = 1,
    context: Annotated[int | None, typer.Option(min=1, help="Longest request. Without: the model's own.")] = None,
    concurrency: Annotated[int | None, typer.Option(min=1, help="Requests at once. Without: the engine's own.")] = None,
    cache_tokens: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Tokens that the cache holds for all requests together; one that needs more is refused. "
            "Without: the context of each at once, up to 131,072 or one whole context. joyflash only.",
        ),
    ] = None,
    mtp: Annotated[str, typer.Option(help="Tokens that the MTP layer drafts per step: auto, or a number.")] = "auto",
    quantization: Annotated[
        str | None,
        typer.Option(
            help="Weights of fewer bits, made on loading: int8, int4 (experts only), int4-int8. joyflash only."
        ),
    ] = None,
    batch_invariant: Annotated[
        bool,
        typer.Option(
            help="On a CPU: equal seeds give equal texts whatever else is served. Without, long prompts are faster."
        ),
    ] = True,
) -> None:
    """Serve a model: OpenAI's API under /v1, a chat page under /."""
    from joyflash.server.run import serve as run
    from joyflash.server.settings import ServerSettings

    draft_count = drafts(mtp)

    def load() -> AsyncEngine:
        from joyflash.engine.async_engine import AsyncEngine
        from joyflash.engine.engine import Engine
        from joyflash.model.config import ModelConfig
        from joyflash.model.loading import model_folder

        check_context(model, ModelConfig.from_folder(model_folder(model)), context)
        batch: dict[str, Any] = {} if concurrency is None else {"max_batch": concurrency}
        loaded = Engine.from_pretrained(
            model,
            mtp=draft_count,
            max_context=context,
            cache_tokens=cache_tokens,
            quantization=quantization,
            batch_invariant=batch_invariant,
            **batch,
        )
        return AsyncEngine(loaded, max_waiting=max(256, max_requests))

    settings = ServerSettings(
        host=host,
        port=port,
        api_keys=tuple(api_key or ()),
        allow_open=allow_open,
        served_model_names=tuple(served_model_name or ()),
        any_model_name=any_model_name,
        hold_calls=not free_tool_calls,
        max_requests=max_requests,
        max_prompt_tokens=max_prompt_tokens,
        drain_seconds=drain_seconds,
        keep_alive_seconds=keep_alive_seconds,
        files_folder=files,
        log_format=log_format.value,
        log_bodies=log_bodies,
    )
    if log_bodies and log_format is LogFormat.off:
        raise ConfigError("--log-bodies needs a log; add --log-format json or text.")
    if engine != "joyflash" and cache_tokens is not None:
        raise ConfigError("--cache-tokens is joyflash's own; the other engines fill the memory of their GPUs.")
    if engine != "joyflash" and quantization is not None:
        raise ConfigError("--quantization is joyflash's own. Give the other engine a folder made by joyflash quantize.")
    if engine != "joyflash" and not batch_invariant:
        raise ConfigError("--no-batch-invariant is joyflash's own; the other engines have switches of theirs.")
    if engine != "joyflash":
        serve_elsewhere(engine, model, settings, gpus=gpus, context=context, concurrency=concurrency, mtp=draft_count)
    if gpus > 1:
        raise ConfigError("joyflash's own engine runs on one device. Leave out --gpus, or use --engine vllm or sglang.")
    run(load, settings)


def drafts(text: str) -> int | None:
    """The value of ``--mtp``: None for ``auto``, else a number; ConfigError for anything else."""
    if text == "auto":
        return None
    if not text.isascii() or not text.isdigit():
        raise ConfigError(f"--mtp is {text!r}; it takes auto or a number of drafts, 0 for none.")
    return int(text)


def check_context(model: str, config: ModelConfig, context: int | None) -> None:
    """Raise ConfigError for a ``--context`` of more tokens than the model has positions; the engine would cut it."""
    known = config.max_position_embeddings
    if context is not None and context > known:
        raise ConfigError(f"--context is {context}; {model} knows {known} positions. Give no more, or leave it out.")


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
    from joyflash.plan.checkpoint import open_checkpoint
    from joyflash.plan.estimate import DEFAULT_MTP
    from joyflash.plan.handover import obstacle
    from joyflash.plan.launch import ENGINES, OTHER_ENGINES, LaunchSettings, launch, start
    from joyflash.plan.weights import cut_blocks
    from joyflash.server.auth import check_exposure

    if engine not in OTHER_ENGINES:
        raise ConfigError(f"No engine is called {engine!r}; there are {', '.join(ENGINES)}.")
    refused: Mapping[str, bool] = {
        "--any-model-name": settings.any_model_name,
        "--free-tool-calls": not settings.hold_calls,
        "--port 0": settings.port == 0,
    }
    for option, given in {**refused, **_own_options(settings)}.items():
        if given:
            raise ConfigError(f"{OTHER_ENGINES[engine]} cannot do {option}. Leave it out, or use --engine joyflash.")
    check_exposure(settings)
    checkpoint = open_checkpoint(model, elsewhere=True)
    if not checkpoint.real:
        raise ConfigError(f"{model} is a preset without weights; give the folder that holds them.")
    check_context(model, checkpoint.config, context)
    has_mtp = checkpoint.config.num_nextn_predict_layers > 0
    if mtp and not has_mtp:
        raise ConfigError(f"--mtp is {mtp}, but {model} has no MTP layer. Leave it out or pass 0.")
    if (reason := obstacle(engine, checkpoint, "bf16", gpus)) is not None:
        raise ConfigError(reason)
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
            whole_experts="expert" in cut_blocks(checkpoint, "bf16", gpus),
        ),
    )
    start(command)


def _own_options(settings: ServerSettings) -> dict[str, bool]:
    """Options of joyflash's own server, and whether they were given."""
    own = (
        "files_folder",
        "max_requests",
        "max_prompt_tokens",
        "drain_seconds",
        "keep_alive_seconds",
        "log_format",
        "log_bodies",
    )
    usual = {field.name: field.default for field in fields(settings)}
    flags = {name: "--files" if name == "files_folder" else f"--{name.replace('_', '-')}" for name in own}
    return {flags[name]: getattr(settings, name) != usual[name] for name in own}
