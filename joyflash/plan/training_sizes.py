"""The parameters of a model as training holds them, and how devices share them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import torch

from joyflash.model.config import ModelConfig
from joyflash.model.joyflash import JoyFlash, parameter_counts
from joyflash.optim.groups import Claim, claim_parameters, default_rules
from joyflash.train.recipe import stored_policy

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


class TrainingSizes:
    """The parameters of a model as training holds them: names and shapes on the meta device, and who optimises them.

    Args:
        config: the model's shape.
        mtp: with the MTP loss, if there is such a layer.
        quantize: as in a recipe.
    """

    def __init__(self, config: ModelConfig, *, mtp: bool, quantize: str | None = None):
        self.config = config
        self.quantize = quantize
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

    def trained(self, name: str) -> bool:
        """Whether a parameter gets gradients: without its loss, the MTP layer gets none."""
        return self.mtp or not name.startswith("mtp.")

    def held_by(self, layout: Layout, optimizer: str, *, idle: bool = False) -> int:
        """Parameters (a number) of the first device's part that ``optimizer`` owns; no device has more.

        ``idle``: those that are not trained, in place of those that are.

        As ``joyflash.parallel.placement`` divides them: the first axis in runs of equal length, rounded up.
        """
        return sum(
            _first_part(claim, layout)
            for claim in self.claims
            if claim.rule.optimizer == optimizer and self.trained(claim.name) != idle
        )

    def rounded(self, layout: Layout) -> int:
        """Parameters (a number) of the first device's part that are rounded for every pass, trained or not."""
        policy = stored_policy(self.quantize)
        if policy is None:
            return 0
        return sum(
            _first_part(claim, layout)
            for claim in self.claims
            if policy.stored(claim.name, claim.parameter.shape[-1]) is not None
        )


def _first_part(claim: Claim, layout: Layout) -> int:
    shape, parts = claim.parameter.shape, layout.devices
    lines = shape[0]
    if layout.expert_parallel > 1 and ".mlp.experts." in claim.name:
        lines, parts = lines // layout.expert_parallel, parts // layout.expert_parallel
    return -(-lines // parts) * math.prod(shape[1:])
