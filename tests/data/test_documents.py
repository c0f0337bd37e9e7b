"""Reading documents: formats, errors with file and line, the held-out share, text of this machine."""

from __future__ import annotations

import gzip
import itertools
import json
from pathlib import Path

import pytest

from joyflash.data.documents import FileCorpus, PythonCorpus, corpora, is_held_out
from joyflash.errors import DataError


def _rows(*texts: str) -> bytes:
    return "".join(json.dumps({"text": text, "lang": "zh"}, ensure_ascii=False) + "\n" for text in texts).encode()


def test_reads_plain_gzip_and_zstd_alike(tmp_path: Path):
    zstandard = pytest.importorskip("zstandard", reason="the extra 'train' brings zstandard")
    data = _rows("一", "二\n三")
    (tmp_path / "a.jsonl").write_bytes(data)
    (tmp_path / "b.jsonl.gz").write_bytes(gzip.compress(data))
    (tmp_path / "c.jsonl.zst").write_bytes(zstandard.ZstdCompressor().compress(data))
    texts = [[document.text for document in corpus.documents()] for corpus in corpora(tmp_path)]
    assert texts == [["一", "二\n三"]] * 3


def test_source_and_key_come_from_the_file_name():
    corpus = FileCorpus(Path("x/en_wiki.ccbysa-01.jsonl.zst"))
    assert (corpus.source, corpus.key) == ("en_wiki", "en_wiki.ccbysa-01")
    assert FileCorpus(Path("mine-03.jsonl")).source == "mine"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "line 2 is not valid JSON"),
        ("[1]", "line 2 must be a JSON object"),
        ('{"text": 3}', "line 2: 'text' must be"),
        ('{"text": " "}', "line 2: 'text' must be"),
        ('{"text": "a", "lang": "tlh"}', "line 2: 'lang' is 'tlh'"),
    ],
)
def test_bad_rows_name_file_and_line(tmp_path: Path, line: str, reason: str):
    path = tmp_path / "bad.jsonl"
    path.write_bytes(_rows("fine") + line.encode() + b"\n")
    with pytest.raises(DataError, match=reason) as caught:
        list(FileCorpus(path).documents())
    assert str(path) in str(caught.value)


def test_damaged_files_are_data_errors(tmp_path: Path):
    whole = gzip.compress(_rows(*(f"text {i}" for i in range(5_000))))
    (tmp_path / "cut.jsonl.gz").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "latin.jsonl").write_bytes(b'{"text": "\xe9"}\n')
    zstandard = pytest.importorskip("zstandard", reason="the extra 'train' brings zstandard")
    packed = zstandard.compress(_rows(*(f"text {i}" for i in range(5_000))))
    (tmp_path / "cut.jsonl.zst").write_bytes(packed[: len(packed) // 2])
    (tmp_path / "early.jsonl.zst").write_bytes(zstandard.compress(_rows("one"))[:-3])
    (tmp_path / "other.jsonl.zst").write_bytes(b"no zstd at all")
    for name in ("cut.jsonl.gz", "latin.jsonl", "cut.jsonl.zst", "early.jsonl.zst", "other.jsonl.zst"):
        with pytest.raises(DataError, match="cannot be read"):
            list(FileCorpus(tmp_path / name).documents())


def test_a_file_of_several_frames_is_read_whole(tmp_path: Path):
    zstandard = pytest.importorskip("zstandard", reason="the extra 'train' brings zstandard")
    texts = [f"text {i}" for i in range(9_000)]
    frames = [zstandard.compress(_rows(*texts[first : first + 3_000])) for first in (0, 3_000, 6_000)]
    (tmp_path / "frames.jsonl.zst").write_bytes(b"".join(frames))
    assert [document.text for document in FileCorpus(tmp_path / "frames.jsonl.zst").documents()] == texts
    (tmp_path / "empty.jsonl.zst").write_bytes(zstandard.compress(b""))
    assert list(FileCorpus(tmp_path / "empty.jsonl.zst").documents()) == []


def test_missing_or_empty_folders_are_data_errors(tmp_path: Path):
    with pytest.raises(DataError, match="does not exist"):
        corpora(tmp_path / "none")
    with pytest.raises(DataError, match="holds no"):
        corpora(tmp_path)


def test_files_of_one_shard_are_refused(tmp_path: Path):
    (tmp_path / "en.jsonl").write_bytes(_rows("plain"))
    (tmp_path / "en.jsonl.gz").write_bytes(gzip.compress(_rows("packed")))
    with pytest.raises(DataError, match=r"en\.jsonl and en\.jsonl\.gz"):
        corpora(tmp_path)


def test_held_out_share_is_one_percent_and_stable():
    share = sum(is_held_out(f"text {i}") for i in range(20_000)) / 20_000
    assert 0.008 < share < 0.012
    assert [i for i in range(500) if is_held_out(f"text {i}")] == [i for i in range(500) if is_held_out(f"text {i}")]


@pytest.mark.parametrize(("part", "language"), [("code", "code"), ("docs", "en")])
def test_every_python_brings_text(part: str, language: str):
    first = list(itertools.islice(PythonCorpus(part).documents(), 40))
    assert len(first) == 40
    assert {document.language for document in first} == {language}
    assert first == list(itertools.islice(PythonCorpus(part).documents(), 40))


def test_sources_can_be_chosen(tmp_path: Path):
    for name in ("a-00", "a-01", "b-00"):
        (tmp_path / f"{name}.jsonl").write_bytes(_rows("text"))
    assert [corpus.key for corpus in corpora(tmp_path, {"a"})] == ["a-00", "a-01"]
    with pytest.raises(DataError, match=r"no text source c in .*; it has: a, b"):
        corpora(tmp_path, {"a", "c"})
