"""Right answers to tasks, as replies: what an environment must pay in full."""

from __future__ import annotations

import json
from typing import Any

from joyflash.rl.environments.protocol import Call, Reply, Task

CODE = {
    "sum_multiples": "return sum(n for n in x if n % {k} == 0)",
    "count_above": "return len([n for n in x if n > {k}])",
    "shifted": "return [n + ({k}) for n in x]",
    "every_nth": "return x[::{k}]",
    "long_words": "return [w for w in x if len(w) >= {k}]",
    "rotate": "k = {k} % (len(x) or 1)\n    return x[k:] + x[:k]",
    "clamp_all": "return [max({low}, min({high}, n)) for n in x]",
    "caesar": "return ''.join(chr((ord(c) - 97 + {k}) % 26 + 97) if 'a' <= c <= 'z' else c for c in x)",
    "digit_sum": "t = 0\n    while x: t += x % {k}; x //= {k}\n    return t",
    "repeat_limit": "out = ''\n    for c in x:\n        if not out.endswith(c * {k}): out += c\n    return out",
}


def code_answer(task: Task) -> str:
    """A program for a task of the environment ``code``."""
    name = task.facts["name"]
    numbers = json.loads(task.key[len(name) + 1 :].replace("'", '"'))
    return f"Here:\n```python\ndef {name}(x):\n    {CODE[name].format(**numbers)}\n```"


def calls(*pairs: tuple[str, dict[str, Any]]) -> Reply:
    """A reply of tool calls."""
    return Reply("", calls=tuple(Call(name, json.dumps(arguments)) for name, arguments in pairs))
