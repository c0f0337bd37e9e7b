"""Shards: nothing lost, held-out part apart, rebuilt when stale, resumed when stopped, damage reported."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from joyflash.data.documents import FileCorpus, is_held_out
from joyflash.data.shards import build_shards, cut_text, open_shards
from joyflash.errors import DataError
from tests.data.helpers import ByteTokenizer, write_corpus


def test_every_document_is_in_exactly_one_part(tmp_path: Path):
    corpus, tokenizer = write_corpus(tmp_path), ByteTokenizer()
    indexes = build_shards([corpus], tokenizer, tmp_path / "shards", fingerprint="bytes-1")
    found = {}
    for part in ("train", "valid"):
        (shard,) = open_shards(indexes, part)
        assert shard.source == "en_demo"
        assert shard.tokens_N.dtype == np.uint16
        found[part] = [tokenizer.decode(shard.document(i).tolist()) for i in range(len(shard))]
        for i in range(len(shard)):
            ids = shard.document(i)
            assert (ids[0], ids[-1]) == (tokenizer.bos_id, tokenizer.eos_id)
            assert shard.bytes_D[i] == len(ids) - 2
    texts = [document.text for document in corpus.documents()]
    assert found["train"] == [text for text in texts if not is_held_out(text)]
    assert found["valid"] == [text for text in texts if is_held_out(text)] != []


def test_only_stale_shards_are_built_again(tmp_path: Path):
    first, second = write_corpus(tmp_path, "a-00"), write_corpus(tmp_path, "b-00")
    out = tmp_path / "shards"
    build_shards([first], ByteTokenizer(), out, fingerprint="bytes-1")
    before = (out / "a-00.json").stat().st_mtime_ns
    done: list[str] = []
    build_shards([first, second], ByteTokenizer(), out, on_done=done.append, fingerprint="bytes-1")
    assert done == ["a-00", "b-00"]
    assert (out / "a-00.json").stat().st_mtime_ns == before
    build_shards([first], ByteTokenizer(), out, fingerprint="bytes-2")
    assert json.loads((out / "a-00.json").read_text())["tokenizer"] == "bytes-2"
    first.path.write_text('{"text": "new"}\n')
    build_shards([first], ByteTokenizer(), out, fingerprint="bytes-2")
    (train,), (valid,) = open_shards([out / "a-00.json"], "train"), open_shards([out / "a-00.json"], "valid")
    assert len(train) + len(valid) == 1


def test_text_that_is_added_while_a_shard_is_built_is_not_missed(tmp_path: Path, monkeypatch):
    corpus, out = write_corpus(tmp_path, "a-00"), tmp_path / "shards"
    documents = FileCorpus.documents

    def added_meanwhile(self):
        yield from documents(self)
        with corpus.path.open("a") as file:
            file.write('{"text": "late"}\n')

    monkeypatch.setattr(FileCorpus, "documents", added_meanwhile)
    build_shards([corpus], ByteTokenizer(), out, fingerprint="x")
    monkeypatch.undo()
    before = sum(len(open_shards([out / "a-00.json"], part)[0]) for part in ("train", "valid"))
    build_shards([corpus], ByteTokenizer(), out, fingerprint="x")
    assert sum(len(open_shards([out / "a-00.json"], part)[0]) for part in ("train", "valid")) == before + 1


def test_workers_build_the_same_shards(tmp_path: Path):
    corpora = [write_corpus(tmp_path, f"{name}-00", 50) for name in "ab"]
    build_shards(corpora, ByteTokenizer(), tmp_path / "one", fingerprint="bytes-1")
    build_shards(corpora, ByteTokenizer(), tmp_path / "two", workers=2, fingerprint="bytes-1")
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()


def test_damage_is_reported(tmp_path: Path):
    indexes = build_shards([write_corpus(tmp_path)], ByteTokenizer(), tmp_path / "shards", fingerprint="bytes-1")
    tokens = indexes[0].with_name("en_demo.mit-00.train.npy")
    np.save(tokens, np.load(tokens)[:-1])
    with pytest.raises(DataError, match="its index counts"):
        open_shards(indexes, "train")
    tokens.write_bytes(b"rubbish")
    with pytest.raises(DataError, match="damaged"):
        open_shards(indexes, "train")
    tokens.unlink()
    with pytest.raises(DataError, match="missing"):
        open_shards(indexes, "train")
    indexes[0].write_text("{")
    with pytest.raises(DataError, match="damaged"):
        open_shards(indexes, "valid")


@pytest.mark.parametrize("text", ["", "a", "ab\n" * 50, "x" * 95, "日本\n中文" * 30])
def test_cut_text_loses_nothing(text: str):
    pieces = cut_text(text, 20)
    assert "".join(pieces) == text
    assert all(0 < len(piece) <= 20 for piece in pieces)
