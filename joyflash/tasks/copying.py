"""Copying and looking up, the circuit under every tool call, in its densest form.

A model that is to call tools under any name must copy words that it has never seen. In a tool call only a few tokens
teach that; here nearly half of them do, so the circuit forms after far fewer tokens. Some samples are calls with many
values, where the copies stand as they will.
"""

from __future__ import annotations

import json
import random
from typing import Any

from joyflash.tasks.chars_zh import random_characters
from joyflash.tasks.words import Split, any_word, fits, identifier, number, piece_word

_ASK = {
    "repeat": {
        "en": ("Repeat: {list}", "Say this again: {list}", "{list}\nSame again please.", "Copy exactly: {list}"),
        "zh": ("重复：{list}", "请再说一遍：{list}", "{list}\n照抄一遍。", "原样输出：{list}"),
    },
    "lines": {
        "en": ("One per line: {list}", "Write each on its own line: {list}", "{list}\nMake it a list."),
        "zh": ("每行一个：{list}", "请分行写出：{list}", "{list}\n列成清单。"),
    },
    "look_up": {
        "en": ("{table}\nWhat is {keys}?", "{table}\nGive me {keys}.", "{table}\n{keys}?", "Look up {keys}.\n{table}"),
        "zh": ("{table}\n{keys}是什么？", "{table}\n请查{keys}。", "{table}\n{keys}？", "查一下{keys}。\n{table}"),
    },
    "after": {
        "en": ("{list}\nWhat comes after {item}?", "In {list}, which follows {item}?"),
        "zh": ("{list}\n{item}后面是什么？", "在{list}里，{item}的下一个是？"),
    },
}
_CALL_SHARE = 0.45
_CALLS = {
    "list": {
        "en": ("{tool}: {values}", "Call {tool} with {values}.", "Put {values} into {tool}.", "{values} -> {tool}"),
        "zh": ("{tool}：{values}", "用{values}调用{tool}。", "把{values}交给{tool}", "{values} -> {tool}"),
    },
    "named": {
        "en": ("{tool} with {values}", "Call {tool}: {values}", "{values}, that is all for {tool}", "{tool} {values}"),
        "zh": ("{tool}，{values}", "调用{tool}：{values}", "{values}，用{tool}", "用{tool}，其中{values}"),
    },
}
_NAMED = {
    "en": ("{key} {value}", "{key}: {value}", "{key} = {value}", "{value} as {key}", '{key} "{value}"'),
    "zh": ("{key}是{value}", "{key}：{value}", "{key}为{value}", "{value}作为{key}", "{key}设成“{value}”"),
}
_PAIRS = (": ", " = ", "=", " - ", " is ", ":", " -> ")


def sample(rng: random.Random, language: str, split: Split) -> dict[str, Any]:
    """One conversation: repeat a list, write it in lines or into a call, look keys up, or say what follows an item."""
    if rng.random() < _CALL_SHARE:
        return _call(rng, language, split)
    kind = rng.choices(tuple(_ASK), (3, 2, 4, 1))[0]
    items = _distinct(rng, language, split, rng.randint(4, 12))
    between = rng.choice((", ", " ", "; ", " / ") if language == "en" else ("、", "，", " ", "；"))
    slots = {"list": between.join(items)}
    if kind == "repeat":
        answer = slots["list"]
    elif kind == "lines":
        answer = "\n".join(items)
    elif kind == "after":
        place = rng.randrange(len(items) - 1)
        slots["item"], answer = items[place], items[place + 1]
    else:
        slots, answer = _table(rng, language, split)
    question = rng.choice(_ASK[kind][language])
    for name, value in slots.items():
        question = question.replace("{" + name + "}", value)
    messages = [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
    return {"messages": messages, "tools": [], "kind": "copying", "language": language}


def _call(rng: random.Random, language: str, split: Split) -> dict[str, Any]:
    """A call of one tool with many values: a list, or a parameter for each."""
    name, count = identifier(rng, split, language), rng.randint(3, 12)
    if rng.random() < 0.5:
        kind, keys = "list", [identifier(rng, split, language)]
        items = _distinct(rng, language, split, count)
        values = rng.choice((", ", " ", "; ") if language == "en" else ("、", "，", " ", "；")).join(items)
        arguments: dict[str, Any] = {keys[0]: items}
    else:
        kind, keys = "named", list(dict.fromkeys(identifier(rng, split, language) for _ in range(1 + count // 2)))
        between = (" ", "") if language == "en" else ("",)
        arguments = {
            key: rng.choice(between).join(_distinct(rng, language, split, rng.choice((1, 1, 2)))) for key in keys
        }
        form = rng.choice(_NAMED[language])
        said = [form.replace("{key}", key).replace("{value}", value) for key, value in arguments.items()]
        values = rng.choice((", ", " and ") if language == "en" else ("，", "、", "，")).join(said)
    text = rng.choice(_CALLS[kind][language]).replace("{tool}", name).replace("{values}", values)
    given = {"type": "string"} if kind == "named" else {"type": "array", "items": {"type": "string"}}
    schema = {"type": "object", "properties": dict.fromkeys(keys, given), "required": keys}
    tool = {"type": "function", "function": {"name": name, "parameters": schema}}
    function = {"name": name, "arguments": json.dumps(arguments, ensure_ascii=False)}
    made = {"id": f"call_{rng.getrandbits(32):08x}", "type": "function", "function": function}
    messages = [{"role": "user", "content": text}, {"role": "assistant", "content": None, "tool_calls": [made]}]
    return {"messages": messages, "tools": [tool], "kind": "copying", "language": language}


def _table(rng: random.Random, language: str, split: Split) -> tuple[dict[str, str], str]:
    keys = _distinct(rng, language, split, rng.randint(3, 8))
    sign = rng.choice(_PAIRS)
    values = [" ".join(_distinct(rng, language, split, rng.choice((1, 1, 2, 3)))) for _ in keys]
    rows = [f"{key}{sign}{value}" for key, value in zip(keys, values, strict=True)]
    asked = rng.sample(range(len(keys)), rng.randint(1, min(4, len(keys))))
    between = ", " if language == "en" else "、"
    slots = {"table": "\n".join(rows), "keys": between.join(keys[place] for place in asked)}
    return slots, "\n".join(rows[place] for place in asked)


def _distinct(rng: random.Random, language: str, split: Split, count: int) -> list[str]:
    found: dict[str, None] = {}
    while len(found) < count:
        item = _item(rng, language, split)
        if fits(item, split):
            found[item] = None
    return list(found)


def _item(rng: random.Random, language: str, split: Split) -> str:
    kind = rng.random()
    if kind < 0.15:
        return str(number(rng, split, decimals=rng.random() < 0.4))
    if kind < 0.55:
        return piece_word(rng, split, language)
    if language == "zh" and kind < 0.7:
        return random_characters(rng, rng.randint(2, 4), rarer=0.7)
    if kind < 0.9:
        return any_word(rng, split, invented=0.3, language=language)
    return identifier(rng, split, language)
