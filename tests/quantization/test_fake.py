"""Fake quantisation: the bits of real quantisation, in place for as long as is wanted, and PyTorch's own beside it."""

from __future__ import annotations

import pytest
import torch

from joyflash.quantization.fake import fake_quantize, fake_quantized
from joyflash.quantization.formats import FORMATS, dequantize, quantize
from joyflash.quantization.policy import POLICIES
from tests.quantization.test_formats import SHAPES, weight_of

EXPERTS = "model.layers.1.mlp.experts.down_proj"


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("shape", [*SHAPES, (4, 3, 64)])
@pytest.mark.parametrize("name", FORMATS)
def test_it_is_what_is_unpacked_from_packed_weights_to_the_bit(name, shape, dtype):
    weight = weight_of(shape).to(dtype)
    weight[..., 0, :] = 0.0
    fake = fake_quantize(weight, FORMATS[name])
    assert fake.dtype == dtype and torch.equal(fake, dequantize(quantize(weight, FORMATS[name]), dtype))
    assert weight.numel() < 64 or not torch.equal(fake, weight)


def test_pytorchs_own_quantiser_rounds_alike():
    weight = weight_of((1, 32))
    scale = float(quantize(weight, FORMATS["int4"]).scales)
    theirs = torch.fake_quantize_per_tensor_affine(weight, scale, 0, -8, 7)
    torch.testing.assert_close(fake_quantize(weight, FORMATS["int4"]), theirs, rtol=1e-6, atol=0)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_value_that_is_not_finite_spoils_its_block_and_no_other(value):
    weight = weight_of((2, 64))
    weight[1, 40] = value
    fake = fake_quantize(weight, FORMATS["int4"])
    assert fake[1, 32:].isnan().all() and fake[1, :32].isfinite().all() and fake[0].isfinite().all()


@pytest.mark.parametrize("at_once", [1, 96, 1 << 24])
def test_weights_are_fake_inside_and_themselves_behind(monkeypatch, at_once):
    monkeypatch.setattr("joyflash.quantization.fake._AT_ONCE", at_once)
    parameters = {
        EXPERTS: torch.nn.Parameter(weight_of((5, 3, 32))),
        "model.layers.0.self_attn.o_proj.weight": torch.nn.Parameter(weight_of((4, 64))),
        "model.layers.0.mlp.up_proj.weight": torch.nn.Parameter(weight_of((4, 48))),  # no whole groups of 32
        "mtp.eh_proj.weight": torch.nn.Parameter(weight_of((4, 64))),
        "lm_head.weight": torch.nn.Parameter(weight_of((4, 64))),
        "model.norm.weight": torch.nn.Parameter(torch.ones(64)),
        "model.layers.2.mlp.experts.down_proj": torch.nn.Parameter(torch.zeros(0, 3, 32)),  # of a process without any
        "model.layers.2.self_attn.o_proj.weight": torch.nn.Parameter(torch.zeros(0, 64)),
        "scalar": torch.nn.Parameter(torch.tensor(1.0)),
    }
    before = {name: each.detach().clone() for name, each in parameters.items()}
    shared = parameters[EXPERTS].data  # the same memory, as the workers' replicas have it
    rounded = {"int4": {EXPERTS}, "int4-int8": set(list(parameters)[:2]), None: set()}
    for policy, expected in rounded.items():
        chosen = None if policy is None else POLICIES[policy].without_head()
        with pytest.raises(KeyboardInterrupt), fake_quantized(parameters.items(), chosen):
            for name, each in parameters.items():
                assert torch.equal(each, before[name]) == (name not in expected), name
            if policy is not None:
                assert torch.equal(shared, dequantize(quantize(before[EXPERTS], FORMATS["int4"])))
            raise KeyboardInterrupt
        assert all(torch.equal(each, before[name]) for name, each in parameters.items())
    with fake_quantized(parameters.items(), POLICIES["int8"]):  # with the head
        assert not torch.equal(parameters["lm_head.weight"], before["lm_head.weight"])
