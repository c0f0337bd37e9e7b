"""Sampled frequencies against the softmax, and everything that bends them."""

import math

import pytest
import torch

from joyflash.engine.request import SamplingParams
from joyflash.engine.sampler import SamplingRow, sample
from joyflash.errors import EngineError
from joyflash.kernels.gumbel import Draw, gumbel_noise, noise_key


def row(position=0, *, seed=1, index=0, counts=None, mask=None, **params):
    own = SamplingParams(**params)
    return SamplingRow(own, Draw(noise_key(seed, index, position), own.temperature), counts or {}, mask)


def draw(logits_V, count, vocabulary=None, **params):
    """``count`` tokens, at one position each."""
    logits_BV = logits_V.expand(count, -1)
    rows = [row(position, **params) for position in range(count)]
    return torch.tensor(sample(logits_BV, rows, vocabulary or logits_V.shape[0])[0])


def chi_square(tokens, probs_V):
    expected = probs_V * len(tokens)
    observed = torch.bincount(tokens, minlength=len(probs_V)).double()
    kept = expected > 0
    assert observed[~kept].sum() == 0
    return float(((observed - expected)[kept] ** 2 / expected[kept]).sum()), int(kept.sum()) - 1


def limit(degrees):
    """The 0.999 quantile of chi square, by Wilson and Hilferty."""
    return degrees * (1 - 2 / (9 * degrees) + 3.09 * math.sqrt(2 / (9 * degrees))) ** 3


@pytest.mark.parametrize("temperature", [0.6, 1.0, 2.0])
def test_frequencies_are_the_softmax(temperature):
    logits_V = torch.linspace(-1.5, 1.5, 12)
    statistic, degrees = chi_square(
        draw(logits_V, 20_000, temperature=temperature), torch.softmax(logits_V.double() / temperature, 0)
    )
    assert statistic < limit(degrees)


def test_frequencies_over_seeds_and_choices_are_the_softmax_too():
    logits_V = torch.tensor([0.0, 1.0, 2.0, -1.0])
    for vary in ("seed", "index"):
        rows = [row(7, temperature=1.0, **{vary: value}) for value in range(20_000)]
        tokens = torch.tensor(sample(logits_V.expand(20_000, -1), rows, 4)[0])
        statistic, degrees = chi_square(tokens, torch.softmax(logits_V.double(), 0))
        assert statistic < limit(degrees)


def test_noise_is_gumbel_and_uncorrelated():
    keys = torch.tensor([noise_key(3, 0, position) for position in range(400)])
    noise = gumbel_noise(keys, torch.arange(500))
    assert noise.mean().item() == pytest.approx(0.5772, abs=0.01)
    assert noise.var().item() == pytest.approx(math.pi**2 / 6, abs=0.03)
    assert torch.isfinite(noise).all()
    assert torch.corrcoef(torch.stack([noise[:-1].flatten(), noise[1:].flatten()]))[0, 1].abs() < 0.01
    assert torch.corrcoef(torch.stack([noise[:, :-1].flatten(), noise[:, 1:].flatten()]))[0, 1].abs() < 0.01


def test_noise_is_splitmix64():
    """Reference values of the published generator with seed 0 (its first outputs)."""
    outputs = [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F]
    expected = [-math.log(-math.log(((output >> 12) + 0.5) * 2.0**-52)) for output in outputs]
    assert gumbel_noise(torch.tensor([0]), torch.arange(3))[0].tolist() == pytest.approx(expected, rel=1e-12)


def test_a_row_does_not_depend_on_its_batch():
    logits_BV = torch.randn(6, 50, generator=torch.Generator().manual_seed(0))
    rows = [
        row(b, seed=b, temperature=[0, 0.6, 1.0][b % 3], top_p=[1.0, 0.8][b % 2], top_k=[0, 10][b // 3])
        for b in range(6)
    ]
    together = sample(logits_BV, rows, 50)[0]
    assert together == [sample(logits_BV[b : b + 1], [rows[b]], 50)[0][0] for b in range(6)]
    assert together[::-1] == sample(logits_BV.flip(0), rows[::-1], 50)[0]


def test_temperature_zero_is_argmax_and_tiny_ones_do_not_overflow():
    logits_V = torch.tensor([0.0, 3.0, 2.9])
    for temperature in (0, 1e-300):
        assert set(draw(logits_V, 50, temperature=temperature, top_p=0.9, min_p=0.1).tolist()) == {1}


@pytest.mark.parametrize(
    ("params", "kept"),
    [
        ({"top_k": 2}, {0, 1}),
        ({"top_k": -1}, {0, 1, 2, 3}),
        ({"top_p": 0.75}, {0, 1}),
        ({"top_p": 0.65}, {0, 1}),
        ({"top_p": 0.4}, {0}),
        ({"top_p": 0.0}, {0}),
        ({"top_k": 3, "top_p": 0.75}, {0, 1}),
        ({"top_k": 2, "top_p": 0.56}, {0}),
        ({"min_p": 0.39}, {0, 1, 2}),
        ({"min_p": 0.5}, {0, 1}),
        ({"min_p": 1.0}, {0}),
    ],
    ids=str,
)
def test_truncation_keeps_the_right_tokens_and_their_proportions(params, kept):
    probs_V = torch.tensor([0.45, 0.3, 0.18, 0.07], dtype=torch.float64)
    tokens = draw(probs_V.log().float(), 4000, temperature=1.0, **params)
    assert set(tokens.tolist()) == kept
    cut_V = torch.where(torch.tensor([v in kept for v in range(4)]), probs_V, 0.0)
    if len(kept) > 1:
        statistic, degrees = chi_square(tokens, cut_V / cut_V.sum())
        assert statistic < limit(degrees)


def test_rows_beyond_the_tokenizer_are_never_chosen():
    logits_V = torch.tensor([0.0, 0.0, 90.0])
    assert set(draw(logits_V, 100, vocabulary=2, temperature=1.0).tolist()) == {0, 1}
    assert draw(logits_V, 1, vocabulary=2, temperature=0).item() < 2


def test_penalties_and_bias_move_the_choice():
    logits_1V = torch.tensor([[2.0, 1.5, 1.0]])
    greedy = {"temperature": 0}
    cases = [
        (row(counts={0: 1}, presence_penalty=0.4, **greedy), 0),
        (row(counts={0: 1}, presence_penalty=0.6, **greedy), 1),
        (row(counts={0: 1}, frequency_penalty=0.4, **greedy), 0),
        (row(counts={0: 3}, frequency_penalty=0.4, **greedy), 1),
        (row(counts={0: 1, 1: 1}, presence_penalty=2.0, **greedy), 2),
        (row(logit_bias={2: 5}, **greedy), 2),
        (row(logit_bias={0: -100}, **greedy), 1),
        (row(logit_bias={0: 100}, mask=torch.tensor([False, False, True]), **greedy), 2),
    ]
    for case, expected in cases:
        assert sample(logits_1V, [case], 3)[0] == [expected]


def test_logprobs_are_the_models_own():
    logits_1V = torch.tensor([[1.0, 3.0, 2.0, 50.0]])
    spoilt = row(temperature=0, logprobs=2, logit_bias={0: 100}, counts={1: 4}, presence_penalty=2, top_k=1)
    tokens, logprobs = sample(logits_1V, [spoilt], 3)
    reference = torch.log_softmax(logits_1V[0, :3], 0).tolist()
    assert tokens == [0]
    assert logprobs[0].logprob == pytest.approx(reference[0], rel=1e-6)
    assert [token for token, _ in logprobs[0].top] == [1, 2]
    assert logprobs[0].top[0][1] == pytest.approx(reference[1], rel=1e-6)
    assert sample(logits_1V, [row(temperature=0)], 3)[1] == [None]
    assert sample(logits_1V, [row(temperature=0, logprobs=0)], 3)[1][0].top == ()


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_logits_that_are_no_numbers_are_an_error(bad):
    with pytest.raises(EngineError, match="not finite"):
        sample(torch.tensor([[0.0, bad]]), [row()], 2)


def test_a_mask_that_allows_nothing_is_an_error():
    with pytest.raises(EngineError, match="no token"):
        sample(torch.zeros(1, 2), [row(mask=torch.zeros(2, dtype=torch.bool))], 2)
