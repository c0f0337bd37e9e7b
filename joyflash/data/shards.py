"""Token shards: each corpus tokenised once into memory-mapped arrays, rebuilt when text or tokenizer change.

Letters: N tokens of a shard part, D documents in it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from joyflash.data.documents import Corpus, Document, is_held_out
from joyflash.errors import DataError

FORMAT = 1
PARTS = ("train", "valid")
VALID_CHARACTERS = 2_000  # held-out texts are cut to this length, so that bits per byte do not depend on the row length


class TextEncoder(Protocol):
    """What sharding needs of a tokenizer."""

    @property
    def vocab_size(self) -> int: ...
    @property
    def bos_id(self) -> int: ...
    @property
    def eos_id(self) -> int: ...
    def encode(self, text: str, /) -> list[int]: ...


@dataclass(frozen=True)
class Shard:
    """One part ("train" or "valid") of a tokenised corpus.

    Attributes:
        source: the name that recipes weight.
        tokens_N: memory-mapped uint16 or uint32 ids; each document is ``bos, text, eos``.
        offsets: int64 ``[D + 1]``; document i is ``tokens_N[offsets[i]:offsets[i + 1]]``.
        bytes_D: int64 UTF-8 length of each document's text.
        languages: language of each document.
        path: the file that ``tokens_N`` maps, and its size in bytes when it was opened.
    """

    source: str
    tokens_N: np.ndarray
    offsets: np.ndarray
    bytes_D: np.ndarray
    languages: list[str]
    path: Path
    size: int

    def __len__(self) -> int:
        return len(self.bytes_D)

    def document(self, index: int) -> np.ndarray:
        """int32 ids of document ``index``.

        Raises:
            DataError: the file is gone or has another size than when it was opened. Reading on beyond the end of a
                mapped file would end the whole process without a word.
        """
        try:
            size = self.path.stat().st_size
        except OSError as error:
            raise DataError(f"The token shard {self.path} can no longer be read ({error.strerror}).") from error
        if size != self.size:
            raise DataError(
                f"The token shard {self.path} was changed during the run: it had {self.size:,} bytes and has {size:,}. "
                "Delete it, and it is built again."
            )
        return self.tokens_N[self.offsets[index] : self.offsets[index + 1]].astype(np.int32)


def build_shards(
    corpora: Sequence[Corpus],
    tokenizer: TextEncoder,
    folder: Path,
    *,
    fingerprint: str,
    workers: int = 1,
    on_done: Callable[[str], None] = lambda key: None,
) -> list[Path]:
    """Tokenise every corpus whose shard is missing or stale; return the index files, in order.

    A stopped build resumes with the first unfinished corpus. ``fingerprint`` names the tokenizer (see
    ``tokenizer_fingerprint``): shards of another one are stale. ``workers`` processes share the corpora.
    ``on_done`` is called with the key of each corpus that is ready.
    """
    folder.mkdir(parents=True, exist_ok=True)
    indexes = [folder / f"{corpus.key}.json" for corpus in corpora]
    stale = [(c, i) for c, i in zip(corpora, indexes, strict=True) if not _is_current(i, c, fingerprint)]
    ready = {index for _, index in stale}
    for index in indexes:
        if index not in ready:
            on_done(index.stem)
    if workers > 1 and len(stale) > 1:
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
            for key in pool.map(
                _build_shard, *zip(*[(c, tokenizer, folder, fingerprint) for c, _ in stale], strict=True)
            ):
                on_done(key)
    else:
        for corpus, _ in stale:
            on_done(_build_shard(corpus, tokenizer, folder, fingerprint))
    return indexes


def tokenizer_fingerprint(folder: Path) -> str:
    """SHA-256 of ``tokenizer.json`` in a model folder."""
    try:
        return hashlib.sha256((folder / "tokenizer.json").read_bytes()).hexdigest()
    except OSError as error:
        raise DataError(f"{folder} has no readable tokenizer.json ({error}).") from error


def open_shards(indexes: Iterable[Path], part: str) -> list[Shard]:
    """Open one part of each indexed shard.

    Raises:
        DataError: an index or its token file is missing or damaged; the message says how to rebuild.
    """
    return [_open_shard(index, part) for index in indexes]


def find_indexes(folder: Path) -> list[Path]:
    """Index files of the shards in ``folder``; DataError where there is none."""
    indexes = sorted(path for path in folder.glob("*.json") if path.with_name(f"{path.stem}.train.npy").is_file())
    if not indexes:
        raise DataError(f"{folder} holds no token shard. Make some with: joyflash data build --out {folder}")
    return indexes


def _is_current(index: Path, corpus: Corpus, fingerprint: str) -> bool:
    try:
        meta = json.loads(index.read_text("utf-8"))
    except (OSError, ValueError):
        return False
    expected = {"format": FORMAT, "tokenizer": fingerprint, "signature": corpus.signature()}
    if {name: meta.get(name) for name in expected} != expected:
        return False
    return all((index.parent / f"{corpus.key}.{part}.npy").is_file() for part in PARTS)


def _build_shard(corpus: Corpus, tokenizer: TextEncoder, folder: Path, fingerprint: str) -> str:
    signature = corpus.signature()  # first: what is changed while it is read leaves the shard stale
    parts = {part: _Part() for part in PARTS}
    dtype = np.uint16 if tokenizer.vocab_size <= 2**16 else np.uint32
    for document in corpus.documents():
        if is_held_out(document.text):
            for piece in cut_text(document.text, VALID_CHARACTERS):
                parts["valid"].add(Document(piece, document.language), tokenizer, dtype)
        else:
            parts["train"].add(document, tokenizer, dtype)
    for name, part in parts.items():
        tokens_N = np.concatenate(part.tokens) if part.tokens else np.zeros(0, dtype)
        path = folder / f"{corpus.key}.{name}.npy"
        with (folder / f"{path.name}.tmp").open("wb") as file:
            np.save(file, tokens_N, allow_pickle=False)
        (folder / f"{path.name}.tmp").replace(path)
    meta = {
        "format": FORMAT,
        "source": corpus.source,
        "tokenizer": fingerprint,
        "signature": signature,
        **{name: part.index() for name, part in parts.items()},
    }
    temporary = folder / f"{corpus.key}.json.tmp"
    temporary.write_text(json.dumps(meta), "utf-8")
    temporary.replace(folder / f"{corpus.key}.json")  # the index comes last: it marks the shard as complete
    return corpus.key


class _Part:
    """Tokens and index columns of one part while it is built."""

    def __init__(self) -> None:
        self.tokens: list[np.ndarray] = []
        self.bytes: list[int] = []
        self.languages: list[str] = []

    def add(self, document: Document, tokenizer: TextEncoder, dtype: type[np.unsignedinteger[Any]]) -> None:
        ids = [tokenizer.bos_id, *tokenizer.encode(document.text), tokenizer.eos_id]
        self.tokens.append(np.array(ids, dtype))
        self.bytes.append(len(document.text.encode("utf-8", "surrogatepass")))
        self.languages.append(document.language)

    def index(self) -> dict[str, list[int] | list[str]]:
        lengths = [len(tokens) for tokens in self.tokens]
        return {"lengths": lengths, "bytes": self.bytes, "languages": self.languages}


def cut_text(text: str, limit: int) -> list[str]:
    """Cut ``text`` into pieces of at most ``limit`` characters that join to it, at a line's end where one is near."""
    pieces = []
    while len(text) > limit:
        end = text.rfind("\n", limit // 2, limit) + 1 or limit
        pieces.append(text[:end])
        text = text[end:]
    return [*pieces, text] if text else pieces


def _open_shard(index: Path, part: str) -> Shard:
    rebuild = "Delete it and build the shards again."
    path = index.with_name(f"{index.stem}.{part}.npy")
    try:
        meta = json.loads(index.read_text("utf-8"))
        columns = meta[part]
        offsets = np.concatenate([[0], np.cumsum(columns["lengths"], dtype=np.int64)]).astype(np.int64)
        bytes_D = np.array(columns["bytes"], np.int64)
        mode = "r" if len(bytes_D) else None  # an empty array cannot be mapped
        tokens_N = np.load(path, mmap_mode=mode, allow_pickle=False)
    except OSError as error:
        raise DataError(f"The token shard {error.filename} is missing. Build the shards again.") from error
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"The token shard {index} is damaged ({error}). {rebuild}") from error
    if offsets[-1] != len(tokens_N):
        raise DataError(f"{path} holds {len(tokens_N)} tokens but its index counts {offsets[-1]}. {rebuild}")
    return Shard(meta["source"], tokens_N, offsets, bytes_D, columns["languages"], path, path.stat().st_size)
