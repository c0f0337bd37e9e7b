"""Quantised products of the CPU step: against float64, against the plain model, and bit for bit in any batch."""

from __future__ import annotations

import dataclasses
import random
from array import array

import pytest
import torch

from joyflash.engine.engine import Engine
from joyflash.engine.request import SamplingParams
from joyflash.errors import ConfigError, KernelError
from joyflash.kernels.cpu import build
from joyflash.kernels.cpu.packed import pack_matrix
from joyflash.kernels.gumbel import Draw
from joyflash.model.cache import PagedCache
from joyflash.model.compiled import CompiledStep
from joyflash.model.config import ModelConfig
from joyflash.model.quantized import put_back, quantize_model
from joyflash.model.step import Rows, TorchStep
from joyflash.quantization.formats import FORMATS, QuantizedTensor, dequantize, quantize
from joyflash.quantization.policy import EXPERTS, POLICIES, Policy
from tests.kernels.test_cpu_step import SHAPES, rows_of, tokens_of
from tests.model.conftest import TINY, random_model

pytestmark = pytest.mark.skipif(build.compiler() is None, reason="the compiled step needs a C compiler")

WIDTHS = [1, 8, 31, 32, 33, 44, 96, 100, 256]
QUANTISATIONS = ["int8", "int4", "int4-int8"]


def quantized_step(
    config: ModelConfig, name: str, dtype: torch.dtype = torch.float32, threads: int = 2
) -> tuple[CompiledStep, TorchStep]:
    """The compiled step with quantised weights, and the plain one with what they stand for, in float32."""
    model = random_model(config).to(dtype)
    quantized = quantize_model(model, POLICIES[name])
    step = CompiledStep(model, PagedCache(config, 32, 8, dtype), 128, threads, 64, quantized=quantized)
    model = model.float()
    put_back(model, quantized)
    return step, TorchStep(model, PagedCache(config, 32, 8), 128)


def head_step(weight: QuantizedTensor, threads: int = 1) -> CompiledStep:
    """A step whose output head is ``weight``: its logits are one product."""
    vocabulary, width = weight.shape
    model = random_model(dataclasses.replace(TINY, hidden_size=width, vocab_size=vocabulary))
    return CompiledStep(model, PagedCache(model.config, 4, 8), 32, threads, 32, quantized={"lm_head.weight": weight})


@torch.inference_mode()
@pytest.mark.parametrize("name", ["int8", "int4"])
@pytest.mark.parametrize("width", WIDTHS)
def test_a_product_is_float64s_up_to_the_rounding_of_its_inputs(name, width):
    generator = torch.Generator().manual_seed(width)
    weight = quantize(torch.randn(61, width, generator=generator), FORMATS[name])
    x_nD = torch.randn(17, width, generator=generator) * torch.logspace(-4, 4, 17)[:, None]
    got, exact = head_step(weight).logits(x_nD), dequantize(weight).double()
    # half of 1/32767 of a row's largest input on every input, and float32's rounding of the sums
    bound = (0.5 / 32767 + 1e-6) * x_nD.double().abs().amax(1, keepdim=True) * exact.abs().sum(1)
    assert ((got.double() - x_nD.double() @ exact.T).abs() <= bound).all()
    ids = torch.tensor([0, 3, 4, 5, 60], dtype=torch.int32)
    drawn = head_step(weight).draw(x_nD, range(17), [Draw(0, 0.0)] * 17, array("i", ids.tolist()))
    assert drawn == ids[got[:, ids].argmax(1)].tolist()


@torch.inference_mode()
@pytest.mark.parametrize("name", ["int8", "int4"])
@pytest.mark.parametrize("threads", [1, 2])
def test_no_bit_of_a_product_depends_on_the_number_of_rows(name, threads):
    generator = torch.Generator().manual_seed(1)
    weight = quantize(torch.randn(203, 100, generator=generator), FORMATS[name])
    x_nD = torch.randn(16, 100, generator=generator)
    step = head_step(weight, threads)
    alone = torch.cat([head_step(weight).logits(row[None]) for row in x_nD])
    for count in range(1, 17):
        assert torch.equal(step.logits(x_nD[:count]), alone[:count])
        assert torch.equal(step.logits(x_nD[-count:]), alone[-count:])


@torch.inference_mode()
@pytest.mark.parametrize("name", ["int8", "int4"])
def test_rows_of_zeros_and_of_what_is_not_finite(name):
    weight = quantize(torch.randn(40, 44, generator=torch.Generator().manual_seed(2)), FORMATS[name])
    x_nD = torch.ones(6, 44)
    x_nD[1], x_nD[2, 7], x_nD[3, 40], x_nD[4], x_nD[5] = 0, torch.nan, torch.inf, 1e-38, 1e30
    got = head_step(weight).logits(x_nD)
    assert not got[1].any() and (got[4].abs() < 1e-30).all()
    assert not got[2].isfinite().any() and not got[3].isfinite().any()
    torch.testing.assert_close(got[5] / 1e30, got[0], rtol=1e-5, atol=1e-5)


@torch.inference_mode()
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", QUANTISATIONS)
def test_the_step_computes_what_the_plain_model_does(shape, name):
    config = SHAPES[shape]
    step, plain = quantized_step(config, name)
    tokens = tokens_of(config)
    hidden, expected = step.trunk(rows_of(tokens)), plain.trunk(rows_of(tokens))
    torch.testing.assert_close(hidden, expected, rtol=0, atol=2e-3)
    assert (hidden - expected).norm() < 3e-4 * expected.norm()  # the 16-bit inputs; the weights' own error is 1e-2
    torch.testing.assert_close(step.logits(hidden), plain.logits(hidden), rtol=0, atol=1e-3)
    after = rows_of([*tokens[1:], 5])
    every = range(len(tokens))
    drafts, wanted = step.mtp(after, hidden, every, [2, 30, 44]), plain.mtp(after, hidden, every, [2, 30, 44])
    torch.testing.assert_close(drafts, wanted, rtol=0, atol=2e-3)


@torch.inference_mode()
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", ["int8", "int4-int8"])
def test_bits_do_not_depend_on_pieces_neighbours_blocks_or_threads(shape, dtype, name):
    config = SHAPES[shape]
    tokens, other = tokens_of(config), tokens_of(config, 9)
    whole, _ = quantized_step(config, name, dtype, threads=1)
    hidden = whole.trunk(rows_of(tokens))
    drafts = whole.mtp(rows_of([*tokens[1:], 5]), hidden, range(len(tokens)), range(len(tokens)))
    step, _ = quantized_step(config, name, dtype)
    rng, at, table, neighbour = random.Random(3), 0, (11, 4, 6, 21, 2, 8), (0, 1, 3, 5, 7, 9)
    while at < len(tokens):
        count = min(rng.choice([1, 1, 2, 3, 4, 5, 13]), len(tokens) - at)
        beside = min(count, rng.choice([0, 1, 2, count]))
        places, sequences = [*range(at, at + beside), *range(at, at + count)], [0] * beside + [1] * count
        span = slice(at, at + count)
        rows = Rows(other[at : at + beside] + tokens[span], places, sequences, [neighbour, table])
        got = step.trunk(rows)[beside:]
        assert torch.equal(got, hidden[span])
        assert torch.equal(step.logits(got), whole.logits(hidden)[span])
        mine = Rows([*tokens[1:], 5][span], places[beside:], [1] * count, [neighbour, table])
        assert torch.equal(step.mtp(mine, got, range(count), range(count)), drafts[span])
        at += count


@torch.inference_mode()
def test_packed_inputs_are_not_taken_for_those_of_a_later_layer():
    """One matrix of every layer is quantised, and its inputs lie at the same place in all of them."""
    model = random_model(TINY)
    policy = Policy("one", ((r"\.experts\.gate_up_proj$", FORMATS["int8"]),))
    quantized = quantize_model(model, policy)
    step = CompiledStep(model, PagedCache(TINY, 32, 8), 128, 1, quantized=quantized)
    put_back(model, quantized)
    plain = TorchStep(model, PagedCache(TINY, 32, 8), 128)
    first = rows_of(tokens_of(TINY)[:1])
    torch.testing.assert_close(step.trunk(first), plain.trunk(first), rtol=0, atol=1e-3)


@torch.inference_mode()
def test_wider_groups_are_read_too():
    """Folders of other tools have groups of 64, of 128, or one a row."""
    for width in (64, 128, 2**31):
        format = dataclasses.replace(FORMATS["int4"], block=(1, width))
        weight = quantize(torch.randn(40, 200, generator=torch.Generator().manual_seed(2)), format)
        x_nD = torch.randn(3, 200, generator=torch.Generator().manual_seed(3))
        torch.testing.assert_close(head_step(weight).logits(x_nD), x_nD @ dequantize(weight).T, rtol=1e-3, atol=2e-3)


def test_formats_without_a_product_are_refused():
    for format in (FORMATS["fp8"], dataclasses.replace(FORMATS["int8"], block=(1, 48))):
        weight = quantize(torch.randn(40, 200), format)
        with pytest.raises(KernelError, match="lm_head"):
            head_step(weight)


def test_four_bits_lie_in_halves():
    values = torch.arange(-8, 8, dtype=torch.int8).repeat(3)[None, :40]
    packed = pack_matrix(values, torch.ones(1, 2), 4)
    assert packed.values.shape == (1, 32) and packed.values.dtype in (torch.int8, torch.uint8)
    held = packed.values.view(torch.uint8)[0]
    halves = [held[group] >> shift & 15 for group in (slice(0, 16), slice(16, 32)) for shift in (0, 4)]
    signed = [half - 16 if half > 7 else half for half in torch.cat(halves).tolist()]
    assert signed == values[0].tolist() + [0] * 24


PROMPTS = [[{"role": "user", "content": "Which is bigger, 9.11 or 9.9?"}], "Once upon a time", "你好"]


@pytest.mark.parametrize("name", ["int8", "int4-int8"])
def test_a_seed_gives_the_same_text_whatever_is_drafted_and_whoever_runs_beside(name):
    params = SamplingParams(temperature=0.8, seed=5, max_tokens=24)
    texts = []
    for mtp in (0, 1, 3):
        engine = Engine.from_pretrained("nano", mtp=mtp, max_context=256, max_batch=4, quantization=name)
        assert engine.batch_invariant
        texts.append([output.token_ids for output in engine.generate(PROMPTS, params)])
    texts.append([engine.generate([prompt], params)[0].token_ids for prompt in PROMPTS])
    assert texts[0] == texts[1] == texts[2] == texts[3]


def test_plain_pytorch_computes_with_the_same_weights():
    params = SamplingParams(temperature=0, max_tokens=12, logprobs=1)
    compiled, plain = (
        Engine.from_pretrained("nano", mtp=0, max_context=128, quantization="int8", compiled=each).generate(
            PROMPTS, params
        )
        for each in (True, False)
    )
    for ours, theirs in zip(compiled, plain, strict=True):
        assert ours.token_ids == theirs.token_ids
        for mine, other in zip(ours.logprobs, theirs.logprobs, strict=True):
            assert mine.logprob == pytest.approx(other.logprob, abs=5e-3)


def test_unknown_quantisations_are_named():
    with pytest.raises(ConfigError, match="no quantisation 'q8_0'; there are int8"):
        Engine.from_pretrained("nano", quantization="q8_0")


def test_only_what_a_policy_names_changes():
    model = random_model(TINY)
    before = {name: parameter.clone() for name, parameter in model.named_parameters()}
    quantized = quantize_model(model, Policy("experts", ((EXPERTS, FORMATS["int4"]),)))
    put_back(model, quantized)
    changed = {name for name, parameter in model.named_parameters() if not torch.equal(parameter, before[name])}
    assert changed == set(quantized) == {name for name in before if ".mlp.experts." in name}
