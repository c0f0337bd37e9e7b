"""Log-probabilities of the reference model, computed once and kept in the run folder.

Letters: P pairs; 2: the better and the worse answer.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from joyflash.data.pair_rows import pack_pairs
from joyflash.data.preferences import Pair
from joyflash.quantization.policy import Policy
from joyflash.train.preference_objective import AnswerScores
from joyflash.train.stage import Place

REFERENCE_FILE = "reference.safetensors"
_EDGE = 1 << 20  # bytes at both ends of a weight file that its mark is made of


def answer_scores(place: Place, pairs: Sequence[Pair], row_tokens: int) -> Tensor:
    """Log-probabilities [P, 2] of the answers under the weights that a step would run on (rounded, if so).

    The model's gradients and load counters are as after a step.
    """
    found_P2 = torch.empty(len(pairs), 2)
    for sums in place.run(pack_pairs(list(enumerate(pairs)), row_tokens), AnswerScores()):
        for name, value in sums.items():
            number, _, side = name.partition("/")
            found_P2[int(number), int(side)] = value
    place.worker.take_loads()
    for optimizer in place.optimizers:
        optimizer.zero_grad()
    return found_P2


def reference_scores(place: Place, pairs: Sequence[Pair], row_tokens: int, run: Path, model: Path) -> Tensor:
    """What ``answer_scores`` gives for the model in the folder ``model``, whose weights ``place`` holds now.

    It is read from the run folder where it was computed before for the same pairs, model and rounding.
    """
    path, mark = run / REFERENCE_FILE, _mark(pairs, model, place.stored)
    known_P2 = _read(path, mark)
    (missing,) = place.largest(known_P2 is None)  # all compute, or none does
    if known_P2 is not None and not missing:
        return known_P2
    found_P2 = answer_scores(place, pairs, row_tokens)
    if place.leads:
        run.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".part")
        save_file({"reference_P2": found_P2}, partial, {"mark": mark})
        partial.replace(path)
    return found_P2


def _read(path: Path, mark: str) -> Tensor | None:
    """The scores of a file, if it is whole and of the same pairs and model."""
    if not path.is_file():
        return None
    try:
        with safe_open(path, "pt") as file:
            return file.get_tensor("reference_P2") if (file.metadata() or {}).get("mark") == mark else None
    except (OSError, SafetensorError):
        return None


def _mark(pairs: Sequence[Pair], model: Path, stored: Policy | None) -> str:
    """A hash of all tokens and weights of the pairs, of the ends of the model's files, and of how it is rounded."""
    digest = hashlib.sha256(b"" if stored is None else f"{stored.name}/".encode())
    for pair in pairs:
        for sample in (pair.chosen, pair.rejected):
            digest.update(sample.ids_n.tobytes() + sample.weights_n.tobytes() + b"/")
    for path in sorted((*model.glob("*.safetensors"), *model.glob("config.json"))):
        with path.open("rb") as file:
            digest.update(f"{path.name} {path.stat().st_size}".encode() + file.read(_EDGE))
            file.seek(max(0, path.stat().st_size - _EDGE))
            digest.update(file.read(_EDGE))
    return digest.hexdigest()
