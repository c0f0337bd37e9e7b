"""Sources: chunks cover the text once an epoch; chats and skills are rendered; an address always gives the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from joyflash.data.conversations import parse_conversation
from joyflash.data.shards import build_shards, open_shards
from joyflash.data.sources import ConversationSource, SkillSource, TextSource
from joyflash.errors import ConfigError, DataError
from tests.data.helpers import ByteTokenizer, PlainTemplate, write_corpus


def test_an_epoch_of_chunks_is_the_whole_text(tmp_path: Path):
    corpora = [write_corpus(tmp_path, name, 80) for name in ("demo-00", "demo-01")]
    indexes = build_shards(corpora, ByteTokenizer(), tmp_path / "shards", fingerprint="bytes-1")
    shards = open_shards(indexes, "train")
    source = TextSource("demo", shards, chunk=20, seed=1)
    epochs = [[source.sample(epoch * len(source.chunks) + i) for i in range(len(source.chunks))] for epoch in range(2)]
    for samples in epochs:
        assert sum(map(len, samples)) == source.tokens
        assert max(map(len, samples)) == 20
        assert all(sample.weights_n[0] == 0 and sample.weights_n[1:].all() for sample in samples)
        found = np.sort(np.concatenate([sample.ids_n for sample in samples]))
        assert np.array_equal(found, np.sort(np.concatenate([shard.tokens_N for shard in shards])))
    first, second = ([sample.ids_n.tolist() for sample in samples] for samples in epochs)
    assert first != second
    assert TextSource("demo", shards, chunk=20, seed=1).sample(7).ids_n.tolist() == first[7]
    assert [TextSource("demo", shards, chunk=20, seed=2).sample(i).ids_n.tolist() for i in range(9)] != first[:9]


def test_chats_come_once_an_epoch():
    rows = [
        {"messages": [{"role": "user", "content": f"{i}"}, {"role": "assistant", "content": "ok"}]} for i in range(30)
    ]
    source = ConversationSource("demo", [parse_conversation(row) for row in rows], PlainTemplate(), seed=0)
    samples = [tuple(source.sample(i).ids_n.tolist()) for i in range(30)]
    assert len(set(samples)) == 30
    assert source.sample(0).kind == "chat/demo"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_skill_renders_and_repeats(language: str):
    from joyflash.tasks import SKILLS

    for skill in SKILLS:
        source = SkillSource(skill, language, PlainTemplate(), seed=3)
        assert source.name == f"{skill}_{language}"
        for index in (0, 12_345):
            sample, again = source.sample(index), source.sample(index)
            assert np.array_equal(sample.ids_n, again.ids_n)
            assert sample.weights_n.any()
            assert not sample.splittable
            assert sample.kind == f"skill/{skill}_{language}"
        assert not np.array_equal(source.sample(0).ids_n, source.sample(1).ids_n)


def test_empty_or_unknown_sources_are_refused():
    with pytest.raises(DataError, match="no document"):
        TextSource("x", [], chunk=10, seed=0)
    with pytest.raises(DataError, match="no conversation"):
        ConversationSource("x", [], PlainTemplate(), seed=0)
    for skill, language in (("juggling", "en"), ("talk", "tlh")):
        with pytest.raises(ConfigError, match="There is no skill"):
            SkillSource(skill, language, PlainTemplate(), seed=0)
