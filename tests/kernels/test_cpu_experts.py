"""Experts on matrix units beside plain products in float64, with gradients; and what must not change their bits."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode

from joyflash.errors import KernelError
from joyflash.kernels.cpu import experts
from joyflash.kernels.cpu.experts import can_run, feed, feed_backward
from joyflash.model.expert_parallel import _Feed
from joyflash.model.experts import routed_experts


@pytest.fixture(autouse=True)
def there() -> None:
    torch.manual_seed(0)
    if experts._library() is None:
        pytest.skip("no matrix units (AMX), or no C compiler")


# A block has 128 rows, a tile 16 rows and 32 numbers: at the edges, beside them, and over several blocks.
ROW_COUNTS = ([5], [16, 0, 17], [0, 128, 129, 3], [300], [31, 32, 33, 0])


def inputs(row_counts: list[int], hidden: int = 64, inner: int = 96) -> tuple[list[Tensor], list[tuple[int, int, int]]]:
    generator = torch.Generator().manual_seed(sum(row_counts))
    rows, count = sum(row_counts), len(row_counts)
    shapes = ((rows, hidden), (rows,), (count, 2 * inner, hidden), (count, hidden, inner))
    x, weight, gate_up, down = (torch.randn(shape, generator=generator) for shape in shapes)
    ends = torch.tensor(row_counts).cumsum(0).tolist()
    spans = [(e, end - n, end) for e, (n, end) in enumerate(zip(row_counts, ends, strict=True)) if n]
    return [t.bfloat16() for t in (x, weight, gate_up / hidden**0.5, down / inner**0.5)], spans


def exact(x: Tensor, weight: Tensor, gate_up: Tensor, down: Tensor, spans: list[tuple[int, int, int]]) -> Tensor:
    parts = []
    for expert, a, b in spans:
        gate, up = (x[a:b] @ gate_up[expert].T).chunk(2, dim=-1)
        parts.append((gate * gate.sigmoid() * up * weight[a:b, None]) @ down[expert].T)
    return torch.cat(parts)


@pytest.mark.parametrize(("hidden", "inner"), [(64, 96), (256, 128), (32, 32)])
@pytest.mark.parametrize("row_counts", ROW_COUNTS, ids=str)
def test_outputs_and_gradients(row_counts: list[int], hidden: int, inner: int):
    given, spans = inputs(row_counts, hidden, inner)
    out, projected = feed(*given, spans)
    wide = [t.double().requires_grad_() for t in given]
    expected = exact(*wide, spans)
    assert out.dtype == projected.dtype == torch.bfloat16
    assert (out - expected).norm() <= 5e-3 * expected.norm()
    grad = torch.randn_like(given[0])
    expected.backward(grad.double())
    grads = feed_backward(grad, given[0], given[1], projected, *given[2:], spans)
    for mine, theirs in zip(grads, wide, strict=True):
        assert mine.shape == theirs.shape
        assert (mine - theirs.grad).norm() <= 1e-2 * theirs.grad.norm()
    for expert, count in enumerate(row_counts):
        assert bool(grads[2][expert].any()) == bool(grads[3][expert].any()) == (count > 0)


def test_the_rows_beside_have_no_say():
    """Blocks end within a tile: what stands behind an expert's rows changes nothing, not even if it is no number."""
    given, spans = inputs([21, 40])
    grad = torch.randn_like(given[0])

    def run() -> list[Tensor]:
        out, projected = feed(*given, spans)
        x, weight, gate_up, down = feed_backward(grad, given[0], given[1], projected, *given[2:], spans)
        return [out[:21], x[:21], weight[:21], gate_up[0], down[0]]

    before = run()
    given[0][21:], given[1][21:], grad[21:] = torch.nan, torch.nan, torch.nan
    assert all(torch.equal(a, b) for a, b in zip(run(), before, strict=True))


def test_a_row_has_the_same_bits_wherever_it_stands():
    given, spans = inputs([150, 20])
    out, _ = feed(*given, spans)
    for row in (0, 17, 149):
        alone, _ = feed(given[0][row : row + 1], given[1][row : row + 1], *given[2:], [(0, 0, 1)])
        assert torch.equal(alone[0], out[row])


def test_the_number_of_threads_changes_no_bit():
    given, spans = inputs([150, 20, 0, 7])
    grad, before, found = torch.randn_like(given[0]), torch.get_num_threads(), []
    try:
        for threads in (1, 3):
            torch.set_num_threads(threads)
            out, projected = feed(*given, spans)
            found.append([out, *feed_backward(grad, given[0], given[1], projected, *given[2:], spans)])
    finally:
        torch.set_num_threads(before)
    assert all(torch.equal(a, b) for a, b in zip(*found, strict=True))


def test_strides_do_not_matter():
    given, spans = inputs([33, 4])
    turned = [t.mT.contiguous().mT if t.ndim > 1 else torch.stack((t, t), dim=1)[:, 0] for t in given]
    assert all(torch.equal(a, b) for a, b in zip(feed(*turned, spans), feed(*given, spans), strict=True))


def test_what_it_does_not_take(monkeypatch: pytest.MonkeyPatch):
    given, spans = inputs([5])
    assert can_run(*given)
    assert not can_run(*(t.float() for t in given))
    assert not can_run(*(t.to("meta") for t in given))
    assert not can_run(*inputs([5], hidden=48)[0]) and not can_run(*inputs([5], inner=16)[0])
    assert can_run(*inputs([5], 512, 256)[0]) and not can_run(*inputs([5], 512, 288)[0])
    with FakeTensorMode() as mode:
        assert not can_run(*(mode.from_tensor(t) for t in given))
    monkeypatch.setattr(experts, "_library", lambda: None)
    assert not can_run(*given)
    with pytest.raises(KernelError, match="no matrix units"):
        feed(*given, spans)


def both_ways(run: Callable[[], list[Tensor]], monkeypatch: pytest.MonkeyPatch) -> None:
    """With the kernel, which both passes must take, and without it: the same but for roundings."""
    used = []
    for name in ("feed", "feed_backward"):
        real = getattr(experts, name)
        monkeypatch.setattr(experts, name, lambda *given, real=real, name=name: (used.append(name), real(*given))[1])
    ours = run()
    assert set(used) == {"feed", "feed_backward"}
    monkeypatch.setattr(experts, "_library", lambda: None)
    for mine, theirs in zip(ours, run(), strict=True):
        assert (mine - theirs).norm() <= 1e-2 * theirs.norm()


def test_routed_experts_take_it(monkeypatch: pytest.MonkeyPatch):
    generator = torch.Generator().manual_seed(0)
    (x, _, gate_up, down), _ = inputs([40, 0, 0, 0])
    chosen = torch.rand(40, 4, generator=generator).topk(2, dim=1).indices
    weight = torch.rand(40, 2, generator=generator).bfloat16()

    def run() -> list[Tensor]:
        leaves = [t.clone().requires_grad_() for t in (x, weight, gate_up, down)]
        out = routed_experts(leaves[0], chosen, *leaves[1:])[0]
        out.backward(torch.ones_like(out))
        return [out, *(t.grad for t in leaves)]

    both_ways(run, monkeypatch)


@pytest.mark.parametrize("runs", [[[(0, 0, 9), (1, 9, 41)]], [[(0, 0, 3), (2, 3, 20)], [], [(0, 20, 40), (1, 40, 41)]]])
def test_experts_on_several_processes_take_it(runs: list, monkeypatch: pytest.MonkeyPatch):
    """Rows that came from several ranks, one of which sent none."""
    given, _ = inputs([41, 0, 0])

    def run() -> list[Tensor]:
        leaves = [t.clone().requires_grad_() for t in given]
        out = _Feed.apply(*leaves, runs)
        out.backward(torch.ones_like(out))
        return [out, *(t.grad for t in leaves)]

    both_ways(run, monkeypatch)
