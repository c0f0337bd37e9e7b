"""The same numbers whichever way the model is run: packed, cached in chunks, expanded, absorbed, compiled operators."""

from __future__ import annotations

import pytest
import torch

from joyflash.errors import EngineError
from joyflash.kernels.cpu import build
from joyflash.model import rowwise
from joyflash.model.attention import PackedContext
from joyflash.model.cache import PagedCache
from joyflash.model.config import flash_48b_a3b, nano
from joyflash.model.experts import routed_experts
from joyflash.model.joyflash import parameter_counts
from joyflash.model.segment_attention import attend_segments, segment_attention
from tests.model.conftest import TINY, random_model


def tokens_of(config, rows: int, length: int) -> torch.Tensor:
    return torch.randint(0, config.vocab_size, (rows, length), generator=torch.Generator().manual_seed(length))


@pytest.mark.parametrize("form", ["expanded", "absorbed"])
@pytest.mark.parametrize("chunks", [[30], [1] * 30, [7, 1, 12, 1, 9]])
def test_cached_chunks_equal_the_full_pass(shape, form, chunks):
    model = random_model(shape)
    tokens = tokens_of(shape, 2, 30)
    cache = PagedCache(shape, blocks=9, block_size=8)
    tables, starts = [[8, 0, 3, 5], [1, 7, 2, 4]], [0, 0]
    hidden = []
    with torch.inference_mode():
        for part in tokens.split(chunks, dim=1):
            hidden.append(model.extend(part, cache, tables, starts, form))
            starts = [start + part.shape[1] for start in starts]
        torch.testing.assert_close(model.logits(torch.cat(hidden, 1)), model(tokens), rtol=1e-5, atol=1e-5)


def test_sequences_of_different_length_do_not_disturb_each_other(shape):
    model = random_model(shape)
    long, short = tokens_of(shape, 1, 20), tokens_of(shape, 1, 5)
    cache = PagedCache(shape, blocks=6, block_size=8)
    a, b = [4, 0, 5], [2]
    with torch.inference_mode():
        model.extend(long, cache, [a], [0])
        model.extend(short, cache, [b], [0])
        step = torch.tensor([[3], [5]])
        got = model.logits(model.extend(step, cache, [a, b], [15, 5]))[:, 0]  # the first one is cut back to 15
        expected_a = model(torch.cat((long[:, :15], step[:1]), 1))[0, -1]
        expected_b = model(torch.cat((short, step[1:]), 1))[0, -1]
    torch.testing.assert_close(got, torch.stack((expected_a, expected_b)), rtol=1e-5, atol=1e-5)


def test_cache_refuses_what_does_not_fit():
    cache = PagedCache(TINY, blocks=2, block_size=4)
    cache.check_room([[0], [1, 0]], [4, 8])
    for tables, lengths in (([[0]], [5]), ([[]], [0])):
        with pytest.raises(EngineError, match="do not hold"):
            cache.check_room(tables, lengths)


def test_documents_of_a_packed_row_do_not_see_each_other(shape):
    model = random_model(shape)
    a, b, c = (tokens_of(shape, 1, n)[0] for n in (9, 14, 5))
    positions = torch.cat([torch.arange(len(x)) for x in (a, b, c)])
    context = PackedContext.of(positions, shape)
    packed = model.logits(model.hidden(torch.cat((a, b, c)), context))
    changed = model.logits(model.hidden(torch.cat(((a + 1) % shape.vocab_size, b, c)), context))
    torch.testing.assert_close(packed[9:23], model(b.unsqueeze(0))[0], rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(packed[9:], changed[9:], rtol=1e-5, atol=1e-5)  # rounding, no more
    assert not torch.allclose(packed[:9], changed[:9])


def test_mtp_predicts_from_hidden_and_next_token(shape):
    """Against the layer's definition written out for one document."""
    model = random_model(shape)
    assert model.mtp is not None
    tokens = tokens_of(shape, 1, 12)[0]
    positions = torch.arange(12)
    context = PackedContext.of(positions, shape)
    hidden = model.hidden(tokens, context)
    got = model.mtp_hidden(hidden, tokens, positions, context)
    embedded = model.model.embed_tokens(tokens[1:])
    embedded = torch.cat((torch.zeros_like(embedded[:1]), embedded[1:]))  # position 0 counts as zero
    mtp = model.mtp
    joined = mtp.eh_proj(torch.cat((mtp.enorm(embedded), mtp.hnorm(hidden[:11])), dim=-1))
    expected = mtp.norm(mtp.block(joined, PackedContext.of(positions[:11], shape), 0))
    torch.testing.assert_close(got[:11], expected, rtol=1e-5, atol=1e-5)


def test_routed_experts_equal_a_loop_and_their_gradients_are_right():
    generator = torch.Generator().manual_seed(0)
    x, gate_up, down = (
        torch.randn(*size, generator=generator, dtype=torch.float64, requires_grad=True)
        for size in ((6, 4), (5, 6, 4), (5, 4, 3))
    )
    weight = torch.rand(6, 2, generator=generator, dtype=torch.float64, requires_grad=True)
    chosen = torch.tensor([[0, 1], [1, 3], [3, 0], [0, 1], [1, 0], [3, 1]])  # experts 2 and 4 stay without a token

    def loop(x, weight, gate_up, down):
        rows = []
        for token in range(6):
            parts = []
            for k in range(2):
                gate, up = (gate_up[chosen[token, k]] @ x[token]).chunk(2)
                hidden = torch.nn.functional.silu(gate) * up
                parts.append(weight[token, k] * (down[chosen[token, k]] @ hidden))
            rows.append(sum(parts))
        return torch.stack(rows)

    out, counts, _, _ = routed_experts(x, chosen, weight, gate_up, down)
    torch.testing.assert_close(out, loop(x, weight, gate_up, down))
    assert counts.tolist() == [4, 5, 0, 3, 0]
    assert torch.autograd.gradcheck(
        lambda *inputs: routed_experts(inputs[0], chosen, inputs[1], inputs[2], inputs[3])[0],
        (x, weight, gate_up, down),
    )


def test_segment_attention_equals_plain_attention_and_its_gradient():
    generator = torch.Generator().manual_seed(0)
    q, k, v = (torch.randn(20, 2, 8, generator=generator) for _ in range(3))
    ends = torch.tensor([1, 8, 20])
    mask = torch.block_diag(torch.ones(1, 1), torch.ones(7, 7), torch.ones(12, 12)).tril().bool()

    def plain(q, k, v):
        scores = torch.einsum("tnd,snd->nts", q, k) * 0.3
        return torch.einsum("nts,snd->tnd", scores.masked_fill(~mask, -torch.inf).softmax(-1), v)

    inputs = [[x.clone().requires_grad_() for x in (q, k, v)] for _ in range(2)]
    ours, theirs = segment_attention(*inputs[0], ends, 0.3)[0], plain(*inputs[1])
    torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5)
    pull = torch.randn(20, 2, 8, generator=generator)
    ours.backward(pull)
    theirs.backward(pull)
    for a, b in zip(*inputs, strict=True):
        torch.testing.assert_close(a.grad, b.grad, rtol=1e-4, atol=1e-5)
    narrow = attend_segments(q, k, v[..., :5], ends, 0.3)
    torch.testing.assert_close(narrow, plain(q, k, v[..., :5]), rtol=1e-5, atol=1e-5)
    double = attend_segments(q.double(), k.double(), v.double(), ends, 0.3)  # the path of other devices
    torch.testing.assert_close(double, plain(q.double(), k.double(), v.double()))


def test_operators_meet_torch_library_rules():
    x = torch.randn(6, 4, requires_grad=True)
    chosen = torch.tensor([[0, 1]] * 6)
    arguments = (x, chosen, torch.rand(6, 2), torch.randn(3, 6, 4), torch.randn(3, 4, 3))
    torch.library.opcheck(routed_experts, arguments, test_utils=("test_schema", "test_faketensor"))
    q = torch.randn(6, 2, 8)
    torch.library.opcheck(
        segment_attention, (q, q, q, torch.tensor([2, 6]), 0.3), test_utils=("test_schema", "test_faketensor")
    )
    if build.compiler():
        for operator, given in (
            (rowwise.rms_norm, (x, torch.ones(4), 1e-5)),
            (rowwise._rms_norm_backward, (x, x, torch.ones(4), torch.ones(6))),
            (rowwise._gated, (x, x)),
            (rowwise._gated_backward, (x, x, x)),
        ):
            torch.library.opcheck(operator, given, test_utils=("test_schema", "test_faketensor"))


def test_parameter_counts_of_the_released_model():
    assert parameter_counts(flash_48b_a3b()) == {
        "trunk": 48_942_542_592,
        "active": 2_774_779_904,
        "active_with_embeddings": 3_304_310_784,
        "active_without_routers": 3_283_863_552,
        "mtp": 78_786_560,
        "mtp_stored": 343_552_000,
    }


def test_nano_fits_its_budget():
    counts = parameter_counts(nano())
    assert 2 * (counts["trunk"] + counts["mtp"]) < 40e6  # bundled without the MTP layer's copy of the head
