"""Polar Express: coefficients from the paper's recurrence, singular values near 1, batches, tall matrices, zeros."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from joyflash.optim.orthogonalize import KELLER_JORDAN, POLAR_EXPRESS, orthogonalize


def optimal_quintic(low: float, high: float) -> tuple[float, float, float]:
    """Odd quintic closest to 1 on [low, high] (Remez exchange, Polar Express appendix)."""
    inner = np.array([(3 * low + 1) / 4, (low + 3) / 4])
    error, previous = np.inf, None
    while previous is None or abs(previous - error) > 1e-15:
        previous = error
        nodes = np.array([low, *inner, high])
        system = np.stack([nodes, nodes**3, nodes**5, [1, -1, 1, -1]], axis=1)
        a, b, c, error = np.linalg.solve(system, np.ones(4))
        root = np.sqrt(9 * b * b - 20 * a * c)
        inner = np.sqrt((-3 * b + np.array([-root, root])) / (10 * c))
    return a, b, c


def recurrence(steps: int, low: float, safety: float, cushion: float) -> list[tuple[float, float, float]]:
    """Greedy composition of optimal quintics with a cushion and a safety factor (arXiv 2505.16932, algorithm 1)."""
    high, coefficients = 1.0, []
    powers = np.array([1, 3, 5])
    for index in range(steps):
        triple = np.array(optimal_quintic(max(low, cushion * high), high))
        if cushion * high > low:
            triple *= 2 / (triple @ low**powers + triple @ high**powers)
        if index < steps - 1:
            triple /= (1 + safety) ** powers
        coefficients.append(tuple(triple))
        low = triple @ low**powers
        high = 2 - low
    return coefficients


def test_coefficients_are_the_papers_recurrence():
    expected = recurrence(5, low=1e-3, safety=2e-2, cushion=2e-2)
    np.testing.assert_allclose(POLAR_EXPRESS.coefficients, expected, rtol=1e-12)


@pytest.mark.parametrize("shape", [(3, 24, 40), (3, 40, 24), (5, 16, 16), (48, 8), (2, 3, 6, 9)])
def test_singular_values_go_to_one_and_vectors_stay(shape):
    generator = torch.Generator().manual_seed(0)
    matrices = torch.randn(shape, generator=generator)
    result = orthogonalize(matrices)
    left, values, right = torch.linalg.svd(matrices, full_matrices=False)
    assert result.shape == matrices.shape
    core = left.mT @ result @ right.mT  # diagonal when the singular vectors are kept
    new_values = core.diagonal(dim1=-2, dim2=-1)
    assert (core - torch.diag_embed(new_values)).abs().max() < 1e-4
    reached = values > 0.02 * values.norm(dim=-1, keepdim=True)  # five steps do not lift the very smallest to 1
    assert reached.float().mean() > 0.9
    assert (new_values - 1).abs()[reached].max() < 0.16


def test_follows_the_scalar_polynomial():
    """A diagonal matrix is a list of scalars: each goes through the same five quintics."""
    values = torch.tensor([3.0, 1.0, 0.1, 0.01], dtype=torch.float64)
    expected = values / (values.norm() * 1.02 + 1e-6)
    for a, b, c in POLAR_EXPRESS.coefficients:
        expected = a * expected + b * expected**3 + c * expected**5
    result = orthogonalize(torch.diag(values).float())
    torch.testing.assert_close(result, torch.diag(expected).float(), atol=2e-5, rtol=0)


def test_batch_equals_one_by_one_across_chunks():
    """Enough elements for several cache-sized chunks."""
    matrices = torch.randn(40, 160, 96, generator=torch.Generator().manual_seed(1))
    alone = torch.stack([orthogonalize(matrix) for matrix in matrices])
    torch.testing.assert_close(orthogonalize(matrices), alone, atol=1e-6, rtol=0)


@pytest.mark.parametrize("iteration", [POLAR_EXPRESS, KELLER_JORDAN])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_zero_matrix_stays_zero(iteration, dtype):
    matrices = torch.randn(3, 8, 12)
    matrices[1] = 0
    result = orthogonalize(matrices, iteration, dtype)
    assert result.dtype == torch.float32
    assert torch.isfinite(result).all()
    assert result[1].abs().max() == 0


def test_low_precision_is_close():
    matrices = torch.randn(4, 32, 64, generator=torch.Generator().manual_seed(2))
    exact, rough = orthogonalize(matrices), orthogonalize(matrices, dtype=torch.bfloat16)
    assert 1e-4 < (exact - rough).norm() / exact.norm() < 0.05
