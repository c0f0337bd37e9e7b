"""SGLang plugin (entry point ``sglang.srt.plugins``): stock SGLang serves JoyAI-LLM-Flash and its dense MTP layer.

Written against SGLang 0.5.23. It makes ``joyai_llm_flash`` known to AutoConfig and names ``joyflash.interop.
sglang_models`` as the external model package, whose drafter replaces SGLang's own of the same name. Where plugins are
not loaded, ``SGLANG_EXTERNAL_MODEL_PACKAGE=joyflash.interop.sglang_models`` does the latter by hand.
"""

from __future__ import annotations

import logging
import os

from joyflash.extras import require

PACKAGE = "joyflash.interop.sglang_models"
VARIABLE = "SGLANG_EXTERNAL_MODEL_PACKAGE"
_LOG = logging.getLogger(__name__)


def register() -> None:
    """Entry point: called by SGLang in every process before it reads a configuration; repeating it changes nothing.

    Raises:
        MissingExtraError: there is no SGLang.
    """
    require("sglang", "sglang")
    from joyflash.interop.engine_config import register_config

    register_config()
    if os.environ.setdefault(VARIABLE, PACKAGE) != PACKAGE:
        _LOG.warning(
            "%s is already %s, so JoyAI's dense MTP layer is not served. To have both, import the classes of %s there.",
            VARIABLE,
            os.environ[VARIABLE],
            PACKAGE,
        )
