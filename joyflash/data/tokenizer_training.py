"""Train a tokenizer on documents, with the control tokens, template and settings of an existing one."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from joyflash.data.documents import Corpus, is_held_out
from joyflash.errors import DataError, TokenizerError
from joyflash.text.bpe_training import train_bpe

COPIED = ("tokenizer_config.json", "chat_template.jinja")


def train_tokenizer(
    corpora: Sequence[Corpus], out: Path, *, like: Path, vocab_size: int, characters: int = 20_000_000
) -> None:
    """Write ``tokenizer.json`` and the files of COPIED into ``out``.

    Args:
        corpora: where the text comes from; every source gives an equal share, held-out documents give none.
        out: a folder without a tokenizer.
        like: model folder whose control tokens, settings and chat template the new one takes over.
        vocab_size: exact number of entries, control tokens included.
        characters: text to learn from; a source that has less gives what it has.

    Raises:
        TokenizerError: ``like`` has no readable tokenizer, or the text is too little for ``vocab_size``.
        DataError: ``out`` has a tokenizer already.
    """
    if (out / "tokenizer.json").exists():
        raise DataError(f"{out} has a tokenizer already; choose another folder.")
    control, special = _control_tokens(like)
    text = train_bpe(_sample(corpora, characters), vocab_size, control, special_tokens=special)
    out.mkdir(parents=True, exist_ok=True)
    (out / "tokenizer.json").write_text(text, "utf-8")
    for name in COPIED:
        if (like / name).is_file():
            shutil.copyfile(like / name, out / name)


def _control_tokens(folder: Path) -> tuple[list[str], list[str]]:
    """All control tokens in order of id, and those of them that decoding leaves out."""
    path = folder / "tokenizer.json"
    try:
        added = sorted(json.loads(path.read_text("utf-8"))["added_tokens"], key=lambda token: token["id"])
        return [token["content"] for token in added], [token["content"] for token in added if token["special"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise TokenizerError(
            f"{path} cannot be read as a tokenizer ({error}). Name a model folder that has one."
        ) from error


def _sample(corpora: Sequence[Corpus], characters: int) -> Iterator[str]:
    """The first documents of each corpus, up to an equal share of ``characters`` for each source."""
    parts = Counter(corpus.source for corpus in corpora)
    for corpus in corpora:
        left = characters // len(parts) // parts[corpus.source]
        for document in corpus.documents():
            if left <= 0:
                break
            if not is_held_out(document.text):
                yield document.text[:left]
                left -= len(document.text)
