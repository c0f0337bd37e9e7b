"""The command line: one command per job; it parses, calls and prints. Heavy imports wait for their command."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from joyflash import __version__, commands_deploy
from joyflash.errors import ConfigError, JoyflashError

if TYPE_CHECKING:
    from joyflash.engine.async_engine import AsyncEngine


class Commands(TyperGroup):
    """Turns expected errors and those of files into one line on stderr with exit status 2, Ctrl-C into a quiet 130."""

    def invoke(self, ctx: Any) -> Any:
        """Run the chosen command."""
        try:
            return super().invoke(ctx)
        except JoyflashError as error:
            print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
            raise typer.Exit(2) from None
        except KeyboardInterrupt:
            raise typer.Exit(130) from None
        except BrokenPipeError:  # the reader of our output, e.g. `head`, has enough
            sys.stdout = None
            raise typer.Exit(0) from None
        except OSError as error:
            path = f"{error.filename}: " if error.filename else ""
            advice = "Check that the path exists, that you may write there, and that the disk has room."
            print(f"error: {path}{error.strerror or error}. {advice}", file=sys.stderr)
            raise typer.Exit(2) from None


app = typer.Typer(
    cls=Commands, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None
)
tokenizer_app = typer.Typer(no_args_is_help=True, help="Train a tokenizer, or look at what one does.")
data_app = typer.Typer(no_args_is_help=True, help="Turn documents into token shards, and look at data.")
app.add_typer(tokenizer_app, name="tokenizer")
app.add_typer(data_app, name="data")

Model = Annotated[str, typer.Option(help="Name of a bundled model, or a model folder.")]
DataFolder = Annotated[
    Path | None, typer.Option("--data", help="Folder with pretrain/*.jsonl[.gz|.zst]. Without: Python's own texts.")
]
RecipeName = Annotated[str, typer.Argument(metavar="RECIPE", help="Recipe file, e.g. recipes/nano/pretrain.py.")]
RunFolder = Annotated[Path, typer.Option(help="Run folder: log, checkpoints, resulting model.")]
Resume = Annotated[bool, typer.Option("--resume", help="Go on from the newest checkpoint of the run folder.")]
Workers = Annotated[int | None, typer.Option(min=1, help="Rows worked on at once. Without: one per core.")]


@app.callback(invoke_without_command=True)
def root(version: Annotated[bool, typer.Option("--version", help="Show the version and leave.")] = False) -> None:
    """Train, serve and use JoyAI-LLM-Flash-shaped models."""
    if version:
        print(f"joyflash {__version__}")
        raise typer.Exit


@app.command(epilog="Example: joyflash serve --port 8080")
def serve(
    model: Model = "nano",
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes a free one.")] = 8000,
    api_key: Annotated[list[str] | None, typer.Option(help="Key that callers must send; may be repeated.")] = None,
    served_model_name: Annotated[list[str] | None, typer.Option(help="Name to answer under; may be repeated.")] = None,
    any_model_name: Annotated[bool, typer.Option("--any-model-name", help="Answer under every name.")] = False,
    allow_open: Annotated[bool, typer.Option("--allow-open", help="Listen beyond this machine without a key.")] = False,
    free_tool_names: Annotated[
        bool, typer.Option("--free-tool-names", help="Do not hold names in tool calls to the listed ones.")
    ] = False,
    engine: Annotated[str, typer.Option(help="Who serves: joyflash, vllm or sglang.")] = "joyflash",
    gpus: Annotated[int, typer.Option(min=1, help="GPUs that share the model (vllm, sglang).")] = 1,
    context: Annotated[int | None, typer.Option(min=1, help="Longest request. Without: the model's own.")] = None,
    concurrency: Annotated[int | None, typer.Option(min=1, help="Requests at once. Without: the engine's own.")] = None,
    mtp: Annotated[str, typer.Option(help="Tokens that the MTP layer drafts per step: auto, or a number.")] = "auto",
    quantization: Annotated[
        str | None,
        typer.Option(
            help="Weights of fewer bits, made on loading: int8, int4 (experts only), int4-int8. joyflash only."
        ),
    ] = None,
) -> None:
    """Serve a model: OpenAI's API under /v1, a chat page under /."""
    from joyflash.server.run import serve as run
    from joyflash.server.settings import ServerSettings

    drafts = commands_deploy.drafts(mtp)

    def load() -> AsyncEngine:
        from joyflash.engine.async_engine import AsyncEngine
        from joyflash.engine.engine import Engine

        batch: dict[str, Any] = {} if concurrency is None else {"max_batch": concurrency}
        return AsyncEngine(
            Engine.from_pretrained(model, mtp=drafts, max_context=context, quantization=quantization, **batch)
        )

    settings = ServerSettings(
        host=host,
        port=port,
        api_keys=tuple(api_key or ()),
        allow_open=allow_open,
        served_model_names=tuple(served_model_name or ()),
        any_model_name=any_model_name,
        hold_tool_names=not free_tool_names,
    )
    if engine != "joyflash" and quantization is not None:
        raise ConfigError("--quantization is joyflash's own. Give the other engine a folder made by joyflash quantize.")
    if engine != "joyflash":
        commands_deploy.serve_elsewhere(
            engine, model, settings, gpus=gpus, context=context, concurrency=concurrency, mtp=drafts
        )
    if gpus > 1:
        raise ConfigError("joyflash's own engine runs on one device. Leave out --gpus, or use --engine vllm or sglang.")
    run(load, settings)


app.command(epilog="Example: joyflash plan flash_48b_a3b --gpu rtx4090 --count 2 --quant int4")(commands_deploy.plan)


@app.command(epilog='Example: joyflash generate "Which is bigger, 3.5 or 3.12?" --temperature 0')
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


@app.command(epilog="Example: joyflash pretrain recipes/nano/pretrain.py --data my-data --out runs/nano")
def pretrain(
    recipe: RecipeName,
    out: RunFolder,
    data: DataFolder = None,
    resume: Resume = False,
    tokenizer: Annotated[str, typer.Option(help="Model whose tokenizer and template to use.")] = "nano",
    workers: Workers = None,
) -> None:
    """Train a model from fresh weights."""
    from joyflash.train.pretrain import run
    from joyflash.train.recipe import load_recipe

    folder = run(load_recipe(recipe), data=data, out=out, resume=resume, tokenizer=tokenizer, workers=workers)
    print(f"The model is in {folder}. Try it: joyflash generate --model {folder} --raw 'Once upon a time'")


@app.command(
    epilog="Example: joyflash sft recipes/nano/sft.py --start runs/nano/model --data my-data --out runs/nano-sft"
)
def sft(
    recipe: RecipeName,
    start: Annotated[str, typer.Option(help="The model to start from.")],
    out: RunFolder,
    data: DataFolder = None,
    resume: Resume = False,
    workers: Workers = None,
) -> None:
    """Fine-tune a model on conversations."""
    from joyflash.train.recipe import load_recipe
    from joyflash.train.sft import run

    folder = run(load_recipe(recipe), start=start, data=data, out=out, resume=resume, workers=workers)
    print(f"The model is in {folder}. Try it: joyflash serve --model {folder}")


@app.command("eval", epilog="Example: joyflash eval --suite examples --base-url http://127.0.0.1:8000/v1 -o runs/eval")
def evaluate(
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Folder for answers and report; a killed run goes on.")
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


@app.command(epilog="Example: joyflash export nano nano-vllm --format deepseek_v3 --dtype bf16 --padded")
def export(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="Name of a bundled model, or a model folder.")],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="New folder; for gguf the file to write.")],
    format: Annotated[
        str, typer.Option(help="hf (model type joyai_llm_flash), deepseek_v3 (as stock libraries call it) or gguf.")
    ] = "deepseek_v3",
    dtype: Annotated[
        str | None, typer.Option(help="bf16, f32, f16; for gguf also q8_0, q4_k. Without: as stored; gguf bf16.")
    ] = None,
    padded: Annotated[
        bool, typer.Option("--padded", help="Pad to latent 512 and rotated width 64, as vLLM's kernels want them.")
    ] = False,
    mtp: Annotated[bool, typer.Option("--mtp/--no-mtp", help="Keep the MTP layer (llama.cpp never gets it).")] = True,
    mtp_shard: Annotated[bool, typer.Option("--mtp-shard", help="Put the MTP layer into a file of its own.")] = False,
) -> None:
    """Write a model for transformers, vLLM, SGLang or llama.cpp."""
    from joyflash.model.loading import model_folder

    source = model_folder(model)
    if format == "gguf":
        from joyflash.interop.gguf_export import export_gguf

        if padded or mtp_shard:
            raise ConfigError(
                "--padded and --mtp-shard are for folders; llama.cpp takes every latent size, and no MTP."
            )
        written: Any = export_gguf(source, out, dtype or "bf16")  # pyright: ignore[reportArgumentType]
    else:
        from joyflash.convert.export import dtype_of, export_folder, format_of

        written = export_folder(
            source, out, format_of(format), dtype_of(dtype), padded=padded, mtp=mtp, own_mtp_shard=mtp_shard
        )
    print(f"{out}: {written.tensors} tensors, {written.size / 1e6:,.1f} MB")


@app.command(epilog="Example: joyflash quantize my-model my-model-int4 --format int4")
def quantize(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="Name of a bundled model, or a model folder.")],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="New folder.")],
    format: Annotated[
        str, typer.Option(help="int8 (all matrices), int4 (routed experts only), int4-int8 (experts, other matrices).")
    ] = "int8",
    model_type: Annotated[
        str, typer.Option(help="hf (model type joyai_llm_flash) or deepseek_v3 (as stock libraries call it).")
    ] = "hf",
    head: Annotated[
        bool,
        typer.Option("--head", help="With int8 and int4-int8 the output head too; other engines cannot read that."),
    ] = False,
) -> None:
    """Write a model with weights of 8 or 4 bits (compressed-tensors, groups of 32, symmetric)."""
    from joyflash.convert.quantize import model_type_of, quantize_folder
    from joyflash.model.loading import model_folder
    from joyflash.quantization.policy import policy_of

    written, table = quantize_folder(
        model_folder(model), out, policy_of(format), format=model_type_of(model_type), head=head
    )
    print(table)
    print(f"{out}: {written.tensors} tensors, {written.size / 1e6:,.1f} MB")


@tokenizer_app.command("train", epilog="Example: joyflash tokenizer train --data my-data --out my-tokenizer")
def tokenizer_train(
    out: Annotated[Path, typer.Option(help="Folder for the new tokenizer.")],
    data: DataFolder = None,
    vocab_size: Annotated[int, typer.Option(help="Exact number of entries.")] = 8192,
    like: Annotated[str, typer.Option(help="Model whose control tokens and template to take over.")] = "nano",
    characters: Annotated[int, typer.Option(help="How much text to learn from.")] = 20_000_000,
) -> None:
    """Train a byte-level BPE tokenizer."""
    from joyflash.data.documents import corpora
    from joyflash.data.tokenizer_training import train_tokenizer
    from joyflash.model.loading import model_folder

    train_tokenizer(corpora(data), out, like=model_folder(like), vocab_size=vocab_size, characters=characters)
    print(f"The tokenizer is in {out}.")


@tokenizer_app.command("encode", epilog='Example: joyflash tokenizer encode "naïve 北京 9.11"')
def tokenizer_encode(text: Annotated[str, typer.Argument(help="Text to cut.")], model: Model = "nano") -> None:
    """Show the tokens of a text, one a line: id and bytes."""
    from joyflash.model.loading import model_folder
    from joyflash.text.tokenizer import Tokenizer

    tokenizer = Tokenizer.from_pretrained(model_folder(model))
    ids = tokenizer.encode(text)
    for token in ids:
        print(f"{token:6d}  {tokenizer.token_bytes(token).decode('utf-8', 'backslashreplace')!r}")
    print(f"{len(ids)} tokens, {len(text.encode('utf-8', 'replace'))} bytes")


@data_app.command("build", epilog="Example: joyflash data build --data my-data --out shards --workers 2")
def data_build(
    out: Annotated[Path, typer.Option(help="Folder for the shards.")],
    data: DataFolder = None,
    tokenizer: Annotated[str, typer.Option(help="Model whose tokenizer to use.")] = "nano",
    source: Annotated[list[str] | None, typer.Option(help="Only this source; may be repeated.")] = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes.")] = 1,
) -> None:
    """Tokenise documents into shards; what is up to date is left alone."""
    from joyflash.data.documents import corpora
    from joyflash.data.shards import build_shards, tokenizer_fingerprint
    from joyflash.model.loading import model_folder
    from joyflash.text.tokenizer import Tokenizer

    folder = model_folder(tokenizer)
    build_shards(
        corpora(data, source or None),
        Tokenizer.from_pretrained(folder),
        out,
        fingerprint=tokenizer_fingerprint(folder),
        workers=workers,
        on_done=lambda key: print(f"{key}: ready", flush=True),
    )


@data_app.command("show", epilog="Example: joyflash data show shards")
def data_show(shards: Annotated[Path, typer.Argument(help="Folder that `data build` wrote.")]) -> None:
    """List the shards of a folder: documents, tokens, bytes per token."""
    from joyflash.data.shards import PARTS, find_indexes, open_shards

    indexes = find_indexes(shards)
    print(f"{'shard':40} {'part':5} {'documents':>10} {'tokens':>12} {'bytes/token':>11}")
    for index in indexes:
        for part in PARTS:
            (shard,) = open_shards([index], part)
            tokens = len(shard.tokens_N)
            rate = shard.bytes_D.sum() / tokens if tokens else 0.0
            print(f"{index.stem:40} {part:5} {len(shard):10d} {tokens:12d} {rate:11.2f}")


@data_app.command("check", epilog="Example: joyflash data check my-data/chat/talks.jsonl")
def data_check(file: Annotated[Path, typer.Argument(help="Chat file, one conversation a line.")]) -> None:
    """Check a chat file; exit status 1 and a list of lines where rows are bad."""
    from joyflash.data.conversations import read_conversations

    good, bad = read_conversations(file)
    for row in bad:
        print(f"line {row.line}: {row.reason}")
    print(f"{len(good)} good rows, {len(bad)} bad rows")
    if bad:
        raise typer.Exit(1)


def main() -> None:
    """Entry point of the `joyflash` script."""
    app()
