"""A larger model that begins as the given one: more attention heads, more active experts.

New heads are silent at first: their columns of the output projection are zeros. Every second one looks nearly where an
old head looks; the others are drawn anew. Training then finds out what they are good for. More active experts add no
weights: each token takes its next best experts as well, at the small shares that the router already gives them.

Letters: N heads, H width of a query head, W unrotated key width, V value width, C latent, D hidden.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import torch

from joyflash.convert.export import ExportReport, check_new, finish
from joyflash.errors import ConfigError
from joyflash.model.checkpoint import read_model, save_state
from joyflash.model.config import ModelConfig
from joyflash.model.joyflash import JoyFlash

_LIKENESS = 0.3
"""Noise on the copy of a head, in standard deviations of its weights (ours)."""


def grow_folder(
    source: Path, out: Path, *, heads: int | None = None, experts_per_token: int | None = None, seed: int = 0
) -> ExportReport:
    """Write a grown model in float32, with the small files of ``source``; memory holds it and one shard.

    Args:
        source: a folder that ``read_model`` reads; quantised weights become what they stand for.
        out: a new or empty folder.
        heads, experts_per_token, seed: as of ``grow``.

    Raises:
        CheckpointError: the source is missing or damaged, or ``out`` holds something.
        ConfigError: as of ``grow``.
    """
    check_new(out)
    model = read_model(source)
    config, state = model.config, dict(model.state_dict())
    del model  # its memory goes as its tensors are replaced
    larger = _larger(config, heads, experts_per_token)
    _add_all_heads(state, config, larger, seed)
    save_state(larger, state, out)
    return finish(source, out, larger)


def grow(model: JoyFlash, *, heads: int | None = None, experts_per_token: int | None = None, seed: int = 0) -> JoyFlash:
    """A larger model, MTP layer included; the given one is not touched.

    With more heads alone the logits stay what they were; with more experts per token they change a little.

    Args:
        model: in any dtype, which the result has too.
        heads: attention heads of every layer, at least as many as now; None leaves them.
        experts_per_token: routed experts that each token takes, at least as many as now; None leaves them.
        seed: of the new heads.

    Raises:
        ConfigError: fewer than before or nothing more is asked for, or more experts per token than there are.
    """
    larger = _larger(model.config, heads, experts_per_token)
    grown = JoyFlash(larger)
    state = {name: tensor.detach().cpu().clone() for name, tensor in model.state_dict().items()}
    _add_all_heads(state, model.config, larger, seed)
    grown.load_state_dict(state, assign=True)
    return grown.to(model.lm_head.weight.device).train(model.training)


def _larger(config: ModelConfig, heads: int | None, experts_per_token: int | None) -> ModelConfig:
    """The grown model's configuration; ConfigError as of ``grow``."""
    had = config.num_attention_heads, config.num_experts_per_tok
    wanted = had[0] if heads is None else heads, had[1] if experts_per_token is None else experts_per_token
    if wanted == had or any(new < old for new, old in zip(wanted, had, strict=True)):
        raise ConfigError(
            f"The model has {had[0]} heads and takes {had[1]} experts per token; ask for more of either, not fewer."
        )
    return dataclasses.replace(config, num_attention_heads=wanted[0], num_experts_per_tok=wanted[1])


def _add_all_heads(state: dict[str, torch.Tensor], config: ModelConfig, larger: ModelConfig, seed: int) -> None:
    """Put grown tensors in the place of those that are too small for ``larger``; none is changed."""
    generator = torch.Generator().manual_seed(seed)
    for name in [name for name in state if name.endswith(".kv_b_proj.weight")]:
        prefix = name.removesuffix("kv_b_proj.weight")
        query = prefix + ("q_proj.weight" if config.q_lora_rank is None else "q_b_proj.weight")
        _add_heads(state, prefix, query, config, larger.num_attention_heads, generator)


def _add_heads(
    state: dict[str, torch.Tensor],
    prefix: str,
    query: str,
    config: ModelConfig,
    wanted: int,
    generator: torch.Generator,
) -> None:
    old = config.num_attention_heads
    q_NHC = state[query].unflatten(0, (old, config.qk_head_dim))
    kv_NXC = state[prefix + "kv_b_proj.weight"].unflatten(0, (old, -1))
    out_DX = state[prefix + "o_proj.weight"]
    drawn_q, drawn_kv = _like(q_NHC, wanted - old, generator), _like(kv_NXC, wanted - old, generator)
    keys = slice(0, config.qk_nope_head_dim)
    for new in range(0, wanted - old, 2):
        like = new // 2 % old
        drawn_q[new] = q_NHC[like] + _LIKENESS * drawn_q[new]
        drawn_kv[new, keys] = kv_NXC[like, keys] + _LIKENESS * drawn_kv[new, keys]
    state[query] = torch.cat((q_NHC, drawn_q)).flatten(0, 1)
    state[prefix + "kv_b_proj.weight"] = torch.cat((kv_NXC, drawn_kv)).flatten(0, 1)
    silent = out_DX.new_zeros(out_DX.shape[0], (wanted - old) * config.v_head_dim)
    state[prefix + "o_proj.weight"] = torch.cat((out_DX, silent), dim=1)


def _like(heads_NXC: torch.Tensor, count: int, generator: torch.Generator) -> torch.Tensor:
    """So many random heads of the same standard deviation."""
    drawn = torch.randn((count, *heads_NXC.shape[1:]), generator=generator) * heads_NXC.float().std()
    return drawn.to(heads_NXC.dtype)
