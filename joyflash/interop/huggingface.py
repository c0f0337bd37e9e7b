"""transformers' Auto classes for model type ``joyai_llm_flash``: DeepSeek-V3's own classes under that name.

Works with transformers 4.57.1 and 5.x. transformers leaves the MTP layer out of the model and of what
``save_pretrained`` writes, and 5.x's drafting with it (``generate(use_mtp=True)``) builds a mixture-of-experts layer
for DeepSeek-V3; here it gets the dense one that this architecture has.
"""

from __future__ import annotations

import importlib
import logging
from typing import Any

from joyflash.extras import require

_LOG = logging.getLogger(__name__)

MODEL_TYPE = "joyai_llm_flash"
NATIVE_TYPE = "deepseek_v3"


def register() -> None:
    """Let ``AutoConfig``, ``AutoModelForCausalLM`` and ``AutoTokenizer`` load ``joyai_llm_flash`` folders.

    A second call does nothing. Loading a folder with an MTP layer logs that transformers leaves it out.

    Raises:
        MissingExtraError: transformers is not installed.
    """
    transformers: Any = require("transformers", "transformers")
    from joyflash.interop.engine_config import JoyAIConfig, register_config  # they need transformers

    register_config()
    if JoyAIConfig in transformers.AutoModelForCausalLM._model_mapping:
        return
    transformers.AutoModelForCausalLM.register(JoyAIConfig, _model_class(transformers, JoyAIConfig))
    transformers.AutoTokenizer.register(JoyAIConfig, fast_tokenizer_class=transformers.PreTrainedTokenizerFast)
    _register_expert_layout()


def _model_class(transformers: Any, config_class: Any) -> Any:
    class DeepseekV3ForCausalLM(transformers.DeepseekV3ForCausalLM):
        """The native model; it keeps its name because ``save_pretrained`` writes that for vLLM and SGLang to read."""

        def __init__(self, config: Any) -> None:
            super().__init__(config)
            kind = set if isinstance(self._keys_to_ignore_on_load_unexpected, set) else list  # 5.x has sets, 4.x lists
            self._keys_to_ignore_on_load_unexpected = kind((rf"model\.layers\.{config.num_hidden_layers}\.",))
            if getattr(config, "num_nextn_predict_layers", 0):
                _LOG.warning(
                    "transformers loads this model without its MTP layer, and save_pretrained drops that layer. "
                    "joyflash export keeps it."
                )

    DeepseekV3ForCausalLM.config_class = config_class
    return DeepseekV3ForCausalLM


def _register_expert_layout() -> None:
    """5.x stacks the experts of known model types while it loads; this type's are stacked like DeepSeek-V3's."""
    try:
        conversion: Any = importlib.import_module("transformers.conversion_mapping")
    except ModuleNotFoundError:  # 4.x keeps them apart
        return
    mapping = conversion.get_checkpoint_conversion_mapping(NATIVE_TYPE)
    if mapping is not None:
        conversion.register_checkpoint_conversion_mapping(MODEL_TYPE, mapping, overwrite=True)
