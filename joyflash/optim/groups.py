"""Which optimiser owns which parameter: regular expressions, first match wins, nobody is left out or owned twice."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import torch
from torch import nn

from joyflash.errors import ConfigError
from joyflash.optim.muon import Muon, view_shape


class AttentionShape(Protocol):
    """The four numbers of a model configuration that decide how attention projections split into heads."""

    @property
    def num_attention_heads(self) -> int: ...
    @property
    def qk_nope_head_dim(self) -> int: ...
    @property
    def qk_rope_head_dim(self) -> int: ...
    @property
    def v_head_dim(self) -> int: ...


@dataclass(frozen=True)
class Rule:
    """Parameters whose name contains ``pattern`` go to ``optimizer``.

    Args:
        pattern: regular expression, searched anywhere in the name.
        optimizer: "muon" or "adamw".
        matrix_rows: Muon only: rows of one matrix inside the parameter; None leaves trailing matrices whole.
        halves: Muon only: the rows hold two stacked matrices (fused gate and up projections).
        decay: AdamW only: whether weight decay applies.
    """

    pattern: str
    optimizer: Literal["muon", "adamw"]
    matrix_rows: int | None = None
    halves: bool = False
    decay: bool = True


@dataclass(frozen=True)
class Claim:
    """A parameter, the rule that claimed it, and for Muon the rows of one matrix."""

    name: str
    parameter: nn.Parameter
    rule: Rule
    matrix_rows: int | None


def default_rules(config: AttentionShape) -> tuple[Rule, ...]:
    """Rules for this model's Hugging Face names: matrices on Muon, embedding, head, norms and biases on AdamW.

    q (or q_b) and kv_b are one matrix per head, fused gate_up is two matrices per expert, all else is whole; the
    router is on Muon too. The MTP layer's names end alike, so the same rules hold for it.
    """
    query_rows = config.qk_nope_head_dim + config.qk_rope_head_dim
    key_value_rows = config.qk_nope_head_dim + config.v_head_dim
    return (
        Rule(r"(^|\.)(embed_tokens|lm_head|shared_head\.head)\.weight$", "adamw"),
        Rule(r"norm\.weight$|\.bias$", "adamw", decay=False),
        Rule(r"\.self_attn\.(q_proj|q_b_proj)\.weight$", "muon", matrix_rows=query_rows),
        Rule(r"\.self_attn\.kv_b_proj\.weight$", "muon", matrix_rows=key_value_rows),
        Rule(r"\.self_attn\.(q_a_proj|kv_a_proj_with_mqa|o_proj)\.weight$", "muon"),
        Rule(r"\.experts\.gate_up_proj$", "muon", halves=True),
        Rule(r"\.experts\.down_proj$", "muon"),
        Rule(r"\.(gate_proj|up_proj|down_proj)\.weight$", "muon"),
        Rule(r"\.mlp\.gate\.weight$", "muon"),
        Rule(r"(^|\.)eh_proj\.weight$", "muon"),
    )


def claim_parameters(named: Iterable[tuple[str, nn.Parameter]], rules: Sequence[Rule]) -> list[Claim]:
    """Give each trainable parameter to the first rule whose pattern its name contains.

    Raises:
        ConfigError: no rule matches a name, one tensor appears under two names, or its shape does not fit the rule.
    """
    claims: list[Claim] = []
    owners: dict[int, str] = {}
    for name, parameter in named:
        if not parameter.requires_grad:
            continue
        if id(parameter) in owners:
            raise ConfigError(f"Parameter '{name}' is the same tensor as '{owners[id(parameter)]}': list it once.")
        owners[id(parameter)] = name
        rule = next((rule for rule in rules if re.search(rule.pattern, name)), None)
        if rule is None:
            raise ConfigError(f"No optimiser rule claims parameter '{name}': add a Rule whose pattern matches it.")
        claims.append(Claim(name, parameter, rule, _matrix_rows(name, parameter, rule)))
    return claims


def build_optimizers(
    model: nn.Module,
    config: AttentionShape,
    muon_lr: float,
    adamw_lr: float,
    *,
    weight_decay: float = 0.1,
    adamw_betas: tuple[float, float] = (0.9, 0.95),
    rules: Sequence[Rule] | None = None,
    **muon_options: Any,
) -> list[torch.optim.Optimizer]:
    """Make Muon and AdamW over all trainable parameters of ``model``: [Muon, AdamW], without an empty one.

    Args:
        model: parameters are taken from ``named_parameters()``, so tied weights count once.
        config: head counts and sizes, for the per-head views.
        muon_lr, adamw_lr: base learning rates.
        weight_decay: for both optimisers; norms and biases have none.
        adamw_betas: AdamW's moments.
        rules: replaces ``default_rules(config)``.
        muon_options: passed to Muon (``momentum``, ``variance_reduction``, …).

    Raises:
        ConfigError: a parameter that no rule claims or whose shape does not fit.
    """
    claims = claim_parameters(model.named_parameters(), default_rules(config) if rules is None else rules)
    muon_groups: dict[int | None, list[nn.Parameter]] = {}
    adamw_groups: dict[bool, list[nn.Parameter]] = {}
    for claim in claims:
        if claim.rule.optimizer == "muon":
            muon_groups.setdefault(claim.matrix_rows, []).append(claim.parameter)
        else:
            adamw_groups.setdefault(claim.rule.decay, []).append(claim.parameter)

    optimizers: list[torch.optim.Optimizer] = []
    if muon_groups:
        groups = [{"params": members, "matrix_rows": rows} for rows, members in muon_groups.items()]
        optimizers.append(Muon(groups, lr=muon_lr, weight_decay=weight_decay, **muon_options))
    if adamw_groups:
        groups = [
            {"params": members, "weight_decay": weight_decay if decay else 0.0}
            for decay, members in adamw_groups.items()
        ]
        fused = all(fused_adamw(member.device) for members in adamw_groups.values() for member in members)
        optimizers.append(torch.optim.AdamW(groups, lr=adamw_lr, betas=adamw_betas, fused=fused))
    return optimizers


def fused_adamw(device: torch.device) -> bool:
    """Whether AdamW takes PyTorch's fused step on ``device``: on a GPU.

    On a CPU it rounds what is shorter than a vector otherwise than what fills one, so that a parameter which several
    processes share would not have the bits of a whole one.
    """
    return device.type == "cuda"


def describe_groups(model: nn.Module, config: AttentionShape, rules: Sequence[Rule] | None = None) -> str:
    """The table of ``format_claims`` for a whole model; refuses what ``build_optimizers`` would refuse."""
    return format_claims(claim_parameters(model.named_parameters(), default_rules(config) if rules is None else rules))


def format_claims(claims: Sequence[Claim]) -> str:
    """Plain-text table, one line per rule and view shape: optimiser, matrices, parameters, and one name of the set."""
    lines: dict[tuple[str, str], list[Claim]] = {}
    for claim in claims:
        shape = "elementwise"
        if claim.rule.optimizer == "muon":
            _, rows, columns = view_shape(claim.parameter, claim.matrix_rows)
            shape = f"{rows} x {columns}"
        lines.setdefault((claim.rule.pattern, shape), []).append(claim)
    table = [("optimiser", "view", "matrices", "tensors", "parameters", "first of them")]
    for (_, shape), members in lines.items():
        muon = members[0].rule.optimizer == "muon"
        matrices = sum(view_shape(member.parameter, member.matrix_rows)[0] for member in members) if muon else 0
        size = sum(member.parameter.numel() for member in members)
        row = (members[0].rule.optimizer, shape, f"{matrices:,}" if muon else "-", f"{len(members):,}", f"{size:,}")
        table.append((*row, members[0].name))
    total = sum(claim.parameter.numel() for claim in claims)
    table.append(("total", "", "", f"{len(claims):,}", f"{total:,}", ""))
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
    aligned = "<<>>><"
    return "\n".join(
        "  ".join(f"{cell:{side}{width}}" for cell, side, width in zip(row, aligned, widths, strict=True)).rstrip()
        for row in table
    )


def _matrix_rows(name: str, parameter: nn.Parameter, rule: Rule) -> int | None:
    """Rows of one matrix of this parameter, checked against its shape."""
    if rule.optimizer == "adamw":
        return None
    try:
        _, rows, _ = view_shape(parameter, rule.matrix_rows)
        if rule.halves:
            rows = rows // 2 if rows % 2 == 0 else 0
        view_shape(parameter, rows)
    except ConfigError as error:
        raise ConfigError(f"Parameter '{name}' does not fit its Muon rule: {error}") from error
    return rows if rule.matrix_rows or rule.halves else None
