"""Memory of one device in training: what is held all the time, and what a pass over some tokens adds at its peak.

It counts what ``joyflash.train.distributed`` keeps under FSDP2 and expert parallelism; `benchmarks/training_memory.py`
holds it against PyTorch's own memory tracker on dry runs of the full model.

Letters: D hidden, V vocabulary, K chosen experts, I expert width, W devices. Numbers are bytes unless they say so.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import torch

from joyflash.errors import ConfigError
from joyflash.model.config import ModelConfig
from joyflash.model.joyflash import JoyFlash, parameter_counts
from joyflash.optim.groups import claim_parameters, default_rules
from joyflash.optim.muon_sharded import MATRICES_AT_ONCE
from joyflash.train.losses import logits_at_once

FULL, HALF = 4, 2  # bytes of a number
BLOCKS = ("model.layers.", "mtp.block.")


@dataclass(frozen=True)
class Layout:
    """How ``devices`` share the model.

    Attributes:
        devices: W; all of them divide the optimiser's weights (FSDP2).
        expert_parallel: devices that share one set of experts, to which tokens travel.
        recompute: blocks keep only their input.
        tokens: that one device works on in one pass: a row, or several joined.
    """

    devices: int
    expert_parallel: int
    recompute: bool
    tokens: int


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
        update: further tensors while Muon steps.
    """

    weights: int
    gradients: int
    momentum: int
    moments: int
    activations: int
    working: int
    update: int

    @property
    def held(self) -> int:
        """What is there between passes."""
        return self.weights + self.gradients + self.momentum + self.moments

    @property
    def pass_peak(self) -> int:
        """The most at one time in forward and backward pass."""
        return self.held + self.activations + self.working

    @property
    def update_peak(self) -> int:
        """The most at one time in the optimiser's step."""
        return self.held + self.update

    @property
    def peak(self) -> int:
        """The larger of the two."""
        return max(self.pass_peak, self.update_peak)


class TrainingSizes:
    """The parameters of a model as training holds them: names and shapes on the meta device, and who optimises them."""

    def __init__(self, config: ModelConfig, *, mtp: bool):
        self.config = config
        self.mtp = mtp and config.num_nextn_predict_layers > 0
        with torch.device("meta"):
            model = JoyFlash(config)
        self.claims = claim_parameters(model.named_parameters(), default_rules(config))

    @cached_property
    def counts(self) -> dict[str, int]:
        """See ``parameter_counts``."""
        return parameter_counts(self.config)

    @cached_property
    def root(self) -> int:
        """Parameters outside of the blocks: embedding, head, norms, and the MTP layer's own."""
        return sum(c.parameter.numel() for c in self.claims if not c.name.startswith(BLOCKS))

    @cached_property
    def block(self) -> int:
        """Parameters of one mixture block without its routed experts."""
        prefix = f"model.layers.{self.config.first_k_dense_replace}."
        return sum(
            c.parameter.numel() for c in self.claims if c.name.startswith(prefix) and ".mlp.experts." not in c.name
        )

    @cached_property
    def experts(self) -> int:
        """Parameters of one block's routed experts."""
        return 3 * self.config.n_routed_experts * self.config.hidden_size * self.config.moe_intermediate_size

    def held_by(self, layout: Layout, optimizer: str) -> int:
        """Parameters (a number) of the first device's part that ``optimizer`` owns; no device has more.

        As ``joyflash.parallel.placement`` divides them: the first axis in runs of equal length, rounded up.
        """
        found = 0
        for claim in self.claims:
            if claim.rule.optimizer == optimizer:
                shape, parts = claim.parameter.shape, layout.devices
                lines = shape[0]
                if layout.expert_parallel > 1 and ".mlp.experts." in claim.name:
                    lines, parts = lines // layout.expert_parallel, parts // layout.expert_parallel
                found += -(-lines // parts) * math.prod(shape[1:])
        return found


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
    per_token = activation_bytes(sizes.config, layout)
    activations = layout.tokens * _kept(sizes, layout, per_token)
    return TrainingMemory(
        weights=FULL * (muon + adamw),
        gradients=FULL * (muon + adamw),
        momentum=FULL * muon + _second_moments(sizes, layout),
        moments=2 * FULL * adamw,
        activations=activations,
        working=_working(sizes, layout, per_token, activations),
        update=FULL * muon + _batch_of_matrices(muon),
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
        backward=HALF * chosen * (2 * hidden + 7 * width),
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
    """The largest of three moments of the backward pass; the outer weights are whole in all of them.

    Head: its gradient in float32, made in the forward pass, once more times the loss's, then in bf16; or the logits.
    Blocks: that bf16 gradient, and the embedding's from the MTP layer; weights of the block and of the next; the
    block's gradients; the block computed again; temporaries of the experts' backward pass.
    End, when the activations are gone: the outer gradients in bf16, in float32, and their sum.
    """
    head = sizes.config.vocab_size * sizes.config.hidden_size
    chunk = min(layout.tokens, logits_at_once(sizes.config.vocab_size, on_gpu=True))
    logits = (1 + sizes.mtp) * FULL * head + chunk * sizes.config.vocab_size * (HALF + FULL)
    at_head = max((2 + sizes.mtp) * FULL * head + HALF * head, logits)
    block = sizes.block + sizes.experts // layout.expert_parallel
    again = max(per_token.mixture, per_token.dense) if layout.recompute else 0
    in_blocks = (1 + sizes.mtp) * HALF * head + 3 * HALF * block + layout.tokens * (again + per_token.backward)
    at_end = (HALF + FULL) * sizes.root + FULL * sizes.root // layout.devices - activations
    return HALF * sizes.root + max(at_head, in_blocks, at_end)


def _second_moments(sizes: TrainingSizes, layout: Layout) -> int:
    numbers = 0
    for claim in sizes.claims:
        if claim.rule.optimizer == "muon":
            rows, columns = claim.matrix_rows or claim.parameter.shape[-2], claim.parameter.shape[-1]
            numbers += claim.parameter.numel() // min(rows, columns)
    return FULL * numbers // layout.devices


def _batch_of_matrices(muon: int) -> int:
    """Stacked matrices in float32, their iterates in bf16 (five of them) and the answers in float32."""
    return min(muon, MATRICES_AT_ONCE) * (3 * FULL + 5 * HALF)
