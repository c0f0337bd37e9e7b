"""Fresh weights for a small model: random, with a copying circuit laid out in advance.

Copying an unseen word needs two attention layers to meet: one that brings each token's predecessor along, and one that
looks for the place whose predecessor equals the present token. Trained from noise, that meeting takes millions
of tokens (docs/LOG.md), most of a laptop's budget. So the first layers begin near it; every number stays trainable.
In the spirit of mimetic initialisation (Trockman and Kolter, arXiv 2305.09828); ours, not the report's.

The residual stream begins in four blocks of ``n`` dimensions:

    constant and code of the token | its value | (empty) what to say next | (empty) the previous token's code

Layer 0: two heads attend one token back (a rotation of the constant) and write the code into the last block.
Layers 1 and up: two heads match the present code with previous codes and copy half of the value into the third block,
in which the output head's rows begin as the values of their tokens.
"""

from __future__ import annotations

import math

import torch

from joyflash.errors import ConfigError
from joyflash.model.attention import LatentAttention
from joyflash.model.config import ModelConfig
from joyflash.model.joyflash import JoyFlash
from joyflash.model.moe import Router

CONSTANT = 1.6
EMBEDDING_STD = 0.2
MATCH = 1.4
"""Gain of matching queries and keys: a hit then stands out by several nats among a few hundred tokens."""
WRITE = 0.25
BACK_PAIRS = (8.0, 3.0, 3.0)
"""Attention score that the three fastest rotations give to the token one back; together they leave one peak."""


def initialise(model: JoyFlash, generator: torch.Generator | None = None) -> JoyFlash:
    """Draw all weights of ``model``; matrices that write to the residual stream start at zero but for the circuit.

    Raises:
        ConfigError: the shape leaves no room for the circuit (it needs three layers, two heads and a query rank).
    """
    with torch.no_grad():
        _draw(model, generator)
        _lay_circuit(model)
    return model


def _draw(model: JoyFlash, generator: torch.Generator | None) -> None:
    """Half the inverse root of the input width for matrices that read; zero for matrices that write."""
    for name, parameter in model.named_parameters():
        if parameter.dim() == 1:
            parameter.fill_(1.0)
        elif name.endswith(("o_proj.weight", "down_proj.weight", "experts.down_proj")):
            parameter.zero_()
        elif name == "model.embed_tokens.weight":
            parameter.normal_(std=EMBEDDING_STD, generator=generator)
        elif name == "lm_head.weight":
            parameter.normal_(std=0.002, generator=generator)
        else:
            parameter.normal_(std=0.5 * parameter.shape[-1] ** -0.5, generator=generator)
    for module in model.modules():
        if isinstance(module, Router):
            module.e_score_correction_bias.zero_()


def _lay_circuit(model: JoyFlash) -> None:
    config = model.config
    n = min(config.hidden_size // 4, config.kv_lora_rank)
    half = n // 2
    if (
        config.num_hidden_layers < 3
        or config.num_attention_heads < 2
        or config.qk_rope_head_dim < 2 * len(BACK_PAIRS)
        or half > min(config.qk_nope_head_dim, config.v_head_dim)
        or (config.q_lora_rank or 0) < n
    ):
        raise ConfigError("This shape has no room for the initial copying circuit; see joyflash.model.initialise.")
    embedding, head = model.model.embed_tokens.weight, model.lm_head.weight
    embedding[:, 0] = CONSTANT
    embedding[:, 2 * n : 4 * n] = 0
    head[:, 2 * n : 3 * n] += 0.05 / EMBEDDING_STD * embedding[:, n : 2 * n]

    first, *others = [m for m in model.model.modules() if isinstance(m, LatentAttention)]
    _read_blocks(first, config, [(0, n)])
    _look_one_back(first, config)
    for head_index in (0, 1):  # head 0 carries the first half of the code, head 1 the second
        part = slice(head_index * half, (head_index + 1) * half)
        _values(first, config, head_index)[:half, part] = torch.eye(half)
        _writes(first, config, head_index)[3 * n + part.start : 3 * n + part.stop, :half] = WRITE * torch.eye(half)
    for depth, attention in enumerate(others):
        side = depth % 2 * half
        _read_blocks(attention, config, [(3 * n + side, half), (n + side, half)])
        for head_index in (0, 1):
            _queries(attention, config, head_index)[:half, :n] = 0
            _queries(attention, config, head_index)[:half, side : side + half] = MATCH * torch.eye(half)
            _keys(attention, config, head_index)[:half] = 0
            _keys(attention, config, head_index)[:half, :half] = MATCH * torch.eye(half)
            _values(attention, config, head_index)[:half] = 0
            _values(attention, config, head_index)[:half, half : 2 * half] = torch.eye(half)
            _writes(attention, config, head_index)[2 * n + side : 2 * n + side + half, :half] = WRITE * torch.eye(half)


def _read_blocks(attention: LatentAttention, config: ModelConfig, blocks: list[tuple[int, int]]) -> None:
    """Query rank reads the constant and the code; the latent reads ``blocks`` of (first dimension, length)."""
    n = sum(length for _, length in blocks)
    query, latent = attention.q_a_proj.weight, attention.kv_a_proj_with_mqa.weight
    query[:n] = 0
    query[:n, :n] = torch.eye(n)
    latent[:n] = 0
    row = 0
    for start, length in blocks:
        latent[row : row + length, start : start + length] = torch.eye(length)
        row += length


def _look_one_back(attention: LatentAttention, config: ModelConfig) -> None:
    """Give heads 0 and 1 a constant query, rotated by one position against a constant key."""
    rotated = slice(config.kv_lora_rank, None)
    key = attention.kv_a_proj_with_mqa.weight[rotated]
    key.mul_(0.1)
    constant_in = CONSTANT / math.sqrt(EMBEDDING_STD**2 / 2 + CONSTANT**2 / config.hidden_size)
    for head_index in (0, 1):
        query = _queries(attention, config, head_index)[config.qk_nope_head_dim :]
        query.mul_(0.1)
        _queries(attention, config, head_index)[: config.qk_nope_head_dim].mul_(0.1)
        for pair, score in enumerate(BACK_PAIRS):
            size = math.sqrt(score / attention.scale)
            angle = -(config.rope_theta ** (-2 * pair / config.qk_rope_head_dim))  # one position back
            query[2 * pair : 2 * pair + 2, 0] = size / constant_in * torch.tensor([math.cos(angle), math.sin(angle)])
            key[2 * pair, 0] = size / constant_in


def _queries(attention: LatentAttention, config: ModelConfig, head: int) -> torch.Tensor:
    return attention.q_b_proj.weight.unflatten(0, (config.num_attention_heads, -1))[head]


def _keys(attention: LatentAttention, config: ModelConfig, head: int) -> torch.Tensor:
    weight = attention.kv_b_proj.weight.unflatten(0, (config.num_attention_heads, -1))[head]
    return weight[: config.qk_nope_head_dim]


def _values(attention: LatentAttention, config: ModelConfig, head: int) -> torch.Tensor:
    weight = attention.kv_b_proj.weight.unflatten(0, (config.num_attention_heads, -1))[head]
    return weight[config.qk_nope_head_dim :]


def _writes(attention: LatentAttention, config: ModelConfig, head: int) -> torch.Tensor:
    start = head * config.v_head_dim
    return attention.o_proj.weight[:, start : start + config.v_head_dim]
