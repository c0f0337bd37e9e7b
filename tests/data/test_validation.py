"""Validation sets: fixed, weighted and counted for bits per byte."""

from __future__ import annotations

from pathlib import Path

from joyflash.data.shards import build_shards, open_shards
from joyflash.data.validation import validation_set
from tests.data.helpers import ByteTokenizer, write_corpus


def test_scored_tokens_are_exactly_the_bytes(tmp_path: Path):
    """With one token per byte, the weights must sum to the byte count."""
    indexes = build_shards(
        [write_corpus(tmp_path, count=2_000)], ByteTokenizer(), tmp_path / "shards", fingerprint="bytes-1"
    )
    shards = open_shards(indexes, "valid")
    found = validation_set(shards, "en", row_tokens=256, rows=3, pad_id=2)
    assert len(found.rows) == 3
    assert found.bytes == sum(int(row.weights_T.sum()) for row in found.rows) > 0
    assert found.documents == sum(len(row.lengths()) - int(row.tokens_T[-1] == 2) for row in found.rows)
    again = validation_set(shards, "en", row_tokens=256, rows=3, pad_id=2)
    assert all((one.tokens_T == two.tokens_T).all() for one, two in zip(found.rows, again.rows, strict=True))


def test_a_language_without_text_gives_no_rows(tmp_path: Path):
    indexes = build_shards([write_corpus(tmp_path)], ByteTokenizer(), tmp_path / "shards", fingerprint="bytes-1")
    assert validation_set(open_shards(indexes, "valid"), "zh", row_tokens=256, rows=3, pad_id=2).rows == []
