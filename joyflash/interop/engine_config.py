"""What other engines must be told of a checkpoint: its configuration class, and which kind of MTP layer it carries."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

from safetensors import SafetensorError, safe_open
from transformers import AutoConfig, DeepseekV3Config
from transformers.utils.hub import cached_file

from joyflash.errors import CheckpointError
from joyflash.model.shards import INDEX

MTPKind = Literal["dense", "experts"]
_LOG = logging.getLogger(__name__)


class JoyAIConfig(DeepseekV3Config):
    """transformers' DeepSeek-V3 configuration under the released model type, with the values that its files may omit.

    ``save_pretrained`` of transformers drops what its own model never reads; vLLM and SGLang read it.
    """

    model_type = "joyai_llm_flash"
    n_group: int | None = 1
    topk_group: int | None = 1
    topk_method: str = "noaux_tc"
    scoring_func: str = "sigmoid"
    moe_layer_freq: int = 1
    moe_router_dtype: str = "float32"

    def get_mtp_config(self) -> Any:
        """transformers 5.x: what its MTP layer is built from; the layer is dense here."""
        config = super().get_mtp_config()
        config.first_k_dense_replace = config.num_mtp_layers
        return config


def register_config() -> None:
    """Let AutoConfig read folders whose ``model_type`` is ``joyai_llm_flash``; repeating it changes nothing."""
    AutoConfig.register(JoyAIConfig.model_type, JoyAIConfig, exist_ok=True)


def mtp_of(config: Any) -> MTPKind | None:
    """Which MTP layer the checkpoint of a loaded configuration carries.

    Where names cannot be had (a store of another kind, no index), the layer is taken for the model type's usual one; a
    damaged file is the engine's own loader to report.
    """
    usual: MTPKind = "dense" if config.model_type == JoyAIConfig.model_type else "experts"
    try:
        names = tensor_names(config.name_or_path, getattr(config, "_commit_hash", None)) if config.name_or_path else []
    except (CheckpointError, OSError) as error:
        _LOG.warning("The MTP layer is taken for the usual kind (%s): %s", usual, error)
        names = []
    return mtp_kind(names, config.num_hidden_layers) if names else usual


def mtp_kind(names: Iterable[str], layers: int) -> MTPKind | None:
    """Which MTP layer a checkpoint with these tensor names carries, or None: ``layers`` is ``num_hidden_layers``.

    Read from the names, because no key of ``config.json`` tells the two kinds apart.
    """
    block = f"model.layers.{layers}.mlp."
    found = [name.removeprefix(block) for name in names if name.startswith(block)]
    if any(name.startswith(("experts.", "gate.")) for name in found):
        return "experts"
    return "dense" if any(name.startswith("gate_proj.") for name in found) else None


def tensor_names(model: str, revision: str | None = None) -> list[str]:
    """All tensor names of a folder or Hub repository, from its index or else its safetensors headers.

    Raises:
        CheckpointError: a file of the folder is damaged.
    """
    try:
        index = cached_file(model, INDEX, revision=revision, _raise_exceptions_for_missing_entries=False)
        if index is not None:
            return list(json.loads(Path(index).read_text(encoding="utf-8"))["weight_map"])
        names: list[str] = []
        for file in sorted(Path(model).glob("*.safetensors")):
            with safe_open(file, framework="pt") as handle:
                names.extend(handle.keys())
    except (SafetensorError, ValueError, KeyError) as error:
        raise CheckpointError(f"{model}: its tensor names cannot be read ({error}). Copy the folder again.") from error
    return names
