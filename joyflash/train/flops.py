"""How much of the machine training uses: operations of a step over what the hardware could do in its time (MFU).

Letters: T tokens of a row.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import torch

from joyflash.batch import PackedBatch
from joyflash.errors import ConfigError
from joyflash.hardware import detect, detected_gpu
from joyflash.model.config import ModelConfig
from joyflash.model.joyflash import parameter_counts
from joyflash.train.workers import use_one_thread

_SIDE = 768
"""Of the matrices whose product measures a processor: large enough for its best rate, 10 ms at 90 GFLOP/s."""
_TRIES = 5


def peak_flops(device: torch.device, workers: int, precision: torch.dtype) -> float | None:
    """Dense FLOP/s of the hardware: a GPU's by its data sheet (None for one that the table lacks), a CPU's measured.

    The rate of a CPU is the best of a few products in ``precision`` on one core, times the cores that ``workers`` keep
    busy.
    """
    if device.type == "cuda":
        try:
            return detected_gpu(detect())[0].bf16
        except ConfigError:
            return None
    if device.type != "cpu":
        return None
    with ThreadPoolExecutor(1, initializer=use_one_thread) as pool:
        return pool.submit(_measure, precision).result() * min(workers, detect().cores)


def training_flops(
    config: ModelConfig, counts: Mapping[str, int], batch: Sequence[PackedBatch], *, mtp: bool
) -> tuple[float, float]:
    """Operations of forward and backward pass over ``batch``; ``counts`` are the model's ``parameter_counts``.

    Returns:
        raw: 6·N·T with N the active parameters, output head included, embedding not: no attention scores.
        masked: the same with what the masks leave: attention scores inside documents, the head only where a
            token is a target.
    """
    head = config.vocab_size * config.hidden_size
    body, layers, heads = counts["active"], config.num_hidden_layers, 1
    if mtp:
        body, layers, heads = body + counts["mtp"], layers + 1, 2
    tokens = sum(row.tokens_T.numel() for row in batch)
    targets = sum(int((row.weights_T > 0).sum()) for row in batch)
    squares = sum(length**2 for row in batch for length in row.lengths())
    # scores and weighted values of n tokens, causal: n²/2 pairs, 2 operations each; the backward pass costs twice that
    pair = config.num_attention_heads * (config.qk_head_dim + config.v_head_dim)
    raw = 6.0 * (body + heads * head) * tokens
    return raw, 6.0 * (body * tokens + heads * head * targets) + 3.0 * layers * pair * squares


class Meter:
    """Turns batches into the log's columns on operations.

    Args:
        config: of the model.
        peak: FLOP/s of the hardware; None leaves the columns out.
    """

    def __init__(self, config: ModelConfig, peak: float | None):
        self._config = config
        self._counts = parameter_counts(config)
        self._peak = peak

    def read(self, batch: Sequence[PackedBatch], *, mtp: bool) -> dict[str, float]:
        """Seconds that this batch would take at the hardware's peak: ``ideal_seconds`` (6N) and ``ideal_masked``."""
        if self._peak is None:
            return {}
        raw, masked = training_flops(self._config, self._counts, batch, mtp=mtp)
        return {"ideal_seconds": raw / self._peak, "ideal_masked": masked / self._peak}


def _measure(precision: torch.dtype) -> float:
    """FLOP/s of this thread, by its own clock: what runs beside it must not make the peak look lower."""
    left, right = torch.randn(2, _SIDE, _SIDE).to(precision)
    torch.mm(left, right)
    best = float("inf")
    for _ in range(_TRIES):
        start = time.thread_time()
        torch.mm(left, right)
        best = min(best, time.thread_time() - start)
    return 2 * _SIDE**3 / best
