"""A tokenizer, a cache and a model small enough to know every number they give."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor

from joyflash.engine.engine import Engine
from joyflash.engine.runner import Runner
from joyflash.errors import EngineError
from joyflash.text.tokenizer import StreamDecoder

CONTROL = (
    "<|begin_of_sentence|>",
    "<|end_of_sentence|>",
    "<|end_of_thought|>",
    "<tool_call>",
    "</tool_call>",
    "<function=",
    "</function>",
    "<parameter=",
    "</parameter>",
)
EXTRA = ("the", "STOP", "OP", "ST", ">\n", "get", "_weather", "=g", "<function", "ll>\n", "!<tool_call>\n")


class FakeTokenizer:
    """One token a byte, a few longer ones, and optionally the control tokens of tool calls."""

    bos_id, eos_id = 0, 1

    def __init__(self, *, with_calls: bool = True) -> None:
        names = CONTROL if with_calls else CONTROL[:2]
        self.control_tokens = {name: i for i, name in enumerate(names)}
        ordinary = [bytes([byte]) for byte in range(256)] + [text.encode() for text in EXTRA]
        self._bytes = [name.encode() for name in names] + ordinary
        self._special = frozenset((0, 1))

    @property
    def vocab_size(self) -> int:
        return len(self._bytes)

    def token_bytes(self, token_id: int) -> bytes:
        return self._bytes[token_id]

    def token(self, text: str) -> int:
        """Id of the one ordinary token that spells ``text``."""
        return len(self.control_tokens) + self._bytes[len(self.control_tokens) :].index(text.encode())

    def encode(self, text: str) -> list[int]:
        return [len(self.control_tokens) + byte for byte in text.encode()]

    def decode(self, ids: Sequence[int], skip_control: bool = True) -> str:
        kept = [i for i in ids if not (skip_control and i in self._special)]
        return b"".join(self._bytes[i] for i in kept).decode("utf-8", "replace")

    def stream_decoder(self) -> StreamDecoder:
        return StreamDecoder(self, self._special)  # type: ignore[arg-type]


class FakeCache:
    """Keeps the very tokens of each slot."""

    def __init__(self, slots: int, capacity: int) -> None:
        self.slots, self.capacity = slots, capacity
        self.tokens: dict[int, list[int]] = {}

    @property
    def free_slots(self) -> int:
        return self.slots - len(self.tokens)

    def allocate(self) -> int:
        slot = next(slot for slot in range(self.slots) if slot not in self.tokens)
        self.tokens[slot] = []
        return slot

    def release(self, slot: int) -> None:
        del self.tokens[slot]

    def length(self, slot: int) -> int:
        return len(self.tokens[slot])

    def truncate(self, slot: int, length: int) -> None:
        del self.tokens[slot][length:]


Predictor = Callable[[list[int]], Tensor]


class FakeModel:
    """Its logits after some tokens are ``predict(tokens)``; notes the shape of every call."""

    def __init__(self, predict: Predictor) -> None:
        self._predict = predict
        self.calls: list[tuple[int, int]] = []

    def extend(self, tokens_BT: Tensor, cache: FakeCache, slots: Sequence[int]) -> Tensor:
        self.calls.append((tokens_BT.shape[0], tokens_BT.shape[1]))
        rows = []
        for row, slot in zip(tokens_BT.tolist(), slots, strict=True):
            cache.tokens[slot] += row
            if len(cache.tokens[slot]) > cache.capacity:
                raise EngineError("over capacity")
            rows.append(self._predict(cache.tokens[slot]))
        return torch.stack(rows)[:, None].expand(-1, tokens_BT.shape[1], -1)

    def logits(self, hidden: Tensor) -> Tensor:
        return hidden


def hashed(vocabulary: int) -> Predictor:
    """Logits that depend on every token before them."""

    def predict(tokens: list[int]) -> Tensor:
        digest = hashlib.sha256(repr(tokens).encode()).digest()
        return torch.randn(vocabulary, generator=torch.Generator().manual_seed(int.from_bytes(digest[:7], "big")))

    return predict


def scripted(vocabulary: int, script: Sequence[int], prompt_length: int) -> Predictor:
    """Logits that all but force the tokens of ``script`` after a prompt, and then its last one for ever."""

    def predict(tokens: list[int]) -> Tensor:
        logits_V = torch.zeros(vocabulary)
        logits_V[script[min(len(tokens) - prompt_length, len(script) - 1)]] = 50.0
        return logits_V

    return predict


def make_engine(
    predict: Predictor | None = None,
    *,
    tokenizer: FakeTokenizer | None = None,
    slots: int = 4,
    capacity: int = 512,
    chunk: int = 16,
    padding: int = 7,
) -> tuple[Engine, FakeModel]:
    """An engine over fakes; the model's vocabulary has ``padding`` rows beyond the tokenizer's."""
    tokenizer = tokenizer or FakeTokenizer()
    model = FakeModel(predict or hashed(tokenizer.vocab_size + padding))
    runner = Runner(model, FakeCache(slots, capacity))  # type: ignore[arg-type]
    return Engine(runner, tokenizer, None, model_name="fake", prefill_chunk=chunk), model  # type: ignore[arg-type]


def script_engine(script: Sequence[int], prompt: Sequence[int], **options: int) -> Engine:
    """An engine whose model says ``script`` after ``prompt``."""
    tokenizer = FakeTokenizer()
    return make_engine(scripted(tokenizer.vocab_size, script, len(prompt)), tokenizer=tokenizer, **options)[0]


def steps(engine: Engine, limit: int = 1000) -> Iterator[list]:
    """Step until idle."""
    for _ in range(limit):
        if not engine.has_work:
            return
        yield engine.step()
    raise AssertionError("the engine never became idle")
