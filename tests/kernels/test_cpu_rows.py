"""Norms, gated activations and cross entropy in C beside float64, with gradients, and behind modules and losses."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.nn import functional as F

from joyflash.errors import KernelError
from joyflash.kernels.cpu import build, rows
from joyflash.model import rowwise
from joyflash.train.losses import weighted_cross_entropy

pytestmark = pytest.mark.skipif(build.compiler() is None, reason="the compiled functions need a C compiler")

KINDS = pytest.mark.parametrize(("dtype", "error"), [(torch.float32, 1e-6), (torch.bfloat16, 6e-3)])
# Vectors have 4 to 16 numbers; gradients of a norm's weights are added up in chunks of 256 rows.
SHAPES = pytest.mark.parametrize(("count", "width"), [(1, 1), (3, 16), (5, 37), (600, 64)])


def random(*shape: int, dtype: torch.dtype = torch.float32, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed)).to(dtype)


def close(mine: Tensor, theirs: Tensor, error: float) -> bool:
    return bool((mine.double() - theirs).norm() <= error * max(theirs.norm(), 1.0))


def gradients(function: Callable[..., Tensor], given: Sequence[Tensor], grad: Tensor) -> list[Tensor]:
    """Output and gradients, in the inputs' own dtype."""
    leaves = [x.detach().clone().requires_grad_() for x in given]
    out = function(*leaves)
    out.backward(grad.to(out.dtype))
    return [out.detach(), *(leaf.grad for leaf in leaves if leaf.grad is not None)]


def exact_norm(x: Tensor, weight: Tensor) -> Tensor:
    return x * (x.square().mean(-1, keepdim=True) + 1e-5).rsqrt() * weight


@KINDS
@SHAPES
def test_norm(count: int, width: int, dtype: torch.dtype, error: float):
    given = (random(count, width, dtype=dtype), random(width, dtype=dtype, seed=1))
    grad = random(count, width, dtype=dtype, seed=2)
    found = gradients(lambda x, w: rowwise.rms_norm(x, w, 1e-5)[0], given, grad)
    expected = gradients(exact_norm, [x.double() for x in given], grad)
    for mine, theirs in zip(found, expected, strict=True):
        assert mine.dtype == dtype
        assert close(mine, theirs, 3 * error)


@pytest.mark.parametrize("compiled", [True, False])
def test_the_module_is_pytorchs(compiled: bool, monkeypatch: pytest.MonkeyPatch):
    """In any shape and any strides of the input, and with PyTorch's own formula where there is no compiler."""
    mine, theirs = rowwise.RMSNorm(24, eps=1e-5), nn.RMSNorm(24, eps=1e-5)
    nn.init.normal_(mine.weight)
    theirs.load_state_dict(mine.state_dict())
    assert rows.can_run(mine.weight)
    if not compiled:
        monkeypatch.setattr(rows, "can_run", lambda *_: False)
    x = random(2, 7, 40)[..., :24]
    turned = random(24, 7).T
    for given in (x, turned, x[0, 0], x[:0]):
        assert torch.allclose(mine(given), theirs(given), atol=1e-6)
        assert mine(given).shape == given.shape
    assert mine.double()(x.double()).dtype == torch.float64  # which the compiled function does not take


@KINDS
@SHAPES
def test_gated(count: int, width: int, dtype: torch.dtype, error: float):
    given = (3 * random(count, width, dtype=dtype), random(count, width, dtype=dtype, seed=1))
    grad = random(count, width, dtype=dtype, seed=2)
    found = gradients(rowwise.gated, given, grad)
    expected = gradients(lambda gate, up: F.silu(gate) * up, [x.double() for x in given], grad)
    assert all(close(mine, theirs, error) for mine, theirs in zip(found, expected, strict=True))


@KINDS
@SHAPES
@pytest.mark.parametrize("compiled", [True, False])
def test_gated_experts(
    count: int, width: int, dtype: torch.dtype, error: float, compiled: bool, monkeypatch: pytest.MonkeyPatch
):
    if not compiled:
        monkeypatch.setattr(rows, "can_run", lambda *_: False)
        error *= 3
    projected, weight = random(count, 2 * width, dtype=dtype), random(count, dtype=dtype, seed=1).abs()
    grad = random(count, width, dtype=dtype, seed=2)
    out = rowwise.gated_rows(projected, weight)
    again, *found = rowwise.gated_rows_backward(grad.clone(), projected, weight)

    def plain(both: Tensor, weight: Tensor) -> Tensor:
        gate, up = both.chunk(2, dim=-1)
        return F.silu(gate) * up * weight[:, None]

    expected = gradients(plain, (projected.double(), weight.double()), grad)
    for mine, theirs in zip((out, *found), expected, strict=True):
        assert mine.dtype == dtype
        assert close(mine, theirs, 2 * error)
    assert torch.equal(again, out) if compiled else close(again, out.double(), 2 * error)


@KINDS
@pytest.mark.parametrize(("count", "width"), [(1, 2), (7, 37), (40, 1000)])
@pytest.mark.parametrize("scale", [1.0, 60.0])
def test_entropy(count: int, width: int, scale: float, dtype: torch.dtype, error: float):
    logits = (scale * random(count, width)).to(dtype)
    target = torch.randint(width, (count,), generator=torch.Generator().manual_seed(1))
    weight = random(count, seed=2).abs()
    wide = logits.double().requires_grad_()
    losses = F.cross_entropy(wide, target, reduction="none")
    (losses * weight).sum().backward()
    found = rows.entropy(logits, target, weight)
    assert close(found, losses.detach(), 1e-6)
    assert wide.grad is not None
    assert close(logits, wide.grad, error)


@KINDS
def test_the_loss_of_a_model(dtype: torch.dtype, error: float, monkeypatch: pytest.MonkeyPatch):
    """Hidden states to loss and gradients over more than one chunk, compiled and not."""
    hidden, head = random(1100, 24, dtype=dtype), random(50, 24, dtype=dtype, seed=1)
    target = torch.randint(50, (1100,), generator=torch.Generator().manual_seed(1))
    weight = random(1100, seed=2).abs()

    def loss(hidden: Tensor, head: Tensor) -> Tensor:
        return weighted_cross_entropy(hidden, head, target, weight)[0]

    assert rows.can_run(hidden, head)
    found = gradients(loss, (hidden, head), torch.tensor(1.0))
    monkeypatch.setattr(rows, "can_run", lambda *_: False)
    expected = gradients(loss, (hidden, head), torch.tensor(1.0))
    for mine, theirs in zip(found, expected, strict=True):
        assert close(mine, theirs.double(), 2 * error)


def test_the_number_of_threads_changes_no_bit():
    x, weight, grad = random(1000, 96), random(96, seed=1), random(1000, 96, seed=2)
    target = torch.randint(96, (1000,), generator=torch.Generator().manual_seed(1))
    before = torch.get_num_threads()
    found = []
    try:
        for threads in (1, 2, 5):
            torch.set_num_threads(threads)
            out, scale = rows.norm(x, weight, 1e-5)
            grads = (torch.empty_like(x), torch.empty_like(x))
            more = rows.gated_backward(grad, x, out, grads, x[:, 0])
            assert more is not None
            logits = x.clone()
            loss = rows.entropy(logits, target, x[:, 1].contiguous())
            found.append(
                [out, *rows.norm_backward(grad, x, weight, scale), rows.gated(x, out), *grads, *more, logits, loss]
            )
    finally:
        torch.set_num_threads(before)
    assert all(torch.equal(a, b) for other in found[1:] for a, b in zip(other, found[0], strict=True))


def test_targets_that_are_not_there():
    """No number for a row without one, so that training stops; and a wrong type is refused."""
    for dtype in (torch.float32, torch.bfloat16):
        logits = random(4, 20, dtype=dtype)
        loss = rows.entropy(logits, torch.tensor([3, 20, -100, 19]), torch.ones(4))
        assert loss.isnan().tolist() == logits.isnan().all(-1).tolist() == [False, True, True, False]
    with pytest.raises(KernelError, match=r"as many targets of torch\.int64, not \(4,\) of torch\.int32"):
        rows.entropy(random(4, 20), torch.zeros(4, dtype=torch.int32), torch.ones(4))
    with pytest.raises(KernelError, match="weights"):
        rows.entropy(random(4, 20), torch.zeros(4, dtype=torch.int64), torch.ones(3))
    with pytest.raises(KernelError, match="powers"):
        rows.entropy(random(4, 20), torch.zeros(4, dtype=torch.int64), torch.ones(4), torch.ones(4).double())


def test_what_they_do_not_take():
    x = random(3, 4)
    assert rows.can_run(x, nn.Parameter(x))
    with FakeTensorMode() as mode:  # as in a dry run; C would read address 0
        assert not rows.can_run(mode.from_tensor(x))
        loss, _ = weighted_cross_entropy(
            *(mode.from_tensor(y) for y in (x.requires_grad_(), x, torch.zeros(3).long(), torch.ones(3)))
        )
        assert loss.shape == ()


def test_numbers_that_are_none_stay_visible():
    """A loss that is no number must not become one: training stops on it."""
    x = random(3, 16)
    x[1, 4] = torch.nan
    assert torch.isnan(rows.norm(x, torch.ones(16), 1e-5)[0][1]).all()
    assert torch.isnan(rows.gated(x, random(3, 16))[1, 4])
    assert torch.isnan(rows.gated(x.bfloat16(), random(3, 16).bfloat16())[1, 4])
    for dtype in (torch.float32, torch.bfloat16):
        logits = x.to(dtype)
        losses = rows.entropy(logits, torch.tensor([0, 1, 2]), torch.ones(3))
        assert losses.isnan().tolist() == [False, True, False]
        assert logits[1].isnan().any()
