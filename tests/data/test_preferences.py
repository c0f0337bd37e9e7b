"""Preference rows: every form gives the same pair, answers begin where the conversations part, bad rows are named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from joyflash.data.preferences import Preference, parse_preference, read_preferences, render_preference
from joyflash.errors import JoyflashError
from joyflash.model.loading import model_folder
from joyflash.text.template import ChatTemplate
from joyflash.text.tokenizer import Tokenizer
from tests.data.test_chat_formats import OPENAI, TOOL

ASK = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "2 + 2?"}]
GOOD, BAD = {"role": "assistant", "content": "4"}, {"role": "assistant", "content": "5"}
WANTED = {"prompt": ASK, "chosen": [GOOD], "rejected": [BAD]}
SAME = {
    "texts after messages": {"prompt": ASK, "chosen": "4", "rejected": "5"},
    "single messages": {"messages": ASK, "chosen": GOOD, "rejected": BAD},
    "whole conversations": {"chosen": [*ASK, GOOD], "rejected": [*ASK, BAD]},
    "whole beside the question": {"prompt": "2 + 2?", "chosen": [*ASK, GOOD], "rejected": [*ASK, BAD]},
    "a system field and a question": {"system": "Be brief.", "question": "2 + 2?", "chosen": "4", "rejected": "5"},
    "openai": {"input": {"messages": ASK}, "preferred_output": [GOOD], "non_preferred_output": [BAD]},
    "sharegpt": {
        "system": "Be brief.",
        "conversations": [{"from": "human", "value": "2 + 2?"}],
        "chosen": {"from": "gpt", "value": "4"},
        "rejected": {"from": "gpt", "value": "5"},
    },
    "sharegpt with texts": {
        "system": "Be brief.",
        "conversations": [{"from": "human", "value": "2 + 2?"}],
        "chosen": "4",
        "rejected": "5",
    },
    "alpaca": {"system": "Be brief.", "instruction": "2 + 2?", "chosen": "4", "rejected": "5"},
}


@pytest.fixture(scope="module", name="template")
def _template() -> ChatTemplate:
    return ChatTemplate.from_pretrained(model_folder("nano"), Tokenizer.from_pretrained(model_folder("nano")))


@pytest.mark.parametrize("name", SAME)
def test_every_form_is_the_same_pair(name: str):
    assert parse_preference(SAME[name]) == parse_preference(WANTED)


def test_a_plain_prompt_is_the_users():
    found = parse_preference({"prompt": "2 + 2?", "chosen": "4", "rejected": "5", "domain": "sums"})
    assert [(m.role, m.content) for m in found.prompt] == [("user", "2 + 2?")] and found.domain == "sums"


def test_answers_begin_where_the_conversations_part(template):
    whole = OPENAI["messages"]
    other = [*whole[:-1], {"role": "assistant", "content": "Sunny."}]
    last = parse_preference({"chosen": whole, "rejected": other, "tools": [TOOL]})
    assert [len(part) for part in (last.prompt, last.chosen, last.rejected)] == [4, 1, 1]
    # A different result of the same call: the answers begin with the call, whose result is no answer of its own.
    sunny = [*whole[:3], {"role": "tool", "tool_call_id": "a", "content": "sun"}, other[-1]]
    early = parse_preference({"chosen": whole, "rejected": sunny, "tools": [TOOL]})
    assert [len(part) for part in (early.prompt, early.chosen, early.rejected)] == [2, 3, 3]
    tokenizer = Tokenizer.from_pretrained(model_folder("nano"))
    eos = tokenizer.eos_token

    def learned(preference: Preference) -> list[str]:
        pair = render_preference(preference, template)
        return [
            tokenizer.decode(sample.ids_n[sample.weights_n > 0].tolist(), skip_control=False)
            for sample in (pair.chosen, pair.rejected)
        ]

    assert learned(last) == [f"Grey.{eos}", f"Sunny.{eos}"]
    call = learned(early)[0].removesuffix(f"Grey.{eos}")
    assert "get_weather" in call and learned(early)[1] == f"{call}Sunny.{eos}" and "sun" not in call


def test_ids_of_calls_make_no_difference():
    def row(name: str, said: str) -> list[dict[str, Any]]:
        call = {"id": name, "type": "function", "function": {"name": "f", "arguments": "{}"}}
        result = {"role": "tool", "tool_call_id": name, "content": "1"}
        return [*ASK, {"role": "assistant", "tool_calls": [call]}, result, {"role": "assistant", "content": said}]

    found = parse_preference({"chosen": row("a", "yes"), "rejected": row("b", "no")})
    assert (len(found.prompt), len(found.chosen)) == (4, 1)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"prompt": ASK, "chosen": "4"}, "needs both"),
        ({"prompt": ASK, "chosen": "4", "rejected": "4"}, "are equal"),
        ({"chosen": [*ASK, GOOD], "rejected": [ASK[1], BAD]}, "begin with the same prompt"),
        ({"chosen": [GOOD], "rejected": [BAD]}, "'prompt' must be"),
        ({"chosen": [*ASK, GOOD], "rejected": ASK}, "go on with the assistant"),
        ({"prompt": ASK, "chosen": "", "rejected": "5"}, "is empty"),
        ({"prompt": 3, "chosen": "4", "rejected": "5"}, "'prompt' must be"),
        ({"prompt": ASK, "chosen": 4, "rejected": "5"}, "must be text, a message"),
        ({"preferred_output": [GOOD], "non_preferred_output": [BAD]}, "'input' must be"),
        ({"prompt": [{"role": "x", "content": "y"}], "chosen": "4", "rejected": "5"}, "role must be one of"),
    ],
)
def test_what_is_wrong_is_named(row: dict[str, Any], message: str):
    with pytest.raises(JoyflashError, match=message):
        parse_preference(row)


def test_files_give_pairs_and_bad_rows(tmp_path: Path, template):
    path = tmp_path / "pairs.jsonl"
    rows = [json.dumps(WANTED), "{", json.dumps({"prompt": "a", "chosen": "b", "rejected": ""}), '{"chosen": "b"}']
    path.write_text("\n".join(rows), "utf-8")
    good, bad = read_preferences(path, template)
    assert [pair.line for pair in good] == [1, 3] and [row.line for row in bad] == [2, 4]
    assert int((good[1].rejected.weights_n > 0).sum()) == 1  # an empty answer is worse: it ends at once
    path.write_text("{}", "utf-8")
    with pytest.raises(JoyflashError, match=r"no usable preference\. Line 1"):
        read_preferences(path, template)
