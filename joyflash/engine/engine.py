"""Engine: prompts in, tokens out, one batched step at a time."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import torch

from joyflash.engine.block_pool import BlockPool
from joyflash.engine.call_grammar import ReplyRules
from joyflash.engine.grammar import GrammarCompiler, ReplyConstraint
from joyflash.engine.limits import check_request
from joyflash.engine.request import Constraint, Delta, Request, RequestOutput, SamplingParams, join_deltas
from joyflash.engine.runner import Runner
from joyflash.engine.scheduler import Scheduler
from joyflash.engine.scoring import Scores, score
from joyflash.engine.sequence import SequenceState
from joyflash.engine.setup import StepOptions, make_step
from joyflash.engine.speculation import DraftPolicy
from joyflash.engine.statistics import CacheUse, Statistics
from joyflash.engine.step_loop import StepLoop
from joyflash.engine.thinking_budget import ThinkingBudget
from joyflash.errors import ConfigError, EngineError, RequestError, TemplateError
from joyflash.hardware import return_freed_memory
from joyflash.model.joyflash import JoyFlash
from joyflash.model.loading import load_quantized, model_folder
from joyflash.model.step import StepModel
from joyflash.text.template import ChatTemplate
from joyflash.text.tokenizer import Tokenizer

Prompt = str | Sequence[int] | Sequence[Mapping[str, Any]]


class Engine:
    """Batched generation over one model. Not thread-safe: one thread calls submit, cancel and step.

    Args:
        model: runs rows of tokens behind a paged cache.
        pool: the blocks of that cache.
        tokenizer: entries beyond its vocabulary are never sampled.
        template: renders conversations; None for a model without one.
        model_name: what the model is called.
        policy: how many tokens to draft; None = none.
        prefill_chunk: tokens of prompts that one step caches.
        max_batch: sequences that run at once.
    """

    def __init__(
        self,
        model: StepModel,
        pool: BlockPool,
        tokenizer: Tokenizer,
        template: ChatTemplate | None,
        *,
        model_name: str,
        policy: DraftPolicy | None = None,
        prefill_chunk: int = 256,
        max_batch: int = 16,
    ) -> None:
        self.tokenizer = tokenizer
        self.template = template
        self.model_name = model_name
        self._common_tokens = min(tokenizer.vocab_size, max(2048, tokenizer.vocab_size // 16))
        self._runner = Runner(model, pool, drafting=policy is not None, draft_ids=self._common_tokens)
        self._scheduler = Scheduler()
        self._loop = StepLoop(
            self._runner,
            self._scheduler,
            policy or DraftPolicy(0),
            tokenizer.vocab_size,
            prefill_chunk,
            max_batch,
        )

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
        cache_tokens: int | None = None,
        prefill_chunk: int | None = None,
        prefix_cache: bool = True,
        compiled: bool | None = None,
        quantization: str | None = None,
        batch_invariant: bool = True,
    ) -> Engine:
        """Load a folder or a bundled model and make room for its cache.

        Args:
            path_or_name: a Hugging Face folder, or the name of a bundled model such as "nano".
            mtp: tokens that the MTP layer drafts per step, up to 4; None chooses by measured cost and acceptance (no
                drafts where the checkpoint has no MTP layer). The text does not depend on it where
                ``batch_invariant`` is true.
            device, dtype: of weights and cache.
            max_batch: sequences that run at once.
            max_context: most tokens of a sequence; None, or more than the model knows = the model's own context.
            cache_tokens: tokens that the cache holds for all sequences together; None = ``max_context`` for each of
                ``max_batch``, up to 131,072 or one whole context. With less, sequences wait, or lose their place and
                are computed again.
            prefill_chunk: tokens of prompts that one step caches; None = 256, or 1,024 without ``batch_invariant``.
            prefix_cache: whether prompts share what they begin with.
            compiled: True asks for the compiled CPU step, False for plain PyTorch; None takes the compiled one where
                it can be had.
            quantization: weights of fewer bits, made on loading: a name in ``quantization.policy.POLICIES``. "int8"
                takes every matrix of a product, "int4" the routed experts alone, "int4-int8" these in 4 bits and the
                others in 8. The compiled step reads them as they are; plain PyTorch computes with the same numbers
                unpacked, and saves no memory. A folder that is quantised already needs no option.
            batch_invariant: of the compiled CPU step, whether a text may depend on nothing but its request. False reads
                long prompts several times as fast, and then their last digits depend on how they were cut into steps
                (``prefill_chunk``, other requests, shared prefixes), so that now and then another token is sampled.
                Keeps the weights twice; not for quantised ones. The property of this name says what was had.

        Raises:
            CheckpointError, ConfigError, TokenizerError, TemplateError: naming the file or the value and what to do.
            KernelError: ``compiled`` is true and the step cannot be compiled here.
        """
        chunk = prefill_chunk if prefill_chunk is not None else (256 if batch_invariant else 1024)
        options = StepOptions(
            max_batch,
            max_context,
            cache_tokens,
            chunk,
            prefix_cache,
            mtp,
            compiled,
            quantization,
            batch_invariant=batch_invariant,
        )
        folder = model_folder(path_or_name)
        model, quantized, tokenizer = load_quantized(path_or_name, device=device, dtype=dtype)
        step, pool, policy = make_step(model, options, torch.device(device), dtype, quantized)
        del model, quantized  # the step has what it needs of them
        return_freed_memory()
        return cls(
            step,
            pool,
            tokenizer,
            ChatTemplate.from_pretrained(folder, tokenizer),
            model_name=folder.resolve().name,
            policy=policy,
            prefill_chunk=chunk,
            max_batch=max_batch,
        )

    @classmethod
    def sharing(
        cls,
        model: JoyFlash,
        tokenizer: Tokenizer,
        template: ChatTemplate | None,
        *,
        mtp: int = 0,
        max_batch: int = 16,
        max_context: int | None = None,
        cache_tokens: int | None = None,
        prefill_chunk: int = 256,
        prefix_cache: bool = True,
        compiled: bool | None = None,
        record_routes: bool = False,
    ) -> Engine:
        """An engine over a model that is being trained: it reads the trainer's weights where they lie.

        After every change of them ``weights_changed`` must be called.

        Args:
            model: float32 for the compiled step.
            mtp: tokens that the MTP layer drafts per step; as the layer falls behind the model, fewer are right.
            record_routes: tell the experts of every token in ``RequestOutput.routes_TLK``; by the plain PyTorch step.
            others: see ``from_pretrained``.

        Raises:
            ConfigError: ``record_routes`` with the compiled step, which does not tell.
        """
        if record_routes and compiled:
            raise ConfigError("The compiled step does not tell which experts it chose; leave out one of the two.")
        options = StepOptions(
            max_batch,
            max_context,
            cache_tokens,
            prefill_chunk,
            prefix_cache,
            mtp,
            compiled,
            shared=True,
            record_routes=record_routes,
        )
        weight = model.lm_head.weight
        step, pool, policy = make_step(model, options, weight.device, weight.dtype)
        return cls(
            step,
            pool,
            tokenizer,
            template,
            model_name="the model in training",
            policy=policy,
            prefill_chunk=prefill_chunk,
            max_batch=max_batch,
        )

    def weights_changed(self) -> None:
        """Take up weights that were changed in place, and forget every cached prefix, which the old ones made.

        Raises:
            EngineError: a request is open; its cache would mix old and new weights.
            KernelError: the engine reads copies of the weights (it was not made by ``sharing``).
        """
        if self.has_work:
            raise EngineError("Weights changed while requests are open; finish them, or reset() and submit them again.")
        self._runner.pool.clear()
        self._runner.model.weights_changed()

    def score(self, sequences: Sequence[tuple[Sequence[int], int]]) -> list[Scores]:
        """Log-probabilities of the tokens of ready sequences; see ``scoring.score``."""
        if self.has_work:
            raise EngineError("score() needs an idle engine; finish or cancel the open requests first.")
        return score(self._runner.model, self._runner.pool, sequences, self.tokenizer.vocab_size)

    @property
    def statistics(self) -> Statistics:
        """Counts of steps, tokens, drafts and preemptions since the engine was made."""
        return self._loop.statistics

    @property
    def batch_invariant(self) -> bool:
        """Whether a seed gives the same bits whatever else runs, and however many tokens are drafted."""
        return self._runner.model.batch_invariant

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
        """Choices that wait to be admitted; safe to read from another thread."""
        return self._scheduler.waiting_count

    def waiting_before(self, priority: int) -> int:
        """Choices in line before a new one of this priority; safe to call from another thread."""
        return self._scheduler.waiting_before(priority)

    @property
    def running_count(self) -> int:
        """Choices that are being computed; safe to read from another thread."""
        return self._scheduler.running_count

    @property
    def cache_use(self) -> CacheUse:
        """How full the cache is, and how often prompts were found in it; safe to read from another thread."""
        pool = self._runner.pool
        held = pool.blocks - pool.free_blocks
        return CacheUse(pool.blocks * pool.block_size, held * pool.block_size, pool.asked_tokens, pool.matched_tokens)

    @cached_property
    def _grammars(self) -> GrammarCompiler:
        return GrammarCompiler(self.tokenizer)

    def reply_constraint(self, rules: ReplyRules) -> ReplyConstraint:
        """Return a constraint for ``Request`` that holds calls to their tools, or a reply to a JSON Schema.

        Safe to call from another thread: compiling takes milliseconds, for very many tools seconds. The constraints of
        the latest rules are kept.

        Raises:
            ToolSchemaError: a schema cannot be held.
            MissingExtraError: llguidance, of the extra ``serve``, is not installed.
        """
        return self._grammars.constraint(rules)

    def thinking_budget(self, end_id: int, tokens: int, inner: Constraint | None = None) -> ThinkingBudget:
        """Return a constraint for ``Request`` that ends a thought after ``tokens``; see ThinkingBudget."""
        return ThinkingBudget(end_id, tokens, self.tokenizer.vocab_size, inner)

    def encode_prompt(self, prompt: Prompt) -> list[int]:
        """Return the ids of a text to continue (after a begin token), of ids (as they are), or of a conversation.

        Raises:
            ContextLengthError: a text that is far too long, so that encoding it would take long.
            RequestError: it is none of these.
        """
        if isinstance(prompt, str):
            self.tokenizer.check_length(prompt, self.context_length, "prompt")
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
                    common_tokens=self._common_tokens,
                )
            )

    def cancel(self, request_id: str) -> None:
        """End a request at the next step, which frees its blocks and reports "cancelled"; unknown ids are ignored."""
        self._loop.cancel(request_id)

    def step(self) -> list[Delta]:
        """Advance every running sequence by a token or more, and prompts by a chunk; see ``StepLoop.step``."""
        return self._loop.step()

    def reset(self) -> None:
        """Drop every request without a word and free every block."""
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
    whole = join_deltas(deltas)
    return RequestOutput(
        request_id=whole.request_id,
        index=whole.index,
        prompt_token_count=prompt_token_count,
        token_ids=whole.token_ids,
        text=whole.text,
        finish_reason=whole.finish_reason or "",
        stop_reason=whole.stop_reason,
        logprobs=whole.logprobs,
        cached_token_count=whole.cached_token_count,
        routes_TLK=whole.routes_TLK,
        prompt_logprobs=whole.prompt_logprobs,
    )
