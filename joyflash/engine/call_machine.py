"""Where a tool call stands: a machine over the call's marks and names, blind to tokens.

<tool_call>
<function=NAME>
<parameter=ARG>
VALUE
</parameter>
</function>
</tool_call>
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto

THOUGHT_CLOSE = "<|end_of_thought|>"
CALL_OPEN, CALL_CLOSE = "<tool_call>", "</tool_call>"
FUNCTION_OPEN, FUNCTION_CLOSE = "<function=", "</function>"
PARAMETER_OPEN, PARAMETER_CLOSE = "<parameter=", "</parameter>"
CALL_MARKS = (CALL_OPEN, CALL_CLOSE, FUNCTION_OPEN, FUNCTION_CLOSE, PARAMETER_OPEN, PARAMETER_CLOSE)


class Phase(Enum):
    """What may follow: thinking, the one forced call, free text, functions, parameters, a value, nothing."""

    THOUGHT = auto()
    START = auto()
    TEXT = auto()
    CALL = auto()
    FUNCTION = auto()
    VALUE = auto()
    END = auto()


WATCHED = {
    Phase.THOUGHT: (THOUGHT_CLOSE, CALL_OPEN, FUNCTION_OPEN),
    Phase.START: (CALL_OPEN,),
    Phase.TEXT: (CALL_OPEN, FUNCTION_OPEN),
    Phase.CALL: (FUNCTION_OPEN, CALL_CLOSE, CALL_OPEN),
    Phase.FUNCTION: (PARAMETER_OPEN, FUNCTION_CLOSE, FUNCTION_OPEN, CALL_CLOSE),
    Phase.VALUE: (PARAMETER_CLOSE,),
    Phase.END: (),
}
"""Marks that mean something in each phase when they are spelt as text; elsewhere they are mere characters."""


@dataclass(frozen=True)
class FunctionNames:
    """Parameter names of a function, and which of them a call must give."""

    parameters: tuple[str, ...]
    required: frozenset[str]


@dataclass(frozen=True)
class CallRules:
    """What calls a completion may make.

    ``may_call`` allows calls, ``must_call`` asks for one at once, ``parallel`` allows more than one, ``thinking``
    says that the completion begins inside a thought, in which nothing is called.
    """

    functions: Mapping[str, FunctionNames]
    may_call: bool = True
    must_call: bool = False
    parallel: bool = True
    thinking: bool = False


class CallMachine:
    """Fed with marks, and with the bytes of names while ``names`` is not empty; says what may come next."""

    def __init__(self, rules: CallRules) -> None:
        self._rules = rules
        self._function = ""
        self._given: frozenset[str] = frozenset()
        self._calls = 0
        self._begun_calls = 0
        self.names: tuple[bytes, ...] = ()
        self.spelled = b""
        self.phase = Phase.THOUGHT if rules.thinking else self._after_thought()

    def copy(self) -> CallMachine:
        """Return an independent machine in the same state."""
        return copy.copy(self)

    def may_end(self) -> bool:
        """Whether the completion may end here."""
        return not self.names and self.phase in (Phase.TEXT, Phase.END)

    def legal(self) -> frozenset[str]:
        """Return the marks that may come next; none while a name is being spelled."""
        if self.names:
            return frozenset()
        rules, signature = self._rules, self._rules.functions.get(self._function)
        legal = {
            Phase.THOUGHT: {THOUGHT_CLOSE},
            Phase.START: {CALL_OPEN},
            Phase.TEXT: {CALL_OPEN} if rules.may_call and rules.functions else set(),
            Phase.CALL: {FUNCTION_OPEN} if rules.parallel or not self._calls else set(),
            Phase.FUNCTION: set(),
            Phase.VALUE: {PARAMETER_CLOSE},
            Phase.END: set(),
        }[self.phase]
        if self.phase is Phase.CALL and self._calls > self._begun_calls:
            legal.add(CALL_CLOSE)
        if self.phase is Phase.FUNCTION and signature is not None:
            if set(signature.parameters) - self._given:
                legal.add(PARAMETER_OPEN)
            if signature.required <= self._given:
                legal.add(FUNCTION_CLOSE)
        return frozenset(legal)

    def mark(self, mark: str) -> None:
        """Advance past a mark."""
        if mark == THOUGHT_CLOSE:
            if self.phase is Phase.THOUGHT:
                self.phase = self._after_thought()
        elif mark == CALL_OPEN:
            self.phase, self._begun_calls = Phase.CALL, self._calls
        elif mark == FUNCTION_OPEN:
            self._spell(tuple(self._rules.functions))
        elif mark == PARAMETER_OPEN:
            signature = self._rules.functions[self._function]
            self._spell(tuple(name for name in signature.parameters if name not in self._given))
        elif mark == PARAMETER_CLOSE:
            self.phase = Phase.FUNCTION
        elif mark == FUNCTION_CLOSE:
            self.phase, self._calls = Phase.CALL, self._calls + 1
        elif mark == CALL_CLOSE:
            self.phase = Phase.TEXT if self._rules.parallel else Phase.END

    def spell(self, text: bytes) -> bytes | None:
        """Advance within a name; return what is left after the name's end, or None if no name begins so."""
        spelled = self.spelled + text
        for name in self.names:
            if spelled.startswith(name):
                self._named(name[:-1].decode())
                return spelled[len(name) :]
        if not any(name.startswith(spelled) for name in self.names):
            return None
        self.spelled = spelled
        return b""

    def _after_thought(self) -> Phase:
        return Phase.START if self._rules.must_call else Phase.TEXT

    def _spell(self, names: tuple[str, ...]) -> None:
        self.names, self.spelled = tuple(f"{name}>".encode() for name in names), b""

    def _named(self, name: str) -> None:
        """A function's name is complete when a call is open, a parameter's when a function is."""
        self.names, self.spelled = (), b""
        if self.phase is Phase.FUNCTION:
            self._given, self.phase = self._given | {name}, Phase.VALUE
        else:
            self._function, self._given, self.phase = name, frozenset(), Phase.FUNCTION
