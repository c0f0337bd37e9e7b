"""Argument and result values of every kind, each with the words in which a request says it."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass

from joyflash.tasks.tool_use import ToolPhrases
from joyflash.tasks.words import NOUNS, Split, fits, number, pseudo_word

Data = str | int | float | bool | list | dict

_DOMAINS = ("com", "org", "net", "io", "de", "cn", "dev")
_SUFFIXES = ("txt", "pdf", "csv", "json", "png", "md", "docx", "log", "py", "zip")
_TEXT_KINDS = ("text",)
_LOOSE_KINDS = ("text", "task")
AMOUNTS = ("number", "integer", "price")
_LIKE_A_LIST = re.compile(r"[,;&、，；]| and |.{2}(?:和|与|以及).{2}")
_TOPICS = ("noun", "verb", "thing")
_COMPOSED = 0.6
_TITLED = frozenset({"title", "restaurant", "street", "artist", "company", "city"})
_SMALL_WORDS = frozenset(["a", "and", "at", "for", "in", "of", "on", "the", "to", "with"])


@dataclass(frozen=True)
class Value:
    """A value as JSON data and as a request says it; of most strings the two are the same.

    ``loose`` is a text that people write without quotation marks although it reads like a list ("call mum and Tom").
    """

    data: Data
    spoken: str
    free_text: bool = False
    loose: bool = False


def options_of(kind: str) -> dict[str, str]:
    """The options of a kind ``enum:a,b`` and how a request says each: as it is, or as in ``enum:a=one,b=two``."""
    pairs = [option.partition("=") for option in kind[5:].split(",")] if kind.startswith("enum:") else []
    return {option: said or option for option, _, said in pairs}


def fields_of(kind: str) -> list[tuple[str, str]]:
    """Names and kinds of the fields of a kind ``object:name=person|age=integer``."""
    return [(name, each) for name, _, each in (field.partition("=") for field in kind[7:].split("|"))]


def schema_of(kind: str, rng: random.Random, split: Split, phrases: ToolPhrases) -> dict:
    """The JSON Schema of one parameter of ``kind``, without description."""
    if kind.startswith("integer"):
        return {"type": "integer"}
    if kind in ("number", "price"):
        return {"type": "number"}
    if kind == "flag":
        return {"type": "boolean"}
    if kind.startswith("list:"):
        return {"type": "array", "items": schema_of(kind[5:], rng, split, phrases)}
    if kind.startswith("enum:"):
        options = [option for option in options_of(kind) if fits(option, split)]
        while len(options) < 2:
            options.append(phrases.invent(rng, split))
        rng.shuffle(options)
        return {"type": "string", "enum": options}
    if kind.startswith("object:"):
        fields = {name: schema_of(each, rng, split, phrases) for name, each in fields_of(kind)}
        return {"type": "object", "properties": fields, "required": list(fields)}
    if kind == "choice":
        options = {word(kind, rng, split, phrases) for _ in range(2 + int(rng.random() * 3))}
        return {"type": "string", "enum": [*sorted(options), phrases.invent(rng, split)]}
    return {"type": "string"}


def draw(kind: str, rng: random.Random, split: Split, phrases: ToolPhrases, schema: dict | None = None) -> Value:
    """A random value of ``kind`` on the given side of the split; enumerated kinds choose from ``schema``."""
    spoken = options_of(kind)
    if schema and "enum" in schema:
        choice = rng.choice(schema["enum"])
        return Value(choice, spoken.get(choice, str(choice)))
    if spoken:
        choice = rng.choice([option for option in spoken if fits(option, split)] or list(spoken))
        return Value(choice, spoken[choice])
    if kind == "flag":
        truth = rng.random() < 0.5
        return Value(truth, str(truth).lower())
    if kind.startswith("list:"):
        alone = kind[5:] not in AMOUNTS and rng.random() < 0.25  # of one number there is no average
        length = 1 if alone else 2 + int(rng.random() * 3)
        drawn: dict[str, Value] = {}
        while len(drawn) < length:
            item = draw(kind[5:], rng, split, phrases)
            if joinable(item.spoken):
                drawn[item.spoken] = item
        return Value([item.data for item in drawn.values()], join(list(drawn), rng, phrases))
    if kind.startswith("object:"):
        parts = {name: draw(each, rng, split, phrases) for name, each in fields_of(kind)}
        said = [value.spoken for value in parts.values()]
        if rng.random() < 0.7 or not all(map(joinable, said)):
            said = [
                phrases.grammar.expand("argument", rng, name=name.replace("_", " "), value=value.spoken)
                for name, value in parts.items()
            ]
        return Value({name: value.data for name, value in parts.items()}, join(said, rng, phrases))
    if kind.startswith("integer:"):
        low, high = (int(bound) for bound in kind[8:].split("-"))
        amount = low + int(rng.random() * (high - low + 1))
        for _ in range(100):
            if fits(str(amount), split):
                break
            amount = low + int(rng.random() * (high - low + 1))
        else:
            amount = number(rng, split)
        return Value(amount, str(amount))
    if kind in ("integer", "number", "price"):
        amount = number(rng, split, decimals=kind != "integer" and rng.random() < 0.6)
        while kind == "price" and amount < 0:
            amount = number(rng, split, decimals=True)
        return Value(amount, str(amount))
    spoken = text(kind, rng, split, phrases)
    return Value(spoken, spoken, free_text=kind in _TEXT_KINDS, loose=kind in _LOOSE_KINDS)


def joinable(spoken: str) -> bool:
    """Whether a value stays one value in a list in words."""
    return not any(separator in spoken for separator in (", ", " and ", "、", "，", "和", "再"))


def reads_like_a_list(spoken: str) -> bool:
    """Whether a reader might take one value for several."""
    return _LIKE_A_LIST.search(spoken) is not None


def join(items: list[str], rng: random.Random, phrases: ToolPhrases) -> str:
    """Several texts as one list in words."""
    if len(items) == 1:
        return items[0]
    head = phrases.grammar.expand("list_comma", rng).join(items[:-1])
    return phrases.grammar.expand("list_last", rng, head=head, last=items[-1])


def text(kind: str, rng: random.Random, split: Split, phrases: ToolPhrases) -> str:
    """A text of ``kind`` that as a whole is on the given side of the split."""
    while True:
        candidate = _text(kind, rng, split, phrases)
        if fits(candidate, split):
            return candidate


def word(kind: str, rng: random.Random, split: Split, phrases: ToolPhrases, *, invented: float = 0.55) -> str:
    """One listed word or name of ``kind``, one of several words put together, or an invented one."""
    if f"name_{kind}" in phrases.grammar and rng.random() < _COMPOSED:
        return _composed(kind, rng, split, phrases)
    listed = phrases.words.get(kind, NOUNS)
    if rng.random() >= invented:
        for _ in range(12):
            candidate = listed[int(rng.random() * len(listed))]
            if fits(candidate, split):
                return candidate
    made = (phrases.invent if kind in _TOPICS else phrases.word)(rng, split)
    if kind in phrases.proper and rng.random() < 0.8:
        made = made.capitalize()
        if kind == "person" and rng.random() < 0.3 and made.isascii():
            made = f"{made} {phrases.word(rng, split).capitalize()}"
    return made


def _composed(kind: str, rng: random.Random, split: Split, phrases: ToolPhrases) -> str:
    made = phrases.word(rng, split)
    made = made.capitalize() if rng.random() < 0.85 else made
    count = 1 + int(10 ** (rng.random() * 2.5) - 0.5)
    name = phrases.grammar.expand(f"name_{kind}", rng, made=made, number=str(count)).strip()
    if kind in _TITLED and rng.random() < 0.8:
        words = name.split(" ")
        name = " ".join(w if i and w in _SMALL_WORDS else w[:1].upper() + w[1:] for i, w in enumerate(words))
    return name


def expression(rng: random.Random) -> str:
    """An arithmetic expression of one to three operations on small numbers, in one of several spacings."""
    space = " " if rng.random() < 0.4 else ""

    def operand() -> str:
        roll = rng.random()
        if roll < 0.12:
            whole = 10 + int(rng.random() * 50) if rng.random() < 0.7 else int(rng.random() * 9)
            return f"{whole}.{1 + int(rng.random() * 99)}"
        return str(1 + int(10 ** (rng.random() * 3.4)))

    def operator() -> str:
        return f"{space}{rng.choice('++--**/+-*%') if rng.random() < 0.9 else rng.choice(('^', '**', '×', '÷'))}{space}"

    out = operand() + operator() + operand()
    for _ in range(int(rng.random() * rng.random() * 3.5)):
        out = f"({out}){operator()}{operand()}" if rng.random() < 0.5 else f"{out}{operator()}{operand()}"
    if rng.random() < 0.08:
        out = rng.choice(("sqrt", "abs", "log", "sin", "round")) + f"({out})"
    return out


def _text(kind: str, rng: random.Random, split: Split, phrases: ToolPhrases) -> str:
    if kind == "text" and rng.random() < _COMPOSED:
        return _composed(kind, rng, split, phrases)
    if kind == "text":
        return phrases.grammar.expand(
            "value_text", rng, word=phrases.word(rng, split), name=word("person", rng, split, phrases),
            place=word("city", rng, split, phrases), number=str(number(rng, split)),
        )  # fmt: skip
    if kind == "date":
        day, month = 1 + int(rng.random() * 28), int(rng.random() * 12)
        return phrases.grammar.expand(
            "value_date", rng, day=str(day), day_number=f"{day:02d}", month=phrases.words["month"][month],
            month_number=f"{month + 1:02d}", year=str(2019 + int(rng.random() * 15)),
        )  # fmt: skip
    if kind == "time":
        hour, minute = str(int(rng.random() * 24)), f"{int(rng.random() * 12) * 5:02d}"
        return phrases.grammar.expand("value_time", rng, hour=hour, minute=minute)
    if kind == "expression":
        return expression(rng)
    if kind in ("email", "url", "file", "id", "phone"):
        return _code(kind, rng, split)
    return word(kind, rng, split, phrases)


def _code(kind: str, rng: random.Random, split: Split) -> str:
    name = pseudo_word(rng, split)
    digits = str(int(rng.random() * 10 ** (2 + int(rng.random() * 4))))
    if kind == "email":
        middle = rng.choice((".", "_", "", "-")) + pseudo_word(rng, split) if rng.random() < 0.4 else ""
        return f"{name}{middle}{digits if rng.random() < 0.2 else ''}@{pseudo_word(rng, split)}.{rng.choice(_DOMAINS)}"
    if kind == "url":
        path = f"/{pseudo_word(rng, split)}" if rng.random() < 0.5 else ""
        return f"{rng.choice(('https://', 'http://', 'www.', ''))}{name}.{rng.choice(_DOMAINS)}{path}"
    if kind == "file":
        folder = f"{rng.choice(('/', '', '~/', './'))}{pseudo_word(rng, split)}/" if rng.random() < 0.35 else ""
        stem = rng.choice(NOUNS) if rng.random() < 0.4 else name
        return f"{folder}{stem}{digits if rng.random() < 0.3 else ''}.{rng.choice(_SUFFIXES)}"
    if kind == "phone":
        area = f"{rng.choice(('+', '', '0'))}{rng.randint(10, 99)}"
        return f"{area}{rng.choice(('-', ' ', ''))}{rng.randint(1000000, 99999999)}"
    letters = name[: 1 + int(rng.random() * 4)]
    letters = letters.upper() if rng.random() < 0.6 else letters
    return rng.choice(
        (letters + digits, f"{letters}-{digits}", f"{letters}_{digits}", digits + letters, f"{digits}-{letters}")
    )
