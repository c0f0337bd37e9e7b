"""What the user says: requests for one or several calls, with every value kept exactly as it goes into the call."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, field

from joyflash.tasks.tool_build import Parameter, Tool
from joyflash.tasks.tool_use import Saying, ToolPhrases
from joyflash.tasks.tool_values import Data, Value, draw, join, joinable, reads_like_a_list
from joyflash.tasks.words import Split, fits

_SAY_SHARE, _TWICE_SHARE = 0.4, 0.75
_AMOUNTS = ("integer", "number", "price", "expression")
_MOMENTS = ("time", "date")
_QUOTES = ('"{}"', "'{}'", "“{}”", "`{}`", "«{}»", "「{}」")


@dataclass
class Slots:
    """Keeps values out of the reach of typos: a text holds one private-use character for each until ``restore``."""

    values: list[str] = field(default_factory=list)

    def hold(self, value: str) -> str:
        """The stand-in for ``value``."""
        self.values.append(value)
        return chr(0xE000 + len(self.values) - 1)

    def restore(self, text: str) -> str:
        """``text`` with every value back in its place (values held inside values included)."""
        for index in range(len(self.values) - 1, -1, -1):
            text = text.replace(chr(0xE000 + index), self.values[index])
        return text


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
        form, text = _real_text(tool, used, values, rng, phrases, slots, form)
    elif tool.style == "calc":
        form = form or _pick_form(rng)
        text = phrases.grammar.expand(f"calc_{form}", rng, value=slots.hold(values["expression"].spoken))
    else:
        form, text = _invented_text(tool, used, values, rng, phrases, slots, form)
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
    held = {slot: slots.hold(_quoted(values[slot], rng)) for slot in sorted(saying.slots)}
    text = _apart(phrases.grammar.fill(saying.text, rng, **held), slots)
    for slot in switch:  # not joined as a second wish would be
        said = _mentioned(used[slot], values[slot], rng, phrases, slots)
        gap = "" if phrases.language == "zh" else " "
        text = f"{ended(text, phrases)}{gap}{said[:1].upper()}{said[1:]}"
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
    if tool.style == "real" and kind in _AMOUNTS:  # "for 2 and 3 people" is no wish for two of them
        return None
    if kind in _MOMENTS and sum(p.kind in _MOMENTS for p in tool.parameters) > 1:  # nor is "from May 2 to May 9"
        return None
    same = {p.slot: draw(p.kind, rng, split, phrases, p.schema) for p in needed if p is not parameter}
    spare = [p for p in tool.parameters if p.say and not p.required and not invented and rng.random() < 0.5]
    drawn = {value.spoken: value for value in (draw(parameter.kind, rng, split, phrases) for _ in range(count))}
    if len(drawn) != count or not all(map(joinable, drawn)):
        return None
    together = slots.hold(join([_quoted(value, rng) for value in drawn.values()], rng, phrases))
    if tool.style == "real":
        source = tool.source
        assert source is not None
        form = "question" if source.questions and rng.random() < 0.4 else "order"
        texts = source.questions if form == "question" else source.orders
        held = {slot: slots.hold(_quoted(value, rng)) for slot, value in same.items()}
        text = _apart(phrases.grammar.fill(rng.choice(texts), rng, **{parameter.slot: together}, **held), slots)
        for other in spare:
            same[other.slot] = draw(other.kind, rng, split, phrases, other.schema)
            said = _mentioned(other, same[other.slot], rng, phrases, slots)
            text = _appended(text, said, phrases, apart=other.slot == "switch")
    elif tool.style == "calc":
        form = _pick_form(rng)
        text = phrases.grammar.expand(f"calc_{form}", rng, value=together)
    else:
        form = _form_of(tool, rng)
        if tool.action is not None:
            text = _action_text(tool, form, together, rng, phrases, slots)
            return _list_clauses(tool, parameter, form, text, drawn, same)
        word = {_topic_slot(tool): slots.hold(_topic_word(tool, rng))}
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
    held = {slot: slots.hold(_quoted(values[slot], rng)) for slot in sorted(saying.slots)}
    texts = (_apart(phrases.grammar.fill(saying.text, rng, **held), slots), "")
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
            text = phrases.grammar.expand("again", rng, value=slots.hold(_quoted(value, rng)))
            arguments = before.arguments | {parameter.name: value.data}
            return Clause(
                text, "say", before.tool, arguments, value.spoken, before.values | {parameter.slot: value.spoken}
            )
    return None


def json_kind(parameter: Parameter) -> str:
    """The JSON type of a parameter, with "choice" for the values of a list of words."""
    return "choice" if "enum" in parameter.schema else parameter.schema["type"]


def ended(text: str, phrases: ToolPhrases) -> str:
    """``text`` with a stop at its end."""
    if text.endswith((*".?!。？！…:：", ")")):
        return text
    return text + ("。" if phrases.language == "zh" else ".")


def _real_text(
    tool: Tool, used: dict[str, Parameter], values: dict[str, Value], rng: random.Random, phrases: ToolPhrases,
    slots: Slots, form: str | None,
) -> tuple[str, str]:  # fmt: skip
    source = tool.source
    assert source is not None
    by_form = {"order": source.orders, "question": source.questions, "note": source.notes}
    form = (
        form
        or rng.choices(list(by_form), weights=[max(1, len(texts)) if texts else 0 for texts in by_form.values()])[0]
    )
    held = {slot: slots.hold(_quoted(values[slot], rng)) for slot, p in used.items() if not p.say}
    text = _apart(phrases.grammar.fill(rng.choice(by_form[form]), rng, **held), slots)
    for slot, parameter in used.items():
        if parameter.say:
            said = _mentioned(parameter, values[slot], rng, phrases, slots)
            text = _appended(text, said, phrases, apart=slot == "switch")
    return form, text


def _appended(text: str, said: str, phrases: ToolPhrases, *, apart: bool) -> str:
    """A clause and what is added to it: a few words, or in English a sentence, whose stop the whole request sets."""
    if phrases.language == "zh" and (apart or not text.isascii()):
        return f"{text}{'，' if apart else ''}{said}"
    return f"{text}. {said.removesuffix('.')}" if said[:1].isupper() and said.endswith(".") else f"{text} {said}"


def _mentioned(parameter: Parameter, value: Value, rng: random.Random, phrases: ToolPhrases, slots: Slots) -> str:
    """The words for a parameter that has words of its own; of a switch those for its state."""
    say = parameter.say
    if parameter.kind == "flag":
        yes, _, no = say.partition(" // ")
        return phrases.grammar.fill(yes if value.data else no, rng)
    return phrases.grammar.fill(say.replace("{}", "{value}"), rng, value=slots.hold(_quoted(value, rng)))


def _invented_text(
    tool: Tool, used: dict[str, Parameter], values: dict[str, Value], rng: random.Random, phrases: ToolPhrases,
    slots: Slots, form: str | None,
) -> tuple[str, str]:  # fmt: skip
    rest = [slot for slot, parameter in used.items() if not parameter.say]
    form = form or _form_of(tool, rng)
    topic = ""
    if tool.action is None:
        topic = slots.hold(_topic_word(tool, rng))
    if tool.action is not None:
        text = _action_text(tool, form, slots.hold(_quoted(values[rest.pop(0)], rng)), rng, phrases, slots)
    elif rest and rng.random() < 0.75:
        main = rest.pop(0)
        value = slots.hold(_quoted(values[main], rng))
        text = phrases.grammar.expand(f"{tool.style}_{form}", rng, **{_topic_slot(tool): topic}, value=value)
        text = _apart(text, slots)
    else:
        form = "order"
        extra = {"thing": tool.thing} if tool.style == "verb" else {}
        text = phrases.grammar.expand(f"{tool.style}_order_open", rng, **{_topic_slot(tool): topic}, **extra)
    if rest:
        if rng.random() < 0.25:
            rng.shuffle(rest)
        said = [_argument_text(used[slot], values[slot], rng, phrases, slots) for slot in rest]
        text += phrases.grammar.expand("more", rng, arguments=join(said, rng, phrases))
    for slot in used.keys() - {parameter.slot for parameter in used.values() if not parameter.say}:
        text = _appended(text, _mentioned(used[slot], values[slot], rng, phrases, slots), phrases, apart=True)
    return form, text


def _apart(text: str, slots: Slots) -> str:
    """A space between two values, or a topic and a value, whose letters would run together."""

    def joint(match: re.Match[str]) -> str:
        ends = [slots.restore(match[1])[-1:], slots.restore(match[2])[:1]]
        run_on = all(letter.isalnum() for letter in ends) and len({letter.isascii() for letter in ends}) == 1
        return f"{match[1]} {match[2]}" if run_on else match[0]

    return re.sub("([\ue000-\uf8ff])([\ue000-\uf8ff])", joint, text)


def _action_text(tool: Tool, form: str, value: str, rng: random.Random, phrases: ToolPhrases, slots: Slots) -> str:
    assert tool.action is not None
    texts = {"order": tool.action.orders, "question": tool.action.questions, "note": tool.action.notes}[form]
    return phrases.grammar.fill(rng.choice(texts), rng, noun=slots.hold(tool.topic), value=value)


def _argument_text(parameter: Parameter, value: Value, rng: random.Random, phrases: ToolPhrases, slots: Slots) -> str:
    name = slots.hold(parameter.word)
    if parameter.kind == "flag":
        return phrases.grammar.expand("argument_yes" if value.data else "argument_no", rng, name=name)
    return phrases.grammar.expand("argument", rng, name=name, value=slots.hold(_quoted(value, rng)))


def _quoted(value: Value, rng: random.Random) -> str:
    """The value as said, in quotation marks for most free texts and for a few other strings."""
    if value.spoken != value.data and isinstance(value.data, str):
        return value.spoken
    share = 0.45 if value.free_text else 0.1 if isinstance(value.data, str) else 0.0
    if isinstance(value.data, str) and not value.loose and reads_like_a_list(value.spoken):
        share = 1.0
    return rng.choice(_QUOTES[:4]).format(value.spoken) if rng.random() < share else value.spoken


def _topic_slot(tool: Tool) -> str:
    return "tool" if tool.style == "name" else tool.style


def _topic_word(tool: Tool, rng: random.Random) -> str:
    """What a request calls the tool: its noun or verb, or its name, sometimes with spaces between the words."""
    if tool.style != "name":
        return tool.topic
    return tool.name.replace("_", " ") if rng.random() < 0.2 else tool.name


def _form_of(tool: Tool, rng: random.Random) -> str:
    """A form in which an invented tool can be asked for."""
    form = _pick_form(rng)
    if tool.action is not None:
        has = {"order": True, "question": bool(tool.action.questions), "note": bool(tool.action.notes)}
        return form if has[form] else "order"
    return "order" if form == "question" and tool.style != "noun" else form


def _pick_form(rng: random.Random) -> str:
    roll = rng.random()
    return "order" if roll < 0.55 else "question" if roll < 0.85 else "note"
