"""A random model with the released head and vocabulary sizes in transformers, its old release, and llama.cpp.

0.9 billion parameters: 4 GB of memory for each copy and a few minutes, hence only where JOYFLASH_REAL_SIZE is set.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch

from joyflash.convert.export import export_folder
from joyflash.interop.gguf_export import export_gguf
from joyflash.model.checkpoint import read_model
from joyflash.model.config import ModelConfig, flash_48b_a3b
from tests.interop.test_gguf_export import small_folder
from tests.interop.test_huggingface import OLD_RELEASE, in_old_release, load, relative, tokens_for
from tests.interop.test_llama_cpp import llama_cpp, our_log_probs, perplexity  # noqa: F401

pytestmark = [
    pytest.mark.skipif("JOYFLASH_REAL_SIZE" not in os.environ, reason="minutes and 16 GB: set JOYFLASH_REAL_SIZE=1"),
    pytest.mark.timeout(3600),
]


@pytest.fixture(scope="module")
def real_size(tmp_path_factory) -> Path:
    """Hidden 2048, 32 heads, latent 512, vocabulary 129,280; 4 layers and 16 experts."""
    values = {**flash_48b_a3b().to_dict(), "num_hidden_layers": 4, "n_routed_experts": 16, "num_experts_per_tok": 4}
    return small_folder(tmp_path_factory.mktemp("real") / "source", ModelConfig.from_dict(values))


@pytest.fixture(scope="module")
def reference(real_size) -> tuple[torch.Tensor, torch.Tensor]:
    """Tokens [1, T] and our logits [1, T, V]."""
    tokens = tokens_for(290, rows=1, length=24)
    with torch.no_grad():
        return tokens, read_model(real_size)(tokens)


@torch.no_grad()
def test_transformers(real_size, reference, tmp_path):
    export_folder(real_size, tmp_path / "out", "deepseek_v3")
    error = relative(load(tmp_path / "out")(reference[0]).logits, reference[1])
    print(f"relative error {error:.2e}")
    assert error <= 1e-5


def test_the_old_release(real_size, reference, tmp_path):
    python = os.environ.get(OLD_RELEASE)
    if not python:
        pytest.skip(f"{OLD_RELEASE} names no Python with transformers 4.57.1")
    export_folder(real_size, tmp_path / "out", "hf")
    torch.save(reference[1], tmp_path / "logits.pt")
    job = {"name": "real size", "folder": str(tmp_path / "out"), "tokens": reference[0].tolist()}
    found = in_old_release(python, {"jobs": [{**job, "logits": str(tmp_path / "logits.pt")}]}, tmp_path)
    assert found["relative_error"]["real size"] <= 1e-5


def test_llama_cpp(real_size, llama_cpp, tmp_path):  # noqa: F811
    path = export_gguf(real_size, tmp_path / "m.gguf", "f32").path
    ids = tokens_for(290, rows=1, length=24)[0].tolist()
    theirs, ours = llama_cpp(path, 64).log_probs(ids), our_log_probs(read_model(real_size), ids)
    print(f"perplexity {perplexity(theirs, ids):.4f} and ours {perplexity(ours, ids):.4f}")
    assert perplexity(theirs, ids) == pytest.approx(perplexity(ours, ids), rel=1e-3)
    margin = ours.topk(2).values.diff().abs().flatten()
    sure = margin > 1e-3
    assert sure.float().mean() > 0.9 and torch.equal(theirs.argmax(-1)[sure], ours.argmax(-1)[sure])
