"""One run of the Muon study, and the file of lines that remembers all of them.

Letters: those of ``joyflash.batch``.
"""

from __future__ import annotations

import hashlib
import json
import os
import statistics
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import torch

from joyflash.batch import PackedBatch
from joyflash.data.documents import corpora
from joyflash.data.shards import tokenizer_fingerprint
from joyflash.model.attention import PackedContext
from joyflash.model.config import sized
from joyflash.model.initialise import initialise
from joyflash.model.joyflash import JoyFlash
from joyflash.model.loading import model_folder
from joyflash.model.moe import Router
from joyflash.optim.groups import Rule, build_optimizers
from joyflash.optim.schedule import scale_learning_rates, trapezoid
from joyflash.train.balance import update_router_bias
from joyflash.train.ingredients import Ingredients
from joyflash.train.objective import LanguageModelling, target_weight, targets
from joyflash.train.recipe import Recipe
from joyflash.train.validate import mean_loss
from joyflash.train.workers import RowWorkers

ALL_ADAMW = (Rule(r"norm\.weight$|\.bias$", "adamw", decay=False), Rule("", "adamw"))
WARMUP, FINAL = 0.05, 0.1
VALIDATIONS = 24
SPIKE = 4.0
"""Standard deviations above the mean of the 50 steps before that make a training loss a spike."""


@dataclass(frozen=True)
class Setting:
    """One run: what is optimised how, from which seed, over which share of the tokens (with a full schedule)."""

    optimizer: str
    rate: float
    seed: int
    options: dict[str, Any] = field(default_factory=dict)
    mtp_weight: float = 0.0
    share: float = 1.0


@dataclass(frozen=True)
class Size:
    """What all runs share."""

    width: int
    tokens: int
    row_tokens: int
    rows_per_step: int
    validation_rows: int
    warmup_of_momentum: int

    def steps(self, share: float = 1.0) -> int:
        """Optimiser steps of a run over ``share`` of the tokens."""
        return round(share * (self.tokens // (self.row_tokens * self.rows_per_step)))


class Study:
    """Runs settings or finds their results.

    Args:
        size: of all runs.
        data: data folder; None takes the texts of this Python installation.
        out: folder of ``runs.jsonl``, one line a run. A line counts for a setting only at the same size and data.
        cache: where tokenised shards are kept.
        workers: rows worked on at one time.
    """

    def __init__(self, size: Size, data: Path | None, out: Path, cache: Path, workers: int = 1):
        self.size, self.data, self.out, self.cache, self.workers = size, data, out, cache, workers
        self.file = out / "runs.jsonl"
        out.mkdir(parents=True, exist_ok=True)
        self._data = data_fingerprint(data)
        self._found = {self._key(line): line for line in read_lines(self.file)}

    def result(self, setting: Setting) -> dict[str, Any]:
        """The result of a run; trained now unless the file has it."""
        head = {"setting": asdict(setting), "size": asdict(self.size), "data": self._data}
        key = self._key(head)
        if key not in self._found:
            line = {**head, **self._train(setting)}
            with self.file.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")
                file.flush()
                os.fsync(file.fileno())
            self._found[key] = line
            print(f"{setting}: {final_loss(line):.4f} after {line['seconds']:.0f} processor seconds", flush=True)
        return self._found[key]

    @staticmethod
    def _key(line: dict[str, Any]) -> str:
        return json.dumps([line["setting"], line["size"], line["data"]], sort_keys=True)

    def _train(self, setting: Setting) -> dict[str, Any]:
        size, steps = self.size, self.size.steps(setting.share)
        ingredients = Ingredients(self._recipe(setting), model_folder("nano"), self.data, self.cache)
        held_out = [row for found in ingredients.validation() for row in found.rows]
        config = sized(size.width, ingredients.tokenizer.vocab_size)
        model = initialise(JoyFlash(config), torch.Generator().manual_seed(setting.seed)).train()
        if setting.optimizer == "muon":
            options = {"momentum_warmup_steps": size.warmup_of_momentum, **setting.options}
            optimizers = build_optimizers(model, config, setting.rate, setting.rate, **options)
        else:
            optimizers = build_optimizers(model, config, setting.rate, setting.rate, rules=ALL_ADAMW)
        workers = RowWorkers(model, self.workers)
        every = max(1, size.steps() // VALIDATIONS)
        losses, curve, seconds = [], [], 0.0
        with ingredients.rows(None) as rows:
            for step in range(steps):
                batch = [next(rows) for _ in range(size.rows_per_step)]
                start = time.process_time()
                losses.append(_step(setting, step, steps, batch, workers, optimizers))
                seconds += time.process_time() - start
                if (step + 1) % every == 0 or step + 1 == steps:
                    tokens = (step + 1) * size.row_tokens * size.rows_per_step
                    curve.append([tokens, round(mean_loss(model.eval(), held_out), 5)])
        workers.close()
        found = {"torch": torch.__version__, "seconds": round(seconds, 2), "spikes": spikes(losses)}
        if setting.mtp_weight:
            found["draft_accepted"] = round(draft_accepted(model, held_out), 5)
        return {**found, "validation": curve}

    def _recipe(self, setting: Setting) -> Recipe:
        """Every text source of the data folder, all alike."""
        size = self.size
        recipe = Recipe(
            stage="pretrain", width=size.width, tokens=size.tokens, row_tokens=size.row_tokens,
            rows_per_step=size.rows_per_step, text={"text": 1.0},
            validation_rows=size.validation_rows, seed=setting.seed,
        )  # fmt: skip
        if self.data is None:
            return recipe
        return replace(recipe, text=dict.fromkeys(sorted({corpus.source for corpus in corpora(self.data)}), 1.0))


def _step(
    setting: Setting,
    step: int,
    steps: int,
    batch: list[PackedBatch],
    workers: RowWorkers,
    optimizers: list[torch.optim.Optimizer],
) -> float:
    objective = LanguageModelling(target_weight(batch, 1), setting.mtp_weight, target_weight(batch, 2))
    loss = sum(sums["loss"] for sums in workers.run(batch, objective))
    workers.clip(1.0)
    warmup = round(WARMUP * steps)
    scale_learning_rates(optimizers, trapezoid(step, steps, warmup, steps - warmup, 1.0, FINAL, "cosine"))
    for optimizer in optimizers:
        optimizer.step()
        optimizer.zero_grad()
    biases = [module.e_score_correction_bias for module in workers.model.modules() if isinstance(module, Router)]
    update_router_bias(list(zip(biases, workers.take_loads(), strict=True)), 1e-3)
    return loss


def final_loss(line: dict[str, Any]) -> float:
    """The last validation loss of a run."""
    return line["validation"][-1][1]


def data_fingerprint(data: Path | None) -> str:
    """Names texts and tokenizer by their content, wherever they lie."""
    parts = [tokenizer_fingerprint(model_folder("nano"))]
    parts += sorted(f"{corpus.key} {corpus.signature()}" for corpus in corpora(data))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def read_lines(file: Path) -> list[dict[str, Any]]:
    """The runs of a file; a last line that was cut short by a kill is taken off it."""
    if not file.is_file():
        return []
    text = file.read_text(encoding="utf-8")
    whole = text[: text.rfind("\n") + 1]
    if whole != text:
        file.write_text(whole, encoding="utf-8")
    return [json.loads(line) for line in whole.splitlines()]


def spikes(losses: Sequence[float], window: int = 50) -> int:
    """Steps whose loss stands more than ``SPIKE`` standard deviations above the mean of the ``window`` before."""
    found = 0
    for step in range(window, len(losses)):
        before = losses[step - window : step]
        found += losses[step] > statistics.mean(before) + SPIKE * statistics.stdev(before)
    return found


@torch.no_grad()
def draft_accepted(model: JoyFlash, rows: Sequence[PackedBatch]) -> float:
    """Share of positions where the MTP layer's first choice is the trunk's: the chance that a greedy draft holds."""
    hits = total = 0
    for row in rows:
        context = PackedContext.of(row.positions_T, model.config)
        hidden_TD = model.hidden(row.tokens_T, context)
        mtp_TD = model.mtp_hidden(hidden_TD, row.tokens_T, row.positions_T, context)
        index_N = targets(row, 2)[0]
        drafts_N, own_N = (model.logits(x).argmax(-1) for x in (mtp_TD[index_N], hidden_TD[index_N + 1]))
        hits, total = hits + int((drafts_N == own_N).sum()), total + len(index_N)
    return hits / max(1, total)
