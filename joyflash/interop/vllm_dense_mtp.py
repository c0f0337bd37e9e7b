"""The dense MTP drafter for vLLM. Imported by vLLM, through the name that ``vllm_plugin`` registers."""

# pyright: reportMissingImports=false

from __future__ import annotations

from vllm.model_executor.models.deepseek_mtp import DeepSeekMTP
from vllm.model_executor.models.deepseek_v2 import DeepseekV2MLP

from joyflash.errors import InteropError


class DenseMTP(DeepSeekMTP):
    """vLLM's DeepSeek MTP drafter around a block whose MLP is dense, as the drafter's configuration asks.

    Names, fused projections, and the embedding and head shared with the trunk are the parent's business.
    """

    def set_moe_parameters(self) -> None:
        """Called while the parent builds itself: note that there are no experts, and make sure of it.

        Raises:
            InteropError: this vLLM built experts nevertheless; their weights would not be found.
        """
        super().set_moe_parameters()
        for name, layer in self.model.layers.items():
            if not isinstance(layer.mtp_block.mlp, DeepseekV2MLP):
                raise InteropError(
                    f"This vLLM gave MTP layer {name} experts although first_k_dense_replace is "
                    f"{layer.config.first_k_dense_replace}. Use a vLLM near 0.32, or no --speculative-config."
                )
