"""Chunked cross entropy against torch's own; targets that never leave their document."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from joyflash.batch import PackedBatch
from joyflash.model.attention import PackedContext
from joyflash.train import losses
from joyflash.train.losses import weighted_cross_entropy
from joyflash.train.objective import LanguageModelling, draft_weights, in_conversations, target_weight, targets
from tests.model.conftest import TINY, random_model


@pytest.mark.parametrize("factor", [1, 3])
@pytest.mark.parametrize("chunk", [7, 23, 1024])
@pytest.mark.parametrize(("dtype", "error"), [(torch.float32, 1e-6), (torch.bfloat16, 1e-2)])
def test_equals_torch_in_value_and_gradients(monkeypatch, dtype, error, chunk, factor):
    monkeypatch.setattr(losses, "logits_at_once", lambda vocabulary, on_gpu: chunk)
    generator = torch.Generator().manual_seed(0)
    hidden, head = (torch.randn(*size, generator=generator).to(dtype) for size in ((23, 8), (31, 8)))
    target = torch.randint(0, 31, (23,), generator=generator)
    weight = torch.rand(23, generator=generator)
    pairs = [[x.to(kind, copy=True).requires_grad_() for x in (hidden, head)] for kind in (dtype, torch.float64)]
    ours, each = weighted_cross_entropy(*pairs[0], target, weight)
    plain = F.cross_entropy(pairs[1][0] @ pairs[1][1].T, target, reduction="none")
    assert (each - plain).norm() <= error * plain.norm()
    (factor * ours).backward()
    (factor * (plain * weight).sum()).backward()
    for a, b in zip(*pairs, strict=True):
        assert a.grad.dtype == dtype and (a.grad - b.grad).norm() <= error * b.grad.norm()


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("chunk", [7, 1024])
@pytest.mark.parametrize(("dtype", "error"), [(torch.float32, 1e-6), (torch.bfloat16, 1e-2)])
def test_powers_are_dynamic_fine_tuning(monkeypatch, dtype, error, chunk, compiled):
    """Power 1 is the loss that TRL calls "dft", whose probability is a constant; power 0 is cross entropy."""
    monkeypatch.setattr(losses, "logits_at_once", lambda vocabulary, on_gpu: chunk)
    if not compiled:
        monkeypatch.setattr(losses.rows, "can_run", lambda *_: False)
    generator = torch.Generator().manual_seed(0)
    hidden, head = (torch.randn(*size, generator=generator).to(dtype) for size in ((23, 8), (31, 8)))
    target = torch.randint(0, 31, (23,), generator=generator)
    weight, power = torch.rand(23, generator=generator), (torch.arange(23) % 3 > 0).float()
    pairs = [[x.to(kind, copy=True).requires_grad_() for x in (hidden, head)] for kind in (dtype, torch.float64)]
    ours, each = weighted_cross_entropy(*pairs[0], target, weight, power)
    log_probs = (pairs[1][0] @ pairs[1][1].T).log_softmax(-1).gather(1, target[:, None]).squeeze(1)
    plain = -torch.where(power > 0, log_probs.exp().detach(), 1.0) * log_probs
    assert (each + log_probs).norm() <= error * log_probs.norm()
    assert float(ours.detach()) == pytest.approx(float((plain * weight).sum().detach()), rel=10 * error)
    ours.backward()
    (plain * weight).sum().backward()
    for a, b in zip(*pairs, strict=True):
        assert a.grad.dtype == dtype and (a.grad - b.grad).norm() <= error * b.grad.norm()


def test_more_logits_of_a_small_vocabulary_exist_at_one_time():
    assert losses.logits_at_once(8192, on_gpu=False) == 2048
    assert losses.logits_at_once(129_280, on_gpu=False) == losses.CHUNK == losses.logits_at_once(10**6, on_gpu=True)
    assert losses.logits_at_once(8192, on_gpu=True) == 16 * losses.CHUNK


def test_no_target_gives_zero():
    head = torch.randn(5, 4, requires_grad=True)
    loss, each = weighted_cross_entropy(torch.zeros(0, 4), head, torch.zeros(0, dtype=torch.int64), torch.zeros(0))
    loss.backward()
    assert loss == 0 and each.numel() == 0 and torch.equal(head.grad, torch.zeros(5, 4))


def row() -> PackedBatch:
    positions = torch.tensor([0, 1, 2, 3, 0, 1, 0, 1, 2])
    weights = torch.tensor([0, 1, 0, 1, 0, 1, 0, 0.5, 1.0])
    return PackedBatch(torch.arange(10, 19), positions, weights, torch.tensor([0, 0, 0, 0, 1, 1, 2, 2, 2]))


def test_targets_stay_inside_their_document():
    index, token, weight = targets(row(), 1)
    assert (index.tolist(), token.tolist(), weight.tolist()) == (
        [0, 2, 4, 6, 7],
        [11, 13, 15, 17, 18],
        [1, 1, 1, 0.5, 1],
    )
    index, token, _ = targets(row(), 2)
    assert (index.tolist(), token.tolist()) == ([1, 6], [13, 18])
    assert target_weight([row(), row()], 1) == 9.0


def test_rectified_losses_of_conversations_and_plain_ones_of_texts():
    """The first document is read in part, a conversation; the second is a text; the third a text with a weight."""
    batch, model = row(), random_model(TINY)
    assert in_conversations(batch).tolist() == [True] * 4 + [False] * 5
    plain, columns = LanguageModelling(4.5, 0.1, 2.0)(model, batch)
    rectified, found = LanguageModelling(4.5, 0.1, 2.0, rectified=True)(model, batch)
    assert found == pytest.approx(columns, rel=1e-6)  # what is logged stays comparable
    with torch.no_grad():
        logits = model.logits(model.hidden(batch.tokens_T, PackedContext.of(batch.positions_T, TINY)))
        log_probs = logits.log_softmax(-1)[torch.tensor([0, 2]), batch.tokens_T[torch.tensor([1, 3])]]
    less = float(((1 - log_probs.exp()) * log_probs).sum()) / 4.5
    assert float(rectified.detach()) == pytest.approx(float(plain.detach()) + less, rel=1e-5) and less < 0


def test_mtp_loss_reaches_trunk_and_layer_and_is_weighted():
    model = random_model(TINY)
    batch = row()
    total, sums = LanguageModelling(4.5, 0.1, 2.0)(model, batch)
    assert abs(float(total.detach()) - sums["loss"] - 0.1 * sums["mtp_loss"]) < 1e-5
    total.backward()
    assert model.mtp is not None and model.mtp.eh_proj.weight.grad is not None
    plain, sums = LanguageModelling(4.5)(model, batch)
    assert "mtp_loss" not in sums and abs(float(plain.detach()) - sums["loss"]) < 1e-6


def test_further_passes_of_the_mtp_layer_read_its_own_output_one_token_back():
    model = random_model(TINY)
    tokens = torch.arange(10, 22)
    lengths, weights = (7, 5), torch.tensor([0, 1, 0.5, 1, 1, 0, 1, 0, 1, 1, 1, 0.25])
    positions = torch.cat([torch.arange(length) for length in lengths])
    batch = PackedBatch(tokens, positions, weights, torch.tensor([0] * 7 + [1] * 5))
    sums, counted, start = [0.0] * 3, [0.0] * 3, 0
    with torch.no_grad():
        for length in lengths:  # each document by itself, pass by pass, target by target
            own = slice(start, start + length)
            context = PackedContext.of(positions[own], TINY)
            hidden = model.hidden(tokens[own], context)
            for number in range(3):
                if number:
                    hidden = torch.cat((hidden[:1], hidden[:-1]))
                hidden = model.mtp_hidden(hidden, tokens[own], positions[own], context)
                logits = model.logits(hidden).log_softmax(-1)
                for place in range(number, length - 2):  # before that, what the layer made was not its own work
                    weight = float(weights[start + place + 2])
                    sums[number] -= weight * float(logits[place, tokens[start + place + 2]])
                    counted[number] += weight
            start += length
    assert draft_weights([batch], 3) == counted
    _, found = LanguageModelling(9.0, 0.3, counted)(model, batch)
    expected = [total / count for total, count in zip(sums, counted, strict=True)]
    assert [found[name] for name in ("mtp_loss", "mtp_loss_2", "mtp_loss_3")] == pytest.approx(expected, rel=1e-5)


def test_a_frozen_trunk_changes_no_gradient_of_the_layer():
    objective = LanguageModelling(4.5, 0.5, [2.0, 1.0])
    whole, frozen = random_model(TINY), random_model(TINY)
    for name, parameter in frozen.named_parameters():
        parameter.requires_grad_(name.startswith("mtp."))
    for model in (whole, frozen):
        objective(model, row())[0].backward()
    grads = {name: parameter.grad for name, parameter in frozen.named_parameters()}
    for name, parameter in whole.named_parameters():
        if name.startswith("mtp."):
            assert grads[name] is not None
            torch.testing.assert_close(grads[name], parameter.grad)
        else:
            assert grads[name] is None
