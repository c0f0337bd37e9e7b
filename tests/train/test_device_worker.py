"""DeviceWorker against RowWorkers: joined rows give the gradients that rows alone give."""

from __future__ import annotations

import pytest
import torch

from joyflash.batch import PackedBatch
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


def test_gradients_are_float32_and_near_when_the_copy_is_bfloat16() -> None:
    right, _, loss = _gradients(RowWorkers, count=1)
    mine, _, my_loss = _gradients(DeviceWorker, dtype=torch.bfloat16)
    assert my_loss == pytest.approx(loss, rel=0.02)
    for name in ("lm_head.weight", "model.layers.0.self_attn.o_proj.weight"):
        assert mine[name].dtype == torch.float32
        similarity = torch.nn.functional.cosine_similarity(mine[name].flatten(), right[name].flatten(), dim=0)
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
    assert worker.run(rows, objective)[0]["loss"] != before
    for mine, theirs in zip(worker._copy.modules(), model.modules(), strict=True):
        if "e_score_correction_bias" in theirs._buffers:
            assert mine.e_score_correction_bias.data_ptr() == theirs.e_score_correction_bias.data_ptr()
