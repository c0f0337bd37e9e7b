"""joyflash plan and the launch commands: bytes from shapes, what fits, limits, flags, and the command line."""

from __future__ import annotations

import dataclasses
import importlib.util
import json
import os
import re
import shlex
import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from joyflash.cli import app
from joyflash.engine.speculation import MOST_DRAFTS
from joyflash.errors import ConfigError, MissingExtraError
from joyflash.hardware import GPUS
from joyflash.model.config import sized
from joyflash.plan import LaunchSettings, Plan, launch, plan, render
from joyflash.plan.checkpoint import Checkpoint, of_config, open_checkpoint
from joyflash.plan.launch import start
from joyflash.plan.memory import CONTEXT_BYTES, NCCL_BYTES, workspace_bytes
from joyflash.plan.speed import Roofline, distinct_experts, expected_tokens
from joyflash.plan.weights import (
    QUANTISATIONS,
    is_divided,
    kind_of,
    quantised_checkpoint_bytes,
    weigh,
)
from joyflash.quantization.formats import FORMATS

PUBLISHED = 98_572_189_184  # (48,942,542,592 + 343,552,000) parameters in bf16
H200 = dataclasses.replace(GPUS["h200"], bandwidth=4.39e12, bf16=800e12)  # as measured


@pytest.fixture(scope="module")
def flash() -> Checkpoint:
    return open_checkpoint("flash_48b_a3b")


@pytest.fixture(scope="module")
def small() -> Checkpoint:
    """A bf16 checkpoint of three layers, a few thousand parameters a tensor."""
    config = dataclasses.replace(sized(64, 512), n_routed_experts=4)
    return of_config(config, "/models/small", real=True)


@pytest.fixture(scope="module")
def int4(flash: Checkpoint) -> Plan:
    return plan(flash, GPUS["rtx4090"], count=2, quant="int4", context=131_072, concurrency=8)


# --- bytes


def test_the_released_checkpoint_in_bf16_and_in_int4(flash: Checkpoint):
    assert flash.stored_bytes == PUBLISHED == 2 * (48_942_542_592 + 343_552_000)
    assert quantised_checkpoint_bytes(flash, "bf16") == PUBLISHED
    assert quantised_checkpoint_bytes(flash, "int4") / 1e9 == pytest.approx(30.86, abs=0.02)  # as published
    assert sum(kind_of(t.name) == "expert" for t in flash.tensors) == 29_952


@pytest.mark.parametrize(
    ("quant", "shape", "expected"),
    [
        ("bf16", (768, 2048), 768 * 2048 * 2),
        ("fp8", (768, 2048), 768 * 2048 + 6 * 16 * 4),
        ("int8", (576, 2048), 576 * 2048 + 576 * 64 * 2),  # as joyflash quantize makes it
        ("int8-block", (576, 2048), 576 * 2048 + 5 * 16 * 4),  # the last block of rows is half full
        ("int4", (768, 2048), 768 * 1024 + 768 * 32 * 4),
        ("int4-g32", (768, 2048), 768 * 1024 + 768 * 64 * 2),
        ("int4-g128", (2, 768, 2048), 2 * (768 * 1024 + 768 * 16 * 2)),
    ],
)
def test_bytes_of_a_matrix_with_its_scales(quant: str, shape: tuple[int, ...], expected: int):
    assert QUANTISATIONS[quant].bytes("expert", shape) == expected


def test_what_is_quantised_and_what_is_not():
    for quant, scheme in QUANTISATIONS.items():
        for kind in ("embedding", "head", "norm", "router"):
            assert scheme.bytes(kind, (8, 64)) == 2 * 512
        assert scheme.bytes("bias", (256,)) == 4 * 256
        quantised = quant not in ("bf16", "int4")
        assert (scheme.bytes("projection", (128, 128)) < 2 * 128 * 128) == quantised


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("model.layers.3.mlp.experts.7.gate_proj.weight", "expert"),
        ("model.layers.3.mlp.experts.gate_up_proj", "expert"),
        ("model.layers.3.mlp.shared_experts.up_proj.weight", "projection"),
        ("model.layers.3.mlp.gate.weight", "router"),
        ("model.layers.3.mlp.gate.e_score_correction_bias", "bias"),
        ("model.layers.0.mlp.gate_proj.weight", "projection"),
        ("model.layers.0.self_attn.kv_a_layernorm.weight", "norm"),
        ("model.layers.40.enorm.weight", "norm"),
        ("model.layers.40.shared_head.norm.weight", "norm"),
        ("model.layers.40.shared_head.head.weight", "head"),
        ("model.layers.40.eh_proj.weight", "projection"),
        ("model.embed_tokens.weight", "embedding"),
        ("lm_head.weight", "head"),
    ],
)
def test_kinds_of_tensors(name: str, kind: str):
    assert kind_of(name) == kind


def test_devices_divide_everything_but_the_latents_router_and_norms(flash: Checkpoint):
    one, two = weigh(flash, "bf16"), weigh(flash, "bf16")
    biases = 39 * 256 * 2  # kept in fp32
    assert one.bytes(1) == PUBLISHED - 2 * 129_280 * 2048 + biases  # the head's copy is held once
    same = one.bytes(1) - 2 * (one.bytes(1) - two.bytes(2))
    latents = 41 * 2048 * (1536 + 512 + 64)
    routers = 39 * (2048 * 256 * 2 + 256 * 4)
    norms = 2 * (41 * (2 * 2048 + 1536 + 512) + 2048 + 3 * 2048)
    assert same == 2 * latents + routers + norms + 2 * 2048 * 4096
    assert one.bytes(1, mtp=True) == 2 * 78_786_560
    assert weigh(flash, "bf16", with_mtp=False).bytes(1) == one.bytes(1, mtp=False)


def test_a_folder_is_read_by_its_headers():
    nano = open_checkpoint("nano")
    folder = Path(nano.path)
    size = sum(file.stat().st_size for file in folder.glob("*.safetensors"))
    assert nano.real
    assert nano.name == "nano"
    assert 0 < size - nano.stored_bytes < 200_000  # the headers
    assert plan(nano, GPUS["rtx4090"]).fit.all_full


def test_a_checkpoint_without_its_mtp_layer_is_planned_without(small: Checkpoint):
    config = dataclasses.replace(small.config, num_nextn_predict_layers=0)
    last = f"model.layers.{config.num_hidden_layers}."
    bare = Checkpoint(small.path, True, config, tuple(t for t in small.tensors if not t.name.startswith(last)))
    assert plan(bare, GPUS["l4"]).mtp == 0
    with pytest.raises(ConfigError, match="mtp is 2; the model has no MTP layer"):
        plan(bare, GPUS["l4"], mtp=2)


# --- what fits


def test_int4_fits_two_24_gb_cards_and_bf16_does_not(flash: Checkpoint, int4: Plan):
    assert int4.fit.fits
    assert not int4.fit.all_full
    assert int4.fit.full_requests == 1
    assert 131_072 <= int4.fit.pool_tokens < 8 * 131_072
    assert int4.fit.context_each == int4.fit.pool_tokens // 8
    assert "int4 fits 2 x rtx4090: 1 of 8 requests at the full 131,072 tokens at once" in render(int4)

    bf16 = plan(flash, GPUS["rtx4090"], count=2, quant="bf16", context=131_072, concurrency=8)
    assert not bf16.fit.fits
    assert bf16.memory.weights > bf16.gpu.memory
    assert (bf16.speeds, bf16.commands) == ((), ())
    assert "bf16 does not fit 2 x rtx4090: each GPU lacks" in render(bf16)


def test_memory_adds_up(int4: Plan):
    memory = int4.memory
    parts = (memory.driver, memory.margin, memory.weights, memory.absorbed, memory.workspace, memory.reserve)
    assert sum(parts) + memory.pool == memory.total == GPUS["rtx4090"].memory
    assert int4.cache_per_token == 47_232
    assert int4.cache_total == 47_232 * 8 * 131_072
    assert int4.fit.pool_tokens == memory.pool // 47_232


def test_without_mtp_there_is_more_cache(flash: Checkpoint, int4: Plan):
    without = plan(flash, GPUS["rtx4090"], count=2, quant="int4", context=131_072, concurrency=8, mtp=0)
    assert without.cache_per_token == 46_080
    assert without.fit.pool_tokens > int4.fit.pool_tokens
    assert without.parameters == 48_942_542_592
    assert not any("spec" in word for command in without.commands for word in command.argv)


def test_the_biggest_answer_is_exact(flash: Checkpoint, int4: Plan):
    longest = min(int4.fit.pool_tokens, 131_072)
    assert longest == 131_072
    half = plan(flash, GPUS["rtx4090"], count=2, quant="int4", context=int4.fit.context_each, concurrency=8)
    assert half.fit.all_full


def test_workspace_formula():
    config = sized(64, 512)
    hidden, head = 4 * 2048 * 64, 48 + 16 + 48 + 64
    attention = (2048 + 8000) * 2 * head + 8000 * (128 + 16)
    experts = 2048 * 2 * (3 * 32 + 64)
    dense = 3 * 2048 * 160
    assert workspace_bytes(config, 1, 2048, 1000, 8) == 2 * (hidden + max(attention, experts, dense)) + 8 * 8 * 512


def test_experts_are_divided_whole_where_blocks_forbid_their_width(flash: Checkpoint):
    """768 / 8 = 96 is no multiple of 64: routed experts stay whole; the shared one, in bf16, does not."""
    assert not plan(flash, GPUS["h100"], count=4, quant="int4").whole_experts
    found = plan(flash, GPUS["h100"], count=8, quant="int4")
    assert found.whole_experts and "shared experts by their width, routed ones whole" in render(found)
    vllm, sglang = found.commands
    assert "--enable-expert-parallel" in vllm.argv
    assert _value(sglang.argv, "--ep-size") == "8"
    assert is_divided("model.layers.1.mlp.shared_experts.up_proj.weight")
    assert found.memory.weights_replicated == plan(flash, GPUS["h100"], count=4, quant="int4").memory.weights_replicated


def test_a_shared_expert_in_blocks_cannot_be_kept_whole(flash: Checkpoint):
    """768 / 4 = 192 is no multiple of 128; with 2 devices it is."""
    (two,) = plan(flash, GPUS["h100"], count=2, quant="int8-block").commands
    assert two.engine == "sglang" and "--ep-size" not in two.argv
    found = plan(flash, GPUS["h100"], count=4, quant="int8-block")
    assert found.fit.fits and found.commands == ()
    assert any("4 GPUs cannot share weights in blocks of 128 x 128" in note for note in found.notes)
    # fp8 is made of a bf16 folder without blocks; a folder in blocks would not do, which a note says.
    online = plan(flash, GPUS["h100"], count=4, quant="fp8")
    assert not online.whole_experts and "--enable-expert-parallel" not in online.commands[0].argv
    assert any("Only a bf16 folder" in note and "shared_experts" in note for note in online.notes)
    assert not any("Only a bf16 folder" in note for note in plan(flash, GPUS["h100"], count=2, quant="fp8").notes)


def test_a_block_as_wide_as_the_matrix_forbids_nothing(flash: Checkpoint):
    channels = dataclasses.replace(FORMATS["int8"], block=(1, 2**31))
    tensors = tuple(
        dataclasses.replace(t, format=channels, packed=True) if kind_of(t.name) in ("expert", "projection") else t
        for t in flash.tensors
    )
    found = plan(dataclasses.replace(flash, tensors=tensors), GPUS["h100"], count=4)
    assert not found.whole_experts and [command.engine for command in found.commands] == ["vllm"]


def test_int8_is_what_our_own_tool_makes(flash: Checkpoint):
    """8.5 bits a weight, multiplied in bf16: what fits in blocks of 8.002 bits need not fit so."""
    asked = {"count": 2, "context": 98_304}
    assert plan(flash, GPUS["rtx5090"], quant="int8-block", **asked).fit.fits
    assert not plan(flash, GPUS["rtx5090"], quant="int8", **asked).fit.fits
    rates = {
        quant: Roofline(flash.config, weigh(flash, quant), H200, 1, quant, 2).prefill(8192).tokens_per_second
        for quant in ("bf16", "int8", "int8-block")
    }
    assert rates["int8"] == rates["bf16"] < rates["int8-block"]
    scheme, format = QUANTISATIONS["int8"], FORMATS["int8"]
    assert scheme.bytes("expert", (768, 2048)) == format.bytes((768, 2048))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"count": 3}, "3 devices cannot share the model"),
        ({"context": 999_999}, "context is 999999; the model knows 8192 positions"),
        ({"concurrency": 0}, "concurrency is 0"),
        ({"acceptance": 1.5}, "acceptance is 1.5"),
        ({"mtp": -1}, "mtp is -1"),
        ({"quant": "int2"}, "No quantisation is called 'int2'; there are bf16, fp8, int8-block, int8, int4"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_wrong_arguments(small: Checkpoint, changed: dict[str, Any], message: str):
    with pytest.raises(ConfigError, match=message):
        plan(small, GPUS["l4"], **changed)


def test_an_unknown_model_lists_the_presets():
    with pytest.raises(ConfigError, match="bundled model or preset 'gpt'; presets: flash_48b_a3b, nano"):
        open_checkpoint("gpt")


# --- how fast


@pytest.mark.parametrize(
    ("tokens", "experts"), [(1, 8), (2, 15.8), (4, 30.5), (8, 57.4), (16, 102), (32, 163), (64, 222), (128, 252)]
)
def test_distinct_experts(tokens: int, experts: float):
    assert distinct_experts(256, 8, tokens) == pytest.approx(experts, abs=0.6)


@pytest.mark.parametrize(
    ("quant", "requests", "cached", "tokens_per_second"),
    [
        ("bf16", 1, 2048, 711),
        ("bf16", 8, 2048, 1403),
        ("bf16", 64, 2048, 3086),
        ("bf16", 8, 1152, 1422),
        ("bf16", 64, 1152, 3178),
        ("fp8", 1, 2048, 1284),
        ("int4", 1, 2048, 1082),
        ("int4-g32", 1, 2048, 1983),
    ],
)
def test_decoding_agrees_with_the_projects_table(
    flash: Checkpoint, quant: str, requests: int, cached: int, tokens_per_second: float
):
    roofline = Roofline(flash.config, weigh(flash, quant), H200, 1, quant, 2)
    speed = roofline.decode(requests, cached, 3, 0.607)
    assert speed.bound == "bandwidth"
    assert speed.tokens_per_second == pytest.approx(tokens_per_second, rel=0.005)
    if (quant, requests, cached) == ("bf16", 1, 2048):
        assert speed.mtp_step_seconds == pytest.approx(3.76e-3, rel=0.005)


def test_prefill_agrees_with_the_projects_table(flash: Checkpoint):
    prefill = Roofline(flash.config, weigh(flash, "bf16"), H200, 1, "bf16", 2).prefill(8192)
    assert prefill.flop_per_token == pytest.approx(5.55e9 + 3.36e9, rel=0.002)
    assert prefill.tokens_per_second == pytest.approx(89_800, rel=0.002)


def test_acceptance_becomes_tokens_a_step():
    assert expected_tokens(3, 0.607) == pytest.approx(2.20, abs=0.005)  # the report's length
    assert expected_tokens(3, 0) == 1
    assert expected_tokens(3, 1) == 4


def test_drafts_that_are_never_right_cost(small: Checkpoint):
    (speed,) = [s for s in plan(small, GPUS["l4"], context=64, concurrency=1, acceptance=0).speeds if s.cached == 64]
    assert speed.mtp_gain < 1


# --- commands


def _value(argv: tuple[str, ...], option: str) -> str:
    return argv[argv.index(option) + 1]


def test_commands_for_other_engines(int4: Plan):
    vllm, sglang = int4.commands
    assert (vllm.engine, sglang.engine) == ("vllm", "sglang")
    assert vllm.argv[:3] == ("vllm", "serve", "/path/to/flash_48b_a3b")
    assert _value(vllm.argv, "--tensor-parallel-size") == "2"
    assert _value(vllm.argv, "--max-model-len") == "131072"
    assert _value(vllm.argv, "--max-num-seqs") == "8"
    assert _value(vllm.argv, "--tool-call-parser") == "qwen3_coder"
    assert json.loads(_value(vllm.argv, "--speculative-config")) == {"method": "mtp", "num_speculative_tokens": 3}
    assert json.loads(_value(vllm.argv, "--override-generation-config")) == {"temperature": 0.6, "top_p": 1.0}
    assert sglang.argv[:3] == ("python", "-m", "sglang.launch_server")
    assert _value(sglang.argv, "--tp-size") == "2"
    assert _value(sglang.argv, "--context-length") == "131072"
    assert _value(sglang.argv, "--tool-call-parser") == "qwen3_coder"
    assert _value(sglang.argv, "--speculative-num-steps") == "3"
    assert _value(sglang.argv, "--speculative-num-draft-tokens") == "4"
    assert _value(sglang.argv, "--mem-fraction-static") == "0.896"
    assert sglang.environment["SGLANG_EXTERNAL_MODEL_PACKAGE"].startswith("joyflash.interop.")
    assert sglang.line.startswith("SGLANG_EXTERNAL_MODEL_PACKAGE=")
    assert tuple(shlex.split(vllm.line)) == vllm.argv


@pytest.mark.parametrize(
    ("gpu", "count", "quant", "context"),
    [("rtx4090", 2, "int4", 131_072), ("h200", 1, "bf16", 131_072), ("l40s", 4, "bf16", 8192), ("h100", 8, "fp8", 100)],
)
def test_sglangs_share_leaves_the_cache_that_was_promised(
    flash: Checkpoint, gpu: str, count: int, quant: str, context: int
):
    """SGLang multiplies what is free once CUDA and the collectives run, and subtracts the weights."""
    found = plan(flash, GPUS[gpu], count=count, quant=quant, context=context)
    memory = found.memory
    taken = CONTEXT_BYTES + (NCCL_BYTES if count > 1 else 0)
    share = float(_value(found.commands[-1].argv, "--mem-fraction-static"))
    pool = (memory.total - memory.driver - taken) * share - memory.weights - memory.absorbed
    assert found.fit.fits and found.commands[-1].engine == "sglang"
    assert pool // found.cache_per_token >= found.fit.pool_tokens >= context
    assert pool - memory.pool < memory.margin / 20


def _engines(found: Plan) -> list[str]:
    return [command.engine for command in found.commands]


def test_sglang_makes_fp8_only_of_weights_that_fit_in_bf16(flash: Checkpoint):
    one = plan(flash, GPUS["h100"], quant="fp8", context=8192)
    assert one.fit.fits and _engines(one) == ["vllm"]
    assert any("SGLang converts to fp8 when all weights are on the GPU in bf16: 98.04 GB" in note for note in one.notes)
    assert _engines(plan(flash, GPUS["h100"], count=2, quant="fp8", context=8192)) == ["vllm", "sglang"]
    ampere = plan(flash, GPUS["a100-80"], count=2, quant="fp8", context=8192)
    assert _engines(ampere) == ["vllm"] and any("which a100-80 lacks" in note for note in ampere.notes)


@pytest.mark.parametrize("quant", ["int8", "int4-g32", "int4-g128"])
def test_sglang_is_not_given_packed_projections(flash: Checkpoint, quant: str):
    found = plan(flash, GPUS["h200"], quant=quant)
    assert _engines(found) == ["vllm"]
    assert any("wants attention's kv_b_proj unquantised" in note for note in found.notes)
    assert any("joyflash quantize makes such folders" in note for note in found.notes) == (quant == "int8")


def test_an_unpadded_latent_is_for_our_own_engine_only(small: Checkpoint):
    found = plan(small, GPUS["l4"])
    assert _engines(found) == ["joyflash"]
    (note,) = (note for note in found.notes if "latent of 512" in note)
    assert note.endswith("small has 128 with 16. Pad it: joyflash export /models/small OUT --padded")


def test_more_drafts_than_our_server_makes(small: Checkpoint):
    assert _engines(plan(small, GPUS["l4"], mtp=MOST_DRAFTS)) == ["joyflash"]
    found = plan(small, GPUS["l4"], mtp=MOST_DRAFTS + 1)
    assert found.commands == () and any("drafts at most 4" in note for note in found.notes)
    assert "Commands" not in render(found)


def test_our_own_command_is_one_that_our_own_command_line_takes(small: Checkpoint):
    own = plan(small, GPUS["l4"], concurrency=2).commands[0]
    assert own.argv[:2] == ("joyflash", "serve")
    known = CliRunner().invoke(app, ["serve", "--help"], terminal_width=200).output
    assert all(word in known for word in own.argv if word.startswith("--"))
    assert "--mtp" not in own.argv
    for drafts in (0, 1):
        assert _value(plan(small, GPUS["l4"], mtp=drafts).commands[0].argv, "--mtp") == str(drafts)
    with pytest.raises(ConfigError, match="one device"):
        launch("joyflash", LaunchSettings("m", gpus=2))


def test_keys_are_not_shown():
    settings = LaunchSettings("m", api_keys=("secret1", "secret2"), served_names=("a", "b"))
    command = launch("vllm", settings)
    assert {"secret1", "secret2"} <= set(command.argv)
    assert "secret" not in command.line
    assert "--served-model-name a b --api-key *** *** --tensor-parallel-size 1" in command.line


def test_engines_refuse_what_they_cannot_do():
    with pytest.raises(ConfigError, match="one --served-model-name"):
        launch("sglang", LaunchSettings("m", served_names=("a", "b")))
    with pytest.raises(ConfigError, match="No engine is called 'tgi'; there are joyflash, vllm, sglang"):
        launch("tgi", LaunchSettings("m"))


@pytest.mark.parametrize("engine", ["vllm", "sglang"])
def test_an_engine_that_is_not_installed(monkeypatch: pytest.MonkeyPatch, engine: str):
    monkeypatch.setattr(shutil, "which", lambda name, path: None)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=re.escape(f"pip install 'joyflash[{engine}]'")):
        start(launch(engine, LaunchSettings("m")))


# --- command line


def test_plan_prints_text_and_json():
    asked = ["plan", "nano", "--gpu", "l4", "--context", "4096", "--concurrency", "2"]
    text = CliRunner().invoke(app, asked)
    assert text.exit_code == 0
    assert text.output.startswith("bf16 fits 1 x l4: 2 requests of 4,096 tokens at once.\n")
    result = CliRunner().invoke(app, [*asked, "--json"])
    values = json.loads(result.output)
    assert values["fit"]["all_full"] is True
    assert [command["engine"] for command in values["commands"]] == ["joyflash"]
    assert any("export" in note and "--padded" in note for note in values["notes"])


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (["plan", "nano", "--gpu", "voodoo2"], "error: No GPU is called 'voodoo2'; the table has rtx3090, rtx4090"),
        (["plan", "gpt", "--gpu", "l4"], "error: There is no model folder, bundled model or preset 'gpt'"),
        (["plan", "nano"], "error: This machine has no CUDA GPU"),
        (["serve", "--engine", "tgi"], "error: No engine is called 'tgi'; there are joyflash, vllm, sglang."),
        (["serve", "--engine", "vllm", "--any-model-name"], "error: vLLM cannot do --any-model-name."),
        (["serve", "--engine", "sglang", "--free-tool-calls"], "error: SGLang cannot do --free-tool-calls."),
        (["serve", "--engine", "vllm", "--port", "0"], "error: vLLM cannot do --port 0."),
        (["serve", "--engine", "vllm", "--host", "0.0.0.0"], "error: Serving on 0.0.0.0 would let anyone"),
        (["serve", "--engine", "vllm", "--model", "flash_48b_a3b"], "error: flash_48b_a3b is a preset without weights"),
        (["serve", "--engine", "vllm", "--context", "99999"], "error: --context is 99999; nano knows 8192 positions."),
        (["serve", "--engine", "vllm"], "error: vLLM and SGLang take a latent of 512 with a rotated width of 64 only;"),
        (["serve", "--engine", "vllm", "--cache-tokens", "99"], "error: --cache-tokens is joyflash's own;"),
        (["serve", "--gpus", "2"], "error: joyflash's own engine runs on one device."),
        (["serve", "--mtp", "many"], "error: --mtp is 'many'; it takes auto or a number"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_errors_are_one_line(monkeypatch: pytest.MonkeyPatch, command: list[str], message: str):
    monkeypatch.setattr("joyflash.hardware._cuda_devices", lambda: ())
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 2
    assert result.stderr.startswith(message)
    assert result.stderr.count("\n") == 1


def test_serve_hands_over_to_vllm(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    started: list[Any] = []

    def replaced(program: str, argv: list[str], environment: dict[str, str]) -> None:
        started.append((program, argv, environment))
        raise SystemExit(0)

    monkeypatch.setattr(shutil, "which", lambda name, path: f"/somewhere/{name}")
    monkeypatch.setattr(os, "execvpe", replaced)
    options = ["--api-key", "k", "--served-model-name", "n", "--gpus", "2", "--context", "512", "--mtp", "1"]
    padded = str(tmp_path / "padded")
    assert CliRunner().invoke(app, ["export", "nano", padded, "--padded"]).exit_code == 0
    result = CliRunner().invoke(app, ["serve", "--engine", "vllm", "--model", padded, "--port", "8123", *options])
    assert result.exit_code == 0
    ((program, argv, environment),) = started
    assert program == argv[0] == "/somewhere/vllm"
    assert argv[1] == "serve"
    assert argv[2] == padded
    assert _value(tuple(argv), "--port") == "8123"
    assert _value(tuple(argv), "--tensor-parallel-size") == "2"
    assert _value(tuple(argv), "--max-model-len") == "512"
    assert json.loads(_value(tuple(argv), "--speculative-config"))["num_speculative_tokens"] == 1
    assert environment["PATH"] == os.environ["PATH"]
    assert " k " not in result.stderr
