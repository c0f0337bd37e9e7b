"""FiberPO in TRL: ``fiberpo_trainer()`` gives TRL's GRPO trainer with the loss exchanged, and nothing else.

Written against TRL 1.16, and run with it on a CPU (tests/interop/test_trl_peer.py)::

    trainer = fiberpo_trainer()(model=..., args=GRPOConfig(...), reward_funcs=..., train_dataset=...)

For off-policy steps, which FiberPO is made for, give the GRPOConfig ``num_iterations`` or ``steps_per_generation``.
"""

# pyright: reportMissingImports=false

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from joyflash.errors import InteropError
from joyflash.extras import require
from joyflash.rl.padded import padded_loss

_REFUSED = {
    "beta": 0.0,
    "top_entropy_quantile": 1.0,
    "off_policy_mask_threshold": None,
    "use_liger_kernel": False,
    "_entropy_bonus_enabled": False,
    "aux_loss_enabled": False,
    "use_vllm": False,
    "mask_truncated_completions": False,  # whole rows would leave a micro-batch's mean, which counts the rest
}
"""Settings of TRL's loss that FiberPO has no place for, and the value at which each is off."""


def fiberpo_trainer(*, epsilon: float = 0.025, c_plus: float = 0.15, c_minus: float = 0.09) -> type[Any]:
    """TRL's ``GRPOTrainer`` with FiberPO as its loss.

    Args:
        epsilon, c_plus, c_minus: see ``joyflash.rl.fiberpo``.

    Raises:
        MissingExtraError: TRL is not installed.
        InteropError: this TRL is built differently.
    """
    base = require("trl", extra="trl").GRPOTrainer
    if not all(hasattr(base, name) for name in ("_compute_loss", "_get_per_token_logps_and_entropies")):
        raise InteropError("This TRL's GRPOTrainer computes its loss elsewhere; the adapter was written for TRL 1.16.")

    class FiberPOTrainer(base):
        """See ``fiberpo_trainer``."""

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            for name, off in _REFUSED.items():
                if getattr(self, name, off) != off:
                    raise InteropError(f"FiberPO has no place for {name.strip('_')}; leave it at {off!r}.")

        def _compute_loss(self, model: Any, inputs: dict[str, Any]) -> Tensor:
            """FiberPO over the completions of a micro-batch, divided by the number of micro-batches of a step."""
            ids = torch.cat([inputs["prompt_ids"], inputs["completion_ids"]], dim=1)
            attention = torch.cat([inputs["prompt_mask"], inputs["completion_mask"]], dim=1)
            mask_BT = inputs["completion_mask"]
            if "tool_mask" in inputs:
                mask_BT = mask_BT * inputs["tool_mask"]
            log_prob_BT, entropy_BT, _ = self._get_per_token_logps_and_entropies(
                model, ids, attention, inputs["completion_ids"].size(1), compute_entropy=True
            )
            old_BT = inputs.get("old_per_token_logps")
            old_BT = log_prob_BT.detach() if old_BT is None else old_BT
            budgets = {"epsilon": epsilon, "c_plus": c_plus, "c_minus": c_minus}
            loss = padded_loss(log_prob_BT, old_BT, inputs["advantages"], mask_BT, **budgets)
            mode = "train" if self.model.training else "eval"
            keep_BT = mask_BT.bool()
            ratio = (log_prob_BT.detach() - old_BT)[keep_BT].exp().mean()
            self._metrics[mode]["fiberpo/ratio"].append(float(ratio))
            self._metrics[mode]["entropy"].append(float(entropy_BT[keep_BT].mean()))
            return loss / (self.current_gradient_accumulation_steps if mode == "train" else 1)

    return FiberPOTrainer
