"""Muon: against torch.optim.Muon, against the readable reference, and against numbers worked out by hand."""

from __future__ import annotations

import copy
import math

import pytest
import torch
from torch import nn

from joyflash.errors import ConfigError
from joyflash.optim import Muon
from joyflash.optim.muon import momentum_at, shape_scale
from joyflash.optim.muon_reference import MatrixState, reference_step
from joyflash.optim.orthogonalize import KELLER_JORDAN, orthogonalize

PLAIN = {"variance_reduction": False, "cautious": False, "momentum_warmup_steps": 0}


def parameter(*shape: int, seed: int = 0) -> nn.Parameter:
    return nn.Parameter(torch.randn(*shape, generator=torch.Generator().manual_seed(seed)))


@pytest.mark.parametrize("scale, torch_scale", [("match_rms", "match_rms_adamw"), ("spectral", "original")])
@pytest.mark.parametrize("precision", ["bfloat16", "float32"])
def test_equals_torch_muon_with_its_settings(monkeypatch, scale, torch_scale, precision):
    """torch's is always bfloat16; for a sharp comparison its cast is replaced once by one to float32."""
    if precision == "float32":
        monkeypatch.setattr(torch.Tensor, "bfloat16", lambda tensor: tensor.float())
    shapes = [(24, 16), (16, 24), (24, 16), (8, 8)]
    ours = [parameter(*shape, seed=index) for index, shape in enumerate(shapes)]
    theirs = [nn.Parameter(each.detach().clone()) for each in ours]
    options = {"lr": 0.02, "weight_decay": 0.1, "momentum": 0.9}
    mine = Muon(ours, scale=scale, coefficients=KELLER_JORDAN, dtype=getattr(torch, precision), **PLAIN, **options)
    oracle = torch.optim.Muon(theirs, adjust_lr_fn=torch_scale, **options)
    generator = torch.Generator().manual_seed(9)
    for _ in range(4):
        for mine_p, their_p in zip(ours, theirs, strict=True):
            mine_p.grad = torch.randn(mine_p.shape, generator=generator)
            their_p.grad = mine_p.grad.clone()
        before = [each.detach().clone() for each in ours]
        mine.step()
        oracle.step()
        for mine_p, their_p, old in zip(ours, theirs, before, strict=True):
            tolerance = 1e-6 if precision == "float32" else 1e-3 * (their_p - old).abs().max().item()
            torch.testing.assert_close(mine_p, their_p, atol=tolerance, rtol=0)


@pytest.mark.parametrize("variance_reduction", [True, False])
@pytest.mark.parametrize("cautious", [True, False])
@pytest.mark.parametrize("orthogonal", [True, False])
@pytest.mark.parametrize("scale", ["match_rms", "spectral"])
def test_fast_path_equals_reference(variance_reduction, cautious, orthogonal, scale):
    """Matrices, stacks and per-head views together, one expert without gradients, several steps of warm-up."""
    shapes = [((24, 16), None), ((16, 40), None), ((16, 40), None), ((5, 24, 16), None), ((3 * 12, 20), 12)]
    parameters = [nn.Parameter(0.1 * parameter(*shape, seed=i).detach()) for i, (shape, _) in enumerate(shapes)]
    row_counts = [rows or shape[-2] for shape, rows in shapes]
    weights = [
        list(p.detach().reshape(-1, rows, p.shape[-1]).clone()) for p, rows in zip(parameters, row_counts, strict=True)
    ]
    states = [[MatrixState.zeros(*matrix.shape) for matrix in stack] for stack in weights]
    switches = {
        "variance_reduction": variance_reduction,
        "cautious": cautious,
        "orthogonal": orthogonal,
        "scale": scale,
    }
    groups = [{"params": parameters[:4]}, {"params": parameters[4:], "matrix_rows": 12}]
    muon = Muon(groups, lr=0.02, momentum_warmup_steps=3, **switches)
    generator = torch.Generator().manual_seed(5)
    for step in range(5):
        mu = 0.85 + 0.1 * min(step / 3, 1)
        for p in parameters:
            p.grad = torch.randn(p.shape, generator=generator)
        parameters[3].grad[2] = 0  # pyright: ignore[reportOptionalSubscript]
        muon.step()
        for p, stack, stack_states in zip(parameters, weights, states, strict=True):
            assert p.grad is not None
            for index, gradient in enumerate(p.grad.reshape(len(stack), *stack[0].shape)):
                stack[index] = reference_step(
                    stack[index], gradient, stack_states[index], lr=0.02, mu=mu, weight_decay=0.1, **switches
                )
            torch.testing.assert_close(
                p.detach().reshape(len(stack), *stack[0].shape), torch.stack(stack), atol=1e-6, rtol=0
            )


def test_momentum_is_lerp_form():
    """First step: M = (1 − μ)G and U = lerp(G, M, μ) = (1 − μ²)G; second with G2: M = μM + (1 − μ)G2."""
    p = parameter(4, 6)
    muon = Muon([p], lr=0.0, momentum=0.9, **PLAIN)
    first, second = torch.randn(4, 6), torch.randn(4, 6)
    for gradient in (first, second):
        p.grad = gradient
        muon.step()
    torch.testing.assert_close(muon.state[p]["momentum"], 0.9 * 0.1 * first + 0.1 * second)


def test_momentum_warmup():
    assert momentum_at(0, 0.95, 0.85, 300) == 0.85
    assert momentum_at(150, 0.95, 0.85, 300) == pytest.approx(0.90)
    assert momentum_at(300, 0.95, 0.85, 300) == momentum_at(10_000, 0.95, 0.85, 300) == 0.95
    assert momentum_at(0, 0.95, 0.85, 0) == 0.95
    assert momentum_at(0, 0.5, 0.85, 300) == 0.5
    p = parameter(4, 6)
    p.grad = torch.ones(4, 6)
    muon = Muon([p], lr=0.0)
    muon.step()
    torch.testing.assert_close(muon.state[p]["momentum"], torch.full((4, 6), 0.15))


def test_cautious_mask_by_hand():
    """The gradient is a multiple of the identity, so O is o·I: off the diagonal O·W = 0 and the weight decays."""
    p = nn.Parameter(torch.tensor([[2.0, 3.0], [-4.0, -5.0]]))
    p.grad = torch.eye(2)
    muon = Muon([p], lr=0.1, weight_decay=0.5, variance_reduction=False, momentum_warmup_steps=0)
    o = orthogonalize(torch.eye(2))[0, 0].item()
    update = 0.1 * 0.2 * math.sqrt(2) * o
    muon.step()
    # 2 agrees in sign with O and decays by lr·wd = 5 %, base rate; −5 disagrees and does not
    expected = torch.tensor([[2.0 * 0.95 - update, 3.0 * 0.95], [-4.0 * 0.95, -5.0 - update]])
    torch.testing.assert_close(p.detach(), expected)


def test_decay_uses_the_base_rate_not_the_scaled_one():
    p = nn.Parameter(torch.ones(2, 200))  # shape factor 0.2·sqrt(200) = 2.8
    p.grad = torch.zeros(2, 200)
    Muon([p], lr=0.1, weight_decay=0.5).step()
    torch.testing.assert_close(p.detach(), torch.full((2, 200), 0.95))


@pytest.mark.parametrize("shape", [(12, 8), (8, 12), (8, 8)])
def test_variance_reduction_by_hand(shape):
    """First step: V = 0.05·mean(O²) along the shorter direction's lines; the result keeps O's Frobenius norm."""
    p = nn.Parameter(torch.zeros(shape))
    p.grad = torch.randn(shape, generator=torch.Generator().manual_seed(3))
    p.grad[0] *= 10
    p.grad[:, 1] *= 7
    muon = Muon([p], lr=1.0, scale="spectral", momentum_warmup_steps=0)
    muon.step()
    update = -p.detach() / shape_scale(*shape, "spectral")
    plain = orthogonalize(p.grad)
    axis = 1 if shape[0] >= shape[1] else 0
    state = muon.state[p]["variance"]
    assert state.shape == ((1, shape[0], 1) if axis == 1 else (1, 1, shape[1]))
    torch.testing.assert_close(state[0], 0.05 * plain.square().mean(axis, keepdim=True))
    torch.testing.assert_close(update.norm(), plain.norm())
    lines = update.square().mean(axis)  # every line has the same mean square after the first step
    torch.testing.assert_close(lines, lines.mean().expand_as(lines))


def test_without_orthogonalisation_the_momentum_keeps_its_direction():
    """G = diag(3, 1) and μ = 0: U = G, scaled to the norm √2 of an orthogonal 2×2 matrix; lr·s = 0.1·0.2·√2."""
    p = nn.Parameter(torch.zeros(2, 2))
    p.grad = torch.diag(torch.tensor([3.0, 1.0]))
    Muon([p], lr=0.1, momentum=0.0, orthogonal=False, **PLAIN).step()
    expected = -0.1 * 0.2 * math.sqrt(2) * math.sqrt(2 / 10) * torch.diag(torch.tensor([3.0, 1.0]))
    torch.testing.assert_close(p.detach(), expected)


def test_each_property_is_a_switch_that_changes_the_step():
    settings = [
        {},
        {"orthogonal": False},
        {"momentum_warmup_steps": 0},
        {"variance_reduction": False},
        {"cautious": False},
    ]
    found = []
    for each in settings:
        p = parameter(6, 10)
        muon = Muon([p], lr=0.1, **each)
        for seed in (1, 2):
            p.grad = parameter(6, 10, seed=seed).detach()
            muon.step()
        found.append(p.detach())
    for one in range(len(found)):
        for two in range(one):
            assert (found[one] - found[two]).abs().max() > 1e-3, (settings[one], settings[two])


def test_a_state_from_before_a_switch_existed_can_be_loaded():
    p = parameter(4, 6)
    p.grad = torch.ones(4, 6)
    muon = Muon([p])
    muon.step()
    saved = muon.state_dict()
    del saved["param_groups"][0]["orthogonal"]
    other = Muon([parameter(4, 6)])
    other.load_state_dict(saved)
    assert other.param_groups[0]["orthogonal"] is True


def test_scale_uses_the_view_shape():
    assert shape_scale(192, 1536, "match_rms") == 0.2 * math.sqrt(1536)
    assert shape_scale(768, 192, "spectral") == 2.0
    assert shape_scale(192, 768, "spectral") == 1.0
    heads = nn.Parameter(torch.zeros(4 * 6, 8))
    whole = nn.Parameter(torch.zeros(4, 6, 8))
    heads.grad = torch.randn(24, 8, generator=torch.Generator().manual_seed(4))
    whole.grad = heads.grad.view(4, 6, 8).clone()
    Muon([{"params": [heads], "matrix_rows": 6}, {"params": [whole]}], lr=0.1).step()
    torch.testing.assert_close(heads.detach().view(4, 6, 8), whole.detach())
    first = nn.Parameter(torch.zeros(6, 8))
    first.grad = heads.grad[:6].clone()
    Muon([first], lr=0.1).step()
    torch.testing.assert_close(heads.detach()[:6], first.detach(), atol=1e-6, rtol=0)


def test_expert_without_tokens_stays_finite_and_others_do_not_notice():
    p = parameter(3, 8, 12)
    muon = Muon([p], lr=0.1, weight_decay=0.0)
    for _ in range(3):
        p.grad = torch.randn(3, 8, 12)
        p.grad[1] = 0
        before = p.detach().clone()
        muon.step()
        assert torch.isfinite(p).all()
        assert torch.equal(p[1], before[1])
        assert not torch.equal(p[0], before[0])


def test_parameter_without_gradient_is_left_alone():
    p, other = parameter(4, 4), parameter(4, 4, seed=1)
    other.grad = torch.ones(4, 4)
    before = p.detach().clone()
    muon = Muon([p, other])
    muon.step()
    assert torch.equal(p, before)
    assert p not in muon.state


def test_closure_runs_with_gradients_and_its_loss_comes_back():
    p = parameter(4, 4)
    muon = Muon([p])

    def closure() -> float:
        muon.zero_grad()
        loss = p.square().sum()
        loss.backward()
        return loss.item()

    assert muon.step(closure) == pytest.approx(p.detach().square().sum().item(), rel=0.2)
    assert p.grad is not None


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_resumed_run_is_the_same_run(dtype):
    """Momentum, second moment and the warm-up's step survive; state is float32 even where weights are not."""
    generator = torch.Generator().manual_seed(6)
    gradients = [torch.randn(6, 8, 12, generator=generator).to(dtype) for _ in range(6)]
    straight = nn.Parameter(parameter(6, 8, 12).detach().to(dtype))
    muon = Muon([straight], lr=0.05, momentum_warmup_steps=5)
    for gradient in gradients[:3]:
        straight.grad = gradient
        muon.step()
    resumed = nn.Parameter(straight.detach().clone())
    saved = copy.deepcopy(muon.state_dict())
    second = Muon([resumed], lr=0.9)
    second.load_state_dict(saved)
    assert all(value.dtype == torch.float32 for value in second.state[resumed].values())
    for gradient in gradients[3:]:
        straight.grad, resumed.grad = gradient, gradient.clone()
        muon.step()
        second.step()
    assert torch.equal(straight, resumed)
    saved_momentum = saved["state"][0]["momentum"]
    assert saved_momentum.data_ptr() != second.state[resumed]["momentum"].data_ptr()


def test_wrong_values_are_refused():
    for options in ({"lr": -1.0}, {"momentum": 1.0}, {"beta2": -0.1}, {"scale": "adam"}, {"momentum_warmup_steps": -1}):
        with pytest.raises(ConfigError):
            Muon([parameter(4, 4)], **options)
    with pytest.raises(ConfigError, match="AdamW"):
        Muon([parameter(4)])
    with pytest.raises(ConfigError, match="5 rows"):
        Muon([parameter(12, 4)], matrix_rows=5)
