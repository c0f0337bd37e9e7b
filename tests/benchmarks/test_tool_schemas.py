"""A few of the generated schemas of the benchmark, for the bundled model and for random weights."""

from __future__ import annotations

import importlib
import json
import random
import sys
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

FOLDER = Path(__file__).parents[2] / "benchmarks"
with mock.patch.object(sys, "path", [str(FOLDER), *sys.path]):
    tool_schemas: Any = importlib.import_module("tool_schemas")


@pytest.mark.parametrize("model", ["nano", "random"])
def test_finished_calls_keep_their_schemas(tmp_path: Path, model: str, capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "out.json"
    tool_schemas.main(["--count", "12", "--models", model, "--max-tokens", "250", "-o", str(output)])
    result = json.loads(output.read_text(encoding="utf-8"))[model]
    assert result["wrong"] == []
    assert result["valid"] >= 9
    assert f"{model}: {result['valid']} valid" in capsys.readouterr().out


def test_a_call_that_breaks_its_schema_is_counted() -> None:
    tool = tool_schemas.ToolDefinition("f", "", {"type": "object", "properties": {"n": {"type": "integer"}}})
    rules = tool_schemas.ReplyRules((tool,))
    tally = tool_schemas.Tally()

    def call(value: str) -> list[str]:
        return [f"<tool_call>\n<function=f>\n<parameter=n>\n{value}\n</parameter>\n</function>\n</tool_call>"]

    for reply in (call("5"), call("x"), ["hi"], [*call("5"), "more"]):
        tool_schemas.check(rules, reply, tally)
    assert tally.valid == 1 and len(tally.wrong) == 3


def test_schemas_are_many_and_the_same_for_the_same_seed() -> None:
    made = [json.dumps(tool_schemas.SchemaMaker(random.Random(seed)).parameters()) for seed in (1, 1, 2, 3)]
    assert made[0] == made[1] and len(set(made)) == 3
