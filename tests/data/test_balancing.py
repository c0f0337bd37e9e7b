"""Sharing rows out: equal numbers, nearly equal attention work, nothing lost."""

from __future__ import annotations

import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joyflash.data.balancing import attention_work, share_out
from joyflash.errors import ConfigError
from tests.data.helpers import make_packer


@given(costs=st.lists(st.integers(0, 1000), max_size=40), parts=st.integers(1, 8))
def test_every_row_once_and_no_part_has_more_than_its_share(costs: list[int], parts: int):
    shares = share_out(costs, parts)
    assert sorted(itertools.chain(*shares)) == list(range(len(costs)))
    assert all(share == sorted(share) for share in shares)
    assert max(map(len, shares)) <= -(-len(costs) // parts)
    assert shares == share_out(costs, parts)


def test_by_hand():
    assert share_out([9, 1, 2, 8], 2) == [[0, 1], [2, 3]]  # 10 and 10
    assert share_out([5, 5, 5], 2) == [[0, 2], [1]]
    with pytest.raises(ConfigError):
        share_out([1], 0)


def test_the_work_of_packed_rows_is_balanced_on_the_squares():
    """64 rows on 4 ranks, some of one long text, some of many chats: the busiest rank is within 2 % of the mean."""
    rows = list(itertools.islice(make_packer(row_tokens=900), 64))
    work = [attention_work(row) for row in rows]
    assert work[0] == sum(length**2 for length in rows[0].lengths())
    random.Random(0).shuffle(work)
    loads = [sum(work[index] for index in share) for share in share_out(work, 4)]
    in_turn = [sum(work[part::4]) for part in range(4)]
    assert max(loads) / (sum(loads) / 4) < 1.02 < max(in_turn) / (sum(in_turn) / 4)
