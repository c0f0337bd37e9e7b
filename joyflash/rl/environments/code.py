"""Write a Python function; hidden tests run it in the sandbox.

The sandbox sees arguments only. Results come out as JSON and are compared here, so a program can neither read the
expected values nor declare itself right.
"""

from __future__ import annotations

import json
import random
import re
from typing import Any

from joyflash.errors import SandboxUnavailableError
from joyflash.rl.environments.code_problems import PROBLEMS
from joyflash.rl.environments.protocol import SingleTurn, Task
from joyflash.sandbox import Limits, isolation, run_python
from joyflash.tasks.words import Split

_BLOCK = re.compile(r"```(?:python|py)?[ \t]*\n(.*?)(?:```|\Z)", re.DOTALL)
_LONGEST = 20_000  # characters
_ASK = {
    "en": "Write a Python function `{name}` that {text}. Answer with one code block.",
    "zh": "写一个 Python 函数 `{name}`：{text}。用一个代码块回答。",
}
_HARNESS = """
import json as _json, sys as _sys
_out = _sys.stdout
_results = []
for _arguments in _json.loads(_sys.stdin.read()):
    try:
        _results.append([True, {name}(*_arguments)])
    except Exception as _error:
        _results.append([False, type(_error).__name__])
_out.write({mark!r} + _json.dumps(_results) + "\\n")
_out.flush()
"""


class Code:
    """Functions with unit tests.

    Args:
        tests: hidden cases of each task.
        partial: give the share of passed tests instead of all or nothing.
        seconds: of processor time for all tests of an answer.

    Raises:
        SandboxUnavailableError: this machine cannot isolate a program.
    """

    def __init__(self, tests: int = 8, partial: bool = False, seconds: float = 4.0) -> None:
        found = isolation()
        if not found.complete:
            raise SandboxUnavailableError(
                f"Code needs isolation that this machine does not give ({', '.join(found.missing)}); leave the domain "
                "out."
            )
        self._tests, self._partial = tests, partial
        self._limits = Limits(wall_seconds=2 * seconds, cpu_seconds=seconds, memory_bytes=256 << 20)

    def propose(self, rng: random.Random, language: str, split: Split) -> Task:
        """See Environment."""
        problem = PROBLEMS[rng.choice(sorted(PROBLEMS))]
        numbers = {slot: rng.randint(*bounds) for slot, bounds in problem.numbers.items()}
        text = problem.text[language].format(**numbers)
        cases = [problem.arguments(rng) for _ in range(self._tests)]
        expected = [problem.solve(*arguments, **numbers) for arguments in cases]
        content = _ASK[language].format(name=problem.name, text=text)
        facts = {"name": problem.name, "cases": cases, "expected": expected, "mark": f"{rng.getrandbits(64):x}:"}
        return Task(f"{problem.name} {numbers}", ({"role": "user", "content": content},), facts=facts)

    def start(self, task: Task) -> SingleTurn:
        """See Environment."""
        return SingleTurn(lambda text: self._reward(text, task.facts))

    def _reward(self, text: str, facts: dict[str, Any]) -> float:
        source = program_of(text)
        if source is None or len(source) > _LONGEST:
            return 0.0
        harness = _HARNESS.format(name=facts["name"], mark=facts["mark"])
        result = run_python(source + "\n" + harness, stdin=json.dumps(facts["cases"]), limits=self._limits)
        found = _results(result.stdout, facts["mark"]) if result.ok else None
        expected = facts["expected"]
        if found is None or len(found) != len(expected):
            return 0.0
        passed = sum(ok is True and same(value, wanted) for (ok, value), wanted in zip(found, expected, strict=True))
        return passed / len(expected) if self._partial else float(passed == len(expected))


def program_of(text: str) -> str | None:
    """The last code block of a reply, else the whole of it if it defines a function."""
    blocks = _BLOCK.findall(text[-4 * _LONGEST :])
    if blocks:
        return blocks[-1]
    return text if "def " in text else None


def same(value: Any, wanted: Any) -> bool:
    """Equal as JSON, with True and 1 told apart and floats compared to nine digits."""
    if isinstance(wanted, bool) or isinstance(value, bool):
        return value is wanted
    if isinstance(wanted, int | float) and isinstance(value, int | float):
        return abs(value - wanted) <= 1e-9 * max(1.0, abs(wanted))
    if isinstance(wanted, list) and isinstance(value, list):
        return len(value) == len(wanted) and all(same(a, b) for a, b in zip(value, wanted, strict=True))
    return type(value) is type(wanted) and value == wanted


def _results(output: str, mark: str) -> list[list[Any]] | None:
    """What the harness wrote after its mark, in the last line that has it."""
    at = output.rfind(mark)
    if at < 0:
        return None
    try:
        found = json.loads(output[at + len(mark) :].split("\n", 1)[0])
    except (ValueError, RecursionError):
        return None
    pairs = isinstance(found, list) and all(isinstance(pair, list) and len(pair) == 2 for pair in found)
    return found if pairs else None
