"""`joyflash tokenizer` and `joyflash data`: tokenizers, shards and chat files."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from joyflash.cli.options import DataFolder, Model
from joyflash.errors import ConfigError

tokenizer_app = typer.Typer(no_args_is_help=True, help="Train a tokenizer, or look at what one does.")
data_app = typer.Typer(no_args_is_help=True, help="Turn documents into token shards, and look at data.")


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


@data_app.command("check", epilog="Example: joyflash data check my-data/chat/talks.jsonl --row-tokens 8192")
def data_check(
    file: Annotated[Path, typer.Argument(help="Chat file, one conversation a line.")],
    form: Annotated[
        str, typer.Option("--format", help="messages, sharegpt, alpaca, or auto: by the fields of each row.")
    ] = "auto",
    model: Annotated[str, typer.Option(help="Model whose tokenizer and template render the rows.")] = "nano",
    row_tokens: Annotated[
        int | None, typer.Option(min=1, help="Tokens of a training row: longer conversations are counted.")
    ] = None,
    bad_rows: Annotated[str, typer.Option(help="refuse: exit status 1 where there are bad rows; or skip.")] = "refuse",
) -> None:
    """Check a chat or preference file as training reads it: bad rows by line, then what the good ones hold."""
    from joyflash.data.conversations import read_conversations, render_conversation
    from joyflash.data.jsonl import read_lines
    from joyflash.data.preferences import is_preference, read_preferences
    from joyflash.model.loading import model_folder
    from joyflash.text.template import ChatTemplate
    from joyflash.text.tokenizer import Tokenizer

    if bad_rows not in ("refuse", "skip"):
        raise ConfigError(f"--bad-rows is refuse or skip, not {bad_rows!r}.")
    folder = model_folder(model)
    template = ChatTemplate.from_pretrained(folder, Tokenizer.from_pretrained(folder))
    first = next(iter(read_lines(file)), (0, ""))[1]
    if form == "auto" and is_preference(first):
        pairs, bad = read_preferences(file, template)
        samples = [sample for pair in pairs for sample in (pair.chosen, pair.rejected)]
        lengths, domains, what = [len(pair) for pair in pairs], Counter(pair.domain for pair in pairs), "pairs"
        kinds = ""
    else:
        good, bad = read_conversations(file, form, template)
        samples = [render_conversation(conversation, template) for conversation in good]
        lengths, domains, what = [len(sample) for sample in samples], Counter(row.domain for row in good), "rows"
        kinds = (
            f"{sum(row.thinking for row in good)} with a thought, {sum(bool(row.tools) for row in good)} with tools; "
        )
    for row in bad:
        print(f"line {row.line}: {row.reason}")
    print(f"{len(lengths)} good {what}, {len(bad)} bad rows")
    lengths.sort()
    learned = sum(int((sample.weights_n > 0).sum()) for sample in samples)
    print(
        f"{kinds}{sum(lengths):,} tokens, {learned:,} of them learned; "
        f"each has {lengths[len(lengths) // 2]:,} (median), at most {lengths[-1]:,}"
    )
    if set(domains) != {""}:
        print("domains: " + ", ".join(f"{name or '(none)'} {count}" for name, count in sorted(domains.items())))
    if row_tokens is not None:
        print(f"{sum(length > row_tokens for length in lengths)} do not fit a row of {row_tokens:,} tokens")
    if bad and bad_rows == "refuse":
        raise typer.Exit(1)
