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

from joyflash.convert.export import ExportReport, check_new, copy_small_files
from joyflash.errors import ConfigError
from joyflash.model.checkpoint import open_checkpoint, read_model, save_model
from joyflash.model.joyflash import JoyFlash

_LIKENESS = 0.3
"""Noise on the copy of a head, in standard deviations of its weights (ours)."""


def grow_folder(
    source: Path, out: Path, *, heads: int | None = None, experts_per_token: int | None = None, seed: int = 0
) -> ExportReport:
    """Write a grown model in float32, with the small files of ``source``.

    Args:
        source: a folder that ``read_model`` reads; quantised weights become what they stand for.
        out: a new or empty folder.
        heads, experts_per_token, seed: as of ``grow``.

    Raises:
        CheckpointError: the source is missing or damaged, or ``out`` holds something.
        ConfigError: as of ``grow``.
    """
    check_new(out)
    grown = grow(read_model(source), heads=heads, experts_per_token=experts_per_token, seed=seed)
    save_model(grown, out)
    copy_small_files(source, out, grown.config)
    size = sum(file.stat().st_size for file in out.iterdir() if file.is_file())
    tensors = len(open_checkpoint(out).shards.tensors)
    return ExportReport(out, tensors, size, bool(grown.config.num_nextn_predict_layers))


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
    config = model.config
    had = config.num_attention_heads, config.num_experts_per_tok
    wanted = had[0] if heads is None else heads, had[1] if experts_per_token is None else experts_per_token
    if wanted == had or any(new < old for new, old in zip(wanted, had, strict=True)):
        raise ConfigError(
            f"The model has {had[0]} heads and takes {had[1]} experts per token; ask for more of either, not fewer."
        )
    larger = dataclasses.replace(config, num_attention_heads=wanted[0], num_experts_per_tok=wanted[1])
    grown = JoyFlash(larger)
    generator = torch.Generator().manual_seed(seed)
    state = {name: tensor.detach().cpu().clone() for name, tensor in model.state_dict().items()}
    for name in [name for name in state if name.endswith(".kv_b_proj.weight")]:
        prefix = name.removesuffix("kv_b_proj.weight")
        query = prefix + ("q_proj.weight" if config.q_lora_rank is None else "q_b_proj.weight")
        _add_heads(state, prefix, query, model, wanted[0], generator)
    grown.load_state_dict(state, assign=True)
    return grown.to(model.lm_head.weight.device).train(model.training)


def _add_heads(
    state: dict[str, torch.Tensor], prefix: str, query: str, model: JoyFlash, wanted: int, generator: torch.Generator
) -> None:
    config, old = model.config, model.config.num_attention_heads
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
