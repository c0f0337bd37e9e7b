"""FiberPO, a policy loss that gates importance ratios per trajectory and per token.

Source: "Fibration Policy Optimization", arXiv 2603.08239: Definition 5.1 (two levels), Proposition 5.2 (its Jacobian),
Definition 6.4 (FiberPO-Domain, four levels).

Letters: N tokens that count, S trajectories, G prompt groups, D domains.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from joyflash.errors import TrainingError
from joyflash.rl.columns import read_columns
from joyflash.rl.segments import number_segments, parents_of, segment_sum

Budget = float | Sequence[float]
"""A number for all levels, or (domain, group, trajectory)."""


def rollback_gate(x: Tensor, budget: float, steepness: Tensor) -> Tensor:
    """The aggregate gate g(x, C, k): x up to C, back with slope -k down to 0 at (1 + 1/k)C, then 0. Odd in x.

    Args:
        x: log-drift of a segment, any shape.
        budget: C, at least 0; infinite lets everything pass.
        steepness: k, tokens of the segment, shape of ``x``.
    """
    if math.isinf(budget):
        return x
    size = x.abs()
    falling = torch.sign(x) * (steepness + 1) * budget - steepness * x
    # (k + 1)C and kx are nearly equal for long trajectories: compare in the form that cannot lose the last digits.
    inside = (size - budget) * steepness < budget
    return torch.where(size <= budget, x, torch.where(inside, falling, torch.zeros_like(x)))


def gate(
    log_ratio: Tensor,
    trajectory: Tensor,
    *,
    epsilon: float,
    c_plus: Budget,
    c_minus: Budget,
    group: Tensor | None = None,
    domain: Tensor | None = None,
) -> Tensor:
    """The gated ratio G_i of every token (Definition 5.1; with ``group`` and ``domain`` Definition 6.4).

    Differentiable in ``log_ratio``; its signs and the clip masks count as constants. Computed in fp32, fp64 for fp64
    input. In the two-level form a trajectory's values depend on that trajectory alone, bit for bit.

    Args:
        log_ratio: log of new over old probability, float [N], finite.
        trajectory: int64 [N], any ids; tokens of one trajectory need not be neighbours.
        epsilon: half-width of the token gate.
        c_plus, c_minus: budgets of the upward and the downward drift; a number, or (domain, group, trajectory).
        group, domain: int64 [N] each; both, or neither. All trajectories of the step must be present, since groups
            and domains couple them.

    Returns:
        Float [N].

    Raises:
        TrainingError: shapes, ids or budgets do not fit together.
    """
    _check(log_ratio, trajectory, epsilon, group, domain)
    plus_budget, minus_budget = _levels(c_plus, "c_plus"), _levels(c_minus, "c_minus")
    log_ratio_N = log_ratio if log_ratio.dtype == torch.float64 else log_ratio.float()
    if log_ratio_N.numel() == 0:
        return log_ratio_N
    trajectory_N, count = number_segments(trajectory)
    length_S = torch.bincount(trajectory_N, minlength=count).to(log_ratio_N)
    # Where the ratio is 1 the sign is +1, so the slope there must be that of the upward channel.
    up_N = log_ratio_N >= 0
    zero = torch.zeros_like(log_ratio_N)
    plus_S = segment_sum(torch.where(up_N, log_ratio_N, zero), trajectory_N, count) / length_S
    minus_S = segment_sum(torch.where(up_N, zero, -log_ratio_N), trajectory_N, count) / length_S

    if group is None or domain is None:
        base_S = rollback_gate(plus_S, plus_budget[2], length_S) - rollback_gate(minus_S, minus_budget[2], length_S)
    else:
        tree = _Tree(trajectory_N, count, length_S, group, domain)
        base_S = tree.gated(plus_S, plus_budget) - tree.gated(minus_S, minus_budget)

    sign_N = torch.where(up_N, 1.0, -1.0).to(log_ratio_N)
    plus_N, minus_N = plus_S[trajectory_N], minus_S[trajectory_N]
    own_N = sign_N * log_ratio_N - torch.where(up_N, plus_N, minus_N)
    other_N = -torch.where(up_N, minus_N, plus_N)
    residual_N = (sign_N * own_N).clamp(-epsilon, epsilon) - (sign_N * other_N).clamp(-epsilon, epsilon)
    return torch.exp(base_S[trajectory_N] + residual_N)


def loss(
    log_prob: Tensor,
    old_log_prob: Tensor,
    advantage: Tensor,
    trajectory: Tensor,
    mask: Tensor,
    *,
    num_trajectories: int,
    epsilon: float,
    c_plus: Budget,
    c_minus: Budget,
    group: Tensor | None = None,
    domain: Tensor | None = None,
) -> Tensor:
    """-J: minus the mean over trajectories of the mean over their tokens of G·advantage, a scalar.

    Args:
        log_prob: log-probability of each sampled token under the policy in training, float [N].
        old_log_prob: the same under the policy that sampled, float [N]; no gradient flows into it.
        advantage: float [N].
        trajectory: int64 [N].
        mask: bool [N] (or 0 and 1); False leaves a token out of everything. A trajectory without tokens counts nowhere.
        num_trajectories: non-empty trajectories of the **whole** optimiser step, over all micro-batches and ranks.
        epsilon, c_plus, c_minus, group, domain: as in `gate`.

    Raises:
        TrainingError: shapes, ids, budgets or the number of trajectories do not fit together.
    """
    ids = {"group": group, "domain": domain}
    columns = read_columns(log_prob, old_log_prob, advantage, trajectory, mask, num_trajectories, ids)
    gated_N = gate(
        columns.log_ratio_N,
        columns.trajectory_N,
        epsilon=epsilon,
        c_plus=c_plus,
        c_minus=c_minus,
        group=columns.ids.get("group"),
        domain=columns.ids.get("domain"),
    )
    return -columns.mean_trajectories(gated_N * columns.advantage_N).sum() / num_trajectories


class _Tree:
    """Trajectories in prompt groups in domains: means and gates on every level (Definition 6.4)."""

    def __init__(self, trajectory_N: Tensor, count: int, length_S: Tensor, group: Tensor, domain: Tensor):
        group_N, groups = number_segments(group)
        domain_N, domains = number_segments(domain)
        self.group_S = parents_of(trajectory_N, group_N, count, "a trajectory lies in two groups")
        self.domain_G = parents_of(group_N, domain_N, groups, "a group lies in two domains")
        self.domain_S = self.domain_G[self.group_S]
        self.groups, self.domains = groups, domains
        self.length_S = length_S
        self.length_G = segment_sum(length_S, self.group_S, groups)
        self.length_D = segment_sum(self.length_G, self.domain_G, domains)
        self.size_G = torch.bincount(self.group_S, minlength=groups).to(length_S)
        self.size_D = torch.bincount(self.domain_S, minlength=domains).to(length_S)

    def gated(self, drift_S: Tensor, budget: tuple[float, float, float]) -> Tensor:
        """Gate one channel's drift on each level: the domain's, what the group adds, what the trajectory adds."""
        drift_G = segment_sum(drift_S, self.group_S, self.groups) / self.size_G
        # The paper weights groups by their trajectories: the plain mean over the domain's trajectories.
        drift_D = segment_sum(self.size_G * drift_G, self.domain_G, self.domains) / self.size_D
        gated_D = rollback_gate(drift_D, budget[0], self.length_D)
        gated_G = rollback_gate(drift_G - drift_D[self.domain_G], budget[1], self.length_G)
        gated_S = rollback_gate(drift_S - drift_G[self.group_S], budget[2], self.length_S)
        return gated_D[self.domain_S] + gated_G[self.group_S] + gated_S


def _levels(budget: Budget, name: str) -> tuple[float, float, float]:
    """A budget as (domain, group, trajectory)."""
    values = (budget,) * 3 if isinstance(budget, (int, float)) else tuple(budget)
    if len(values) != 3 or any(math.isnan(value) or value < 0 for value in values):
        raise TrainingError(f"{name} is {budget!r}; give a number of at least 0, or three: domain, group, trajectory.")
    return float(values[0]), float(values[1]), float(values[2])


def _check(log_ratio: Tensor, trajectory: Tensor, epsilon: float, group: Tensor | None, domain: Tensor | None) -> None:
    if log_ratio.dim() != 1 or not log_ratio.is_floating_point():
        raise TrainingError(f"log_ratio must be a 1-D float tensor; it is {log_ratio.dtype} {list(log_ratio.shape)}.")
    if not epsilon >= 0:
        raise TrainingError(f"epsilon is {epsilon!r}; it must be at least 0.")
    if (group is None) != (domain is None):
        raise TrainingError("group and domain belong together: give both (four levels) or neither (two levels).")
    for name, ids in {"trajectory": trajectory, "group": group, "domain": domain}.items():
        if ids is not None and (ids.shape != log_ratio.shape or ids.is_floating_point()):
            raise TrainingError(f"{name} must hold one integer id per entry of log_ratio; it is {list(ids.shape)}.")
