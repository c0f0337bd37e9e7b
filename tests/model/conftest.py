"""Small models of several shapes, shared by the tests of this room."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from joyflash.model.config import ModelConfig
from joyflash.model.joyflash import JoyFlash

TINY = ModelConfig(
    vocab_size=97,
    hidden_size=32,
    num_hidden_layers=3,
    intermediate_size=48,
    num_attention_heads=4,
    q_lora_rank=24,
    kv_lora_rank=16,
    qk_nope_head_dim=8,
    qk_rope_head_dim=4,
    v_head_dim=8,
    n_routed_experts=8,
    num_experts_per_tok=3,
    moe_intermediate_size=16,
    rope_theta=10_000.0,
    max_position_embeddings=256,
)
SHAPES = {
    "tiny": TINY,
    "no_q_lora": dataclasses.replace(TINY, q_lora_rank=None),
    "wide_values": dataclasses.replace(TINY, v_head_dim=20, num_attention_heads=2),
    "two_shared": dataclasses.replace(TINY, n_shared_experts=2, num_experts_per_tok=1, norm_topk_prob=False),
    "all_moe": dataclasses.replace(TINY, first_k_dense_replace=0, num_hidden_layers=2, routed_scaling_factor=1.0),
}


def random_model(config: ModelConfig, seed: int = 0) -> JoyFlash:
    """A model whose every parameter, router biases included, is random and far from trivial."""
    generator = torch.Generator().manual_seed(seed)
    model = JoyFlash(config)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() == 1:
                parameter.uniform_(0.5, 1.5, generator=generator)
            else:
                parameter.normal_(std=parameter.shape[-1] ** -0.5, generator=generator)
        for name, buffer in model.named_buffers():
            if name.endswith("e_score_correction_bias"):
                buffer.normal_(std=0.2, generator=generator)
    return model.eval()


@pytest.fixture(params=SHAPES)
def shape(request) -> ModelConfig:
    return SHAPES[request.param]
