"""The vLLM and SGLang plugins without vLLM and SGLang: declared, guarded, and right about every exported tensor.

What a stand-in below replaces is the place in vLLM where the plugin puts something; ``test_vllm_peer`` runs vLLM.
"""

from __future__ import annotations

import dataclasses
import importlib
import os
import sys
import tomllib
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import torch

from joyflash.errors import CheckpointError, InteropError, MissingExtraError
from joyflash.interop import sglang_plugin, vllm_plugin
from joyflash.model.checkpoint import save_model
from joyflash.model.config import flash_48b_a3b
from joyflash.model.shards import ShardFiles
from tests.model.conftest import TINY, random_model

transformers = pytest.importorskip("transformers", reason="the engines bring it along; installed here by make setup")
from joyflash.interop.engine_config import JoyAIConfig, mtp_kind, tensor_names  # noqa: E402

CONVERTORS = "vllm.transformers_utils.model_arch_config_convertor"
SPECULATIVE = "vllm.config.speculative"
REGISTRY = "vllm.model_executor.models.registry"
BLOCK = [
    "input_layernorm",
    "post_attention_layernorm",
    *(f"self_attn.{n}" for n in ("q_a_proj", "q_a_layernorm", "q_b_proj", "kv_a_proj_with_mqa")),
    *(f"self_attn.{n}" for n in ("kv_a_layernorm", "kv_b_proj", "o_proj")),
    *(f"mlp.{n}_proj" for n in ("gate", "up", "down")),
]
DRAFTER = {f"{name}.weight" for name in ("enorm", "hnorm", "eh_proj", "shared_head.norm", "shared_head.head", *BLOCK)}
"""What both engines' drafters load of the layer after the last, under the checkpoint's own names."""


class StandInConvertor:
    def is_deepseek_mla(self) -> bool:
        return False


class StandInRegistry:
    def __init__(self):
        self.models: dict[str, str] = {}

    def get_supported_archs(self):
        return self.models.keys()

    def register_model(self, name: str, place: str) -> None:
        assert name not in self.models
        self.models[name] = place


def stock_override(config: Any) -> Any:
    """What vLLM does to a DeepSeek-V3 configuration, and only to that."""
    if config.model_type == "deepseek_v3":
        config.model_type = "deepseek_mtp"
        config.update({"n_predict": config.num_nextn_predict_layers, "architectures": ["DeepSeekMTPModel"]})
    return config


@pytest.fixture
def vllm(monkeypatch) -> SimpleNamespace:
    """Stand-ins for the three places in vLLM that the plugin adds to; AutoConfig forgets afterwards."""

    def module(name: str, **content: Any) -> ModuleType:
        made = ModuleType(name)
        made.__dict__.update(content)
        monkeypatch.setitem(sys.modules, name, made)
        return made

    speculative = type("SpeculativeConfig", (), {"hf_config_override": staticmethod(stock_override)})
    module("vllm", __version__="0.0-stand-in")
    mapping = importlib.import_module("transformers.models.auto.configuration_auto").CONFIG_MAPPING
    monkeypatch.setattr(mapping, "_extra_content", dict(mapping._extra_content))
    registry = StandInRegistry()
    module("vllm.platforms", current_platform=SimpleNamespace(is_cpu=lambda: False))
    return SimpleNamespace(
        convertors=module(CONVERTORS, ModelArchConfigConvertorBase=StandInConvertor, MODEL_ARCH_CONFIG_CONVERTORS={}),
        speculative=module(SPECULATIVE, SpeculativeConfig=speculative).SpeculativeConfig,
        registry=module(REGISTRY, ModelRegistry=registry).ModelRegistry,
    )


def folder(path: Path, **kinds: Any) -> Path:
    save_model(random_model(TINY), path, **kinds)
    return path


def draft(path: Path) -> Any:
    return vllm_plugin.draft_config(transformers.AutoConfig.from_pretrained(path))


@pytest.mark.parametrize(
    ("group", "plugin"), [("vllm.general_plugins", vllm_plugin), ("sglang.srt.plugins", sglang_plugin)]
)
def test_entry_points_are_declared_and_importable(group, plugin):
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    module, _, function = project["entry-points"][group]["joyflash"].partition(":")
    assert getattr(importlib.import_module(module), function) is plugin.register


@pytest.mark.parametrize(("name", "plugin"), [("vllm", vllm_plugin), ("sglang", sglang_plugin)])
def test_without_the_engine_the_error_names_the_extra(name, plugin, monkeypatch):
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(MissingExtraError, match=rf"joyflash\[{name}\]"):
        plugin.register()


class StandInRotation:
    """vLLM's class with its two ways of rotating, which say which of them was taken."""

    def forward_native(self, positions, query, key=None):
        return "native", query, key

    def forward_cpu(self, positions, query, key=None):
        return "operator", query, key


def test_on_a_cpu_only_queries_with_heads_rotate_natively():
    module = SimpleNamespace(RotaryEmbedding=type("RotaryEmbedding", (StandInRotation,), {}))
    for _ in range(2):  # every process installs the plugin, some twice
        vllm_plugin._rotate_heads_natively(module)
    rotation, positions = module.RotaryEmbedding(), torch.arange(3)
    assert rotation.forward_cpu(positions, torch.zeros(3, 2, 4), "key")[::2] == ("native", "key")
    assert rotation.forward_cpu(positions, torch.zeros(3, 8), "key")[::2] == ("operator", "key")
    assert rotation.forward_cpu(positions, torch.zeros(3, 8))[2] is None
    with pytest.raises(InteropError, match="RotaryEmbedding"):
        vllm_plugin._rotate_heads_natively(SimpleNamespace())


@pytest.mark.parametrize("own_mtp_shard", [False, True])
def test_every_exported_tensor_belongs_to_the_trunk_or_the_drafter(own_mtp_shard, tmp_path):
    """Once each: the drafter's are those of one dense layer, the trunk's those that transformers' model has."""
    path = folder(tmp_path, own_mtp_shard=own_mtp_shard, shard_bytes=60_000)
    names = tensor_names(str(path))
    assert len(names) == len(set(names)) and set(names) == set(ShardFiles(path).tensors)
    prefix = f"model.layers.{TINY.num_hidden_layers}."
    drafter = {name.removeprefix(prefix) for name in names if name.startswith(prefix)}
    assert drafter == DRAFTER
    trunk = {name for name in names if not name.startswith(prefix)}
    config = JoyAIConfig(**{**TINY.to_dict(), "model_type": "deepseek_v3"})
    with torch.device("meta"):
        theirs = transformers.DeepseekV3ForCausalLM(config)
    experts = {f"{e}.{part}_proj.weight" for e in range(TINY.n_routed_experts) for part in ("gate", "up", "down")}
    expected = set()
    for name in theirs.state_dict():
        before, found, _ = name.partition("mlp.experts.")
        expected |= {before + found + expert for expert in experts} if found else {name}
    assert trunk == expected


def test_kind_of_mtp_layer_is_told_from_names():
    layers = flash_48b_a3b().num_hidden_layers
    assert mtp_kind([f"model.layers.{layers}.mlp.gate_proj.weight"], layers) == "dense"
    assert mtp_kind([f"model.layers.{layers}.mlp.experts.7.gate_proj.weight"], layers) == "experts"
    assert (
        mtp_kind([f"model.layers.{layers - 1}.mlp.gate_proj.weight", f"model.layers.{layers}0.mlp.x"], layers) is None
    )


def test_a_damaged_folder_is_named(tmp_path):
    path = folder(tmp_path)
    (path / "model.safetensors").write_bytes(b"short")
    with pytest.raises(CheckpointError, match="tensor names"):
        tensor_names(str(path))


def test_installing_twice_changes_nothing(vllm):
    vllm_plugin.register()
    first = vllm.convertors.MODEL_ARCH_CONFIG_CONVERTORS["joyai_llm_flash"]
    vllm_plugin.register()
    assert list(vllm.convertors.MODEL_ARCH_CONFIG_CONVERTORS.values()) == [first]
    assert first().is_deepseek_mla() and not StandInConvertor().is_deepseek_mla()
    assert vllm.registry.models == {"JoyAIDenseMTPModel": "joyflash.interop.vllm_dense_mtp:DenseMTP"}
    assert vllm.speculative._joyflash_stock_hf_config_override is stock_override


def test_autoconfig_reads_our_model_type_and_fills_what_transformers_drops(vllm, tmp_path):
    vllm_plugin.register()
    path = folder(tmp_path)
    text = (path / "config.json").read_text()
    for key in ("topk_method", "scoring_func", "moe_layer_freq"):
        text = "\n".join(line for line in text.splitlines() if f'"{key}"' not in line)
    (path / "config.json").write_text(text)
    config = transformers.AutoConfig.from_pretrained(path)
    assert (config.model_type, config.topk_method, config.scoring_func) == ("joyai_llm_flash", "noaux_tc", "sigmoid")
    assert config.moe_layer_freq == 1 and config.num_nextn_predict_layers == 1


@pytest.mark.parametrize("model_type", ["joyai_llm_flash", "deepseek_v3"])
def test_a_dense_layer_gets_the_dense_drafter(model_type, vllm, tmp_path):
    vllm_plugin.register()
    config = draft(folder(tmp_path, model_type=model_type))
    assert config.architectures == ["JoyAIDenseMTPModel", "DeepSeekMTPModel"]
    assert config.model_type == "deepseek_mtp" and config.n_predict == 1
    assert config.first_k_dense_replace > config.num_hidden_layers
    assert config.routed_scaling_factor == 1.0


def test_experts_in_the_layer_and_other_models_stay_vllms(vllm, tmp_path):
    vllm_plugin.register()
    path = folder(tmp_path, model_type="deepseek_v3")
    data = (path / "model.safetensors").read_bytes()
    mine = f"model.layers.{TINY.num_hidden_layers}.mlp.gate_proj.weight".encode()
    theirs = f"model.layers.{TINY.num_hidden_layers}.mlp.experts.0.up".encode()
    (path / "model.safetensors").write_bytes(data.replace(mine, theirs.ljust(len(mine), b"_")))
    config = draft(path)
    assert config.architectures == ["DeepSeekMTPModel"] and config.first_k_dense_replace == TINY.first_k_dense_replace
    other = SimpleNamespace(model_type="llama")
    assert vllm_plugin.draft_config(other) is other and vars(other) == {"model_type": "llama"}


def test_without_an_mtp_layer_the_error_says_what_to_leave_out(vllm, tmp_path):
    vllm_plugin.register()
    save_model(random_model(dataclasses.replace(TINY, num_nextn_predict_layers=0)), tmp_path)
    with pytest.raises(CheckpointError, match="without --speculative-config"):
        draft(tmp_path)


def test_where_names_cannot_be_read_the_layer_is_the_model_types_usual_one(vllm, tmp_path, caplog):
    vllm_plugin.register()
    for model_type, first in (("joyai_llm_flash", "JoyAIDenseMTPModel"), ("deepseek_v3", "DeepSeekMTPModel")):
        path = folder(tmp_path / model_type, model_type=model_type)
        (path / "model.safetensors").write_bytes(b"short")
        assert draft(path).architectures[0] == first
        assert str(path) in caplog.text


@pytest.mark.parametrize(
    ("module", "name"),
    [(CONVERTORS, "MODEL_ARCH_CONFIG_CONVERTORS"), (SPECULATIVE, "SpeculativeConfig"), (REGISTRY, None)],
)
def test_a_different_vllm_is_reported_and_left_alone(module, name, vllm, monkeypatch, caplog):
    if name is None:
        monkeypatch.setitem(sys.modules, module, None)
    else:
        monkeypatch.delattr(sys.modules[module], name)
    with pytest.raises(InteropError, match=name or module):
        vllm_plugin.install()
    vllm_plugin.register()
    assert "0.0-stand-in" in caplog.text and "VLLM_PLUGINS" in caplog.text
    assert not vllm.registry.models and vllm.speculative.hf_config_override is stock_override


def test_sglang_plugin_names_its_package_and_respects_another(vllm, monkeypatch, caplog):
    monkeypatch.setitem(sys.modules, "sglang", ModuleType("sglang"))
    monkeypatch.delenv(sglang_plugin.VARIABLE, raising=False)
    sglang_plugin.register()
    sglang_plugin.register()
    assert os.environ[sglang_plugin.VARIABLE] == "joyflash.interop.sglang_models" and not caplog.text
    monkeypatch.setenv(sglang_plugin.VARIABLE, "theirs")
    sglang_plugin.register()
    assert "theirs" in caplog.text and os.environ[sglang_plugin.VARIABLE] == "theirs"
