"""The chat files of a recipe: which rows a weight is for, and what becomes of bad ones."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from joyflash.data.conversations import BadRow, Conversation, TrainingTemplate, read_conversations
from joyflash.data.jsonl import SUFFIXES
from joyflash.errors import ConfigError, DataError

_SHOWN = 5  # bad rows that a note names


@dataclass(frozen=True)
class Selection:
    """The rows that a key ``file[/domain][:thinking|:plain]`` stands for.

    Attributes:
        file: name of the file without its ending.
        domain: rows with this ``domain`` only; None takes all.
        thinking: rows in which the assistant thinks before an answer, or those without; None takes both.
    """

    file: str
    domain: str | None
    thinking: bool | None

    @classmethod
    def of(cls, key: str) -> Selection:
        """Read a key.

        Raises:
            ConfigError: it names no file, or something other than thinking or plain follows the colon.
        """
        where, colon, kind = key.partition(":")
        file, slash, domain = where.partition("/")
        if not file or (colon and kind not in ("thinking", "plain")):
            raise ConfigError(f"The chat source '{key}' must read file, file/domain, file:thinking or file:plain.")
        return cls(file, domain if slash else None, (kind == "thinking") if colon else None)

    def holds(self, conversation: Conversation) -> bool:
        """Whether a row is one of them."""
        right_domain = self.domain is None or conversation.domain == self.domain
        return right_domain and (self.thinking is None or conversation.thinking == self.thinking)


class ChatFiles:
    """Reads every file once, before anything else is done, so that a run fails early or not at all.

    Args:
        folder: holds the files.
        keys: what the recipe gives weights to.
        template: where bad rows are skipped, every row is rendered once, so that none can fail later.
        skip: leave bad rows out and say so in ``notes``; otherwise they are an error.

    Raises:
        DataError: a file is missing, holds no usable row, or holds a bad one and ``skip`` is not set.
    """

    def __init__(self, folder: Path, keys: Iterable[str], template: TrainingTemplate, *, skip: bool):
        self.notes: list[str] = []
        self._rows: dict[str, list[Conversation]] = {}
        for name in dict.fromkeys(Selection.of(key).file for key in keys):
            path = chat_file(folder, name)
            self._rows[name], bad = read_conversations(path, template=template if skip else None)
            if bad and not skip:
                raise DataError(
                    f"{path} has {describe_bad_rows(bad)} See them all with `joyflash data check`, or set bad_rows "
                    "to 'skip' in the recipe."
                )
            if bad:
                self.notes.append(f"Left out of {path}: {describe_bad_rows(bad)}")

    def conversations(self, key: str) -> list[Conversation]:
        """The rows of a key.

        Raises:
            DataError: there are none.
        """
        selection = Selection.of(key)
        rows = self._rows[selection.file]
        found = [row for row in rows if selection.holds(row)]
        if not found:
            domains = ", ".join(sorted({row.domain for row in rows if row.domain})) or "none"
            thinking = sum(row.thinking for row in rows)
            raise DataError(
                f"No row of the chat file {selection.file} is in '{key}'. Its domains: {domains}; {thinking} of its "
                f"{len(rows)} rows think."
            )
        return found


def describe_bad_rows(bad: list[BadRow]) -> str:
    """How many, and the first few with line and reason."""
    shown = " ".join(f"Line {row.line}: {row.reason}" for row in bad[:_SHOWN])
    more = f" ({len(bad) - _SHOWN} more.)" if len(bad) > _SHOWN else ""
    return f"{len(bad)} bad rows. {shown}{more}"


def chat_file(folder: Path, name: str) -> Path:
    """The file of a name, whatever it is compressed by; DataError if there is none."""
    for suffix in SUFFIXES:
        if (folder / f"{name}{suffix}").is_file():
            return folder / f"{name}{suffix}"
    raise DataError(f"{folder} holds no chat file {name}{SUFFIXES[0]} (nor with the other endings {SUFFIXES[1:]}).")
