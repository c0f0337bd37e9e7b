"""Train a small byte-level BPE that spells a word with the same ids wherever it stands.

The shipped file uses the pre-tokenizer of the released model, so any engine that runs that model reads it. That
pre-tokenizer glues a quote, a space or an equals sign to the letters behind it, and merges learned across such a
border would spell ``"footrest``, `` footrest`` and ``=footrest`` with three unrelated sequences, which a small model
cannot copy. So merges are learned under finer splits, and every entry is of one kind: ASCII letters, one digit,
ASCII punctuation (at most three), spaces, newlines, tabs, or (a prefix of) one other character. Since no entry mixes
kinds, no merge can cross a fine border, and the ids are the same under both pre-tokenizers.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

from joyflash.errors import TokenizerError

MODEL_SPLITS = (
    r"\p{N}{1,3}",
    r"[一-龥぀-ゟ゠-ヿ]+",
    r"""[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+"""
    r"|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
)
"""The released model's isolated splits, applied one after the other, before the byte alphabet."""

FINE_SPLITS = (r"[A-Za-z]+", r"[0-9]", r" +", r"\t+", r"[\r\n]+", r"[^\x00-\x7f]")
"""Further splits used for learning: after them a piece holds one kind of character only."""

LONGEST_PUNCTUATION = 3
LONGEST_WORD = 16


def model_pre_tokenizer() -> pre_tokenizers.PreTokenizer:
    """The pre-tokenizer that ships: the model's three splits, then bytes (no prefix space, no regex)."""
    return pre_tokenizers.Sequence([*_splits(MODEL_SPLITS), _byte_level()])


def fine_pre_tokenizer() -> pre_tokenizers.PreTokenizer:
    """The model's splits and the finer ones; ids under it equal the ids under :func:`model_pre_tokenizer`."""
    return pre_tokenizers.Sequence([*_splits(MODEL_SPLITS), *_splits(FINE_SPLITS), _byte_level()])


def train_bpe(
    texts: Iterable[str],
    vocab_size: int,
    control_tokens: Sequence[str],
    *,
    special_tokens: Sequence[str] | None = None,
    character_share: float = 0.49,
) -> str:
    """Train a tokenizer and return it as the text of a ``tokenizer.json``.

    Entries in order of id: ``control_tokens``, the 256 byte symbols, the most frequent characters outside ASCII (one
    entry each, with the shared two-byte prefixes their merges need), then BPE merges of ASCII text.

    Args:
        texts: training documents; read once, kept in memory.
        vocab_size: the exact number of entries of the result.
        control_tokens: single tokens at ids 0, 1, …
        special_tokens: those of the control tokens that decoding leaves out; all of them when ``None``.
        character_share: the share of ``vocab_size`` that may go to characters outside ASCII and their prefixes.

    Raises:
        TokenizerError: ``vocab_size`` leaves no room for merges, or the texts do not hold enough different words.
    """
    documents = [text.encode("utf-8", "ignore").decode("utf-8") for text in texts]  # lone surrogates dropped
    base = [*control_tokens, *sorted(pre_tokenizers.ByteLevel.alphabet())]
    wanted = vocab_size - len(base)
    if wanted < 1:
        raise TokenizerError(f"vocab_size {vocab_size} is too small: {len(base)} entries are control tokens and bytes.")
    merges = _character_merges(documents, int(vocab_size * character_share))[:wanted]
    merges += _ascii_merges(documents, wanted - len(merges))
    if len(merges) < wanted:
        raise TokenizerError(
            f"The training text yields only {len(base) + len(merges)} entries, not {vocab_size}. Give more text."
        )
    vocab = {entry: i for i, entry in enumerate([*base, *(left + right for left, right in merges)])}
    tokenizer = Tokenizer(models.BPE(vocab=vocab, merges=merges))
    tokenizer.pre_tokenizer = model_pre_tokenizer()
    tokenizer.decoder = decoders.ByteLevel()
    special = set(control_tokens if special_tokens is None else special_tokens)
    tokenizer.add_tokens([AddedToken(token, normalized=False, special=token in special) for token in control_tokens])
    return tokenizer.to_str(pretty=False)


def _splits(patterns: Sequence[str]) -> list[pre_tokenizers.PreTokenizer]:
    return [pre_tokenizers.Split(Regex(pattern), "isolated") for pattern in patterns]


def _byte_level() -> pre_tokenizers.PreTokenizer:
    return pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)


def _byte_symbols(text: str) -> str:
    """``text`` in the byte alphabet of byte-level BPE: one printable character per UTF-8 byte."""
    return _byte_level().pre_tokenize_str(text)[0][0]


def _character_merges(documents: Sequence[str], budget: int) -> list[tuple[str, str]]:
    """Merges that build the most frequent characters outside ASCII from their bytes, left to right.

    Only prefixes of one character are merged, so a continuation byte never starts an entry and the order of these
    merges cannot matter.
    """
    counts: Counter[str] = Counter()
    for document in documents:
        counts.update(document)
    merges: dict[tuple[str, str], None] = {}
    for character, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        if character.isascii():
            continue
        symbols = _byte_symbols(character)
        steps = dict.fromkeys((symbols[:i], symbols[i]) for i in range(1, len(symbols)))
        if len(merges | steps) > budget:
            break
        merges |= steps
    return list(merges)


def _ascii_merges(documents: Sequence[str], count: int) -> list[tuple[str, str]]:
    """The first ``count`` BPE merges of the ASCII part, long runs of punctuation left out."""
    trainer_model = Tokenizer(models.BPE())
    trainer_model.pre_tokenizer = pre_tokenizers.Sequence(
        [
            *_splits(MODEL_SPLITS),
            pre_tokenizers.Split(Regex(FINE_SPLITS[-1]), "removed"),
            *_splits(FINE_SPLITS[:-1]),
            _byte_level(),
        ]
    )
    spare = 64 + count // 8  # room for the punctuation runs that are dropped below
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=len(alphabet) + count + spare,
        initial_alphabet=alphabet,
        max_token_length=LONGEST_WORD,
        min_frequency=2,
        show_progress=False,
    )
    trainer_model.train_from_iterator(documents, trainer)
    learned = [tuple(pair) for pair in json.loads(trainer_model.to_str())["model"]["merges"]]
    return [(left, right) for left, right in learned if not _is_long_punctuation(left + right)][:count]


def _is_long_punctuation(entry: str) -> bool:
    is_punctuation = entry.isascii() and not any(character.isalnum() for character in entry)
    return is_punctuation and len(entry) > LONGEST_PUNCTUATION
