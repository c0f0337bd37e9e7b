"""Rows: conversations in OpenAI's form, with a call, with a request that no tool fits, or with small talk."""

from __future__ import annotations

import json
import random
from typing import Any

from joyflash.data.dialogues.crosswoz import RESULT_NAMES
from joyflash.data.dialogues.functions import Function
from joyflash.data.dialogues.listing import Listed, Lister
from joyflash.data.dialogues.reading import Talk, ToolDialogues
from joyflash.data.dialogues.topics import names_group
from joyflash.data.dialogues.windows import Window
from joyflash.tasks.tool_use import load_phrases

_OTHERS, _OTHERS_WEIGHTS = (0, 1, 2, 3, 4), (15, 25, 30, 20, 10)
"""Number of other tools beside the one of a call, and how often."""
_NEAR = 0.4  # share of the calls whose first other tool is of the same service
_REPLY = 0.6  # share of the calls with a usable reply that go on with it
_SYSTEM = 0.15


def call_row(window: Window, dialogues: ToolDialogues, rng: random.Random, most: int) -> dict[str, Any]:
    """The turns of a window, its call, and at times the result and the reply.

    Args:
        window: the call.
        dialogues: where it comes from.
        rng: source of randomness.
        most: other tools at most; with 0 the reply is left out, too.
    """
    lister = Lister(dialogues.language, rng, english=rng.random() < 0.5)
    function = dialogues.functions[window.function]
    target = lister.list_function(function, window)
    others = _others(function, dialogues, rng)
    tools = lister.beside([target], others, min(_count(rng), most))
    call = _call(window, target, rng)
    messages = _opening(dialogues.language, rng)
    for role, text in window.turns:
        # The turns between lead up to the call and carry no loss: the samples are there to teach calls.
        messages.append({"role": role, "content": text, **({"weight": 0} if role == "assistant" else {})})
    messages.append({"role": "assistant", "content": None, "tool_calls": [call]})
    if window.reply and most and rng.random() < _REPLY:
        content = _result_text(window.results, lister)
        messages.append({"role": "tool", "tool_call_id": call["id"], "name": target.name, "content": content})
        messages.append({"role": "assistant", "content": window.reply})
    return _row(messages, tools, "dialogue_call", dialogues.language)


def no_tool_row(window: Window, dialogues: ToolDialogues, rng: random.Random, most: int) -> dict[str, Any] | None:
    """A clear request among one to ``most`` tools of which none fits, declined; None where every tool might fit."""
    text = window.turns[0][1]
    group = dialogues.functions[window.function].group
    others = [
        other for other in dialogues.functions.values() if other.group != group and not names_group(text, other.group)
    ]
    if not others:
        return None
    rng.shuffle(others)
    count = max(1, min(_count(rng), most))
    tools = Lister(dialogues.language, rng, english=rng.random() < 0.5).beside([], others, count)
    answer = load_phrases(dialogues.language).grammar.expand("decline", rng)
    messages = [*_opening(dialogues.language, rng), {"role": "user", "content": text}]
    messages.append({"role": "assistant", "content": answer})
    return _row(messages, tools, "dialogue_no_tool", dialogues.language)


def talk_row(talk: Talk, dialogues: ToolDialogues, rng: random.Random, most: int) -> dict[str, Any]:
    """Thanks or a farewell with one to ``most`` tools at hand, answered as the human assistant did."""
    own = [dialogues.functions[name] for name in talk.functions]
    others = [function for function in dialogues.functions.values() if function not in own]
    rng.shuffle(own)
    rng.shuffle(others)
    count = max(1, min(_count(rng), most))
    tools = Lister(dialogues.language, rng, english=rng.random() < 0.5).beside([], [own[0], *others], count)
    messages = [*_opening(dialogues.language, rng), {"role": "user", "content": talk.user}]
    messages.append({"role": "assistant", "content": talk.reply})
    return _row(messages, tools, "dialogue_talk", dialogues.language)


def _count(rng: random.Random) -> int:
    return rng.choices(_OTHERS, _OTHERS_WEIGHTS)[0]


def _others(function: Function, dialogues: ToolDialogues, rng: random.Random) -> list[Function]:
    """All functions that cannot do the work of ``function``, in random order; often one of its service comes first."""
    others = [
        other
        for other in dialogues.functions.values()
        if other.group != function.group or (other.service == function.service and other is not function)
    ]
    near = [other for other in others if other.service == function.service]
    if near and rng.random() < _NEAR:
        first = rng.choice(near)
        return [first, *rng.sample([other for other in others if other is not first], len(others) - 1)]
    rng.shuffle(others)
    return others


def _call(window: Window, target: Listed, rng: random.Random) -> dict[str, Any]:
    """The call of a window under the names that the sample lists."""
    arguments = {
        name: int(window.arguments[key]) if integer else window.arguments[key]
        for key, (name, integer) in target.parameters.items()
        if key in window.arguments
    }
    return {
        "id": f"call_{rng.getrandbits(32):08x}",
        "type": "function",
        "function": {"name": target.name, "arguments": json.dumps(arguments, ensure_ascii=False)},
    }


def _opening(language: str, rng: random.Random) -> list[dict[str, Any]]:
    if rng.random() >= _SYSTEM:
        return []
    return [{"role": "system", "content": load_phrases(language).grammar.expand("system", rng)}]


def _result_text(results: tuple[dict[str, Any], ...], lister: Lister) -> str:
    """The told fields as JSON, one object or a list, in snake_case or camelCase and in the language of the names."""
    camel = lister.rng.random() < 0.25
    renamed = []
    for result in results:
        fields = {}
        for key, value in result.items():
            name = RESULT_NAMES.get(key, key) if lister.english else key
            if camel and name.isascii():
                first, *rest = name.split("_")
                name = first + "".join(word.capitalize() for word in rest)
            fields[name] = value
        renamed.append(fields)
    single = len(renamed) == 1 and lister.rng.random() < 0.6
    return json.dumps(renamed[0] if single else renamed, ensure_ascii=False)


def _row(messages: list[dict[str, Any]], tools: list[Listed], kind: str, language: str) -> dict[str, Any]:
    return {"messages": messages, "tools": [listed.tool for listed in tools], "kind": kind, "language": language}
