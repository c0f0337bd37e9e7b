"""Who owns which parameter: this model's names, the views, and the refusals."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
import torch
from torch import nn

from joyflash.errors import ConfigError
from joyflash.model.config import preset
from joyflash.model.joyflash import JoyFlash
from joyflash.optim import Muon, build_optimizers
from joyflash.optim.groups import Rule, claim_parameters, default_rules, format_claims


@dataclass
class Shape:
    num_attention_heads: int = 2
    qk_nope_head_dim: int = 8
    qk_rope_head_dim: int = 4
    v_head_dim: int = 6


class Named(nn.Module):
    """A module whose parameters have exactly the given dotted names and shapes."""

    def __init__(self, shapes: dict[str, tuple[int, ...]]):
        super().__init__()
        for name, shape in shapes.items():
            *path, leaf = name.split(".")
            owner: nn.Module = self
            for part in path:
                if not hasattr(owner, part):
                    owner.add_module(part, nn.Module())
                owner = getattr(owner, part)
            owner.register_parameter(leaf, nn.Parameter(torch.randn(shape)))


def block(prefix: str, compressed_query: bool, experts: bool) -> dict[str, tuple[int, ...]]:
    attention = f"{prefix}.self_attn"
    shapes: dict[str, tuple[int, ...]] = {f"{prefix}.input_layernorm.weight": (16,)}
    if compressed_query:
        shapes |= {f"{attention}.q_a_proj.weight": (10, 16), f"{attention}.q_a_layernorm.weight": (10,)}
        shapes |= {f"{attention}.q_b_proj.weight": (24, 10)}
    else:
        shapes |= {f"{attention}.q_proj.weight": (24, 16)}
    shapes |= {f"{attention}.kv_a_proj_with_mqa.weight": (9, 16), f"{attention}.kv_a_layernorm.weight": (5,)}
    shapes |= {f"{attention}.kv_b_proj.weight": (28, 5), f"{attention}.o_proj.weight": (16, 12)}
    mlp = f"{prefix}.mlp"
    if experts:
        shapes |= {f"{mlp}.gate.weight": (4, 16), f"{mlp}.experts.gate_up_proj": (4, 14, 16)}
        shapes |= {f"{mlp}.experts.down_proj": (4, 16, 7)}
        mlp += ".shared_experts"
    return (
        shapes
        | {f"{mlp}.{name}_proj.weight": (20, 16) for name in ("gate", "up")}
        | {f"{mlp}.down_proj.weight": (16, 20)}
    )


def tiny_model() -> Named:
    shapes: dict[str, tuple[int, ...]] = {"model.embed_tokens.weight": (32, 16), "model.norm.weight": (16,)}
    shapes |= block("model.layers.0", compressed_query=False, experts=False)
    shapes |= block("model.layers.1", compressed_query=True, experts=True)
    shapes |= {"mtp.enorm.weight": (16,), "mtp.hnorm.weight": (16,), "mtp.eh_proj.weight": (16, 32)}
    shapes |= block("mtp", compressed_query=True, experts=False)
    return Named(shapes | {"lm_head.weight": (32, 16)})


def test_every_name_of_the_model_has_its_place():
    claims = {claim.name: claim for claim in claim_parameters(tiny_model().named_parameters(), default_rules(Shape()))}
    assert set(claims) == {name for name, _ in tiny_model().named_parameters()}
    rows = {name: claim.matrix_rows for name, claim in claims.items() if claim.rule.optimizer == "muon"}
    assert all("norm" not in name and "embed" not in name and "head" not in name for name in rows)
    per_view = {name: value for name, value in rows.items() if value is not None}
    assert per_view == {
        "model.layers.0.self_attn.q_proj.weight": 12,
        "model.layers.0.self_attn.kv_b_proj.weight": 14,
        "model.layers.1.self_attn.q_b_proj.weight": 12,
        "model.layers.1.self_attn.kv_b_proj.weight": 14,
        "model.layers.1.mlp.experts.gate_up_proj": 7,
        "mtp.self_attn.q_b_proj.weight": 12,
        "mtp.self_attn.kv_b_proj.weight": 14,
    }
    assert {"model.layers.1.mlp.gate.weight", "mtp.eh_proj.weight", "model.layers.1.mlp.experts.down_proj"} <= set(rows)


def test_built_optimizers_own_everything_once_and_move_it():
    model = tiny_model()
    muon, adamw = build_optimizers(model, Shape(), muon_lr=0.02, adamw_lr=1e-3, beta2=0.9)
    assert isinstance(muon, Muon)
    assert isinstance(adamw, torch.optim.AdamW)
    assert all(group["beta2"] == 0.9 and group["lr"] == 0.02 for group in muon.param_groups)
    owned = [id(p) for optimizer in (muon, adamw) for group in optimizer.param_groups for p in group["params"]]
    assert sorted(owned) == sorted(id(p) for p in model.parameters())
    decay = {p.ndim: group["weight_decay"] for group in adamw.param_groups for p in group["params"]}
    assert decay == {1: 0.0, 2: 0.1}
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    for p in model.parameters():
        p.grad = torch.randn_like(p)
    muon.step()
    adamw.step()
    assert all(not torch.equal(before[name], p) for name, p in model.named_parameters())


def test_fused_gate_up_is_two_matrices_per_expert():
    fused = Named({"mlp.experts.gate_up_proj": (3, 14, 16)})
    gate, up = (part.detach().clone() for part in fused.get_parameter("mlp.experts.gate_up_proj").chunk(2, dim=1))
    apart = nn.Parameter(torch.stack([gate, up]))
    p = fused.get_parameter("mlp.experts.gate_up_proj")
    p.grad = torch.randn_like(p)
    apart.grad = torch.stack(p.grad.chunk(2, dim=1))
    build_optimizers(fused, Shape(), 0.02, 1e-3)[0].step()
    Muon([apart], lr=0.02).step()
    torch.testing.assert_close(torch.stack(p.detach().chunk(2, dim=1)), apart.detach(), atol=1e-6, rtol=0)


def test_first_match_wins():
    rules = (Rule(r"special", "adamw"), Rule(r"weight$", "muon"))
    claims = claim_parameters(Named({"special.weight": (4, 4), "other.weight": (4, 4)}).named_parameters(), rules)
    assert {claim.name: claim.rule.optimizer for claim in claims} == {"special.weight": "adamw", "other.weight": "muon"}


def test_frozen_parameters_are_not_claimed():
    model = Named({"lm_head.weight": (4, 4), "unheard.of": (4, 4)})
    model.get_parameter("unheard.of").requires_grad_(False)
    (adamw,) = build_optimizers(model, Shape(), 0.02, 1e-3)
    assert isinstance(adamw, torch.optim.AdamW)


@pytest.mark.parametrize(
    "shapes, culprit",
    [
        ({"model.layers.0.mystery.weight": (4, 4)}, "model.layers.0.mystery.weight"),
        ({"model.layers.0.self_attn.q_proj.weight": (25, 16)}, "q_proj"),
        ({"model.layers.0.mlp.experts.gate_up_proj": (3, 15, 16)}, "gate_up_proj"),
        ({"model.layers.0.mlp.gate.weight": (4,)}, "mlp.gate.weight"),
    ],
)
def test_refusals_name_the_parameter(shapes, culprit):
    with pytest.raises(ConfigError, match=culprit):
        build_optimizers(Named(shapes), Shape(), 0.02, 1e-3)


def test_one_tensor_under_two_names_is_refused():
    weight = nn.Parameter(torch.zeros(4, 4))
    with pytest.raises(ConfigError, match=r"lm_head\.weight.*embed_tokens\.weight"):
        claim_parameters([("embed_tokens.weight", weight), ("lm_head.weight", weight)], default_rules(Shape()))


def test_table_counts_matrices_and_parameters():
    model = tiny_model()
    table = format_claims(claim_parameters(model.named_parameters(), default_rules(Shape())))
    lines = table.splitlines()
    fused = next(line for line in lines if "gate_up_proj" in line)
    assert fused.split()[:7] == ["muon", "7", "x", "16", "8", "1", "896"]
    total = sum(p.numel() for p in model.parameters())
    assert lines[-1].split() == ["total", str(len(list(model.parameters()))), f"{total:,}"]


@pytest.mark.parametrize("name", ["nano", "flash_48b_a3b"])
def test_every_parameter_of_the_real_models_is_claimed(name):
    config = preset(name)
    with torch.device("meta"):
        model = JoyFlash(config)
    claims = claim_parameters(model.named_parameters(), default_rules(config))
    assert len(claims) == len(list(model.parameters()))
    query_rows = config.qk_nope_head_dim + config.qk_rope_head_dim
    for claim in claims:
        elementwise = claim.parameter.ndim == 1 or claim.name in ("model.embed_tokens.weight", "lm_head.weight")
        assert claim.rule.optimizer == ("adamw" if elementwise else "muon"), claim.name
        if claim.name.endswith(("self_attn.q_proj.weight", "self_attn.q_b_proj.weight")):
            assert claim.matrix_rows == query_rows
        if claim.name.endswith("experts.gate_up_proj"):
            assert claim.matrix_rows == config.moe_intermediate_size
    assert not any("e_score_correction_bias" in claim.name for claim in claims)
