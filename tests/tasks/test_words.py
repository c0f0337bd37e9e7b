"""Grammar, words and the train / held-out split."""

from __future__ import annotations

import random
import re
from collections import Counter

import pytest

from joyflash.model.loading import ASSETS
from joyflash.tasks.chars_zh import COMMON_CHARACTERS, random_characters
from joyflash.tasks.grammar import Grammar, slots_of
from joyflash.tasks.tool_phrases_zh import value_word
from joyflash.tasks.words import (
    any_word,
    frequent_words,
    identifier,
    is_heldout,
    number,
    piece_word,
    pieces,
    pseudo_word,
)
from joyflash.text.tokenizer import Tokenizer


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
            any_word(rng, split, language="zh"),
            piece_word(rng, split, "en"),
            piece_word(rng, split, "zh"),
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
    words = {any_word(rng, "train") for _ in range(100_000)}
    assert {"colonel", "kitchens", "Salem"} <= words
    assert sum(word[0].isupper() for word in words) > 1500
    characters = random_characters(rng, 60_000)
    assert len(characters) == 60_000 and all("\u4e00" <= c <= "\u9fa5" for c in characters)
    assert len(set(characters)) > 6000
    common = sum(c in set(COMMON_CHARACTERS) for c in characters) / 60_000
    assert 0.65 < common < 0.9


def test_pieces_are_the_letters_and_characters_of_the_bundled_vocabulary() -> None:
    """A fifth of the vocabulary could not be copied into a call while values were drawn from frequent words only."""
    tokenizer = Tokenizer.from_pretrained(ASSETS / "nano")
    controls = set(tokenizer.control_tokens.values())
    spelled = [
        tokenizer.token_bytes(i).decode("utf-8", "ignore") for i in range(tokenizer.vocab_size) if i not in controls
    ]
    letters, characters = pieces()
    assert set(letters) == {text for text in spelled if re.fullmatch("[A-Za-z]{2,}", text)}
    assert set(characters) == {text for text in spelled if re.fullmatch("[\u4e00-\u9fff]", text)}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_words_to_copy_reach_the_whole_vocabulary(language: str) -> None:
    rng, drawn = random.Random(3), Counter()
    for _ in range(100_000):
        drawn.update(re.findall("[\u4e00-\u9fff]", value_word(rng, "train")) if language == "zh" else [])
        drawn.update([any_word(rng, "train")] if language == "en" else [])
    entries = pieces()[language == "zh"]
    missing = [entry for entry in entries if entry not in drawn and not is_heldout(entry)]
    assert len(missing) < (0.08 if language == "en" else 0.01) * len(entries)


def test_frequent_words_are_of_their_language_and_listed_once() -> None:
    for language, letters in (("en", "[A-Za-z]+"), ("zh", "[\u4e00-\u9fff]+")):
        words, names = frequent_words(language)
        assert len(words) > 5000 and len(names) > 1500
        assert len({*words, *names}) == len(words) + len(names)
        assert all(re.fullmatch(letters, text) for text in (*words, *names))
