"""Engine: prompts in, tokens out, one batched step at a time."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import torch

from joyflash.engine.grammar import ToolGrammar
from joyflash.engine.limits import check_request
from joyflash.engine.request import Delta, Request, RequestOutput, SamplingParams
from joyflash.engine.runner import Runner
from joyflash.engine.scheduler import Scheduler
from joyflash.engine.sequence import SequenceState
from joyflash.engine.step_loop import StepLoop
from joyflash.engine.token_table import TokenTable
from joyflash.errors import ConfigError, EngineError, RequestError, TemplateError
from joyflash.model.cache import LatentCache
from joyflash.model.loading import load_model, model_folder
from joyflash.text.messages import ToolDefinition
from joyflash.text.template import ChatTemplate
from joyflash.text.tokenizer import Tokenizer

Prompt = str | Sequence[int] | Sequence[Mapping[str, Any]]


class Engine:
    """Batched generation over one model. Not thread-safe: one thread calls submit, cancel and step.

    Args:
        runner: the model and its cache.
        tokenizer: entries beyond its vocabulary are never sampled.
        template: renders conversations; None for a model without one.
        model_name: what the model is called.
        prefill_chunk: tokens of a prompt that one step caches.
    """

    def __init__(
        self,
        runner: Runner,
        tokenizer: Tokenizer,
        template: ChatTemplate | None,
        *,
        model_name: str,
        prefill_chunk: int = 256,
    ) -> None:
        self.tokenizer = tokenizer
        self.template = template
        self.model_name = model_name
        self._runner = runner
        self._scheduler = Scheduler()
        self._loop = StepLoop(runner, self._scheduler, tokenizer.vocab_size, prefill_chunk)

    @classmethod
    def from_pretrained(
        cls,
        path_or_name: str | Path,
        *,
        mtp: int | None = None,
        device: torch.device | str = "cpu",
        dtype: torch.dtype = torch.float32,
        max_batch: int = 16,
        max_context: int | None = None,
        prefill_chunk: int = 256,
    ) -> Engine:
        """Load a folder or a bundled model and make room for ``max_batch`` sequences of up to ``max_context`` tokens.

        Args:
            path_or_name: a Hugging Face folder, or the name of a bundled model such as "nano".
            mtp: tokens that the MTP layer drafts per step; None chooses. This engine decodes without drafts, so only
                None and 0 are accepted.
            device, dtype: of weights and cache.
            max_batch: sequences that run at once; each has its own cache slot.
            max_context: tokens of a slot; None, or more than the model knows = the model's own context.
            prefill_chunk: tokens of a prompt that one step caches.

        Raises:
            CheckpointError, ConfigError, TokenizerError, TemplateError: naming the file or the value and what to do.
        """
        if mtp:
            raise ConfigError(f"mtp is {mtp}; this version decodes without MTP drafts. Leave it out or pass 0.")
        limits = {"max_batch": max_batch, "max_context": max_context, "prefill_chunk": prefill_chunk}
        for name, value in limits.items():
            if value is not None and value < 1:
                raise ConfigError(f"{name} is {value}; it must be at least 1.")
        folder = model_folder(path_or_name)
        model, tokenizer = load_model(path_or_name, device=device, dtype=dtype)
        context = min(max_context or model.config.max_position_embeddings, model.config.max_position_embeddings)
        cache = LatentCache(model.config, slots=max_batch, capacity=context, dtype=dtype, device=device)
        return cls(
            Runner(model.eval(), cache, device),
            tokenizer,
            ChatTemplate.from_pretrained(folder, tokenizer),
            model_name=folder.resolve().name,
            prefill_chunk=prefill_chunk,
        )

    @property
    def context_length(self) -> int:
        """Most tokens that a prompt and its completion may have together."""
        return self._runner.capacity

    @property
    def has_work(self) -> bool:
        """Whether a step would do anything."""
        return self._scheduler.has_work

    @property
    def waiting_count(self) -> int:
        """Choices that wait for a cache slot; safe to read from another thread."""
        return self._scheduler.waiting_count

    @cached_property
    def _token_table(self) -> TokenTable:
        return TokenTable(self.tokenizer)

    def tool_constraint(
        self,
        tools: Sequence[ToolDefinition],
        *,
        choice: str = "auto",
        name: str | None = None,
        thinking: bool = False,
        parallel: bool = True,
    ) -> ToolGrammar:
        """Return a constraint for ``Request`` that holds tool calls to ``tools``; see ToolGrammar."""
        return ToolGrammar(tools, self._token_table, choice=choice, name=name, thinking=thinking, parallel=parallel)

    def encode_prompt(self, prompt: Prompt) -> list[int]:
        """Return the ids of a text to continue (after a begin token), of ids (as they are), or of a conversation."""
        if isinstance(prompt, str):
            return [self.tokenizer.bos_id, *self.tokenizer.encode(prompt)]
        if prompt and all(isinstance(item, int) for item in prompt):
            return list(cast(Sequence[int], prompt))
        if prompt and all(isinstance(item, Mapping) for item in prompt):
            if self.template is None:
                raise TemplateError(f"{self.model_name} has no chat template; give text or token ids instead.")
            return self.template.render(cast(Sequence[Mapping[str, Any]], prompt))
        raise RequestError("A prompt must be a text, a non-empty list of token ids, or a list of messages.", "prompt")

    def check(self, request: Request) -> int:
        """Check a request against this model, before any work; safe to call from another thread.

        Returns:
            How many tokens each choice may generate.

        Raises:
            RequestError: see ``limits.check_request``; ContextLengthError when it is too long.
        """
        return check_request(request, self.tokenizer.vocab_size, self.context_length, self.model_name)

    def submit(self, request: Request) -> None:
        """Put a request in line; nothing is computed before ``step``.

        Raises:
            RequestError: as ``check``; also when its id belongs to an open request.
        """
        max_tokens = self.check(request)
        if self._scheduler.of_request(request.request_id):
            raise RequestError(f"A request with id {request.request_id!r} is open; choose another.", "request_id")
        seed = request.params.seed if request.params.seed is not None else secrets.randbits(64)
        for index in range(request.params.n):
            self._scheduler.add(
                SequenceState(
                    request,
                    index,
                    seed=seed,
                    max_tokens=max_tokens,
                    eos_ids=frozenset([self.tokenizer.eos_id]),
                    decoder=self.tokenizer.stream_decoder(),
                )
            )

    def cancel(self, request_id: str) -> None:
        """End a request at the next step, which frees its slots and reports "cancelled"; unknown ids are ignored."""
        self._loop.cancel(request_id)

    def step(self) -> list[Delta]:
        """Advance every running sequence by a token and one prompt by a chunk; see ``StepLoop.step``."""
        return self._loop.step()

    def reset(self) -> None:
        """Drop every request without a word and free every slot."""
        self._loop.reset()

    def generate(
        self, prompts: Sequence[Prompt], params: SamplingParams | Sequence[SamplingParams] | None = None
    ) -> list[RequestOutput]:
        """Complete ``prompts`` as one batch.

        Args:
            prompts: texts to continue, token ids, or conversations (lists of OpenAI-shaped message dicts).
            params: for all, or one for each prompt.

        Returns:
            ``n`` outputs a prompt, in the order of the prompts.

        Raises:
            RequestError: a prompt is wrong; nothing has been generated.
            EngineError: the engine has other work, or failed.
        """
        if self.has_work:
            raise EngineError("generate() needs an idle engine; finish or cancel the open requests first.")
        if isinstance(prompts, str):
            raise RequestError("prompts must be a list of prompts; put a single text in a list.", param="prompts")
        each = params if isinstance(params, Sequence) else [params or SamplingParams()] * len(prompts)
        if len(each) != len(prompts):
            raise RequestError(f"{len(prompts)} prompts came with {len(each)} sampling parameters.", param="params")
        pairs = zip(prompts, each, strict=True)
        requests = [Request(self.encode_prompt(prompt), own) for prompt, own in pairs]
        for request in requests:
            self.check(request)
        try:
            return self._run(requests)
        finally:
            self.reset()

    def _run(self, requests: Sequence[Request]) -> list[RequestOutput]:
        collected: dict[tuple[str, int], list[Delta]] = {}
        for request in requests:
            self.submit(request)
            collected |= {(request.request_id, index): [] for index in range(request.params.n)}
        while self.has_work:
            for delta in self.step():
                if delta.error is not None:
                    raise delta.error
                collected[delta.request_id, delta.index].append(delta)
        counts = {request.request_id: len(request.prompt_ids) for request in requests}
        return [_gather(deltas, counts[request_id]) for (request_id, _), deltas in collected.items()]


def _gather(deltas: Sequence[Delta], prompt_token_count: int) -> RequestOutput:
    """Join the deltas of one choice."""
    last = deltas[-1]
    logprobs = [entry for delta in deltas for entry in delta.logprobs or ()]
    return RequestOutput(
        request_id=last.request_id,
        index=last.index,
        prompt_token_count=prompt_token_count,
        token_ids=tuple(token_id for delta in deltas for token_id in delta.token_ids),
        text="".join(delta.text for delta in deltas),
        finish_reason=last.finish_reason or "",
        stop_reason=last.stop_reason,
        logprobs=tuple(logprobs) if any(delta.logprobs is not None for delta in deltas) else None,
    )
