"""Operations of a step, counted by hand and by torch's own counter, and the columns that the log makes of them."""

from __future__ import annotations

import dataclasses
import io
import struct
import time

import pytest
import torch
from rich.console import Console
from torch.utils.flop_counter import FlopCounterMode

from joyflash.errors import MissingExtraError
from joyflash.model.attention import PackedContext
from joyflash.model.joyflash import parameter_counts
from joyflash.train import logging
from joyflash.train.flops import Meter, peak_flops, training_flops
from joyflash.train.logging import TrainingLog, read_log
from tests.model.conftest import TINY, random_model
from tests.train.test_packed_rows import packed


def test_raw_is_six_n_and_masked_knows_documents_and_targets():
    counts = parameter_counts(TINY)
    row = packed([30, 10])
    half = dataclasses.replace(row, weights_T=row.weights_T * (row.document_T == 0))
    head = TINY.vocab_size * TINY.hidden_size
    pair = TINY.num_attention_heads * (TINY.qk_head_dim + TINY.v_head_dim)
    raw, masked = training_flops(TINY, counts, [half], mtp=False)
    assert raw == 6 * (counts["active"] + head) * 40
    assert masked == 6 * (counts["active"] * 40 + head * 29) + 3 * 3 * pair * (900 + 100)
    with_mtp, _ = training_flops(TINY, counts, [half], mtp=True)
    assert with_mtp == raw + 6 * (counts["mtp"] + head) * 40


def test_a_third_of_it_is_what_torch_counts_in_the_forward_pass():
    """Every token a target. torch's counter knows neither our experts' operator nor the CPU's fused attention."""
    model = random_model(TINY)
    length = 64
    row = packed([length])
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        model.logits(model.hidden(row.tokens_T, PackedContext.of(row.positions_T, TINY)))
    everything = dataclasses.replace(row, weights_T=torch.ones(length))
    _, masked = training_flops(TINY, parameter_counts(TINY), [everything], mtp=False)
    moe_layers = TINY.num_hidden_layers - TINY.first_k_dense_replace
    experts = 2 * length * moe_layers * TINY.num_experts_per_tok * 3 * TINY.hidden_size * TINY.moe_intermediate_size
    attention = TINY.num_hidden_layers * TINY.num_attention_heads * (TINY.qk_head_dim + TINY.v_head_dim) * length**2
    norms = 2 * length * sum(p.numel() for p in model.model.parameters() if p.dim() == 1)  # in N, but no product
    assert counter.get_total_flops() + experts + attention + norms == masked / 3


def test_the_log_turns_ideal_seconds_into_shares(tmp_path, monkeypatch):
    clock = iter([0.0, 2.0, 4.0, 6.0])
    monkeypatch.setattr(logging.time, "monotonic", lambda: next(clock))
    console = Console(file=io.StringIO(), force_terminal=False, width=250)
    with TrainingLog(tmp_path, 1, console=console) as log:
        log.step(1, 2.0, 10, ideal_seconds=0.5, ideal_masked=0.25)
    row = read_log(tmp_path)[0]
    assert (row["mfu"], row["mfu_masked"]) == (0.25, 0.125)
    assert "ideal_seconds" not in row
    assert "MFU 25% (12% masked)" in console.file.getvalue()


def test_the_meter_divides_by_the_peak():
    row = packed([30, 10])
    raw, masked = training_flops(TINY, parameter_counts(TINY), [row], mtp=False)
    assert Meter(TINY, 1e9).read([row], mtp=False) == {"ideal_seconds": raw / 1e9, "ideal_masked": masked / 1e9}
    assert Meter(TINY, None).read([row], mtp=False) == {}
    one, many = (peak_flops(torch.device("cpu"), workers, torch.float32) for workers in (1, 10_000))
    assert one is not None and many is not None and one > 1e8 and many >= 0.3 * one
    assert peak_flops(torch.device("meta"), 1, torch.float32) is None


def test_a_processors_peak_is_that_of_the_products_precision(monkeypatch):
    """Matrix units for bfloat16 are several times as fast: by the peak of float32, training used 170 % of them."""
    seen, mm = [], torch.mm
    monkeypatch.setattr(torch, "mm", lambda a, b: (seen.append(a.dtype), mm(a, b))[1])
    for precision in (torch.float32, torch.bfloat16):
        seen.clear()
        assert peak_flops(torch.device("cpu"), 1, precision)
        assert set(seen) == {precision}


def test_what_runs_beside_a_processor_does_not_lower_its_peak(monkeypatch):
    """A run resumed on a busy machine reported more than all of its peak."""
    alone, mm = peak_flops(torch.device("cpu"), 1, torch.float32), torch.mm
    monkeypatch.setattr(torch, "mm", lambda a, b: (time.sleep(0.2), mm(a, b))[1])  # as where others have the core
    beside = peak_flops(torch.device("cpu"), 1, torch.float32)
    assert alone is not None and beside is not None and beside > 0.3 * alone


def _events(path) -> list:
    """Events of a TensorBoard file: records of length, its checksum, the event, its checksum."""
    from tensorboardX.proto.event_pb2 import Event

    content, place, found = path.read_bytes(), 0, []
    while place < len(content):
        (length,) = struct.unpack_from("<Q", content, place)
        found.append(Event.FromString(content[place + 12 : place + 12 + length]))
        place += 16 + length
    return found


def test_tensorboard_files_hold_the_numbers_of_the_log_and_a_resumed_run_marks_what_it_replaces(tmp_path):
    pytest.importorskip("tensorboardX")
    console = Console(file=io.StringIO(), force_terminal=False)
    with TrainingLog(tmp_path, 3, console=console, tensorboard=True) as log:
        log.step(1, 2.0, 10, lr=0.5)
        log.validation(1, {"en": 1.5}, {"call_en": 0.25})
        log.step(2, 9.0, 10)
    with TrainingLog(tmp_path, 3, console=console, tensorboard=True, resumed_step=1) as log:
        log.step(2, 1.0, 10)
    files = sorted((tmp_path / logging.TENSORBOARD_NAME).iterdir(), key=lambda path: path.stat().st_mtime_ns)
    events = [event for path in files for event in _events(path)]
    values = [(e.step, v.tag, v.simple_value) for e in events for v in e.summary.value if v.tag != "train/seconds"]
    for expected in (
        (1, "train/loss", 2.0),
        (1, "train/lr", 0.5),
        (1, "bits_per_byte/en", 1.5),
        (1, "exact/call_en", 0.25),
    ):
        assert expected in values
    assert [value for value in values if value[:2] == (2, "train/loss")] == [
        (2, "train/loss", 9.0),
        (2, "train/loss", 1.0),
    ]
    assert [event.step for event in events if event.HasField("session_log")] == [2]


def test_without_the_package_the_extra_is_named(tmp_path, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    with pytest.raises(MissingExtraError, match=r"joyflash\[train\]"):
        TrainingLog(tmp_path, 3, tensorboard=True)
