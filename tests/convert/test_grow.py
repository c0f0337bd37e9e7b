"""Grown models: the same logits with silent heads, and refusals."""

from __future__ import annotations

import pytest
import torch
from safetensors.torch import load_file
from typer.testing import CliRunner

from joyflash.cli import app
from joyflash.convert import grow as module
from joyflash.convert.grow import grow
from joyflash.errors import CheckpointError, ConfigError
from joyflash.model import checkpoint
from joyflash.model.checkpoint import read_model, save_model
from joyflash.model.shards import read_checksums
from tests.model.conftest import SHAPES, TINY, random_model

TOKENS = torch.arange(40)[None] % 97


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("more", [1, 5])
def test_new_heads_change_no_logit_and_learn(shape, more):
    model = random_model(shape)
    grown = grow(model, heads=shape.num_attention_heads + more)
    assert grown.config.num_attention_heads == shape.num_attention_heads + more
    torch.testing.assert_close(grown(TOKENS), model(TOKENS), atol=1e-5, rtol=1e-5)
    grown(TOKENS).logsumexp(-1).sum().backward()
    output = grown.model.layers[0].self_attn.o_proj.weight
    silent = slice(shape.num_attention_heads * shape.v_head_dim, None)
    assert not output.detach()[:, silent].any() and output.grad is not None and (output.grad[:, silent] != 0).all()


def test_every_second_new_head_looks_nearly_where_an_old_one_does():
    model = random_model(TINY)
    weight = grow(model, heads=8).model.layers[1].self_attn.q_b_proj.weight.unflatten(0, (8, -1)).detach()
    likeness = [
        torch.cosine_similarity(weight[new].flatten(), weight[old].flatten(), 0) for new, old in ((4, 0), (6, 1))
    ]
    strange = [torch.cosine_similarity(weight[5].flatten(), weight[old].flatten(), 0).abs() for old in range(4)]
    assert min(likeness) > 0.9 and max(strange) < 0.4


def test_more_experts_per_token_are_those_that_the_router_ranks_next():
    model = random_model(TINY)
    grown = grow(model, experts_per_token=5)
    assert grown.config.num_experts_per_tok == 5 and model.config.num_experts_per_tok == 3
    before, after = model.state_dict(), grown.state_dict()
    assert before.keys() == after.keys() and all(torch.equal(before[name], after[name]) for name in before)
    assert not torch.equal(grown(TOKENS), model(TOKENS))


def test_what_cannot_grow_is_refused():
    for settings in ({}, {"heads": 4, "experts_per_token": 3}, {"heads": 3}, {"heads": 6, "experts_per_token": 0}):
        with pytest.raises(ConfigError, match="has 4 heads and takes 3 experts per token; ask for more"):
            grow(random_model(TINY), **settings)
    with pytest.raises(ConfigError, match="num_experts_per_tok is 9"):
        grow(random_model(TINY), experts_per_token=9)


def test_a_folder_is_written_from_the_memory_that_its_model_was_read_into(tmp_path, monkeypatch):
    """Without a second model: only what grows takes memory of its own. The result is that of ``grow``."""
    save_model(random_model(TINY), tmp_path / "small")
    expected = grow(read_model(tmp_path / "small"), heads=6, experts_per_token=4, seed=3)
    held, written = [], {}
    real_read, real_write = module.read_model, checkpoint.write_folder

    def read(folder):
        model = real_read(folder)
        held.extend(tensor.untyped_storage().data_ptr() for tensor in model.state_dict().values())
        return model

    def write(config, tensors, *arguments, **named):
        written.update({name: tensor.untyped_storage().data_ptr() for name, tensor in tensors.items()})
        real_write(config, tensors, *arguments, **named)

    def second_model(config):
        raise AssertionError("a second model was built")

    monkeypatch.setattr(module, "read_model", read)
    monkeypatch.setattr(checkpoint, "write_folder", write)
    with monkeypatch.context() as patched:
        patched.setattr(module, "JoyFlash", second_model)
        module.grow_folder(tmp_path / "small", tmp_path / "large", heads=6, experts_per_token=4, seed=3)
    moved = {name.rsplit(".", 2)[1] for name, place in written.items() if place not in held}
    assert moved == {"q_b_proj", "kv_b_proj", "o_proj"}
    large = read_model(tmp_path / "large")
    assert large.config == expected.config
    for name, tensor in expected.state_dict().items():
        assert torch.equal(large.state_dict()[name], tensor), name


def test_small_files_of_a_grown_folder_have_checksums(tmp_path):
    save_model(random_model(TINY), tmp_path / "small")
    (tmp_path / "small" / "LICENSE").write_text("theirs")
    module.grow_folder(tmp_path / "small", tmp_path / "large", heads=6)
    assert read_checksums(tmp_path / "large").keys() >= {"LICENSE", "generation_config.json", "config.json"}
    (tmp_path / "large" / "generation_config.json").write_text("{}")
    with pytest.raises(CheckpointError, match=r"generation_config\.json was altered"):
        read_model(tmp_path / "large")


def test_from_the_command_line(tmp_path):
    save_model(random_model(TINY).to(torch.bfloat16), tmp_path / "small")
    command = ["grow", str(tmp_path / "small"), str(tmp_path / "large"), "--heads", "6", "--experts-per-token", "4"]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    stored = load_file(tmp_path / "large" / "model.safetensors")
    assert f"{len(stored)} tensors" in done.output and {tensor.dtype for tensor in stored.values()} == {torch.float32}
    large = read_model(tmp_path / "large")
    assert (large.config.num_attention_heads, large.config.num_experts_per_tok) == (6, 4)
    again = CliRunner().invoke(app, command)
    assert again.exit_code == 2 and "Traceback" not in again.output
