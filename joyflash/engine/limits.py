"""What a request may ask of a model, checked before any work."""

from __future__ import annotations

from joyflash.engine.request import Request
from joyflash.errors import ContextLengthError, RequestError


def check_request(request: Request, vocabulary: int, limit: int, model_name: str) -> int:
    """Check a request against a model of ``vocabulary`` token ids and a context of ``limit`` tokens.

    Returns:
        How many tokens each choice may generate.

    Raises:
        ContextLengthError: the prompt, or the prompt and ``max_tokens``, exceed the context.
        RequestError: a token id of the prompt, ``logit_bias`` or ``stop_token_ids`` is outside the vocabulary.
    """
    params = request.params
    groups = {
        "prompt": request.prompt_ids,
        "logit_bias": params.logit_bias or {},
        "stop_token_ids": params.stop_token_ids,
    }
    for param, ids in groups.items():
        for token_id in (min(ids), max(ids)) if ids else ():
            if not 0 <= token_id < vocabulary:
                raise RequestError(f"{param}: token id {token_id} is outside 0 to {vocabulary - 1}.", param)
    count = len(request.prompt_ids)
    if count == 0:
        raise RequestError("The prompt is empty; give at least one token.", param="prompt")
    wanted = 1 if params.max_tokens is None else params.max_tokens
    if count + wanted > limit:
        fits = count < limit
        ask = f"max_tokens asks for {wanted} more" if fits else "it leaves no room for an answer"
        hint = "Shorten the prompt or lower max_tokens" if fits else "Shorten the prompt"
        raise ContextLengthError(
            f"The context of {model_name} is {limit} tokens; the prompt has {count} and {ask}. {hint}.",
            param="max_tokens" if fits else "prompt",
            code="context_length_exceeded",
        )
    return limit - count if params.max_tokens is None else params.max_tokens
