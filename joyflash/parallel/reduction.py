"""Sums whose bits do not depend on how many processes form them.

Floating-point addition is not associative, so "the sum of the gradients of all rows" is a number only once the order is
fixed. Ours is a binary tree over the row numbers: ((g0 + g1) + (g2 + g3)) + ... The W rows that W processes work
on at one time are neighbours in it, so with W a power of two they form a whole subtree: it is summed between the
processes, and what is above it by each process for itself. The tree of one process and of eight is the same.

Letters: W ranks, n terms.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.distributed as dist
from torch.distributed.fsdp import FSDPModule

Terms = list[torch.Tensor | None]


class TreeSum:
    """Adds lists of tensors in the order of a binary tree as they come, keeping at most log2(n) + 1 of them.

    A term may be None where it has no value. Lists are taken over: their tensors are added to in place.
    """

    def __init__(self) -> None:
        self._parts: list[tuple[int, Terms]] = []  # level of a complete subtree, its sum; levels fall strictly

    def add(self, terms: Sequence[torch.Tensor | None]) -> None:
        """Take the next leaf."""
        level, total = 0, list(terms)
        while self._parts and self._parts[-1][0] == level:
            total = _add(self._parts.pop()[1], total)
            level += 1
        self._parts.append((level, total))

    def add_in_place(self, terms: Sequence[torch.Tensor | None]) -> None:
        """Take the next leaf at once, in the order of coming: one list is kept instead of log2(n)."""
        self._parts = [(0, _add(self._parts[0][1], list(terms)) if self._parts else list(terms))]

    def total(self) -> Terms:
        """The sum of all leaves, which are forgotten; empty without any."""
        if not self._parts:
            return []
        total = self._parts.pop()[1]
        while self._parts:
            total = _add(self._parts.pop()[1], total)
        return total


def tree_sum(stack: torch.Tensor) -> torch.Tensor:
    """Sum over the first axis [n, ...] -> [...] in the order of ``TreeSum``."""
    while len(stack) > 1:
        even = len(stack) // 2 * 2
        paired = stack[0:even:2] + stack[1:even:2]
        stack = paired if even == len(stack) else torch.cat((paired, stack[even:]))
    return stack[0]


class FixedOrderReduceScatter:
    """FSDP2's reduce-scatter with the additions of ``tree_sum`` over the ranks.

    Every rank receives its part of each rank's gradient and adds for itself. That is as many bytes over the wire as a
    reduce-scatter by direct exchange, and one buffer of the size of the whole gradients more.
    """

    def allocate(self, size: Sequence[int], *, dtype: torch.dtype, device: torch.device) -> torch.Tensor:
        """A buffer for FSDP2."""
        return torch.empty(*size, dtype=dtype, device=device)

    def __call__(
        self,
        output_tensor: torch.Tensor,
        input_tensor: torch.Tensor,
        group: dist.ProcessGroup,
        op: object,
        async_op: bool = False,
    ) -> None:
        """Sum ``input_tensor`` [W * m] over the ranks of ``group``; this rank's part [m] goes to ``output_tensor``."""
        received = torch.empty_like(input_tensor)
        dist.all_to_all_single(received, input_tensor, group=group)
        output_tensor.copy_(tree_sum(received.view(group.size(), -1)))


def sum_gradients(module: FSDPModule, *, fixed_order: bool) -> None:
    """Have a sharded module and those inside it *add* the ranks' gradients (FSDP2's own choice is their mean)."""
    for each in module.modules():  # pyright: ignore[reportAttributeAccessIssue]
        if isinstance(each, FSDPModule):
            each.set_force_sum_reduction_for_comms(True)
            each.set_gradient_divide_factor(1.0)
            if fixed_order:
                each.set_custom_reduce_scatter(FixedOrderReduceScatter())  # pyright: ignore[reportArgumentType]


def _add(left: Terms, right: Terms) -> Terms:
    return [b if a is None else a if b is None else a.add_(b) for a, b in zip(left, right, strict=True)]
