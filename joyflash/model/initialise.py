"""Fresh weights for a small model: random, with a copying circuit laid out in advance.

Copying an unseen word needs two attention layers to meet: one that brings each token's predecessor along, and one that
looks for the place whose predecessor equals the present token. Trained from noise, that meeting takes millions
of tokens (docs/LOG.md), most of a laptop's budget. So the first layers begin near it; every number stays trainable.
In the spirit of mimetic initialisation (Trockman and Kolter, arXiv 2305.09828); ours, not the report's.

The residual stream begins in blocks (a unit is a sixteenth of the width, at most as much as the heads can carry):

    3 constant and code of the token | 4 its value | 4 (empty) what to say next | 3 (empty) code of the token before it
    | 2 (empty) part of the code of the one before that

Layer 0: one head attends one token back, one attends two back (rotations of the constant); they fill the last blocks.
Layers 1 and up: one head looks for places whose two predecessors are the present token and the one before it, and
copies the value found there into the block of what to say next, in which the output head's rows begin as the values of
their tokens. Of the codes, even and odd layers compare different parts.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch

from joyflash.errors import ConfigError
from joyflash.model.attention import LatentAttention
from joyflash.model.config import ModelConfig
from joyflash.model.joyflash import JoyFlash
from joyflash.model.moe import Router

CONSTANT = 1.6
EMBEDDING_STD = 0.2
MATCH = 2.2
"""Gain of matching queries and keys: a hit then stands out by several nats among a few hundred tokens."""
CONTEXT = 1.3
"""Weight of the second predecessor beside the first: it decides between several places that hold the same token."""
WRITE = 0.4
BACK_PAIRS = (8.0, 3.0, 3.0)
"""Attention score that the three fastest rotations give to the token looked at; together they leave one peak."""


Keep = Callable[[str, torch.Tensor], None]


def initialise(model: JoyFlash, generator: torch.Generator | None = None, keep: Keep | None = None) -> JoyFlash:
    """Draw all weights of ``model``; matrices that write to the residual stream start at zero but for the circuit.

    Args:
        keep: is given name and value of each routed expert tensor that is on the meta device, in turn: a model larger
            than memory is drawn tensor by tensor.

    Raises:
        ConfigError: the shape leaves no room for the circuit (it needs three layers, two heads and a query rank).
    """
    with torch.no_grad():
        _draw(model, generator, keep)
        _lay_circuit(model)
    return model


def _draw(model: JoyFlash, generator: torch.Generator | None, keep: Keep | None) -> None:
    """Half the inverse root of the input width for matrices that read; zero for matrices that write."""
    for name, held in model.named_parameters():
        parameter = torch.empty(held.shape) if held.is_meta and keep is not None else held
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
        if parameter is not held and keep is not None:
            keep(name, parameter)
    for module in model.modules():
        if isinstance(module, Router):
            module.e_score_correction_bias.zero_()


@dataclass(frozen=True)
class _Blocks:
    """Where the parts of the residual stream lie, in units of ``unit`` dimensions."""

    unit: int

    @property
    def code(self) -> slice:
        return slice(0, 3 * self.unit)

    @property
    def value(self) -> slice:
        return slice(3 * self.unit, 7 * self.unit)

    @property
    def say(self) -> slice:
        return slice(7 * self.unit, 11 * self.unit)

    @property
    def previous(self) -> slice:
        return slice(11 * self.unit, 14 * self.unit)

    @property
    def second(self) -> slice:
        return slice(14 * self.unit, 16 * self.unit)


def _lay_circuit(model: JoyFlash) -> None:
    config = model.config
    unit = min(
        config.hidden_size // 16,
        (config.q_lora_rank or 0) // 6,
        config.kv_lora_rank // 7,
        config.qk_nope_head_dim // 3,
        config.v_head_dim // 4,
    )
    if (
        config.num_hidden_layers < 3
        or config.num_attention_heads < 2
        or config.qk_rope_head_dim < 2 * len(BACK_PAIRS)
        or unit < 2
    ):
        raise ConfigError("This shape has no room for the initial copying circuit; see joyflash.model.initialise.")
    blocks = _Blocks(unit)
    embedding, head = model.model.embed_tokens.weight, model.lm_head.weight
    embedding[:, 0] = CONSTANT
    embedding[:, blocks.say.start : blocks.second.stop] = 0
    head[:, blocks.say] += 0.05 / EMBEDDING_STD * embedding[:, blocks.value]

    first, *others = [m for m in model.model.modules() if isinstance(m, LatentAttention)]
    _look_back(first, config, blocks)
    for depth, attention in enumerate(others):
        _look_up(attention, config, blocks, offset=depth % 2 * unit)


def _look_back(attention: LatentAttention, config: ModelConfig, blocks: _Blocks) -> None:
    """Head 0 brings the code of the token one back, head 1 two thirds of the code of the token two back.

    Both turn a constant query against a constant key, by one and by two positions.
    """
    _read(attention, [blocks.code], [blocks.code])
    key = attention.kv_a_proj_with_mqa.weight[config.kv_lora_rank :]
    key.mul_(0.1)
    spread = EMBEDDING_STD**2 * blocks.say.start / config.hidden_size
    constant_in = CONSTANT / math.sqrt(spread + CONSTANT**2 / config.hidden_size)
    second_code = slice(blocks.unit, 3 * blocks.unit)
    for head, target, source in ((0, blocks.previous, blocks.code), (1, blocks.second, second_code)):
        query = _queries(attention, config, head)
        query.mul_(0.1)
        for pair, score in enumerate(BACK_PAIRS):
            size = math.sqrt(score / attention.scale)
            angle = -(head + 1) * config.rope_theta ** (-2 * pair / config.qk_rope_head_dim)
            row = config.qk_nope_head_dim + 2 * pair
            query[row : row + 2, 0] = size / constant_in * torch.tensor([math.cos(angle), math.sin(angle)])
            key[2 * pair, 0] = size / constant_in
        width = target.stop - target.start
        _values(attention, config, head)[:width] = 0
        _values(attention, config, head)[:width, source] = torch.eye(width)
        _writes(attention, config, head)[target, :width] = WRITE * torch.eye(width)


def _look_up(attention: LatentAttention, config: ModelConfig, blocks: _Blocks, offset: int) -> None:
    """Head 0 matches (this token, the one before) with (previous, second) and copies the value; see the module."""
    unit = blocks.unit
    previous = slice(blocks.previous.start + offset, blocks.previous.start + offset + 2 * unit)
    second = slice(blocks.second.start + offset, blocks.second.start + offset + unit)
    _read(attention, [blocks.code, blocks.previous], [previous, second, blocks.value])
    query, key = _queries(attention, config, 0)[: config.qk_nope_head_dim], _keys(attention, config, 0)
    query.zero_()
    query[: 2 * unit, offset : offset + 2 * unit] = MATCH * torch.eye(2 * unit)
    before = 3 * unit + unit + offset  # where the query rank holds the part of the previous code that ``second`` has
    query[2 * unit : 3 * unit, before : before + unit] = MATCH * CONTEXT * torch.eye(unit)
    key.zero_()
    key[: 3 * unit, : 3 * unit] = MATCH * torch.eye(3 * unit)
    value = _values(attention, config, 0)
    value.zero_()
    value[: 4 * unit, 3 * unit : 7 * unit] = torch.eye(4 * unit)
    _writes(attention, config, 0)[blocks.say, : 4 * unit] = WRITE * torch.eye(4 * unit)


def _read(attention: LatentAttention, queries: list[slice], latents: list[slice]) -> None:
    """Let the first rows of the query rank and of the latent read these parts of the residual stream, in order."""
    for weight, parts in (
        (attention.q_a_proj.weight, queries),
        (attention.kv_a_proj_with_mqa.weight, latents),
    ):
        row = 0
        for part in parts:
            width = part.stop - part.start
            weight[row : row + width] = 0
            weight[row : row + width, part] = torch.eye(width)
            row += width


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
