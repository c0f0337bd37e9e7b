"""Which prompt comes next: a domain in proportion to the root of its size, then a prompt of the present difficulty.

Source: technical report arXiv 2604.03044, section 3.3: pass rates from K = 10 rollouts before training, no prompt that
always passes, weight exp(-((p - μ)/0.15)²/2) with μ falling from 0.8 to 0.2.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from joyflash.errors import ConfigError, TrainingError
from joyflash.rl.environments.host import Domain


@dataclass(frozen=True)
class Difficulty:
    """The pass rates aimed at: their centre falls from ``first`` to ``last`` over the run; ``width`` around it."""

    first: float = 0.8
    last: float = 0.2
    width: float = 0.15

    def __post_init__(self) -> None:
        if not (0 <= self.first <= 1 and 0 <= self.last <= 1 and self.width > 0):
            raise ConfigError("Pass rates aimed at lie between 0 and 1, and their width is above 0.")

    def weight(self, rate: float, progress: float) -> float:
        """Weight of a prompt with pass rate ``rate`` at ``progress`` (0 to 1) of the run; 0 if it always passes."""
        if rate >= 1.0:
            return 0.0
        centre = self.first + (self.last - self.first) * progress
        return math.exp(-0.5 * ((rate - centre) / self.width) ** 2)


class Curriculum:
    """Draws prompts.

    Args:
        domains: with their sizes.
        rates: pass rates by domain, one per prompt; None gives all prompts of a domain the same weight.
        difficulty: see there.

    Raises:
        TrainingError: all prompts of all domains always pass.
    """

    def __init__(
        self,
        domains: Sequence[Domain],
        rates: Mapping[str, Sequence[float]] | None = None,
        difficulty: Difficulty | None = None,
    ) -> None:
        self._rates = rates
        self._difficulty = difficulty or Difficulty()
        self._domains = [domain for domain in domains if rates is None or any(rate < 1 for rate in rates[domain.name])]
        if not self._domains:
            raise TrainingError("The model passes every prompt of every domain already; give it harder ones.")
        self._weights = [
            math.sqrt(domain.prompts) if domain.weight is None else domain.weight for domain in self._domains
        ]
        if not any(self._weights):
            raise TrainingError("The domains that are left have weight 0 together.")

    def probabilities(self) -> dict[str, float]:
        """How likely each domain is."""
        total = sum(self._weights)
        return {domain.name: weight / total for domain, weight in zip(self._domains, self._weights, strict=True)}

    def choose(self, rng: random.Random, progress: float) -> tuple[str, int]:
        """A domain and the number of a prompt."""
        domain = rng.choices(self._domains, self._weights)[0]
        if self._rates is None:
            return domain.name, rng.randrange(domain.prompts)
        rates = self._rates[domain.name]
        weights = [self._difficulty.weight(rate, progress) for rate in rates]
        if not any(weights):  # all too far from the centre to be told from 0: the nearest
            left = [rate for rate in rates if rate < 1]
            centre = self._difficulty.first + (self._difficulty.last - self._difficulty.first) * progress
            nearest = min(left, key=lambda rate: abs(rate - centre))
            weights = [float(rate == nearest) for rate in rates]
        return domain.name, rng.choices(range(len(rates)), weights)[0]
