"""Packing: how much of a row is padding, and how much faster packed rows train than padded batches.

    python benchmarks/packing.py [--row 4096] [--rows 2] [--out packing.json]

The lengths are those of a mix as fine-tuning has it: many short answers, some reasoning, a few long agent sessions
(log-uniform with a tail). The same conversations go through forward and backward pass of the same small model as packed
rows, and as batches of which every conversation is padded to the longest (drawn in order, as many as fill the same
number of tokens). Both count only real tokens, on one thread, by processor time: a busy neighbour hardly counts.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import statistics
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from joyflash.batch import PackedBatch
from joyflash.data.balancing import attention_work, share_out
from joyflash.data.mixture import Mixture
from joyflash.data.packing import Packer, pack
from joyflash.data.samples import Sample
from joyflash.model.config import sized
from joyflash.model.initialise import initialise
from joyflash.model.joyflash import JoyFlash
from joyflash.train.objective import LanguageModelling, target_weight

PAD = 0
LONG_ROW = 131_072


@dataclass
class Conversations:
    """Endless conversations of realistic lengths; ``longest`` bounds them."""

    longest: int
    name: str = "chat"

    def sample(self, index: int) -> Sample:
        """Conversation ``index``: 70 % answers, 25 % with reasoning, 5 % long sessions."""
        rng = random.Random(f"packing/{index}")
        low, high = rng.choices(((40, 600), (400, 6_000), (4_000, 120_000)), (70, 25, 5))[0]
        length = min(self.longest, int(low * (high / low) ** rng.random()))
        ids_n = np.random.Generator(np.random.PCG64(index)).integers(20, 8192, length).astype(np.int32)
        weights_n = np.ones(length, np.float32)
        weights_n[0] = 0.0
        return Sample(ids_n, weights_n, "chat", splittable=False)


def padding(rows: int) -> dict[str, float]:
    """Share of padding in rows of 128K, and how evenly 8 ranks could share the attention of these rows."""
    packer = Packer(Mixture([Conversations(LONG_ROW)], {"chat": 1.0}), row_tokens=LONG_ROW, pad_id=PAD)
    work = [attention_work(row) for row in itertools.islice(packer, rows)]
    loads = [sum(work[index] for index in share) for share in share_out(work, 8)]
    in_turn = [sum(work[part::8]) for part in range(8)]
    return {
        "rows": rows,
        "padding_share": packer.padding_share,
        "busiest_rank_over_mean": max(loads) / statistics.mean(loads),
        "busiest_rank_over_mean_in_turn": max(in_turn) / statistics.mean(in_turn),
    }


def packed_rows(row_tokens: int, count: int) -> list[PackedBatch]:
    """Rows as training gets them."""
    mixture = Mixture([Conversations(row_tokens)], {"chat": 1.0})
    return list(itertools.islice(Packer(mixture, row_tokens=row_tokens, pad_id=PAD), count))


def padded_batches(row_tokens: int, tokens: int, *, by_length: bool) -> list[PackedBatch]:
    """The same conversations, each padded to the longest of its batch, until they hold ``tokens`` real tokens.

    Args:
        by_length: sort each 64 conversations by length first, the usual remedy.
    """
    source, batches, real = Conversations(row_tokens), [], 0
    samples = [source.sample(index) for index in range(64)]
    for start in itertools.count(64, 64):
        if by_length:
            samples.sort(key=len)
        while samples and real < tokens:
            batch: list[Sample] = []
            while samples and max(map(len, [*batch, samples[0]])) * (len(batch) + 1) <= row_tokens:
                batch.append(samples.pop(0))
            longest = max(map(len, batch))
            real += sum(map(len, batch))
            filled = [_filled(sample, longest) for sample in batch]
            batches.append(pack(filled, longest * len(batch), PAD))
        if real >= tokens:
            return batches
        samples = [source.sample(index) for index in range(start, start + 64)]
    raise AssertionError("unreachable: the conversations never end")


def _filled(sample: Sample, length: int) -> Sample:
    missing = length - len(sample)
    ids_n = np.concatenate([sample.ids_n, np.full(missing, PAD, np.int32)])
    weights_n = np.concatenate([sample.weights_n, np.zeros(missing, np.float32)])
    return Sample(ids_n, weights_n, sample.kind, splittable=False)


def processor_seconds(model: JoyFlash, batches: list[PackedBatch]) -> tuple[float, int]:
    """Processor time of forward and backward pass over ``batches``, and their real tokens."""
    start, real = time.process_time(), 0
    for batch in batches:
        loss, _ = LanguageModelling(target_weight([batch], 1))(model, batch)
        loss.backward()
        model.zero_grad()
        real += int((batch.tokens_T != PAD).sum())
    return time.process_time() - start, real


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--row", type=int, default=4096, help="tokens of a row in the speed test")
    parser.add_argument("--rows", type=int, default=2, help="packed rows a round")
    parser.add_argument("--rounds", type=int, default=3, help="timed rounds of each")
    parser.add_argument("--long-rows", type=int, default=200, help="rows of 128K packed to measure the padding")
    parser.add_argument("--width", type=int, default=64, help="of the model")
    parser.add_argument("--out", type=Path, help="write the figures as JSON")
    options = parser.parse_args()
    torch.set_num_threads(1)
    figures: dict[str, object] = {
        "torch": torch.__version__,
        "rounds": options.rounds,
        "at_128k": padding(options.long_rows),
    }
    model = initialise(JoyFlash(sized(options.width))).train()
    packed = packed_rows(options.row, options.rows)
    tokens = sum(int((row.tokens_T != PAD).sum()) for row in packed)
    ways = {
        "packed": packed,
        "padded": padded_batches(options.row, tokens, by_length=False),
        "padded_by_length": padded_batches(options.row, tokens, by_length=True),
    }
    rates: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(options.rounds + 1):
        for name, batches in ways.items():
            seconds, real = processor_seconds(model, batches)
            if turn:  # the first round warms up
                rates[name].append(real / seconds)
    for name, found in rates.items():
        ratios = [a / b for a, b in zip(rates["packed"], found, strict=True)]
        figures[name] = {
            "real_tokens_per_processor_second": statistics.median(found),
            "real_share": sum(int((b.tokens_T != PAD).sum()) for b in ways[name])
            / sum(b.tokens_T.numel() for b in ways[name]),
            "packed_over_this": {"median": statistics.median(ratios), "min": min(ratios), "max": max(ratios)},
        }
    print(json.dumps(figures, indent=2))
    if options.out:
        options.out.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
