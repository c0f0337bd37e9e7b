"""Quantised folders: the layout's bits, what our loader and the compressed-tensors package make of them, refusals."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from typer.testing import CliRunner

from joyflash.cli import app
from joyflash.convert.export import export_folder
from joyflash.convert.quantize import quantize_folder
from joyflash.engine.engine import Engine
from joyflash.engine.request import SamplingParams
from joyflash.errors import CheckpointError, ConfigError
from joyflash.model.checkpoint import open_checkpoint, read_model, read_quantized, save_model
from joyflash.model.loading import model_folder
from joyflash.model.quantized import put_back, quantize_model
from joyflash.model.shards import CHECKSUMS
from joyflash.plan.checkpoint import open_checkpoint as open_for_plan
from joyflash.quantization.formats import FORMATS, dequantize, quantize
from joyflash.quantization.policy import EXPERTS, HEAD, POLICIES, PROJECTIONS, Policy
from tests.model.conftest import SHAPES, TINY, random_model

WHOLE = dataclasses.replace(  # every matrix in whole groups
    TINY, hidden_size=64, intermediate_size=96, moe_intermediate_size=32, q_lora_rank=32, kv_lora_rank=32
)


def stored(folder: Path) -> dict[str, torch.Tensor]:
    return {name: tensor for file in folder.glob("*.safetensors") for name, tensor in load_file(file).items()}


def described(folder: Path) -> dict:
    return json.loads((folder / "config.json").read_text())["quantization_config"]


@pytest.fixture(name="source", scope="module")
def _source(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("source")
    save_model(random_model(WHOLE).to(torch.bfloat16), folder)
    return folder


@pytest.mark.parametrize("name", POLICIES)
@pytest.mark.parametrize("shape", [WHOLE, *SHAPES.values()], ids=["whole", *SHAPES])
def test_a_folder_holds_what_quantising_the_model_makes(name, shape, tmp_path):
    model = random_model(shape).to(torch.bfloat16)
    save_model(model, tmp_path / "source")
    quantize_folder(tmp_path / "source", tmp_path / "out", POLICIES[name], head=True)
    hollow, quantized = read_quantized(tmp_path / "out", dtype=torch.bfloat16)
    expected = quantize_model(model, POLICIES[name])
    assert shape != WHOLE or all(tensor.shape[-1] % 32 == 0 for tensor in expected.values())
    expected = {key: tensor for key, tensor in expected.items() if tensor.shape[-1] % 32 == 0 and "eh_proj" not in key}
    assert quantized.keys() == expected.keys()
    for key, tensor in quantized.items():
        assert hollow.get_parameter(key).numel() == 0
        assert tensor.shape == expected[key].shape and tensor.format == expected[key].format
        assert torch.equal(tensor.integers(), expected[key].integers())
        assert torch.equal(tensor.scales, expected[key].scales)
    put_back(model, expected)
    whole = read_model(tmp_path / "out", dtype=torch.bfloat16)
    for key, tensor in model.state_dict().items():
        assert torch.equal(whole.state_dict()[key], tensor), key


@pytest.mark.parametrize(("name", "bits"), [("int4", 4), ("int8", 8)])
def test_the_bits_are_those_of_the_layout(name, bits, tmp_path, source):
    quantize_folder(source, tmp_path / "out", POLICIES[name])
    before, after = stored(source), stored(tmp_path / "out")
    weight = "model.layers.1.mlp.experts.5.down_proj.weight"
    words, scales = after[weight + "_packed"], after[weight + "_scale"]
    assert after[weight + "_shape"].tolist() == list(before[weight].shape) and weight not in after
    assert words.dtype == torch.int32 and scales.dtype == torch.bfloat16
    for row in (0, 7):
        number = sum((word & 0xFFFFFFFF) << 32 * place for place, word in enumerate(words[row].tolist()))
        values = [(number >> bits * place) % 2**bits - 2 ** (bits - 1) for place in range(before[weight].shape[1])]
        restored = torch.tensor(values) * scales[row].float().repeat_interleave(32)[: len(values)]
        assert ((restored - before[weight][row].float()).abs() <= scales[row].float() * 0.76).all()
    for left, tensor in before.items():
        if not POLICIES[name].format_of(left) or "head" in left:
            assert torch.equal(after[left], tensor)


@pytest.mark.parametrize("name", POLICIES)
def test_the_compressed_tensors_package_reads_it(name, tmp_path, source):
    pytest.importorskip("compressed_tensors", reason="the package is not installed: pip install compressed-tensors")
    from compressed_tensors.compressors import PackedQuantizationCompressor
    from compressed_tensors.quantization import QuantizationConfig
    from compressed_tensors.utils import match_name

    quantize_folder(source, tmp_path / "out", POLICIES[name])
    config, after = QuantizationConfig.model_validate(described(tmp_path / "out")), stored(tmp_path / "out")
    weights = {key.removesuffix("_packed") for key in after if key.endswith("_packed")}
    assert weights
    for weight in weights:
        module = weight.removesuffix(".weight")
        groups = list(config.config_groups.values())
        schemes = [group for group in groups if any(match_name(module, target) for target in group.targets)]
        schemes += [group for group in groups if group.targets == ["Linear"]]  # classes weigh less than names
        assert not any(match_name(module, ignored) for ignored in config.ignore)
        parts = {key.rpartition(".")[2]: after[key] for key in (f"{weight}_{p}" for p in ("packed", "scale", "shape"))}
        theirs = PackedQuantizationCompressor.decompress(parts, schemes[0])["weight"]
        format = POLICIES[name].format_of(weight)
        original = stored(source)[weight]
        assert torch.equal(theirs, dequantize(quantize(original, format), theirs.dtype))
        plain = {"weight": original.float(), "weight_scale": parts["weight_scale"].float()}
        again = PackedQuantizationCompressor.compress(plain, schemes[0])
        assert torch.equal(again["weight_packed"], parts["weight_packed"])
    linear = {key for key, tensor in after.items() if key.endswith(".weight") and tensor.dim() == 2}
    named = {name for name in config.ignore if not name.startswith("re:")}
    assert {key.removesuffix(".weight") for key in linear if "embed_tokens" not in key} == named


def test_layers_that_other_engines_join_or_rename_are_ignored_where_only_experts_are_quantised(tmp_path, source):
    for name in POLICIES:
        quantize_folder(source, tmp_path / name, POLICIES[name])
        patterns = [text[3:] for text in described(tmp_path / name)["ignore"] if text.startswith("re:")]
        assert bool(patterns) == (name == "int4")
        joined = (
            "model.layers.0.mlp.gate_up_proj", "model.decoder.mlp.gate_up_proj", "model.decoder.self_attn.kv_b_proj",
            "model.layers.1.self_attn.fused_qkv_a_proj_with_mqa", "model.layers.1.mlp.shared_experts.gate_up_proj",
            "model.layers.1.mlp.gate", "model.eh_proj",
        )  # fmt: skip
        experts = ("model.layers.1.mlp.experts", "model.layers.1.mlp.experts.3.down_proj")
        if patterns:
            assert all(any(re.match(pattern, module) for pattern in patterns) for module in joined)
            assert not any(re.match(pattern, module) for pattern in patterns for module in experts)


def test_nano_from_a_folder_writes_what_nano_quantised_on_loading_does(tmp_path):
    quantize_folder(model_folder("nano"), tmp_path / "out", POLICIES["int8"], head=True)
    params = SamplingParams(temperature=0.7, seed=3, max_tokens=16)
    prompts = ["Once upon a time", [{"role": "user", "content": "你好"}]]
    texts = [
        [output.token_ids for output in Engine.from_pretrained(model, **options).generate(prompts, params)]
        for model, options in (
            (tmp_path / "out", {"mtp": 0, "max_context": 128}),
            ("nano", {"mtp": 0, "max_context": 128, "quantization": "int8"}),
        )
    ]
    assert texts[0] == texts[1]
    with pytest.raises(ConfigError, match="quantised already"):
        Engine.from_pretrained(tmp_path / "out", quantization="int4")


def test_the_head_stays_unless_asked_for(tmp_path, source):
    quantize_folder(source, tmp_path / "without", POLICIES["int8"])
    quantize_folder(source, tmp_path / "with", POLICIES["int8"], head=True)
    assert "lm_head.weight" in stored(tmp_path / "without")
    assert "lm_head.weight_packed" in stored(tmp_path / "with")


def test_a_format_that_leaves_the_head_alone_takes_no_option_for_it(tmp_path, source):
    done = CliRunner().invoke(app, ["quantize", str(source), str(tmp_path / "out"), "--format", "int4", "--head"])
    assert done.exit_code == 2 and "leave --head out" in done.output and not (tmp_path / "out").exists()


def test_several_shards_and_a_model_type(tmp_path, source):
    quantize_folder(source, tmp_path / "one", POLICIES["int4-int8"])
    quantize_folder(source, tmp_path / "many", POLICIES["int4-int8"], format="deepseek_v3", shard_bytes=9_000)
    assert len(list((tmp_path / "many").glob("model-*.safetensors"))) > 5
    one, many = stored(tmp_path / "one"), stored(tmp_path / "many")
    assert one.keys() == many.keys() and all(torch.equal(tensor, many[name]) for name, tensor in one.items())
    assert json.loads((tmp_path / "many" / "config.json").read_text())["model_type"] == "deepseek_v3"
    index = json.loads((tmp_path / "many" / "model.safetensors.index.json").read_text())
    assert index["weight_map"].keys() == many.keys()
    read_model(tmp_path / "many")


def change(folder: Path, edit) -> None:
    """Edit ``quantization_config``."""
    values = json.loads((folder / "config.json").read_text())
    edit(values["quantization_config"])
    (folder / "config.json").write_text(json.dumps(values))
    (folder / CHECKSUMS).unlink(missing_ok=True)


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (lambda q: q.update(quant_method="gptq"), "quant_method 'gptq'"),
        (lambda q: q["config_groups"]["group_0"].update(format="marlin-24"), "layout 'marlin-24'"),
        (lambda q: q["config_groups"]["group_0"]["weights"].update(type="float"), "float4"),
        (lambda q: q["config_groups"]["group_0"]["weights"].update(num_bits=3), "int3"),
        (lambda q: q["config_groups"]["group_0"]["weights"].update(symmetric=False), "zero points"),
        (lambda q: q["config_groups"]["group_0"]["weights"].update(actorder="group"), "reordered groups"),
        (lambda q: q["config_groups"]["group_0"].update(input_activations={"num_bits": 8}), "quantised activations"),
        (lambda q: q["config_groups"]["group_0"].pop("weights"), "incomplete"),
        (lambda q: q.pop("config_groups"), "incomplete"),
        (lambda q: q["config_groups"]["group_0"]["weights"].update(group_size=8), "no format"),
        (lambda q: q["config_groups"]["group_0"]["weights"].update(num_bits=8), "no format"),
    ],
)
def test_other_quantisations_are_refused(edit, said, tmp_path, source):
    quantize_folder(source, tmp_path / "out", POLICIES["int4"])
    change(tmp_path / "out", edit)
    with pytest.raises((ConfigError, CheckpointError), match=said):
        read_model(tmp_path / "out")


@pytest.mark.parametrize("part", ["_packed", "_scale"])
def test_a_missing_part_is_named(part, tmp_path, source):
    quantize_folder(source, tmp_path / "out", POLICIES["int4"])
    (file,) = (tmp_path / "out").glob("*.safetensors")
    tensors = load_file(file)
    del tensors[f"model.layers.1.mlp.experts.0.up_proj.weight{part}"]
    save_file(tensors, file)
    (tmp_path / "out" / CHECKSUMS).unlink()
    with pytest.raises(CheckpointError, match=r"layers\.1\.mlp\.experts\.0\.up_proj\.weight"):
        read_model(tmp_path / "out")


@pytest.mark.parametrize("part", ["gate_proj", "up_proj", "down_proj"])
@pytest.mark.parametrize("expert", [0, 3])
def test_experts_that_are_quantised_in_part_are_refused_by_their_headers(part, expert, tmp_path, source):
    """As the ``ignore`` list of another quantiser can leave them."""
    quantize_folder(source, tmp_path / "out", POLICIES["int4"])
    (file,) = (tmp_path / "out").glob("*.safetensors")
    tensors, before = load_file(file), stored(source)
    weight = f"model.layers.1.mlp.experts.{expert}.{part}.weight"
    for parts in ("_packed", "_scale", "_shape"):
        del tensors[weight + parts]
    save_file({**tensors, weight: before[weight]}, file)
    (tmp_path / "out" / CHECKSUMS).unlink()
    for reads in (read_quantized, lambda folder: open_checkpoint(folder, quantized=True)):
        with pytest.raises(CheckpointError, match=rf"{re.escape(weight)}.* different formats"):
            reads(tmp_path / "out")


def test_what_needs_the_original_says_so(tmp_path, source):
    quantize_folder(source, tmp_path / "out", POLICIES["int4"])
    for again in (
        lambda: quantize_folder(tmp_path / "out", tmp_path / "again", POLICIES["int4"]),
        lambda: export_folder(tmp_path / "out", tmp_path / "again"),
    ):
        with pytest.raises(CheckpointError, match="holds quantised weights"):
            again()
    with pytest.raises(CheckpointError, match="not an empty folder"):
        quantize_folder(source, tmp_path / "out", POLICIES["int4"])
    with pytest.raises(ConfigError, match="finds nothing"):
        quantize_folder(source, tmp_path / "none", Policy("none", ()))


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_weight_that_is_not_finite_is_named(tmp_path, value):
    model = random_model(WHOLE)
    with torch.no_grad():
        model.get_parameter("model.layers.1.mlp.experts.down_proj")[5, 3, 3] = value
    save_model(model, tmp_path / "source")
    done = CliRunner().invoke(app, ["quantize", str(tmp_path / "source"), str(tmp_path / "out"), "--format", "int4"])
    named = f"error: {tmp_path / 'source'}: model.layers.1.mlp.experts.5.down_proj.weight holds infinity or NaN"
    assert done.exit_code == 2 and done.stderr.startswith(named)
    assert not (tmp_path / "out").exists()
    with pytest.raises(ConfigError, match=r"^model\.layers\.1\.mlp\.experts\.down_proj\[5\] holds infinity or NaN"):
        quantize_model(model, POLICIES["int4"])


def test_a_plan_knows_the_sizes(tmp_path, source):
    quantize_folder(source, tmp_path / "out", POLICIES["int4"])
    plain, packed = open_for_plan(str(source)), open_for_plan(str(tmp_path / "out"))
    assert {t.name: t.shape for t in packed.tensors} == {t.name: t.shape for t in plain.tensors}
    size = sum(tensor.nbytes for tensor in stored(tmp_path / "out").values())
    assert packed.stored_bytes == size < plain.stored_bytes


def test_the_command_prints_what_it_did(tmp_path):
    result = CliRunner().invoke(app, ["quantize", "nano", str(tmp_path / "out"), "--format", "int4"])
    assert result.exit_code == 0, result.output
    assert "routed experts   int4          336      11,010,048        22.0         6.2" in result.output
    assert re.search(r": \d{3,4} tensors, \d+\.\d MB", result.output)
    assert CliRunner().invoke(app, ["quantize", "nano", str(tmp_path / "no"), "--format", "q4"]).exit_code == 2


def test_patterns_of_a_mixture_do_not_overlap():
    policy = Policy("mixed", ((EXPERTS, FORMATS["int4"]), (PROJECTIONS, FORMATS["int8"]), (HEAD, FORMATS["int8"])))
    assert policy.rules == POLICIES["int4-int8"].rules
    single = [Policy("one", (rule,)) for rule in policy.rules]
    for name in ("model.layers.1.mlp.experts.0.up_proj.weight", "model.layers.1.mlp.shared_experts.up_proj.weight"):
        assert sum(bool(each.format_of(name)) for each in single) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nano", "OUT", "--model-type", "gguf"], "no model type 'gguf'; there are hf and deepseek_v3"),
        (["nano", "OUT", "--format", "int5"], "no quantisation 'int5'; there are int8, int4, int4-int8"),
        (["nano", "FILE/below"], "Not a directory. Check that the path exists"),
    ],
)
def test_the_command_says_what_is_wrong_in_one_line(tmp_path, arguments, message):
    (tmp_path / "file").write_text("")
    places = {"OUT": tmp_path / "out", "FILE/below": tmp_path / "file" / "below"}
    result = CliRunner().invoke(app, ["quantize", *(str(places.get(each, each)) for each in arguments)])
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (2, "", 1)
    assert message in result.stderr
    assert sorted(file.name for file in tmp_path.iterdir()) == ["file"]
