"""Exported folders: bit-exact round trips, stacked experts, damage, dtypes, memory, small files, the command."""

from __future__ import annotations

import json

import pytest
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from typer.testing import CliRunner

from joyflash.cli import app
from joyflash.convert.export import export_folder
from joyflash.convert.padding import pad_model
from joyflash.errors import CheckpointError, ConfigError
from joyflash.model import checkpoint
from joyflash.model.checkpoint import read_model, save_model
from joyflash.model.shards import read_checksums
from tests.model.conftest import SHAPES, TINY, random_model


@pytest.fixture(params=SHAPES)
def shape(request):
    return SHAPES[request.param]


def tensors_of(folder):
    return {name: tensor for file in folder.glob("*.safetensors") for name, tensor in load_file(file).items()}


def assert_same_bits(before, after):
    assert before.keys() == after.keys()
    for name, tensor in before.items():
        assert tensor.dtype == after[name].dtype, name
        assert torch.equal(tensor.view(torch.uint8), after[name].view(torch.uint8)), name


def stack_experts(folder):
    """Rewrite a folder with 3-D experts, as transformers 5.x has them in memory."""
    tensors = tensors_of(folder)
    for layer in range(TINY.first_k_dense_replace, TINY.num_hidden_layers):
        prefix = f"model.layers.{layer}.mlp.experts"
        each = [
            {part: tensors.pop(f"{prefix}.{e}.{part}_proj.weight") for part in ("gate", "up", "down")}
            for e in range(TINY.n_routed_experts)
        ]
        tensors[f"{prefix}.gate_up_proj"] = torch.stack([torch.cat((e["gate"], e["up"])) for e in each])
        tensors[f"{prefix}.down_proj"] = torch.stack([e["down"] for e in each])
    for old in folder.iterdir():
        if old.name != "config.json":
            old.unlink()
    save_file(tensors, folder / "model.safetensors")


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("own_mtp_shard", [False, True])
def test_there_and_back_is_bit_exact(shape, dtype, own_mtp_shard, tmp_path):
    first, second, third = (tmp_path / name for name in ("first", "second", "third"))
    save_model(random_model(shape), first, dtype, shard_bytes=40_000)
    report = export_folder(first, second, "deepseek_v3", own_mtp_shard=own_mtp_shard, shard_bytes=25_000)
    export_folder(second, third, "hf")
    assert_same_bits(tensors_of(first), tensors_of(second))
    assert_same_bits(tensors_of(first), tensors_of(third))
    assert report.mtp and report.tensors == len(tensors_of(first))
    assert (second / "mtp-1-of-1.safetensors").exists() == own_mtp_shard
    assert json.loads((second / "config.json").read_text())["model_type"] == "deepseek_v3"
    assert json.loads((third / "config.json").read_text()) == json.loads((first / "config.json").read_text())


def test_stacked_experts_are_written_one_by_one(tmp_path):
    save_model(random_model(TINY), tmp_path / "plain")
    save_model(random_model(TINY), tmp_path / "stacked")
    stack_experts(tmp_path / "stacked")
    export_folder(tmp_path / "stacked", tmp_path / "out")
    assert_same_bits(tensors_of(tmp_path / "plain"), tensors_of(tmp_path / "out"))


def test_a_head_that_the_mtp_layer_does_not_repeat_is_added(tmp_path):
    save_model(random_model(TINY), tmp_path / "source")
    before = tensors_of(tmp_path / "source")
    short = dict(before)
    del short[f"model.layers.{TINY.num_hidden_layers}.shared_head.head.weight"]
    save_file(short, tmp_path / "source" / "model.safetensors")
    (tmp_path / "source" / "checksums.json").unlink()
    export_folder(tmp_path / "source", tmp_path / "out")
    assert_same_bits(before, tensors_of(tmp_path / "out"))


def test_without_mtp(tmp_path):
    save_model(random_model(TINY), tmp_path / "source")
    report = export_folder(tmp_path / "source", tmp_path / "out", mtp=False)
    assert not report.mtp
    assert read_model(tmp_path / "out").mtp is None
    assert json.loads((tmp_path / "out" / "config.json").read_text())["num_nextn_predict_layers"] == 0
    assert not any(f"layers.{TINY.num_hidden_layers}." in name for name in tensors_of(tmp_path / "out"))
    assert export_folder(tmp_path / "out", tmp_path / "again").mtp is False


def test_padded_folder_is_the_padded_model(shape, tmp_path):
    model = random_model(shape)
    save_model(model, tmp_path / "source")
    export_folder(tmp_path / "source", tmp_path / "out", padded=True)
    save_model(pad_model(model), tmp_path / "expected")
    assert_same_bits(tensors_of(tmp_path / "expected"), tensors_of(tmp_path / "out"))


@torch.no_grad()
def test_padding_while_widening_rounds_nothing(tmp_path):
    save_model(random_model(TINY), tmp_path / "source", torch.bfloat16)
    export_folder(tmp_path / "source", tmp_path / "out", dtype=torch.float32, padded=True)
    tokens = torch.arange(40).unsqueeze(0)
    difference = read_model(tmp_path / "out")(tokens) - read_model(tmp_path / "source")(tokens)
    assert float(difference.abs().max()) <= 1e-4


def test_dtypes(tmp_path):
    model = random_model(TINY)
    save_model(model, tmp_path / "source")
    for dtype in (torch.bfloat16, torch.float16, torch.float32):
        out = tmp_path / str(dtype)
        export_folder(tmp_path / "source", out, dtype=dtype)
        before = tensors_of(tmp_path / "source")
        assert all(torch.equal(tensor, before[name].to(dtype)) for name, tensor in tensors_of(out).items())
        assert json.loads((out / "config.json").read_text())["dtype"] == str(dtype).removeprefix("torch.")
    with torch.no_grad():
        model.lm_head.weight[3, 3] = 1e5
    save_model(model, tmp_path / "large")
    with pytest.raises(CheckpointError, match=r"lm_head\.weight has values beyond float16"):
        export_folder(tmp_path / "large", tmp_path / "no", dtype=torch.float16)


def test_every_altered_byte_of_the_source_is_noticed(tmp_path):
    source = tmp_path / "source"
    save_model(random_model(TINY), source, shard_bytes=60_000)
    generator = torch.Generator().manual_seed(0)
    for path in sorted(file for file in source.iterdir() if file.name != "checksums.json"):
        content = path.read_bytes()
        for place in torch.randint(len(content), (4,), generator=generator).tolist():
            path.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
            with pytest.raises(CheckpointError):
                export_folder(source, tmp_path / "out")
        path.write_bytes(content[:-1])
        with pytest.raises(CheckpointError):
            export_folder(source, tmp_path / "out")
        path.write_bytes(content)
    export_folder(source, tmp_path / "out")


def test_only_an_empty_folder_is_written_to(tmp_path):
    save_model(random_model(TINY), tmp_path / "source")
    with pytest.raises(CheckpointError, match="not an empty folder"):
        export_folder(tmp_path / "source", tmp_path / "source")


def test_a_full_disk_is_one_line_and_leaves_nothing(tmp_path, monkeypatch):
    save_model(random_model(TINY), tmp_path / "source")
    out = tmp_path / "out"

    def full(*arguments, **named):
        raise SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)")

    for command in (["export"], ["quantize", "--format", "int4-int8"], ["grow", "--heads", "6"]):
        with monkeypatch.context() as patched:
            patched.setattr(checkpoint, "save_file", full)
            done = CliRunner().invoke(app, [command[0], str(tmp_path / "source"), str(out), *command[1:]])
        assert (done.exit_code, done.stdout, done.stderr.count("\n")) == (2, "", 1), command
        assert f"error: {out / 'model.safetensors'} cannot be written" in done.stderr and "Make room" in done.stderr
        assert [file.name for file in tmp_path.iterdir()] == ["source"]


def test_an_interrupted_export_can_be_started_again(tmp_path, monkeypatch):
    """Ctrl-C leaves nothing but a folder that was there; what a killed process leaves counts for nothing."""
    source, out = tmp_path / "source", tmp_path / "out"
    save_model(random_model(TINY), source)
    real, written = checkpoint.save_file, []

    def interrupted(*arguments, **named):
        real(*arguments, **named)
        written.append(arguments)
        if len(written) % 2 == 0:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(checkpoint, "save_file", interrupted)
        for there in (False, True):
            if there:
                out.mkdir()
            with pytest.raises(KeyboardInterrupt):
                export_folder(source, out, shard_bytes=20_000)
            assert out.exists() == there and (not there or not list(out.iterdir()))
    (out / ".partial").mkdir()
    (out / ".partial" / "model-00001-of-00009.safetensors").write_bytes(b"half")
    export_folder(source, out)
    assert_same_bits(tensors_of(source), tensors_of(out))
    assert not (out / ".partial").exists()


def test_small_files(tmp_path):
    source, out = tmp_path / "source", tmp_path / "out"
    save_model(random_model(TINY), source)
    (source / "LICENSE").write_text("theirs")
    (source / "notes.txt").write_text("stays")
    export_folder(source, out)
    assert (out / "LICENSE").read_text() == "theirs"
    assert not (out / "notes.txt").exists()
    values = json.loads((out / "generation_config.json").read_text())
    assert values == {"bos_token_id": 0, "eos_token_id": 1, "do_sample": True, "temperature": 0.6, "top_p": 1.0}
    assert read_checksums(out).keys() == {file.name for file in out.iterdir()} - {"checksums.json"}
    config = json.loads((out / "config.json").read_text())
    assert config["topk_method"] == "noaux_tc" and config["scoring_func"] == "sigmoid"
    assert config["rope_theta"] == config["rope_parameters"]["rope_theta"] == TINY.rope_theta
    (source / "generation_config.json").write_text('{"temperature": 0.1}')
    export_folder(source, tmp_path / "second")
    assert json.loads((tmp_path / "second" / "generation_config.json").read_text()) == {"temperature": 0.1}


def test_memory_holds_one_shard_at_a_time(tmp_path, monkeypatch):
    """No fetch asks for more than a shard, and the parts of stacked experts are read alone."""
    save_model(random_model(TINY), tmp_path / "source")
    from joyflash.convert import export

    fetched = []
    original = export.FolderTensors.fetch

    def fetch(self, names):
        result = original(self, names)
        fetched.append(sum(tensor.nbytes for tensor in result.values()))
        return result

    monkeypatch.setattr(export.FolderTensors, "fetch", fetch)
    export_folder(tmp_path / "source", tmp_path / "out", shard_bytes=20_000)
    assert len(fetched) > 5
    assert max(fetched) <= 20_000


def test_command(tmp_path):
    save_model(random_model(TINY), tmp_path / "source")
    runner = CliRunner()
    command = ["export", str(tmp_path / "source"), str(tmp_path / "out")]
    result = runner.invoke(app, [*command, "--format", "deepseek_v3", "--dtype", "bf16", "--no-mtp"])
    assert result.exit_code == 0, result.output
    assert read_model(tmp_path / "out", dtype=torch.bfloat16).mtp is None
    assert runner.invoke(app, [*command, "--format", "hf"]).exit_code == 2
    out = str(tmp_path / "new")
    assert runner.invoke(app, ["export", str(tmp_path / "source"), out, "--dtype", "q8_0"]).exit_code == 2
    assert runner.invoke(app, ["export", str(tmp_path / "source"), out, "--format", "gguf", "--padded"]).exit_code == 2


def test_options_that_contradict_the_checkpoint_are_refused(tmp_path):
    source = tmp_path / "source"
    save_model(random_model(TINY), source)
    with pytest.raises(ConfigError, match="--no-mtp leaves it out"):
        export_folder(source, tmp_path / "out", mtp=False, own_mtp_shard=True)
    export_folder(source, tmp_path / "bare", mtp=False)
    for asked in ({"mtp": True}, {"own_mtp_shard": True}):
        with pytest.raises(ConfigError, match="holds no MTP layer"):
            export_folder(tmp_path / "bare", tmp_path / "out", **asked)
    assert not (tmp_path / "out").exists()


def test_gguf_and_the_mtp_layer_on_the_command_line(caplog, tmp_path):
    """Without an option the log says what stays out; --no-mtp says it is meant; --mtp cannot be had."""
    pytest.importorskip("gguf")
    runner = CliRunner()
    command = ["export", "nano", "--format", "gguf"]
    assert runner.invoke(app, [*command, str(tmp_path / "a.gguf")]).exit_code == 0
    assert "no dense MTP layer" in caplog.text
    caplog.clear()
    assert runner.invoke(app, [*command, str(tmp_path / "b.gguf"), "--no-mtp"]).exit_code == 0
    assert "MTP" not in caplog.text
    assert (tmp_path / "a.gguf").read_bytes() == (tmp_path / "b.gguf").read_bytes()
    refused = runner.invoke(app, [*command, str(tmp_path / "c.gguf"), "--mtp"])
    assert refused.exit_code == 2 and "no dense MTP" in refused.stderr
