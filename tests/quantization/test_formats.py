"""Weight formats: error bounds, odd shapes, special values, and PyTorch's own quantisers as the second opinion."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from joyflash.errors import ConfigError
from joyflash.quantization.formats import FORMATS, dequantize, pack_nibbles, quantize, unpack_nibbles

SHAPES = [(1, 1), (3, 7), (5, 32), (4, 33), (2, 3, 65), (130, 200), (2, 2, 129, 31)]
INTEGERS = ["int8", "int4"]


def weight_of(shape: tuple[int, ...], seed: int = 0) -> torch.Tensor:
    """Normal numbers; every third row is a thousand times smaller."""
    weight = torch.randn(shape, generator=torch.Generator().manual_seed(seed))
    weight[..., ::3, :] *= 1e-3
    return weight


def scale_of_each(tensor) -> torch.Tensor:
    """The scale of every value, by index."""
    rows, columns = tensor.format.block
    height, width = tensor.shape[-2:]
    return tensor.scales.float()[..., torch.arange(height) // rows, :][..., torch.arange(width) // columns]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", INTEGERS)
def test_every_value_lies_within_half_a_step(name, shape):
    weight, half_range = weight_of(shape), FORMATS[name].half_range
    tensor = quantize(weight, FORMATS[name])
    step = scale_of_each(tensor)
    # the largest value is half a step beyond the last integer, and the scale has eight bits
    bound = step * (0.5 + half_range * 2**-8)
    assert ((dequantize(tensor) - weight).abs() <= bound + 1e-12).all()
    inside = (weight / step).abs() <= half_range - 0.5
    assert ((dequantize(tensor) - weight).abs() <= step * 0.5001)[inside].all()
    assert inside.float().mean() > 0.8 or min(shape[-2:]) < 32


@pytest.mark.parametrize(("name", "limit"), [("int8", 128), ("int4", 8)])
def test_a_group_uses_the_whole_range(name, limit):
    tensor = quantize(weight_of((64, 256)), FORMATS[name])
    groups = tensor.integers().unflatten(-1, (-1, 32)).int()
    assert (groups.abs().amax(-1) >= limit - 1).all()
    assert groups.min() == -limit and groups.max() == limit - 1


@pytest.mark.parametrize("name", INTEGERS)
def test_integers_are_those_of_pytorchs_own_quantiser(name):
    weight, limit = weight_of((6, 96)), 2 ** (FORMATS[name].bits - 1)
    tensor = quantize(weight, FORMATS[name])
    for row in range(6):
        for group in range(3):
            part, scale = weight[row, group * 32 :][:32], tensor.scales[row, group].float()
            expected = torch.fake_quantize_per_tensor_affine(part, float(scale), 0, -limit, limit - 1)
            torch.testing.assert_close(dequantize(tensor)[row, group * 32 :][:32], expected, rtol=1e-6, atol=0)


def test_scales_are_the_largest_magnitude_over_half_the_range():
    weight = torch.tensor([[-3.0, *[1.0] * 31, 0.75, *[-0.5] * 31]])
    assert quantize(weight, FORMATS["int4"]).scales.tolist() == [[0.400390625, 0.10009765625]]  # 3 / 7.5 as bfloat16
    assert quantize(weight, FORMATS["int4"]).integers()[0, :2].tolist() == [-7, 2]
    assert quantize(-weight, FORMATS["int4"]).integers()[0, :2].tolist() == [7, -2]


@pytest.mark.parametrize("shape", SHAPES)
def test_fp8_is_e4m3_under_the_scale_of_its_block(shape):
    weight = weight_of(shape)
    tensor = quantize(weight, FORMATS["fp8"])
    step = scale_of_each(tensor)
    relative = (dequantize(tensor) - weight).abs() / weight.abs().clamp_min(step * 2**-6)  # subnormal below 2^-6
    assert relative.max() <= 2**-4 + 1e-6
    largest = (
        torch.stack([part.abs().amax() for part in weight.flatten(0, -3)]) if weight.dim() > 2 else weight.abs().max()
    )
    assert tensor.values.float().abs().max() == 448 and float(torch.as_tensor(largest).max()) > 0


@pytest.mark.parametrize("name", FORMATS)
def test_zeros_stay_zeros_and_tiny_numbers_make_no_nan(name):
    weight = torch.zeros(3, 70)
    weight[1] = 1e-44
    weight[2, 40] = 2.0
    back = dequantize(quantize(weight, FORMATS[name]))
    assert back.isfinite().all() and torch.equal(back[0], weight[0]) and (back[1].abs() <= 1e-40).all()
    assert back[2, 40] == pytest.approx(2.0, rel=0.07) and (back[2, :32] == 0).all()


@pytest.mark.parametrize("name", FORMATS)
def test_a_block_without_any_number_but_zero_stays_zero(name):
    tensor = quantize(torch.zeros(2, 40), FORMATS[name])
    assert not dequantize(tensor).any() and not tensor.integers().float().any()


@pytest.mark.parametrize("bad", [torch.nan, torch.inf, -torch.inf])
def test_what_is_not_finite_is_refused(bad):
    weight = torch.ones(2, 40)
    weight[1, 3] = bad
    with pytest.raises(ConfigError, match="infinity or NaN"):
        quantize(weight, FORMATS["int8"])


@pytest.mark.parametrize("count", [1, 2, 7, 32, 33])
def test_nibbles_come_back(count):
    values = torch.randint(-8, 8, (3, count), dtype=torch.int8)
    packed = pack_nibbles(values)
    assert packed.shape == (3, (count + 1) // 2) and packed.dtype == torch.uint8
    assert torch.equal(unpack_nibbles(packed, count), values)
    assert packed[0, 0] & 15 == values[0, 0] + 8  # the even one in the low half


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("shape", SHAPES)
def test_bytes_are_counted_before_they_are_made(name, shape):
    assert quantize(weight_of(shape), FORMATS[name]).nbytes == FORMATS[name].bytes(shape)


def test_a_narrower_group_is_closer():
    weight = weight_of((64, 256))
    wide = dataclasses.replace(FORMATS["int4"], block=(1, 128))
    errors = [(dequantize(quantize(weight, each)) - weight).norm() for each in (FORMATS["int4"], wide)]
    assert errors[0] < 0.9 * errors[1]
