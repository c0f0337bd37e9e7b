"""A folder's tokenizer and chat template as the metadata that llama.cpp reads."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from types import ModuleType
from typing import Any

from joyflash.errors import TemplateError, TokenizerError
from joyflash.interop.gguf_template import for_llama_cpp
from joyflash.model.config import ModelConfig
from joyflash.text.bpe_training import MODEL_SPLITS
from joyflash.text.template import ChatTemplate
from joyflash.text.tokenizer import Tokenizer, is_left_out

_LOG = logging.getLogger(__name__)

PRE_TOKENIZER = "joyai-llm"
"""llama.cpp's name (since February 2026) for the model's splits; ``deepseek-v3`` is an older name for the same ones."""


def add_vocabulary(gguf: ModuleType, writer: Any, folder: Path, config: ModelConfig) -> None:
    """Write tokens, types, merges, special ids and the chat template into ``writer``'s metadata.

    Control tokens that decoding leaves out become CONTROL, which llama.cpp leaves out of its output too; the others
    (tool calls, thoughts) USER_DEFINED, because parsers downstream read them in the text. Rows of the embedding
    without an entry become UNUSED.

    Raises:
        TokenizerError: files are missing or damaged, the tokenizer cuts text in a way that llama.cpp does not know, or
            it has more entries than the model.
        TemplateError: the folder's chat template is damaged.
    """
    tokenizer = Tokenizer.from_pretrained(folder)
    path = folder / "tokenizer.json"
    definition = json.loads(path.read_text(encoding="utf-8"))
    check_pre_tokenizer(definition, path)
    if tokenizer.vocab_size > config.vocab_size:
        raise TokenizerError(
            f"{path} has {tokenizer.vocab_size} entries, but the model only {config.vocab_size}. "
            "Copy tokenizer and weights from the same folder."
        )
    tokens, types = token_list(gguf, definition, config.vocab_size)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(PRE_TOKENIZER)
    writer.add_token_list(tokens)
    writer.add_token_types(types)
    special = gguf.SpecialVocab(folder, load_merges=True, n_vocab=config.vocab_size)
    special.add_special_token.setdefault("bos", False)  # the chat template writes it
    special.chat_template = _template(folder, tokenizer, given=special.chat_template is not None)
    special.add_to_gguf(writer, quiet=True)


def token_list(gguf: ModuleType, definition: dict[str, Any], size: int) -> tuple[list[str], list[int]]:
    """Entries of a ``tokenizer.json`` in the order of their ids, and their GGUF types."""
    tokens = [f"[PAD{i}]" for i in range(size)]
    types = [gguf.TokenType.UNUSED] * size
    for entry, token_id in definition["model"]["vocab"].items():
        tokens[token_id], types[token_id] = entry, gguf.TokenType.NORMAL
    for added in definition.get("added_tokens") or []:
        kind = gguf.TokenType.CONTROL if is_left_out(added) else gguf.TokenType.USER_DEFINED
        tokens[added["id"]], types[added["id"]] = added["content"], kind
    return tokens, types


def check_pre_tokenizer(definition: dict[str, Any], path: Path) -> None:
    """Raise TokenizerError unless llama.cpp's ``joyai-llm`` pre-tokenizer cuts text the way this file does."""
    parts = (definition.get("pre_tokenizer") or {}).get("pretokenizers") or []
    splits = [_split(part) for part in parts[:-1]]
    byte_level = parts[-1] if parts else {}
    same = (
        splits == list(MODEL_SPLITS)
        and byte_level.get("type") == "ByteLevel"
        and not byte_level.get("add_prefix_space")
        and not byte_level.get("use_regex")
        and not (definition.get("normalizer") or {"normalizers": []}).get("normalizers", True)
        and not definition["model"].get("ignore_merges")
    )
    if not same:
        raise TokenizerError(
            f"{path} cuts text differently from the released model, and llama.cpp knows only pre-tokenizers by name. "
            "Export the model as a Hugging Face folder instead (--format hf)."
        )


def _split(part: dict[str, Any]) -> str | None:
    """The regular expression of an isolated split, line breaks spelt as escapes; None for anything else."""
    if part.get("type") != "Split" or part.get("behavior") != "Isolated" or part.get("invert"):
        return None
    regex = part["pattern"].get("Regex")
    return regex and regex.replace("\r", "\\r").replace("\n", "\\n")


def _template(folder: Path, tokenizer: Tokenizer, *, given: bool) -> str | None:
    """joyflash's own choice of template, spelt for llama.cpp; None where the folder has none and ours does not fit."""
    try:
        return for_llama_cpp(ChatTemplate.from_pretrained(folder, tokenizer).source)
    except TemplateError as error:
        if given:
            raise
        _LOG.warning("%s The GGUF file gets no chat template.", error)
        return None
