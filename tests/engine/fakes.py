"""A tokenizer and a model small enough to know every number they give."""

from __future__ import annotations

import hashlib
from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial

import torch
from torch import Tensor

from joyflash.engine.block_pool import BlockPool
from joyflash.engine.engine import Engine
from joyflash.engine.speculation import DraftPolicy
from joyflash.errors import EngineError
from joyflash.kernels.gumbel import Draw
from joyflash.model.step import Rows, draw_tokens
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

    def check_length(self, text: str, most_tokens: int, param: str) -> None:
        """No text is too long here."""

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


class Masking:
    """A constraint in the middle of a completion, from its mask alone."""

    def mask(self) -> Tensor | None:
        raise NotImplementedError

    def allows(self, token_id: int) -> bool:
        mask = self.mask()
        return mask is None or bool(mask[token_id])


Predictor = Callable[[list[int]], Tensor]


class FakeStep:
    """A StepModel whose logits after some tokens are ``predict(tokens)``, read back from the blocks it wrote them to.

    Its MTP layer predicts with ``draft``; without one there is none. ``calls`` notes for every pass how many sequences
    it had and the most rows of one, ``heads`` for every reading of the output head for logits how many rows it served.
    """

    batch_invariant = True
    max_rows = 4096
    routes_nLK = None

    def __init__(
        self, predict: Predictor, *, block_size: int = 4, context_length: int = 512, draft: Predictor | None = None
    ) -> None:
        self._predict, self._draft = predict, draft
        self._block_size = block_size
        self.context_length = context_length
        self.has_mtp = draft is not None
        self.calls: list[tuple[int, int]] = []
        self.heads: list[int] = []
        self._memory: dict[int, int] = {}
        self._mtp_memory: dict[int, int] = {}  # at each place the token after it, as the MTP layer sees them
        self._contexts: list[Callable[[], Tensor]] = []

    def trunk(self, rows: Rows) -> Tensor:
        counts = Counter(rows.sequences)
        self.calls.append((len(counts), max(counts.values())))
        for token, position, sequence in zip(rows.tokens, rows.positions, rows.sequences, strict=True):
            self._memory[self._place(rows.tables[sequence], position)] = token
        contexts = []
        for position, sequence in zip(rows.positions, rows.sequences, strict=True):
            contexts.append([self._memory[self._place(rows.tables[sequence], at)] for at in range(position + 1)])
        for context, sequence in zip(contexts, rows.sequences, strict=True):
            if len(context) == 1 + max(p for p, s in zip(rows.positions, rows.sequences, strict=True) if s == sequence):
                self._predict(context)  # a pass that fails does so here, not when its logits are asked for
        return self._hidden(self._predict, contexts)

    def mtp(self, rows: Rows, hidden_hD: Tensor, lines: Sequence[int], kept: Sequence[int]) -> Tensor:
        assert self._draft is not None and len(lines) == len(rows.tokens) and max(lines) < hidden_hD.shape[0]
        for token, position, sequence in zip(rows.tokens, rows.positions, rows.sequences, strict=True):
            self._mtp_memory[self._place(rows.tables[sequence], position)] = token
        contexts = []
        for i in kept:
            table = rows.tables[rows.sequences[i]]
            after = [self._mtp_memory[self._place(table, at)] for at in range(rows.positions[i] + 1)]
            contexts.append([self._memory[self._place(table, 0)], *after])
        return self._hidden(self._draft, contexts)

    def logits(self, hidden_mD: Tensor) -> Tensor:
        self.heads.append(len(hidden_mD))
        return self._logits(hidden_mD)

    def draw(self, hidden_hD: Tensor, lines: Sequence[int], draws: Sequence[Draw], ids: array[int] | int) -> list[int]:
        ids_v = torch.tensor(range(ids) if isinstance(ids, int) else ids, dtype=torch.int32)
        return draw_tokens(self._logits(hidden_hD[list(lines)])[:, ids_v], draws, ids_v)

    def _logits(self, hidden_mD: Tensor) -> Tensor:
        return torch.stack([self._contexts[int(row)]() for row in hidden_mD[:, 0]])

    def _hidden(self, predict: Predictor, contexts: Sequence[list[int]]) -> Tensor:
        first = len(self._contexts)
        self._contexts += [partial(predict, context) for context in contexts]
        return torch.arange(first, len(self._contexts), dtype=torch.float64)[:, None]

    def _place(self, table: Sequence[int], position: int) -> int:
        if position >= self.context_length:
            raise EngineError("over capacity")
        return table[position // self._block_size] * self._block_size + position % self._block_size


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
        logits_V[script[max(0, min(len(tokens) - prompt_length, len(script) - 1))]] = 50.0
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
    blocks: int | None = None,
    draft: Predictor | None = None,
    drafts: int = 0,
    prefix_cache: bool = True,
    policy: DraftPolicy | None = None,
) -> tuple[Engine, FakeStep]:
    """An engine over fakes; the model's vocabulary has ``padding`` rows beyond the tokenizer's.

    Blocks hold 4 tokens; there are enough for every slot unless ``blocks`` says otherwise.
    """
    tokenizer = tokenizer or FakeTokenizer()
    model = FakeStep(predict or hashed(tokenizer.vocab_size + padding), context_length=capacity, draft=draft)
    engine = Engine(
        model,
        BlockPool(blocks or slots * -(-capacity // 4), 4, prefix_cache=prefix_cache),
        tokenizer,  # type: ignore[arg-type]
        None,
        model_name="fake",
        policy=policy or (DraftPolicy(drafts) if draft else None),
        prefill_chunk=chunk,
        max_batch=slots,
    )
    return engine, model


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
