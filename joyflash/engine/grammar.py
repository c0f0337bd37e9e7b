"""ToolGrammar: holds the names in tool calls to the listed ones while decoding.

After ``<function=`` only a listed function's name can be spelled, after ``<parameter=`` only a parameter that this
call has not given, and ``</function>`` waits for the required parameters. Values and all other text are free.

A tokenizer normally has the call's marks as control tokens. Then a call has exactly these marks and one optional white
space between them, and the same characters in ordinary tokens are plain text. Marks that the tokenizer lacks are
recognised as text, however tokens cut them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from torch import Tensor

from joyflash.engine.call_machine import (
    CALL_MARKS,
    THOUGHT_CLOSE,
    WATCHED,
    CallMachine,
    CallRules,
    FunctionNames,
    Phase,
)
from joyflash.engine.token_table import TokenTable
from joyflash.errors import RequestError
from joyflash.text.messages import ToolDefinition

_LONGEST_MARK = max(map(len, (*CALL_MARKS, THOUGHT_CLOSE)))


class ToolGrammar:
    """A constraint (see ``request.Constraint``) for the calls of one request.

    Args:
        tools: functions that may be called.
        table: of the engine's tokenizer.
        choice: "none" forbids calls, "auto" leaves them to the model, "required" makes the completion begin with one.
        name: the one function to call; implies "required".
        thinking: the completion begins inside a thought; calls wait for its end.
        parallel: False ends the completion after its first call.

    Raises:
        RequestError: the choice is unknown, names an unlisted function, or asks for a call without tools.
    """

    def __init__(
        self,
        tools: Sequence[ToolDefinition],
        table: TokenTable,
        *,
        choice: str = "auto",
        name: str | None = None,
        thinking: bool = False,
        parallel: bool = True,
    ) -> None:
        if choice not in ("none", "auto", "required"):
            raise RequestError(f"tool_choice must be none, auto or required; got {choice!r}.", param="tool_choice")
        functions = {tool.name: _names(tool) for tool in tools}
        if name is not None:
            if name not in functions:
                listed = ", ".join(functions) or "no tool"
                raise RequestError(f"tool_choice names {name!r}; listed: {listed}.", param="tool_choice")
            functions, choice = {name: functions[name]}, "required"
        if choice == "required" and not functions:
            raise RequestError("tool_choice asks for a call, but the request lists no tools.", param="tool_choice")
        self._rules = CallRules(functions, choice != "none", choice == "required", parallel, thinking)
        self._table = table

    def start(self) -> ToolGrammarState:
        """Return the state before the first generated token."""
        return ToolGrammarState(CallMachine(self._rules), self._table)


def _names(tool: ToolDefinition) -> FunctionNames:
    properties = tuple(tool.parameters.get("properties") or {})
    return FunctionNames(properties, frozenset(tool.parameters.get("required") or ()) & frozenset(properties))


class ToolGrammarState:
    """Follows one completion token by token."""

    def __init__(self, machine: CallMachine, table: TokenTable) -> None:
        self._machine = machine
        self._table = table
        self._ids = {mark: table.control[mark] for mark in (*CALL_MARKS, THOUGHT_CLOSE) if mark in table.control}
        self._marks = {i: mark for mark, i in self._ids.items()}
        self._strict = all(mark in self._ids for mark in CALL_MARKS)
        spelled = [mark.encode() for mark in (*CALL_MARKS, THOUGHT_CLOSE) if mark not in self._ids]
        self._whole_marks = table.containing(spelled) if spelled else []
        self._tail = b""
        self._spaced = False

    def mask(self) -> Tensor | None:
        """Return bool [vocabulary], True where the next token may be; None = every token may be."""
        machine, table = self._machine, self._table
        if machine.names:
            done = machine.spelled
            rests = [name[len(done) :] for name in machine.names if name.startswith(done)]
            return table.only([i for rest in rests for i in table.spelling(rest)])
        legal = machine.legal()
        if machine.phase is Phase.END:
            return table.only([table.eos_id])
        if self._strict and machine.phase in (Phase.START, Phase.CALL, Phase.FUNCTION):
            spaces = () if self._spaced or machine.phase is Phase.START else table.whitespace
            return table.only([*(self._ids[mark] for mark in legal), *spaces])
        if machine.phase is Phase.START:
            return table.only(self._forced_start())
        allowed = {self._ids[mark] for mark in legal if mark in self._ids}
        # Inside a call no control token but the next mark makes sense; outside, only the other marks are forbidden.
        others = self._ids.values() if machine.may_end() else table.control.values()
        forbidden = [i for i in others if i not in allowed]
        return table.all_but(forbidden + self._forbidden_spellings())

    def accept(self, token_id: int) -> None:
        """Advance past a sampled token."""
        mark = self._marks.get(token_id)
        if mark is not None:
            self._machine.mark(mark)
            self._tail, self._spaced = b"", False
        else:
            text = self._table.token_bytes(token_id)
            self._tail = self._read(self._machine, self._tail, text) or b""
            self._spaced = text.endswith((b" ", b"\t", b"\r", b"\n"))

    def _read(self, machine: CallMachine, tail: bytes, text: bytes) -> bytes | None:
        """Feed ordinary characters to ``machine``; return the new tail, or None where they break a rule."""
        if machine.names:
            rest = machine.spell(text)
            if rest is None:
                return None
            text = rest
        for place in range(len(text)):
            tail = (tail + text[place : place + 1])[-_LONGEST_MARK:]
            mark = next((mark for mark in self._watched(machine) if tail.endswith(mark.encode())), None)
            if mark is None:
                continue
            if mark not in machine.legal():
                return None
            machine.mark(mark)
            return self._read(machine, b"", text[place + 1 :])
        return tail

    def _watched(self, machine: CallMachine) -> Iterable[str]:
        return (mark for mark in WATCHED[machine.phase] if mark not in self._ids)

    def _forbidden_spellings(self) -> list[int]:
        """Return the ordinary tokens that would complete a mark where it, or the name behind it, is not allowed."""
        endings = {
            mark.encode()[cut:]
            for mark in self._watched(self._machine)
            for cut in range(1, len(mark))
            if self._tail.endswith(mark.encode()[:cut])
        }
        suspects = {i for ending in endings for i in self._table.starting_with(ending)}
        suspects.update(self._whole_marks)
        return [i for i in suspects if self._read(self._machine.copy(), self._tail, self._table.token_bytes(i)) is None]

    def _forced_start(self) -> list[int]:
        """Return the tokens that go on spelling the opening mark of a forced call, or the mark's own token."""
        mark = CALL_MARKS[0]
        if mark in self._ids:
            return [self._ids[mark]]
        return self._table.spelling(mark.encode()[len(self._tail) :])
