"""Packing: every token once, nothing crosses rows, exact resume, little padding."""

from __future__ import annotations

import itertools
import json

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from joyflash.batch import PackedBatch
from joyflash.data.mixture import Mixture
from joyflash.data.packing import SHORTEST_PIECE, Packer
from joyflash.errors import ConfigError, DataError
from tests.data.helpers import ListSource, long_tailed, make_packer


def _documents(row: PackedBatch) -> list[list[int]]:
    """Token ids of each document that is not padding."""
    documents = [tokens.tolist() for tokens in row.tokens_T.split(row.lengths())]
    return [tokens for tokens in documents if tokens[0] != -1]


def _equal(one: PackedBatch, two: PackedBatch) -> bool:
    names = ("tokens_T", "positions_T", "weights_T", "document_T")
    return all(torch.equal(getattr(one, name), getattr(two, name)) for name in names)


lengths = st.lists(st.integers(1, 300), min_size=1, max_size=30)


@settings(max_examples=60, deadline=None)
@given(text=lengths, chat=lengths, row_tokens=st.integers(40, 256), pool=st.integers(1, 20))
def test_every_token_once_and_rows_are_well_formed(text: list[int], chat: list[int], row_tokens: int, pool: int):
    sources = [ListSource("text", text, splittable=True), ListSource("chat", [*chat, 1], splittable=False)]
    mixture = Mixture(sources, {"text": 0.5, "chat": 0.5})
    packer = Packer(mixture, row_tokens=row_tokens, pad_id=-1, pool=pool)
    # Equal ids may come from both sources: tell them apart by the drawn order, so tag chat ids.
    sources[1].sample = _tagged(sources[1].sample)
    seen: list[int] = []
    for row in itertools.islice(packer, 25):
        assert row.tokens_T.shape == row.positions_T.shape == row.weights_T.shape == (row_tokens,)
        assert row.tokens_T.dtype == row.positions_T.dtype == torch.int64
        assert (row.weights_T.dtype, row.document_T.dtype) == (torch.float32, torch.int32)
        starts = row.positions_T == 0
        assert starts[0]
        assert not row.weights_T[starts].any()
        assert torch.equal(row.document_T.long(), starts.long().cumsum(0) - 1)
        assert not row.weights_T[row.tokens_T == -1].any()
        for tokens in _documents(row):
            assert tokens == list(range(tokens[0], tokens[0] + len(tokens)))  # one piece of one sample
            if tokens[0] & 1 << 30:  # a chat: whole
                index = (tokens[0] & ~(1 << 30)) >> 12
                assert len(tokens) == sources[1].lengths[index % len(sources[1].lengths)]
            seen += tokens
    assert len(seen) == len(set(seen))
    drawn = sum(mixture.tokens().values())
    waiting = sum(len(sample) for sample in packer._samples.values())
    skipped = sum(
        length
        for index in range(mixture.state_dict()["drawn"]["chat"])
        if (length := sources[1].lengths[index % len(sources[1].lengths)]) > row_tokens
    )
    assert drawn == len(seen) + waiting + skipped  # nothing is lost, nothing is doubled


def _tagged(sample):
    def tagged(index: int):
        found = sample(index)
        found.ids_n[:] |= 1 << 30
        return found

    return tagged


@settings(max_examples=15, deadline=None)
@given(stop=st.integers(0, 40))
def test_a_resumed_packer_gives_the_identical_stream(stop: int):
    packer = make_packer()
    for _ in itertools.islice(packer, stop):
        pass
    state = json.loads(json.dumps(packer.state_dict()))
    resumed = make_packer()
    resumed.load_state_dict(state)
    for expected, row in zip(itertools.islice(packer, 12), resumed, strict=False):
        assert _equal(expected, row)
    assert packer.skipped == resumed.skipped


def test_padding_is_small_on_realistic_lengths():
    chat = Mixture([ListSource("chat", long_tailed(3_000, 3, high=2_000), splittable=False)], {"chat": 1.0})
    packer = Packer(chat, row_tokens=8_192, pad_id=-1, pool=128)
    for _ in itertools.islice(packer, 100):
        pass
    assert packer.padding_share < 0.001
    mixed = make_packer(row_tokens=2_048, pool=64)
    for _ in itertools.islice(mixed, 100):
        pass
    assert mixed.padding_share < 0.001


@pytest.mark.parametrize("longest", [2_000, 100_000])
def test_rows_of_128k_hold_a_ten_thousandth_of_padding_at_most(longest: int):
    """Whole conversations only, of which the open row takes more and more until nothing of the pool fits."""
    chats = Mixture([ListSource("chat", long_tailed(4_000, 3, high=longest), splittable=False)], {"chat": 1.0})
    packer = Packer(chats, row_tokens=131_072, pad_id=-1)
    for _ in itertools.islice(packer, 40):
        pass
    assert packer.padding_share <= 1e-4


def test_nothing_waits_for_ever():
    packer = make_packer()
    for _ in itertools.islice(packer, 200):
        pass
    assert packer._age - min(packer._samples) < 2_000


def test_long_chats_are_skipped_and_counted():
    mixture = Mixture([ListSource("chat", [100, 50, 700], splittable=False)], {"chat": 1.0})
    packer = Packer(mixture, row_tokens=512, pad_id=-1, pool=8)
    for _ in itertools.islice(packer, 30):
        pass
    assert packer.skipped["chat"] > 10
    only_long = Mixture([ListSource("chat", [700], splittable=False)], {"chat": 1.0})
    with pytest.raises(DataError, match="Use longer rows"):
        next(Packer(only_long, row_tokens=512, pad_id=-1))


def test_wrong_settings_are_refused():
    mixture = Mixture([ListSource("a", [5], splittable=True)], {"a": 1.0})
    with pytest.raises(ConfigError):
        Packer(mixture, row_tokens=SHORTEST_PIECE, pad_id=0)
    with pytest.raises(DataError, match="packs rows of 512"):
        make_packer(row_tokens=256).load_state_dict(make_packer().state_dict())
