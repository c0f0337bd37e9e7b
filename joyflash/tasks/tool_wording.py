"""The words of a request: how a tool, its arguments and what is wanted are said, around values kept as they are."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, field

from joyflash.tasks.tool_build import Parameter, Tool
from joyflash.tasks.tool_use import ToolPhrases
from joyflash.tasks.tool_values import Value, join, reads_like_a_list

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


def ended(text: str, language: str) -> str:
    """``text`` with a stop at its end."""
    if text.endswith((*".?!。？！…:：", ")")):
        return text
    return text + ("。" if language == "zh" else ".")


def real_text(
    tool: Tool, used: dict[str, Parameter], values: dict[str, Value], rng: random.Random, phrases: ToolPhrases,
    slots: Slots, form: str | None,
) -> tuple[str, str]:  # fmt: skip
    """The form and the words of a request for a real tool, one of its own texts; ``form`` fixes the form."""
    source = tool.source
    assert source is not None
    by_form = {"order": source.orders, "question": source.questions, "note": source.notes}
    form = (
        form
        or rng.choices(list(by_form), weights=[max(1, len(texts)) if texts else 0 for texts in by_form.values()])[0]
    )
    held = {slot: slots.hold(quoted(values[slot], rng)) for slot, p in used.items() if not p.say}
    text = apart(phrases.grammar.fill(rng.choice(by_form[form]), rng, **held), slots)
    for slot, parameter in used.items():
        if parameter.say:
            said = mentioned(parameter, values[slot], rng, phrases, slots)
            text = appended(text, said, phrases, apart=slot == "switch")
    return form, text


def appended(text: str, said: str, phrases: ToolPhrases, *, apart: bool) -> str:
    """A clause and what is added to it: a few words, or in English a sentence, whose stop the whole request sets."""
    if phrases.language == "zh" and (apart or not text.isascii()):
        return f"{text}{'，' if apart else ''}{said}"
    return f"{text}. {said.removesuffix('.')}" if said[:1].isupper() and said.endswith(".") else f"{text} {said}"


def mentioned(parameter: Parameter, value: Value, rng: random.Random, phrases: ToolPhrases, slots: Slots) -> str:
    """The words for a parameter that has words of its own; of a switch those for its state."""
    say = parameter.say
    if parameter.kind == "flag":
        yes, _, no = say.partition(" // ")
        return phrases.grammar.fill(yes if value.data else no, rng)
    return phrases.grammar.fill(say.replace("{}", "{value}"), rng, value=slots.hold(quoted(value, rng)))


def invented_text(
    tool: Tool, used: dict[str, Parameter], values: dict[str, Value], rng: random.Random, phrases: ToolPhrases,
    slots: Slots, form: str | None,
) -> tuple[str, str]:  # fmt: skip
    """The form and the words of a request for an invented tool, by the grammar; ``form`` fixes the form."""
    rest = [slot for slot, parameter in used.items() if not parameter.say]
    form = form or form_of(tool, rng)
    topic = ""
    if tool.action is None:
        topic = slots.hold(topic_word(tool, rng))
    if tool.action is not None:
        text = action_text(tool, form, slots.hold(quoted(values[rest.pop(0)], rng)), rng, phrases, slots)
    elif rest and rng.random() < 0.75:
        main = rest.pop(0)
        value = slots.hold(quoted(values[main], rng))
        text = phrases.grammar.expand(f"{tool.style}_{form}", rng, **{topic_slot(tool): topic}, value=value)
        text = apart(text, slots)
    else:
        form = "order"
        extra = {"thing": tool.thing} if tool.style == "verb" else {}
        text = phrases.grammar.expand(f"{tool.style}_order_open", rng, **{topic_slot(tool): topic}, **extra)
    if rest:
        if rng.random() < 0.25:
            rng.shuffle(rest)
        said = [_argument_text(used[slot], values[slot], rng, phrases, slots) for slot in rest]
        text += phrases.grammar.expand("more", rng, arguments=join(said, rng, phrases))
    for slot in used.keys() - {parameter.slot for parameter in used.values() if not parameter.say}:
        text = appended(text, mentioned(used[slot], values[slot], rng, phrases, slots), phrases, apart=True)
    return form, text


def apart(text: str, slots: Slots) -> str:
    """A space between two values, or a topic and a value, whose letters would run together."""

    def joint(match: re.Match[str]) -> str:
        ends = [slots.restore(match[1])[-1:], slots.restore(match[2])[:1]]
        run_on = all(letter.isalnum() for letter in ends) and len({letter.isascii() for letter in ends}) == 1
        return f"{match[1]} {match[2]}" if run_on else match[0]

    return re.sub("([\ue000-\uf8ff])([\ue000-\uf8ff])", joint, text)


def action_text(tool: Tool, form: str, value: str, rng: random.Random, phrases: ToolPhrases, slots: Slots) -> str:
    """A request for an action tool: its action, its thing and its main value."""
    assert tool.action is not None
    texts = {"order": tool.action.orders, "question": tool.action.questions, "note": tool.action.notes}[form]
    return phrases.grammar.fill(rng.choice(texts), rng, noun=slots.hold(tool.topic), value=value)


def _argument_text(parameter: Parameter, value: Value, rng: random.Random, phrases: ToolPhrases, slots: Slots) -> str:
    name = slots.hold(parameter.word)
    if parameter.kind == "flag":
        return phrases.grammar.expand("argument_yes" if value.data else "argument_no", rng, name=name)
    return phrases.grammar.expand("argument", rng, name=name, value=slots.hold(quoted(value, rng)))


def quoted(value: Value, rng: random.Random) -> str:
    """The value as said, in quotation marks for most free texts and for a few other strings."""
    if value.spoken != value.data and isinstance(value.data, str):
        return value.spoken
    share = 0.45 if value.free_text else 0.1 if isinstance(value.data, str) else 0.0
    if isinstance(value.data, str) and not value.loose and reads_like_a_list(value.spoken):
        share = 1.0
    return rng.choice(_QUOTES[:4]).format(value.spoken) if rng.random() < share else value.spoken


def topic_slot(tool: Tool) -> str:
    """The slot of the grammar that takes what a request calls the tool."""
    return "tool" if tool.style == "name" else tool.style


def topic_word(tool: Tool, rng: random.Random) -> str:
    """What a request calls the tool: its noun or verb, or its name, sometimes with spaces between the words."""
    if tool.style != "name":
        return tool.topic
    return tool.name.replace("_", " ") if rng.random() < 0.2 else tool.name


def form_of(tool: Tool, rng: random.Random) -> str:
    """A form in which an invented tool can be asked for."""
    form = pick_form(rng)
    if tool.action is not None:
        has = {"order": True, "question": bool(tool.action.questions), "note": bool(tool.action.notes)}
        return form if has[form] else "order"
    return "order" if form == "question" and tool.style != "noun" else form


def pick_form(rng: random.Random) -> str:
    """ "order", "question" or "note"."""
    roll = rng.random()
    return "order" if roll < 0.55 else "question" if roll < 0.85 else "note"
