"""What joyflash plan says of memory, beside the tensors that the step really holds and what a process really takes."""

from __future__ import annotations

import dataclasses
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from typer.testing import CliRunner

from benchmarks import memory as benchmark
from joyflash.cli import app
from joyflash.convert.quantize import quantize_folder
from joyflash.engine.engine import Engine
from joyflash.engine.setup import StepOptions
from joyflash.errors import CheckpointError, ConfigError
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
from joyflash.quantization.formats import FORMATS
from joyflash.quantization.policy import policy_of

SMALL = dataclasses.replace(sized(128, 4096), num_attention_heads=4, kv_lora_rank=512, qk_rope_head_dim=64)
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
    assert {t.format.block for t in checkpoint.tensors if t.format} == {(1, 32)}
    assert sum(t.stored_bytes for t in checkpoint.tensors) == sum(
        end - start for end, start in _ranges(path)
    )  # nothing is forgotten
    # In memory: the packed words and scales, without the three shape numbers; biases in fp32; the head once.
    shapes = sum(8 * len(t.shape) for t in checkpoint.tensors if t.format)
    head = 2 * SMALL.vocab_size * SMALL.hidden_size
    biases = 2 * (SMALL.num_hidden_layers - 1) * SMALL.n_routed_experts
    assert weigh(checkpoint, "bf16").bytes(1) == checkpoint.stored_bytes - shapes - head + biases
    assert weigh(checkpoint, "bf16").parameters("expert") == weigh(before, "bf16").parameters("expert")


def _ranges(path: Path) -> Iterator[tuple[int, int]]:
    from joyflash.model.shards import ShardFiles

    yield from ((t.end, t.start) for t in ShardFiles(path, any_dtype=True).tensors.values())


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
    assert narrow.whole_experts
    if name == "int4":
        assert "--enable-expert-parallel" in narrow.commands[0].argv
    else:  # the shared experts are quantised too, and cannot stay whole
        assert narrow.commands == () and any("in blocks of 1 x 32" in note for note in narrow.notes)


def test_serve_hands_a_quantised_folder_over(quantised, monkeypatch):
    started = []

    def replaced(program: str, argv: list[str], environment: dict[str, str]) -> None:
        started.append(argv)
        raise SystemExit(0)

    monkeypatch.setattr(shutil, "which", lambda name, path: f"/somewhere/{name}")
    monkeypatch.setattr("os.execvpe", replaced)
    options = ["serve", "--engine", "vllm", "--model", str(quantised[1]), "--gpus"]
    assert CliRunner().invoke(app, [*options, "2"]).exit_code == 0
    assert started[0][2] == str(quantised[1]) and "--enable-expert-parallel" not in started[0]
    four = CliRunner().invoke(app, [*options, "4"])
    if quantised[0] == "int4":
        assert "--enable-expert-parallel" in started[1]
    else:
        assert four.exit_code == 2 and "4 GPUs cannot share weights in blocks of 1 x 32" in four.stderr
        refused = CliRunner().invoke(app, ["serve", "--engine", "sglang", "--model", str(quantised[1])])
        assert refused.exit_code == 2 and "kv_b_proj unquantised" in refused.stderr and len(started) == 1


def test_a_quantised_head_is_for_our_own_engine_only(folder, tmp_path):
    quantize_folder(folder, tmp_path / "head", policy_of("int8"), head=True)
    found = plan(str(tmp_path / "head"), GPUS["l4"], context=64)
    assert [command.engine for command in found.commands] == ["joyflash"]
    for engine in ("vllm", "sglang"):
        refused = CliRunner().invoke(app, ["serve", "--engine", engine, "--model", str(tmp_path / "head")])
        assert refused.exit_code == 2 and "joyflash quantize without --head" in refused.stderr
    assert any("without --head" in note for note in found.notes)


_FP8 = {"quant_method": "fp8", "fmt": "e4m3", "weight_block_size": [128, 128]}
_AWQ = {"quant_method": "awq", "bits": 4, "group_size": 32, "zero_point": True}


def _foreign(folder: Path, out: Path, description: dict[str, Any]) -> Path:
    """A copy of a folder whose experts another tool has quantised; only names, shapes and dtypes count."""
    shutil.copytree(folder, out)
    tensors: dict[str, torch.Tensor] = {}
    for name, tensor in load_file(out / "model.safetensors").items():
        module, (rows, columns) = name.removesuffix(".weight"), tensor.shape if tensor.dim() == 2 else (0, 0)
        if ".experts." not in name:
            tensors[name] = tensor
        elif description is _FP8:
            tensors[name] = tensor.to(torch.float8_e4m3fn)
            tensors[name + "_scale_inv"] = torch.ones(-(-rows // 128), -(-columns // 128))
        else:
            tensors[module + ".qweight"] = torch.zeros(columns, rows // 8, dtype=torch.int32)
            tensors[module + ".qzeros"] = torch.zeros(columns // 32, rows // 8, dtype=torch.int32)
            tensors[module + ".scales"] = torch.ones(columns // 32, rows, dtype=torch.float16)
    save_file(tensors, out / "model.safetensors", metadata={"format": "pt"})
    values = json.loads((out / "config.json").read_text())
    (out / "config.json").write_text(json.dumps(values | {"quantization_config": description}))
    return out


@pytest.mark.parametrize("description", [_FP8, _AWQ], ids=["fp8", "awq"])
def test_folders_that_other_tools_quantised_are_for_other_engines(folder, tmp_path, monkeypatch, description):
    path = _foreign(folder, tmp_path / "foreign", description)
    method = description["quant_method"]
    checkpoint = open_checkpoint(str(path), elsewhere=True)
    assert checkpoint.stored_bytes == sum(end - start for end, start in _ranges(path))
    assert len(checkpoint.tensors) == len(open_checkpoint(str(folder)).tensors)
    found = plan(str(path), GPUS["h100"], context=64)
    assert found.quant == method and found.parameters == plan(str(folder), GPUS["h100"], context=64).parameters
    assert [command.engine for command in found.commands] == ["vllm", "sglang"]
    assert "--quantization" not in found.commands[0].argv
    experts = sum(t.stored_bytes for t in checkpoint.tensors if ".experts." in t.name)
    assert weigh(checkpoint, "bf16").bytes(1, kinds=("expert",)) == experts
    with pytest.raises(ConfigError, match=rf"quantised weights already \({method}\)"):
        plan(str(path), GPUS["h100"], quant="int4")
    for own in (["serve", "--model", str(path)], ["plan", str(path), "--gpu", "cpu"]):
        refused = CliRunner().invoke(app, own)
        assert refused.exit_code == 2 and "joyflash reads symmetric int4 and int8" in refused.stderr

    monkeypatch.setattr(shutil, "which", lambda name, path: f"/somewhere/{name}")
    started: list[list[str]] = []
    monkeypatch.setattr("os.execvpe", lambda program, argv, environment: started.append(argv))
    CliRunner().invoke(app, ["serve", "--engine", "vllm", "--model", str(path)])
    assert started[0][2] == str(path)


def test_a_foreign_folder_that_lacks_a_tensor(folder, tmp_path):
    path = _foreign(folder, tmp_path / "foreign", _FP8)
    tensors = load_file(path / "model.safetensors")
    del tensors["model.layers.1.mlp.experts.0.up_proj.weight"]
    save_file(tensors, path / "model.safetensors")
    assert open_checkpoint(str(path), elsewhere=True)  # its scale alone still names it
    del tensors["model.layers.1.mlp.experts.0.up_proj.weight_scale_inv"]
    save_file(tensors, path / "model.safetensors")
    with pytest.raises(CheckpointError, match=r"lacks model.layers.1.mlp.experts.0.up_proj.weight"):
        open_checkpoint(str(path), elsewhere=True)


def test_other_mixtures_have_no_policys_name(folder, tmp_path):
    checkpoint = open_checkpoint(str(folder))
    int4, int8 = FORMATS["int4"], FORMATS["int8"]
    experts = [
        dataclasses.replace(t, format=int4 if ".experts.0." in t.name else int8)
        for t in checkpoint.tensors
        if ".experts." in t.name
    ]
    assert dataclasses.replace(checkpoint, tensors=tuple(experts)).quantisation == "mixed"
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
