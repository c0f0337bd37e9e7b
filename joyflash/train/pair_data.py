"""The data side of DPO: pairs of a preference file, the reference's scores, and what is measured on held-out pairs."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import torch

from joyflash.batch import PackedBatch
from joyflash.data.chat_files import describe_bad_rows
from joyflash.data.conversations import BadRow
from joyflash.data.order import shuffled
from joyflash.data.pair_rows import pack_pairs
from joyflash.data.preferences import Pair, read_preferences
from joyflash.errors import DataError
from joyflash.text.template import ChatTemplate
from joyflash.text.tokenizer import Tokenizer
from joyflash.train.dpo_recipe import DPORecipe
from joyflash.train.preference_objective import PreferenceObjective, right_share
from joyflash.train.reference import answer_scores, reference_scores
from joyflash.train.stage import Log, Place


class PairRows:
    """Where a run stands in its pairs. Rows follow from the step alone, so there is nothing to prefetch.

    Raises:
        DataError: the saved position belongs to other pairs.
    """

    def __init__(self, pairs: int, state: dict[str, Any] | None):
        self._pairs = pairs
        if state is not None and "pairs" not in state:
            raise DataError(
                "The saved data position is one of another stage; resume with the recipe that the run began with."
            )
        if state is not None and state["pairs"] != pairs:
            raise DataError(
                f"The run was on {state['pairs']} pairs, there are {pairs} now; resume with those of the run."
            )

    def state_dict(self) -> dict[str, Any]:
        """How many pairs there are; the step says the rest."""
        return {"pairs": self._pairs}


class PairData:
    """Pairs to train on and pairs held out.

    Args:
        recipe: what share is held out, and what bad rows do.
        model: folder with weights, tokenizer and template of the reference.
        data: preference file.
        heldout: another one for validation, in place of a share of ``data``.

    Attributes:
        notes: what was left out, and how many pairs there are.

    Raises:
        DataError: a file is missing, or holds bad rows that are not to be skipped, or no pair is left.
    """

    measured_first = True

    def __init__(self, recipe: DPORecipe, model: Path, data: Path, heldout: Path | None = None):
        self.recipe, self._model = recipe, model
        self._template = ChatTemplate.from_pretrained(model, Tokenizer.from_pretrained(model))
        self.notes: list[str] = []
        pairs = self._read(data)
        if heldout is not None:
            self.training, self.heldout = pairs, self._read(heldout)
        else:
            out = [_is_held_out(pair, recipe.heldout) for pair in pairs]
            self.training = [pair for pair, held in zip(pairs, out, strict=True) if not held]
            self.heldout = [pair for pair, held in zip(pairs, out, strict=True) if held]
        if not self.training:
            raise DataError(f"{data} leaves no pair to train on; hold out less.")
        self.notes.append(f"{len(self.training):,} pairs to train on, {len(self.heldout):,} held out.")

    def prepare(self, place: Place, run: Path) -> None:
        """Score all pairs under the weights that ``place`` holds, or read the scores that were computed before."""
        every = [*self.training, *self.heldout]
        reference_P2 = reference_scores(place, every, self.recipe.row_tokens, run, self._model)
        self._reference_P2 = reference_P2[: len(self.training)]
        self._heldout_reference_P2 = reference_P2[len(self.training) :]

    def rows(self, state: dict[str, Any] | None, processes: int = 0) -> AbstractContextManager[PairRows]:
        """See ``PairRows``; packing takes no process of its own."""
        return nullcontext(PairRows(len(self.training), state))

    def batch(self, rows: PairRows, step: int) -> list[PackedBatch]:
        """The pairs of ``step`` in rows of their own: every step has equally many pairs, not equally many rows."""
        first = step * self.recipe.pairs_per_step
        numbers = [
            shuffled(index, len(self.training), f"{self.recipe.seed}/pairs")
            for index in range(first, first + self.recipe.pairs_per_step)
        ]
        pairs = [(number, self.training[number]) for number in numbers]
        return pack_pairs(pairs, self.recipe.row_tokens, self._reference_P2)

    def objective(self, step: int, batch: Sequence[PackedBatch]) -> PreferenceObjective:
        """The recipe's loss over the pairs of the step."""
        recipe = self.recipe
        chosen = sum(float(row.weights_T[row.document_T % 2 == 0].sum()) for row in batch)
        return PreferenceObjective(
            recipe.make_loss(), recipe.pairs_per_step, recipe.per_token, recipe.beta, recipe.nll_weight, chosen
        )

    def validate(self, place: Place, log: Log, step: int) -> None:
        """Measure the held-out pairs, the same in every validation.

        ``ranked``: share in which the model gives the better answer the higher log-probability; it can be read before
        training, too. ``accuracy``: share in which its log-ratio to the reference is higher; without training ½.
        ``margin``: β times the mean difference of the log-ratios.
        """
        if not self.heldout:
            return
        recipe = self.recipe
        score_P2 = answer_scores(place, self.heldout, recipe.row_tokens)
        ratio_P2 = score_P2 - self._heldout_reference_P2
        tokens_P2 = torch.tensor(
            [[float(s.weights_n.sum()) for s in (pair.chosen, pair.rejected)] for pair in self.heldout]
        )
        scored_P2 = ratio_P2 / tokens_P2 if recipe.per_token else ratio_P2
        found = {
            "ranked": float(right_share(score_P2[:, 0], score_P2[:, 1]).mean()),
            "accuracy": float(right_share(ratio_P2[:, 0], ratio_P2[:, 1]).mean()),
            "margin": recipe.beta * float((ratio_P2[:, 0] - ratio_P2[:, 1]).mean()),
            "loss": float(recipe.make_loss()(scored_P2[:, 0], scored_P2[:, 1]).mean()),
        }
        log.record(step, pairs_heldout=found)
        log.note(
            f"step {step}  {len(self.heldout)} held-out pairs  ranked {found['ranked']:.1%}  accuracy "
            f"{found['accuracy']:.1%}  margin {found['margin']:+.3f}  loss {found['loss']:.4f}"
        )

    def left_out(self, state: dict[str, Any]) -> list[str]:
        """Nothing that the notes did not say."""
        return []

    def _read(self, path: Path) -> list[Pair]:
        pairs, bad = read_preferences(path, self._template)
        longest = self.recipe.row_tokens
        long = [pair for pair in pairs if len(pair) > longest]
        bad += [BadRow(p.line, f"{len(p):,} tokens do not fit a row of {longest:,}.") for p in long]
        bad.sort(key=lambda row: row.line)
        if bad and self.recipe.bad_rows == "refuse":
            raise DataError(
                f"{path} has {describe_bad_rows(bad)} Put the rows right, or set bad_rows to 'skip' in the recipe."
            )
        if bad:
            self.notes.append(f"Left out of {path}: {describe_bad_rows(bad)}")
        fitting = [pair for pair in pairs if len(pair) <= longest]
        if not fitting:
            raise DataError(f"No pair of {path} fits a row of {longest:,} tokens; use longer rows.")
        return fitting


def _is_held_out(pair: Pair, share: float) -> bool:
    """By a hash of the prompt that both answers share, so that no prompt stands on both sides."""
    first, second = pair.chosen, pair.rejected
    ends = [int((sample.weights_n > 0).argmax()) for sample in (first, second)]
    digest = hashlib.sha256(first.ids_n[: min(ends)].tobytes()).digest()
    return int.from_bytes(digest[:8], "big") < share * 2**64
