"""What joyflash plan says of memory, beside the tensors that the step really holds and what a process really takes."""

from __future__ import annotations

import dataclasses
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

from benchmarks import memory as benchmark
from joyflash.cli import app
from joyflash.convert.quantize import quantize_folder
from joyflash.engine.engine import Engine
from joyflash.engine.setup import StepOptions
from joyflash.errors import ConfigError
from joyflash.hardware import GPUS, Machine, return_freed_memory
from joyflash.kernels.cpu.build import compiler
from joyflash.kernels.cpu.packed import PackedMatrix
from joyflash.model.config import ModelConfig, sized
from joyflash.plan import LaunchSettings, cpu_as_dict, plan, plan_cpu, render, render_cpu
from joyflash.plan.checkpoint import Checkpoint, of_config, open_checkpoint
from joyflash.plan.cpu import PROCESS_BYTES
from joyflash.plan.host import host_memory
from joyflash.plan.launch import launch
from joyflash.plan.weights import weigh
from joyflash.quantization.policy import policy_of

SMALL = dataclasses.replace(sized(128, 4096), num_attention_heads=4)
BIG = Machine(cores=2, memory=64 << 30, avx512=False, avx512_bf16=False, amx=False)
needs_compiler = pytest.mark.skipif(compiler() is None, reason="the engine's compiled step needs a C compiler")


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("plan") / "small"
    benchmark.make(SMALL, path)
    return path


@pytest.fixture(scope="module", params=["int8", "int4", "int4-int8"])
def quantised(request, folder, tmp_path_factory) -> tuple[str, Path]:
    path = tmp_path_factory.mktemp("plan") / request.param
    quantize_folder(folder, path, policy_of(request.param))
    return request.param, path


# --- folders that are quantised


def test_a_quantised_folder_is_planned_as_it_is(quantised, folder):
    name, path = quantised
    checkpoint, before = open_checkpoint(str(path)), open_checkpoint(str(folder))
    assert (checkpoint.quantisation, before.quantisation) == (name, None)
    assert checkpoint.block == 32 and before.block == 1
    assert sum(t.stored_bytes for t in checkpoint.tensors) == sum(
        end - start for end, start in _ranges(path)
    )  # nothing is forgotten
    # In memory: the packed words and scales, without the three shape numbers; biases in fp32; the head once.
    shapes = sum(8 * len(t.shape) for t in checkpoint.tensors if t.format)
    head = 2 * SMALL.vocab_size * SMALL.hidden_size
    biases = 2 * (SMALL.num_hidden_layers - 1) * SMALL.n_routed_experts
    assert weigh(checkpoint, "bf16", 1).bytes(1) == checkpoint.stored_bytes - shapes - head + biases
    assert weigh(checkpoint, "bf16", 1).parameters("expert") == weigh(before, "bf16", 1).parameters("expert")


def _ranges(path: Path) -> Iterator[tuple[int, int]]:
    from joyflash.model.shards import ShardFiles

    yield from ((t.end, t.start) for t in ShardFiles(path).tensors.values())


def test_the_plan_of_a_quantised_folder(quantised):
    name, path = quantised
    found = plan(str(path), GPUS["l4"], context=64)
    assert found.quant == name
    assert found.quantised_bytes == found.checkpoint_bytes
    sglang = ["sglang"] if name == "int4" else []  # it reads projections of attention unquantised only
    assert [command.engine for command in found.commands] == ["joyflash", "vllm", *sglang]
    assert not any("must hold weights quantised" in note for note in found.notes)
    assert render(found).startswith(f"{name} fits 1 x l4")
    assert plan(str(path), GPUS["l4"], context=64, quant=name) == found
    with pytest.raises(ConfigError, match=rf"holds quantised weights already \({name}\).* as fp8"):
        plan(str(path), GPUS["l4"], quant="fp8")
    narrow = plan(str(path), GPUS["l4"], context=64, count=4)  # 64 wide experts in four parts: half a group each
    assert narrow.whole_experts and "--enable-expert-parallel" in narrow.commands[0].argv


def test_serve_hands_a_quantised_folder_over(quantised, monkeypatch):
    started = []

    def replaced(program: str, argv: list[str], environment: dict[str, str]) -> None:
        started.append(argv)
        raise SystemExit(0)

    monkeypatch.setattr(shutil, "which", lambda name, path: f"/somewhere/{name}")
    monkeypatch.setattr("os.execvpe", replaced)
    options = ["--engine", "vllm", "--model", str(quantised[1]), "--gpus", "4"]
    assert CliRunner().invoke(app, ["serve", *options]).exit_code == 0
    assert started[0][2] == str(quantised[1]) and "--enable-expert-parallel" in started[0]
    if quantised[0] != "int4":
        refused = CliRunner().invoke(app, ["serve", "--engine", "sglang", "--model", str(quantised[1])])
        assert refused.exit_code == 2 and len(started) == 1


def test_other_mixtures_have_no_policys_name(folder, tmp_path):
    checkpoint = open_checkpoint(str(folder))
    int8 = policy_of("int8").rules[0][1]
    some = [dataclasses.replace(t, format=int8) if "layers.1." in t.name else t for t in checkpoint.tensors]
    assert dataclasses.replace(checkpoint, tensors=tuple(some[:40])).quantisation in ("mixed", "int8")
    odd = dataclasses.replace(checkpoint.tensors[0], name="model.layers.0.self_attn.o_proj.weight", format=int8)
    assert dataclasses.replace(checkpoint, tensors=(odd,)).quantisation == "mixed"


# --- main memory


@needs_compiler
@pytest.mark.parametrize(
    ("dtype", "quant", "mtp"),
    [
        (torch.float32, None, None),
        (torch.float32, None, 0),
        (torch.bfloat16, None, 2),
        (torch.float32, "int8", 0),
        (torch.float32, "int4", None),
        (torch.bfloat16, "int4-int8", None),
    ],
)
def test_the_step_holds_the_planned_bytes(folder, dtype, quant, mtp):
    _compare(folder, dtype, quant, mtp)


@needs_compiler
def test_the_step_of_a_quantised_folder_holds_the_planned_bytes(quantised):
    for dtype in (torch.float32, torch.bfloat16):
        _compare(quantised[1], dtype, None, None)


def _compare(folder: Path, dtype: torch.dtype, quant: str | None, mtp: int | None) -> None:
    """Bytes of the tensors behind an engine, each storage once, beside the plan's."""
    options = StepOptions(3, 100, None, 256, prefix_cache=True, mtp=mtp, compiled=True, quantization=quant)
    planned = host_memory(open_checkpoint(str(folder)), options, dtype)
    engine = Engine.from_pretrained(
        folder, dtype=dtype, max_batch=3, max_context=100, mtp=mtp, compiled=True, quantization=quant
    )
    step = engine._runner.model._step._weights  # pyright: ignore[reportAttributeAccessIssue]
    tensors = [*step.model.values(), *(weight for layer in step.layers for weight in layer.values())]
    parts = [part for t in tensors for part in ((t.values, t.scales) if isinstance(t, PackedMatrix) else (t,))]
    held = {part.untyped_storage().data_ptr(): part.untyped_storage().nbytes() for part in parts}
    angles = 4 * 100 * SMALL.qk_rope_head_dim
    assert sum(held.values()) - angles == planned.weights + planned.drafting
    assert step.cache.nbytes == planned.cache
    assert (planned.drafting > 0) == (mtp != 0)


@needs_compiler
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="measures memory by Linux's /proc")
def test_a_process_takes_what_is_planned(tmp_path):
    """One small load; ``benchmarks/memory.py`` makes all of them."""
    benchmark.make(dataclasses.replace(sized(512, 8192), num_hidden_layers=4, n_routed_experts=64), tmp_path)
    job = {"way": "engine", "dtype": "f32", "quant": None, "mtp": None, "folder": str(tmp_path)}
    command = [sys.executable, benchmark.__file__, "--job", json.dumps(job)]
    found = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert found["measured"] == pytest.approx(found["planned"], rel=0.05)


def test_loading_is_the_most(folder):
    found = plan_cpu(str(folder), BIG, context=256, concurrency=2)
    assert found.memory.loading > found.memory.total > 0
    assert found.fits
    exact = dataclasses.replace(BIG, memory=found.memory.loading + PROCESS_BYTES)
    assert plan_cpu(str(folder), exact, context=256, concurrency=2).fits
    less = dataclasses.replace(exact, memory=found.peak - 1)
    assert plan_cpu(str(folder), less, context=256, concurrency=2).fits is False
    assert found.cache_tokens == 512
    assert "fits this machine's memory" in render_cpu(found)


def test_a_verdict_needs_a_known_memory_and_a_compiler(folder):
    unknown = plan_cpu(str(folder), dataclasses.replace(BIG, memory=None), context=256)
    plain = plan_cpu(str(folder), BIG, quant="int8", context=256, compiled=False)
    for found, why in ((unknown, "does not say how much memory"), (plain, "--quantization saves no memory")):
        assert found.fits is None and cpu_as_dict(found)["fits"] is None
        text = render_cpu(found)
        assert "may or may not fit" in text and text.count("  - ") == 1 and why in text
    assert "of an unknown size" in render_cpu(unknown) and "0.00 GB  of" not in render_cpu(unknown)
    assert "Notes" not in render_cpu(plan_cpu(str(folder), BIG, context=256))


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="measures memory by Linux's /proc")
def test_the_process_without_a_model_takes_what_is_reserved_for_it():
    code = (
        "import joyflash.server.run, joyflash.server.app, joyflash.engine.engine\n"
        "print(*(line for line in open('/proc/self/status') if line.startswith('VmRSS')))"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout
    assert 0.5 < 1024 * int(printed.split()[1]) / PROCESS_BYTES < 1.5  # PyTorch for GPUs takes more


def test_the_full_model_on_a_cpu():
    options = StepOptions(8, 131_072, None, 256, prefix_cache=True, mtp=0, compiled=True)
    found = host_memory(open_checkpoint("flash_48b_a3b"), options, torch.bfloat16)
    embedded_once = 98_572_189_184 - 2 * 129_280 * 2048
    norms_and_routers = 2 * (39 * 2048 * 256 + 41 * (2 * 2048 + 1536 + 512) + 2048 + 3 * 2048)
    biases = 2 * 39 * 256
    assert found.weights == embedded_once + norms_and_routers + biases  # these are float32 in the step
    assert found.cache == 41 * 131_072 * 576 * 2


def test_what_a_cpu_plan_refuses(quantised):
    with pytest.raises(ConfigError, match="already"):
        plan_cpu(str(quantised[1]), BIG, quant="int8")
    with pytest.raises(ConfigError, match="no MTP layer"):
        plan_cpu(_without_mtp(SMALL), BIG, mtp=1)
    with pytest.raises(ConfigError, match="knows 8192"):
        plan_cpu(str(quantised[1]), BIG, context=9000)
    result = CliRunner().invoke(app, ["plan", "nano", "--gpu", "cpu", "--count", "2"])
    assert result.exit_code == 2 and "no --count" in result.stderr


def _without_mtp(config: ModelConfig) -> Checkpoint:
    return of_config(dataclasses.replace(config, num_nextn_predict_layers=0), "/models/small", real=True)


def test_the_command_line_plans_for_a_cpu():
    asked = ["plan", "nano", "--gpu", "CPU", "--context", "512", "--quant", "int8", "--mtp", "1"]
    text = CliRunner().invoke(app, asked)
    assert text.exit_code == 0 and "while loading" in text.output
    values = json.loads(CliRunner().invoke(app, [*asked, "--json"]).output)
    assert values["memory"]["cache"] == 9 * 8 * 512 * 144 * 4
    assert values["command"].endswith("--context 512 --concurrency 8 --mtp 1 --quantization int8")
    known = CliRunner().invoke(app, ["serve", "--help"], terminal_width=200).output
    assert all(word in known for word in values["command"].split() if word.startswith("--"))


def test_freed_memory_can_be_returned_at_any_time():
    return_freed_memory()


def test_our_own_command_says_where_it_runs():
    assert "runs on the CPU" in launch("joyflash", LaunchSettings("m")).notes[0]
