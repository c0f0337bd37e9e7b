"""The grammar of a whole reply: a thought, then free text with calls in it, or JSON.

    text <tool_call>
    <function=NAME>
    <parameter=ARG>
    VALUE
    </parameter>
    </function>
    </tool_call> text

Text is free up to ``<tool_call>``. Inside a call everything is held: names, each parameter at most once, the required
ones before the end, values by their schemas. Where the tokenizer has a mark as a control token, only that token is the
mark; a look-alike of a whole call in ordinary characters cannot be written, because a reader of text could not tell.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from joyflash.engine.held_schema import COMBINED, NOT_HELD, HeldSchema
from joyflash.engine.text_patterns import ANY_TEXT, literal, without
from joyflash.engine.value_grammar import ValueGrammar, listed
from joyflash.errors import RequestError, ToolSchemaError
from joyflash.text.marks import (
    BEGIN_OF_THOUGHT,
    CALL,
    CALL_END,
    CALL_MARKS,
    END_OF_THOUGHT,
    FUNCTION,
    FUNCTION_END,
    PARAMETER,
    PARAMETER_END,
)
from joyflash.text.messages import ToolDefinition

NEWLINE = "\n"
OPTIONS = '%llguidance {"no_forcing": true}'
"""What may come next is what the grammar says, not one spelling of it."""
WHOLE = (*NOT_HELD, *COMBINED, "patternProperties", "minProperties", "maxProperties")
"""What a schema may say of a call's parameters together; names, types and which are required is what is held."""
MOST_FUNCTIONS, MOST_PARAMETERS = 1000, 1000
"""Of a request, and of one function: so many the library can try at one place."""
MOST_IN_ANY_ORDER = 60
"""Parameters of one function that may come in any order; those of a function with more come in the schema's."""


@dataclass(frozen=True)
class ReplyRules:
    """What a reply may be.

    Attributes:
        tools: functions that may be called.
        choice: "none" forbids calls, "auto" leaves them to the model, "required" makes the reply begin with one.
        name: the one function to call; implies "required".
        parallel: False ends the reply after its first call.
        thinking: the reply begins inside a thought, in which nothing is called.
        schema: JSON Schema of a reply that is no call; None leaves it free.
        strict: every word of ``schema`` must be kept, or refused.
        schema_param: the caller's name for ``schema``, for errors.
    """

    tools: tuple[ToolDefinition, ...] = ()
    choice: str = "auto"
    name: str | None = None
    parallel: bool = True
    thinking: bool = False
    schema: Any = None
    strict: bool = False
    schema_param: str = "response_format"

    def __post_init__(self) -> None:
        if self.choice not in ("none", "auto", "required"):
            raise RequestError(f"tool_choice must be none, auto or required; got {self.choice!r}.", "tool_choice")
        listed_names = [tool.name for tool in self.tools]
        if self.name is not None and self.name not in listed_names:
            names = ", ".join(listed_names[:20]) or "no tool"
            raise RequestError(f"tool_choice names {self.name!r}; listed: {names}.", "tool_choice")
        if self.choice == "required" and not self.tools:
            raise RequestError("tool_choice asks for a call, but the request lists no tools.", "tool_choice")


class ReplyGrammar:
    """Writes the grammar of one set of rules for one tokenizer.

    Args:
        rules: see there.
        control: name -> id of the tokenizer's control tokens.
        eos_id: the token that ends a reply.
        fault: why the library cannot compile a grammar, or "".
        careful: ask about every part that the library may refuse; without, a part at fault spoils the whole.
    """

    def __init__(
        self,
        rules: ReplyRules,
        control: Mapping[str, int],
        eos_id: int,
        fault: Callable[[str], str],
        *,
        careful: bool,
    ) -> None:
        self._rules = rules
        self._control = control
        self._fault = fault
        value_end = "\n" if PARAMETER_END in control else f"\n{PARAMETER_END}"
        self._values = ValueGrammar(value_end, fault, careful)
        kept = {control[mark] for mark in (*CALL_MARKS, BEGIN_OF_THOUGHT, END_OF_THOUGHT) if mark in control} | {eos_id}
        self._others = ",".join(str(i) for i in sorted(control.values()) if i not in kept)

    def text(self) -> str:
        """The grammar in the library's Lark.

        Raises:
            ToolSchemaError: ``param`` names the tool, or ``schema_param``.
        """
        lines = [OPTIONS, f"start: {self._thought()} reply", *self._reply()]
        return "\n".join([*lines, *self._values.lines]) + "\n"

    def _thought(self) -> str:
        own_token = self._mark(END_OF_THOUGHT) if END_OF_THOUGHT in self._control else ""
        return f"THOUGHT {own_token}" if self._rules.thinking else ""

    def _reply(self) -> list[str]:
        rules = self._rules
        lines = []
        if rules.thinking:
            # Nor may the mark be written in ordinary characters where it is a token: readers of the text see no tokens.
            mark = "" if END_OF_THOUGHT in self._control else f" {literal(END_OF_THOUGHT)}"
            lines.append(f"THOUGHT: ({without(END_OF_THOUGHT)}){mark}")
        must = rules.choice == "required" or rules.name is not None
        may = rules.choice != "none" and bool(rules.tools)
        if may:
            lines += self._calls()
        first = f"{self._mark(CALL)} call"
        if rules.schema is not None:
            calls = f'{first} ("\\n" {first})*' if rules.parallel else first
            json_rule = [] if must else [f"json: {self._json()}"]
            either = [*(["json"] if json_rule else []), *([calls] if may else [])]
            return [*lines, "reply: " + " | ".join(either), *json_rule]
        lines += self._free_text(may)
        if not may:
            return [*lines, "reply: last"]
        if rules.parallel:
            return [*lines, f"reply: {first} (before call)* last" if must else "reply: (before call)* last"]
        return [*lines, f"reply: {first}" if must else "reply: last | before call"]

    def _free_text(self, may_call: bool) -> list[str]:
        """Text at the end (``last``), and before a call together with its mark (``before``)."""
        pieces = f"(TEXT <[{self._others}]>)*" if self._others else ""
        if CALL in self._control or not may_call:
            text = f"{ANY_TEXT} & ~/(?s:.*)<tool_call>\\s*<function=(?s:.*)/"
            before = [f"before: {pieces} TEXT {self._mark(CALL)}"] if may_call else []
        else:
            text = without(CALL)
            before = [f"before: {pieces} CALLING", f"CALLING: ({text}) {literal(CALL)}"]
        return [f"TEXT: {text}", f"last: {pieces} TEXT", *before]

    def _calls(self) -> list[str]:
        """What follows ``<tool_call>``: one function or several, and the end of the block."""
        tools = [(i, tool) for i, tool in enumerate(self._rules.tools) if self._rules.name in (None, tool.name)]
        if len(tools) > MOST_FUNCTIONS:
            raise ToolSchemaError(f"{len(tools)} tools are too many; {MOST_FUNCTIONS} can be held.", "tools")
        lines = []
        for index, tool in tools:
            parameters = self._parameters(f"p{index}", tool, f"tools[{index}]")
            any_order = "::0x0" if _in_any_order(tool) else ""
            rest = f"p{index}{any_order}" if parameters else ""
            lines += [f"f{index}: {literal(tool.name + '>' + NEWLINE)} {rest}", *parameters]
        functions = " | ".join(f"f{index}" for index, _ in tools)
        more = "+" if self._rules.parallel else ""
        function = f'{self._mark(FUNCTION)} ({functions}) {self._mark(FUNCTION_END)} "\\n"'
        return [*lines, f"function: {function}", f'call: "\\n" function{more} {self._mark(CALL_END)}']

    def _parameters(self, rule: str, tool: ToolDefinition, param: str) -> list[str]:
        """The parameters of a function: required ones have the low bits of what tells which were given."""
        required, optional = _parameter_names(tool)
        if len(required) + len(optional) > MOST_PARAMETERS:
            message = f"The tool '{tool.name}' has {len(required) + len(optional)} parameters; "
            raise ToolSchemaError(f"{message}{MOST_PARAMETERS} can be held.", param, "unsupported_schema")
        unheld = {key for key in WHOLE if tool.parameters.get(key)}
        if tool.strict and unheld:
            message = f"The tool '{tool.name}': {listed(unheld)} cannot be held strictly for the parameters as a whole."
            raise ToolSchemaError(message, param, "unsupported_schema")
        given = []
        for name in (*required, *optional):
            schema = (tool.parameters.get("properties") or {}).get(name)
            try:
                value = self._values.rule(schema, tool.parameters, tool.strict)
            except ToolSchemaError as error:
                message = f"The parameter '{name}' of the tool '{tool.name}': {error}"
                raise ToolSchemaError(message, param, "unsupported_schema") from None
            close = self._mark(PARAMETER_END) if PARAMETER_END in self._control else ""
            given.append(f'{self._mark(PARAMETER)} {literal(name + ">" + NEWLINE)} {value} {close} "\\n"')
        if not given:
            return []
        if not _in_any_order(tool):
            order = {name: place for place, name in enumerate((*required, *optional))}
            listed_names = sorted(order, key=list(tool.parameters.get("properties") or order).index)
            wanted = " ".join(given[order[n]] if n in required else f"({given[order[n]]})?" for n in listed_names)
            return [f"{rule}: {wanted}"]
        done = f" %if is_ones([0:{len(required)}])" if required else ""
        more = [f"{one} {rule}::set_bit({bit}) %if bit_clear({bit})" for bit, one in enumerate(given)]
        return [f"{rule}::_: " + "\n  | ".join([f'""{done}', *more])]

    def _json(self) -> str:
        """A reply of JSON by the caller's schema."""
        rules = self._rules
        held = HeldSchema(rules.schema, rules.strict)
        try:
            document = held.document(rules.schema)
        except ToolSchemaError as error:
            raise ToolSchemaError(str(error), rules.schema_param, "unsupported_schema") from None
        if rules.strict and held.dropped:
            message = f"{listed(held.dropped)} in the schema cannot be held strictly; leave it out, or 'strict'."
            raise ToolSchemaError(message, rules.schema_param, "unsupported_schema")
        body = f"%json {json.dumps(document)}"
        if fault := self._fault(f"start: {body}"):
            raise ToolSchemaError(f"The schema cannot be held: {fault}", rules.schema_param, "unsupported_schema")
        return body

    def _mark(self, mark: str) -> str:
        return f"<[{self._control[mark]}]>" if mark in self._control else literal(mark)


def _parameter_names(tool: ToolDefinition) -> tuple[list[str], list[str]]:
    """Names of the required parameters, also of those that the schema says no more of, and of the others."""
    required: list[str] = list(dict.fromkeys(tool.parameters.get("required") or []))
    return required, [name for name in tool.parameters.get("properties") or () if name not in required]


def _in_any_order(tool: ToolDefinition) -> bool:
    return sum(map(len, _parameter_names(tool))) <= MOST_IN_ANY_ORDER
