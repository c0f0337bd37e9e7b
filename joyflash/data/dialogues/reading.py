"""Reading: what a file of task dialogues gives, from its rows to functions, windows and small talk."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from joyflash.data.dialogues.crosswoz import called_functions
from joyflash.data.dialogues.functions import Function, defined_functions
from joyflash.data.dialogues.replies import LONGEST_REPLY
from joyflash.data.dialogues.topics import names_group
from joyflash.data.dialogues.windows import LONGEST_USER_TURN, Window, cut_window
from joyflash.data.jsonl import parse_row, read_lines
from joyflash.errors import DataError

_LANGUAGES = ("en", "zh")
_THANKS = {
    "en": re.compile(r"\b(thank|thanks|bye|goodbye|appreciate)", re.I),
    "zh": re.compile("谢|再见|拜拜"),
}
# Signs that the user wants something else, too.
_MORE = {
    "en": re.compile(r"\?|\b(find|book|get me|check|could you|can you|need|want|looking)\b", re.I),
    "zh": re.compile("[?？吗呢]|帮我|请|想|找|要"),
}


@dataclass(frozen=True)
class Talk:
    """Thanks or a farewell, the human answer, and the functions of the dialogue."""

    user: str
    reply: str
    functions: tuple[str, ...]


@dataclass
class ToolDialogues:
    """What a file gives: functions by key, windows, and small talk."""

    language: str
    functions: dict[str, Function] = field(default_factory=dict)
    windows: list[Window] = field(default_factory=list)
    talks: list[Talk] = field(default_factory=list)

    def closed(self) -> list[Window]:
        """The windows of a single turn that names clearly what it asks for."""
        return [
            window
            for window in self.windows
            if len(window.turns) == 1 and names_group(window.turns[0][1], self.functions[window.function].group)
        ]

    def add(self, row: dict[str, Any]) -> None:
        """Take in the functions, the windows and the small talk of one dialogue."""
        for function in (*defined_functions(row), *called_functions(row)):
            self.functions.setdefault(function.key, function)
        messages = row["messages"]
        for at, message in enumerate(messages):
            if len(message.get("tool_calls") or []) == 1:
                window = cut_window(messages, at, self.functions, self.language)
                if window:
                    self.windows.append(window)
        talk = _closing_talk(messages, self)
        if talk:
            self.talks.append(talk)


def read_tool_dialogues(path: Path) -> ToolDialogues:
    """Read a file of task dialogues (OpenAI-shaped rows with calls, results, ``tools`` and ``lang``).

    Raises:
        DataError: the file cannot be read, a row has another form, or no call of it can be used.
    """
    found: ToolDialogues | None = None
    for number, line in read_lines(path):
        row = parse_row(path, number, line)
        language = row.get("lang", row.get("language"))
        if language not in _LANGUAGES:
            raise DataError(f"{path} line {number}: 'lang' must be one of {', '.join(_LANGUAGES)}, not {language!r}.")
        found = found or ToolDialogues(language)
        if language != found.language:
            raise DataError(f"{path} line {number}: one file holds one language, but here 'lang' is {language!r}.")
        try:
            found.add(row)
        except (KeyError, TypeError, AttributeError, IndexError, ValueError) as error:
            reason = f"{type(error).__name__}: {error}"
            raise DataError(f"{path} line {number} is no tool dialogue ({reason}).") from error
    if found is None or not found.windows:
        raise DataError(f"{path} holds no call whose values the user wrote.")
    return found


def _closing_talk(messages: list[dict[str, Any]], found: ToolDialogues) -> Talk | None:
    """The end of a dialogue, where it is short thanks or a farewell that asks for nothing and says no number."""
    user, reply = messages[-2:] if len(messages) > 1 else ({}, {})
    if user.get("role") != "user" or reply.get("role") != "assistant" or reply.get("tool_calls"):
        return None
    asked, said, language = user["content"].strip(), reply["content"].strip(), found.language
    plain = _THANKS[language].search(asked) and not _MORE[language].search(asked) and not re.search(r"\d", asked + said)
    short = len(asked) < LONGEST_USER_TURN[language] / 2 and 0 < len(said) < LONGEST_REPLY[language] / 2
    if not plain or not short:
        return None
    used = [call["function"]["name"] for message in messages for call in message.get("tool_calls") or []]
    functions = tuple(dict.fromkeys(name for name in used if name in found.functions))
    return Talk(asked, said, functions) if functions else None
