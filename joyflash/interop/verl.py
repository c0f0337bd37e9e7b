"""FiberPO in verl: ``register()`` adds it to verl's registry of policy losses.

Written against verl 0.9.1's ``verl.trainer.ppo.core_algos``. In every worker, before training (for example through
``VERL_USE_EXTERNAL_MODULES``)::

    from joyflash.interop.verl import register
    register()

and in the configuration ``actor_rollout_ref.actor.policy_loss.loss_mode=fiberpo``. The loss is always FiberPO's own
mean over trajectories of the mean over their tokens, so verl's ``loss_agg_mode`` must be ``seq-mean-token-mean``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor

from joyflash.errors import InteropError
from joyflash.extras import require
from joyflash.rl.padded import padded_loss

NAME = "fiberpo"


def register(*, epsilon: float = 0.025, c_plus: float = 0.15, c_minus: float = 0.09, name: str = NAME) -> None:
    """Register FiberPO under ``name``.

    Args:
        epsilon, c_plus, c_minus: see ``joyflash.rl.fiberpo``.

    Raises:
        MissingExtraError: verl is not installed.
        InteropError: this verl has no registry of policy losses.
    """
    require("verl", extra="verl")
    algorithms = require("verl.trainer.ppo.core_algos", extra="verl")
    if not hasattr(algorithms, "register_policy_loss"):
        raise InteropError("This verl has no registry of policy losses; the adapter was written for verl 0.9.1.")
    algorithms.register_policy_loss(name)(policy_loss(epsilon=epsilon, c_plus=c_plus, c_minus=c_minus))


def policy_loss(
    *, epsilon: float = 0.025, c_plus: float = 0.15, c_minus: float = 0.09
) -> Callable[..., tuple[Tensor, dict[str, Any]]]:
    """The loss as verl calls it."""

    def compute_policy_loss_fiberpo(
        old_log_prob: Tensor,
        log_prob: Tensor,
        advantages: Tensor,
        response_mask: Tensor,
        loss_agg_mode: str = "seq-mean-token-mean",
        config: Any = None,
        rollout_is_weights: Tensor | None = None,
    ) -> tuple[Tensor, dict[str, Any]]:
        """FiberPO over the responses of a micro-batch, scaled for the global batch as ``agg_loss`` scales.

        Raises:
            InteropError: another aggregation or a rollout correction is asked for.
        """
        if loss_agg_mode != "seq-mean-token-mean":
            raise InteropError(
                f"loss_agg_mode is {loss_agg_mode}; FiberPO averages tokens, then trajectories: seq-mean-token-mean."
            )
        if rollout_is_weights is not None:
            raise InteropError("FiberPO gates whole trajectories; leave verl's rollout correction weights off.")
        world = dict(getattr(config, "global_batch_info", None) or {})
        size, parallel = world.get("global_batch_size"), world.get("dp_size", 1) or 1
        if size is None and parallel > 1:
            raise InteropError("global_batch_size is required when dp_size is above 1.")
        loss = padded_loss(
            log_prob,
            old_log_prob,
            advantages,
            response_mask,
            num_trajectories=None if size is None else float(size),
            epsilon=epsilon,
            c_plus=c_plus,
            c_minus=c_minus,
        )
        log_ratio = (log_prob.detach() - old_log_prob)[response_mask.bool()]
        metrics = {"actor/ppo_kl": float(-log_ratio.mean()), "actor/fiberpo_ratio": float(log_ratio.exp().mean())}
        return loss * parallel, metrics

    return compute_policy_loss_fiberpo
