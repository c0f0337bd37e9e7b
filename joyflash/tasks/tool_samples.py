"""The tool-use samplers: one call, several calls, final answers, no fitting tool, arithmetic by tool."""

from __future__ import annotations

import json
import random

from joyflash.tasks.tool_build import Tool, calculator, invented_tool, real_tool
from joyflash.tasks.tool_requests import Clause, Slots, clause, clauses_of_list, request
from joyflash.tasks.tool_results import calculation_result, join_replies, result_and_reply
from joyflash.tasks.tool_use import ToolKind, ToolPhrases, load_phrases
from joyflash.tasks.words import Split

_REAL_SHARE = 0.4


def sample_call(rng: random.Random, language: str, split: Split) -> dict:
    """The user asks for one thing that one of the listed tools does; the answer is that call."""
    phrases = load_phrases(language)
    target = _target(rng, split, phrases)
    slots = Slots()
    wanted = [clause(target, rng, split, phrases, slots)]
    tools = _listed([target], rng, split, phrases)
    messages = [*_opening(rng, phrases), _user(request(wanted, rng, phrases, slots)), _calls(wanted, rng)]
    return _sample(messages, tools, "call", language)


def sample_call_many(rng: random.Random, language: str, split: Split) -> dict:
    """The user asks for two or three things at once; the answer is as many calls, in that order."""
    phrases = load_phrases(language)
    slots = Slots()
    wanted, targets = _several(rng, split, phrases, slots)
    tools = _listed(targets, rng, split, phrases)
    messages = [*_opening(rng, phrases), _user(request(wanted, rng, phrases, slots)), _calls(wanted, rng)]
    return _sample(messages, tools, "call_many", language)


def sample_answer(rng: random.Random, language: str, split: Split) -> dict:
    """Calls, their results and the final answer; in half of the samples no tools are listed (any more)."""
    phrases = load_phrases(language)
    slots = Slots()
    if rng.random() < 0.25:
        wanted, targets = _several(rng, split, phrases, slots)
    else:
        targets = [_target(rng, split, phrases)]
        wanted = [clause(targets[0], rng, split, phrases, slots)]
    text = request(wanted, rng, phrases, slots)
    pairs = all(item.tool.style in ("noun", "name") for item in wanted)
    several = pairs and len(wanted) > 1
    outcomes = [result_and_reply(item, rng, split, phrases, several=several) for item in wanted]
    answer = join_replies([reply for _, reply in outcomes], rng, phrases, sentences=not pairs)
    return _finished(wanted, targets, text, [content for content, _ in outcomes], answer, "answer", rng, split, phrases)


def sample_no_tool(rng: random.Random, language: str, split: Split) -> dict:
    """Tools are listed, but none does what is asked, or nothing is asked that needs one."""
    phrases = load_phrases(language)
    slots = Slots()
    if rng.random() < 0.3:
        tools = _listed([_target(rng, split, phrases)], rng, split, phrases)
        asked, answered = rng.choice(phrases.talk)
        text = phrases.finish(rng, phrases.grammar.fill(asked, rng))
        answer = phrases.grammar.fill(answered, rng).strip()
    else:
        sums = rng.random() < 0.08
        absent = calculator(rng, split, phrases) if sums else _target(rng, split, phrases, closed=True)
        tools = _others(absent, 1 + int(rng.random() * rng.random() * 4), rng, split, phrases, closed=True)
        wanted = [clause(absent, rng, split, phrases, slots)]
        text = request(wanted, rng, phrases, slots)
        if absent.style in ("noun", "name") and rng.random() < 0.35:
            topic = absent.topic if absent.style == "noun" else absent.name
            answer = phrases.grammar.expand("decline_topic", rng, topic=topic)
        else:
            answer = phrases.grammar.expand("decline", rng)
    messages = [*_opening(rng, phrases), _user(text), _says(answer)]
    return _sample(messages, tools, "no_tool", language)


def sample_calc(rng: random.Random, language: str, split: Split) -> dict:
    """One or several expressions for a calculator under any name; half of the samples go on to the answer."""
    phrases = load_phrases(language)
    slots = Slots()
    target = calculator(rng, split, phrases)
    wanted: list[Clause] | None = None
    if rng.random() < 0.35:
        wanted = clauses_of_list(target, 2 + (rng.random() < 0.3), rng, split, phrases, slots)
    wanted = wanted or [clause(target, rng, split, phrases, slots)]
    text = request(wanted, rng, phrases, slots)
    if rng.random() < 0.5:
        tools = _listed([target], rng, split, phrases)
        return _sample([*_opening(rng, phrases), _user(text), _calls(wanted, rng)], tools, "calc", phrases.language)
    several = len(wanted) > 1
    outcomes = [calculation_result(item.subject, rng, split, phrases, several=several) for item in wanted]
    answer = join_replies([reply for _, reply in outcomes], rng, phrases, sentences=False)
    return _finished(wanted, [target], text, [content for content, _ in outcomes], answer, "calc", rng, split, phrases)


def _several(rng: random.Random, split: Split, phrases: ToolPhrases, slots: Slots) -> tuple[list[Clause], list[Tool]]:
    """Two or three requests in one message and the tools that they need."""
    count = 2 + (rng.random() < 0.25)
    first = _target(rng, split, phrases)
    if rng.random() < 0.55:
        wanted = clauses_of_list(first, count, rng, split, phrases, slots)
        if wanted is not None:
            return wanted, [first]
    targets = [first]
    while len(targets) < count:
        roll = rng.random()
        other = first if roll < 0.25 else _target(rng, split, phrases)
        if other is first or _distinct(other, targets):
            targets.append(other)
    wanted = [clause(target, rng, split, phrases, slots, form="order") for target in targets]
    return wanted, list({id(target): target for target in targets}.values())


def _target(rng: random.Random, split: Split, phrases: ToolPhrases, *, closed: bool = False) -> Tool:
    if rng.random() >= _REAL_SHARE:
        return invented_tool(rng, split, phrases)
    source = rng.choice(phrases.tools)
    while closed and source.wide:
        source = rng.choice(phrases.tools)
    return real_tool(source, rng, split, phrases)


def _listed(targets: list[Tool], rng: random.Random, split: Split, phrases: ToolPhrases) -> list[Tool]:
    """The targets among up to four other tools, in random order."""
    extra = rng.choices((0, 1, 2, 3, 4), weights=(36, 36, 18, 7, 3))[0]
    tools = list(targets)
    for other in _others(targets[0], extra, rng, split, phrases):
        if _distinct(other, tools):
            tools.append(other)
    rng.shuffle(tools)
    return tools


def _others(
    target: Tool, count: int, rng: random.Random, split: Split, phrases: ToolPhrases, *, closed: bool = False
) -> list[Tool]:
    """Tools that cannot do what ``target`` does, half of them close to it; ``closed``: none that does anything."""
    tools: list[Tool] = []
    for _ in range(count):
        near = rng.random() < 0.5
        if (target.source is not None) == (rng.random() < 0.8):
            same = target.source.domain if target.source else None
            source = rng.choice(_neighbours(phrases, same) if near and same else phrases.tools)
            if closed and source.wide:
                continue
            other = real_tool(source, rng, split, phrases)
        else:
            other = invented_tool(rng, split, phrases, like=target if near and target.source is None else None)
        if _distinct(other, [target, *tools]):
            tools.append(other)
    return tools or [invented_tool(rng, split, phrases)]


def _neighbours(phrases: ToolPhrases, domain: str) -> list[ToolKind]:
    return [kind for kind in phrases.tools if kind.domain == domain]


def _distinct(tool: Tool, others: list[Tool]) -> bool:
    return all(
        tool.name.lower() != other.name.lower()
        and (tool.source is None or tool.source is not other.source)
        and (
            not tool.topic
            or tool.topic != other.topic
            or (tool.action is not other.action and tool.action is not None and other.action is not None)
        )
        for other in others
    )


def _opening(rng: random.Random, phrases: ToolPhrases) -> list[dict]:
    """Sometimes a system prompt, sometimes an earlier turn of small talk."""
    messages = []
    if rng.random() < 0.22:
        messages.append({"role": "system", "content": phrases.grammar.expand("system", rng)})
    if rng.random() < 0.05:
        asked, answered = rng.choice(phrases.talk)
        messages += [_user(phrases.grammar.fill(asked, rng)), _says(phrases.grammar.fill(answered, rng).strip())]
    return messages


def _finished(
    wanted: list[Clause], targets: list[Tool], text: str, contents: list[str], answer: str, kind: str,
    rng: random.Random, split: Split, phrases: ToolPhrases,
) -> dict:  # fmt: skip
    """A conversation up to the final answer; without listed tools its calls carry no loss (``weight`` 0)."""
    bare = rng.random() < 0.5
    asked = _calls(wanted, rng)
    if bare:
        asked["weight"] = 0
    results = [
        {"role": "tool", "tool_call_id": call["id"], "name": call["function"]["name"], "content": content}
        for call, content in zip(asked["tool_calls"], contents, strict=True)
    ]
    messages = [*_opening(rng, phrases), _user(text), asked, *results, _says(answer)]
    return _sample(messages, [] if bare else _listed(targets, rng, split, phrases), kind, phrases.language)


def _user(text: str) -> dict:
    return {"role": "user", "content": text}


def _says(text: str) -> dict:
    return {"role": "assistant", "content": text}


def _calls(wanted: list[Clause], rng: random.Random) -> dict:
    calls = [
        {
            "id": f"call_{rng.getrandbits(32):08x}",
            "type": "function",
            "function": {"name": item.tool.name, "arguments": json.dumps(item.arguments, ensure_ascii=False)},
        }
        for item in wanted
    ]
    return {"role": "assistant", "content": None, "tool_calls": calls}


def _sample(messages: list[dict], tools: list[Tool], kind: str, language: str) -> dict:
    return {"messages": messages, "tools": [tool.to_dict() for tool in tools], "kind": kind, "language": language}
