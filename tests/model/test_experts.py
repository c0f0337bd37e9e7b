"""The products of experts: exact for every number of rows, also where bfloat16 takes in rows beyond an expert's own."""

from __future__ import annotations

import pytest
import torch

from joyflash.model.experts import multiply, outer, spans_of, sum_over_choices

ROW_COUNTS = (
    [5],
    [16],
    [17, 15],
    [0, 1, 16, 31, 0],
    [3, 40, 2],  # the last expert's rounded rows pass the end
    [64, 1],
    [0, 0, 7],
)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("row_counts", ROW_COUNTS, ids=str)
def test_each_expert_multiplies_its_own_rows(row_counts, dtype):
    generator = torch.Generator().manual_seed(1)
    rows, experts = sum(row_counts), len(row_counts)
    left_MX = torch.randn(rows, 24, generator=generator).to(dtype)
    right_MY = torch.randn(rows, 40, generator=generator).to(dtype)
    weight_EXY = torch.randn(experts, 24, 40, generator=generator).to(dtype)
    spans = spans_of(torch.tensor(row_counts), dtype)
    parts = torch.tensor(row_counts).cumsum(0).tolist()
    out_MY, gradient_EXY = multiply(left_MX, weight_EXY, spans), outer(left_MX, right_MY, experts, spans)
    tolerance = {"rtol": 1e-5, "atol": 1e-5} if dtype == torch.float32 else {"rtol": 2**-7, "atol": 2**-6}
    for expert, (count, end) in enumerate(zip(row_counts, parts, strict=True)):
        own = slice(end - count, end)
        expected = left_MX[own].double() @ weight_EXY[expert].double()
        torch.testing.assert_close(out_MY[own].double(), expected, **tolerance)
        expected = left_MX[own].double().t() @ right_MY[own].double()
        torch.testing.assert_close(gradient_EXY[expert].double(), expected, **tolerance)


def test_the_rows_beside_have_no_say():
    """What an expert takes in beyond its own rows changes nothing, not even if it is not a number."""
    left_MX, right_MY = torch.randn(32, 8).bfloat16(), torch.randn(32, 8).bfloat16()
    weight_EXY = torch.randn(2, 8, 8).bfloat16()
    spans = spans_of(torch.tensor([9, 23]), torch.bfloat16)
    out_MY, gradient_EXY = multiply(left_MX, weight_EXY, spans), outer(left_MX, right_MY, 2, spans)
    left_MX[9:], right_MY[9:] = float("nan"), float("nan")
    assert torch.equal(multiply(left_MX, weight_EXY, spans)[:9], out_MY[:9])
    assert torch.equal(outer(left_MX, right_MY, 2, spans)[0], gradient_EXY[0])


def test_row_counts_repeat_in_bfloat16(monkeypatch):
    """For every new count the CPU library compiles a program, which takes much longer than the product."""
    counts, mm = [], torch.mm

    def noting(a_NX, b_XY, **more):
        counts.append(a_NX.shape)
        return mm(a_NX, b_XY, **more)

    monkeypatch.setattr(torch, "mm", noting)
    for dtype, step in ((torch.bfloat16, 16), (torch.float32, 1)):
        spans = spans_of(torch.tensor([5, 33, 21, 40]), dtype)
        rows_MX, weight_EXY = torch.randn(99, 8).to(dtype), torch.randn(4, 8, 8).to(dtype)
        counts.clear()
        multiply(rows_MX, weight_EXY, spans)
        outer(rows_MX, rows_MX, 4, spans)
        rows = [shape[0] for shape in counts[:4]] + [shape[1] for shape in counts[4:]]
        assert rows == [-(-count // step) * step for count in (5, 33, 21, 40)] * 2


def test_choices_are_added_in_their_order():
    rows_MD = torch.randn(12, 5)
    order_M = torch.randperm(12)
    unsorted_MD = torch.empty_like(rows_MD)
    unsorted_MD[order_M] = rows_MD
    expected = unsorted_MD[0::3] + unsorted_MD[1::3] + unsorted_MD[2::3]
    assert torch.equal(sum_over_choices(rows_MD, order_M, 3), expected)
