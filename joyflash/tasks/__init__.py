"""Endless synthetic conversations for skills that running text does not teach a small model.

Every sample is a plain dictionary in the OpenAI shape: ``messages``, ``tools``, ``kind``, ``language``.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from itertools import accumulate, count
from types import MappingProxyType

from joyflash.tasks.words import Split

Sampler = Callable[[random.Random, str, Split], dict]


def _sampler(module: str, function: str) -> Sampler:
    def sample(rng: random.Random, language: str, split: Split) -> dict:
        return getattr(import_module(f"joyflash.tasks.{module}"), function)(rng, language, split)

    return sample


SKILLS: Mapping[str, Sampler] = MappingProxyType(
    {
        "call": _sampler("tool_samples", "sample_call"),
        "call_many": _sampler("tool_samples", "sample_call_many"),
        "answer": _sampler("tool_samples", "sample_answer"),
        "no_tool": _sampler("tool_samples", "sample_no_tool"),
        "calc": _sampler("tool_samples", "sample_calc"),
        "session": _sampler("tool_sessions", "sample_session"),
        "choose": _sampler("tool_sessions", "sample_choose"),
        "match": _sampler("tool_matching", "sample_match"),
        "match_words": _sampler("tool_matching", "sample_match_words"),
        "compare": _sampler("compare", "sample"),
        "compare_given": _sampler("compare", "sample_given"),
        "arithmetic": _sampler("arithmetic", "sample"),
        "talk": _sampler("talk", "sample"),
        "copying": _sampler("copying", "sample"),
    }
)


def generate(
    seed: int, split: Split = "train", *, mixture: Mapping[tuple[str, str], float], start: int = 0
) -> Iterator[dict]:
    """Endless samples; sample ``i`` depends only on (seed, split, mixture, i), so a run resumes at any index.

    Args:
        seed: any integer.
        split: which side of the word split the samples use.
        mixture: (skill, language) -> relative weight; skills are the keys of ``SKILLS``, languages "en" and "zh".
        start: index of the first sample.

    Raises:
        ValueError: the mixture is empty, names an unknown skill, or has no positive weight.
    """
    entries = sorted(mixture.items())
    for (skill, _), _weight in entries:
        if skill not in SKILLS:
            raise ValueError(f"the mixture names the skill {skill!r}; there are: {', '.join(SKILLS)}")
    totals = list(accumulate(weight for _, weight in entries))
    if not totals or totals[-1] <= 0:
        raise ValueError("the mixture has no positive weight: give at least one skill a weight above 0")
    for index in count(start):
        rng = random.Random(f"{seed}/{split}/{index}")
        skill, language = rng.choices([key for key, _ in entries], cum_weights=totals)[0]
        yield SKILLS[skill](rng, language, split)
