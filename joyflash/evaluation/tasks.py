"""The held-out suite of the bundled model and the paraphrases of its two examples."""

from __future__ import annotations

import random
from typing import Any

from joyflash.errors import ConfigError
from joyflash.evaluation.item import EvalItem
from joyflash.evaluation.scenarios import ItemBuilder, Names, expect_comparison, read_rows

LANGUAGES = ("en", "zh")
SUITE_SIZE = {"compare": 100, "tool_call": 200, "tool_answer": 100, "call_or_not": 100, "talk": 60}

_EXAMPLE_TOOLS: tuple[dict[str, Any], ...] = tuple(
    {
        "type": "function",
        "function": {
            "name": name,
            "description": description,
            "parameters": {
                "type": "object",
                "properties": {parameter: {"type": "string", "description": meaning}},
                "required": [parameter],
            },
        },
    }
    for name, description, parameter, meaning in (
        ("my_calculator", "A calculator that can evaluate an equation.", "expression", "Expression to evaluate."),
        ("rewrite", "Rewrites a text so that it reads better.", "text", "Text to rewrite."),
    )
)


def heldout_suite(language: str, seed: int = 0) -> list[EvalItem]:
    """560 prompts whose phrasings, names, values and numbers occur in no training sample.

    The phrasings were written without sight of the generators that make the training samples; values and identifiers
    are of the held-out tenth of all words. Half of the items that have tools name them and their parameters with
    pseudo-words (``names="pseudo"``: new names and new phrasing), the others with real words.

    Args:
        language: ``en`` or ``zh``.
        seed: chooses the scenarios' order and all slot values; equal seeds give equal suites.
    """
    if language not in LANGUAGES:
        raise ConfigError(f"There is no held-out suite for the language '{language}': choose one of {LANGUAGES}.")
    builder = ItemBuilder(language, random.Random(f"{language}-{seed}"))

    def names(number: int) -> Names:
        return "pseudo" if number % 2 else "real"

    decisions = SUITE_SIZE["call_or_not"]
    return [
        *(builder.compare(row) for row in builder.rows("compare", SUITE_SIZE["compare"])),
        *(
            builder.tool_call(row, names(number), counts_for_decision=number < decisions)
            for number, row in enumerate(builder.rows("tool_call", SUITE_SIZE["tool_call"]))
        ),
        *(
            builder.tool_answer(row, names(number), list_tools=number % 4 < 2)
            for number, row in enumerate(builder.rows("tool_answer", SUITE_SIZE["tool_answer"]))
        ),
        *(builder.call_or_not(row, names(number)) for number, row in enumerate(builder.rows("call_or_not", decisions))),
        *(builder.talk(row) for row in builder.rows("talk", SUITE_SIZE["talk"])),
    ]


def example_suite(file: str) -> list[EvalItem]:
    """The project's two examples (``examples_original.jsonl``) or their paraphrases (``examples_paraphrases.jsonl``).

    A tool example takes two requests: the calls, then, with the calculator's results and without tools, the answer.
    """
    items = []
    for row in read_rows(file):
        messages = [{"role": "user", "content": row["user"]}]
        if row["example"] == "compare":
            expect = expect_comparison(row["ask"], row["a"], row["b"], {"a": [row["a"]], "b": [row["b"]]})
            items.append(EvalItem(row["id"], "example", row["language"], messages, expect, chance=0.5))
        else:
            expect = {"type": "two_step", "tool": "my_calculator", "results": row["results"]}
            items.append(EvalItem(row["id"], "example", row["language"], messages, expect, _EXAMPLE_TOOLS))
    return items
