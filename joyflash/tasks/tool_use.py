"""What a language module provides so that tool-use conversations can be generated in that language.

``joyflash.tasks.tool_phrases_<language>`` holds one constant ``PHRASES`` of type ``ToolPhrases``. Texts are rule texts
of ``joyflash.tasks.grammar``: ``<rule>``, ``{slot}``, ``[one|other|]``. Real tools are text blocks, separated by empty
lines, in ``tools/LANGUAGE/*.txt``, which ``read_tools`` reads::

    tool outdoors: get_weather weather current_weather check_weather
    about: [Get|Returns] the [current |]weather [in|for] a city.
    city = city ; city location place town ; [name of the city|]
    date? = date ; date day when ; the day ; [on|for] {}
    detailed? = flag ; detailed verbose ; more details ; in detail // without details
    order: [tell|show] me the weather [in|for] {city}
    ask: what's the weather [like |]in {city}
    note: {city} weather
    say: I'm off to {city} in an hour. Umbrella or sunglasses?
    say detailed=true: Flying to {city} {date}, so I want to know all about the weather there.
    twice: Is it warmer in {city} or in {city2} right now?
    gives: temperature = degrees ; condition = sky
    reply: It is {temperature} and {condition} in {city}.
    talk: How far ahead can one trust a forecast? => A few days, after that it is guesswork.

* ``tool DOMAIN: NAMES``. Tools of one domain are near misses of each other: they must never be able to answer each
  other's requests. A domain that starts with ``*`` marks tools that could answer too much (web search): they are never
  listed where the right answer is that no tool fits.
* ``about`` lines: descriptions. At least one; together they must tell the tool apart from its neighbours.
* ``SLOT = KIND ; NAMES ; ABOUT`` a required parameter; every ``order``/``ask``/``note`` line has its ``{SLOT}``.
* ``SLOT? = KIND ; NAMES ; ABOUT ; SAY`` an optional one: ``SAY`` (with ``{}`` for the value) is appended where
  the parameter is used. For the kind ``flag`` it is ``WHEN TRUE // WHEN FALSE`` and has no ``{}``.
* ``order`` lines: an imperative clause without greeting, capital or full stop; ``ask`` lines: a direct question
  without question mark; ``note`` lines: telegraphic or first-person texts. Every tool has at least one ``order``.
* ``say`` lines: whole messages as people write them, with capitals and punctuation, in which the wish may be told
  indirectly. Every required slot is either in the text or given a value before the colon (``say minutes=30: …half an
  hour…``, several separated by ", "); optional slots may be in the text or be given; they are used exactly then.
* ``twice`` lines: the same for two calls in one message; the second call has the value of ``{SLOT2}`` where there is
  one, else that of ``{SLOT}``.
* ``talk`` lines: what is said on the tool's subject without a need for it, and the answer in words.
* ``gives``: fields of the result and their kinds; ``reply`` lines: the final answer; each mentions every field.

Kinds of values: ``integer``, ``integer:1-30`` (a range), ``number``, ``price``, ``text`` (rule ``value_text``),
``date`` (rule ``value_date``), ``time`` (rule ``value_time``), ``email``, ``id``, ``url``, ``phone``, ``file``,
``expression``, ``word`` (one invented or plain word), ``flag``, ``enum:a,b,c``, ``list:KIND``, and every key
of ``ToolPhrases.words``.
Three more are made by code only: ``choice`` (options of invented tools), ``enum:a=one,b=two`` (options that a request
says in other words) and ``object:NAME=KIND|NAME=KIND``.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from importlib.resources import files

from joyflash.tasks.grammar import Grammar, slots_of
from joyflash.tasks.words import Split

# Kinds of values beside the keys of ToolPhrases.words
_KIND = re.compile(r"integer|number|price|text|date|time|email|id|url|phone|file|expression|word|flag|enum|object")
_SAY = re.compile(r"(say|twice)(?: (\w+=[^:,]+(?:, \w+=[^:,]+)*))?: (.+)")

# Every grammar must have these rules; the value says which slots each receives and what it writes.
REQUIRED_RULES: Mapping[str, str] = {
    # whole requests: capital letters, typos and missing punctuation are the work of ToolPhrases.finish
    "ask_order": "{order}: a whole request around an imperative clause: plain, polite, 'can you …?', 'I need you to …'",
    "ask_question": "{question}: a whole request around a direct question, with its question mark",
    "ask_note": "{note}: a whole request around a telegraphic text",
    "whole": "{ask}: the request alone or with greeting, reason ('I am planning a trip.'), thanks, filler around it",
    "join_orders": "{first} {second}: two imperative clauses as one ('{first} and then {second}')",
    "join_two_orders": "the same, in words that count ('first … then …'): for two requests only",
    "join_two_says": "{first} {second}: two whole messages, counted ('Two things. …', '1. … 2. …')",
    "join_says": "{first} {second}: two whole messages as one ('{first} And another thing: {second}')",
    # lists and named arguments
    "list_comma": "what stands between the items of a list but the last two (', ')",
    "list_last": "{head} {last}: the end of a list ('{head} and {last}')",
    "argument": "{name} {value}: one argument in words ('{name} {value}', '{name}: {value}', '{value} as {name}')",
    "argument_yes": "{name}: a boolean that is true ('{name} on', '{name}: true')",
    "argument_no": "{name}: a boolean that is false",
    "more": "{arguments}: appended to a clause (' with {arguments}', ', {arguments}'); keep the space",
    # invented tools; {noun}, {verb}, {thing} are single words, real or invented; {tool} is the tool's name
    "name_order": "{tool} {value}: 'use {tool} on {value}'",
    "name_order_open": "{tool}: 'run {tool}' (arguments follow)",
    "name_note": "{tool} {value}: '{tool} {value}', '{value} -> {tool}'",
    "noun_about": "{noun} {thing}: description, 'Returns the {noun} of a {thing}.' ({thing} is what it is given)",
    "noun_order": "{noun} {value}: 'find the {noun} of {value}'",
    "noun_order_open": "{noun}: 'give me the {noun}' (arguments follow)",
    "noun_question": "{noun} {value}: 'what is the {noun} of {value}' without question mark",
    "noun_note": "{noun} {value}: '{noun} for {value}'",
    "verb_about": "{verb} {thing}: description, '{verb} a {thing}.'",
    "verb_order": "{verb} {value}: '{verb} {value}'",
    "verb_order_open": "{verb} {thing}: '{verb} the {thing}' (arguments follow)",
    "verb_note": "{verb} {value}: telegraphic",
    "again": "{value}: the same once more with another value ('and {value}?', 'what about {value}')",
    "looked_up": "no slots: says that something was looked up or done, without the result",
    "ask_back": "no slots: asks for a result that the assistant has ('what was it again?')",
    "ask_back_noun": "{noun}: the same, naming what was looked up",
    "ask_back_about": "{question}: the same, with the whole question (without question mark)",
    "answer_back": "{answer}: the answer given again",
    "ask_field": "{field}: asks for another field of a result ('and the {field}?')",
    "answer_field": "{field} {value}: the answer to that",
    "ask_right": "{value}: asks whether that was the result",
    "answer_right": "{value}: yes, it was",
    "answer_wrong": "{value} {wrong}: no, it was {value}",
    "ask_sure": "no slots: doubts a result ('are you sure?')",
    "answer_sure": "{answer}: yes, it is certain",
    "ask_source": "no slots: asks where a result comes from ('did you guess that?', 'how do you know?')",
    "answer_source": "{answer}: says that it comes from the tool",
    "pass_on": "{person}: asks to word a result for somebody",
    "passed_on": "{person} {answer}: the result worded for them",
    "ask_sentence": "no slots: asks for a result in other words ('in one line, please')",
    "the_result": "no slots: what an earlier request will have found ('the result', 'what you find')",
    "aside_number": "{number} {ask}: a sentence with a number that is no argument, and the request",
    "aside_person": "{person} {ask}: a sentence with a person who is no argument, and the request",
    "usage": "no slots: a sentence of a description on how a tool is used or what it returns",
    "vague_about": "no slots: a description that says nothing ('Internal helper.'), sometimes of one word",
    "argument_about": "{word}: description of a parameter that means {word} ('the {word} to use')",
    "vague_argument": "no slots: a description of a parameter that says nothing ('input value')",
    # results and final answers
    "result_sentence": "{value}: a tool's result as a sentence",
    "reply_value": "{value}: the final answer to one value, sometimes the value alone",
    "reply_noun": "{noun} {of} {value}: 'The {noun} of {of} is {value}.'",
    "reply_pair": "{of} {value}: one of several results ('{of} gives {value}'), joined like a list",
    "reply_done": "{value}: the final answer to an action whose result is a short status",
    "error": "{word} {number}: the text of a tool's error ('{word} not found', 'error {number}: timeout')",
    "reply_error": "{error}: the final answer that passes the error on",
    # nothing fits
    "decline": "no slots: says that none of the listed tools can do this",
    "decline_topic": "{topic}: the same, naming what was asked for (one word or short name)",
    # rounds of a longer conversation
    "pleased": "no slots: the user is content with the last answer",
    "welcome": "no slots: the assistant's answer to that",
    "acknowledge": "no slots: says in a word or two that what was asked is done",
    # arithmetic
    "calc_about": "no slots: description of a calculator-like tool",
    "calc_argument_about": "no slots: description of its expression parameter",
    "calc_order": "{value}: imperative clause asking to work out one expression or a list of them",
    "calc_question": "{value}: question without question mark",
    "calc_note": "{value}: telegraphic",
    "calc_reply": "{expression} {value}: the final answer to one expression",
    "calc_pair": "{expression} {value}: one of several results ('{expression} = {value}')",
    # values and frame
    "value_text": "{word} {name} {place} {number}: a free text of 2 to 9 words (message, title, note)",
    "value_date": "{day} {month} {year} {month_number} {day_number}: a date in any style",
    "value_time": "{hour} {minute}: a time of day; {minute} has two digits",
    "system": "no slots: a system prompt for an assistant with tools",
}


@dataclass(frozen=True)
class Argument:
    """One parameter of a real tool; ``say`` is how a request mentions an optional one."""

    slot: str
    kind: str
    names: tuple[str, ...]
    about: str
    say: str
    required: bool


@dataclass(frozen=True)
class Saying:
    """A whole message that means a call, or two; ``given`` holds arguments that it means without spelling them."""

    text: str
    given: tuple[tuple[str, str | int | float | bool], ...]
    slots: frozenset[str]


@dataclass(frozen=True)
class ToolKind:
    """One real tool with its names, descriptions, parameters, requests and answers."""

    domain: str
    names: tuple[str, ...]
    about: tuple[str, ...]
    arguments: tuple[Argument, ...]
    orders: tuple[str, ...]
    questions: tuple[str, ...]
    notes: tuple[str, ...]
    gives: tuple[tuple[str, str], ...]
    replies: tuple[str, ...]
    says: tuple[Saying, ...] = ()
    twice: tuple[Saying, ...] = ()
    talk: tuple[tuple[str, str], ...] = ()
    wide: bool = False


@dataclass(frozen=True)
class Action:
    """Something done to a thing of any sort, said in many ways: "delete", "remove", "get rid of".

    Args:
        names: function names with ``{noun}`` ("delete_{noun}").
        about: descriptions with ``{noun}``.
        orders: imperative clauses with ``{noun}`` and ``{value}`` (which one).
        questions: direct questions with both slots, without question mark; may be empty.
        notes: telegraphic texts with both slots; may be empty.
    """

    names: tuple[str, ...]
    about: tuple[str, ...]
    orders: tuple[str, ...]
    questions: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class ToolPhrases:
    """Everything the tool-use samplers need to know about one language.

    Args:
        language: "en" or "zh".
        grammar: has every rule of ``REQUIRED_RULES``.
        tools: the real tools (see the module's text).
        words: kinds of named values -> examples, e.g. "city", "person"; keys "person", "city", "noun", "verb", "thing",
            "month", "calc_name", "calc_argument" are required ("noun": what a tool returns, "thing": what it is given;
            the two "calc" entries are identifiers).
        talk: (user text, assistant text) rule texts of small talk and easy questions that need no tool.
        invent: an invented word of the language that is on the given side of the split.
        word: a word to be copied as a value, real or invented, on the given side of the split.
        finish: makes a request look typed by a person: capital letters, sometimes typos or missing punctuation. Values
            are single private-use characters (U+E000 and up) at that point and must be kept.
    """

    language: str
    grammar: Grammar
    tools: tuple[ToolKind, ...]
    words: Mapping[str, tuple[str, ...]]
    talk: tuple[tuple[str, str], ...]
    invent: Callable[[random.Random, Split], str]
    finish: Callable[[random.Random, str], str]
    word: Callable[[random.Random, Split], str]
    proper: frozenset[str] = field(default=frozenset({"person", "city"}))
    """Kinds whose invented words are written like names (capitalised)."""
    flags: tuple[Argument, ...] = ()
    """Switches that any tool may have. May be empty."""
    actions: tuple[Action, ...] = ()
    """Actions that go with any noun; no two may be able to stand for each other. May be empty."""

    def __post_init__(self) -> None:
        missing = [rule for rule in REQUIRED_RULES if rule not in self.grammar]
        missing += [
            key
            for key in ("person", "city", "noun", "verb", "thing", "month", "calc_name", "calc_argument")
            if not self.words.get(key)
        ]
        if missing:
            raise ValueError(f"the {self.language!r} tool phrases lack: {', '.join(missing)}")
        for tool in self.tools:
            for kind in [*(argument.kind for argument in tool.arguments), *(kind for _, kind in tool.gives)]:
                plain = kind.removeprefix("list:").partition(":")[0]
                if plain not in self.words and not _KIND.fullmatch(plain):
                    raise ValueError(f"tool {tool.names[0]}: {kind!r} is no kind of value")


def load_phrases(language: str) -> ToolPhrases:
    """The phrases of ``language``; raises ValueError for a language that has none."""
    if language not in ("en", "zh"):
        raise ValueError(f"there are no tool phrases for the language {language!r}: use 'en' or 'zh'")
    return import_module(f"joyflash.tasks.tool_phrases_{language}").PHRASES


def read_tools(language: str, topics: Sequence[str]) -> tuple[ToolKind, ...]:
    """The real tools in ``tools/LANGUAGE/TOPIC.txt``; their order is part of what a seed means."""
    folder = files("joyflash.tasks") / "tools" / language
    return tuple(tool for topic in topics for tool in parse_tools((folder / f"{topic}.txt").read_text("utf-8")))


def read_flags(language: str) -> tuple[Argument, ...]:
    """The switches that go with any tool, from ``tools/flags_LANGUAGE.txt``."""
    lines = (files("joyflash.tasks") / "tools" / f"flags_{language}.txt").read_text("utf-8").splitlines()[1:]
    parts = [[part.strip() for part in line.split(" ; ")] for line in lines]
    return tuple(Argument("switch", "flag", tuple(names.split()), about, say, False) for names, about, say in parts)


def parse_tools(text: str) -> tuple[ToolKind, ...]:
    """Read the text blocks described at the top of this module; raises ValueError naming the tool and the line."""
    return tuple(_parse_tool(block) for block in text.strip().split("\n\n"))


def _parse_tool(block: str) -> ToolKind:
    first, *lines = [line.strip() for line in block.strip().splitlines()]
    head, _, names = first.partition(":")
    if not head.startswith("tool ") or not names.strip():
        raise ValueError(f"a tool block starts with 'tool DOMAIN: NAMES', not {first!r}")
    domain = head.removeprefix("tool ").strip()
    texts: dict[str, list[str]] = {key: [] for key in ("about", "order", "ask", "note", "gives", "reply", "talk")}
    arguments: list[Argument] = []
    said: list[re.Match[str]] = []
    for line in lines:
        if match := _SAY.fullmatch(line):
            said.append(match)
            continue
        key, colon, rest = line.partition(": ")
        if colon and key in texts:
            texts[key].append(rest.strip())
            continue
        slot, equals, rest = line.partition(" = ")
        parts = [part.strip() for part in rest.split(" ; ")]
        optional = slot.endswith("?")
        if not equals or len(parts) != (4 if optional else 3):
            raise ValueError(f"tool {names.split()[0]}: cannot read the line {line!r}")
        say = parts[3] if optional else ""
        arguments.append(Argument(slot.rstrip("?"), parts[0], tuple(parts[1].split()), parts[2], say, not optional))
    gives = [tuple(item.split(" = ")) for line in texts["gives"] for item in line.split(" ; ")]
    required = {argument.slot for argument in arguments if argument.required}
    for request in texts["order"] + texts["ask"] + texts["note"]:
        if slots_of(request) != required:
            raise ValueError(f"tool {names.split()[0]}: {request!r} must mention exactly {sorted(required)}")
    slots = {item.slot: item for item in arguments}
    talk = [tuple(line.split(" => ")) for line in texts["talk"]]
    if any(len(pair) != 2 or slots_of("".join(pair)) for pair in talk):
        raise ValueError(f"tool {names.split()[0]}: a 'talk' line is 'said => answered', without slots")
    if not texts["about"] or not texts["order"]:
        raise ValueError(f"tool {names.split()[0]}: needs an 'about' line and an 'order' line")
    return ToolKind(
        domain=domain.lstrip("*"),
        names=tuple(names.split()),
        about=tuple(texts["about"]),
        arguments=tuple(arguments),
        orders=tuple(texts["order"]),
        questions=tuple(texts["ask"]),
        notes=tuple(texts["note"]),
        gives=tuple((name.strip(), kind.strip()) for name, kind in gives),
        replies=tuple(texts["reply"]),
        says=tuple(_parse_saying(match, names.split()[0], slots) for match in said if match[1] == "say"),
        twice=tuple(_parse_saying(match, names.split()[0], slots) for match in said if match[1] == "twice"),
        talk=tuple((said, answered) for said, answered in talk),
        wide=domain.startswith("*"),
    )


def _parse_saying(match: re.Match[str], tool: str, arguments: Mapping[str, Argument]) -> Saying:
    """A ``say`` or ``twice`` line; in the latter a slot may have a twin, its name with a 2 behind it."""
    pairs = [pair.split("=", 1) for pair in match[2].split(", ")] if match[2] else []
    slots = slots_of(match[3])
    named = slots | {slot for slot, _ in pairs}
    twins = {slot for slot in named if match[1] == "twice" and slot[-1] == "2" and slot[:-1] in named & set(arguments)}
    missing = {slot for slot, argument in arguments.items() if argument.required} - named
    if missing or named - twins - set(arguments) or len(named) != len(slots) + len(pairs):
        raise ValueError(f"tool {tool}: {match[0]!r} must name each required slot, known slots only, each once")
    if match[1] == "twice" and not twins:
        raise ValueError(f"tool {tool}: {match[0]!r} must have a slot that differs in the second call")
    kinds = {slot: arguments[slot[:-1] if slot in twins else slot].kind for slot in named}
    given = tuple((slot, _given(tool, kinds[slot], written.strip())) for slot, written in pairs)
    return Saying(match[3], given, frozenset(slots))


def _given(tool: str, kind: str, written: str) -> str | int | float | bool:
    """The value that ``written`` stands for in a parameter of ``kind``."""
    try:
        if kind.startswith("integer"):
            return int(written)
        if kind in ("number", "price"):
            return float(written)
    except ValueError:
        raise ValueError(f"tool {tool}: {written!r} is no value of the kind {kind}") from None
    if kind == "flag":
        if written not in ("true", "false"):
            raise ValueError(f"tool {tool}: {written!r} is neither true nor false")
        return written == "true"
    if kind.startswith("enum:") and written not in kind[5:].split(","):
        raise ValueError(f"tool {tool}: {written!r} is not one of {kind[5:]}")
    if kind.startswith(("list:", "choice")):
        raise ValueError(f"tool {tool}: a value of the kind {kind} cannot be given, only written in the text")
    return written
