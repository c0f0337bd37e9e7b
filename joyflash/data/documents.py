"""Text documents: from a data folder, or from what every Python installation brings along."""

from __future__ import annotations

import ast
import hashlib
import re
import sys
import sysconfig
import tokenize
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from joyflash.data.jsonl import SUFFIXES, read_rows
from joyflash.errors import DataError

LANGUAGES = ("en", "zh", "code", "math")
HELD_OUT_SHARE = 0.01
_SKIPPED_FOLDERS = {"test", "tests", "idlelib", "lib2to3", "site-packages", "dist-packages", "__pycache__"}
_LONGEST_SOURCE_FILE = 200_000  # characters; beyond this the standard library holds generated tables


@dataclass(frozen=True)
class Document:
    """One text with its ``language`` (one of LANGUAGES)."""

    text: str
    language: str


class Corpus(Protocol):
    """A named set of documents that is tokenised as one shard.

    Attributes:
        key: file name of the shard, unique in a folder.
        source: the name that recipes give a weight; several corpora may share it.
    """

    @property
    def key(self) -> str: ...
    @property
    def source(self) -> str: ...

    def signature(self) -> str:
        """Hash of the content; a changed signature makes the shard stale."""
        ...

    def documents(self) -> Iterator[Document]:
        """The documents in a fixed order."""
        ...


@dataclass(frozen=True)
class FileCorpus:
    """A JSON Lines file of ``{"text", "lang"}`` rows; ``en_wiki.ccbysa-01.jsonl.zst`` belongs to source ``en_wiki``."""

    path: Path

    @property
    def key(self) -> str:
        return re.sub(r"\.jsonl(\.gz|\.zst)?$", "", self.path.name)

    @property
    def source(self) -> str:
        return re.sub(r"-\d+$", "", self.path.name.split(".")[0])

    def signature(self) -> str:
        with self.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def documents(self) -> Iterator[Document]:
        """Raises DataError with file and line for a row without text or with an unknown language."""
        for number, row in read_rows(self.path):
            text, language = row.get("text"), row.get("lang", "en")
            if not isinstance(text, str) or not text.strip():
                raise DataError(f"{self.path} line {number}: 'text' must be a string that is not empty.")
            if language not in LANGUAGES:
                raise DataError(
                    f"{self.path} line {number}: 'lang' is {language!r}; use one of {', '.join(LANGUAGES)}."
                )
            yield Document(text, language)


@dataclass(frozen=True)
class PythonCorpus:
    """The running Python's standard library: its sources (``part="code"``) or its documentation (``part="docs"``)."""

    part: str

    @property
    def key(self) -> str:
        return f"python_{self.part}"

    @property
    def source(self) -> str:
        return self.key

    def signature(self) -> str:
        return hashlib.sha256(f"{self.part} {sys.version}".encode()).hexdigest()

    def documents(self) -> Iterator[Document]:
        return _python_sources() if self.part == "code" else _python_documentation()


def corpora(folder: Path | None, sources: Collection[str] | None = None) -> list[Corpus]:
    """The text corpora of a data folder (``folder/pretrain`` or the folder itself), or of this machine without one.

    Args:
        folder: holds ``*.jsonl``, ``*.jsonl.gz`` or ``*.jsonl.zst`` files; None: the running Python's own texts.
        sources: only these, every one of which must exist; None: all.

    Raises:
        DataError: the folder is missing, holds no JSON Lines file or two that differ in the suffix only, or lacks one
            of ``sources``.
    """
    found = _all_corpora(folder)
    if sources is None:
        return found
    missing = set(sources) - {corpus.source for corpus in found}
    if missing:
        known = ", ".join(sorted({corpus.source for corpus in found}))
        raise DataError(
            f"There is no text source {', '.join(sorted(missing))} in {folder or 'Python'}; it has: {known}."
        )
    return [corpus for corpus in found if corpus.source in sources]


def _all_corpora(folder: Path | None) -> list[Corpus]:
    if folder is None:
        return [PythonCorpus("code"), PythonCorpus("docs")]
    if not folder.is_dir():
        raise DataError(f"The data folder {folder} does not exist.")
    home = folder / "pretrain" if (folder / "pretrain").is_dir() else folder
    files = sorted(path for path in home.iterdir() if path.name.endswith(SUFFIXES))
    if not files:
        raise DataError(f"{home} holds no {', '.join(SUFFIXES)} file.")
    found: dict[str, FileCorpus] = {}
    for corpus in map(FileCorpus, files):
        other = found.setdefault(corpus.key, corpus)
        if other is not corpus:
            raise DataError(f"{other.path} and {corpus.path.name} differ in the suffix only: rename or remove one.")
    return list(found.values())


def is_held_out(text: str) -> bool:
    """Whether a document belongs to the validation part: 1 % by hash, so equal texts fall on the same side."""
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big") < HELD_OUT_SHARE * 2**64


def _library_files() -> Iterator[Path]:
    home = Path(sysconfig.get_path("stdlib"))
    for path in sorted(home.rglob("*.py")):
        if not _SKIPPED_FOLDERS.intersection(path.relative_to(home).parts):
            yield path


def _read_source(path: Path) -> str:
    try:
        with tokenize.open(path) as file:  # honours the file's own encoding line
            text = file.read()
    except (OSError, SyntaxError, UnicodeDecodeError):
        return ""
    return text if len(text) <= _LONGEST_SOURCE_FILE else ""


def _python_sources() -> Iterator[Document]:
    for path in _library_files():
        text = _read_source(path)
        if text.strip():
            yield Document(text, "code")


def _python_documentation() -> Iterator[Document]:
    from pydoc_data.topics import topics  # the language reference, 700 KB of text

    for _, text in sorted(topics.items()):
        yield Document(text, "en")
    for path in _library_files():
        text = _docstrings(_read_source(path))
        if len(text) > 200:
            yield Document(text, "en")


def _docstrings(source: str) -> str:
    """All docstrings of a module in order, parted by blank lines; empty where the source does not parse."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return ""
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    found = [ast.get_docstring(node) for node in ast.walk(tree) if isinstance(node, kinds)]
    return "\n\n".join(text for text in found if text)
