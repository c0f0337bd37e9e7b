"""The table of what `/v1/completions` takes: it checks requests, and docs/FIELDS.md is written from it."""

from __future__ import annotations

from typing import Any

from joyflash.server import checks
from joyflash.server.chat_fields import CHAT_FIELDS, Field
from joyflash.server.checks import BOOLEAN, STRING, Check

_CHAT = {field.name: field for field in CHAT_FIELDS}
_SAME = (
    "temperature", "top_p", "top_k", "min_p", "n", "seed", "stop", "stop_token_ids", "ignore_eos", "presence_penalty",
    "frequency_penalty", "logit_bias", "stream", "stream_options", "user",
)  # fmt: skip
MOST = 10_000_000
"""Items of any array here; what a server really takes is bounded by the body's size and the context."""
_ONE_BY_ONE = checks.list_of(checks.integer(0), 1, MOST, words="an array of token ids")


def _check_ids(value: Any, param: str) -> Any:
    """A million ids are looked at in one go; what is wrong with others is found one by one."""
    if isinstance(value, list) and value and set(map(type, value)) == {int} and min(value) >= 0:
        return value
    return _ONE_BY_ONE(value, param)


TOKEN_IDS = Check(_ONE_BY_ONE.words, _check_ids, _ONE_BY_ONE.schema)
TEXTS = checks.list_of(STRING, 1, MOST, words="an array of strings")
SEVERAL = checks.list_of(TOKEN_IDS, 1, MOST, words="an array of arrays of token ids")


def _check_prompt(value: Any, param: str) -> Any:
    """The first item says which kind of array is meant."""
    if isinstance(value, str):
        return value
    if not isinstance(value, list):
        raise checks.wrong_type(value, param, PROMPT.words)
    first = value[0] if value else None
    kind = TEXTS if isinstance(first, str) else SEVERAL if isinstance(first, list) else TOKEN_IDS
    return kind(value, param)


PROMPT = Check(
    "a string, an array of strings, an array of token ids, or an array of such arrays",
    _check_prompt,
    {"anyOf": [check.schema for check in (STRING, TEXTS, TOKEN_IDS, SEVERAL)]},
)

COMPLETION_FIELDS: tuple[Field, ...] = (
    _CHAT["model"],
    Field(
        "prompt",
        PROMPT,
        None,
        "what to continue; text is plain characters behind a begin token, token ids are taken as they are. Choices of "
        "several prompts come one prompt after the other",
        required=True,
    ),
    Field("max_tokens", checks.integer(0), 16, "bound on generated tokens; 0 only reads the prompt"),
    Field("echo", BOOLEAN, False, "put the prompt before the completion, and its tokens before those in `logprobs`"),
    Field(
        "logprobs",
        checks.integer(0, 20),
        None,
        "log-probabilities of the untruncated model for each token (the end token too), and that many alternatives; "
        "with `echo` also of the prompt's tokens. A token that is no whole character is spelled `bytes:\\xe4\\xbd`",
    ),
    *(_CHAT[name] for name in _SAME),
    Field("best_of", checks.integer(1), None, "only the value of `n`: all choices are returned"),
    Field("suffix", checks.refused("the model does not insert text into text"), None, "refused"),
)
