"""Equality with transformers' DeepseekV3ForCausalLM in fp32: logits, every gradient, files in both directions."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from torch.nn import functional as F

from joyflash.model.checkpoint import read_model, save_model
from joyflash.model.config import ModelConfig
from tests.model.conftest import random_model

transformers = pytest.importorskip("transformers", reason="the peer of this test; installed by make setup")


def relative(ours: torch.Tensor, theirs: torch.Tensor) -> float:
    return float((ours - theirs).norm() / theirs.norm().clamp(min=1e-12))


def peer(config: ModelConfig, folder):
    """Our random model written to a folder and read by transformers."""
    model = random_model(dataclasses.replace(config, num_nextn_predict_layers=0))
    save_model(model, folder)
    values = (folder / "config.json").read_text().replace("joyai_llm_flash", "deepseek_v3")
    (folder / "config.json").write_text(values)
    theirs, info = transformers.DeepseekV3ForCausalLM.from_pretrained(
        folder, dtype=torch.float32, attn_implementation="eager", output_loading_info=True
    )
    assert not info["missing_keys"] and not info["unexpected_keys"]
    return model, theirs


def test_logits_and_gradients_equal(shape, tmp_path):
    ours, theirs = peer(shape, tmp_path)
    tokens = torch.randint(0, shape.vocab_size, (3, 41), generator=torch.Generator().manual_seed(1))
    theirs.train()
    ours.train()
    logits, expected = ours(tokens), theirs(tokens).logits
    assert relative(logits, expected) < 1e-5
    for each in (logits, expected):
        F.cross_entropy(each[:, :-1].flatten(0, 1), tokens[:, 1:].flatten()).backward()
    gradients = {name: parameter.grad for name, parameter in theirs.named_parameters()}
    assert gradients.keys() == {name for name, _ in ours.named_parameters()}
    for name, parameter in ours.named_parameters():
        assert parameter.grad is not None
        assert relative(parameter.grad, gradients[name]) < 1e-5, name


def test_folder_written_by_transformers_loads_without_mtp(shape, tmp_path):
    ours, theirs = peer(shape, tmp_path / "a")
    theirs.save_pretrained(tmp_path / "b")
    back = read_model(tmp_path / "b")
    assert back.mtp is None
    for name, tensor in ours.state_dict().items():
        assert torch.equal(back.state_dict()[name], tensor), name


def test_a_changed_weight_is_seen(shape, tmp_path):
    """The comparison above can fail: swapping gate and up projections breaks it."""
    ours, theirs = peer(shape, tmp_path)
    with torch.no_grad():
        experts = next(p for n, p in ours.named_parameters() if n.endswith("gate_up_proj"))
        experts.copy_(experts.roll(experts.shape[1] // 2, dims=1))
    tokens = torch.arange(40).unsqueeze(0)
    assert relative(ours(tokens), theirs(tokens).logits) > 1e-3
