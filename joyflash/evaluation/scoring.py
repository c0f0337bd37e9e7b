"""What an answer is worth (pure functions), and the spread of a mean.

Types of expectation (``EvalItem.expect["type"]``):

- ``calls``: exactly these calls in any order, names and typed arguments equal;
- ``comparison``: the side that the answer names, or its yes or no, is right;
- ``contains``: the answer carries every string, numbers as whole numbers;
- ``decision``: a call is made, or none is and there is text;
- ``regex``: one of the patterns is found;
- ``two_step``: the calculator was called with the expressions, and the final answer carries the results.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from joyflash.evaluation.item import EvalItem
from joyflash.tasks.compare_reading import bigger_side, chosen_side, verdict
from joyflash.text.marks import CALL


@dataclass(frozen=True)
class Answer:
    """What the server answered.

    Attributes:
        content: the text; of the last request, where an item takes two.
        tool_calls: of the first request: ``{"name": str, "arguments": JSON text}``.
        completion_tokens: of all requests of the item, as the server counts them.
        seconds: wall time of all requests of the item.
        error: why there is no answer (a refused request); scores 0.
    """

    content: str = ""
    tool_calls: Sequence[Mapping[str, str]] = ()
    completion_tokens: int = 0
    seconds: float = 0.0
    error: str | None = None


def score(item: EvalItem, answer: Answer) -> float:
    """1.0 for a right answer, 0.0 for a wrong one or none."""
    if answer.error is not None:
        return 0.0
    return float(_SCORERS[item.expect["type"]](item.expect, answer))


def decision_is_right(item: EvalItem, answer: Answer) -> bool:
    """Whether the answer calls a tool exactly if the item asks for a call."""
    wanted = item.expect["type"] == "calls"
    return answer.error is None and _decides({"call": wanted}, answer)


def calls_equal(expected: Sequence[Mapping[str, Any]], got: Sequence[Mapping[str, str]]) -> bool:
    """Whether ``got`` (arguments as JSON text) is ``expected`` (arguments as objects) in any order."""
    left = [(call["name"], _canonical(call["arguments"])) for call in expected]
    try:
        right = [(call["name"], _canonical(json.loads(call["arguments"]))) for call in got]
    except (ValueError, RecursionError):
        return False
    return sorted(left) == sorted(right)


def carries(text: str, wanted: str) -> bool:
    """Whether ``text`` contains ``wanted``, ignoring case; a number must stand alone, digit groups may have commas."""
    text = re.sub(r"(?<=\d),(?=\d{3}(?!\d))", "", text)
    start = r"(?<![\d])(?<!\d\.)" if wanted[:1].isdigit() else ""
    end = r"(?!\d)(?!\.\d)" if wanted[-1:].isdigit() else ""
    return re.search(start + re.escape(wanted) + end, text, re.IGNORECASE) is not None


def normalize_expression(expression: str) -> str:
    """An arithmetic expression without what does not change it: spaces, a final ``=``, typographic operators."""
    table = str.maketrans({"×": "*", "x": "*", "÷": "/", "−": "-", "＋": "+", "（": "(", "）": ")"})
    return re.sub(r"\s+", "", expression).translate(table).rstrip("=?")


def _canonical(value: Any) -> str:
    """A text that is equal for equal JSON values: 3 and 3.0 are, 1 and true are not."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(key)}:{_canonical(value[key])}" for key in sorted(value)) + "}"
    if isinstance(value, list):
        return "[" + ",".join(_canonical(entry) for entry in value) + "]"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return json.dumps(value)


def _compares(expect: Mapping[str, Any], answer: Answer) -> bool:
    sides = expect["sides"]
    if "winner" in expect:
        return chosen_side(answer.content, sides, ask=expect["ask"]) == expect["winner"]
    said, bigger = verdict(answer.content), bigger_side(answer.content, sides)
    if said is None:
        return bigger == expect["bigger"]
    return said == expect["verdict"] and bigger in (None, expect["bigger"])


def _decides(expect: Mapping[str, Any], answer: Answer) -> bool:
    if expect["call"] or answer.tool_calls:
        return bool(answer.tool_calls) == expect["call"]
    return bool(answer.content.strip()) and CALL not in answer.content  # markup that no parser took for a call


def _takes_two_steps(expect: Mapping[str, Any], answer: Answer) -> bool:
    got = [expression_of(call, expect["tool"]) for call in answer.tool_calls]
    wanted = [normalize_expression(expression) for expression in expect["results"]]
    return sorted(map(str, got)) == sorted(wanted) and all(
        carries(answer.content, result) for result in expect["results"].values()
    )


def expression_of(call: Mapping[str, str], tool: str) -> str | None:
    """The normalised ``expression`` argument of a calculator call; None if the call is of another form."""
    try:
        arguments = json.loads(call["arguments"])
    except (ValueError, RecursionError):
        return None
    if call["name"] != tool or not isinstance(arguments, dict) or not isinstance(arguments.get("expression"), str):
        return None
    return normalize_expression(arguments["expression"])


_SCORERS: Mapping[str, Callable[[Mapping[str, Any], Answer], bool]] = {
    "calls": lambda expect, answer: calls_equal(expect["calls"], answer.tool_calls),
    "comparison": _compares,
    "contains": lambda expect, answer: (
        not answer.tool_calls and all(carries(answer.content, s) for s in expect["strings"])
    ),
    "decision": _decides,
    "regex": lambda expect, answer: any(re.search(p, answer.content, re.IGNORECASE) for p in expect["patterns"]),
    "two_step": _takes_two_steps,
}


def mean_and_error(groups: Iterable[Sequence[float]]) -> tuple[float, float]:
    """Mean and standard error over items, each given with its scores under several seeds.

    The error is that of the items' means (seeds of one item are not independent); 0 for a single item.
    """
    means = [sum(group) / len(group) for group in groups]
    count = len(means)
    mean = sum(means) / count
    if count < 2:
        return mean, 0.0
    return mean, math.sqrt(sum((value - mean) ** 2 for value in means) / (count - 1) / count)


def wilson_interval(mean: float, count: int, z: float = 1.96) -> tuple[float, float]:
    """Wilson's score interval of a share ``mean`` of ``count`` independent trials (Wilson 1927); 95 % by default."""
    centre = (mean + z * z / (2 * count)) / (1 + z * z / count)
    half = z / (1 + z * z / count) * math.sqrt(mean * (1 - mean) / count + z * z / (4 * count * count))
    return max(0.0, min(mean, centre - half)), min(1.0, max(mean, centre + half))
