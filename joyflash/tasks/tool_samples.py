"""The tool-use samplers: one call, several calls, final answers, no fitting tool, arithmetic by tool."""

from __future__ import annotations

import random
from dataclasses import replace

from joyflash.tasks.tool_build import Tool, calculator, has_switch, invented_tool
from joyflash.tasks.tool_english import draw_phrases
from joyflash.tasks.tool_follow_ups import follow_ups
from joyflash.tasks.tool_framing import request, small_talk
from joyflash.tasks.tool_lists import distinct, draw_tool, extra_count, other_tools, talk_beside
from joyflash.tasks.tool_messages import calls, decline, opening, results, says, to_sample, user
from joyflash.tasks.tool_requests import Clause, clause, clauses_of_list, json_kind
from joyflash.tasks.tool_results import outcome, wrapped
from joyflash.tasks.tool_use import ToolPhrases
from joyflash.tasks.tool_values import Value, draw
from joyflash.tasks.tool_wording import Slots
from joyflash.tasks.words import Split

_REAL_SHARE = 0.6
_TALK_SHARE = 0.5
_CHAIN_SHARE, _HALF_SHARE, _BACK_SHARE = 0.3, 0.03, 0.45
_UNCHAINED = ("text", "task", "expression")


def sample_call(rng: random.Random, language: str, split: Split) -> dict:
    """The user asks for one thing that one of the listed tools does; the answer is that call."""
    phrases = draw_phrases(rng, language)
    target = _target(rng, split, phrases)
    slots = Slots()
    wanted = [clause(target, rng, split, phrases, slots)]
    tools = _listed([target], rng, split, phrases)
    messages = [*opening(rng, phrases), user(request(wanted, rng, split, phrases, slots)), calls(wanted, rng)]
    return to_sample(messages, tools, "call", language)


def sample_call_many(rng: random.Random, language: str, split: Split) -> dict:
    """The user asks for two or three things at once; the answer is as many calls, in that order.

    Now and then no listed tool can do the last one: then the others are done.
    """
    phrases = draw_phrases(rng, language)
    slots = Slots()
    wanted, targets = _several(rng, split, phrases, slots)
    text = request(wanted, rng, split, phrases, slots)
    absent = targets.pop() if len(targets) > 1 and rng.random() < _HALF_SHARE else None
    if absent is not None:  # what can be done is done
        wanted = [each for each in wanted if each.tool is not absent]
    tools = [tool for tool in _listed(targets, rng, split, phrases) if absent is None or distinct(tool, [absent])]
    return to_sample([*opening(rng, phrases), user(text), calls(wanted, rng)], tools, "call_many", language)


def sample_answer(rng: random.Random, language: str, split: Split) -> dict:
    """Calls, their results and the final answer; in half of the samples no tools are listed (any more).

    In one of fourteen a second call needs the result of the first.
    """
    phrases = draw_phrases(rng, language)
    slots = Slots()
    if rng.random() < _CHAIN_SHARE and (chained := _chained(rng, split, phrases, slots)):
        return chained
    if rng.random() < 0.25:
        wanted, targets = _several(rng, split, phrases, slots)
    else:
        targets = [_target(rng, split, phrases)]
        wanted = [clause(targets[0], rng, split, phrases, slots)]
    text = request(wanted, rng, split, phrases, slots)
    return _finished(wanted, targets, text, "answer", rng, split, phrases)


def _chained(rng: random.Random, split: Split, phrases: ToolPhrases, slots: Slots) -> dict | None:
    """One thing to find out and another to do with what was found: call, result, call, result, answer."""
    first = invented_tool(rng, split, phrases)
    second = _target(rng, split, phrases)
    taking = [p for p in second.parameters if p.required and json_kind(p) == "string" and p.kind not in _UNCHAINED]
    if first.style != "noun" or not taking or not distinct(second, [first]):
        return None
    taken = rng.choice(taking)
    found = draw(taken.kind, rng, split, phrases).data
    told = Value(found, phrases.grammar.expand("the_result", rng))
    asked = [
        clause(first, rng, split, phrases, slots, form="order"),
        clause(second, rng, split, phrases, slots, form="order", given=(taken.slot, told)),
    ]
    messages = [*opening(rng, phrases), user(request(asked, rng, split, phrases, slots))]
    messages.append(calls(asked[:1], rng))
    messages += results(messages[-1], [wrapped(str(found), rng, split, phrases)])
    messages.append(calls(asked[1:], rng))
    spelt = replace(asked[1], values=asked[1].values | {taken.slot: str(found)}, subject=str(found))
    done = outcome([spelt], rng, split, phrases)
    messages += [*results(messages[-1], done.contents), says(done.answer)]
    return to_sample(messages, _listed([first, second], rng, split, phrases), "answer", phrases.language)


def sample_no_tool(rng: random.Random, language: str, split: Split) -> dict:
    """Tools are listed, but none does what is asked, or nothing is asked that needs one."""
    phrases = draw_phrases(rng, language)
    slots = Slots()
    if rng.random() < _TALK_SHARE:
        first = _target(rng, split, phrases, closed=True)
        tools = [first, *other_tools(first, extra_count(rng), rng, split, phrases, closed=True)]
        asked, answered = talk_beside(tools, rng, phrases)
        text = small_talk(asked, tools, rng, split, phrases)
        answer = phrases.grammar.fill(answered, rng).strip()
    else:
        sums = rng.random() < 0.08
        absent = calculator(rng, split, phrases) if sums else _target(rng, split, phrases, closed=True)
        wanted = [clause(absent, rng, split, phrases, slots)]
        text = request(wanted, rng, split, phrases, slots)
        tools = other_tools(absent, 1 + extra_count(rng), rng, split, phrases, closed=True, asked=text)
        answer = decline(absent, rng, phrases)
    messages = [*opening(rng, phrases), user(text), says(answer)]
    return to_sample(messages, tools, "no_tool", language)


def sample_calc(rng: random.Random, language: str, split: Split) -> dict:
    """One or several expressions for a calculator under any name; half of the samples go on to the answer."""
    phrases = draw_phrases(rng, language)
    slots = Slots()
    target = calculator(rng, split, phrases)
    wanted: list[Clause] | None = None
    if rng.random() < 0.35:
        wanted = clauses_of_list(target, 2 + (rng.random() < 0.3), rng, split, phrases, slots)
    wanted = wanted or [clause(target, rng, split, phrases, slots)]
    text = request(wanted, rng, split, phrases, slots)
    if rng.random() < 0.5:
        tools = _listed([target], rng, split, phrases)
        return to_sample([*opening(rng, phrases), user(text), calls(wanted, rng)], tools, "calc", phrases.language)
    return _finished(wanted, [target], text, "calc", rng, split, phrases)


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
        if has_switch(other) and any(map(has_switch, targets)):  # what is said of it could be of either
            continue
        if other is first or distinct(other, targets):
            targets.append(other)
    form = "order" if rng.random() < 0.5 else None
    wanted = [clause(target, rng, split, phrases, slots, form=form) for target in targets]
    return wanted, list({id(target): target for target in targets}.values())


def _target(rng: random.Random, split: Split, phrases: ToolPhrases, *, closed: bool = False) -> Tool:
    return draw_tool(rng, split, phrases, real=_REAL_SHARE, closed=closed)


def _listed(targets: list[Tool], rng: random.Random, split: Split, phrases: ToolPhrases) -> list[Tool]:
    """The targets among other tools, in random order."""
    tools = list(targets)
    for other in other_tools(targets[0], extra_count(rng), rng, split, phrases):
        if distinct(other, tools):
            tools.append(other)
    rng.shuffle(tools)
    return tools


def _finished(
    wanted: list[Clause], targets: list[Tool], text: str, kind: str, rng: random.Random, split: Split,
    phrases: ToolPhrases,
) -> dict:  # fmt: skip
    """A conversation up to the final answer; without listed tools its calls carry no loss (``weight`` 0)."""
    bare = rng.random() < 0.5
    asked = calls(wanted, rng)
    if bare:
        asked["weight"] = 0
    found = outcome(wanted, rng, split, phrases)
    messages = [*opening(rng, phrases), user(text), asked, *results(asked, found.contents)]
    if rng.random() < _BACK_SHARE:
        messages += follow_ups(wanted, found, rng, split, phrases)
    else:
        messages.append(says(found.answer))
    return to_sample(messages, [] if bare else _listed(targets, rng, split, phrases), kind, phrases.language)
