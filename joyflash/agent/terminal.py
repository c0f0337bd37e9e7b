"""A chat on the terminal: history, streaming, tools, a few commands. Works on a pipe too."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from joyflash.agent.loop import Agent
from joyflash.errors import AgentError, ServerUnreachableError

HELP = """\
/think [on|off]   let the model think before it answers
/file PATH        put a text file before your next message
/system [TEXT]    set the system prompt; without text: remove it
/clear            forget the conversation, keep the system prompt
/save PATH        write the conversation as JSON
/help             this list
/quit             leave; so does the end of input (Ctrl-D)
Ctrl-C stops an answer. A line that ends in \\ goes on in the next."""
MAX_FILE = 1 << 20


class Terminal:
    """One chat.

    Args:
        write: puts text on the terminal.
    """

    def __init__(self, write: Callable[[str], None]):
        self.write = write
        self.history: list[dict[str, Any]] = []
        self.system = ""
        self.thinking: bool | None = None
        self._file = ""
        self._in_thought = False
        self._agent: Agent | None = None
        self._commands: dict[str, Callable[[str], None]] = {
            "/think": self._think,
            "/file": self._attach_file,
            "/system": self._set_system,
            "/clear": self._clear,
            "/save": self._save,
            "/help": lambda _: self.write(HELP + "\n"),
        }

    def attach(self, agent: Agent) -> None:
        """Let ``agent`` answer; it was made with ``show`` and ``note``."""
        self._agent = agent

    def talk(self, lines: Iterator[str]) -> None:
        """Answer line after line until they end or one says ``/quit``."""
        for text in _messages(lines):
            if text.split(maxsplit=1)[:1] == ["/quit"]:
                return
            if text.startswith("/"):
                self.command(text)
            elif text.strip():
                self.answer(text)

    def command(self, text: str) -> None:
        """Carry out a line that begins with a slash."""
        name, _, rest = text.partition(" ")
        action = self._commands.get(name.strip())
        if action is None:
            self.write(f"There is no command {name.strip()}; /help lists them.\n")
        else:
            action(rest.strip())

    def answer(self, text: str) -> None:
        """Send what the user says; the answer streams to the terminal. After an error nothing has been said."""
        assert self._agent is not None
        self._agent.options.pop("chat_template_kwargs", None)
        if self.thinking is not None:
            self._agent.options["chat_template_kwargs"] = {"enable_thinking": self.thinking}
        said = {"role": "user", "content": self._file + text}
        system = [{"role": "system", "content": self.system}] if self.system else []
        try:
            outcome = self._agent.run([*system, *self.history, said])
        except (AgentError, ServerUnreachableError) as error:
            self.write(f"\nerror: {error}\n")
            return
        except KeyboardInterrupt:  # between two streams: nothing of the answer is worth keeping
            self.write("\n[stopped]\n")
            return
        finally:
            self._in_thought = False
        self._file = ""
        self.history = outcome.messages[len(system) :]
        notes = {"answered": "", "interrupted": "[stopped]\n", "length": "[cut off: the answer got too long]\n"}
        self.write("\n" + notes.get(outcome.reason, f"[the budget of {outcome.reason} is spent]\n"))

    def show(self, kind: str, text: str) -> None:
        """Write a piece of an answer; reasoning stands between two marks."""
        if (kind == "reasoning") != self._in_thought:
            self._in_thought = kind == "reasoning"
            self.write("[thinking] " if self._in_thought else "\n[answer] ")
        self.write(text)

    def note(self, event: dict[str, Any]) -> None:
        """Write down calls and results as they happen."""
        if event["event"] == "call":
            self.write(f"\n[call] {event['name']}({event['arguments']})\n")
        elif event["event"] == "result":
            line = " ".join(event["text"].split())
            self.write(f"[result] {line[:200]}{'…' if len(line) > 200 else ''}\n")

    def _think(self, text: str) -> None:
        if text not in ("", "on", "off"):
            self.write("Say /think on or /think off.\n")
            return
        self.thinking = text != "off"
        self.write(f"Thinking is {'on' if self.thinking else 'off'}.\n")

    def _attach_file(self, name: str) -> None:
        try:
            data = Path(name).expanduser().read_bytes()[: MAX_FILE + 1]
        except (OSError, RuntimeError, ValueError) as error:  # "~somebody", "\\0"
            why = getattr(error, "strerror", None) or error
            self.write(f"Cannot read {name or 'nothing'}: {why}.\n")
            return
        if len(data) > MAX_FILE or b"\0" in data:
            self.write(f"{name} is not a text, or longer than {MAX_FILE >> 20} MiB.\n")
            return
        text = data.decode("utf-8", "replace")
        self._file += f"File {Path(name).name}:\n{text.rstrip()}\n\n"
        self.write(f"{Path(name).name} ({len(text)} characters) goes with your next message.\n")

    def _set_system(self, text: str) -> None:
        self.system = text
        self.write("The system prompt is set.\n" if text else "There is no system prompt.\n")

    def _clear(self, _: str) -> None:
        self.history, self._file = [], ""
        self.write("Forgotten.\n")

    def _save(self, name: str) -> None:
        system = [{"role": "system", "content": self.system}] if self.system else []
        text = json.dumps({"messages": [*system, *self.history]}, ensure_ascii=False, indent=2)
        try:
            Path(name).expanduser().write_text(text + "\n", encoding="utf-8")
        except (OSError, RuntimeError, ValueError) as error:  # "~somebody", "\\0"
            why = getattr(error, "strerror", None) or error
            self.write(f"Cannot write {name or 'without a name'}: {why}.\n")
        else:
            self.write(f"Saved to {name}.\n")


def _messages(lines: Iterator[str]) -> Iterator[str]:
    """Lines joined where one ends in a backslash."""
    held = ""
    for line in lines:
        text = line.rstrip("\n")
        if text.endswith("\\"):
            held += text[:-1] + "\n"
            continue
        yield held + text
        held = ""
    if held:
        yield held
