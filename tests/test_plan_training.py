"""joyflash plan --train: memory against PyTorch's tracker on dry runs, times against hand-worked numbers."""

from __future__ import annotations

import dataclasses
import json

import pytest
from typer.testing import CliRunner

from benchmarks.training_memory import compare
from joyflash.cli import app
from joyflash.errors import ConfigError
from joyflash.hardware import GPUS
from joyflash.model.config import flash_48b_a3b
from joyflash.plan import plan_training
from joyflash.plan.training_memory import training_memory
from joyflash.plan.training_render import render_training
from joyflash.plan.training_sizes import Layout, TrainingSizes
from joyflash.plan.training_speed import muon_flops, step_time, token_flops

H100 = GPUS["h100"]


@pytest.fixture(scope="module")
def sizes() -> TrainingSizes:
    return TrainingSizes(flash_48b_a3b(), mtp=False)


@pytest.mark.parametrize(("expert_parallel", "recompute", "mtp"), [(8, True, False), (8, False, True)])
def test_memory_is_what_a_dry_run_of_the_training_code_takes(expert_parallel: int, recompute: bool, mtp: bool):
    """The released widths with one dense and one mixture layer, on 16 pretended processes."""
    config = dataclasses.replace(flash_48b_a3b(), num_hidden_layers=2)
    found = compare(config, Layout(16, expert_parallel, recompute, 8192), mtp=mtp)
    for name in ("weights", "gradients", "momentum", "moments", "held"):
        assert found[name]["ratio"] == pytest.approx(1.0, abs=0.005), name
    for name in ("peak of a pass", "peak of the update"):
        assert found[name]["ratio"] == pytest.approx(1.0, abs=0.1), (name, found[name])


def test_rounding_adds_in_a_dry_run_what_is_planned():
    config, layout = dataclasses.replace(flash_48b_a3b(), num_hidden_layers=2), Layout(16, 8, True, 4096)
    plain, aware = (compare(config, layout, mtp=False, quantize=quantize) for quantize in (None, "int8"))
    rounded = training_memory(TrainingSizes(config, mtp=False, quantize="int8"), layout).rounded
    peak, update = (
        aware[name]["tracked"] - plain[name]["tracked"] for name in ("peak of a pass", "peak of the update")
    )
    assert peak == pytest.approx(rounded, rel=1e-3) and update == 0


def test_held_memory_by_hand(sizes: TrainingSizes):
    """All parameters but embedding, head and norms are on Muon: 4 bytes of momentum; the others have 8 of moments."""
    layout = Layout(64, 8, True, 4096)
    memory = training_memory(sizes, layout)
    assert sum(claim.parameter.numel() for claim in sizes.claims) == pytest.approx(49.02e9, rel=1e-3)
    elementwise = 2 * 129_280 * 2048
    mtp = sizes.counts["mtp"]  # without its loss it has no gradient and no momentum
    assert memory.weights == pytest.approx(4 * 49.02e9 / 64, rel=2e-3)
    assert memory.gradients == pytest.approx(4 * (49.02e9 - mtp) / 64, rel=2e-3)
    assert memory.moments == pytest.approx(8 * elementwise / 64, rel=2e-3)
    assert memory.momentum == pytest.approx(4 * (49.02e9 - mtp - elementwise) / 64, rel=5e-3)
    assert memory.peak == memory.held + max(memory.activations + memory.working, memory.update)


def test_quantisation_keeps_the_weights_that_it_rounds(sizes: TrainingSizes):
    """int4 rounds the routed experts alone; the copies are there during a pass, not while Muon steps."""
    layout = Layout(64, 8, True, 4096)
    base = training_memory(sizes, layout)
    aware = training_memory(TrainingSizes(flash_48b_a3b(), mtp=False, quantize="int4"), layout)
    assert base.rounded == 0
    assert aware.rounded == 4 * 39 * 256 * 3 * 2048 * 768 // 64
    assert aware.pass_peak == base.pass_peak + aware.rounded and aware.update_peak == base.update_peak


def test_more_tokens_and_no_recomputation_take_more(sizes: TrainingSizes):
    base = training_memory(sizes, Layout(64, 8, True, 4096))
    assert training_memory(sizes, Layout(64, 8, True, 8192)).activations == 2 * base.activations
    everything = training_memory(sizes, Layout(64, 8, False, 4096))
    assert everything.activations > 20 * base.activations and everything.working < base.working
    assert training_memory(sizes, Layout(128, 8, True, 4096)).weights == pytest.approx(base.weights / 2, rel=1e-2)


def test_operations_by_hand(sizes: TrainingSizes):
    """The project's table: 5.55 GFLOP a token forward in the trunk's matrices, 3.36 in causal attention at 8,192."""
    matrices, attention = token_flops(sizes, 8192)
    head = 2 * 129_280 * 2048
    assert matrices / 3 == pytest.approx(5.55e9 + head, rel=5e-3)
    assert attention / 3 == pytest.approx(3.36e9, rel=5e-3)
    assert muon_flops(sizes) == pytest.approx(9e14, rel=0.05)  # the recipe's figure


def test_step_time_by_hand(sizes: TrainingSizes):
    """64 H100 at 40 %: compute is operations over rate; experts' weights over the network at 40 GB/s."""
    layout = Layout(64, 8, False, 4096)
    time = step_time(sizes, layout, H100, row_tokens=4096, batch_tokens=64 * 4096 * 3, share=0.4)
    assert time.passes == 3 and time.tokens_per_step == 64 * 4096 * 3
    flops = sum(token_flops(sizes, 4096)) * 3 * 4096
    assert time.compute == pytest.approx(flops / (0.4 * 989.4e12))
    experts = 39 * 3 * 256 * 2048 * 768 / 8 * 8 * 7 / 8 / 40e9  # 8 bytes a parameter, 7 of 8 parts from elsewhere
    others = 63 / 64 * (40 * sizes.block * 8 + sizes.root * 6) / 40e9
    assert time.weights == pytest.approx(3 * (experts + others))
    assert time.tokens == pytest.approx(3 * 4096 * 4 * 39 * 8 * 2048 * 2 * 7 / 8 / 300e9)
    assert time.seconds == max(time.compute + time.tokens, time.weights) + time.update
    again = step_time(
        sizes, dataclasses.replace(layout, recompute=True), H100, row_tokens=4096, batch_tokens=4096, share=0.4
    )
    assert again.passes == 1 and again.flops == pytest.approx(time.flops / 3 / 64)
    assert again.compute == pytest.approx(time.compute / 3 * 4 / 3, rel=0.05)  # the head is not computed again


def test_only_tokens_of_the_batch_count(sizes: TrainingSizes):
    """Three and a half passes take the time of four, for the tokens of three and a half."""
    layout, each = Layout(64, 8, False, 4096), 64 * 4096
    most, half = (
        step_time(sizes, layout, H100, row_tokens=4096, batch_tokens=batch, share=0.4)
        for batch in (4 * each, 4 * each - each // 2)
    )
    assert (half.passes, half.seconds) == (most.passes, most.seconds) == (4, most.seconds)
    assert half.tokens_per_step == 4 * each - each // 2
    assert half.tokens_per_second == pytest.approx(7 / 8 * most.tokens_per_second)
    assert half.flops == pytest.approx(7 / 8 * most.flops)


def test_a_batch_of_fewer_rows_than_devices_is_planned_and_noted():
    found = plan_training("nano", H100, count=8, row_tokens=4096, batch_tokens=2 * 4096)
    assert found.best.time.tokens_per_step == 2 * 4096 and found.idle == 6
    assert "8,192 tokens a step" in render_training(found) and "6 of 8 compute rows" in render_training(found)
    enough = plan_training("nano", H100, count=8, row_tokens=4096, batch_tokens=8 * 4096)
    assert enough.idle == 0 and "compute rows" not in render_training(enough)
    assert enough.best.time.tokens_per_second > 3 * found.best.time.tokens_per_second


def test_the_best_layout_fits_and_is_the_fastest():
    found = plan_training("flash_48b_a3b", H100, count=64)
    assert found.fits and found.enough is not None and found.enough <= 64
    assert found.best.time.tokens_per_second == max(o.time.tokens_per_second for o in found.options)
    assert {option.layout.expert_parallel for option in found.options} == {1, 2, 4, 8, 16, 32, 64}
    assert found.days == pytest.approx(20.7e12 / found.best.time.tokens_per_second / 86_400)
    assert 0.05 < found.mfu < found.share
    fewer = plan_training("flash_48b_a3b", H100, count=found.enough // 2)
    assert not fewer.fits and fewer.best.memory.peak == min(o.memory.peak for o in fewer.options)
    assert plan_training("flash_48b_a3b", H100, count=64, expert_parallel=8).best.layout.expert_parallel == 8


@pytest.mark.parametrize(("count", "nodes", "each"), [(8, 1, 8), (12, 2, 6), (16, 2, 8), (20, 4, 5)])
def test_the_command_starts_as_many_processes_as_were_planned(count, nodes, each):
    command = render_training(plan_training("nano", H100, count=count)).partition("Command")[2]
    assert f"--nproc-per-node {each} " in command
    assert (f"--nnodes {nodes} --rdzv-backend c10d" in command) == (nodes > 1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"count": 12, "expert_parallel": 8}, "must divide the 12 devices"),
        ({"row_tokens": 1 << 20}, "the model knows 131072"),
        ({"batch_tokens": 4095}, "4095 tokens is less than one row of 4096"),
        ({"share": 0.0}, "share of the peak"),
        ({"tokens": 0}, "tokens must be at least 1"),
    ],
)
def test_wrong_arguments(options, message):
    with pytest.raises(ConfigError, match=message):
        plan_training("flash_48b_a3b", H100, **options)


def test_the_command_line_plans_training():
    asked = ["plan", "nano", "--train", "--gpu", "h100", "--count", "2", "--tokens", "1000000000", "--mtp", "1"]
    text = CliRunner().invoke(app, asked)
    assert text.exit_code == 0, text.output
    assert text.output.startswith("2 x h100 trains at up to ")
    assert "torchrun --nproc-per-node 2 -m joyflash pretrain RECIPE --out RUN --device cuda" in text.output
    values = json.loads(CliRunner().invoke(app, [*asked, "--json"]).output)
    assert values["fits"] and values["mtp"] and values["best"]["memory"]["peak"] <= values["room"]
    lacking = CliRunner().invoke(app, ["plan", "flash_48b_a3b", "--train", "--gpu", "l4", "--count", "4"])
    assert "does not fit: each GPU lacks" in lacking.output and "would be enough" in lacking.output


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (["--gpu", "h100", "--tokens", "5"], "--tokens says nothing without --train"),
        (["--train", "--gpu", "h100", "--concurrency", "8"], "--concurrency says nothing with --train"),
        (["--train", "--gpu", "h100", "--quant", "fp8"], "There is no quantisation 'fp8'; there are int8, int4"),
        (["--train", "--gpu", "CPU"], "--train plans for GPUs"),
        (["--train", "--gpu", "h100", "--mtp", "3"], "--mtp 0 or 1"),
    ],
)
def test_options_that_say_nothing_are_refused(command, message):
    result = CliRunner().invoke(app, ["plan", "nano", *command])
    assert result.exit_code == 2 and message in result.stderr
