"""The step of two: long stretches of prompts by the library, the rest compiled."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch.nn import functional as F

from joyflash.engine.engine import Engine
from joyflash.engine.request import SamplingParams
from joyflash.errors import ConfigError
from joyflash.kernels.cpu.build import compiler
from joyflash.model.cache import PagedCache
from joyflash.model.compiled import CompiledStep
from joyflash.model.loading import load_model
from joyflash.model.mixed import LONG, MixedStep
from joyflash.model.segment_attention import attend_behind
from joyflash.model.step import Rows, TorchStep

pytestmark = pytest.mark.skipif(compiler() is None, reason="the compiled step needs a C compiler")


@pytest.mark.parametrize("behind", [0, 1, 37])
@pytest.mark.parametrize("value_width", [8, 16, 24])
def test_two_calls_without_a_mask_are_one_with_it(behind: int, value_width: int):
    torch.manual_seed(behind)
    q, k = torch.randn(2, 3, 11, 16), torch.randn(2, 3, behind + 11, 16)
    v = torch.randn(2, 3, behind + 11, value_width)
    visible = torch.arange(behind + 11) <= behind + torch.arange(11)[:, None]
    # Scores are scaled by hand: padded queries must not change the scale.
    expected = F.scaled_dot_product_attention(q, k, v, attn_mask=visible, scale=0.3)
    torch.testing.assert_close(attend_behind(q, k, v, behind, 0.3), expected, rtol=1e-5, atol=1e-6)


class Steps:
    """A compiled and a mixed step over the same weights, each with a cache of its own."""

    def __init__(self) -> None:
        model, _ = load_model("nano")
        caches = [PagedCache(model.config, 48, 16) for _ in range(2)]
        self.compiled = CompiledStep(model, caches[0], 256)
        library = TorchStep(model, caches[1], 256)
        self.mixed = MixedStep(CompiledStep(model, caches[1], 256), library)
        self.seen: list[int] = []  # rows of each call of the library
        for name in ("trunk", "mtp"):
            self._listen(library, name)

    def _listen(self, library: TorchStep, name: str) -> None:
        call = getattr(library, name)

        def heard(rows: Rows, *rest: Any) -> torch.Tensor:
            self.seen.append(len(rows.tokens))
            return call(rows, *rest)

        setattr(library, name, heard)


@pytest.fixture(scope="module", name="steps")
def _steps() -> Steps:
    return Steps()


def rows_of(*spans: tuple[int, int]) -> Rows:
    """Rows from position a to b of one sequence for each span."""
    tables = [list(range(16 * number, 16 * number + 16)) for number in range(len(spans))]
    rows = [(position, number) for number, (a, b) in enumerate(spans) for position in range(a, b)]
    tokens = [300 + 37 * position % 900 + number for position, number in rows]
    return Rows(tokens, [position for position, _ in rows], [number for _, number in rows], tables)


SPANS = {
    "all long": [((0, LONG),), ((LONG, 2 * LONG + 5),)],
    "all short": [((0, LONG - 1),), ((LONG - 1, LONG + 3),)],
    "both": [((0, 20), (0, LONG), (0, 30)), ((20, 21), (LONG, 2 * LONG), (30, 33))],
}


@torch.inference_mode()
@pytest.mark.parametrize("name", SPANS)
def test_hidden_states_are_those_of_the_compiled_step(name: str, steps: Steps):
    for spans in SPANS[name]:
        rows, lengths = rows_of(*spans), [b - a for a, b in spans]
        steps.seen.clear()
        expected, found = steps.compiled.trunk(rows), steps.mixed.trunk(rows)
        torch.testing.assert_close(found, expected, rtol=2e-4, atol=2e-4)
        long = sum(length for length in lengths if length >= LONG)
        assert steps.seen == ([long] if long else [])
        kept = [0, len(rows.tokens) // 2, len(rows.tokens) - 1]
        lines = list(range(len(rows.tokens)))
        torch.testing.assert_close(
            steps.mixed.mtp(rows, expected, lines, kept),
            steps.compiled.mtp(rows, expected, lines, kept),
            rtol=2e-4,
            atol=2e-4,
        )
        if not long:
            assert torch.equal(found, expected)


PROMPT = "The old lighthouse stood at the edge of the cliff. " * 9 + "Every evening the keeper climbed the stairs and"


def test_the_engine_says_and_does_what_was_asked_for():
    params = SamplingParams(temperature=0, max_tokens=8, logprobs=5)
    engines = [
        Engine.from_pretrained("nano", mtp=1, max_context=512, compiled=True, batch_invariant=invariant)
        for invariant in (True, False)
    ]
    assert [engine.batch_invariant for engine in engines] == [True, False]
    exact, fast = (engine.generate([PROMPT], params)[0] for engine in engines)
    assert len(engines[1].encode_prompt(PROMPT)) >= 2 * LONG
    assert exact.logprobs is not None and fast.logprobs is not None
    first, second = (dict(each.logprobs[0].top) for each in (exact, fast))
    assert first.keys() == second.keys() and first == pytest.approx(second, abs=1e-3)
    assert first != second  # another order of sums: else it did not happen


def test_drafts_behind_a_long_prompt_in_bfloat16(caplog: pytest.LogCaptureFixture):
    engine = Engine.from_pretrained(
        "nano", mtp=2, max_context=512, compiled=True, batch_invariant=False, dtype=torch.bfloat16
    )
    engine.generate([PROMPT], SamplingParams(temperature=0, max_tokens=8, ignore_eos=True))
    assert engine.statistics.drafted and "failed" not in caplog.text


def test_quantised_weights_are_refused():
    with pytest.raises(ConfigError, match="batch_invariant=False takes prompts through unquantised weights"):
        Engine.from_pretrained("nano", quantization="int8", batch_invariant=False, compiled=True)
