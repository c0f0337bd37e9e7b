"""Mixture of experts: sigmoid router with a correction bias, routed experts and one shared expert.

Source: DeepSeek-V3 (arXiv 2412.19437, section 2.1.2). The bias steers only *which* experts are chosen, never their
weights.

Letters: T tokens, K chosen experts, E experts, D hidden.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F

from joyflash.model.config import ModelConfig
from joyflash.model.expert_parallel import ExpertGroup, exchanged_experts
from joyflash.model.experts import routed_experts
from joyflash.model.feed_forward import FeedForward


class Router(nn.Module):
    """Choose experts in fp32, whatever the model's dtype."""

    def __init__(self, config: ModelConfig):
        super().__init__()
        self.config = config
        self.weight = nn.Parameter(torch.empty(config.n_routed_experts, config.hidden_size))
        self.e_score_correction_bias: torch.Tensor
        self.register_buffer("e_score_correction_bias", torch.zeros(config.n_routed_experts))

    def forward(self, x_TD: torch.Tensor, given_TK: torch.Tensor | None = None) -> tuple[torch.Tensor, torch.Tensor]:
        """Return chosen experts int64 [T, K] and their fp32 weights [T, K].

        Where ``given_TK`` is not -1 it is the choice, made elsewhere; the weights always follow from ``x_TD``.
        """
        scores_TE = F.linear(x_TD.float(), self.weight.float()).sigmoid()
        steered_TE = scores_TE.detach() + self.e_score_correction_bias.float()
        chosen_TK = steered_TE.topk(self.config.num_experts_per_tok, dim=-1, sorted=False).indices
        if given_TK is not None:
            chosen_TK = torch.where(given_TK[:, :1] >= 0, given_TK, chosen_TK)
        weight_TK = scores_TE.gather(1, chosen_TK)
        if self.config.norm_topk_prob:
            weight_TK = weight_TK / (weight_TK.sum(dim=-1, keepdim=True) + 1e-20)
        return chosen_TK, weight_TK * self.config.routed_scaling_factor


class Experts(nn.Module):
    """The routed experts' matrices, stacked: gate above up, and down."""

    def __init__(self, config: ModelConfig):
        super().__init__()
        experts, hidden, width = config.n_routed_experts, config.hidden_size, config.moe_intermediate_size
        self.gate_up_proj = nn.Parameter(torch.empty(experts, 2 * width, hidden))
        self.down_proj = nn.Parameter(torch.empty(experts, hidden, width))
        self.group: ExpertGroup | None = None

    def forward(
        self, x_TD: torch.Tensor, chosen_TK: torch.Tensor, weight_TK: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Weighted sum of each token's chosen experts [T, D], and the tokens that chose each expert, int64 [E]."""
        if self.group is not None:
            return exchanged_experts(x_TD, chosen_TK, weight_TK, self.gate_up_proj, self.down_proj, self.group)
        return routed_experts(x_TD, chosen_TK, weight_TK, self.gate_up_proj, self.down_proj)[:2]

    def divide(self, group: ExpertGroup) -> None:
        """Keep only this rank's run of the experts; from now on tokens travel to the ranks of their experts."""
        self.group = group
        self.gate_up_proj = nn.Parameter(group.part(self.gate_up_proj.detach()))
        self.down_proj = nn.Parameter(group.part(self.down_proj.detach()))


class MixtureOfExperts(nn.Module):
    """Routed plus shared experts on [..., D] -> [..., D]."""

    def __init__(self, config: ModelConfig):
        super().__init__()
        self.gate = Router(config)
        self.experts = Experts(config)
        self.shared_experts = FeedForward(config.hidden_size, config.moe_intermediate_size * config.n_shared_experts)
        self.counting = True
        self.tokens_per_expert_E: torch.Tensor
        self.register_buffer(
            "tokens_per_expert_E", torch.zeros(config.n_routed_experts, dtype=torch.int64), persistent=False
        )

    def forward(self, x: torch.Tensor, given_TK: torch.Tensor | None = None) -> torch.Tensor:
        """Apply; in training mode the load is added to ``tokens_per_expert_E`` while ``counting``.

        ``given_TK``: experts to take instead of the router's choice, see there.
        """
        x_TD = x.flatten(0, -2)
        chosen_TK, weight_TK = self.gate(x_TD, given_TK)
        out_TD, counts_E = self.experts(x_TD, chosen_TK, weight_TK.to(x.dtype))
        if self.training and self.counting:
            self.tokens_per_expert_E += counts_E
        return (out_TD + self.shared_experts(x_TD)).view_as(x)
