"""The dense MTP drafter for SGLang, under the name of the drafter that SGLang builds for DeepSeek-V3 checkpoints."""

# pyright: reportMissingImports=false

from __future__ import annotations

from typing import Any
from unittest.mock import patch

import torch
from sglang.srt.models import deepseek_nextn as stock

from joyflash.interop.engine_config import mtp_of


class DenseDecoderLayer(stock.DeepseekV2DecoderLayer):
    """A decoder layer with a dense MLP where SGLang would put experts: in every MTP layer."""

    @staticmethod
    def _is_layer_sparse(config: Any, layer_id: int, is_nextn: bool) -> bool:
        return False


class DenseModelNextN(stock.DeepseekModelNextN):
    """SGLang's MTP model; at position 0 the embedding counts as zero, as in training and in vLLM."""

    def forward(
        self,
        input_ids: torch.Tensor,
        positions: torch.Tensor,
        forward_batch: Any,
        input_embeds: torch.Tensor | None = None,
    ) -> torch.Tensor:
        embedded = self.embed_input_ids(input_ids, forward_batch) if input_embeds is None else input_embeds
        embedded = embedded.masked_fill((positions == 0).unsqueeze(-1), 0.0)
        return super().forward(input_ids, positions, forward_batch, embedded)


class DeepseekV3ForCausalLMNextN(stock.DeepseekV3ForCausalLMNextN):
    """SGLang's drafter for checkpoints whose tensor names show experts in the MTP layer, ours for dense ones."""

    def __init__(self, config: Any, quant_config: Any = None, prefix: str = "") -> None:
        if mtp_of(config) != "dense":
            super().__init__(config, quant_config, prefix)
            return
        # SGLang names both classes inside its constructors; there is no other way in than to answer to the names.
        with patch.multiple(stock, DeepseekModelNextN=DenseModelNextN, DeepseekV2DecoderLayer=DenseDecoderLayer):
            super().__init__(config, quant_config, prefix)


EntryClass = [DeepseekV3ForCausalLMNextN]
