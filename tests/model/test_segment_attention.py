"""Attention inside the documents of a row, and its gradients, beside plain attention in float64."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from joyflash.kernels.cpu import build
from joyflash.model import segment_attention
from joyflash.model.segment_attention import attend_behind, attend_segments

LENGTHS = [1, 70, 9, 40]


@pytest.fixture(params=["ours", "library"], autouse=True)
def _kernel(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both kernels: ours in C, and PyTorch's, which serves where there is no compiler."""
    if request.param == "library":
        monkeypatch.setattr(segment_attention, "can_attend", lambda *_: False)
    elif build.compiler() is None:
        pytest.skip("compiled attention needs a C compiler")
    else:
        assert segment_attention.can_attend(torch.zeros(1))


def plain(q_TND: torch.Tensor, k_TND: torch.Tensor, v_TNV: torch.Tensor, scale: float) -> torch.Tensor:
    parts = zip(*(x.transpose(0, 1).split(LENGTHS, dim=1) for x in (q_TND, k_TND, v_TNV)), strict=True)
    return torch.cat(
        [F.scaled_dot_product_attention(q, k, v, is_causal=True, scale=scale).transpose(0, 1) for q, k, v in parts]
    )


@pytest.mark.parametrize("value_width", [16, 24, 32])
@pytest.mark.parametrize(("dtype", "error"), [(torch.float64, 1e-12), (torch.float32, 1e-5), (torch.bfloat16, 2e-2)])
def test_output_and_gradients(dtype: torch.dtype, error: float, value_width: int):
    generator = torch.Generator().manual_seed(0)
    rows = sum(LENGTHS)
    q, k = (torch.randn(rows, 3, 24, generator=generator).to(dtype).requires_grad_() for _ in range(2))
    v = torch.randn(rows, 3, value_width, generator=generator).to(dtype).requires_grad_()
    weights = torch.randn(rows, 3, value_width, generator=generator).to(dtype)
    exact = [x.detach().double().requires_grad_() for x in (q, k, v)]
    out = attend_segments(q, k, v, torch.tensor(LENGTHS).cumsum(0), 0.2)
    expected = plain(*exact, 0.2)
    assert out.dtype == dtype
    assert (out.double() - expected).norm() <= error * expected.norm()
    out.backward(weights)
    expected.backward(weights.double())
    for mine, theirs in zip((q, k, v), exact, strict=True):
        assert mine.grad.dtype == dtype
        assert (mine.grad.double() - theirs.grad).norm() <= error * theirs.grad.norm()


@pytest.mark.parametrize("behind", [0, 1, 150])
@pytest.mark.parametrize("value_width", [16, 32])
def test_new_tokens_behind_earlier_ones(behind: int, value_width: int):
    generator = torch.Generator().manual_seed(1)
    q = torch.randn(2, 3, 40, 24, generator=generator)
    k, v = (torch.randn(2, 3, behind + 40, width, generator=generator) for width in (24, value_width))
    visible = torch.ones(40, behind + 40, dtype=torch.bool).tril(behind)
    expected = F.scaled_dot_product_attention(q.double(), k.double(), v.double(), attn_mask=visible, scale=0.2)
    assert (attend_behind(q, k, v, behind, 0.2) - expected).norm() <= 1e-6 * expected.norm()


def test_attention_to_cached_tokens_refuses_what_it_cannot_do():
    q, k = torch.randn(1, 2, 4, 8), torch.randn(1, 2, 9, 8)
    with pytest.raises(ValueError, match="9 keys are not those of 4 tokens and 4 before them"):
        attend_behind(q, k, k, 4, 0.2)
    with pytest.raises(ValueError, match="no gradients"):
        attend_behind(q.requires_grad_(), k, k, 5, 0.2)
