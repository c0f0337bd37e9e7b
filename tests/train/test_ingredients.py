"""Ingredients: what a recipe names comes out of the data folder as rows, each file under the name of its source."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from joyflash.batch import PackedBatch
from joyflash.errors import DataError
from joyflash.model.loading import model_folder
from joyflash.train import ingredients, sft
from joyflash.train.ingredients import Ingredients
from joyflash.train.recipe import Recipe
from tests.data.dialogues.helpers import FIRST, SECOND, write_dialogues

RECIPE = Recipe(stage="sft", tokens=10_000, row_tokens=2_048, rows_per_step=1, dialogues={"demo": 1})


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with a text and the chat file ``demo`` of two tool dialogues."""
    for folder in ("pretrain", "chat"):
        (tmp_path / "data" / folder).mkdir(parents=True)
    row = {"text": "The fox went down to the old mill.", "lang": "en"}
    (tmp_path / "data/pretrain/tales.own-00.jsonl").write_text(json.dumps(row), "utf-8")
    write_dialogues(tmp_path / "data/chat/demo.jsonl", [FIRST, SECOND])
    return tmp_path / "data"


def test_tool_dialogues_are_cut_from_a_chat_file(data: Path, tmp_path: Path):
    row, tokens, text = _first_row(RECIPE, data, tmp_path)
    assert set(tokens) == {"demo_short"}
    assert "THAI food in oakland" in text
    assert "Hello, I would like to eat out." not in text  # the window starts later
    assert 0 < (row.weights_T > 0).sum() < len(row.weights_T) / 2


def test_a_file_may_be_a_chat_and_a_source_of_tool_dialogues(data: Path, tmp_path: Path):
    _, tokens, text = _first_row(replace(RECIPE, chat={"demo": 1}, dialogues={"demo": 3}), data, tmp_path)
    assert set(tokens) == {"demo", "demo_short"}
    assert 0 < tokens["demo"] < tokens["demo_short"]
    assert "Hello, I would like to eat out." in text


def test_chat_files_are_named_where_they_are_missing_or_unfit(data: Path, tmp_path: Path):
    with pytest.raises(DataError, match="no chat file talks"):
        _first_row(replace(RECIPE, dialogues={"talks": 1}), data, tmp_path)
    write_dialogues(data / "chat/talks.jsonl", [FIRST[:2]])
    with pytest.raises(DataError, match="no call whose values"):
        _first_row(replace(RECIPE, dialogues={"talks": 1}), data, tmp_path)


def test_rows_are_weighed_by_domain_and_thought_whatever_their_form(tmp_path: Path):
    """A folder of one chat file and no text, rows of three forms, bad ones and one that fits no row."""
    (tmp_path / "data/chat").mkdir(parents=True)
    answer = {"role": "assistant", "content": "six"}
    question = {"role": "user", "content": "What is two and four?"}
    rows = [
        {"messages": [question, {**answer, "reasoning_content": "two, four"}], "domain": "maths"},
        {"instruction": "Say hello.", "output": "hello", "domain": "talk"},
        {"conversations": [{"from": "human", "value": "Bye."}, {"from": "gpt", "value": "bye"}], "domain": "talk"},
        {"messages": [question, {**answer, "content": "six " * 300}], "domain": "talk"},
        {"messages": [question]},
    ]
    (tmp_path / "data/chat/mix.jsonl").write_text("\n".join(map(json.dumps, rows)), "utf-8")
    recipe = replace(RECIPE, row_tokens=256, dialogues={}, chat={"mix/maths:thinking": 3, "mix/talk": 1})
    with pytest.raises(DataError, match=r"1 bad rows\. Line 5"):
        _first_row(recipe, tmp_path / "data", tmp_path)
    skipping = replace(recipe, bad_rows="skip")
    ingredients = Ingredients(skipping, model_folder("nano"), tmp_path / "data", tmp_path / "shards")
    assert len(ingredients.notes) == 1 and "Line 5" in ingredients.notes[0]
    with ingredients.rows(None) as found:
        rows_of_tokens = [next(found) for _ in range(60)]
        state = found.state_dict()
    tokens = state["workers"][0]["mixture"]["tokens"]
    assert 0.7 < tokens["mix/maths:thinking"] / sum(tokens.values()) < 0.8
    text = ingredients.tokenizer.decode(torch.cat([row.tokens_T for row in rows_of_tokens]).tolist())
    assert "two, four" in text and "hello" in text and "bye" in text
    (note,) = ingredients.left_out(state)
    assert note.startswith("Left out of chat/mix/talk:") and "longer than a row of 256 tokens" in note


def test_without_a_data_folder_the_skills_remain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("joyflash.train.ingredients.corpora", lambda folder: [])  # they take long and are not asked for
    recipe = replace(RECIPE, chat={"demo": 1}, skills={"compare_en": 1})
    _, tokens, _ = _first_row(recipe, None, tmp_path)
    assert set(tokens) == {"compare_en"}
    notes = Ingredients(recipe, model_folder("nano"), None, tmp_path / "shards").notes
    assert notes == ["Left out, because there is no --data: the chat files demo."]
    mixed = replace(RECIPE, dialogues={}, text={"tales": 1}, skills={"compare_en": 1})
    notes = Ingredients(mixed, model_folder("nano"), None, tmp_path / "shards").notes
    assert notes == ["There is no --data: the text of this Python stands in for tales."]


def test_missing_sources_are_named_before_anything_is_written(data: Path, tmp_path: Path):
    """Without a run folder the corrected call is not blocked."""
    for recipe, folder, message in (
        (RECIPE, None, r"reads chat files \(demo\): name their folder with --data"),
        (replace(RECIPE, dialogues={"talks": 1}), data, "no chat file talks"),
        (replace(RECIPE, chat={"demo/maths": 1}), data, "No row of the chat file demo"),
        (replace(RECIPE, text={"tales": 1, "sagas": 1}), data, "no text source sagas .*it has: tales"),
    ):
        with pytest.raises(DataError, match=message):
            sft.run(recipe, start="nano", data=folder, out=tmp_path / "out" / "run")
        assert not (tmp_path / "out").exists()


def _first_row(recipe: Recipe, data: Path | None, tmp_path: Path) -> tuple[PackedBatch, dict[str, int], str]:
    """The first row, the tokens drawn from each source for it, and its text."""
    found = Ingredients(recipe, model_folder("nano"), data, tmp_path / "shards")
    with found.rows(None) as rows:
        row = next(rows)
        (worker,) = rows.state_dict()["workers"]
    return row, worker["mixture"]["tokens"], found.tokenizer.decode(row.tokens_T.tolist())


def test_processes_pack_what_one_thread_packs(tmp_path: Path) -> None:
    recipe = replace(RECIPE, text={}, skills={"compare_en": 1, "call_zh": 1})
    ingredients = Ingredients(recipe, model_folder("nano"), None, tmp_path / "shards")
    with ingredients.rows(None) as rows, ingredients.rows(None, processes=1) as others:
        for _ in range(3):
            assert torch.equal(next(rows).tokens_T, next(others).tokens_T)


def test_a_packing_process_does_not_read_the_text_once_more(data: Path, tmp_path: Path, monkeypatch) -> None:
    """To look whether shards are current is to read gigabytes, which every packer did at its start."""
    found = Ingredients(replace(RECIPE, text={"tales": 1}), model_folder("nano"), data, tmp_path / "shards")
    expected = next(found.packer(0, 1)).tokens_T
    monkeypatch.setattr(ingredients, "build_shards", lambda *_, **__: pytest.fail("looked at all of the text"))
    monkeypatch.setattr(ingredients, "Prefetcher", lambda make, **_: make(0, 1))
    assert torch.equal(next(found.rows(None, processes=1)).tokens_T, expected)
