"""Mixture and sources: exact shares, exact resume, disjoint parts, permutations."""

from __future__ import annotations

import itertools
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from joyflash.data.mixture import Mixture
from joyflash.data.order import shuffled
from joyflash.errors import ConfigError, DataError
from tests.data.helpers import ListSource, long_tailed


def _mixture(part: int = 0, parts: int = 1) -> Mixture:
    names = {"a": 0.5, "b": 0.3, "c": 0.2}
    sources = [ListSource(name, long_tailed(100, seed), splittable=True) for seed, name in enumerate(names)]
    return Mixture(sources, names, part=part, parts=parts)


def test_token_shares_follow_the_weights():
    mixture = _mixture()
    for _ in itertools.islice(mixture, 2_000):
        pass
    tokens = mixture.tokens()
    total = sum(tokens.values())
    for name, weight in mixture.weights.items():
        assert abs(tokens[name] - weight * total) <= 2_000  # never further off than the longest sample


def test_resume_gives_the_same_stream():
    mixture = _mixture()
    list(itertools.islice(mixture, 57))
    state = json.loads(json.dumps(mixture.state_dict()))
    expected = [(drawn.source, drawn.index) for drawn in itertools.islice(mixture, 50)]
    other = _mixture()
    other.load_state_dict(state)
    assert [(drawn.source, drawn.index) for drawn in itertools.islice(other, 50)] == expected


def test_a_position_in_other_data_is_refused():
    mixture = _mixture()
    state = json.loads(json.dumps(mixture.state_dict()))
    mixture.sources["b"] = ListSource("b", [30] * 99, splittable=True)
    with pytest.raises(
        DataError, match=r"data of b have changed since the run was saved: it had 100 pieces and has 99"
    ):
        mixture.load_state_dict(state)
    del state["sizes"]  # as checkpoints before had none
    mixture.load_state_dict(state)


def test_parts_never_overlap():
    seen = [{(d.source, d.index) for d in itertools.islice(_mixture(part, 3), 200)} for part in range(3)]
    assert not seen[0] & seen[1] | seen[0] & seen[2] | seen[1] & seen[2]


def test_other_weights_hold_from_where_a_run_is_resumed() -> None:
    """Else a source with a greater weight makes up for the past: 60 steps of nothing but three sources."""
    before = _mixture()
    for _ in itertools.islice(before, 2_000):
        pass
    names = list(before.weights)
    weights = dict(zip(names, [8.0, *[1.0] * (len(names) - 1)], strict=True))
    after = Mixture(list(before.sources.values()), weights)
    after.load_state_dict(json.loads(json.dumps(before.state_dict())))
    start = after.tokens()
    for _ in itertools.islice(after, 60):
        pass
    drawn = {name: count - start[name] for name, count in after.tokens().items()}
    for name, share in after.weights.items():
        assert drawn[name] / sum(drawn.values()) == pytest.approx(share, abs=0.12)
    again = Mixture(list(before.sources.values()), weights)
    again.load_state_dict(json.loads(json.dumps(after.state_dict())))
    assert [next(again).source for _ in range(50)] == [next(after).source for _ in range(50)]


def test_wrong_mixtures_are_refused():
    source = ListSource("a", [5], splittable=True)
    for sources, weights in (([], {}), ([source, source], {"a": 1.0}), ([source], {"b": 1.0}), ([source], {"a": 0.0})):
        with pytest.raises(ConfigError):
            Mixture(sources, weights)
    with pytest.raises(DataError, match="another mixture"):
        Mixture([source], {"a": 1.0}).load_state_dict(_mixture().state_dict())


@settings(max_examples=40, deadline=None)
@given(size=st.integers(1, 400), epoch=st.integers(0, 5), key=st.text(max_size=5))
def test_shuffled_is_a_permutation_of_each_epoch(size: int, epoch: int, key: str):
    assert sorted(shuffled(epoch * size + i, size, key) for i in range(size)) == list(range(size))


def test_shuffled_differs_between_epochs_and_mixes():
    first, second = ([shuffled(epoch * 1000 + i, 1000, "k") for i in range(1000)] for epoch in range(2))
    assert first != second
    in_order = sum(b == a + 1 for a, b in itertools.pairwise(first))
    assert in_order < 10
    assert abs(sum(first[:500]) / 500 - 499.5) < 60  # halves are alike
