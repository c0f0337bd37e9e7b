"""Gradients of several rows at once: one single-threaded worker per core.

Why not threads inside each operation: at this size an operation lasts under a millisecond, so most of a second thread
is spent waiting at barriers, and one busy neighbour on a core stalls every one of them. A worker that owns a whole row
meets the others once per step. Rows are shared out so that all have about the same attention to compute.

Each worker has a replica of the model that shares the parameters' memory and owns its gradients. Row gradients are
added in an order fixed by the rows, whoever finishes first: the result does not depend on timing.
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import torch

from joyflash.batch import PackedBatch
from joyflash.data.balancing import attention_work, share_out
from joyflash.model.joyflash import JoyFlash
from joyflash.model.moe import MixtureOfExperts
from joyflash.parallel.clipping import clip_gradients
from joyflash.parallel.reduction import TreeSum

Objective = Callable[[JoyFlash, PackedBatch], tuple[torch.Tensor, dict[str, float]]]
"""Model and row to the scalar to differentiate and named sums for the log."""


class RowWorkers:
    """Runs an objective forward and backward over rows, on ``count`` threads.

    Args:
        model: its parameters receive the summed gradients, in their own dtype.
        count: worker threads; with 1, operations may use all of torch's own threads instead.
        dtype: of the products. Other than the model's, they run on a copy that every call refreshes.
    """

    def __init__(self, model: JoyFlash, count: int, dtype: torch.dtype = torch.float32):
        self.model = model
        self.count = count
        self._copy = model if dtype == model.lm_head.weight.dtype else working_copy(model, dtype)
        self._replicas = [self._copy] if count == 1 else [_share(self._copy) for _ in range(count)]
        self._pool = ThreadPoolExecutor(count, initializer=use_one_thread) if count > 1 else None
        self._moes = [[m for m in r.modules() if isinstance(m, MixtureOfExperts)] for r in self._replicas]

    def run(self, rows: Sequence[PackedBatch], objective: Objective) -> list[dict[str, float]]:
        """Put the gradients of all rows, added as a tree in row order, into the model's; return each row's sums."""
        if self._copy is not self.model:
            refresh(self._copy, self.model)
        shares = share_out([attention_work(row) for row in rows], self.count)
        reducer = _OrderedSum([p for p in self.model.parameters() if p.requires_grad])

        def work(worker: int) -> list[tuple[int, dict[str, float]]]:
            replica = self._replicas[worker].train()
            parameters = [p for p in replica.parameters() if p.requires_grad]
            results = []
            for index in shares[worker]:
                for parameter in parameters:
                    parameter.grad = None
                loss, sums = objective(replica, rows[index])
                loss.backward()
                reducer.add(index, [parameter.grad for parameter in parameters])
                results.append((index, sums))
            return results

        if self._pool is None:
            found = work(0)
        else:
            found = [pair for result in self._pool.map(work, range(self.count)) for pair in result]
        reducer.store()
        return [sums for _, sums in sorted(found, key=lambda pair: pair[0])]

    def clip(self, largest: float) -> float:
        """Scale the model's gradients so that their norm is at most ``largest``; return the norm before."""
        return clip_gradients([p.grad for p in self.model.parameters() if p.grad is not None], largest)

    def take_loads(self) -> list[torch.Tensor]:
        """Tokens per expert of each MoE layer since the last call, summed over workers; the counters restart."""
        loads = []
        for layer in range(len(self._moes[0])):
            counters = [moes[layer].tokens_per_expert_E for moes in self._moes]
            loads.append(torch.stack(counters).sum(dim=0))
            for counter in counters:
                counter.zero_()
        return loads

    def close(self) -> None:
        """Stop the threads."""
        if self._pool is not None:
            self._pool.shutdown()


class _OrderedSum:
    """Adds lists of gradients as a tree over their index (see ``TreeSum``), as soon as each one's turn comes."""

    def __init__(self, parameters: list[torch.nn.Parameter]):
        self._parameters = parameters
        self._sum = TreeSum()
        self._early: dict[int, list[torch.Tensor | None]] = {}
        self._next = 0
        self._lock = threading.Lock()

    def add(self, index: int, gradients: list[torch.Tensor | None]) -> None:
        pairs = zip(gradients, self._parameters, strict=True)
        converted = [None if gradient is None else gradient.to(p.dtype) for gradient, p in pairs]
        with self._lock:
            self._early[index] = converted
            while self._next in self._early:
                self._sum.add(self._early.pop(self._next))
                self._next += 1

    def store(self) -> None:
        """Leave the sum in the parameters' ``grad``."""
        for parameter, gradient in zip(self._parameters, self._sum.total(), strict=True):
            parameter.grad = gradient


def working_copy(model: JoyFlash, dtype: torch.dtype) -> JoyFlash:
    """A copy of ``model`` in ``dtype`` for training mode, with the same router biases; ``refresh`` updates it."""
    copied = copy.deepcopy(model).train()
    for parameter in copied.parameters():
        parameter.data = parameter.data.to(dtype)
    _share_router_biases(copied, model)
    return copied


def refresh(copied: JoyFlash, model: JoyFlash) -> None:
    """Bring a ``working_copy`` up to the weights of ``model``."""
    with torch.no_grad():
        for mine, theirs in zip(copied.parameters(), model.parameters(), strict=True):
            mine.copy_(theirs)


def _share(model: JoyFlash) -> JoyFlash:
    """A copy of ``model`` whose parameters and router biases are the same memory."""
    replica = copy.deepcopy(model)
    for mine, theirs in zip(replica.parameters(), model.parameters(), strict=True):
        mine.data = theirs.data
    _share_router_biases(replica, model)
    return replica


def _share_router_biases(replica: JoyFlash, model: JoyFlash) -> None:
    for mine, theirs in zip(replica.modules(), model.modules(), strict=True):
        if "e_score_correction_bias" in mine._buffers:
            mine._buffers["e_score_correction_bias"] = theirs._buffers["e_score_correction_bias"]


def use_one_thread() -> None:
    """Keep the operations of the calling thread to itself."""
    torch.get_num_threads()  # the first call in a thread takes over the process's setting; only then can it be changed
    torch.set_num_threads(1)
