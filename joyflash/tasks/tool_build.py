"""Tools as one sample lists them: real ones under fresh names, invented ones, calculators."""

from __future__ import annotations

import random
from dataclasses import dataclass

from joyflash.tasks.tool_use import Action, ToolKind, ToolPhrases
from joyflash.tasks.tool_values import schema_of, word
from joyflash.tasks.words import NOUNS, Split, fits, identifier, join_words

_INVENTED_KINDS = (
    ("word", 24), ("integer", 22), ("number", 10), ("text", 8), ("person", 5), ("city", 5), ("id", 7), ("choice", 6),
    ("flag", 5), ("list:word", 5), ("date", 4), ("time", 2), ("email", 2), ("file", 2), ("url", 1), ("expression", 2),
    ("object", 4),
)  # fmt: skip
_KIND_NAMES, _KIND_WEIGHTS = [kind for kind, _ in _INVENTED_KINDS], [weight for _, weight in _INVENTED_KINDS]
_FIELDS = {
    "person": ("name", "person", "contact", "owner", "full_name"), "phone": ("phone", "mobile", "number", "tel"),
    "email": ("email", "mail", "address"), "city": ("city", "town", "place", "location"), "date": ("date", "day", "on"),
    "time": ("time", "at", "hour", "start"), "integer": ("count", "quantity", "age", "size", "level"),
    "number": ("weight", "amount", "length", "score"), "word": ("label", "title", "kind", "topic", "item"),
    "id": ("id", "code", "key", "reference"), "color": ("color", "colour", "shade"), "product": ("product", "item"),
}  # fmt: skip
_NAMING_KINDS = ("id", "id", "word", "word", "integer", "person", "city", "file")
_NOUN_NAMES = (
    "get_{}",
    "{}",
    "find_{}",
    "compute_{}",
    "{}_of",
    "fetch_{}",
    "{}_lookup",
    "calc_{}",
    "get{}",
    "{}_tool",
    "{}_info",
)
_VERB_NAMES = ("{}", "do_{}", "{}_it", "run_{}", "{}_item", "{}Tool", "auto_{}", "{}_now")
_PREFIXES = ("my", "api", "do", "the", "tool", "fn", "x", "app", "new", "svc")
_SWITCH_SHARE = 0.08
_SUFFIXES = ("tool", "api", "v2", "fn", "func", "now", "x", "service", "helper", "info")


@dataclass(frozen=True)
class Parameter:
    """A parameter: ``word`` is what a request calls it, ``say`` how a real tool's optional one is mentioned."""

    slot: str
    name: str
    kind: str
    schema: dict
    required: bool
    word: str
    say: str = ""


@dataclass(frozen=True)
class Tool:
    """A listed tool. ``style`` says how a request points at it: "real", "calc", "name", "noun", "verb" or "action"."""

    name: str
    about: str
    parameters: tuple[Parameter, ...]
    style: str
    topic: str = ""
    thing: str = ""
    source: ToolKind | None = None
    action: Action | None = None

    def to_dict(self) -> dict:
        """The OpenAI form of the definition."""
        schema = {
            "type": "object",
            "properties": {parameter.name: parameter.schema for parameter in self.parameters},
            "required": [parameter.name for parameter in self.parameters if parameter.required],
        }
        return {"type": "function", "function": {"name": self.name, "description": self.about, "parameters": schema}}


def real_tool(
    source: ToolKind, rng: random.Random, split: Split, phrases: ToolPhrases, *, optional: float = 0.7
) -> Tool:
    """``source`` under a fresh name: a synonym in a random style or, for one in three, an invented name.

    ``optional`` is the share of its optional parameters that it has.
    """
    invented = rng.random() < 0.32
    name = identifier(rng, split, phrases.language, invented=1.0) if invented else _restyle(source.names, rng, split)
    about = phrases.grammar.fill(rng.choice(source.about), rng) if invented or rng.random() < 0.88 else ""
    taken: set[str] = set()
    parameters = []
    for argument in source.arguments:
        if not argument.required and rng.random() >= optional:
            continue
        strange = rng.random() < 0.2
        key = identifier(rng, split, phrases.language) if strange else _restyle(argument.names, rng, split)
        if key in taken:
            continue
        taken.add(key)
        schema = schema_of(argument.kind, rng, split, phrases)
        if argument.about and rng.random() < (0.85 if strange else 0.6):
            schema["description"] = phrases.grammar.fill(argument.about, rng)
        parameters.append(Parameter(argument.slot, key, argument.kind, schema, argument.required, key, argument.say))
    if {p.slot for p in parameters if p.required} != {a.slot for a in source.arguments if a.required}:
        return real_tool(source, rng, split, phrases, optional=optional)
    parameters += _switch(rng, split, phrases, taken)
    return Tool(name, about, tuple(parameters), "real", source=source)


def invented_tool(rng: random.Random, split: Split, phrases: ToolPhrases, *, like: Tool | None = None) -> Tool:
    """A tool that does not exist: a name, a noun that it returns or a verb that it does, and up to four parameters.

    Args:
        rng: source of randomness.
        split: side of the word split.
        phrases: the language.
        like: another tool whose name or ``thing`` this one shares in part, so that the two are easily confused.
    """
    if phrases.actions and (like.action is not None if like else rng.random() < 0.3):
        return _action_tool(rng, split, phrases, like)
    roll = rng.random()
    style = "name" if roll < 0.3 else "noun" if roll < 0.72 else "verb"
    topic = word("verb" if style == "verb" else "noun", rng, split, phrases, invented=0.6)
    thing = like.thing if like and like.thing else word("thing", rng, split, phrases, invented=0.4)
    linked = style != "name" and topic.isascii() and rng.random() < 0.6
    name = _linked_name(topic, style, rng, split) if linked else identifier(rng, split, phrases.language)
    if like and style == "name" and "_" in like.name and rng.random() < 0.6:
        name = _variant(like.name, rng, split)
    if style == "name":
        roll = rng.random()
        about = "" if roll < 0.35 else phrases.grammar.expand("vague_about", rng)
        if roll > 0.65:
            other = word("noun", rng, split, phrases)
            about = phrases.grammar.expand("noun_about", rng, noun=other, thing=thing)
    elif linked and rng.random() < 0.15:
        about = ""
    else:
        about = phrases.grammar.expand(f"{style}_about", rng, **{style: topic}, thing=thing)
    return Tool(name, about, _invented_parameters(rng, split, phrases, thing), style, topic, thing)


def calculator(rng: random.Random, split: Split, phrases: ToolPhrases) -> Tool:
    """A tool with one expression parameter, under any name."""
    if rng.random() < 0.5:
        name, about = _restyle(phrases.words["calc_name"], rng, split), ""
    else:
        name, about = identifier(rng, split, phrases.language), phrases.grammar.expand("calc_about", rng)
    if rng.random() < 0.75:
        about = phrases.grammar.expand("calc_about", rng)
    known = rng.random() < 0.6
    key = _restyle(phrases.words["calc_argument"], rng, split) if known else identifier(rng, split, phrases.language)
    schema: dict = {"type": "string"}
    if rng.random() < 0.55:
        schema["description"] = phrases.grammar.expand("calc_argument_about", rng)
    return Tool(name, about, (Parameter("expression", key, "expression", schema, True, key),), "calc")


def _action_tool(rng: random.Random, split: Split, phrases: ToolPhrases, like: Tool | None) -> Tool:
    """A tool that does something to a thing; near ``like`` often another on the same thing."""
    action, noun = rng.choice(phrases.actions), word("noun", rng, split, phrases, invented=0.4)
    if like and rng.random() < 0.65:
        noun = like.topic
    elif like and like.action:
        action = like.action
    name = identifier(rng, split, phrases.language)
    linked = noun.isascii() and rng.random() < 0.55
    if linked:
        name = _restyle(tuple(name.format(noun=noun) for name in action.names), rng, split)
    about = phrases.grammar.fill(rng.choice(action.about), rng, noun=noun)
    if linked and rng.random() < 0.15:
        about = ""
    parameters = _invented_parameters(rng, split, phrases, noun, first=rng.choice(_NAMING_KINDS))
    return Tool(name, about, parameters, "action", noun, noun, action=action)


def _invented_parameters(
    rng: random.Random, split: Split, phrases: ToolPhrases, thing: str, *, first: str | None = None
) -> tuple[Parameter, ...]:
    count = rng.choices((0, 1, 2, 3, 4), weights=(0 if first else 6, 57, 25, 9, 3))[0]
    parameters: list[Parameter] = []
    for index in range(count):
        kind = rng.choices(_KIND_NAMES, weights=_KIND_WEIGHTS)[0]
        if index == 0 and first:
            kind = first
        while index == 0 and kind == "flag":
            kind = rng.choice(_KIND_NAMES)
        name = identifier(rng, split, phrases.language)
        if any(name.lower() == other.name.lower() for other in parameters):
            continue
        if kind == "object":
            kind = _object_kind(rng, split, phrases)
        schema = schema_of(kind, rng, split, phrases)
        called = name
        roll = rng.random()
        if roll < 0.22:
            described = word("thing", rng, split, phrases)
            schema["description"] = phrases.grammar.expand("argument_about", rng, word=described)
            if all(described != other.word for other in parameters):
                called = described
        elif roll < 0.29:
            schema["description"] = phrases.grammar.expand("vague_argument", rng)
        elif roll < 0.37:
            schema["description"] = phrases.grammar.expand("argument_about", rng, word=thing if index == 0 else name)
        if called == name and "_" in name and rng.random() < 0.3:
            called = name.replace("_", " ")
        required = index == 0 or rng.random() < 0.65
        parameters.append(Parameter(f"p{index}", name, kind, schema, required, called))
    parameters += _switch(rng, split, phrases, {parameter.name for parameter in parameters})
    return tuple(parameters)


def _object_kind(rng: random.Random, split: Split, phrases: ToolPhrases) -> str:
    """An object of two or three fields under natural or invented names."""
    fields: dict[str, str] = {}
    for kind in rng.sample(sorted(_FIELDS), 2 + (rng.random() < 0.3)):
        natural = rng.random() < 0.65
        name = _restyle(_FIELDS[kind], rng, split) if natural else identifier(rng, split, phrases.language)
        fields.setdefault(name, kind)
    return "object:" + "|".join(f"{name}={kind}" for name, kind in fields.items())


def has_switch(tool: Tool) -> bool:
    """Whether ``tool`` has one of the switches that go with any tool."""
    return any(parameter.slot == "switch" for parameter in tool.parameters)


def _switch(rng: random.Random, split: Split, phrases: ToolPhrases, taken: set[str]) -> list[Parameter]:
    """For one tool in twelve a switch that would go with any tool; half of the time it must be set."""
    if not phrases.flags or rng.random() >= _SWITCH_SHARE:
        return []
    flag = rng.choice(phrases.flags)
    strange = rng.random() < 0.4
    name = identifier(rng, split, phrases.language) if strange else _restyle(flag.names, rng, split)
    if name.lower() in {other.lower() for other in taken}:
        return []
    schema: dict = {"type": "boolean"}
    if strange or rng.random() < 0.7:
        schema["description"] = phrases.grammar.fill(flag.about, rng)
    return [Parameter(flag.slot, name, "flag", schema, rng.random() < 0.5, name, flag.say)]


def _linked_name(topic: str, style: str, rng: random.Random, split: Split) -> str:
    patterns = _NOUN_NAMES if style == "noun" else _VERB_NAMES
    for _ in range(30):
        pattern = rng.choice(patterns)
        name = pattern.format(topic.capitalize() if pattern == "get{}" else topic).replace(" ", "_")
        if fits(name, split):
            return name
    while True:
        name = f"{rng.choice(patterns).format(topic)}_{rng.choice(NOUNS)}".replace(" ", "_")
        if fits(name, split):
            return name


def _restyle(names: tuple[str, ...], rng: random.Random, split: Split) -> str:
    """One of ``names`` in a random identifier style, with a prefix or suffix where the split asks for it."""
    extra = 0.08
    while True:
        words = rng.choice(names).split("_")
        if rng.random() < extra:
            words = [rng.choice(_PREFIXES), *words] if rng.random() < 0.4 else [*words, rng.choice(_SUFFIXES)]
        name = join_words(rng, words) if rng.random() < 0.5 else "_".join(words)
        if fits(name, split):
            return name
        extra = min(0.9, extra + 0.05)


def _variant(name: str, rng: random.Random, split: Split) -> str:
    """A name that shares its beginning or its end with ``name``."""
    first = name.replace("-", "_").split("_")
    while True:
        part = rng.choice(first)
        other = identifier(rng, split, "en")
        made = f"{part}_{other}" if rng.random() < 0.5 else f"{other}_{part}"
        if fits(made, split):
            return made[:60]
