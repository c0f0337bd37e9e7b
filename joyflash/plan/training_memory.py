"""Memory of one device in training: what is held all the time, and what a pass over some tokens adds at its peak.

It counts what ``joyflash.train.distributed`` keeps under FSDP2 and expert parallelism; `benchmarks/training_memory.py`
holds it against PyTorch's own memory tracker on dry runs of the full model.

Letters: D hidden, V vocabulary, K chosen experts, I expert width, W devices. Numbers are bytes unless they say so.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from joyflash.errors import ConfigError
from joyflash.model.config import ModelConfig
from joyflash.optim.muon_sharded import MATRICES_AT_ONCE
from joyflash.plan.training_sizes import Layout, TrainingSizes
from joyflash.train.losses import logits_at_once

FULL, HALF = 4, 2  # bytes of a number


@dataclass(frozen=True)
class TrainingMemory:
    """Bytes on the device that holds most.

    Attributes:
        weights: float32, this device's part.
        gradients: float32, of the same part.
        momentum: Muon's, and its second moments.
        moments: AdamW's two.
        activations: kept from the forward pass for the backward pass.
        working: further tensors at the peak of a pass: weights that are whole while they are used, gradients on the way
            to their parts, a block computed again, temporaries.
        rounded: float32, during a pass: what the weights were before they were rounded for it (``quantize``).
        update: further tensors while Muon steps.
    """

    weights: int
    gradients: int
    momentum: int
    moments: int
    activations: int
    working: int
    rounded: int
    update: int

    @property
    def held(self) -> int:
        """What is there between passes."""
        return self.weights + self.gradients + self.momentum + self.moments

    @property
    def pass_peak(self) -> int:
        """The most at one time in forward and backward pass."""
        return self.held + self.activations + self.working + self.rounded

    @property
    def update_peak(self) -> int:
        """The most at one time in the optimiser's step."""
        return self.held + self.update

    @property
    def peak(self) -> int:
        """The larger of the two."""
        return max(self.pass_peak, self.update_peak)


def training_memory(sizes: TrainingSizes, layout: Layout) -> TrainingMemory:
    """Work out the memory of the fullest device.

    Raises:
        ConfigError: the devices cannot be arranged so.
    """
    if layout.devices % layout.expert_parallel or sizes.config.n_routed_experts % layout.expert_parallel:
        raise ConfigError(
            f"{layout.devices} devices and {sizes.config.n_routed_experts} experts cannot be divided into groups of "
            f"{layout.expert_parallel}."
        )
    muon, adamw = sizes.held_by(layout, "muon"), sizes.held_by(layout, "adamw")
    idle = sizes.held_by(layout, "muon", idle=True) + sizes.held_by(layout, "adamw", idle=True)
    per_token = activation_bytes(sizes.config, layout)
    activations = layout.tokens * _kept(sizes, layout, per_token)
    return TrainingMemory(
        weights=FULL * (muon + adamw + idle),
        gradients=FULL * (muon + adamw),
        momentum=FULL * muon + _second_moments(sizes, layout),
        moments=2 * FULL * adamw,
        activations=activations,
        working=_working(sizes, layout, per_token, activations),
        rounded=FULL * sizes.rounded(layout),
        update=FULL * muon + _batch_of_matrices(sizes, layout),
    )


@dataclass(frozen=True)
class PerToken:
    """Bytes that one token leaves for the backward pass, or needs in it.

    Attributes:
        block_input: the residual stream.
        dense, mixture: a whole block, its input included.
        backward: temporaries of the routed experts' backward pass.
        head: what the output head keeps.
    """

    block_input: int
    dense: int
    mixture: int
    backward: int
    head: int


def activation_bytes(config: ModelConfig, layout: Layout) -> PerToken:
    """What PyTorch keeps of one token in the blocks: the inputs of products, of norms and of SwiGLU, in bf16."""
    hidden, heads, chosen = config.hidden_size, config.num_attention_heads, config.num_experts_per_tok
    width, wide = config.moe_intermediate_size, max(config.qk_head_dim, config.v_head_dim)
    stream = HALF * hidden
    rank = config.q_lora_rank or 0
    attention = HALF * (
        2 * hidden  # the stream, and normed for the projections
        + 2 * rank  # the query's latent, and normed
        + config.cache_width + config.kv_lora_rank  # the same for keys and values
        + 4 * heads * wide  # query, key, value and output of the attention, equally wide
        + heads * config.v_head_dim  # the output as the projection reads it
    ) + FULL * (heads + 3)  # log-sum-exp, and the norms' scales  # fmt: skip
    feed = HALF * 2 * hidden + FULL  # the stream again, and normed
    router = FULL * (hidden + config.n_routed_experts) + 40 * chosen
    routed = HALF * chosen * 2 * width + 8 * chosen
    if layout.expert_parallel > 1:
        routed += HALF * chosen * hidden + 24 * chosen  # the rows that came, sorted by expert
    shared = HALF * 4 * width * config.n_shared_experts
    return PerToken(
        block_input=stream,
        dense=attention + feed + HALF * 4 * config.intermediate_size,
        mixture=attention + feed + router + routed + shared,
        backward=HALF * chosen * (2 * hidden + 4 * width),
        head=2 * stream + FULL,
    )


def _kept(sizes: TrainingSizes, layout: Layout, per_token: PerToken) -> int:
    """Of one token, from the forward pass: all blocks, and what lies around them."""
    dense = sizes.config.first_k_dense_replace + sizes.mtp
    mixtures = sizes.config.num_hidden_layers - sizes.config.first_k_dense_replace
    outer = (1 + sizes.mtp) * (per_token.head + 2 * per_token.block_input)
    if layout.recompute:
        return (dense + mixtures) * per_token.block_input + outer
    return dense * per_token.dense + mixtures * per_token.mixture + outer


def _working(sizes: TrainingSizes, layout: Layout, per_token: PerToken, activations: int) -> int:
    """The largest of four moments of the backward pass; the outer weights are whole in all of them.

    Head: its gradient in float32, made in the forward pass, once more times the loss's, then in bf16; or the logits.
    Blocks: that bf16 gradient, and the embedding's from the MTP layer; weights of the block and of the next; the
    block's gradients; the block computed again; temporaries of the experts' backward pass.
    Sums: weights of the next block, the block's gradients in bf16 and, to be added up, in float32, and the sum.
    End, when the activations are gone: the outer gradients in bf16, in float32, and their sum.
    """
    head = sizes.config.vocab_size * sizes.config.hidden_size
    chunk = min(layout.tokens, logits_at_once(sizes.config.vocab_size, on_gpu=True))
    logits = (1 + sizes.mtp) * FULL * head + chunk * sizes.config.vocab_size * (HALF + FULL)
    at_head = max((2 + sizes.mtp) * FULL * head + HALF * head, logits)
    block = sizes.block + sizes.experts // layout.expert_parallel
    again = max(per_token.mixture, per_token.dense) if layout.recompute else 0
    in_blocks = (1 + sizes.mtp) * HALF * head + 3 * HALF * block + layout.tokens * (again + per_token.backward)
    in_sums = HALF * head + (2 * HALF + FULL) * block + FULL * block // layout.devices
    at_end = (HALF + FULL) * sizes.root + FULL * sizes.root // layout.devices - activations
    return HALF * sizes.root + max(at_head, in_blocks, in_sums, at_end)


def _second_moments(sizes: TrainingSizes, layout: Layout) -> int:
    numbers = 0
    for claim in sizes.claims:
        if claim.rule.optimizer == "muon" and sizes.trained(claim.name):
            rows, columns = claim.matrix_rows or claim.parameter.shape[-2], claim.parameter.shape[-1]
            numbers += claim.parameter.numel() // min(rows, columns)
    return FULL * numbers // layout.devices


def _batch_of_matrices(sizes: TrainingSizes, layout: Layout) -> int:
    """Matrices of one shape that are worked on together: in float32, their answers, and iterates in bf16."""
    of_shape: Counter[tuple[int, int]] = Counter()
    for claim in sizes.claims:
        if claim.rule.optimizer == "muon" and sizes.trained(claim.name):
            rows, columns = claim.matrix_rows or claim.parameter.shape[-2], claim.parameter.shape[-1]
            of_shape[rows, columns] += claim.parameter.numel()
    return min(max(of_shape.values()) // layout.devices, MATRICES_AT_ONCE) * (2 * FULL + 4 * HALF)
