"""Validation: bits per byte of held-out text, and exact answers to held-out skill samples.

Letters: T tokens of a row, N targets.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from random import Random

import torch

from joyflash.batch import PackedBatch
from joyflash.data.conversations import TrainingTemplate, parse_conversation, render_conversation
from joyflash.data.packing import pack
from joyflash.data.samples import Sample
from joyflash.data.validation import ValidationSet
from joyflash.model.attention import PackedContext
from joyflash.model.joyflash import JoyFlash
from joyflash.tasks import SKILLS
from joyflash.train.losses import weighted_cross_entropy
from joyflash.train.objective import targets


@torch.no_grad()
def bits_per_byte(model: JoyFlash, sets: Sequence[ValidationSet]) -> dict[str, float]:
    """Bits that the model needs per byte of held-out text, by language."""
    found = {}
    for each in sets:
        nats = sum(float(_losses(model, row.to(model.lm_head.weight.device))[0]) for row in each.rows)
        found[each.language] = nats / math.log(2) / each.bytes
    return found


@torch.no_grad()
def mean_loss(model: JoyFlash, rows: Sequence[PackedBatch]) -> float:
    """Next-token loss in nats over all targets of ``rows``."""
    found = [(float(_losses(model, row)[0]), float(targets(row, 1)[2].sum())) for row in rows]
    return sum(nats for nats, _ in found) / max(1.0, sum(weight for _, weight in found))


@torch.no_grad()
def exactness(model: JoyFlash, rows: dict[str, list[PackedBatch]]) -> dict[str, float]:
    """Share of held-out skill samples in which every target token is the model's first choice, by skill."""
    found = {}
    for name, packed in rows.items():
        right: dict[tuple[int, int], bool] = defaultdict(lambda: True)
        for number, row in enumerate(row.to(model.lm_head.weight.device) for row in packed):
            index_N, target_N, _ = targets(row, 1)
            hidden_ND = model.hidden(row.tokens_T, PackedContext.of(row.positions_T, model.config))[index_N]
            hits_N = model.logits(hidden_ND).argmax(dim=-1) == target_N
            for document, hit in zip(row.document_T[index_N].tolist(), hits_N.tolist(), strict=True):
                right[number, document] &= hit
        found[name] = sum(right.values()) / max(1, len(right))
    return found


def skill_rows(
    names: Sequence[str], template: TrainingTemplate, *, samples: int, row_tokens: int, pad_id: int
) -> dict[str, list[PackedBatch]]:
    """Packed samples of the generators' held-out split, the same at every call, by ``skill_language``."""
    found: dict[str, list[PackedBatch]] = {}
    for name in names:
        skill, _, language = name.rpartition("_")
        pieces: list[Sample] = []
        rows: list[PackedBatch] = []
        for index in range(samples):
            row = SKILLS[skill](Random(f"validation/{name}/{index}"), language, "heldout")
            piece = render_conversation(parse_conversation(row), template)
            if len(piece) > row_tokens:
                continue
            if sum(map(len, pieces)) + len(piece) > row_tokens:
                rows.append(pack(pieces, row_tokens, pad_id))
                pieces = []
            pieces.append(piece)
        found[name] = [*rows, pack(pieces, row_tokens, pad_id)]
    return found


def _losses(model: JoyFlash, row: PackedBatch) -> tuple[torch.Tensor, torch.Tensor]:
    index_N, target_N, weight_N = targets(row, 1)
    hidden_ND = model.hidden(row.tokens_T, PackedContext.of(row.positions_T, model.config))[index_N]
    return weighted_cross_entropy(hidden_ND, model.lm_head.weight, target_N, weight_N)
