"""Training the BPE, and what the bundled vocabulary promises."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
import tokenizers

from joyflash.errors import TokenizerError
from joyflash.text.bpe_training import LONGEST_PUNCTUATION, fine_pre_tokenizer, model_pre_tokenizer, train_bpe

ATOMS = (  # separated by bars
    '"footrest| footrest|=footrest|>footrest|你好|世界|，|。|😀|é|Привет|の|カ| |  |    |\n|\r\n|\t|></|"""|==|123|3|'
    "9.11|"
    "def f(x):|foo_bar|camelCase|#|\u3000|؟|٣|½|𝔸|e\u0301|{'a': [1,\"b\"]}|--|\xa0|\u200b|don't|龥龦|㐀|ﬁ|\0|<|User|>"
)


def fuzz_strings(count: int) -> list[str]:
    """Half joined from telling pieces, half random characters of several scripts."""
    rng = random.Random(11)
    blocks = ((0, 127), (0, 0x2FFF), (0x4E00, 0x9FFF), (0x1F000, 0x1FFFF))
    joined = ["".join(rng.choices(ATOMS.split("|"), k=rng.randint(1, 14))) for _ in range(count // 2)]
    drawn = [
        "".join(chr(rng.randint(*rng.choice(blocks))) for _ in range(rng.randint(1, 30))) for _ in range(count // 2)
    ]
    return joined + drawn


@pytest.fixture(scope="module")
def shipped(nano_folder: Path) -> tokenizers.Tokenizer:
    return tokenizers.Tokenizer.from_file(str(nano_folder / "tokenizer.json"))


def test_ids_are_the_same_under_the_models_and_the_finer_pre_tokenizer(nano_folder, shipped):
    finer = tokenizers.Tokenizer.from_file(str(nano_folder / "tokenizer.json"))
    finer.pre_tokenizer = fine_pre_tokenizer()
    strings = fuzz_strings(3000)
    different = [text for text in strings if shipped.encode(text).ids != finer.encode(text).ids]
    assert different == []


def test_the_finer_pre_tokenizer_cuts_where_the_models_does_not():
    text = '"footrest'
    words = [len(pre.pre_tokenize_str(text)) for pre in (model_pre_tokenizer(), fine_pre_tokenizer())]
    assert words == [1, 2]


@pytest.mark.parametrize("before", ['"', " ", "=", ">", "\n", "(", "_", "5", "好", "，", "</", '={"'])
@pytest.mark.parametrize("word", ["footrest", "getUserName", "qzxv"])
def test_a_word_has_the_same_ids_wherever_it_stands(shipped, before, word):
    alone = shipped.encode(word).ids
    assert shipped.encode(before + word).ids[-len(alone) :] == alone
    assert shipped.encode(word + before).ids[: len(alone)] == alone


def test_digits_and_han_characters_are_at_most_one_token_each(shipped):
    assert len(shipped.encode("1234567890").ids) == 10
    assert len(shipped.encode("天气很好我们去吃饭").ids) == 9


def test_the_shipped_file_has_the_models_own_splits_and_the_control_tokens_first(shipped):
    definition = json.loads(shipped.to_str())
    assert definition["pre_tokenizer"] == json.loads(model_pre_tokenizer().__getstate__())
    assert [token["id"] for token in definition["added_tokens"]] == list(range(17))
    assert shipped.get_vocab_size() == 8192


def test_no_entry_holds_a_long_run_of_punctuation(shipped):
    entries = [shipped.decode([i]) for i in range(17, shipped.get_vocab_size())]
    runs = [e for e in entries if e.isascii() and e.isprintable() and not any(c.isalnum() or c == " " for c in e)]
    assert max(map(len, runs)) == LONGEST_PUNCTUATION


def test_training_gives_the_exact_size_and_is_repeatable():
    rng = random.Random(5)
    words = ["".join(rng.choices("abcdefgh", k=rng.randint(2, 8))) for _ in range(200)]
    texts = [" ".join(rng.choices(words, k=40)) + "，你好世界。" for _ in range(50)]
    first = train_bpe(texts, 400, ["<|bos|>", "<call>"], special_tokens=["<|bos|>"])
    assert first == train_bpe(iter(texts), 400, ["<|bos|>", "<call>"], special_tokens=["<|bos|>"])
    trained = tokenizers.Tokenizer.from_str(first)
    assert trained.get_vocab_size() == 400
    assert [token["special"] for token in json.loads(first)["added_tokens"]] == [True, False]
    assert len(trained.encode("你好世界").ids) == 4
    assert trained.decode(trained.encode(texts[0]).ids) == texts[0]


def test_too_small_a_vocabulary_and_too_little_text_are_clear_errors():
    with pytest.raises(TokenizerError, match="too small"):
        train_bpe(["text"], 256, ["<|bos|>"])
    with pytest.raises(TokenizerError, match="yields only"):
        train_bpe(["text"], 1000, ["<|bos|>"])
