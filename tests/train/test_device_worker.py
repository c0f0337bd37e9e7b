"""DeviceWorker against RowWorkers: joined rows give the gradients that rows alone give, also on a GPU."""

from __future__ import annotations

import copy

import pytest
import torch
from torch.nn import functional as F

from joyflash.batch import PackedBatch
from joyflash.model import experts
from joyflash.model.config import sized
from joyflash.model.initialise import initialise
from joyflash.model.joyflash import JoyFlash
from joyflash.train.device_worker import DeviceWorker
from joyflash.train.objective import LanguageModelling, target_weight
from joyflash.train.workers import RowWorkers

LENGTHS = ([40, 24], [64], [10, 30, 24], [1, 63])


def _rows() -> list[PackedBatch]:
    generator = torch.Generator().manual_seed(5)
    rows = []
    for lengths in LENGTHS:
        positions_T = torch.cat([torch.arange(length) for length in lengths])
        weights_T = torch.rand(64, generator=generator) * (positions_T > 0)
        document_T = torch.repeat_interleave(torch.arange(len(lengths)), torch.tensor(lengths)).int()
        rows.append(PackedBatch(torch.randint(0, 512, (64,), generator=generator), positions_T, weights_T, document_T))
    return rows


def _gradients(worker_type, **options) -> tuple[dict[str, torch.Tensor], list[torch.Tensor], float]:
    model = initialise(JoyFlash(sized(64, 512)), torch.Generator().manual_seed(1))
    for parameter in model.parameters():  # writing matrices start at zero and would hide the gradients before them
        generator = torch.Generator().manual_seed(parameter.numel())
        parameter.data += 0.02 * torch.randn(parameter.shape, generator=generator)
    rows = _rows()
    objective = LanguageModelling(target_weight(rows, 1), 0.3, target_weight(rows, 2))
    worker = worker_type(model, **options)
    sums = worker.run(rows, objective)
    found = {name: p.grad for name, p in model.named_parameters() if p.grad is not None}
    return found, worker.take_loads(), sum(each["loss"] for each in sums)


@pytest.mark.parametrize("tokens_at_once", [64, 128, 192, 65_536])
def test_gradients_loads_and_loss_are_those_of_the_row_workers(tokens_at_once: int) -> None:
    right, loads, loss = _gradients(RowWorkers, count=1)
    mine, my_loads, my_loss = _gradients(DeviceWorker, dtype=torch.float32, tokens_at_once=tokens_at_once)
    assert mine.keys() == right.keys()
    for name, gradient in right.items():
        torch.testing.assert_close(mine[name], gradient, rtol=1e-4, atol=1e-5, msg=lambda text, n=name: f"{n}: {text}")
    assert all(torch.equal(a, b) for a, b in zip(my_loads, loads, strict=True))
    assert my_loss == pytest.approx(loss, rel=1e-5)


@pytest.mark.parametrize(
    ("worker", "options"), [(DeviceWorker, {}), (RowWorkers, {"count": 1}), (RowWorkers, {"count": 2})]
)
def test_gradients_are_float32_and_near_when_the_copy_is_bfloat16(worker, options) -> None:
    right, _, loss = _gradients(RowWorkers, count=1)
    mine, _, my_loss = _gradients(worker, dtype=torch.bfloat16, **options)
    assert my_loss == pytest.approx(loss, rel=0.02)
    for name in ("lm_head.weight", "model.layers.0.self_attn.o_proj.weight"):
        assert mine[name].dtype == torch.float32
        similarity = F.cosine_similarity(mine[name].flatten(), right[name].flatten(), dim=0)
        assert similarity > 0.97, name


def test_the_copy_follows_the_model_and_shares_the_router_biases() -> None:
    model = initialise(JoyFlash(sized(64, 512)), torch.Generator().manual_seed(1))
    worker = DeviceWorker(model, dtype=torch.float32)
    rows = _rows()
    objective = LanguageModelling(target_weight(rows, 1))
    before = worker.run(rows, objective)[0]["loss"]
    with torch.no_grad():
        model.lm_head.weight.mul_(3.0)
    model.zero_grad()
    loads = worker.take_loads()
    assert worker.run(rows, objective)[0]["loss"] != before
    assert all(torch.equal(a, b) for a, b in zip(worker.take_loads(), loads, strict=True))  # the counters restarted
    for mine, theirs in zip(worker._copy.modules(), model.modules(), strict=True):
        if "e_score_correction_bias" in theirs._buffers:
            assert mine.e_score_correction_bias.data_ptr() == theirs.e_score_correction_bias.data_ptr()


def test_joined_rows_keep_their_documents_apart() -> None:
    rows = _rows()
    joined = PackedBatch.join(rows)
    assert joined.lengths() == [length for lengths in LENGTHS for length in lengths]
    assert joined.document_T.unique_consecutive().tolist() == list(range(len(joined.lengths())))
    assert torch.equal(joined.tokens_T, torch.cat([row.tokens_T for row in rows]))
    assert torch.equal(joined.weights_T, torch.cat([row.weights_T for row in rows]))


def test_one_grouped_product_is_what_the_loop_over_experts_does() -> None:
    """The form that a GPU takes, on the CPU's own ``grouped_mm``; expert 2 has no row."""
    generator = torch.Generator().manual_seed(2)
    counts_E = torch.tensor([24, 8, 0, 16])
    rows_MX, weight_EXY = (torch.randn(shape, generator=generator).bfloat16() for shape in ((48, 32), (4, 32, 64)))
    right_MY = torch.randn(48, 64, generator=generator).bfloat16()
    ends_E = counts_E.cumsum(0).to(torch.int32)
    spans = experts.spans_of(counts_E, torch.bfloat16)
    torch.testing.assert_close(
        experts.multiply(rows_MX, weight_EXY, ends_E), experts.multiply(rows_MX, weight_EXY, spans)
    )
    transposed_EXY = weight_EXY.transpose(1, 2).contiguous().transpose(1, 2)
    torch.testing.assert_close(
        experts.multiply(rows_MX, transposed_EXY, ends_E), experts.multiply(rows_MX, weight_EXY, spans)
    )
    torch.testing.assert_close(experts.outer(rows_MX, right_MY, 4, ends_E), experts.outer(rows_MX, right_MY, 4, spans))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU: varlen attention and grouped experts")
def test_a_gpu_gives_the_gradients_of_the_cpu() -> None:
    model = initialise(JoyFlash(sized(64, 512)), torch.Generator().manual_seed(1))
    for parameter in model.parameters():
        generator = torch.Generator().manual_seed(parameter.numel())
        parameter.data += 0.02 * torch.randn(parameter.shape, generator=generator)
    rows = _rows()
    objective = LanguageModelling(target_weight(rows, 1), 0.3, target_weight(rows, 2))
    there = DeviceWorker(copy.deepcopy(model).cuda())
    loss = sum(each["loss"] for each in RowWorkers(model, 1).run(rows, objective))
    assert there.run(rows, objective)[0]["loss"] == pytest.approx(loss, rel=0.02)
    similar = [
        float(F.cosine_similarity(theirs.grad.cpu().flatten(), mine.grad.flatten(), dim=0))
        for mine, theirs in zip(model.parameters(), there.model.parameters(), strict=True)
        if mine.grad is not None and theirs.grad is not None
    ]
    assert min(similar) > 0.9 and sorted(similar)[len(similar) // 2] > 0.98
