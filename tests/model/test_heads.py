"""Heads in one pass beside their making step by step in PyTorch."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from joyflash.kernels.cpu import rows
from joyflash.model.heads import make_heads
from joyflash.model.rope import rope_angles


@pytest.fixture(autouse=True)
def there() -> None:
    torch.manual_seed(0)
    if not rows.can_run(torch.zeros(1)):
        pytest.skip("the kernel needs a C compiler, and its OpenMP or a single thread")


def inputs(plain: int, rotated: int, value: int, dtype: torch.dtype, tokens: int = 37) -> list[Tensor]:
    generator = torch.Generator().manual_seed(plain + rotated)
    cos, sin = rope_angles(torch.arange(tokens), rotated, 1e4)
    q, kv = (torch.randn(tokens, 3, width, generator=generator) for width in (plain + rotated, plain + value))
    latents = torch.randn(tokens, 11 + rotated, generator=generator).to(dtype)
    return [q.to(dtype), kv.to(dtype), latents[:, 11:], cos.unsqueeze(1), sin.unsqueeze(1)]


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize(("plain", "rotated", "value"), [(48, 16, 64), (5, 2, 3), (128, 64, 128), (7, 38, 1)])
def test_the_same_as_step_by_step(plain, rotated, value, dtype, monkeypatch):
    given = inputs(plain, rotated, value, dtype)
    found, grads = [], None
    for compiled in (True, False):
        if not compiled:
            monkeypatch.setattr(rows, "can_make_heads", lambda *tensors: False)
        leaves = [t.clone().requires_grad_() for t in given[:3]]
        made = make_heads(*leaves, *given[3:])
        grads = grads or [torch.randn_like(t) for t in made]
        torch.autograd.backward(made, grads)
        found.append((made, [t.grad for t in leaves]))
    (ours, our_grads), (theirs, their_grads) = found
    assert all(torch.equal(a, b) for a, b in zip(ours, theirs, strict=True))
    error = 1e-6 if dtype == torch.float32 else 1e-2  # step by step, sums over heads are rounded more often
    for mine, other in zip(our_grads, their_grads, strict=True):
        assert (mine - other).norm() <= error * other.norm()


def test_the_number_of_threads_changes_no_bit():
    given, before, found = inputs(48, 16, 64, torch.bfloat16, tokens=400), torch.get_num_threads(), []
    try:
        for threads in (1, 3):
            torch.set_num_threads(threads)
            made = rows.heads(*given)
            found.append([*made, *rows.heads_backward(made, 16, *given[3:])])
    finally:
        torch.set_num_threads(before)
    assert all(torch.equal(a, b) for a, b in zip(*found, strict=True))


def test_what_it_does_not_take():
    given = inputs(1, 512, 1, torch.float32, tokens=2)
    assert rows.can_make_heads(*given)
    assert not rows.can_make_heads(*given[:3], given[3][:1], given[4])  # one angle for all tokens
    assert not rows.can_make_heads(*given[:3], given[3].double(), given[4])
    assert not rows.can_make_heads(*inputs(1, 2, 1, torch.float64))
    wide = inputs(1, 514, 1, torch.float32, tokens=2)
    assert not rows.can_make_heads(*wide)
    assert make_heads(*wide)[0].shape == (2, 3, 515)
