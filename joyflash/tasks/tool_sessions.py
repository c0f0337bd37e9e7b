"""The samplers of whole conversations over one list of tools: mixed rounds, and the choice of the right tool."""

from __future__ import annotations

import random
from collections import Counter

from joyflash.tasks.tool_build import Tool, calculator
from joyflash.tasks.tool_english import draw_phrases
from joyflash.tasks.tool_follow_ups import follow_ups
from joyflash.tasks.tool_framing import request, small_talk
from joyflash.tasks.tool_lists import common_words, distinct, draw_tool, only_does, talk_beside
from joyflash.tasks.tool_messages import calls, decline, opening, results, says, to_sample, user
from joyflash.tasks.tool_requests import Clause, clause, clause_again, clauses_of_list
from joyflash.tasks.tool_results import outcome
from joyflash.tasks.tool_use import ToolPhrases
from joyflash.tasks.tool_wording import Slots
from joyflash.tasks.words import Split

_REAL_SHARE = 0.7
_ROUNDS = {"call": 60, "no_tool": 25, "talk": 14, "several": 12}
_CALCULATOR_SHARE, _CALCULATOR_ROUNDS = 0.12, 25
_AGAIN, _BACK, _CANDIDATES = 0.15, 0.15, 5
_NUMERIC = ("integer", "number", "price", "expression")
_SHORT_RESULTS = {"en": ("ok", "done", "OK", "success", "true"), "zh": ("ok", "完成", "成功", "好", "done")}


def sample_session(rng: random.Random, language: str, split: Split) -> dict:
    """Two to six rounds over one list of one to five tools: calls, declines, small talk and arithmetic."""
    phrases = draw_phrases(rng, language)
    tools = _list(rng.choices((1, 2, 3, 4, 5), weights=(15, 18, 25, 24, 18))[0], rng, split, phrases, real=_REAL_SHARE)
    weights = dict(_ROUNDS)
    if len(tools) > 1 and rng.random() < _CALCULATOR_SHARE:
        tools[int(rng.random() * len(tools))] = calculator(rng, split, phrases)
        weights["calc"] = _CALCULATOR_ROUNDS
    messages = opening(rng, phrases, system=0.1, talk=0)
    used: Counter[str] = Counter()
    last: list[Clause] = []
    wanted: list[Clause] = []
    count = rng.choices((2, 3, 4, 5, 6), weights=(15, 25, 27, 20, 13))[0]
    for number in range(1, count + 1):
        kind = rng.choices(list(weights), weights=list(weights.values()))[0]
        if kind == "no_tool":
            messages += _decline(tools, rng, split, phrases)
        elif kind == "talk":
            called = len(messages) > 1 and messages[-2]["role"] == "tool"
            messages += _talk(tools, rng, split, phrases, called=called)
        else:
            slots = Slots()
            again = (
                clause_again(last[0], rng, split, phrases, slots) if len(last) == 1 and rng.random() < _AGAIN else None
            )
            wanted = [again] if again else _wanted(kind, tools, used, rng, split, phrases, slots)
            messages += [user(request(wanted, rng, split, phrases, slots)), calls(wanted, rng)]
            if number < count or rng.random() < 0.5:
                messages += _outcome(wanted, messages[-1], rng, split, phrases)
        last = wanted if kind not in ("no_tool", "talk") else []
    return to_sample(messages, tools, "session", language)


def sample_choose(rng: random.Random, language: str, split: Split) -> dict:
    """Three to eight requests in a row, each for one of up to six real tools; what is done is only acknowledged."""
    phrases = draw_phrases(rng, language)
    count = rng.choices((1, 2, 3, 4, 5, 6), weights=(8, 12, 22, 24, 20, 14))[0]
    tools = _list(count, rng, split, phrases, real=1.0, light=True)
    messages = opening(rng, phrases, system=0.1, talk=0)
    used: Counter[str] = Counter()
    rounds = 3 + int(rng.random() * 6)
    for number in range(1, rounds + 1):
        slots = Slots()
        wanted = _wanted("call", tools, used, rng, split, phrases, slots)
        messages += [user(request(wanted, rng, split, phrases, slots)), calls(wanted, rng)]
        source = wanted[0].tool.source
        if number == rounds and rng.random() < 0.5:
            continue
        if source is not None and only_does(source):
            messages += results(messages[-1], [rng.choice(_SHORT_RESULTS[language])])
            messages.append(says(phrases.grammar.expand("acknowledge", rng)))
        else:
            messages += _outcome(wanted, messages[-1], rng, split, phrases, back=0)
    return to_sample(messages, tools, "choose", language)


def _list(
    count: int, rng: random.Random, split: Split, phrases: ToolPhrases, *, real: float, light: bool = False
) -> list[Tool]:
    """``count`` tools, none of which can stand for another or for almost anything; half of them close to another."""
    tools: list[Tool] = []
    while len(tools) < count:
        tool = draw_tool(rng, split, phrases, real=real, closed=True, light=light, near=tools)
        if distinct(tool, tools):
            tools.append(tool)
    rng.shuffle(tools)
    return tools


def _wanted(
    kind: str, tools: list[Tool], used: Counter[str], rng: random.Random, split: Split, phrases: ToolPhrases,
    slots: Slots,
) -> list[Clause]:  # fmt: skip
    """What one round asks for: one call or, for "several", two; of the calculator for "calc", else of another tool."""
    fitting = [tool for tool in tools if (tool.style == "calc") == (kind == "calc")]
    first = _pick(fitting, used, rng)
    if (kind == "calc" and rng.random() < 0.25) or (kind == "several" and rng.random() < 0.5):
        wanted = clauses_of_list(first, 2, rng, split, phrases, slots)
        if wanted is not None:
            return wanted
    if kind == "several" and len(fitting) > 1:
        second = _pick([tool for tool in fitting if tool is not first], used, rng)
        form = "order" if rng.random() < 0.5 else None
        return [clause(tool, rng, split, phrases, slots, form=form) for tool in (first, second)]
    return [clause(first, rng, split, phrases, slots)]


def _pick(tools: list[Tool], used: Counter[str], rng: random.Random) -> Tool:
    """One of ``tools``, the likelier the less it was ``used``."""
    tool = rng.choices(tools, weights=[0.25 ** used[tool.name] for tool in tools])[0]
    used[tool.name] += 1
    return tool


def _outcome(
    wanted: list[Clause], asked: dict, rng: random.Random, split: Split, phrases: ToolPhrases, *, back: float = _BACK
) -> list[dict]:
    """The results of the calls and the final answer, at times with a question about it and the answer to that."""
    found = outcome(wanted, rng, split, phrases)
    if rng.random() < back:
        return [*results(asked, found.contents), *follow_ups(wanted, found, rng, split, phrases)]
    return [*results(asked, found.contents), says(found.answer)]


def _decline(tools: list[Tool], rng: random.Random, split: Split, phrases: ToolPhrases) -> list[dict]:
    """A request that none of ``tools`` can do, half of the time close to one of them, and the refusal."""
    numeric = any(_takes_numbers(tool) for tool in tools)
    if not numeric and rng.random() < 0.08:
        absent = calculator(rng, split, phrases)
    else:
        absent = _absent(tools, rng, split, phrases)
    slots = Slots()
    text = request([clause(absent, rng, split, phrases, slots)], rng, split, phrases, slots)
    return [user(text), says(decline(absent, rng, phrases))]


def _absent(tools: list[Tool], rng: random.Random, split: Split, phrases: ToolPhrases) -> Tool:
    """A tool that none of ``tools`` can stand for; beside a calculator one that has nothing to compute."""
    calculates = any(tool.style == "calc" for tool in tools)
    listed, found = " ".join(f"{tool.name} {tool.about}" for tool in tools), []
    wanted = _CANDIDATES if rng.random() < 0.25 else 1
    while len(found) < wanted:
        absent = draw_tool(rng, split, phrases, real=_REAL_SHARE, closed=True, near=tools)
        if distinct(absent, tools) and not (calculates and _takes_numbers(absent)):
            found.append(absent)
    return max(found, key=lambda tool: common_words(listed, f"{tool.name} {tool.about}"))


def _takes_numbers(tool: Tool) -> bool:
    return any(parameter.required and parameter.kind.startswith(_NUMERIC) for parameter in tool.parameters)


def _talk(tools: list[Tool], rng: random.Random, split: Split, phrases: ToolPhrases, *, called: bool) -> list[dict]:
    """Small talk that none of ``tools`` answers; after the answer to a call (``called``) often thanks."""
    if called and rng.random() < 0.6:
        asked, answered = "<pleased>", "<welcome>"
        text = phrases.finish(rng, phrases.grammar.fill(asked, rng))
    else:
        asked, answered = talk_beside(tools, rng, phrases)
        text = small_talk(asked, tools, rng, split, phrases)
    return [user(text), says(phrases.grammar.fill(answered, rng).strip())]
