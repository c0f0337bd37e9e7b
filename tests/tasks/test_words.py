"""Grammar, words and the train / held-out split."""

from __future__ import annotations

import random

import pytest

from joyflash.tasks.grammar import Grammar, slots_of
from joyflash.tasks.words import identifier, is_heldout, number, pseudo_word


def test_grammar_expands_rules_alternatives_and_literal_values() -> None:
    grammar = Grammar({"a": ["x <b> {v}"], "b": ["[p|[q|r]|]"]})
    texts = {grammar.expand("a", random.Random(seed), v="<b>[1|2]{v}") for seed in range(60)}
    assert texts == {f"x {b} <b>[1|2]{{v}}" for b in ("p", "q", "r", "")}
    assert grammar.fill("\\[<b>\\]", random.Random(0)) in ("[p]", "[q]", "[r]", "[]")
    assert slots_of("{a} [{b}|c [{d}]]") == {"a", "b", "d"}


def test_grammar_names_what_is_missing() -> None:
    with pytest.raises(ValueError, match="nowhere"):
        Grammar({"a": ["<nowhere>"]})
    grammar = Grammar({"a": ["{value}"]})
    with pytest.raises(ValueError, match="value"):
        grammar.expand("a", random.Random(0))
    with pytest.raises(ValueError, match="other"):
        grammar.expand("other", random.Random(0))


@pytest.mark.parametrize("text", ["[a", "a]", "<a", "{a"])
def test_grammar_rejects_open_brackets(text: str) -> None:
    with pytest.raises(ValueError):
        Grammar({"a": [text]})


@pytest.mark.parametrize("split", ["train", "heldout"])
def test_words_identifiers_and_numbers_stay_on_their_side(split) -> None:
    rng = random.Random(1)
    for _ in range(1000):
        for text in (pseudo_word(rng, split), identifier(rng, split, "zh"), str(number(rng, split, decimals=True))):
            assert is_heldout(text) == (split == "heldout")
        assert 4 <= len(pseudo_word(rng, split)) <= 9
        assert identifier(rng, split, "en").replace("_", "").replace("-", "").isalnum()


def test_split_ignores_case_and_is_stable() -> None:
    assert is_heldout("Footrest") == is_heldout("footrest")
    assert [is_heldout(str(i)) for i in range(100)].count(True) in range(3, 20)
