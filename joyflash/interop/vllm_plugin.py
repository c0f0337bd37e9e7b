"""vLLM plugin (entry point ``vllm.general_plugins``): stock vLLM serves JoyAI-LLM-Flash and its dense MTP layer.

Written against vLLM 0.32 and run with it on a CPU (tests/interop/test_vllm_peer.py), where it also goes round an error
of vLLM's own rotation. Three things are added, each where vLLM itself keeps the like of it: the configuration class of
``joyai_llm_flash``, its conversion to vLLM's own view of an architecture (which says "this is MLA"), and the draft
model that ``--speculative-config '{"method": "mtp", "num_speculative_tokens": 3}'`` builds. The trunk is vLLM's
``DeepseekV3ForCausalLM``. Folders that say ``deepseek_v3`` get the dense drafter too, if their tensor names show a
dense MTP layer; all other models are left alone.
"""

# pyright: reportMissingImports=false

from __future__ import annotations

import importlib
import logging
from types import ModuleType
from typing import Any

from joyflash.errors import CheckpointError, InteropError
from joyflash.extras import require

MODEL_TYPE = "joyai_llm_flash"
DENSE_MTP = "JoyAIDenseMTPModel"
STOCK_MTP = "DeepSeekMTPModel"
_STOCK_OVERRIDE = "_joyflash_stock_hf_config_override"
_STOCK_ROTATION = "_joyflash_stock_forward_cpu"
_LOG = logging.getLogger(__name__)


def register() -> None:
    """Entry point: install the plugin; where this vLLM differs too much, say so and leave it as it was.

    vLLM calls this in every process, for every model, so it must not keep other models from running.

    Raises:
        MissingExtraError: there is no vLLM.
    """
    vllm = require("vllm", "vllm")
    try:
        install()
    except InteropError as error:
        _LOG.error("vLLM %s: %s", getattr(vllm, "__version__", "of unknown version"), error)


def install() -> None:
    """Add the model type, its MLA and the dense MTP drafter to vLLM; repeating it changes nothing.

    Raises:
        MissingExtraError: there is no vLLM.
        InteropError: this vLLM keeps one of these things elsewhere.
    """
    require("vllm", "vllm")
    convertors = _convertors()
    speculative = _speculative()
    registry = _module("vllm.model_executor.models.registry").ModelRegistry
    from joyflash.interop.engine_config import register_config

    register_config()
    convertors.MODEL_ARCH_CONFIG_CONVERTORS.setdefault(MODEL_TYPE, _mla_convertor(convertors))
    if DENSE_MTP not in registry.get_supported_archs():
        registry.register_model(DENSE_MTP, "joyflash.interop.vllm_dense_mtp:DenseMTP")
    if _on_cpu():
        _rotate_heads_natively(_module("vllm.model_executor.layers.rotary_embedding.base"))
    if not hasattr(speculative, _STOCK_OVERRIDE):
        setattr(speculative, _STOCK_OVERRIDE, staticmethod(speculative.hf_config_override))
        speculative.hf_config_override = staticmethod(draft_config)


def draft_config(config: Any) -> Any:
    """Turn a checkpoint's configuration into its draft model's: replaces ``SpeculativeConfig.hf_config_override``.

    vLLM builds a decoder block with a dense MLP for layers below ``first_k_dense_replace``; the drafter's copy of the
    configuration puts the MTP layer below it. Its ``routed_scaling_factor`` only rescales fp16 activations
    there, out of step with the residual stream, so it becomes 1.

    Raises:
        CheckpointError: a ``joyai_llm_flash`` checkpoint carries no MTP layer.
    """
    install()  # a process may unpickle this function before vLLM has loaded its plugins
    stock = getattr(_speculative(), _STOCK_OVERRIDE)
    if config.model_type not in (MODEL_TYPE, "deepseek_v3"):
        return stock(config)
    from joyflash.interop.engine_config import mtp_of

    kind = mtp_of(config)
    if config.model_type == MODEL_TYPE and kind is None:
        raise CheckpointError(f"{config.name_or_path} carries no MTP layer. Start vLLM without --speculative-config.")
    config.model_type = "deepseek_v3"
    config = stock(config)
    if kind == "dense":
        layers = config.num_hidden_layers + config.num_nextn_predict_layers
        # The second name is never built: vLLM looks for it to know that the drafter returns a pair.
        names = [DENSE_MTP, STOCK_MTP]
        config.update({"architectures": names, "first_k_dense_replace": layers, "routed_scaling_factor": 1.0})
    return config


def _convertors() -> Any:
    """The module in which vLLM turns configurations into its own view of an architecture."""
    module = _module("vllm.transformers_utils.model_arch_config_convertor")
    base = getattr(module, "ModelArchConfigConvertorBase", None)
    if not hasattr(base, "is_deepseek_mla") or not isinstance(
        getattr(module, "MODEL_ARCH_CONFIG_CONVERTORS", None), dict
    ):
        raise InteropError(_differs("ModelArchConfigConvertorBase.is_deepseek_mla, MODEL_ARCH_CONFIG_CONVERTORS"))
    return module


def _speculative() -> Any:
    """vLLM's SpeculativeConfig, which decides what a draft model is."""
    speculative = getattr(_module("vllm.config.speculative"), "SpeculativeConfig", None)
    if not callable(getattr(speculative, "hf_config_override", None)):
        raise InteropError(_differs("SpeculativeConfig.hf_config_override"))
    return speculative


def _on_cpu() -> bool:
    platform = getattr(_module("vllm.platforms"), "current_platform", None)
    return platform is not None and platform.is_cpu()


def _rotate_heads_natively(module: Any) -> None:
    """Make vLLM's CPU rotation right for queries of the shape [tokens, heads, width], which MLA gives it.

    The C++ operator of vLLM 0.32 misreads such a tensor, so that every MLA model with an unscaled rotation computes
    garbage there. Where the query is flat, as in other models, nothing changes.

    Raises:
        InteropError: this vLLM keeps the rotation elsewhere.
    """
    rotation: Any = getattr(module, "RotaryEmbedding", None)
    if not callable(getattr(rotation, "forward_native", None)) or not callable(getattr(rotation, "forward_cpu", None)):
        raise InteropError(_differs("RotaryEmbedding.forward_native and forward_cpu"))
    if hasattr(rotation, _STOCK_ROTATION):
        return
    setattr(rotation, _STOCK_ROTATION, rotation.forward_cpu)

    def forward_cpu(self: Any, positions: Any, query: Any, key: Any = None) -> Any:
        with_heads = query.dim() > positions.dim() + 1
        return (self.forward_native if with_heads else getattr(self, _STOCK_ROTATION))(positions, query, key)

    rotation.forward_cpu = forward_cpu


def _module(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise InteropError(_differs(name)) from error


def _mla_convertor(module: Any) -> type:
    class JoyAIModelArchConfigConvertor(module.ModelArchConfigConvertorBase):
        """vLLM's list of MLA model types lacks ours, and is written out inside a method."""

        def is_deepseek_mla(self) -> bool:
            return True

    return JoyAIModelArchConfigConvertor


def _differs(place: str) -> str:
    return (
        f"joyflash's plugin looked for {place} and did not find it, so joyai_llm_flash is not served here. Use a vLLM "
        "near 0.32, or set VLLM_PLUGINS to the plugins to load without it."
    )
