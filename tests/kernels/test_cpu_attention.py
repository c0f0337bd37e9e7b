"""Attention in C beside plain attention in float64, forward and backward; and what must not change its bits."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode

from joyflash.errors import KernelError
from joyflash.kernels.cpu import attention, build
from joyflash.kernels.cpu.attention import attend, attend_backward, can_attend

pytestmark = pytest.mark.skipif(build.compiler() is None, reason="compiled attention needs a C compiler")

SCALE = 0.2
# Blocks have 32 queries and 128 keys, vectors 4 to 16 numbers: at the edges, beside them, and over several blocks.
SIZES = [(1, 0), (1, 200), (31, 0), (32, 96), (33, 127), (128, 0), (129, 1), (300, 77)]
WIDTHS = [(64, 64), (24, 40), (5, 3), (192, 128)]


def inputs(
    queries: int, behind: int, width: int, value_width: int, heads: int = 3, dtype: torch.dtype = torch.float32
) -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(queries + behind)
    keys = behind + queries
    shapes = ((queries, heads, width), (keys, heads, width), (keys, heads, value_width))
    q, k, v = (torch.randn(shape, generator=generator).to(dtype) for shape in shapes)
    return q, k, v


def ours(q_TNH: Tensor, k_KNH: Tensor, v_KNV: Tensor) -> tuple[Tensor, Tensor]:
    out = v_KNV.new_full((*q_TNH.shape[:2], v_KNV.shape[2]), torch.nan)
    lse = torch.full(q_TNH.shape[:2], torch.nan)
    attend(q_TNH, k_KNH, v_KNV, out, lse, SCALE)
    return out, lse


@pytest.fixture(params=[False, True], ids=["vectors", "matrix"])
def units(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Both programs for bfloat16, that of every processor and that of matrix units."""
    library = attention._library()
    if request.param and (library is None or not library.functions.joyflash_matrix_units()):
        pytest.skip("this processor has no matrix units (AMX)")
    monkeypatch.setattr(attention, "USE_MATRIX_UNITS", request.param)
    return request.param


def exact(q_TNH: Tensor, k_KNH: Tensor, v_KNV: Tensor) -> tuple[Tensor, Tensor]:
    q, k, v = (x.double().transpose(0, 1) for x in (q_TNH, k_KNH, v_KNV))
    scores_NTK = q @ k.mT * SCALE
    hidden = torch.ones(scores_NTK.shape[1:], dtype=torch.bool).triu(1 + len(k_KNH) - len(q_TNH))
    scores_NTK = scores_NTK.masked_fill(hidden, -torch.inf)
    return (scores_NTK.softmax(-1) @ v).transpose(0, 1), scores_NTK.logsumexp(-1).T


@pytest.mark.parametrize(("width", "value_width"), WIDTHS)
@pytest.mark.parametrize(("queries", "behind"), SIZES)
@pytest.mark.parametrize(("dtype", "error"), [(torch.float32, 2e-6), (torch.bfloat16, 3e-3)])
def test_output(queries: int, behind: int, width: int, value_width: int, dtype: torch.dtype, error: float, units: bool):
    given = inputs(queries, behind, width, value_width, dtype=dtype)
    out, lse = ours(*given)
    expected, expected_lse = exact(*given)
    assert out.dtype == dtype
    assert (out - expected).norm() <= error * expected.norm()
    assert (lse - expected_lse).abs().max() <= 1e-5


def gradients(q: Tensor, k: Tensor, v: Tensor, grad: Tensor) -> list[Tensor]:
    out, lse = ours(q, k, v)
    found = [torch.full_like(x, torch.nan) for x in (q, k, v)]
    attend_backward(grad, q, k, v, out, lse, found, SCALE)
    return found


@pytest.mark.parametrize(("width", "value_width"), WIDTHS)
@pytest.mark.parametrize("queries", [1, 31, 33, 128, 129, 300])
@pytest.mark.parametrize(("dtype", "error"), [(torch.float32, 4e-6), (torch.bfloat16, 6e-3)])
def test_gradients(queries: int, width: int, value_width: int, dtype: torch.dtype, error: float, units: bool):
    given = inputs(queries, 0, width, value_width, dtype=dtype)
    grad = torch.randn_like(given[2])
    wide = [x.double().requires_grad_() for x in given]
    exact(*wide)[0].backward(grad.double())
    for mine, theirs in zip(gradients(*given, grad), wide, strict=True):
        assert mine.dtype == dtype
        assert (mine - theirs.grad).norm() <= error * max(theirs.grad.norm(), grad.norm())  # a single token's are 0


@pytest.mark.parametrize(("dtype", "error"), [(torch.float32, 1e-5), (torch.bfloat16, 3e-3)])
def test_scores_of_hundreds(dtype: torch.dtype, error: float, units: bool):
    """Exponentials are taken above the largest score, also where a later block of keys brings a much larger one."""
    q, k, v = inputs(300, 0, 64, 64)
    q, k, v = (x.to(dtype) for x in (q * 10, k * torch.linspace(1, 30, 300)[:, None, None], v))
    out, _ = ours(q, k, v)
    expected, _ = exact(q, k, v)
    assert (out - expected).norm() <= error * expected.norm()


@pytest.mark.parametrize(("dtype", "error"), [(torch.float32, 1e-5), (torch.bfloat16, 3e-3)])
def test_scores_far_below_zero(dtype: torch.dtype, error: float, units: bool):
    """The largest score counts, not zero: all exponentials of the scores themselves would vanish."""
    q, k, v = inputs(140, 0, 64, 64, dtype=dtype)
    q, k = q.abs() * 5, -k.abs() * 5
    expected, expected_lse = exact(q, k, v)
    assert expected_lse.max() < -100
    out, lse = ours(q, k, v)
    assert (out - expected).norm() <= error * expected.norm()
    assert (lse - expected_lse).abs().max() <= 1e-2


def test_strides_do_not_matter():
    given = inputs(140, 60, 24, 40)
    expected = ours(*given)
    turned = [x.permute(1, 2, 0).contiguous().permute(2, 0, 1) for x in given]  # a head's numbers lie apart
    by_head = [x.transpose(0, 1).contiguous().transpose(0, 1) for x in given]
    for other in (turned, by_head):
        assert all(torch.equal(a, b) for a, b in zip(ours(*other), expected, strict=True))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_query_has_the_same_bits_alone_and_whatever_it_does_not_see(dtype: torch.dtype, units: bool):
    q, k, v = inputs(200, 50, 64, 48, dtype=dtype)
    out, lse = ours(q, k, v)
    changed = [torch.cat((x[:-60], torch.randn_like(x[-60:]))) for x in (q, k, v)]
    assert torch.equal(ours(*changed)[0][:140], out[:140])
    for row in (0, 33, 199):
        one, one_lse = ours(q[row : row + 1], k[: 51 + row], v[: 51 + row])
        assert torch.equal(one[0], out[row])
        assert torch.equal(one_lse[0], lse[row])


@pytest.mark.parametrize("heads", [1, 3])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_number_of_threads_changes_no_bit(heads: int, dtype: torch.dtype, units: bool):
    """With fewer heads than threads, a head's queries are divided."""
    q, k, v = inputs(300, 0, 24, 40, heads, dtype)
    grad = torch.randn_like(v)
    before = torch.get_num_threads()
    found = []
    try:
        for threads in (1, 2, 5):
            torch.set_num_threads(threads)
            found.append([*ours(q, k, v), *gradients(q, k, v, grad)])
    finally:
        torch.set_num_threads(before)
    for other in found[1:]:
        assert all(torch.equal(a, b) for a, b in zip(other, found[0], strict=True))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_numbers_that_are_none_stay_where_they_are_seen(dtype: torch.dtype, units: bool):
    q, k, v = inputs(200, 0, 24, 16, dtype=dtype)
    k[150, 1, 3] = torch.nan
    out, lse = ours(q, k, v)
    assert out[150:, 1].isnan().all() and lse[150:, 1].isnan().all()
    assert out[:128].isfinite().all() and out[:, [0, 2]].isfinite().all()
    grads = gradients(q, k, v, torch.ones_like(v))
    assert grads[0][150:, 1].isnan().all()


def test_matrix_units_are_used_where_there_are_any(units: bool, monkeypatch: pytest.MonkeyPatch):
    """They round weights before values, so that their bits are others; in float32 there are none."""
    for dtype in (torch.float32, torch.bfloat16):
        q, k, v = inputs(200, 0, 64, 64, dtype=dtype)
        found = []
        for on in (units, False):
            monkeypatch.setattr(attention, "USE_MATRIX_UNITS", on)
            found.append(ours(q, k, v)[0])
        assert torch.equal(*found) == (dtype == torch.float32 or not units)


def test_what_it_does_not_take():
    q, k, _ = inputs(4, 0, 8, 8)
    assert can_attend(q, k)
    assert not can_attend(q.double(), k.double())
    assert not can_attend(q, k.bfloat16())
    assert not can_attend(q.to("meta"), k.to("meta"))
    with FakeTensorMode() as mode:
        assert not can_attend(mode.from_tensor(q), mode.from_tensor(k))


def test_without_openmp_it_is_one_thread(monkeypatch: pytest.MonkeyPatch):
    """As where PyTorch brings no OpenMP that the library could use; then several threads take PyTorch's own kernel."""
    tried = []

    def load(program: str, *flags: str):
        tried.append(flags)
        if "-fopenmp" in flags:
            raise KernelError("undefined symbol: GOMP_parallel")
        return real(program, *flags)

    real = build._load
    monkeypatch.setattr(build, "_load", load)
    library = attention._library.__wrapped__()
    assert library is not None and not library.parallel and len(tried) == 2
    monkeypatch.setattr(attention, "_library", lambda: library)
    given = inputs(40, 3, 8, 8)
    assert torch.allclose(ours(*given)[0].double(), exact(*given)[0], atol=1e-5)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)
    assert not can_attend(*given)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 1)
    assert can_attend(*given)


def test_a_damaged_library_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """It must not mean one thread for ever."""
    monkeypatch.setenv("JOYFLASH_CACHE", str(tmp_path))
    monkeypatch.setattr(build, "_fingerprint", lambda *given: "damaged" if "-fopenmp" in given[-1] else "serial")
    (tmp_path / "attention-damaged.so").write_text("no library")
    with pytest.raises(KernelError, match=r"attention-damaged\.so does not load"):
        build.load_parallel("attention")


def test_pytorchs_threads_are_used():
    """The library that is loaded here was compiled with OpenMP, or every prompt would be read by one core."""
    library = attention._library()
    assert library is not None
    if not library.parallel:
        pytest.skip("this compiler's OpenMP is not PyTorch's")
    assert b"GOMP" in Path(library.functions._name).read_bytes()
