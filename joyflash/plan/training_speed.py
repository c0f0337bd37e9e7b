"""How fast training can be: operations over what the hardware sustains, and the bytes that devices must exchange.

Letters: D hidden, K chosen experts, T tokens of a pass, W devices.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from joyflash.hardware import GPU
from joyflash.optim.orthogonalize import POLAR_EXPRESS
from joyflash.plan.training_memory import FULL, HALF
from joyflash.plan.training_sizes import Layout, TrainingSizes

NODE = 8
"""GPUs of one machine: they exchange over NVLink."""
NODE_BYTES = 300e9
"""Bytes/s that a GPU sends to others of its machine (ours: about 2/3 of NVLink's 450 GB/s, H100 and H200)."""
NETWORK_BYTES = 40e9
"""Bytes/s that a GPU sends to other machines (ours: about 4/5 of one 400 Gbit/s adapter a GPU)."""


@dataclass(frozen=True)
class StepTime:
    """Seconds of one optimiser step on one device.

    Attributes:
        compute: forward and backward pass, recomputation included.
        weights: gathering weights and adding up gradients (FSDP2). It runs beside the computing.
        tokens: tokens on their way to experts and back. The computing waits for it.
        update: Muon's orthogonalisation.
        passes: that a device makes in a step; in the last ones some compute rows that nothing is learned from.
        tokens_per_step: that are learned from, on all devices together.
        flops: useful operations of such a step: six per active parameter and token, and attention.
    """

    compute: float
    weights: float
    tokens: float
    update: float
    passes: int
    tokens_per_step: int
    flops: float

    @property
    def seconds(self) -> float:
        """Of the step: computing hides the exchange of weights, or the other way round."""
        return max(self.compute + self.tokens, self.weights) + self.update

    @property
    def bound(self) -> str:
        """What takes longest."""
        parts = {"compute": self.compute, "weights": self.weights, "tokens": self.tokens, "update": self.update}
        return max(parts, key=lambda name: parts[name])

    @property
    def tokens_per_second(self) -> float:
        """Of all devices together."""
        return self.tokens_per_step / self.seconds


def token_flops(sizes: TrainingSizes, row_tokens: int) -> tuple[float, float]:
    """Useful operations of one token, forward and backward: in products (6 N), and in causal attention over a row.

    A row counts as one document, the most expensive case.
    """
    config, counts = sizes.config, sizes.counts
    head = config.vocab_size * config.hidden_size
    matrices = counts["active"] + head + sizes.mtp * (counts["mtp"] + head)
    pair = config.num_attention_heads * (config.qk_head_dim + config.v_head_dim)
    return 6.0 * matrices, 3.0 * (config.num_hidden_layers + sizes.mtp) * pair * row_tokens


def muon_flops(sizes: TrainingSizes) -> float:
    """Operations of Muon's orthogonalisation of all matrices: per iteration 4 m² n + 2 m³ with m the smaller side."""
    total = 0.0
    for claim in sizes.claims:
        if claim.rule.optimizer == "muon":
            rows, columns = claim.matrix_rows or claim.parameter.shape[-2], claim.parameter.shape[-1]
            count = claim.parameter.numel() // (rows * columns)
            small, large = sorted((rows, columns))
            total += count * (4.0 * small**2 * large + 2.0 * small**3)
    return total * len(POLAR_EXPRESS.coefficients)


def step_time(
    sizes: TrainingSizes, layout: Layout, gpu: GPU, *, row_tokens: int, batch_tokens: int, share: float
) -> StepTime:
    """Time of an optimiser step over ``batch_tokens`` in rows of ``row_tokens``.

    Args:
        share: of the hardware's peak that products and attention reach.
    """
    passes = max(1, math.ceil(batch_tokens / (layout.devices * layout.tokens)))
    tokens = passes * layout.tokens
    matrices, attention = token_flops(sizes, row_tokens)
    head = 6.0 * sizes.config.vocab_size * sizes.config.hidden_size * (1 + sizes.mtp)
    again = (matrices + attention - head) / 3 * tokens if layout.recompute else 0.0
    rate = gpu.bf16 * share
    return StepTime(
        compute=((matrices + attention) * tokens + again) / rate,
        weights=passes * _weights_seconds(sizes, layout),
        tokens=tokens * _token_bytes(sizes, layout) / _speed(layout.expert_parallel),
        update=muon_flops(sizes) / layout.devices / rate,
        passes=passes,
        tokens_per_step=batch_tokens,
        flops=(matrices + attention) * batch_tokens,
    )


def _weights_seconds(sizes: TrainingSizes, layout: Layout) -> float:
    """Of a pass: blocks are gathered twice in bf16, the outer weights once; gradients are added up in float32.

    Experts are gathered over the devices that hold the same ones, one per group: over the network as soon as a
    group fills a machine.
    """
    blocks = sizes.config.num_hidden_layers
    mixtures = blocks - sizes.config.first_k_dense_replace
    own = _exchanged(layout.devices) * (blocks * sizes.block * (2 * HALF + FULL) + sizes.root * (HALF + FULL))
    copies = layout.devices // layout.expert_parallel
    experts = mixtures * sizes.experts / layout.expert_parallel * (2 * HALF + FULL) * _exchanged(copies)
    inside = layout.devices <= NODE
    return own / _speed(layout.devices) + experts / (NODE_BYTES if inside else NETWORK_BYTES)


def _token_bytes(sizes: TrainingSizes, layout: Layout) -> float:
    """Sent per token: to K experts and back, in both directions of the pass, and forward again when recomputing."""
    config = sizes.config
    mixtures = config.num_hidden_layers - config.first_k_dense_replace
    trips = 6 if layout.recompute else 4
    rows = config.num_experts_per_tok * config.hidden_size * HALF
    return trips * mixtures * rows * _exchanged(layout.expert_parallel)


def _exchanged(ranks: int) -> float:
    """Share of the whole that comes from other ranks."""
    return (ranks - 1) / ranks


def _speed(ranks: int) -> float:
    return NODE_BYTES if ranks <= NODE else NETWORK_BYTES
