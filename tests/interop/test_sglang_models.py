"""The dense drafter for SGLang against a stand-in of the module it subclasses.

SGLang has no CPU build; the stand-in keeps what matters of 0.5.23's ``deepseek_nextn``: its constructors name the next
class as a global of their module, and ask the decoder layer whether it is sparse.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
from types import ModuleType, SimpleNamespace

import pytest
import torch
from torch import nn

from joyflash.interop import sglang_plugin
from joyflash.model.checkpoint import save_model
from joyflash.model.config import ModelConfig
from tests.model.conftest import TINY, random_model

pytest.importorskip("transformers", reason="SGLang brings it along; installed here by make setup")
DRAFTER = f"{sglang_plugin.PACKAGE}.dense_nextn"
STOCK = """
from torch import nn

class DeepseekV2DecoderLayer(nn.Module):
    def __init__(self, config, layer_id, is_nextn=False):
        super().__init__()
        self.sparse = self._is_layer_sparse(config, layer_id, is_nextn=is_nextn)

    @staticmethod
    def _is_layer_sparse(config, layer_id, is_nextn):
        return is_nextn or layer_id >= config.first_k_dense_replace

class DeepseekModelNextN(nn.Module):
    def __init__(self, config, quant_config=None, prefix=""):
        super().__init__()
        self.embed_tokens = nn.Embedding(config.vocab_size, config.hidden_size)
        self.decoder = DeepseekV2DecoderLayer(config, 0, is_nextn=True)

    def embed_input_ids(self, input_ids, forward_batch):
        return self.embed_tokens(input_ids)

    def forward(self, input_ids, positions, forward_batch, input_embeds=None):
        return self.embed_input_ids(input_ids, forward_batch) if input_embeds is None else input_embeds

class DeepseekV3ForCausalLMNextN(nn.Module):
    def __init__(self, config, quant_config=None, prefix=""):
        nn.Module.__init__(self)
        self.model = DeepseekModelNextN(config, quant_config, prefix)
"""


@pytest.fixture
def drafter(monkeypatch) -> ModuleType:
    name = "sglang.srt.models.deepseek_nextn"
    stock = ModuleType(name)
    exec(STOCK, stock.__dict__)
    models = ModuleType("sglang.srt.models")
    models.deepseek_nextn = stock  # pyright: ignore[reportAttributeAccessIssue]
    for known, module in {"sglang.srt.models": models, name: stock}.items():
        monkeypatch.setitem(sys.modules, known, module)
    monkeypatch.delitem(sys.modules, DRAFTER, raising=False)
    module = importlib.import_module(DRAFTER)
    monkeypatch.delitem(sys.modules, DRAFTER)
    return module


def config_of(folder, config: ModelConfig = TINY) -> SimpleNamespace:
    return SimpleNamespace(**config.to_dict(), name_or_path=str(folder))


def test_package_holds_one_class_under_the_name_of_sglangs_drafter(drafter):
    package = importlib.import_module(sglang_plugin.PACKAGE)
    names = [name for _, name, is_package in pkgutil.iter_modules(package.__path__) if not is_package]
    assert names == ["dense_nextn"]
    assert [entry.__name__ for entry in drafter.EntryClass] == ["DeepseekV3ForCausalLMNextN"]


def test_dense_layer_is_built_dense_and_sglangs_own_classes_come_back(drafter, tmp_path):
    save_model(random_model(TINY), tmp_path)
    built = drafter.EntryClass[0](config_of(tmp_path))
    assert type(built.model) is drafter.DenseModelNextN and built.model.decoder.sparse is False
    assert drafter.stock.DeepseekModelNextN is drafter.DenseModelNextN.__mro__[1]
    assert drafter.stock.DeepseekModelNextN(config_of(tmp_path)).decoder.sparse is True


def test_experts_in_the_layer_stay_sglangs(drafter, tmp_path):
    save_model(random_model(TINY), tmp_path)
    shallow = config_of(tmp_path)
    shallow.num_hidden_layers -= 1  # so that the "MTP layer" of this folder is its last layer of experts
    built = drafter.EntryClass[0](shallow)
    assert type(built.model) is drafter.stock.DeepseekModelNextN and built.model.decoder.sparse is True


def test_embedding_counts_as_zero_at_position_0_only(drafter, tmp_path):
    save_model(random_model(TINY), tmp_path)
    model = drafter.EntryClass[0](config_of(tmp_path)).model
    assert isinstance(model, nn.Module)
    tokens, positions = torch.tensor([5, 6, 7, 8]), torch.tensor([0, 1, 0, 4])
    embedded = model(tokens, positions, None)
    expected = model.embed_tokens(tokens) * torch.tensor([0.0, 1.0, 0.0, 1.0]).unsqueeze(-1)
    assert torch.equal(embedded, expected)
