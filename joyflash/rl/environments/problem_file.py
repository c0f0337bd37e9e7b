r"""Problems with known answers from a JSON Lines file: GSM8K (``question``, ``answer`` ending in ``#### 42``), MATH
(``problem``, ``solution`` with ``\boxed{}``), or plain ``problem`` and ``answer``.
"""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

from joyflash.errors import DataError
from joyflash.rl.environments.answers import final_answer, is_answer
from joyflash.rl.environments.protocol import SingleTurn, Task
from joyflash.tasks.words import Split

_QUESTIONS = ("problem", "question", "prompt")
_ANSWERS = ("answer", "solution")


class ProblemFile:
    """Problems of a file; which of them are held out follows from their text.

    Args:
        path: the file.
        instruction: put behind every problem.

    Raises:
        DataError: a row is not of one of the known forms, or the file cannot be read.
    """

    def __init__(self, path: str, instruction: str = "") -> None:
        self._instruction = instruction
        try:
            lines = Path(path).read_text(encoding="utf-8").split("\n")  # JSON may hold other line breaks as they are
        except (OSError, UnicodeDecodeError) as error:
            raise DataError(f"The problems {path} cannot be read: {error}.") from error
        self._rows = [_row(line, f"{path} line {number}") for number, line in enumerate(lines, 1) if line.strip()]
        if not self._rows:
            raise DataError(f"{path} holds no problem.")

    def propose(self, rng: random.Random, language: str, split: Split) -> Task:
        """See Environment; the language is that of the file."""
        question, answer = rng.choice(self._rows)
        return Task(question, ({"role": "user", "content": question + self._instruction},), facts={"answer": answer})

    def start(self, task: Task) -> SingleTurn:
        """See Environment."""
        return SingleTurn(lambda text: float(is_answer(text, task.facts["answer"])))


def _row(line: str, where: str) -> tuple[str, str]:
    try:
        row: dict[str, Any] = json.loads(line)
        question = next(row[name] for name in _QUESTIONS if isinstance(row.get(name), str))
        text = next(row[name] for name in _ANSWERS if isinstance(row.get(name), str | int | float))
    except (ValueError, AttributeError, StopIteration) as error:
        raise DataError(f"{where}: give {' or '.join(_QUESTIONS)}, and {' or '.join(_ANSWERS)}.") from error
    text = str(text)
    worked = "####" in text or r"\boxed" in text
    answer = final_answer(text) if worked else text
    if not answer:
        raise DataError(f"{where}: its solution states no final answer.")
    return question, answer
