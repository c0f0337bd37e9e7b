"""norm_linear against its twin: every form, option and weight format, odd sizes."""

from __future__ import annotations

import dataclasses
import math

import pytest
import torch

from joyflash.kernels.gpu.matrix import Matrix, stacked
from joyflash.kernels.gpu.norm_linear import norm_linear, plain_norm_linear
from joyflash.model.gpu_weights import matrix_of
from joyflash.quantization.formats import FORMATS, dequantize, quantize

SHAPES = [(1, 5, 20), (2, 33, 40), (4, 9, 256), (5, 33, 40), (17, 70, 140), (64, 40, 20)]
WIDE = dataclasses.replace(FORMATS["int4"], block=(1, 2**31))


def matrix(outputs: int, inputs: int, name: str, seed: int = 0) -> Matrix:
    weight = torch.randn(outputs, inputs, generator=torch.Generator().manual_seed(seed))
    if name in ("fp32", "fp16"):
        return matrix_of(weight.to(torch.float32 if name == "fp32" else torch.float16))
    return matrix_of(quantize(weight, WIDE if name == "wide" else FORMATS[name]))


def rows(count: int, width: int, seed: int = 1) -> torch.Tensor:
    return torch.randn(count, width, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", ["fp32", "fp8", "int4", "int8", "wide"])
def test_products_of_normed_rows_and_the_residual(shape, name):
    count, outputs, inputs = shape
    weight, x, norm = matrix(outputs, inputs, name), rows(count, inputs + 7)[:, 2 : inputs + 2], rows(1, inputs, 2)[0]
    y = rows(count, outputs, 3)
    expected = plain_norm_linear(x, weight, 1e-6, norm_K=norm, residual_MN=y)
    norm_linear(x, weight, y, 1e-6, torch.float32, norm_K=norm, residual_MN=y)
    torch.testing.assert_close(y, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("count", [1, 3, 6])
@pytest.mark.parametrize("name", ["fp32", "fp8", "int4"])
def test_gated_products(count, name):
    gate, up, x = matrix(37, 48, name), matrix(37, 48, name, 5), rows(count, 48)
    y = torch.empty(count, 37)
    norm_linear(x, gate, y, 1e-6, torch.float32, up=up)
    torch.testing.assert_close(y, plain_norm_linear(x, gate, 1e-6, up=up), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("count", [2, 9])
def test_some_rows_of_the_weight_and_the_sigmoid(count):
    weight, x = matrix(50, 48, "int8"), rows(count, 48)
    ids = torch.tensor([3, 49, 0, 3, 17], dtype=torch.int32)
    y = torch.empty(count, 5)
    norm_linear(x, weight, y, 1e-6, torch.float32, ids_N=ids, sigmoid=True)
    torch.testing.assert_close(y, plain_norm_linear(x, weight, 1e-6, ids_N=ids, sigmoid=True), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("count", [2, 20])
def test_half_precision_inputs_and_outputs(count):
    weight, x, norm = matrix(33, 100, "fp16"), rows(count, 100).half(), rows(1, 100, 2)[0].half()
    y = torch.empty(count, 33, dtype=torch.float16)
    norm_linear(x, weight, y, 1e-6, torch.float16, norm_K=norm)
    torch.testing.assert_close(y.float(), plain_norm_linear(x, weight, 1e-6, norm_K=norm), rtol=5e-3, atol=3e-2)


@pytest.mark.parametrize("formats", [("fp8", "fp8"), ("int4", "int4"), ("fp32", "int8"), ("int4", "int8")])
@pytest.mark.parametrize("heights", [(128, 40), (130, 40)])
def test_matrices_one_above_the_other(formats, heights):
    both = [matrix(*shape, i) for i, shape in enumerate(zip(heights, (64, 64), formats, strict=True))]
    found = stacked(both, torch.float32)
    torch.testing.assert_close(found.dense(torch.float32), torch.cat([each.dense(torch.float32) for each in both]))
    keeps_format = formats[0] == formats[1] and (heights[0] == 128 or formats[0] != "fp8")
    assert (found.kind > 0) == keeps_format


@pytest.mark.parametrize("name", ["fp8", "int8", "int4", "wide"])
@pytest.mark.parametrize("shape", [(3, 130, 67), (130, 256), (5, 33)])
def test_numbers_of_a_quantised_matrix(name, shape):
    weight = quantize(rows(1, math.prod(shape)).view(shape), WIDE if name == "wide" else FORMATS[name])
    assert torch.equal(matrix_of(weight).dense(torch.float32), dequantize(weight))
