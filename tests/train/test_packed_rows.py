"""Documents of one packed row do not see each other: logits, MTP, loss and its gradient."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from joyflash.batch import PackedBatch
from joyflash.model.attention import PackedContext
from joyflash.train.objective import LanguageModelling, target_weight, targets
from tests.model.conftest import TINY, random_model


def packed(lengths: list[int], seed: int = 0) -> PackedBatch:
    generator = torch.Generator().manual_seed(seed)
    positions_T = torch.cat([torch.arange(length) for length in lengths])
    document_T = torch.repeat_interleave(torch.arange(len(lengths), dtype=torch.int32), torch.tensor(lengths))
    tokens_T = torch.randint(TINY.vocab_size, (sum(lengths),), generator=generator)
    return PackedBatch(tokens_T, positions_T, (positions_T > 0).float(), document_T)


@pytest.mark.parametrize("changed", [0, 1, 3])
@torch.no_grad()
def test_another_document_moves_no_logit(changed: int):
    model = random_model(TINY)
    row, other = packed([37, 50, 1, 64]), packed([37, 50, 1, 64], seed=1)
    inside = row.document_T == changed
    perturbed = torch.where(inside, other.tokens_T, row.tokens_T)
    context = PackedContext.of(row.positions_T, TINY)
    found = []
    for tokens_T in (row.tokens_T, perturbed):
        hidden_TD = model.hidden(tokens_T, context)
        mtp_TD = model.mtp_hidden(hidden_TD, tokens_T, row.positions_T, context)
        found.append((model.logits(hidden_TD), model.logits(mtp_TD)))
    (main, mtp), (main_after, mtp_after) = found
    assert (main - main_after)[~inside].abs().max() <= 1e-6
    assert (main - main_after)[inside].abs().max() > 0.1
    # the last token of a document has no next one: what its MTP state says counts nowhere
    counted = torch.zeros_like(inside).index_fill(0, targets(row, 2)[0], True)
    assert (mtp - mtp_after)[~inside & counted].abs().max() <= 1e-6


@given(lengths=st.lists(st.integers(1, 9), min_size=1, max_size=12), ahead=st.sampled_from([1, 2]))
def test_no_shift_crosses_a_document(lengths: list[int], ahead: int):
    row = packed(lengths)
    index_N, target_N, _ = targets(row, ahead)
    assert torch.equal(row.document_T[index_N], row.document_T[index_N + ahead])
    assert torch.equal(target_N, row.tokens_T[index_N + ahead])
    assert len(index_N) == sum(max(0, length - ahead) for length in lengths)


def test_one_packed_row_has_the_loss_and_gradients_of_its_documents_apart():
    """Main and MTP loss; equal to rounding, so that packing changes nothing but the speed."""
    lengths = [23, 40, 3, 30]
    row = packed(lengths)
    apart = [
        PackedBatch(tokens, torch.arange(len(tokens)), weights, torch.zeros(len(tokens)))
        for tokens, weights in zip(row.tokens_T.split(lengths), row.weights_T.split(lengths), strict=True)
    ]
    objective = LanguageModelling(target_weight([row], 1), 0.1, target_weight([row], 2))
    assert target_weight(apart, 1) == target_weight([row], 1) and target_weight(apart, 2) == target_weight([row], 2)
    results = []
    for rows in ([row], apart):
        model = random_model(TINY).train()
        losses = [objective(model, each)[0] for each in rows]
        sum(losses).backward()
        results.append((float(sum(losses).detach()), [p.grad for p in model.parameters()]))
    (one, together), (two, separate) = results
    assert one == pytest.approx(two, rel=1e-6)
    for a, b in zip(together, separate, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-6)
