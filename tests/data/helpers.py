"""Small stand-ins for a tokenizer, a template and sources, so that the data room is tested without a model."""

from __future__ import annotations

import hashlib
import json
import random
from pathlib import Path

import numpy as np

from joyflash.data.documents import FileCorpus
from joyflash.data.mixture import Mixture
from joyflash.data.packing import Packer
from joyflash.data.samples import Sample


class ByteTokenizer:
    """One token per UTF-8 byte, after three control tokens."""

    bos_id, eos_id, pad_id, vocab_size = 0, 1, 2, 259

    def encode(self, text: str) -> list[int]:
        return [byte + 3 for byte in text.encode()]

    def decode(self, ids: list[int]) -> str:
        return bytes(i - 3 for i in ids if i >= 3).decode()


class ListSource:
    """Samples of given lengths; every token of sample i is unique: (i << 12) + place."""

    def __init__(self, name: str, lengths: list[int], *, splittable: bool):
        self.name = name
        self.lengths = lengths
        self.size = len(lengths)
        self.splittable = splittable

    def sample(self, index: int) -> Sample:
        length = self.lengths[index % len(self.lengths)]
        ids_n = ((index << 12) + np.arange(length)).astype(np.int32)
        weights_n = np.ones(length, np.float32)
        weights_n[0] = 0.0
        return Sample(ids_n, weights_n, self.name, self.splittable)


def long_tailed(count: int, seed: int, low: int = 20, high: int = 2_000) -> list[int]:
    """Lengths with many short and few long ones, as chats and articles have."""
    rng = random.Random(seed)
    return [int(low * (high / low) ** rng.random() ** 1.5) for _ in range(count)]


def make_packer(part: int = 0, parts: int = 1, *, row_tokens: int = 512, pool: int = 32) -> Packer:
    """A packer over a text and a chat source (importable by worker processes)."""
    sources = [
        ListSource("text", long_tailed(200, 1, high=900), splittable=True),
        ListSource("chat", long_tailed(200, 2, high=700), splittable=False),
    ]
    mixture = Mixture(sources, {"text": 0.6, "chat": 0.4}, part=part, parts=parts)
    return Packer(mixture, row_tokens=row_tokens, pad_id=-1, pool=pool)


def write_corpus(folder: Path, name: str = "en_demo.mit-00", count: int = 300) -> FileCorpus:
    """A corpus file of ``count`` documents, about 1 % of which are held out."""
    path = folder / f"{name}.jsonl"
    rows = [{"text": f"Document {i}. " + hashlib.md5(str(i).encode()).hexdigest(), "lang": "en"} for i in range(count)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return FileCorpus(path)


class PlainTemplate:
    """``role:content`` per message and ``eos`` after each; the assistant's content and its eos carry loss."""

    def render_training(self, messages, tools=(), /) -> tuple[list[int], list[float]]:
        tokenizer = ByteTokenizer()
        ids, weights = [tokenizer.bos_id], [1.0]
        for message in messages:
            calls = "".join(call.name + call.arguments_json for call in message.tool_calls)
            for text, weight in ((f"{message.role}:", 0.0), (message.content + calls, 1.0)):
                weight *= message.role == "assistant"
                ids += tokenizer.encode(text)
                weights += [weight] * len(text.encode())
            ids.append(tokenizer.eos_id)
            weights.append(float(message.role == "assistant"))
        return ids, weights
