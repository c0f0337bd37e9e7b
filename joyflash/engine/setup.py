"""From a loaded model to what the engine runs: the step, the cache's blocks, and how many tokens to draft."""

from __future__ import annotations

import logging
import math
import time
from array import array
from collections.abc import Callable
from dataclasses import dataclass

import torch

from joyflash.engine.block_pool import BlockPool
from joyflash.engine.speculation import MOST_DRAFTS, DraftPolicy, StepCosts
from joyflash.errors import ConfigError, KernelError
from joyflash.kernels.gpu import usable
from joyflash.kernels.gumbel import Draw
from joyflash.model.cache import PagedCache
from joyflash.model.compiled import CompiledStep
from joyflash.model.config import ModelConfig
from joyflash.model.joyflash import JoyFlash
from joyflash.model.mixed import MixedStep
from joyflash.model.quantized import QuantizedWeights, put_back, quantize_model
from joyflash.model.step import Rows, StepModel, TorchStep
from joyflash.quantization.formats import FORMATS
from joyflash.quantization.policy import policy_of

_log = logging.getLogger(__name__)
BLOCK_SIZE = 16
_DEFAULT_CACHE = 131_072
_REPETITIONS = 5
_DRAFT_IDS = 2048


@dataclass(frozen=True)
class StepOptions:
    """The options of ``Engine.from_pretrained`` that concern the step; ConfigError names a wrong one."""

    max_batch: int
    max_context: int | None
    cache_tokens: int | None
    prefill_chunk: int
    prefix_cache: bool
    mtp: int | None
    compiled: bool | None
    quantization: str | None = None
    shared: bool = False
    record_routes: bool = False
    batch_invariant: bool = True

    def __post_init__(self) -> None:
        for name in ("max_batch", "max_context", "cache_tokens", "prefill_chunk"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ConfigError(f"{name} is {value}; it must be at least 1.")
        if self.quantization is not None:
            policy_of(self.quantization)
        if self.mtp is not None and not 0 <= self.mtp <= MOST_DRAFTS:
            raise ConfigError(f"mtp is {self.mtp}; it must lie between 0 and {MOST_DRAFTS}, or be left out.")

    def context(self, config: ModelConfig) -> int:
        """Most tokens of a sequence."""
        return min(self.max_context or config.max_position_embeddings, config.max_position_embeddings)


def cache_blocks(config: ModelConfig, options: StepOptions) -> int:
    """How many blocks of ``BLOCK_SIZE`` tokens the cache has."""
    context = options.context(config)
    wanted = options.cache_tokens or max(context, min(options.max_batch * context, _DEFAULT_CACHE))
    return -(-wanted // BLOCK_SIZE)


def step_rows(options: StepOptions) -> int:
    """Most rows of a step: a chunk of prompts, and each sequence with its drafts."""
    return options.prefill_chunk + options.max_batch * (1 + MOST_DRAFTS)


def make_step(
    model: JoyFlash,
    options: StepOptions,
    device: torch.device,
    dtype: torch.dtype,
    quantized: QuantizedWeights | None = None,
) -> tuple[StepModel, BlockPool, DraftPolicy | None]:
    """Return the step, its blocks, and the drafting policy (None = never drafts).

    Args:
        model: may be changed, where weights are quantised and the step is plain PyTorch.
        options: see there.
        device, dtype: of weights and cache.
        quantized: weights that the model lacks, as ``load_quantized`` returns them.

    Raises:
        ConfigError: drafts are asked for and the model has no MTP layer, or quantisation of quantised weights.
        KernelError: the compiled step is asked for and cannot be had.
    """
    if options.mtp and model.mtp is None:
        raise ConfigError(f"mtp is {options.mtp}, but this checkpoint has no MTP layer. Leave it out or pass 0.")
    if options.quantization and quantized:
        raise ConfigError(f"This checkpoint is quantised already; leave out quantization={options.quantization!r}.")
    if options.quantization:
        quantized = quantize_model(model, policy_of(options.quantization))
    context, blocks = options.context(model.config), cache_blocks(model.config, options)
    cache = PagedCache(model.config, blocks, BLOCK_SIZE, dtype, device)
    max_rows = step_rows(options)
    drafting = model.mtp is not None and options.mtp != 0
    step = _step(model, quantized or {}, cache, context, max_rows, options, device, drafting=drafting)
    policy = None
    if drafting:
        costs = measure_costs(step, options.max_batch, blocks) if options.mtp is None else None
        policy = DraftPolicy(options.mtp, costs)
    return step, BlockPool(blocks, BLOCK_SIZE, prefix_cache=options.prefix_cache), policy


def _step(
    model: JoyFlash,
    quantized: QuantizedWeights,
    cache: PagedCache,
    context: int,
    max_rows: int,
    options: StepOptions,
    device: torch.device,
    *,
    drafting: bool,
) -> StepModel:
    compiled = False if options.record_routes else options.compiled
    if compiled is not False:
        try:
            if device.type == "cuda" and not options.shared:
                return _gpu_step(model, quantized, cache, context, max_rows)
            if device.type != "cpu" or cache.kv_LSW.dtype not in (torch.float32, torch.bfloat16):
                raise KernelError(f"There is no fast step for {device} in {cache.kv_LSW.dtype}.")
            if quantized and not options.batch_invariant:
                raise ConfigError("batch_invariant=False takes prompts through unquantised weights; leave one out.")
            drafts = FORMATS["int8"] if drafting and not options.shared else None
            step = CompiledStep(
                model,
                cache,
                context,
                max_rows=max_rows,
                quantized=quantized,
                draft_format=drafts,
                shared=options.shared,
            )
            if options.batch_invariant:
                return step
            return MixedStep(step, TorchStep(model, cache, context, max_rows))
        except KernelError as error:
            if compiled:
                raise
            _log.warning(
                "%s Going on with plain PyTorch, which is several times slower and not batch-invariant.", error
            )
    put_back(model, quantized)  # the numbers of the quantised weights, in the memory of unquantised ones
    return TorchStep(model, cache, context, max_rows, record_routes=options.record_routes)


def _gpu_step(
    model: JoyFlash, quantized: QuantizedWeights, cache: PagedCache, context: int, max_rows: int
) -> StepModel:
    """The step in Triton kernels; KernelError where Triton is missing."""
    if not usable():
        raise KernelError("The GPU step needs Triton, which comes with PyTorch for CUDA; this PyTorch came without it.")
    from joyflash.model.gpu import GpuStep  # imports Triton

    return GpuStep(model, cache, context, max_rows, quantized)


@torch.inference_mode()
def measure_costs(step: StepModel, max_batch: int, blocks: int) -> StepCosts:
    """Time steps of 1, 2, 3, 4, 6, 8, … rows and drafts on this machine; it writes to the still unused cache."""
    most = min(max_batch * (1 + MOST_DRAFTS), blocks)
    counts = [count for count in (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96) if count <= most]
    hidden = step.trunk(_rows(counts[-1]))
    vocabulary = step.logits(hidden[:1]).shape[1]
    draft_ids = array("i", range(min(_DRAFT_IDS, vocabulary)))

    def draw(hidden_nD: torch.Tensor, ids: array[int] | int) -> None:
        count = hidden_nD.shape[0]
        step.draw(hidden_nD, range(count), [Draw(row, 0.6) for row in range(count)], ids)

    def draft(count: int) -> None:
        draw(step.mtp(_rows(count), hidden, range(count), range(count)), draft_ids)

    rows = {count: _seconds(lambda count=count: draw(step.trunk(_rows(count)), vocabulary)) for count in counts}
    drafts = {count: _seconds(lambda count=count: draft(count)) for count in counts if count <= max_batch}
    most = counts[-1]
    reading = _seconds(lambda: step.mtp(_rows(most), hidden, range(most), [])) / most
    return StepCosts(_rising(rows), _rising(drafts), reading)


def _rising(times: dict[int, float]) -> dict[int, float]:
    """Fewer rows never cost more: what a neighbour on the machine did to one measurement is taken out again."""
    rising, bound = {}, math.inf
    for count in sorted(times, reverse=True):
        bound = min(bound, times[count])
        rising[count] = bound
    return rising


def _seconds(work: Callable[[], object]) -> float:
    """The fastest of a few runs: what the machine can do, not what its other users left of it."""
    times = []
    work()
    for _ in range(_REPETITIONS):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return min(times)


def _rows(count: int) -> Rows:
    return Rows([1] * count, [0] * count, list(range(count)), [[block] for block in range(count)])
