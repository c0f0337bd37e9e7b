"""The compiled CPU step against the plain model, and its promise: a row's bits do not depend on its batch."""

from __future__ import annotations

import dataclasses
import random
from array import array

import pytest
import torch

from joyflash.engine.engine import Engine
from joyflash.errors import KernelError
from joyflash.kernels.cpu import build
from joyflash.kernels.gumbel import NOT_FINITE, Draw, gumbel_argmax, gumbel_noise
from joyflash.model.cache import PagedCache
from joyflash.model.compiled import CompiledStep
from joyflash.model.config import ModelConfig
from joyflash.model.step import Rows, TorchStep, draw_tokens
from joyflash.quantization.formats import FORMATS, dequantize, quantize
from tests.model.conftest import TINY, random_model

pytestmark = pytest.mark.skipif(build.compiler() is None, reason="the compiled step needs a C compiler")

LENGTH = 45
SHAPES = {
    "tiny": TINY,
    "odd": dataclasses.replace(
        TINY,
        hidden_size=44,
        intermediate_size=52,
        kv_lora_rank=20,
        qk_nope_head_dim=10,
        v_head_dim=14,
        moe_intermediate_size=18,
        num_attention_heads=3,
        vocab_size=203,
    ),
    "no_q_lora": dataclasses.replace(TINY, q_lora_rank=None, num_attention_heads=6),
    "no_norm": dataclasses.replace(TINY, norm_topk_prob=False, routed_scaling_factor=2.5, n_shared_experts=2),
}


@pytest.fixture(params=SHAPES, name="config")
def _config(request) -> ModelConfig:
    return SHAPES[request.param]


def compiled(config: ModelConfig, dtype: torch.dtype = torch.float32, threads: int = 2) -> CompiledStep:
    model = random_model(config).to(dtype)
    return CompiledStep(model, PagedCache(config, 32, 8, dtype), 128, threads, max_rows=64)


def tokens_of(config: ModelConfig, seed: int = 0) -> list[int]:
    return random.Random(seed).choices(range(config.vocab_size), k=LENGTH)


def rows_of(tokens: list[int], start: int = 0, table: tuple[int, ...] = (7, 3, 9, 1, 30, 12)) -> Rows:
    return Rows(tokens, range(start, start + len(tokens)), [0] * len(tokens), [table])


@torch.inference_mode()
def test_it_computes_what_the_plain_model_does(config):
    model = random_model(config)
    step = compiled(config)
    plain = TorchStep(model, PagedCache(config, 32, 8), 128)
    tokens = tokens_of(config)
    hidden, expected = step.trunk(rows_of(tokens)), plain.trunk(rows_of(tokens))
    torch.testing.assert_close(hidden, expected, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(step.logits(hidden), plain.logits(expected), rtol=1e-5, atol=1e-5)
    after, every = rows_of([*tokens[1:], 5]), range(len(tokens))
    drafts, wanted = step.mtp(after, hidden, every, [2, 30, 44]), plain.mtp(after, expected, every, [2, 30, 44])
    torch.testing.assert_close(drafts, wanted, rtol=1e-5, atol=1e-5)


@torch.inference_mode()
@pytest.mark.parametrize("kind", ["compiled", "plain"])
def test_the_mtp_layer_keeps_to_its_own_part_of_the_cache(config, kind):
    step = compiled(config) if kind == "compiled" else TorchStep(random_model(config), PagedCache(config, 32, 8), 128)
    tokens = tokens_of(config)
    hidden = step.trunk(rows_of(tokens[:-1]))
    step.mtp(rows_of(tokens[1:]), hidden, range(len(tokens) - 1), [])
    last = step.logits(step.trunk(rows_of(tokens[-1:], LENGTH - 1)))[0]
    torch.testing.assert_close(last, random_model(config)(torch.tensor([tokens]))[0, -1], rtol=1e-5, atol=1e-5)


@torch.inference_mode()
def test_bf16_weights_are_read_exactly(config):
    """Sums are float32, so the float32 model with the same rounded weights differs only by the cache's rounding."""
    step = compiled(config, torch.bfloat16)
    rounded = random_model(config).to(torch.bfloat16).float()
    plain = TorchStep(rounded, PagedCache(config, 32, 8), 128)
    tokens = tokens_of(config)
    got, expected = step.trunk(rows_of(tokens)), plain.trunk(rows_of(tokens))
    assert (got - expected).norm() / expected.norm() < 5e-3
    first = rows_of(tokens[:1])  # one key only: attention's weights cannot differ
    torch.testing.assert_close(step.trunk(first), plain.trunk(first), rtol=2e-2, atol=2e-2)


@torch.inference_mode()
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_bits_do_not_depend_on_pieces_neighbours_blocks_or_threads(config, dtype, seed):
    tokens, other = tokens_of(config), tokens_of(config, 9)
    whole = compiled(config, dtype, threads=1)
    hidden = whole.trunk(rows_of(tokens))
    drafts = whole.mtp(rows_of([*tokens[1:], 5]), hidden, range(LENGTH), range(LENGTH))
    step, rng, at = compiled(config, dtype, threads=2), random.Random(seed), 0
    table, neighbour = (11, 4, 6, 21, 2, 8), (0, 1, 3, 5, 7, 9)
    while at < LENGTH:
        count = min(rng.choice([1, 1, 2, 3, 4, 5, 13, 30]), LENGTH - at)
        beside = min(count, rng.choice([0, 1, 2, count]))
        places = [*range(at, at + beside), *range(at, at + count)]
        rows = Rows(
            other[at : at + beside] + tokens[at : at + count],
            places,
            [0] * beside + [1] * count,
            [neighbour, table],
        )
        got = step.trunk(rows)[beside:]
        assert torch.equal(got, hidden[at : at + count])
        assert torch.equal(step.logits(got), whole.logits(hidden)[at : at + count])
        mine = Rows([*tokens[1:], 5][at : at + count], places[beside:], [1] * count, [neighbour, table])
        wanted = sorted(rng.sample(range(count), rng.randint(0, count)))
        assert torch.equal(step.mtp(mine, got, range(count), wanted), drafts[[at + i for i in wanted]])
        at += count


def test_a_draw_is_the_plain_samplers():
    generator = torch.Generator().manual_seed(0)
    rng = random.Random(0)
    for trial in range(400):
        count = rng.choice([1, 2, 9, 500, 8192])
        scores = torch.randn(count, generator=generator) * rng.choice([0.01, 1.0, 8.0])
        ids = torch.randperm(20_000, generator=generator)[:count].to(torch.int32) if trial % 2 else None
        if trial % 3 == 0 and count > 2:
            scores[torch.rand(count, generator=generator) < 0.5] = -torch.inf
        temperature = rng.choice([0.0, 0.1, 0.6, 1.0, 3.0])
        key = rng.getrandbits(64) - 2**63
        noise = gumbel_noise(torch.tensor([key]), torch.arange(count) if ids is None else ids)[0]
        expected = int((scores.double() + temperature * noise).argmax())
        got = gumbel_argmax(scores, Draw(key, temperature), ids)
        assert got == expected or (scores == -torch.inf).all()
    assert gumbel_argmax(torch.full((5,), -torch.inf), Draw(1, 0.6)) == -1


@torch.inference_mode()
@pytest.mark.parametrize("threads", [1, 2])
def test_tokens_are_drawn_from_the_logits(config, threads):
    step, rng = compiled(config, threads=threads), random.Random(threads)
    hidden = step.trunk(rows_of(tokens_of(config)))
    some = torch.tensor([5, 0, 1, 2, 3, config.vocab_size - 1], dtype=torch.int32).sort().values
    for count in (1, 2, 3, 8, 45):
        lines = rng.choices(range(hidden.shape[0]), k=count)
        draws = [Draw(rng.getrandbits(64) - 2**63, rng.choice([0.0, 0.6, 2.0])) for _ in lines]
        logits = step.logits(hidden[lines])
        few = config.vocab_size - 7
        first = torch.arange(few, dtype=torch.int32)
        assert step.draw(hidden, lines, draws, few) == draw_tokens(logits[:, :few], draws, first)
        assert step.draw(hidden, lines, draws, array("i", some.tolist())) == draw_tokens(logits[:, some], draws, some)
    hidden[3, 5], hidden[9, 0] = torch.nan, torch.inf
    drawn = step.draw(hidden, range(12), [Draw(1, 0.6)] * 12, config.vocab_size)
    assert [row for row, token in enumerate(drawn) if token == NOT_FINITE] == [3, 9]


@torch.inference_mode()
def test_a_sequence_may_fill_the_context_and_no_more_rows_than_agreed():
    config = TINY
    step = compiled(config)
    plain = TorchStep(random_model(config), PagedCache(config, 32, 8), 128)
    tokens = [token % config.vocab_size for token in range(128)]
    table = tuple(range(16, 32))
    for first in range(0, 128, 64):
        part = rows_of(tokens[first : first + 64], first, table)
        torch.testing.assert_close(step.trunk(part), plain.trunk(part), rtol=1e-5, atol=1e-5)
    with pytest.raises(KernelError, match="65 rows"):
        step.trunk(rows_of([1] * 65, 0, table))


def test_without_a_compiler_the_engine_says_so_and_goes_on(monkeypatch, caplog):
    monkeypatch.setattr(build, "compiler", lambda: None)
    engine = Engine.from_pretrained("nano", max_batch=1, max_context=64)
    assert not engine.batch_invariant and "no C compiler" in caplog.text
    with pytest.raises(KernelError, match="no C compiler"):
        Engine.from_pretrained("nano", max_batch=1, max_context=64, compiled=True)


def test_a_compiler_that_fails_is_reported_in_its_own_words(monkeypatch, tmp_path):
    monkeypatch.setenv("JOYFLASH_CACHE", str(tmp_path))
    monkeypatch.setattr(build, "_FLAGS", (*build._FLAGS, "-Dvec="))
    with pytest.raises(KernelError, match="could not compile"):
        build.load_step(32)
    assert not list(tmp_path.iterdir())


def test_a_damaged_library_is_named(monkeypatch, tmp_path):
    monkeypatch.setenv("JOYFLASH_CACHE", str(tmp_path))
    monkeypatch.setattr(build, "_fingerprint", lambda *_: "damaged")
    (tmp_path / "step-damaged.so").write_text("no library")
    with pytest.raises(KernelError, match=r"step-damaged\.so does not load"):
        build.load_step(32)


def test_the_library_is_compiled_once(monkeypatch, tmp_path):
    monkeypatch.setenv("JOYFLASH_CACHE", str(tmp_path))
    build.load_step(32)
    (made,) = tmp_path.iterdir()
    before = made.stat().st_mtime_ns
    monkeypatch.setattr(build, "_compile", lambda *_: pytest.fail("compiled twice"))
    build.load_step(32)
    assert made.stat().st_mtime_ns == before


@torch.inference_mode()
def test_weights_that_bf16_can_hold_are_halved_and_no_bit_changes(config, monkeypatch):
    model = random_model(config).to(torch.bfloat16).float()

    def run() -> tuple[torch.Tensor, list[int]]:
        step = CompiledStep(model, PagedCache(config, 32, 8), 128)
        matrices = [layer["o"] for layer in step._step._weights.layers]
        hidden = step.trunk(rows_of(tokens_of(config)))
        return step.logits(hidden), [matrix.element_size() for matrix in matrices]

    halved, sizes = run()
    assert set(sizes) == {2}
    monkeypatch.setattr("joyflash.model.compiled._halved", torch.Tensor.contiguous)
    whole, sizes = run()
    assert set(sizes) == {4}
    assert torch.equal(halved, whole)
    # And what bfloat16 cannot hold stays what it is.
    monkeypatch.undo()
    step = CompiledStep(random_model(config), PagedCache(config, 32, 8), 128)
    assert {layer["o"].element_size() for layer in step._step._weights.layers} == {4}


@torch.inference_mode()
def test_only_drafts_are_rougher_in_a_draft_format(config):
    model, tokens = random_model(config), tokens_of(config)
    exact = CompiledStep(model, PagedCache(config, 32, 8), 128)
    rough = CompiledStep(model, PagedCache(config, 32, 8), 128, draft_format=FORMATS["int8"])
    hidden, every = exact.trunk(rows_of(tokens)), range(len(tokens))
    assert torch.equal(rough.trunk(rows_of(tokens)), hidden)
    assert torch.equal(rough.logits(hidden), exact.logits(hidden))
    after = rows_of([*tokens[1:], 5])
    wanted, got = (step.mtp(after, hidden, every, every) for step in (exact, rough))
    assert not torch.equal(got, wanted)
    assert (got - wanted).norm() / wanted.norm() < 0.03
    ids, draws = array("i", range(config.vocab_size)), [Draw(row, 0.0) for row in every]
    assert exact.draw(hidden, every, draws, config.vocab_size) == rough.draw(hidden, every, draws, config.vocab_size)
    likeliest, drafted = (step.draw(hidden, every, draws, ids) for step in (exact, rough))
    assert sum(map(int.__eq__, likeliest, drafted)) > 0.8 * len(tokens)


@torch.inference_mode()
def test_drafts_are_drawn_with_the_draft_head():
    """In 4 bits, which is rough enough for other tokens to win."""
    model, tokens = random_model(TINY), tokens_of(TINY)
    step = CompiledStep(model, PagedCache(TINY, 32, 8), 128, draft_format=FORMATS["int4"])
    hidden, every = step.trunk(rows_of(tokens)), range(len(tokens))
    head = dequantize(quantize(model.lm_head.weight, FORMATS["int4"]))
    expected = (hidden.double() @ head.double().T).argmax(1).tolist()
    drafted = step.draw(hidden, every, [Draw(0, 0.0)] * len(tokens), array("i", range(TINY.vocab_size)))
    assert drafted == expected
    assert drafted != step.logits(hidden).argmax(1).tolist()


@torch.inference_mode()
@pytest.mark.parametrize("kind", ["compiled", "plain"])
def test_the_mtp_layer_takes_hidden_states_from_the_lines_named(config, kind):
    step = compiled(config) if kind == "compiled" else TorchStep(random_model(config), PagedCache(config, 32, 8), 128)
    tokens = tokens_of(config)
    hidden, after = step.trunk(rows_of(tokens)), rows_of([*tokens[1:], 5])
    expected = step.mtp(after, hidden, range(len(tokens)), [1, 7, 44])
    got = step.mtp(after, hidden.flip(0), range(len(tokens))[::-1], [1, 7, 44])
    assert torch.equal(got, expected)
