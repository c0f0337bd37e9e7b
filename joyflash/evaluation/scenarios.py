"""Scenarios (phrasings with slots, from the data files) -> evaluation items."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from importlib import resources
from typing import Any, Literal

from joyflash.errors import DataError
from joyflash.evaluation.item import EvalItem
from joyflash.evaluation.naming import RenamedTool
from joyflash.evaluation.slots import SLOT, SlotFiller
from joyflash.tasks.words import is_heldout

_DATA = resources.files("joyflash.evaluation.heldout")
Names = Literal["real", "pseudo"]


def read_rows(name: str) -> list[dict[str, Any]]:
    """The rows of the data file ``name`` (JSON Lines)."""
    lines = (_DATA / name).read_text(encoding="utf-8").splitlines()
    try:
        return [json.loads(line) for line in lines]
    except json.JSONDecodeError as error:
        raise DataError(f"The evaluation file '{name}' has a damaged row: {error}.") from error


def read_json(name: str) -> Any:
    """The data file ``name`` (one JSON document)."""
    return json.loads((_DATA / name).read_text(encoding="utf-8"))


def sample(rows: Sequence[dict[str, Any]], count: int, rng: random.Random) -> list[dict[str, Any]]:
    """``count`` rows in random order: each once, then again those that have slots and so read differently."""
    again = [row for row in rows if SLOT.search(row["user"])]
    pool = itertools.chain(rng.sample(rows, len(rows)), *(rng.sample(again, len(again)) for _ in range(count)))
    return list(itertools.islice(pool, count))


def decimals(rng: random.Random) -> tuple[str, str]:
    """Two different held-out numbers; in half of the pairs the one with more digits is the smaller one."""

    def number(whole: int, places: int) -> str:
        digits = "".join(rng.choice("0123456789") for _ in range(places - 1)) + rng.choice("123456789")
        return f"{whole}.{digits}" if places else str(whole)

    want_trap = rng.random() < 0.5
    while True:
        whole = rng.randrange(100)
        first = number(whole, rng.choice((1, 2, 2, 3)))
        second = number(whole if want_trap or rng.random() < 0.6 else rng.randrange(100), rng.choice((0, 1, 1, 2, 3)))
        short, long = sorted((first, second), key=len)
        trap = "." in short and len(long) > len(short) and Decimal(long) < Decimal(short)
        if is_heldout(first) and is_heldout(second) and Decimal(first) != Decimal(second) and trap >= want_trap:
            return first, second


class ItemBuilder:
    """Builds the items of one language from scenarios, reproducibly from ``rng``."""

    def __init__(self, language: str, rng: random.Random):
        self.language, self.rng = language, rng
        self.catalogue = {row["id"]: row for row in read_rows("tools.jsonl")}
        self.grammar = read_json(f"values_{language}.json")
        self.related = [set(group) for group in read_json("related_topics.json")]

    def rows(self, kind: str, count: int) -> list[dict[str, Any]]:
        """``count`` scenarios of ``kind``, each with an item ``number`` that makes its id unique."""
        chosen = sample(read_rows(f"{kind}_{self.language}.jsonl"), count, self.rng)
        return [{**row, "id": f"{row['id']}/{number}"} for number, row in enumerate(chosen)]

    def filler(self, row: Mapping[str, Any]) -> SlotFiller:
        """A fresh slot filler for one scenario."""
        filler = SlotFiller(self.grammar, self.rng, self.language)
        if "{date2}" in row["user"]:
            filler.put_dates_in_order()
        return filler

    def tools(self, used: Sequence[str], names: Names, *, near: Iterable[str] = (), avoid: Iterable[str] = (),
              extra: bool = True) -> dict[str, RenamedTool]:  # fmt: skip
        """Renamed tools in random order: ``used`` ones, some of the ``near`` ones, and, with ``extra``, up to five
        in all from topics that are unrelated to them."""
        listed = [*used, *(tool for tool in near if tool not in used and self.rng.random() < 0.6)]
        if extra:
            topics = {self.catalogue[tool]["topic"] for tool in listed} | set(avoid)
            topics |= {topic for group in self.related if group & topics for topic in group}
            free = [name for name, tool in self.catalogue.items() if tool["topic"] not in topics]
            total = self.rng.choices((1, 2, 3, 4, 5), weights=(3, 5, 5, 4, 3))[0]
            listed += self.rng.sample(free, max(0, total - len(listed)))
        self.rng.shuffle(listed)
        renamed: dict[str, RenamedTool] = {}
        for tool in listed:
            while tool not in renamed or renamed[tool].name in {r.name for t, r in renamed.items() if t != tool}:
                renamed[tool] = RenamedTool(self.catalogue[tool], self.language, self.rng, real=names == "real")
        return renamed

    def compare(self, row: Mapping[str, Any]) -> EvalItem:
        """Which of two decimals is bigger or smaller, or whether a claim about them is true."""
        filler = self.filler(row)
        a, b = decimals(self.rng)
        filler.values.update(a=a, b=b)
        user = filler.fill_text(row["user"])
        named = [filler.fill_text(name) for name in row["names"]]
        sides = {"a": [a, *named[:1]], "b": [b, *named[1:]]}
        return EvalItem(
            row["id"], "compare", self.language, [{"role": "user", "content": user}],
            expect_comparison(row["ask"], a, b, sides), chance=0.5,
        )  # fmt: skip

    def tool_call(self, row: Mapping[str, Any], names: Names, *, counts_for_decision: bool) -> EvalItem:
        """A request that one listed tool or several calls of listed tools fulfil."""
        filler = self.filler(row)
        used = list(dict.fromkeys(call["tool"] for call in row["calls"]))
        tools = self.tools(used, names, near=row["near"])
        calls = [
            {"name": tools[call["tool"]].name, "arguments": tools[call["tool"]].arguments(filler.fill(call["args"]))}
            for call in row["calls"]
        ]
        return EvalItem(
            row["id"], "tool_call", self.language, [{"role": "user", "content": filler.fill_text(row["user"])}],
            {"type": "calls", "calls": calls}, [tool.definition for tool in tools.values()], names,
            counts_for_decision,
        )  # fmt: skip

    def tool_answer(self, row: Mapping[str, Any], names: Names, *, list_tools: bool) -> EvalItem:
        """A conversation in which the tools have answered; the reply must carry their results."""
        filler = self.filler(row)
        tools = self.tools(list(dict.fromkeys(call["tool"] for call in row["calls"])), names, extra=list_tools)
        messages: list[dict[str, Any]] = [{"role": "user", "content": filler.fill_text(row["user"])}]
        calls, results = [], []
        for number, call in enumerate(row["calls"], 1):
            tool = tools[call["tool"]]
            arguments = json.dumps(tool.arguments(filler.fill(call["args"])), ensure_ascii=False)
            identity = f"call_{number}"
            calls.append({"id": identity, "type": "function", "function": {"name": tool.name, "arguments": arguments}})
            result = filler.fill(call["result"])
            content = json.dumps(result, ensure_ascii=False) if isinstance(result, dict) else str(result)
            results.append({"role": "tool", "tool_call_id": identity, "name": tool.name, "content": content})
        messages += [{"role": "assistant", "content": None, "tool_calls": calls}, *results]
        if "follow" in row:
            messages.append({"role": "assistant", "content": row["acknowledgement"]})
            messages.append({"role": "user", "content": filler.fill_text(row["follow"])})
        expect = {"type": "contains", "strings": [filler.fill_text(text) for text in row["expect"]]}
        listed = [tool.definition for tool in tools.values()] if list_tools else []
        return EvalItem(row["id"], "tool_answer", self.language, messages, expect, listed, names)

    def call_or_not(self, row: Mapping[str, Any], names: Names) -> EvalItem:
        """A request that no listed tool fulfils, or plain talk while tools are listed: a call is wrong."""
        tools = self.tools(row["tools"], names, avoid=row.get("avoid", ()), extra=not row["tools"])
        return EvalItem(
            row["id"], "call_or_not", self.language,
            [{"role": "user", "content": self.filler(row).fill_text(row["user"])}], {"type": "decision", "call": False},
            [tool.definition for tool in tools.values()], names, counts_for_decision=True, chance=0.5,
        )  # fmt: skip

    def talk(self, row: Mapping[str, Any]) -> EvalItem:
        """A short question or small talk without tools."""
        return EvalItem(
            row["id"], "talk", self.language, [{"role": "user", "content": row["user"]}],
            {"type": "regex", "patterns": row["patterns"]},
        )  # fmt: skip


def expect_comparison(ask: str, a: str, b: str, sides: Mapping[str, list[str]]) -> dict[str, Any]:
    """The expectation of a comparison.

    Args:
        ask: ``bigger`` or ``smaller`` (which side is it?), ``claim_bigger`` or ``claim_smaller`` (is a > b, a < b?).
        sides: what stands for each side in an answer: its number and, in a word problem, its name.
    """
    bigger, smaller = ("a", "b") if Decimal(a) > Decimal(b) else ("b", "a")
    expect: dict[str, Any] = {"type": "comparison", "sides": dict(sides), "bigger": bigger}
    if ask.startswith("claim_"):
        return {**expect, "verdict": (bigger if ask == "claim_bigger" else smaller) == "a"}
    return {**expect, "ask": ask, "winner": bigger if ask == "bigger" else smaller}
