"""`joyflash export`, `quantize`, `merge` and `grow`: model folders in, another out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from joyflash.errors import ConfigError


def export(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="Name of a bundled model, or a model folder.")],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="New folder; for gguf the file to write.")],
    format: Annotated[
        str, typer.Option(help="hf (model type joyai_llm_flash), deepseek_v3 (as stock libraries call it) or gguf.")
    ] = "deepseek_v3",
    dtype: Annotated[
        str | None, typer.Option(help="bf16, f32, f16; for gguf also q8_0. Without: as stored; gguf bf16.")
    ] = None,
    padded: Annotated[
        bool, typer.Option("--padded", help="Pad to latent 512 and rotated width 64, as vLLM's kernels want them.")
    ] = False,
    mtp: Annotated[
        bool | None,
        typer.Option(
            "--mtp/--no-mtp",
            help="Keep the MTP layer. Without: kept, but left out of gguf, as llama.cpp has none.",
            show_default=False,
        ),
    ] = None,
    mtp_shard: Annotated[bool, typer.Option("--mtp-shard", help="Put the MTP layer into a file of its own.")] = False,
) -> None:
    """Write a model for transformers, vLLM, SGLang or llama.cpp."""
    from joyflash.model.loading import model_folder

    source = model_folder(model)
    if format == "gguf":
        from joyflash.interop.gguf_export import export_gguf

        if padded or mtp_shard or mtp:
            raise ConfigError(
                "--padded, --mtp and --mtp-shard are for folders; llama.cpp takes every latent size, and no dense MTP."
            )
        written: Any = export_gguf(source, out, dtype or "bf16", say_left_out=mtp is None)  # pyright: ignore[reportArgumentType]
        if written.kept_f16:
            kinds = sorted({name.removesuffix(".weight").rpartition(".")[2] for name in written.kept_f16})
            print(f"{len(written.kept_f16)} tensors stay float16: rows of {', '.join(kinds)} are no multiple of 32.")
    else:
        from joyflash.convert.export import dtype_of, export_folder, format_of

        written = export_folder(
            source, out, format_of(format), dtype_of(dtype), padded=padded, mtp=mtp, own_mtp_shard=mtp_shard
        )
    print(f"{out}: {written.tensors} tensors, {written.size / 1e6:,.1f} MB")


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
    """Write a model with weights of 8 or 4 bits (compressed-tensors, groups of 32, symmetric).

    Where that costs too much, train for it first: ``quantize`` in a recipe, as in recipes/nano/int4.py.
    """
    from joyflash.convert.quantize import model_type_of, quantize_folder
    from joyflash.model.loading import model_folder
    from joyflash.quantization.policy import HEAD, policy_of

    policy = policy_of(format)
    if head and all(pattern != HEAD for pattern, _ in policy.rules):
        raise ConfigError(f"--format {format} leaves the output head as it is; leave --head out.")
    written, table = quantize_folder(model_folder(model), out, policy, format=model_type_of(model_type), head=head)
    print(table)
    print(f"{out}: {written.tensors} tensors, {written.size / 1e6:,.1f} MB")


def merge(
    models: Annotated[
        list[str],
        typer.Argument(
            metavar="MODEL...",
            help="Two or more of one shape and tokenizer: names of bundled models, or model folders.",
        ),
    ],
    out: Annotated[Path, typer.Option(help="New folder.")],
    weights: Annotated[
        str | None, typer.Option(help="One number for each model, e.g. 1,2,3. Without: all alike.")
    ] = None,
) -> None:
    """Average finished models of one shape, such as the ends of runs that began from one model.

    Model type, token ids, tokenizer and other small files are the last one's. Weights have the narrowest dtype that
    holds every model's: bf16 and f32 give f32.

    A run's own last checkpoints are no models: ``merge`` in its recipe averages those.
    """
    from joyflash.convert.merge import merge_folders
    from joyflash.model.loading import model_folder

    if len(models) < 2:
        raise ConfigError(f"{models[0]} alone has no mean to take; name two models or more.")
    try:
        shares = None if weights is None else [float(weight) for weight in weights.split(",")]
    except ValueError:
        raise ConfigError(f"--weights takes numbers with commas between them, not {weights!r}.") from None
    written = merge_folders([model_folder(model) for model in models], out, shares)
    print(f"{out}: the mean of {len(models)} models, {written.tensors} tensors, {written.size / 1e6:,.1f} MB")


def grow(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="Name of a bundled model, or a model folder.")],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="New folder, in float32 as training wants it.")],
    heads: Annotated[int | None, typer.Option(min=1, help="Attention heads of a layer. Without: as many.")] = None,
    experts_per_token: Annotated[
        int | None, typer.Option(min=1, help="Routed experts that a token takes. Without: as many.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the new heads.")] = 0,
) -> None:
    """Make a larger model that begins as the given one, to train it on."""
    from joyflash.convert.grow import grow_folder
    from joyflash.model.loading import model_folder

    written = grow_folder(model_folder(model), out, heads=heads, experts_per_token=experts_per_token, seed=seed)
    print(f"{out}: {written.tensors} tensors, {written.size / 1e6:,.1f} MB")
