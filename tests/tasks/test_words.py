"""Grammar, words and the train / held-out split."""

from __future__ import annotations

import random

import pytest

from joyflash.tasks.chars_zh import COMMON_CHARACTERS, random_characters
from joyflash.tasks.grammar import Grammar, slots_of
from joyflash.tasks.words import any_word, identifier, is_heldout, number, pseudo_word


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
        for text in (
            pseudo_word(rng, split),
            any_word(rng, split),
            identifier(rng, split, "zh"),
            str(number(rng, split, decimals=True)),
        ):
            assert is_heldout(text) == (split == "heldout")
        assert 4 <= len(pseudo_word(rng, split)) <= 9
        assert identifier(rng, split, "en").replace("_", "").replace("-", "").isalnum()


def test_split_ignores_case_and_is_stable() -> None:
    assert is_heldout("Footrest") == is_heldout("footrest")
    assert [is_heldout(str(i)) for i in range(100)].count(True) in range(3, 20)


def test_words_to_copy_reach_beyond_what_is_invented_and_beyond_common_characters() -> None:
    rng = random.Random(2)
    words = {any_word(rng, "train") for _ in range(20_000)}
    assert {"colonel", "kitchens", "Salem"} <= words
    assert sum(word[0].isupper() for word in words) > 1500
    characters = random_characters(rng, 60_000)
    assert len(characters) == 60_000 and all("\u4e00" <= c <= "\u9fa5" for c in characters)
    assert len(set(characters)) > 6000
    common = sum(c in set(COMMON_CHARACTERS) for c in characters) / 60_000
    assert 0.65 < common < 0.9
