"""What the user asks for: requests for one or several calls, with every value kept exactly as it goes into the call."""

from __future__ import annotations

import random
from dataclasses import dataclass

from joyflash.tasks.tool_build import Parameter, Tool
from joyflash.tasks.tool_use import Saying, ToolPhrases
from joyflash.tasks.tool_values import AMOUNTS, Data, Value, draw, join, joinable
from joyflash.tasks.tool_wording import (
    Slots,
    action_text,
    apart,
    appended,
    ended,
    form_of,
    invented_text,
    mentioned,
    pick_form,
    quoted,
    real_text,
    topic_slot,
    topic_word,
)
from joyflash.tasks.words import Split, fits

_SAY_SHARE, _TWICE_SHARE = 0.4, 0.75
_MOMENTS = ("time", "date")


@dataclass(frozen=True)
class Clause:
    """One thing asked for: its text before restoring, the grammatical form, and the call that it means.

    ``form`` is "order", "question", "note" or "say" (a whole message); ``subject`` is the main value in words (for
    the answer).
    """

    text: str
    form: str
    tool: Tool
    arguments: dict[str, Data]
    subject: str
    values: dict[str, str]


def clause(
    tool: Tool, rng: random.Random, split: Split, phrases: ToolPhrases, slots: Slots, *, form: str | None = None,
    given: tuple[str, Value] | None = None,
) -> Clause:  # fmt: skip
    """A request for one call of ``tool``; ``form`` fixes its grammatical form, ``given`` the value of one slot."""
    if form is None and (fitting := _sayings(tool, split)) and rng.random() < _SAY_SHARE:
        return _said(tool, rng.choice(fitting), rng, split, phrases, slots)
    used = {p.slot: p for p in tool.parameters if p.required or rng.random() < 0.6}
    values = {slot: draw(p.kind, rng, split, phrases, p.schema) for slot, p in used.items()}
    if given is not None:
        values[given[0]] = given[1]
    if tool.style == "real":
        form, text = real_text(tool, used, values, rng, phrases, slots, form)
    elif tool.style == "calc":
        form = form or pick_form(rng)
        text = phrases.grammar.expand(f"calc_{form}", rng, value=slots.hold(values["expression"].spoken))
    else:
        form, text = invented_text(tool, used, values, rng, phrases, slots, form)
    arguments = {p.name: values[slot].data for slot, p in used.items()}
    spoken = {slot: value.spoken for slot, value in values.items()}
    first = next(iter(values.values())) if values else Value("", "")
    return Clause(text, form, tool, arguments, first.spoken, spoken)


def _sayings(tool: Tool, split: Split, *, twice: bool = False) -> list[Saying]:
    """The messages that fit the parameters which ``tool`` has, and whose given values are on this side of the split.

    Those that mean one call or, ``twice``, two.
    """
    if tool.source is None:
        return []
    schemas = {parameter.slot: parameter.schema for parameter in tool.parameters}
    if twice:
        schemas |= {f"{slot}2": schema for slot, schema in schemas.items()}

    def fits_tool(saying: Saying) -> bool:
        return saying.slots <= schemas.keys() and all(
            slot in schemas
            and value in schemas[slot].get("enum", (value,))
            and (isinstance(value, bool) or fits(str(value), split))
            for slot, value in saying.given
        )

    return [saying for saying in (tool.source.twice if twice else tool.source.says) if fits_tool(saying)]


def _said(
    tool: Tool, saying: Saying, rng: random.Random, split: Split, phrases: ToolPhrases, slots: Slots
) -> Clause:  # fmt: skip
    given = {slot: Value(data, str(data)) for slot, data in saying.given}
    switch = {p.slot for p in tool.parameters if p.slot == "switch" and (p.required or rng.random() < 0.5)}
    used = {p.slot: p for p in tool.parameters if p.slot in saying.slots | given.keys() | switch}
    values = {slot: given.get(slot) or draw(p.kind, rng, split, phrases, p.schema) for slot, p in used.items()}
    held = {slot: slots.hold(quoted(values[slot], rng)) for slot in sorted(saying.slots)}
    text = apart(phrases.grammar.fill(saying.text, rng, **held), slots)
    for slot in switch:  # not joined as a second wish would be
        said = mentioned(used[slot], values[slot], rng, phrases, slots)
        gap = "" if phrases.language == "zh" else " "
        text = f"{ended(text, phrases.language)}{gap}{said[:1].upper()}{said[1:]}"
    arguments = {p.name: values[slot].data for slot, p in used.items()}
    spoken = {slot: value.spoken for slot, value in values.items()}
    return Clause(text, "say", tool, arguments, next(iter(spoken.values()), ""), spoken)


def clauses_of_list(
    tool: Tool, count: int, rng: random.Random, split: Split, phrases: ToolPhrases, slots: Slots
) -> list[Clause] | None:
    """One request for several calls of the same tool; None where the tool's parameters do not allow it.

    A message written for two calls, or an order or question for a single call that names several main values.

    Further required parameters get one value for all. The first clause carries the text of all of them.
    """
    fitting = _sayings(tool, split, twice=True) if count == 2 else []
    if fitting and rng.random() < _TWICE_SHARE and not any(p.required for p in tool.parameters if p.slot == "switch"):
        return _said_twice(tool, rng.choice(fitting), rng, split, phrases, slots)
    needed = [parameter for parameter in tool.parameters if parameter.required]
    invented = tool.style != "real"
    if not needed or (invented and len(tool.parameters) > 1) or any(parameter.say for parameter in needed):
        return None
    parameter = rng.choice(needed)
    kind = parameter.kind.partition(":")[0]
    if kind in ("text", "task", "flag", "list", "object") or "enum" in parameter.schema:
        return None
    if tool.style == "real" and kind in (*AMOUNTS, "expression"):  # "for 2 and 3 people" is no wish for two of them
        return None
    if kind in _MOMENTS and sum(p.kind in _MOMENTS for p in tool.parameters) > 1:  # nor is "from May 2 to May 9"
        return None
    same = {p.slot: draw(p.kind, rng, split, phrases, p.schema) for p in needed if p is not parameter}
    spare = [p for p in tool.parameters if p.say and not p.required and not invented and rng.random() < 0.5]
    drawn = {value.spoken: value for value in (draw(parameter.kind, rng, split, phrases) for _ in range(count))}
    if len(drawn) != count or not all(map(joinable, drawn)):
        return None
    together = slots.hold(join([quoted(value, rng) for value in drawn.values()], rng, phrases))
    if tool.style == "real":
        source = tool.source
        assert source is not None
        form = "question" if source.questions and rng.random() < 0.4 else "order"
        texts = source.questions if form == "question" else source.orders
        held = {slot: slots.hold(quoted(value, rng)) for slot, value in same.items()}
        text = apart(phrases.grammar.fill(rng.choice(texts), rng, **{parameter.slot: together}, **held), slots)
        for other in spare:
            same[other.slot] = draw(other.kind, rng, split, phrases, other.schema)
            said = mentioned(other, same[other.slot], rng, phrases, slots)
            text = appended(text, said, phrases, apart=other.slot == "switch")
    elif tool.style == "calc":
        form = pick_form(rng)
        text = phrases.grammar.expand(f"calc_{form}", rng, value=together)
    else:
        form = form_of(tool, rng)
        if tool.action is not None:
            text = action_text(tool, form, together, rng, phrases, slots)
            return _list_clauses(tool, parameter, form, text, drawn, same)
        word = {topic_slot(tool): slots.hold(topic_word(tool, rng))}
        text = phrases.grammar.expand(f"{tool.style}_{form}", rng, **word, value=together)
    return _list_clauses(tool, parameter, form, text, drawn, same)


def _said_twice(
    tool: Tool, saying: Saying, rng: random.Random, split: Split, phrases: ToolPhrases, slots: Slots
) -> list[Clause]:  # fmt: skip
    """Two calls in the words of ``saying``, which differ in at least one argument."""
    kinds = {p.slot: p for p in tool.parameters}
    given = {slot: Value(data, str(data)) for slot, data in saying.given}
    while True:
        values = dict(given)
        for slot in sorted(saying.slots):
            parameter = kinds.get(slot) or kinds[slot[:-1]]
            values[slot] = draw(parameter.kind, rng, split, phrases, parameter.schema)
        first = {slot: value for slot, value in values.items() if slot in kinds}
        second = {slot: values.get(f"{slot}2", value) for slot, value in first.items()}
        if any(first[slot].data != second[slot].data for slot in first):
            break
    held = {slot: slots.hold(quoted(values[slot], rng)) for slot in sorted(saying.slots)}
    texts = (apart(phrases.grammar.fill(saying.text, rng, **held), slots), "")
    clauses = []
    for text, each in zip(texts, (first, second), strict=True):
        arguments = {p.name: each[p.slot].data for p in tool.parameters if p.slot in each}
        spoken = {slot: value.spoken for slot, value in each.items()}
        clauses.append(Clause(text, "say", tool, arguments, next(iter(spoken.values())), spoken))
    return clauses


def _list_clauses(
    tool: Tool, parameter: Parameter, form: str, text: str, drawn: dict[str, Value], same: dict[str, Value]
) -> list[Clause]:
    clauses = []
    for index, value in enumerate(drawn.values()):
        values = {parameter.slot: value, **same}
        used = [p for p in tool.parameters if p.slot in values]
        arguments = {p.name: values[p.slot].data for p in used}
        spoken = {p.slot: values[p.slot].spoken for p in used}
        clauses.append(Clause("" if index else text, form, tool, arguments, value.spoken, spoken))
    return clauses


def clause_again(before: Clause, rng: random.Random, split: Split, phrases: ToolPhrases, slots: Slots) -> Clause | None:
    """The call of ``before`` with another main value, said in a few words: "and in Rome?".

    None where such words could mean another parameter as well.
    """
    kinds = {p.slot: json_kind(p) for p in before.tool.parameters}
    for parameter in before.tool.parameters:
        plain = parameter.slot in before.values and parameter.required and "enum" not in parameter.schema
        if (
            plain
            and list(kinds.values()).count(kinds[parameter.slot]) == 1
            and json_kind(parameter) not in ("boolean", "object")
        ):
            value = draw(parameter.kind, rng, split, phrases, parameter.schema)
            if value.spoken == before.values[parameter.slot]:
                return None
            text = phrases.grammar.expand("again", rng, value=slots.hold(quoted(value, rng)))
            arguments = before.arguments | {parameter.name: value.data}
            return Clause(
                text, "say", before.tool, arguments, value.spoken, before.values | {parameter.slot: value.spoken}
            )
    return None


def json_kind(parameter: Parameter) -> str:
    """The JSON type of a parameter, with "choice" for the values of a list of words."""
    return "choice" if "enum" in parameter.schema else parameter.schema["type"]
