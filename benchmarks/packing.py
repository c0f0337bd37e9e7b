"""Packing: how much of a row is padding, and how much faster packed rows train than padded batches.

    python benchmarks/packing.py [--row 8192] [--rows 6] [--out packing.json]

The lengths are those of a mix as fine-tuning has it: many short answers, some reasoning, a few long agent sessions
(log-uniform with a tail). The same conversations go through forward and backward pass of the same small model as packed
rows, and as batches of eight of which every one is padded to the longest. Both count only real tokens, on one thread,
by processor time: a busy neighbour hardly counts.
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


def padded_batches(rows: list[PackedBatch], size: int, *, by_length: bool) -> list[PackedBatch]:
    """The conversations of ``rows``, ``size`` at a time in random order, each padded to the longest of its batch.

    Args:
        rows: packed rows; their padding is left out.
        size: conversations of a batch.
        by_length: batch conversations of like length instead, the usual remedy (it makes steps unlike each other).
    """
    samples = []
    for row in rows:
        for ids_n, weights_n in zip(row.tokens_T.split(row.lengths()), row.weights_T.split(row.lengths()), strict=True):
            if int(ids_n[0]) != PAD:
                samples.append(Sample(ids_n.numpy(), weights_n.numpy(), "chat", splittable=False))
    random.Random(0).shuffle(samples)
    if by_length:
        samples.sort(key=len)
    batches = []
    for start in range(0, len(samples), size):
        batch = samples[start : start + size]
        longest = max(map(len, batch))
        batches.append(pack([_filled(sample, longest) for sample in batch], longest * len(batch), PAD))
    return batches


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
    parser.add_argument("--row", type=int, default=8192, help="tokens of a row in the speed test")
    parser.add_argument("--rows", type=int, default=6, help="packed rows a round")
    parser.add_argument("--batch", type=int, default=8, help="conversations of a padded batch")
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
    ways = {
        "packed": packed,
        "padded": padded_batches(packed, options.batch, by_length=False),
        "padded_by_length": padded_batches(packed, options.batch, by_length=True),
    }
    rates: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(options.rounds + 1):
        for name, batches in ways.items():
            seconds, real = processor_seconds(model, batches)
            if turn:  # the first round warms up
                rates[name].append(real / seconds)
    real = sum(int((row.tokens_T != PAD).sum()) for row in packed)
    for name, found in rates.items():
        ratios = [a / b for a, b in zip(rates["packed"], found, strict=True)]
        figures[name] = {
            "real_tokens_per_processor_second": statistics.median(found),
            "real_share": real / sum(batch.tokens_T.numel() for batch in ways[name]),
            "packed_over_this": {"median": statistics.median(ratios), "min": min(ratios), "max": max(ratios)},
        }
    print(json.dumps(figures, indent=2))
    if options.out:
        options.out.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
