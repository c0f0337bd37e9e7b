"""Which tensors of the model take which format: rules by regular expression, the first that matches wins.

The patterns know our names of parameters and those of Hugging Face folders alike. Norms, routers and embeddings match
no rule: they stay as they are.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from joyflash.errors import ConfigError
from joyflash.quantization.formats import FORMATS, Format

EXPERTS = r"\.mlp\.experts\."
PROJECTIONS = r"^(?!.*\.mlp\.experts\.).*\.((q|q_a|q_b|kv_b|o|gate|up|down|eh)_proj|kv_a_proj_with_mqa)\.weight$"
HEAD = r"(^lm_head|\.shared_head\.head)\.weight$"
PLAIN = r"\.eh_proj\.weight$"
"""Stays as it is in a folder: other engines' MTP layers do not look for a quantised one."""
_PARTS = {"routed experts": EXPERTS, "projections": PROJECTIONS, "output head": HEAD}


@dataclass(frozen=True)
class Policy:
    """Rules in order: a pattern that is searched for in a tensor's name, and the format that it then takes.

    Args:
        name: what the policy is called.
        rules: patterns and formats.
    """

    name: str
    rules: tuple[tuple[str, Format], ...]

    def format_of(self, tensor: str) -> Format | None:
        """The format of a tensor by its name, ours or Hugging Face's; None where it stays as it is."""
        return next((format for pattern, format in self.rules if re.search(pattern, tensor)), None)

    def stored(self, tensor: str, inputs: int) -> Format | None:
        """The format of a tensor with so many inputs in a folder.

        None where the policy names none, for ``PLAIN``, and where the inputs do not fall into whole blocks, which the
        folder's layout does not know.
        """
        format = self.format_of(tensor)
        return None if format is None or inputs % format.block[1] or re.search(PLAIN, tensor) else format

    def without_head(self) -> Policy:
        """The same, with the output head left as it is."""
        return Policy(self.name, tuple(rule for rule in self.rules if rule[0] != HEAD))


POLICIES = {
    "int8": Policy("int8", ((EXPERTS, FORMATS["int8"]), (PROJECTIONS, FORMATS["int8"]), (HEAD, FORMATS["int8"]))),
    # As the released INT4 checkpoint: the routed experts only
    "int4": Policy("int4", ((EXPERTS, FORMATS["int4"]),)),
    "int4-int8": Policy(
        "int4-int8", ((EXPERTS, FORMATS["int4"]), (PROJECTIONS, FORMATS["int8"]), (HEAD, FORMATS["int8"]))
    ),
}
"""By name. int8: all matrices; int4: the routed experts alone; int4-int8: these in 4 bits, other matrices in 8."""


def policy_of(name: str) -> Policy:
    """A policy by its name; ConfigError lists them."""
    if name not in POLICIES:
        raise ConfigError(f"There is no quantisation {name!r}; there are {', '.join(POLICIES)}.")
    return POLICIES[name]


def savings_table(formats: Mapping[str, Format], tensors: Mapping[str, tuple[tuple[int, ...], int]]) -> str:
    """What becomes of a model, as text: tensors, parameters and megabytes before and after, by part.

    Args:
        formats: of the tensors that are quantised, by name.
        tensors: shape and bytes of each tensor before, by name.
    """
    rows: dict[str, list[float]] = {}
    for name, (shape, before) in tensors.items():
        format = formats.get(name)
        after = format.bytes(shape) if format else before
        part = next((part for part, pattern in _PARTS.items() if re.search(pattern, name)), "everything else")
        key = f"{part:16} {format.name if format else 'as it is':8}"
        row = rows.setdefault(key, [0, 0, 0, 0])
        for index, value in enumerate((1, math.prod(shape), before, after)):
            row[index] += value
    rows["total".ljust(25)] = [sum(column) for column in zip(*rows.values(), strict=True)]
    lines = [f"{'part':16} {'format':8} {'tensors':>8} {'parameters':>15} {'MB before':>11} {'MB after':>11}"]
    for key, (count, parameters, before, after) in rows.items():
        lines.append(f"{key} {count:8,.0f} {parameters:15,.0f} {before / 1e6:11,.1f} {after / 1e6:11,.1f}")
    return "\n".join(lines)
