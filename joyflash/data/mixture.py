"""A weighted mixture of sources whose position is a few integers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from joyflash.data.samples import Sample, Source
from joyflash.errors import ConfigError, DataError


@dataclass(frozen=True)
class Drawn:
    """A sample and the address (source name, index) under which the mixture finds it again."""

    sample: Sample
    source: str
    index: int


class Mixture:
    """Interleaves sources so that each one's share of the *tokens* follows its weight as closely as it can.

    The next sample always comes from the source that is furthest behind its share; no random numbers, so the state is
    the position and token count of each source. With ``parts`` > 1, part p takes the samples p, p + parts, … of each
    source: parts never overlap and together give everything.

    Args:
        sources: the sources; names must differ.
        weights: share of each source by name, above 0; scaled to sum to one.
        part, parts: which of several disjoint streams this is.
    """

    def __init__(self, sources: Sequence[Source], weights: Mapping[str, float], *, part: int = 0, parts: int = 1):
        self.sources = {source.name: source for source in sources}
        if not sources or len(self.sources) != len(sources):
            raise ConfigError("A mixture needs at least one source, and no two of the same name.")
        if set(weights) != set(self.sources):
            difference = ", ".join(sorted(set(weights) ^ set(self.sources)))
            raise ConfigError(
                f"Sources and weights of the mixture must name the same things; they differ in: {difference}."
            )
        if min(weights.values()) <= 0:
            raise ConfigError("Every weight of the mixture must be above 0; leave a source out instead.")
        if not 0 <= part < parts:
            raise ConfigError(f"Part {part} of {parts} does not exist; parts count from 0.")
        total = sum(weights.values())
        self.weights = {name: weights[name] / total for name in self.sources}
        self.part = part
        self.parts = parts
        self._drawn = dict.fromkeys(self.sources, 0)
        self._tokens = dict.fromkeys(self.sources, 0)
        self._before = dict.fromkeys(self.sources, 0)  # tokens given out under other weights

    def __iter__(self) -> Iterator[Drawn]:
        return self

    def __next__(self) -> Drawn:
        given = {name: count - self._before[name] for name, count in self._tokens.items()}
        total = sum(given.values()) + 1
        name = max(self.weights, key=lambda name: self.weights[name] * total - given[name])
        index = self._drawn[name] * self.parts + self.part
        drawn = self.draw(name, index)
        self._drawn[name] += 1
        self._tokens[name] += len(drawn.sample)
        return drawn

    def draw(self, source: str, index: int) -> Drawn:
        """The sample under an address; it does not move the mixture."""
        return Drawn(self.sources[source].sample(index), source, index)

    def tokens(self) -> dict[str, int]:
        """Tokens given out so far by source."""
        return dict(self._tokens)

    def state_dict(self) -> dict[str, Any]:
        """JSON-able position."""
        return {
            "part": [self.part, self.parts],
            "drawn": dict(self._drawn),
            "tokens": dict(self._tokens),
            "before": dict(self._before),
            "weights": dict(self.weights),
            "sizes": {name: source.size for name, source in self.sources.items() if source.size is not None},
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go to a saved position; raise DataError where the sources, their sizes or the parts are not the state's.

        Where the weights are others, they hold from here on: a source whose weight has grown makes up for nothing.
        """
        if set(state["drawn"]) != set(self.sources) or list(state["part"]) != [self.part, self.parts]:
            raise DataError(
                "The saved data position belongs to another mixture; resume with the recipe that the run began with, "
                "and with its data."
            )
        for name, size in state.get("sizes", {}).items():  # a position in other data means other samples
            if self.sources[name].size != size:
                raise DataError(
                    f"The data of {name} have changed since the run was saved: it had {size:,} pieces and has "
                    f"{self.sources[name].size or 0:,} now. Put them back, or begin a new run from the model so far."
                )
        self._drawn = {name: int(state["drawn"][name]) for name in self.sources}
        self._tokens = {name: int(state["tokens"][name]) for name in self.sources}
        same = state.get("weights", self.weights) == self.weights
        self._before = {name: int(state.get("before", {}).get(name, 0)) for name in self.sources}
        if not same:
            self._before = dict(self._tokens)
