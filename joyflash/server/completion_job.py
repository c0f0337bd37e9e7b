"""The body of `/v1/completions`, translated into engine requests, one a prompt."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from joyflash.engine.engine import Engine
from joyflash.engine.request import Request, SamplingParams
from joyflash.errors import ContextLengthError, RequestError
from joyflash.server.chat_fields import read_fields
from joyflash.server.completion_fields import COMPLETION_FIELDS
from joyflash.server.sampling import read_sampling
from joyflash.server.settings import ServerSettings


@dataclass(frozen=True)
class Prompt:
    """One prompt: what the engine gets, and how many tokens the server put before the caller's own (0 or 1)."""

    request: Request
    added: int


@dataclass(frozen=True)
class CompletionJob:
    """A checked request to `/v1/completions`.

    Attributes:
        model: the name to answer under.
        prompts: in order; choice c of prompt p is choice p * n + c of the answer.
        echo: the prompts are part of the answer.
        logprobs: alternatives a token, or None when no log-probabilities were asked for.
        stream, include_usage: how the caller wants the answer.
    """

    model: str
    prompts: tuple[Prompt, ...]
    echo: bool
    logprobs: int | None
    stream: bool
    include_usage: bool

    @property
    def n(self) -> int:
        """Choices a prompt."""
        return self.prompts[0].request.params.n

    @property
    def prompt_token_count(self) -> int:
        """Tokens of all prompts."""
        return sum(len(prompt.request.prompt_ids) for prompt in self.prompts)


def read_completion_request(
    body: dict[str, Any], engine: Engine, settings: ServerSettings, resolve_model: Callable[[str], str]
) -> CompletionJob:
    """Check a body and translate it.

    Args:
        body: the decoded JSON object.
        engine: encodes and checks the prompts.
        settings: bounds on one request.
        resolve_model: maps the asked name to the one to answer under.

    Raises:
        RequestError: a field is wrong (ContextLengthError, ModelNotFoundError among them); `param` names it.
    """
    fields = read_fields(body, COMPLETION_FIELDS)
    model = resolve_model(fields["model"])
    given = _split(fields["prompt"])
    if len(given) > settings.max_prompts:
        message = f"'prompt' has {len(given)} prompts; at most {settings.max_prompts} are allowed."
        raise RequestError(message, "prompt", "invalid_value")
    params = _sampling(fields, settings)
    if len(given) * params.n > settings.max_prompts:
        message = f"{len(given)} prompts with 'n' {params.n} are more than {settings.max_prompts} choices."
        raise RequestError(message, "n", "invalid_value")
    if fields["stream_options"] is not None and not fields["stream"]:
        raise RequestError("'stream_options' needs \"stream\": true.", "stream_options", "invalid_value")
    several = isinstance(fields["prompt"], list) and not isinstance(fields["prompt"][0], int)
    prompts = [
        _read_prompt(prompt, engine, params, f"prompt[{index}]" if several else "prompt")
        for index, prompt in enumerate(given)
    ]
    return CompletionJob(
        model=model,
        prompts=tuple(prompts),
        echo=fields["echo"],
        logprobs=fields["logprobs"],
        stream=fields["stream"],
        include_usage=bool((fields["stream_options"] or {}).get("include_usage")),
    )


def _split(prompt: Any) -> list[str | list[int]]:
    """The prompts of a checked `prompt`."""
    return [prompt] if isinstance(prompt, str) or isinstance(prompt[0], int) else prompt


def _sampling(fields: dict[str, Any], settings: ServerSettings) -> SamplingParams:
    if fields["best_of"] is not None and fields["best_of"] != fields["n"]:
        message = f"'best_of' is {fields['best_of']}, but 'n' is {fields['n']}: choices are not ranked. Leave it out."
        raise RequestError(message, "best_of", "invalid_value")
    prompt_logprobs = fields["logprobs"] if fields["echo"] else None
    return read_sampling(
        fields,
        settings,
        max_tokens=fields["max_tokens"],
        logprobs=fields["logprobs"],
        prompt_logprobs=prompt_logprobs,
    )


def _read_prompt(prompt: str | Sequence[int], engine: Engine, params: SamplingParams, where: str) -> Prompt:
    """One prompt, encoded and checked; the engine's field names are translated into the caller's."""
    try:
        request = Request(engine.encode_prompt(prompt), params)
        engine.check(request)
    except ContextLengthError as error:
        param = "max_tokens" if error.param == "max_tokens" else where
        raise ContextLengthError(str(error), param, "context_length_exceeded") from None
    except RequestError as error:
        raise RequestError(str(error), where if error.param == "prompt" else error.param, error.code) from None
    return Prompt(request, 1 if isinstance(prompt, str) else 0)
