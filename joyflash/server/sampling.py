"""How OpenAI's fields say to sample, within the server's bounds: the same for every endpoint that has them."""

from __future__ import annotations

import re
from typing import Any

from joyflash.engine.request import SamplingParams
from joyflash.errors import RequestError
from joyflash.server.checks import number
from joyflash.server.settings import ServerSettings


def read_sampling(
    fields: dict[str, Any],
    settings: ServerSettings,
    *,
    max_tokens: int | None,
    logprobs: int | None,
    prompt_logprobs: int | None = None,
) -> SamplingParams:
    """Sampling parameters from checked fields; what an endpoint does not know is left at its default.

    Args:
        fields: as ``read_fields`` returns them.
        settings: bounds.
        max_tokens, logprobs, prompt_logprobs: see SamplingParams; each endpoint spells them in its own way.

    Raises:
        RequestError: more choices or stops than the server takes, or a bias for what is no token id.
    """
    n = fields.get("n", 1)
    if n > settings.max_choices:
        raise RequestError(f"'n' is {n}; at most {settings.max_choices} are allowed.", "n", "invalid_value")
    given = fields.get("stop")
    stop = [given] if isinstance(given, str) else given or []
    stop_ids = fields.get("stop_token_ids", [])
    for param, values in (("stop", stop), ("stop_token_ids", stop_ids)):
        if len(values) > settings.max_stop:
            message = f"'{param}' has {len(values)} items; at most {settings.max_stop} are allowed."
            raise RequestError(message, param, "invalid_value")
    return SamplingParams(
        temperature=fields["temperature"],
        top_p=fields["top_p"],
        top_k=max(fields.get("top_k", 0), 0),
        min_p=fields.get("min_p", 0.0),
        max_tokens=max_tokens,
        stop=tuple(stop),
        seed=fields.get("seed"),
        n=n,
        presence_penalty=fields.get("presence_penalty", 0.0),
        frequency_penalty=fields.get("frequency_penalty", 0.0),
        logit_bias=_logit_bias(fields.get("logit_bias")),
        logprobs=logprobs,
        prompt_logprobs=prompt_logprobs,
        ignore_eos=fields.get("ignore_eos", False),
        stop_token_ids=tuple(stop_ids),
    )


def _logit_bias(value: dict[str, Any] | None) -> dict[int, float] | None:
    """Token ids are strings in JSON."""
    if not value:
        return None
    bias = {}
    for key, amount in value.items():
        if not re.fullmatch("[0-9]{1,9}", key):
            message = f"'logit_bias' must map token ids to numbers; '{key[:40]}' is not a token id."
            raise RequestError(message, "logit_bias", "invalid_value")
        bias[int(key)] = number(-100, 100)(amount, f"logit_bias.{int(key)}")
    return bias
