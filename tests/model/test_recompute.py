"""Recomputing blocks in the backward pass: same gradients, same loads, less kept memory."""

from __future__ import annotations

import torch

from joyflash.model.moe import MixtureOfExperts
from joyflash.model.transformer import set_recompute
from joyflash.train.objective import LanguageModelling
from tests.model.conftest import TINY, random_model
from tests.train.test_packed_rows import packed


def _train(recompute: bool) -> tuple[list[torch.Tensor], list[list[int]], int]:
    model = random_model(TINY).train()
    set_recompute(model, recompute)
    kept: dict[int, int] = {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        kept[tensor.data_ptr()] = tensor.nbytes
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        loss, _ = LanguageModelling(160.0, 0.1, 150.0)(model, packed([70, 50, 60]))
    loss.backward()
    loads = [module.tokens_per_expert_E.tolist() for module in model.modules() if isinstance(module, MixtureOfExperts)]
    gradients = [parameter.grad for parameter in model.parameters() if parameter.grad is not None]
    return gradients, loads, sum(kept.values())


def test_recomputation_changes_memory_only():
    plain, loads, kept = _train(False)
    again, loads_again, kept_again = _train(True)
    assert len(plain) == len(again)
    assert all(torch.equal(a, b) for a, b in zip(plain, again, strict=True))
    assert loads == loads_again
    assert sum(loads[0]) == 180 * TINY.num_experts_per_tok
    assert kept_again < kept / 3


def test_without_gradients_nothing_is_recomputed():
    model = random_model(TINY).train()
    set_recompute(model, True)
    with torch.no_grad():
        assert not model(torch.zeros(1, 5, dtype=torch.int64)).requires_grad
