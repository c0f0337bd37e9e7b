"""Text to ids and back, for any Hugging Face folder with a byte-level ``tokenizer.json``."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import tokenizers
from tokenizers.pre_tokenizers import ByteLevel

from joyflash.errors import ContextLengthError, TokenizerError
from joyflash.text.marks import READ_MARKS


class Tokenizer:
    """A byte-level tokenizer that keeps ordinary text and control tokens apart.

    The control tokens are the file's added tokens. ``encode`` never yields one, whatever the text holds; only
    :meth:`control_id` and :meth:`encode_with_control` do. Those of the control tokens that the file marks as
    ``special`` (turn markers, end of sentence, padding) are the ones that decoding leaves out; tool-call and thought
    marks (``READ_MARKS``) stay whatever the file says, because parsers downstream read them in the text.
    """

    def __init__(self, definition: dict[str, Any], config: dict[str, Any], source: str = "tokenizer.json"):
        """Build from the parsed ``tokenizer.json`` and ``tokenizer_config.json``; ``source`` is named in errors."""
        self._source = source
        self._full = _build(definition, source)
        self._plain = _build({**definition, "added_tokens": []}, source)
        # Saved files often spell "none" as a sequence of no normalizers.
        self._changes_text = bool((definition.get("normalizer") or {"normalizers": []}).get("normalizers", True))
        if "ByteLevel" not in json.dumps(definition.get("decoder")):
            raise TokenizerError(f"{source} is not a byte-level tokenizer; joyflash reads byte-level BPE files only.")
        added = definition.get("added_tokens") or []
        self.control_tokens: dict[str, int] = {token["content"]: token["id"] for token in added}
        self._special_ids = frozenset(token["id"] for token in added if is_left_out(token))
        self._bytes_of_id = _token_bytes(self._full.get_vocab(with_added_tokens=True), self.control_tokens)
        self._longest = max((len(spelled) for spelled in self._bytes_of_id), default=1)
        self._bos, self._eos, self._pad = (_token_text(config.get(f"{name}_token")) for name in ("bos", "eos", "pad"))

    @classmethod
    def from_pretrained(cls, folder: str | Path) -> Tokenizer:
        """Load ``tokenizer.json`` and, where present, ``tokenizer_config.json`` of a checkpoint folder.

        Raises:
            TokenizerError: a file is missing, damaged, or no byte-level tokenizer.
        """
        path = Path(folder) / "tokenizer.json"
        if not path.is_file():
            raise TokenizerError(f"No tokenizer.json in {folder}. A checkpoint folder must bring its tokenizer.")
        config_path = Path(folder) / "tokenizer_config.json"
        config = _read_json(config_path) if config_path.is_file() else {}
        return cls(_read_json(path), config, str(path))

    @property
    def vocab_size(self) -> int:
        """One more than the highest id of any entry, control tokens included."""
        return len(self._bytes_of_id)

    @property
    def bos_token(self) -> str | None:
        """The token that begins a document, as ``tokenizer_config.json`` names it."""
        return self._bos

    @property
    def eos_token(self) -> str | None:
        """The token that ends an assistant's turn, as ``tokenizer_config.json`` names it."""
        return self._eos

    @property
    def pad_token(self) -> str | None:
        """The padding token, as ``tokenizer_config.json`` names it."""
        return self._pad

    @property
    def bos_id(self) -> int:
        """Id of the begin-of-sentence token; TokenizerError when the folder names none."""
        return self._named_id("bos_token", self._bos)

    @property
    def eos_id(self) -> int:
        """Id of the end-of-sentence token; TokenizerError when the folder names none."""
        return self._named_id("eos_token", self._eos)

    def control_id(self, token: str) -> int:
        """Id of a control token such as ``<|User|>``; TokenizerError when the tokenizer has none of that name."""
        if token not in self.control_tokens:
            raise TokenizerError(f"{self._source} has no control token {token!r}.")
        return self.control_tokens[token]

    def encode(self, text: str) -> list[int]:
        """Ids of ordinary text: no begin-of-sentence, and text that looks like a control token is just characters."""
        return self._plain.encode(_valid_unicode(text), add_special_tokens=False).ids

    def check_length(self, text: str, most_tokens: int, param: str) -> None:
        """Refuse a text that must have more than ``most_tokens``, at the cost of counting its bytes.

        Where the tokenizer changes text before it splits it, nothing is known beforehand, and nothing is refused.

        Raises:
            ContextLengthError: no token is long enough for so few of them; ``param`` is the caller's name of the text.
        """
        if self._changes_text or len(text) <= most_tokens:
            return
        least = -(-len(text.encode("utf-8", "replace")) // self._longest)
        if least > most_tokens:
            message = f"'{param}' has at least {least:,} tokens; {most_tokens:,} are the most. Shorten it."
            raise ContextLengthError(message, param, "context_length_exceeded")

    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        """``encode`` of every text, by as many threads as the library finds."""
        valid = [_valid_unicode(text) for text in texts]
        return [encoding.ids for encoding in self._plain.encode_batch_fast(valid, add_special_tokens=False)]

    def encode_with_control(self, text: str) -> list[int]:
        """Ids of trusted text in which control tokens stand for themselves."""
        return self._full.encode(_valid_unicode(text), add_special_tokens=False).ids

    def token_bytes(self, token_id: int) -> bytes:
        """The bytes an id stands for (of a control token: its name); empty for an id without an entry."""
        return self._bytes_of_id[token_id] if 0 <= token_id < len(self._bytes_of_id) else b""

    def decode(self, ids: Iterable[int], skip_control: bool = True) -> str:
        """Text of ``ids``; bytes that are no UTF-8 become U+FFFD, special tokens are left out if ``skip_control``."""
        skip = self._special_ids if skip_control else frozenset()
        return b"".join(self.token_bytes(i) for i in ids if i not in skip).decode("utf-8", "replace")

    def stream_decoder(self, skip_control: bool = True) -> StreamDecoder:
        """A decoder for ids that arrive bit by bit."""
        return StreamDecoder(self, self._special_ids if skip_control else frozenset())

    def _named_id(self, field: str, token: str | None) -> int:
        if token is None:
            raise TokenizerError(f"The tokenizer_config.json beside {self._source} names no {field}.")
        return self.control_id(token)


class StreamDecoder:
    """Decodes ids as they come; the pieces join to exactly ``Tokenizer.decode`` of all ids.

    A character whose bytes have not all arrived is held back until they have, or until :meth:`flush`.
    """

    def __init__(self, tokenizer: Tokenizer, skip: frozenset[int]):
        self._tokenizer = tokenizer
        self._skip = skip
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def push(self, ids: Iterable[int]) -> str:
        """The text that ``ids`` complete."""
        return self._decoder.decode(b"".join(self._tokenizer.token_bytes(i) for i in ids if i not in self._skip))

    def flush(self) -> str:
        """What was held back, as U+FFFD; the decoder starts afresh."""
        text = self._decoder.decode(b"", final=True)
        self._decoder.reset()
        return text


def is_left_out(token: Mapping[str, Any]) -> bool:
    """Whether an entry of ``added_tokens`` is special and no mark that readers of a reply look for."""
    return bool(token.get("special")) and token["content"] not in READ_MARKS


def _build(definition: dict[str, Any], source: str) -> tokenizers.Tokenizer:
    """The library's tokenizer, without what a file may keep of its last use: to cut or to pad what it encodes."""
    try:
        return tokenizers.Tokenizer.from_str(json.dumps({**definition, "truncation": None, "padding": None}))
    except Exception as error:  # the library raises bare Exception for every kind of damage
        raise TokenizerError(f"{source} is damaged or of an unknown kind: {error}") from error


def _read_json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise TokenizerError(f"{path} cannot be read as JSON: {error}. Copy the file again.") from error
    if not isinstance(value, dict):
        raise TokenizerError(f"{path} must hold a JSON object. Copy the file again.")
    return value


def _token_text(value: Any) -> str | None:
    """A token of ``tokenizer_config.json``: a string, or an object with ``content``."""
    if isinstance(value, dict):
        value = value.get("content")
    return value if isinstance(value, str) else None


def _token_bytes(vocab: dict[str, int], control_tokens: dict[str, int]) -> list[bytes]:
    """Bytes of every id; ids without an entry are empty."""
    byte_of_symbol = {symbol: byte for byte, symbol in _byte_alphabet().items()}
    result = [b""] * (max(vocab.values(), default=-1) + 1)
    for entry, token_id in vocab.items():
        is_text = entry in control_tokens or any(symbol not in byte_of_symbol for symbol in entry)
        result[token_id] = entry.encode("utf-8") if is_text else bytes(byte_of_symbol[symbol] for symbol in entry)
    return result


def _byte_alphabet() -> dict[int, str]:
    """GPT-2's table: printable bytes stand for themselves, the others for characters from U+0100 on, in order."""
    printable = [byte for byte in range(256) if chr(byte) in ByteLevel.alphabet()]
    hidden = [byte for byte in range(256) if byte not in printable]
    return {byte: chr(byte) for byte in printable} | {byte: chr(256 + i) for i, byte in enumerate(hidden)}


def _valid_unicode(text: str) -> str:
    """``text`` with surrogate pairs joined and lone surrogates (JSON's ``\\ud800``) replaced by U+FFFD."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text
